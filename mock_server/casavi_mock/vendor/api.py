"""The vendor's API: what a request means, and its answer.

At the start the operations of the contract documents are put into a table, and a request that the table knows is
answered from there. What everything else means is decided by connexion, which is loaded when it is first needed: that
takes as long as all the rest of the start, and many clients never ask for what the contract does not have.
"""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from casavi_mock.accounts import Registry
from casavi_mock.messages.answers import Answer
from casavi_mock.vendor.addresses import Addresses
from casavi_mock.vendor.once import Once
from casavi_mock.vendor.operations import Call, Operations
from casavi_mock.vendor.reading import ReadingOperations
from casavi_mock.vendor.routes import Routes, contract_routes

if TYPE_CHECKING:
    from casavi_mock.vendor.routing import Routing

Scope = MutableMapping[str, Any]


class VendorApi:
    """Answers calls of the vendor's API.

    Args:
        registry: The accounts.
        base_url: The address for links to further pages; the one that the client used if None.
        forwarded: Whether a proxy is believed about the address that the client used.

    Raises:
        KeyError: The contract has an operation that nobody answers.
    """

    def __init__(self, registry: Registry, *, base_url: str | None = None, forwarded: bool = False) -> None:
        self._documents = registry.settings.documents
        addresses = Addresses(base_url, forwarded=forwarded)
        reading = ReadingOperations(list(self._documents.values()), addresses.of)
        self._table = contract_routes(registry, Operations(registry).table() | reading.table())
        self._routes = Routes(self._table)
        self._routing = Once(self._connexion, "routing")

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
        found = self._routes.find(scope["method"], call.path)
        if found is None:
            routing = await self._routing.get()
            found = await routing.find(scope, call.path)
        route, call.path_params = found
        return await route.answer(call)

    def _connexion(self) -> "Routing":
        from casavi_mock.vendor.routing import Routing

        return Routing(self._documents, self._table)


def _raw_path(scope: Scope) -> str:
    raw = scope.get("raw_path")  # optional in ASGI, though every server that matters gives it
    return raw.decode("ascii", "replace") if raw else quote(scope["path"])
