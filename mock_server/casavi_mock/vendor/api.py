"""The vendor's API: what a request means, and its answer."""

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import quote

from casavi_mock.accounts import Registry
from casavi_mock.messages.answers import Answer
from casavi_mock.vendor.addresses import Addresses
from casavi_mock.vendor.operations import Call, Operations
from casavi_mock.vendor.reading import ReadingOperations
from casavi_mock.vendor.routes import route_for
from casavi_mock.vendor.routing import Router

Scope = MutableMapping[str, Any]


class VendorApi:
    """Answers calls of the vendor's API.

    Args:
        registry: The accounts.
        base_url: The address for links to further pages; the one that the client used if None.
        forwarded: Whether a proxy is believed about the address that the client used.

    Raises:
        ConfigurationError: The contract has an operation that nobody answers.
    """

    def __init__(self, registry: Registry, *, base_url: str | None = None, forwarded: bool = False) -> None:
        documents = registry.settings.documents
        reading = ReadingOperations(list(documents.values()), Addresses(base_url, forwarded=forwarded).of)
        table = Operations(registry).table() | reading.table()
        self._router = Router[tuple[Call, list[Answer]]](
            documents, lambda operation: route_for(operation, table, registry)
        )

    async def answer(self, call: Call, scope: Scope) -> Answer:
        """Returns the answer to a call.

        Args:
            call: The call; its account and operation are filled in as they become known.
            scope: The ASGI scope of the request.

        Raises:
            Refused: The call is refused by a rule.
        """
        # Routed by the path as it was sent, so that an encoded slash stays inside its segment; ids are decoded later.
        if scope.get("server"):
            host, port = scope["server"]
            call.server = f"{host}:{port}" if port else host
        call.scheme, call.path, call.query = scope["scheme"], _raw_path(scope), scope["query_string"]
        answers: list[Answer] = []
        await self._router.route(scope["method"], call.path, (call, answers))
        return answers[0]


def _raw_path(scope: Scope) -> str:
    raw = scope.get("raw_path")  # optional in ASGI, though every server that matters gives it
    return raw.decode("ascii", "replace") if raw else quote(scope["path"])
