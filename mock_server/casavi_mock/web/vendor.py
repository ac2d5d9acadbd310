"""The vendor's API behind connexion. The only module that imports it.

connexion loads and checks the contract document, makes the operations, and knows which of them needs a token. At the
start the paths of its operations are put into a table, and a request that the table knows is dispatched from there.
Everything else goes through connexion's own routing, which decides what is unknown and which methods are possible.
Both end in our own dispatcher, with handlers resolved and validators compiled once; the chain of handlers that
connexion builds anew for every request costs several times as much as everything else.
"""

import functools
import warnings
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from types import MappingProxyType
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
_NO_PARAMETERS: Mapping[str, str] = MappingProxyType({})


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
        self._routes = _Routes()
        self._app = ConnexionMiddleware(
            _no_operation,
            middlewares=[
                _Routing,
                functools.partial(_Dispatcher, registry=registry, table=table, routes=self._routes),
            ],
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
        self._routes.settle()

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
        if found is not None:
            operation, call.path_params = found
            return await operation.answer(call)
        return await self._routed(call, scope)

    async def _routed(self, call: Call, scope: Scope) -> Answer:
        """Returns the answer to a call by way of connexion."""
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
        call.path_params = scope["path_params"]
        call.answer = await self.answer(call)

    async def answer(self, call: Call) -> Answer:
        call.operation = self._name
        if self._header is not None:
            call.world = authorize(self._registry, _text(call, self._header), _text(call, b"authorization"))
            await call.admit(call.world)
        return await self._handler(call)


class _Routes:
    """Knows operations by method and path: of paths without parameters, and of those with one at their end.

    Other paths, and those of which several could be meant, are left to connexion's routing.
    """

    def __init__(self) -> None:
        self._fixed: dict[tuple[str, str], _Operation] = {}
        self._leaves: dict[tuple[str, str], tuple[_Operation, str]] = {}
        self._others: set[int] = set()
        """How many segments the paths have that are not known here."""

    def add(self, method: str, path: str, operation: _Operation, types: Mapping[str, str]) -> None:
        head, _, last = path.rpartition("/")
        if "{" not in path:
            self._fixed[method, path] = operation
        elif "{" not in head and last[:1] + last[-1:] == "{}" and set(types.values()) == {"string"}:
            self._leaves[method, head] = operation, last[1:-1]
        else:
            self._others.add(path.count("/"))

    def settle(self) -> None:
        """Leaves to connexion what could be meant by several paths."""
        heads = {head for _, head in self._leaves}
        unclear = {head for _, path in self._fixed if (head := path.rpartition("/")[0]) in heads}
        self._fixed = {
            (method, path): operation
            for (method, path), operation in self._fixed.items()
            if path.rpartition("/")[0] not in unclear and path.count("/") not in self._others
        }
        self._leaves = {
            (method, head): leaf
            for (method, head), leaf in self._leaves.items()
            if head not in unclear and head.count("/") + 1 not in self._others
        }

    def find(self, method: str, path: str) -> tuple[_Operation, Mapping[str, str]] | None:
        operation = self._fixed.get((method, path))
        if operation is not None:
            return operation, _NO_PARAMETERS
        head, _, last = path.rpartition("/")
        leaf = self._leaves.get((method, head)) if last else None
        return None if leaf is None else (leaf[0], {leaf[1]: last})


class _Api(RoutedAPI[_Operation]):  # type: ignore[misc]  # connexion is not typed
    def __init__(self, *args: Any, registry: Registry, table: Table, routes: _Routes, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._make = functools.partial(_Operation, registry=registry, table=table)
        self._routes = routes
        self.add_paths()

    def make_operation(self, operation: AbstractOperation) -> _Operation:
        made = self._make(operation)
        path = self.base_path + operation.path
        self._routes.add(operation.method.upper(), path, made, operation.get_path_parameter_types())
        return made


class _Dispatcher(RoutedMiddleware[_Api]):  # type: ignore[misc]  # connexion is not typed
    api_cls = _Api

    def __init__(self, app: Any, *, registry: Registry, table: Table, routes: _Routes) -> None:
        super().__init__(app)
        self._own = {"registry": registry, "table": table, "routes": routes}

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
