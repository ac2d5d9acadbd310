"""Routes every request of the vendor's API by way of connexion. The only module that knows connexion.

connexion loads the contract documents, finds the operation of a request, and decides which methods a path has. What it
puts between routing and a handler (decorators built anew for each request, validation without bounds) is left out: of
its middlewares two are used, its router and one of its public extension point `RoutedMiddleware`. The documents are
checked against its schema of OpenAPI 3.0 here, by a faster validator; it gets what it routes by.
"""

import functools
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import jsonschema_rs
import orjson
from starlette.exceptions import HTTPException

from casavi_mock.bodies.validation import pointer_to
from casavi_mock.errors import ConfigurationError, Refused
from casavi_mock.messages.request import Trail
from casavi_mock.vendor.suggestions import MAX_LENGTH, did_you_mean

with warnings.catch_warnings():
    # connexion 3.3 warns about its own use of jsonschema and of starlette's test client when it is imported
    warnings.simplefilter("ignore")
    from connexion import ConnexionMiddleware
    from connexion.exceptions import InvalidSpecification
    from connexion.middleware.abstract import RoutedAPI, RoutedMiddleware
    from connexion.middleware.routing import RoutingMiddleware
    from connexion.operations import AbstractOperation
    from connexion.resolver import Resolver

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Endpoint = Callable[[Trail, Mapping[str, str]], Awaitable[None]]
"""Answers the requests of one operation: takes the trail, and the parameters of the path, still encoded."""

_ENDPOINTS = "casavi_mock.endpoints"
_TRAIL = "casavi_mock.trail"


@dataclass(frozen=True, eq=False, slots=True)
class RoutedOperation:
    """An operation of a contract document, as connexion read it; an ASGI application at the end of its routes."""

    name: str
    """Its `operationId`, unique in its document."""
    method: str
    """In upper case."""
    path: str
    """With the base path of its document; parameters in braces."""
    token_header: str | None
    """The header in which its security scheme wants a token; None if it wants none."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Calls the endpoint of this operation in the table of the server that asks."""
        await scope[_ENDPOINTS][self](scope[_TRAIL], scope["path_params"])


class Router:
    """Calls the endpoint of the operation that a request means.

    Args:
        documents: The contract documents by base path.
        endpoint_of: Returns the endpoint of an operation; called once for each when the router is made.

    Raises:
        ConfigurationError: A document is no OpenAPI 3.0 document.
    """

    def __init__(
        self,
        documents: Mapping[str, Mapping[str, Any]],
        endpoint_of: Callable[[RoutedOperation], Endpoint],
    ) -> None:
        self._app, operations = _loaded(orjson.dumps({path: _standard(one) for path, one in documents.items()}))
        self._endpoints = {operation: endpoint_of(operation) for operation in operations}

    async def route(self, trail: Trail) -> None:
        """Calls the endpoint that a request means; it is routed as it was sent: an encoded slash divides no segments.

        Raises:
            Refused: The contract has no such path, or not this method for it; or the endpoint refuses the request.
        """
        method = trail.request.method
        # Few entries, as connexion and starlette copy it several times.
        scope = {
            "type": "http",
            "method": method,
            "path": trail.request.path,
            _ENDPOINTS: self._endpoints,
            _TRAIL: trail,
        }
        try:
            await self._app(scope, _nothing, _nothing)
        except HTTPException as error:
            raise _not_allowed(method, error) from None


class _Routing(RoutingMiddleware):  # type: ignore[misc]  # connexion is not typed
    """connexion's router, in which a path with a slash at its end is another path; casavi is not known to redirect."""

    def add_api(self, *args: Any, **kwargs: Any) -> None:
        super().add_api(*args, **kwargs)
        for router in (self.router, *(route.app for route in self.router.routes)):
            router.redirect_slashes = False


class _Api(RoutedAPI[RoutedOperation]):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_paths()

    def make_operation(self, operation: AbstractOperation) -> RoutedOperation:
        schemes = [operation.security_schemes[name] for choice in operation.security or () for name in choice]
        return RoutedOperation(
            operation.operation_id,
            operation.method.upper(),
            self.base_path + operation.path,
            schemes[0]["name"].lower() if schemes else None,
        )


class _Dispatching(RoutedMiddleware[_Api]):  # type: ignore[misc]
    api_cls = _Api


