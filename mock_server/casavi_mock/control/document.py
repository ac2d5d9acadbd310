"""The control plane's own document, completed with what the contract and the code know."""

import copy
import functools
import pickle
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from casavi_contracts import spec
from casavi_fixtures import portfolio_names
from casavi_mock.domain.faults import ANY, IMPORT
from casavi_mock.domain.violations import RULES

if TYPE_CHECKING:
    from casavi_mock.accounts import Settings

Document = Mapping[str, Any]
Schema = Mapping[str, Any]

CASAVI = "casavi."
"""Begins the names of the schemas that come from the contract; the control plane has some of the same names."""


def read_document() -> dict[str, Any]:
    """Returns a fresh copy of the document as it was written: `x-values` stands where the code knows the values."""
    document: dict[str, Any] = pickle.loads(_parsed())  # noqa: S301  # made below
    return document


@functools.cache
def _parsed() -> bytes:
    """Returns the document parsed: to copy it from here takes a twentieth of the time that parsing takes."""
    return pickle.dumps(spec.parse_yaml(files("casavi_mock.control").joinpath("openapi.yaml").read_bytes()))


def load_document(settings: "Settings") -> dict[str, Any]:
    """Returns a fresh copy of the document, with the values that the code knows, and what an import takes.

    Args:
        settings: Of the server: the contract with its profile applied.
    """
    document = read_document()
    _complete(document, settings.operations)
    schemas = document["components"]["schemas"]
    taken: dict[str, Any] = {}
    portfolio = _taken(settings.document, _import_body(settings.document), taken)
    state = schemas["State"]
    # not allOf: a profile may forbid unknown fields, and `_mock` is none
    properties = {**portfolio["properties"], **state["properties"]}
    schemas["State"] = {**portfolio, "description": state["description"], "properties": properties}
    schemas.update(sorted(taken.items()))
    return document


def known_values(name: str, operations: Iterable[str] | None = None) -> list[str]:
    """Returns the values that `x-values` names.

    Args:
        name: `operations`, `portfolios` or `rules`.
        operations: Every `operationId` of the server's contract; those of the contract as it comes if None.
    """
    if name == "operations":
        return [*(_operations() if operations is None else operations), ANY]
    return [*portfolio_names()] if name == "portfolios" else [*RULES]


def _operations() -> list[str]:
    documents = (spec.load_document(version) for version in ("v1", "v2"))
    named = [operation["operationId"] for one in documents for _, _, operation in spec.operations(one)]
    return list(dict.fromkeys(named))


def resolved(document: Document, node: Schema) -> dict[str, Any]:
    """Returns a node of the document; if it is a `$ref` into the same document, the node that it leads to."""
    while "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return dict(node)


def _complete(node: Any, operations: Iterable[str]) -> None:
    """Puts values in the place of `x-values`, at any depth."""
    if isinstance(node, dict):
        if "x-values" in node:
            node["enum"] = known_values(node.pop("x-values"), operations)
        node = [*node.values()]
    if isinstance(node, list):
        for part in node:
            _complete(part, operations)


def _import_body(contract: Document) -> Schema:
    named = {operation["operationId"]: operation for _, _, operation in spec.operations(dict(contract))}
    schema: Schema = named[IMPORT]["requestBody"]["content"]["application/json"]["schema"]
    return resolved(contract, schema)


def _taken(contract: Document, node: Any, taken: dict[str, Any]) -> Any:
    """Returns a copy of a part of the contract; what it refers to is added to `taken`."""
    if isinstance(node, list):
        return [_taken(contract, part, taken) for part in node]
    if not isinstance(node, Mapping):
        return copy.deepcopy(node)
    if isinstance(node.get("$ref"), str):
        name = CASAVI + node["$ref"].rpartition("/")[2]
        if name not in taken:
            taken[name] = None  # it may refer to itself
            taken[name] = _taken(contract, resolved(contract, node), taken)
        return {"$ref": f"#/components/schemas/{name}"}
    return {name: _taken(contract, part, taken) for name, part in node.items()}
