"""The vendor's API behind connexion. The only module that imports it.

connexion loads and checks the contract document, routes, and knows which operation needs a token. Around its routing
stands our own dispatcher, with handlers resolved and validators compiled once at the start; the chain of handlers
that connexion builds anew for every request costs several times as much as everything else.
"""

import functools
import warnings
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import quote

from casavi_mock.errors import Refused
from casavi_mock.handlers.authentication import authorize
from casavi_mock.web.addresses import Addresses
from casavi_mock.web.answers import Answer
from casavi_mock.web.operations import Call, Operation, Operations
from casavi_mock.web.reading import ReadingOperations
from casavi_mock.world import Registry

with warnings.catch_warnings():
    # connexion 3.3 warns about its own use of jsonschema and of starlette's test client when it is imported
    warnings.simplefilter("ignore")
    from connexion import ConnexionMiddleware
    from connexion.middleware.abstract import RoutedAPI, RoutedMiddleware
    from connexion.middleware.routing import RoutingMiddleware
    from connexion.operations import AbstractOperation
    from connexion.resolver import Resolver
from starlette.exceptions import HTTPException

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

Table = Mapping[str, Operation]

_CALL = "casavi_mock.call"


class VendorApi:
    """Answers calls of the vendor's API.

    Args:
        registry: The accounts.
        base_url: The address for links to further pages; the one that the client used if None.
        forwarded: Whether a proxy is believed about the address that the client used.
    """

    def __init__(self, registry: Registry, *, base_url: str | None = None, forwarded: bool = False) -> None:
        documents = registry.settings.documents
        addresses = Addresses(base_url, forwarded=forwarded)
        reading = ReadingOperations(list(documents.values()), addresses.of)
        table = Operations(registry).table() | reading.table()
        self._app = ConnexionMiddleware(
            _no_operation,
            middlewares=[_Routing, functools.partial(_Dispatcher, registry=registry, table=table)],
            resolver=Resolver(lambda name: _unused),
        )
        for base_path, document in documents.items():
            self._app.add_api(dict(document), base_path=base_path)

    async def start(self) -> None:
        """Builds the routes, so that an operation without a handler is found before the first request.

        Raises:
            KeyError: The contract has an operation that nobody answers.
        """
        await self._app({"type": "startup"}, _receive_nothing, _send_nothing)

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
        routed = {**scope, "path": call.path, _CALL: call, "path_params": {}}
        try:
            await self._app(routed, call.receive, _send_nothing)
        except HTTPException as error:
            raise _refusal(error, scope) from None
        assert call.answer is not None, "the dispatcher either answers or raises"
        return call.answer


class _Routing(RoutingMiddleware):  # type: ignore[misc]  # connexion is not typed
    def add_api(self, *args: Any, **kwargs: Any) -> None:
        super().add_api(*args, **kwargs)
        # A path with a slash at its end is another path; casavi is not known to redirect.
        for router in (self.router, *(route.app for route in self.router.routes)):
            router.redirect_slashes = False


class _Operation:
    """One operation of the contract, ready to be called."""

    def __init__(self, operation: AbstractOperation, registry: Registry, table: Table) -> None:
        self._name: str = operation.operation_id
        self._handler = table[self._name]
        self._registry = registry
        self._header: bytes | None = None
        for requirement in operation.security or ():
            for scheme in requirement:
                self._header = operation.security_schemes[scheme]["name"].lower().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call: Call = scope[_CALL]
        call.operation = self._name
        call.path_params = scope["path_params"]
        if self._header is not None:
            call.world = authorize(self._registry, _text(call, self._header), _text(call, b"authorization"))
            await call.admit(call.world)
        call.answer = await self._handler(call)


class _Api(RoutedAPI[_Operation]):  # type: ignore[misc]  # connexion is not typed
    def __init__(self, *args: Any, registry: Registry, table: Table, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._make = functools.partial(_Operation, registry=registry, table=table)
        self.add_paths()

    def make_operation(self, operation: AbstractOperation) -> _Operation:
        return self._make(operation)


class _Dispatcher(RoutedMiddleware[_Api]):  # type: ignore[misc]  # connexion is not typed
    api_cls = _Api

    def __init__(self, app: Any, *, registry: Registry, table: Table) -> None:
        super().__init__(app)
        self._own = {"registry": registry, "table": table}

    def add_api(self, specification: Any, **kwargs: Any) -> _Api:
        api: _Api = super().add_api(specification, **kwargs, **self._own)
        return api


def _raw_path(scope: Scope) -> str:
    raw = scope.get("raw_path")  # optional in ASGI, though every server that matters gives it
    return raw.decode("ascii", "replace") if raw else quote(scope["path"])


def _text(call: Call, header: bytes) -> str | None:
    value = call.headers.get(header)
    return None if value is None else value.decode("latin-1")


def _refusal(error: HTTPException, scope: Scope) -> Refused:
    if error.status_code == 405:
        allowed = ", ".join(sorted((error.headers or {}).get("Allow", "").split(", ")))
        detail = f"{scope['method']} is not possible here; allowed: {allowed}."
        return Refused("method-not-allowed", detail, headers={"Allow": allowed})
    return unknown_operation(scope)


def unknown_operation(scope: Scope) -> Refused:
    """Returns the refusal of a path that the contract does not know."""
    path = scope["path"][:200]
    return Refused("operation-unknown", f"The contract has no path {path}. See /docs for those that it has.")


async def _no_operation(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        raise unknown_operation(scope)


def _unused() -> None:  # connexion wants a function for every operation; ours are called by the dispatcher
    raise NotImplementedError


async def _receive_nothing() -> MutableMapping[str, Any]:
    raise AssertionError("nothing is received at the start")


async def _send_nothing(message: MutableMapping[str, Any]) -> None:
    raise AssertionError("answers go back through the dispatcher")