_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_ROUTED_BY = ("operationId", "security", "parameters")
_SOME_RESPONSE = {"default": {"description": ""}}
"""An operation has to have one."""


def _standard(document: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a document without our registers, which are no part of OpenAPI; many profiles change nothing else."""
    return {name: part for name, part in document.items() if not name.startswith("x-")}


def _check(base_path: str, document: Mapping[str, Any]) -> None:
    """Checks a document as connexion does, in a tenth of the time.

    Raises:
        ConfigurationError: It is no OpenAPI 3.0 document.
    """
    error = next(_openapi_schema().iter_errors(document), None)
    if error is not None:
        place = pointer_to(error.instance_path) or "at its top"
        raise ConfigurationError(f"{base_path}/openapi.json is no OpenAPI 3.0 document: {place}: {error.message}")


@functools.cache
def _openapi_schema() -> jsonschema_rs.Draft4Validator:
    file = resources.files("connexion") / "resources" / "schemas" / "v3.0" / "schema.json"
    return jsonschema_rs.Draft4Validator(orjson.loads(file.read_bytes()))


def _routed_part(document: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the part of a document that connexion routes by; it looks long through the schemas of bodies."""
    paths = {
        path: {
            name: {key: part[key] for key in _ROUTED_BY if key in part} | {"responses": _SOME_RESPONSE}
            if name in _METHODS
            else part
            for name, part in item.items()
        }
        for path, item in document["paths"].items()
    }
    known = document.get("components", {})
    components = {name: known[name] for name in ("securitySchemes", "parameters") if name in known}
    schemas: dict[str, Any] = {name: {} for name in known.get("schemas", {})}  # parameters may name them
    return {**document, "paths": paths, "components": {**components, "schemas": schemas}}


@functools.lru_cache(8)
def _loaded(documents: bytes) -> tuple[ConnexionMiddleware, tuple[RoutedOperation, ...]]:
    """Returns connexion with these documents, checked and its routes built, and their operations.

    It knows nothing of a server, so all servers of a process with the same documents share it: to load it takes a good
    part of a start.

    Args:
        documents: The contract documents by base path, as JSON.
    """
    app = ConnexionMiddleware(
        _no_operation, middlewares=[_Routing, _Dispatching], resolver=Resolver(lambda name: _unused)
    )
    with warnings.catch_warnings():  # it warns about its own use of jsonschema when it loads a document, too
        warnings.simplefilter("ignore")
        for base_path, document in orjson.loads(documents).items():
            _check(base_path, document)
            try:
                app.add_api(_routed_part(document), base_path=base_path)
            except InvalidSpecification as error:
                raise ConfigurationError(f"{base_path}/openapi.json is no OpenAPI 3.0 document: {error}") from error
        _run_now(app({"type": "startup"}, _nothing, _nothing))
    _, dispatching, _ = app.middleware_stack
    apis = [api for chained in dispatching.apis.values() for api in chained]
    return app, tuple(operation for api in apis for operation in api.operations.values())


def _not_allowed(method: str, error: HTTPException) -> Refused:
    """Returns the refusal of a method; starlette raises no other error here, as unknown paths are handed on."""
    assert error.status_code == 405, error
    allowed = ", ".join(sorted((error.headers or {})["Allow"].split(", ")))  # it was made from a set
    detail = f"{method} is not possible here; allowed: {allowed}."
    return Refused("method-not-allowed", detail, headers={"Allow": allowed})


async def _no_operation(scope: Scope, receive: Receive, send: Send) -> None:
    """Is called for a path without operation; and once when the routes are built, which needs no answer."""
    if scope["type"] == "http":
        path = scope["path"][:MAX_LENGTH]
        meant = did_you_mean(path, {operation.path for operation in scope[_ENDPOINTS]})
        detail = f"The contract has no path {path}.{meant} See /docs for those that it has."
        raise Refused("operation-unknown", detail)


def _unused() -> None:
    """Stands for the function that connexion resolves for each operation; ours are called by `RoutedOperation`."""
    raise NotImplementedError


async def _nothing(*message: Any) -> MutableMapping[str, Any]:
    raise AssertionError("endpoints receive and send by themselves")


def _run_now(steps: Coroutine[Any, Any, None]) -> None:
    """Runs a coroutine that waits for nothing, whether or not an event loop runs in this thread."""
    try:
        steps.send(None)
    except StopIteration:
        return
    raise AssertionError("connexion builds its routes without waiting")
