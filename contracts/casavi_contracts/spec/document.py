"""Reads the contract documents and their registers."""

import functools
import pickle
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import yaml

from casavi_contracts.spec.bundle import bundle
from casavi_contracts.spec.register import Rule, assumptions_of, rules_of
from casavi_contracts.spec.states import NAMES, states_at

Document = dict[str, Any]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def load_document(version: str = "v1") -> Document:
    """Returns a fresh copy of the contract document.

    Args:
        version: `v1` or `v2`. The second refers to the first, and is returned with all of that in it.

    Raises:
        FileNotFoundError: There is no document of that version.
        RegisterError: An entry of a register in it is not whole.
    """
    document: Document = pickle.loads(_whole(version))  # noqa: S301  # made below
    return document


@functools.cache
def _whole(version: str) -> bytes:
    """Returns a document with all that it refers to: to copy it from here takes a tenth of the time of bundling it."""
    document = _read(f"manager-{version}.yaml")
    first = _read("manager-v1.yaml") if version != "v1" else document
    for register in ("x-assumptions", "x-rules"):
        document[register] = first[register]
    return pickle.dumps(document if document is first else bundle(document, _read))


def _read(file: str) -> Document:
    document: Document = pickle.loads(_parsed(file))  # noqa: S301  # made below
    return document


@functools.cache
def _parsed(file: str) -> bytes:
    """Returns a document parsed: to copy it from here takes a twentieth of the time that parsing takes."""
    document = parse_yaml(files("casavi_contracts.spec").joinpath(file).read_bytes())
    if "x-rules" in document:
        assumptions_of(document["x-assumptions"], file)
        rules_of(document["x-rules"], file, document["x-assumptions"])
        status = document["components"]["schemas"]["Job"]["properties"]["status"]
        states_at(status, document["x-assumptions"][NAMES]["value"])
    return pickle.dumps(document)


def parse_yaml(text: bytes) -> Document:
    """Returns a document of YAML."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C loader takes a tenth of the time
    document: Document = yaml.load(text, Loader=loader)  # noqa: S506  # both are safe loaders
    return document


def operations(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yields path, method and operation object of every operation, in the order of the document."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def rules(document: Document) -> dict[str, Rule]:
    """Returns the register of rules by name."""
    return rules_of(document["x-rules"], "x-rules", document["x-assumptions"])
