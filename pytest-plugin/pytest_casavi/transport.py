"""Sends the requests of an httpx client, sync or async, to an application of this process, without a socket.

httpx has a transport for applications, but for async clients alone, and it runs them in the loop of the client. Here
the application has a loop of its own, which its queue needs too, and clients of every kind wait for it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

import anyio.to_thread
import httpx

from casavi_contracts.http.scope import scope_of

App = Callable[..., Awaitable[None]]


class Transport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport for `httpx.Client` and for `httpx.AsyncClient`.

    Args:
        app: The ASGI application.
        submit: Runs a coroutine in the loop of the application.
    """

    def __init__(self, app: App, submit: "Callable[[Coroutine[Any, Any, Answer]], Future[Answer]]") -> None:
        self._app = app
        self._submit = submit

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request of a sync client."""
        running = self._start(request, request.read())
        return _response(request, _outcome(running, request))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request of an async client, whichever loop it has."""
        running = self._start(request, await request.aread())
        try:
            outcome = await anyio.to_thread.run_sync(_outcome, running, request, abandon_on_cancel=True)
        except BaseException:
            running.cancel()
            raise
        return _response(request, outcome)

    def _start(self, request: httpx.Request, body: bytes) -> "Future[Answer]":
        return self._submit(_exchange(self._app, request, body))


class Answer:
    """What the application has sent so far."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = bytearray()
        self.broken = False
        """Whether the connection was ended before the answer was complete."""
        self.complete = asyncio.Event()
        """Until then the client is there."""

    async def take(self, message: MutableMapping[str, Any]) -> None:
        """Takes a message of the application."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")
            if not message.get("more_body"):
                self.complete.set()


async def _exchange(app: App, request: httpx.Request, body: bytes) -> Answer:
    answer = Answer()
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> MutableMapping[str, Any]:
        if messages:
            return messages.pop()
        await answer.complete.wait()
        return {"type": "http.disconnect"}

    try:
        await app(scope_of(request), receive, answer.take)
    except ConnectionResetError:  # a fault of the mock ends a connection that there is not
        answer.broken = True
    return answer


def _outcome(running: "Future[Answer]", request: httpx.Request) -> Answer:
    """Waits for the application as long as the client would wait for the server."""
    try:
        return running.result(request.extensions.get("timeout", {}).get("read"))
    except FutureTimeout:
        running.cancel()
        raise httpx.ReadTimeout("timed out", request=request) from None
    except CancelledError:
        raise httpx.ReadError("the mock has ended", request=request) from None


def _response(request: httpx.Request, answer: Answer) -> httpx.Response:
    if answer.broken and answer.status:
        text = "peer closed connection without sending complete message body"
        raise httpx.RemoteProtocolError(text, request=request)
    if answer.broken:
        raise httpx.ReadError("the connection was ended by a fault of the mock", request=request)
    stream = httpx.ByteStream(bytes(answer.body))
    return httpx.Response(answer.status, headers=answer.headers, stream=stream, request=request)
