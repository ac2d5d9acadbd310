"""Makes one self-contained document of one that refers to another."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

from casavi_contracts.spec.evidence import weaker

Document = dict[str, Any]


def bundle(document: Document, read: Callable[[str], Document]) -> Document:
    """Returns the document with everything in it that it refers to in others.

    A path item that stands elsewhere is copied. Its marks, and those of the components that it needs, are weakened to
    the `x-evidence` beside the reference, since what is documented for one version of an API is not thereby documented
    for another. Of a component that several path items need, the strongest of them counts. `x-components` beside a
    reference holds the marks of single components that are known less well than the rest.

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
        limits: dict[str, Document] = {}
        for path, item in self._document["paths"].items():
            if "$ref" not in item:
                continue
            file, place = self._find(item["$ref"])
            copied = copy.deepcopy(place)
            self._take_refs(copied, file)
            self._document["paths"][path] = copied
            _weaken_operations(copied, item)
            self._limit(copied, item, limits)
        self._take_refs(self._document, None)
        for pointer, marks in limits.items():
            _weaken_component(self._at(pointer), marks)

    def _limit(self, item: Document, marks: Document, limits: dict[str, Document]) -> None:
        """Notes for everything that a copied path item needs how strong it may be at most."""
        waiting, seen = list(_references(item)), set()
        while waiting:
            pointer = waiting.pop()
            if pointer in seen:
                continue
            seen.add(pointer)
            waiting += _references(self._at(pointer))
            own = marks.get("x-components", {}).get(pointer.rpartition("/")[2], marks)
            known = limits.setdefault(pointer, own)
            if weaker(known["x-evidence"], own["x-evidence"]) != own["x-evidence"]:
                limits[pointer] = own

    def _at(self, pointer: str) -> Any:
        _, section, name = pointer.removeprefix("#/").split("/")
        return self._document["components"][section][name]

    def _find(self, reference: str) -> tuple[str, Any]:
        file, _, pointer = reference.partition("#")
        if file not in self._others:
            self._others[file] = self._read(file)
        place: Any = self._others[file]
        for part in pointer.strip("/").split("/"):
            place = place[part.replace("~1", "/").replace("~0", "~")]
        return file, place

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


def _weaken_operations(item: Document, marks: Document) -> None:
    """Weakens every mark of the operations in a path item to that beside the reference to it."""
    for operation in item.values():
        _weaken(operation, marks)
        operation["x-path-evidence"] = marks["x-evidence"]
        operation["x-source"] = marks["x-source"]
        operation["x-assumption"] = _assumptions(operation, marks)


def _weaken_component(component: Document, marks: Document) -> None:
    if component["x-evidence"] != weaker(component["x-evidence"], marks["x-evidence"]):
        component["x-source"] = marks["x-source"]
        if marks["x-evidence"] == "assumed":
            component["x-assumption"] = _assumptions(component, marks)
    _weaken(component, marks)


def _weaken(node: Any, marks: Document) -> None:
    """Weakens all marks in a node."""
    if isinstance(node, list):
        for item in node:
            _weaken(item, marks)
    elif isinstance(node, dict):
        for key, inner in node.items():
            if key in ("x-evidence", "x-path-evidence", "x-reference-evidence"):
                node[key] = weaker(inner, marks["x-evidence"])
            elif key == "x-enum-evidence":
                node[key] = {value: weaker(mark, marks["x-evidence"]) for value, mark in inner.items()}
            elif key not in ("example", "examples"):
                _weaken(inner, marks)


def _assumptions(node: Document, marks: Document) -> list[str]:
    return [*_named(node), *(name for name in _named(marks) if name not in _named(node))]


def _named(node: Document) -> list[str]:
    named = node.get("x-assumption", [])
    return [named] if isinstance(named, str) else list(named)


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
    elif isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for item in node.values():
            yield from _references(item)
