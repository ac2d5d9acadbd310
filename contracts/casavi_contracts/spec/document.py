"""Reads the contract documents and their register of rules."""

import functools
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

from casavi_contracts.spec.bundle import bundle

Document = dict[str, Any]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason to refuse a request or a record."""

    name: str
    title: str
    evidence: str
    source: str
    """Section of the facts page."""
    assumption: str | None
    """The first assumption that the rule rests on."""
    status: int | None
    """Status of the answer; None for a rule that refuses a record inside a job."""


def load_document(version: str = "v1") -> Document:
    """Returns a fresh copy of the contract document.

    Args:
        version: `v1` or `v2`. The second refers to the first, and is returned with all of that in it.

    Raises:
        FileNotFoundError: There is no document of that version.
    """
    document = _read(f"manager-{version}.yaml")
    first = _read("manager-v1.yaml") if version != "v1" else document
    for register in ("x-assumptions", "x-rules"):
        document[register] = first[register]
    return document if document is first else bundle(document, _read)


def _read(file: str) -> Document:
    document: Document = pickle.loads(_parsed(file))  # noqa: S301  # made below
    return document


@functools.cache
def _parsed(file: str) -> bytes:
    """Returns a document parsed: to copy it from here takes a twentieth of the time that parsing takes."""
    text = files("casavi_contracts.spec").joinpath(file).read_bytes()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C loader takes a tenth of the time
    return pickle.dumps(yaml.load(text, Loader=loader))  # noqa: S506  # both are safe loaders


def operations(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yields path, method and operation object of every operation, in the order of the document."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def rules(document: Document) -> dict[str, Rule]:
    """Returns the register of rules by name."""
    return {name: _rule(name, entry) for name, entry in document["x-rules"].items()}


def _rule(name: str, entry: dict[str, Any]) -> Rule:
    assumption = entry.get("x-assumption")
    if isinstance(assumption, list):
        assumption = assumption[0]
    return Rule(name, entry["title"], entry["x-evidence"], entry["x-source"], assumption, entry.get("status"))
