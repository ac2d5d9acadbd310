"""The httpx clients that the plugin hands out: they reach the mock past whatever a test puts in the way of others."""

import http.client
from functools import partial
from types import FunctionType
from typing import Any, TypeVar

import httpx
from anyio import to_thread

from pytest_casavi.wire import Connection

_run_sync = partial(to_thread.run_sync)
_MAX_IDLE = 10

AnyClient = TypeVar("AnyClient", bound="type[httpx.Client | httpx.AsyncClient]")


class DirectTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Sends requests to an address of this machine, by connections that no recorder or mock of HTTP knows."""

    def __init__(self) -> None:
        self._idle: list[tuple[tuple[str, int], Connection]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request of a sync client."""
        return self._response(request, request.read())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request of an async client, whichever loop it has."""
        body = await request.aread()
        return await _run_sync(self._response, request, body, abandon_on_cancel=True)

    def close(self) -> None:
        """Closes the connections."""
        while self._idle:
            self._idle.pop()[1].close()

    async def aclose(self) -> None:
        """Closes the connections."""
        self.close()

    def _response(self, request: httpx.Request, body: bytes) -> httpx.Response:
        place = str(request.url.host), request.url.port or 80
        kept = self._taken(place)
        if kept is not None:
            try:
                return self._exchange(place, kept, request, body)
            except (httpx.RemoteProtocolError, httpx.NetworkError) as error:
                if not isinstance(error.__cause__, http.client.RemoteDisconnected) or request.method not in _SAFE:
                    raise  # else it had been closed meanwhile
        return self._exchange(place, Connection(*place), request, body)

    def _taken(self, place: tuple[str, int]) -> Connection | None:
        for index, (where, connection) in enumerate(self._idle):
            if where == place:
                del self._idle[index]
                return connection
        return None

    def _exchange(
        self, place: tuple[str, int], connection: Connection, request: httpx.Request, body: bytes
    ) -> httpx.Response:
        timeout = request.extensions.get("timeout", {})
        connection.bound(timeout.get("connect"), timeout.get("read"))
        done = False
        try:
            _send(connection, request, body)
            with connection.getresponse() as answer:
                content = answer.read()
                headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.getheaders()]
                done = not answer.will_close
                stream = httpx.ByteStream(content)
                return httpx.Response(answer.status, headers=headers, stream=stream, request=request)
        except (OSError, http.client.HTTPException) as error:
            raise _translated(error, connected=connection.sock is not None)(str(error), request=request) from error
        finally:
            if done and len(self._idle) < _MAX_IDLE:
                self._idle.append((place, connection))
            else:
                connection.close()


_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Client(httpx.Client):
    """An httpx client that nobody has replaced the methods of."""


class AsyncClient(httpx.AsyncClient):
    """An async httpx client that nobody has replaced the methods of."""


def _kept(client: AnyClient) -> AnyClient:
    """Gives a class the methods that its bases have now."""
    for base in reversed(client.__mro__[1:-1]):
        for name, member in vars(base).items():
            if isinstance(member, FunctionType):
                setattr(client, name, member)
    return client


Client, AsyncClient = _kept(Client), _kept(AsyncClient)  # type: ignore[misc]


def _send(connection: Connection, request: httpx.Request, body: bytes) -> None:
    connection.putrequest(
        request.method, request.url.raw_path.decode("ascii"), skip_host=True, skip_accept_encoding=True
    )
    known = {name.lower() for name, _ in request.headers.raw}
    for name, value in request.headers.raw:
        if name.lower() != b"transfer-encoding":
            connection.putheader(name, value)
    if body and b"content-length" not in known:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body or None)


def _translated(error: Exception, *, connected: bool) -> Any:
    """Returns the error that httpx raises for one of the standard library."""
    if isinstance(error, TimeoutError):
        return httpx.ReadTimeout if connected else httpx.ConnectTimeout
    if isinstance(error, http.client.HTTPException):
        return httpx.RemoteProtocolError
    return httpx.ReadError if connected else httpx.ConnectError
