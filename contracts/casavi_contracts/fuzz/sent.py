"""One request of a fuzzing run as it went out, and what it was meant to be."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from casavi_contracts.contract import Contract


@dataclass(frozen=True)
class Sent:
    """A request, as checks see it."""

    operation: str | None
    """The `operationId`; None if the contract has no operation with this method at this path."""
    method: str
    path: str
    """With the query, encoded."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = field(repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Values of the path's parameters, decoded."""
    valid: bool | None = None
    """Whether it was made to satisfy the contract, or to break it; None if that is not known."""

    @cached_property
    def json(self) -> Any:
        """The body as JSON, None if it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @cached_property
    def query(self) -> Mapping[str, list[str]]:
        """Values of the query's parameters, decoded."""
        return parse_qs(urlsplit(self.path).query, keep_blank_values=True)

    @property
    def token(self) -> str | None:
        """What stands in the header `token`, None if it was not sent."""
        return self.headers.get("token")


def place(contract: Contract, method: str, path: str) -> tuple[str | None, str | None, dict[str, str]]:
    """Returns where a request leads: the `operationId`, the path as the contract writes it, the path's parameters.

    Args:
        contract: The contract of one version.
        method: The HTTP method.
        path: Encoded, with or without its query. An encoded slash belongs to a parameter's value.
    """
    parts = path.partition("?")[0].split("/")
    template: str | None = None
    found: dict[str, str] = {}
    for known in contract.operations.values():
        names = known.path.split("/")
        if len(names) != len(parts) or any(a != b and a[:1] != "{" for a, b in zip(names, parts, strict=True)):
            continue
        template = known.path
        found = {a[1:-1]: unquote(b) for a, b in zip(names, parts, strict=True) if a[:1] == "{"}
        if known.method == method:
            return known.id, template, found
    return None, template, found


def methods(contract: Contract, template: str) -> set[str]:
    """Returns the methods that the contract has at a path."""
    return {known.method for known in contract.operations.values() if known.path == template}


def needs_token(contract: Contract, operation: str | None) -> bool:
    """Whether an operation of the contract wants a token."""
    known = contract.operations.get(operation or "")
    return known is not None and known.document.get("security") != []
