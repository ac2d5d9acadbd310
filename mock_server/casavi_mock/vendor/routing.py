"""Finds what a request means by way of connexion. The only module that imports it.

connexion loads and checks the contract document, and its routing decides what is unknown and which methods are
possible.
"""

import asyncio
import functools
import warnings
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from casavi_mock.errors import Refused
from casavi_mock.vendor.routes import Found, Route

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
Table = Mapping[tuple[str, str], Route]

_FOUND = "casavi_mock.found"


class Routing:
    """Finds operations by way of connexion.

    Args:
        documents: The contract documents by base path.
        table: Their operations by method, in upper case, and path.

    Raises:
        KeyError: A document has an operation that the table does not know.
    """

    def __init__(self, documents: Mapping[str, Mapping[str, Any]], table: Table) -> None:
        self._app = ConnexionMiddleware(
            _no_operation,
            middlewares=[_Router, functools.partial(_Finder, table=table)],
            resolver=Resolver(lambda name: _unused),
        )
        with warnings.catch_warnings():  # it warns about its own use of jsonschema when it loads a document, too
            warnings.simplefilter("ignore")
            for base_path, document in documents.items():
                self._app.add_api(dict(document), base_path=base_path)
        asyncio.run(self._app({"type": "startup"}, _receive_nothing, _send_nothing))  # builds the routes

    async def find(self, scope: Scope, path: str) -> Found:
        """Returns the operation that a request means.

        Args:
            scope: The ASGI scope of the request.
            path: Its path as it was sent, percent-encoded.

        Raises:
            Refused: There is none.
        """
        found: list[Found] = []
        asked = {**scope, "path": path, "path_params": {}, _FOUND: found}
        try:
            await self._app(asked, _receive_nothing, _send_nothing)
        except HTTPException as error:
            raise _refusal(error, scope) from None
        return found[0]


class _Router(RoutingMiddleware):  # type: ignore[misc]  # connexion is not typed
    def add_api(self, *args: Any, **kwargs: Any) -> None:
        super().add_api(*args, **kwargs)
        # A path with a slash at its end is another path; casavi is not known to redirect.
        for router in (self.router, *(route.app for route in self.router.routes)):
            router.redirect_slashes = False


class _Answering:
    """Stands where connexion calls an operation, and only tells which one it is."""

    def __init__(self, route: Route) -> None:
        self._route = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[_FOUND].append((self._route, scope["path_params"]))


class _Api(RoutedAPI[_Answering]):  # type: ignore[misc]  # connexion is not typed
    def __init__(self, *args: Any, table: Table, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._table = table
        self.add_paths()

    def make_operation(self, operation: AbstractOperation) -> _Answering:
        return _Answering(self._table[operation.method.upper(), self.base_path + operation.path])


class _Finder(RoutedMiddleware[_Api]):  # type: ignore[misc]  # connexion is not typed
    api_cls = _Api

    def __init__(self, app: Any, *, table: Table) -> None:
        super().__init__(app)
        self._table = table

    def add_api(self, specification: Any, **kwargs: Any) -> _Api:
        api: _Api = super().add_api(specification, **kwargs, table=self._table)
        return api


def _refusal(error: HTTPException, scope: Scope) -> Refused:
    if error.status_code == 405:
        allowed = ", ".join(sorted((error.headers or {}).get("Allow", "").split(", ")))
        detail = f"{scope['method']} is not possible here; allowed: {allowed}."
        return Refused("method-not-allowed", detail, headers={"Allow": allowed})
    return _unknown_operation(scope)


def _unknown_operation(scope: Scope) -> Refused:
    path = scope["path"][:200]
    return Refused("operation-unknown", f"The contract has no path {path}. See /docs for those that it has.")


async def _no_operation(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        raise _unknown_operation(scope)


def _unused() -> None:  # connexion wants a function for every operation; ours are found, not called
    raise NotImplementedError


async def _receive_nothing() -> MutableMapping[str, Any]:
    raise AssertionError("nothing is received while an operation is looked for")


async def _send_nothing(message: MutableMapping[str, Any]) -> None:
    raise AssertionError("nothing is answered while an operation is looked for")
