"""The operations of the contract by method and path, ready to be called."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from casavi_contracts import spec
from casavi_mock.accounts import Registry
from casavi_mock.handlers.authentication import authorize
from casavi_mock.messages.answers import Answer
from casavi_mock.vendor.operations import Call, Operation

_NO_PARAMETERS: Mapping[str, str] = MappingProxyType({})

Found = tuple["Route", Mapping[str, str]]
"""What a request means, and the parameters of its path."""


class Route:
    """One operation of the contract.

    Args:
        name: Its `operationId`.
        operation: What answers its calls.
        header: The header with the token that it demands, in lower case; None if it demands none.
        registry: The accounts.
    """

    __slots__ = ("_header", "_operation", "_registry", "name")

    def __init__(self, name: str, operation: Operation, header: bytes | None, registry: Registry) -> None:
        self.name = name
        self._operation = operation
        self._header = header
        self._registry = registry

    async def answer(self, call: Call) -> Answer:
        """Returns the answer to a call, whose operation and account are filled in as they become known.

        Raises:
            Refused: The token is not good, or the operation refuses the call by a rule.
        """
        call.operation = self.name
        if self._header is not None:
            call.account = authorize(self._registry, _text(call, self._header), _text(call, b"authorization"))
            await call.admit(call.account)
        return await self._operation(call)


class Routes:
    """Finds an operation by method and path, of paths without parameters and of those with one at their end.

    Other paths, and those of which several could be meant, are not found here.

    Args:
        routes: The operations by method, in upper case, and path, as the documents write it. A parameter in a path is
            any text that is one segment.
    """

    def __init__(self, routes: Mapping[tuple[str, str], Route]) -> None:
        fixed = {key: route for key, route in routes.items() if "{" not in key[1]}
        leaves: dict[tuple[str, str], tuple[Route, str]] = {}
        others: set[int] = set()
        """How many segments the paths have that are not known here."""
        for (method, path), route in routes.items():
            head, last = _split(path)
            if "{" not in head and last[:1] + last[-1:] == "{}":
                leaves[method, head] = route, last[1:-1]
            elif "{" in path:
                others.add(path.count("/"))
        heads = {head for _, head in leaves}
        unclear = {head for _, path in fixed if (head := _split(path)[0]) in heads}
        self._fixed = {
            (method, path): route
            for (method, path), route in fixed.items()
            if _split(path)[0] not in unclear and path.count("/") not in others
        }
        self._leaves = {
            (method, head): leaf
            for (method, head), leaf in leaves.items()
            if head not in unclear and head.count("/") + 1 not in others
        }

    def find(self, method: str, path: str) -> Found | None:
        """Returns the operation that a request means, or None if it is not known here.

        Args:
            method: In upper case.
            path: As it was sent, percent-encoded.
        """
        route = self._fixed.get((method, path))
        if route is not None:
            return route, _NO_PARAMETERS
        head, _, last = path.rpartition("/")
        leaf = self._leaves.get((method, head)) if last else None
        return None if leaf is None else (leaf[0], {leaf[1]: last})


def contract_routes(registry: Registry, table: Mapping[str, Operation]) -> dict[tuple[str, str], Route]:
    """Returns the operations of all versions by method, in upper case, and path.

    Args:
        registry: The accounts.
        table: What answers calls, by `operationId`.

    Raises:
        KeyError: The contract has an operation that nobody answers.
    """
    return {
        (method.upper(), base_path + path): Route(
            operation["operationId"], table[operation["operationId"]], _token_header(document, operation), registry
        )
        for base_path, document in registry.settings.documents.items()
        for path, method, operation in spec.operations(dict(document))
    }


def _token_header(document: Mapping[str, Any], operation: Mapping[str, Any]) -> bytes | None:
    names = [scheme for choice in operation.get("security", document["security"]) for scheme in choice]
    return document["components"]["securitySchemes"][names[0]]["name"].lower().encode() if names else None


def _split(path: str) -> tuple[str, str]:
    head, _, last = path.rpartition("/")
    return head, last


def _text(call: Call, header: bytes) -> str | None:
    value = call.headers.get(header)
    return None if value is None else value.decode("latin-1")
