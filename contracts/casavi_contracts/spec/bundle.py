"""Makes one self-contained document of one that refers to another."""

import copy
from collections.abc import Callable
from typing import Any

from casavi_contracts.spec.evidence import weaker

Document = dict[str, Any]


def bundle(document: Document, read: Callable[[str], Document]) -> Document:
    """Returns the document with everything in it that it refers to in others.

    A path item that stands elsewhere is copied; its marks are weakened to the `x-evidence` beside the reference, since
    what is documented for one version of an API is not thereby documented for another.

    Args:
        document: A contract document; it is changed.
        read: Returns the document of a file name.
    """
    _Bundler(document, read).run()
    return document


class _Bundler:
    def __init__(self, document: Document, read: Callable[[str], Document]) -> None:
        self._document = document
        self._read = read
        self._others: dict[str, Document] = {}

    def run(self) -> None:
        paths = self._document["paths"]
        for path, item in paths.items():
            if "$ref" in item:
                file, place = self._find(item["$ref"])
                paths[path] = self._taken(copy.deepcopy(place), file)
                _weaken(paths[path], item)
        self._take_refs(self._document, None)

    def _find(self, reference: str) -> tuple[str, Any]:
        file, _, pointer = reference.partition("#")
        if file not in self._others:
            self._others[file] = self._read(file)
        place: Any = self._others[file]
        for part in pointer.strip("/").split("/"):
            place = place[part.replace("~1", "/").replace("~0", "~")]
        return file, place

    def _taken(self, node: Any, file: str) -> Any:
        self._take_refs(node, file)
        return node

    def _take_refs(self, node: Any, file: str | None) -> None:
        """Copies what a node refers to into the components; `file` is where the node's own references point."""
        if isinstance(node, list):
            for item in node:
                self._take_refs(item, file)
        elif isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str):
                node["$ref"] = self._local(reference, file)
            for key, item in node.items():
                if key not in ("x-assumptions", "x-rules"):
                    self._take_refs(item, file)

    def _local(self, reference: str, file: str | None) -> str:
        if reference.startswith("#"):
            if file is None:
                return reference
            reference = file + reference
        source, place = self._find(reference)
        _, _, section, name = reference.partition("#")[2].split("/")
        components = self._document["components"].setdefault(section, {})
        if name not in components:
            components[name] = copy.deepcopy(place)
            self._take_refs(components[name], source)
        return f"#/components/{section}/{name}"


def _weaken(item: Document, marks: Document) -> None:
    """Weakens every mark of the operations in a path item to that beside the reference to it."""
    for operation in item.values():
        operation["x-evidence"] = weaker(operation["x-evidence"], marks["x-evidence"])
        operation["x-path-evidence"] = marks["x-evidence"]
        operation["x-source"] = marks["x-source"]
        known = operation.get("x-assumption", [])
        own = [marks["x-assumption"]] if "x-assumption" in marks else []
        operation["x-assumption"] = [*([known] if isinstance(known, str) else known), *own]
        for response in operation["responses"].values():
            if "x-evidence" in response:
                response["x-evidence"] = weaker(response["x-evidence"], marks["x-evidence"])
