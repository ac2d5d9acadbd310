"""An ASGI application in this process behind the interface of an HTTP client: no socket, no thread."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from types import TracebackType
from typing import Any, Self

import httpx

from casavi_contracts.http.scope import scope_of

START_SECONDS = 10
STOP_SECONDS = 5
"""Seconds that an application gets to start, and to stop."""

ANSWER_SECONDS = 60.0
"""Seconds that it gets for an answer, unless it is told otherwise."""

_PIECE_BYTES = 1_000
"""That are unpacked at once: a thousand times as many may come out."""

MAX_BYTES = 5_000_000
"""Bytes of an answer; more is no answer to any request of the contract."""

TURN_SECONDS = 0.001
"""How long a thread waits before it looks whether it has to run the loop itself."""

Application = Callable[[Any, Any, Any], Awaitable[None]]


def check_decoded(request: httpx.Request, response: httpx.Response, body: bytes, most: int) -> None:
    """Makes sure that an answer is not too long once it is decoded: a megabyte may be packed in a kilobyte.

    Args:
        request: That which was answered.
        response: The answer; its headers say how it is encoded.
        body: What came as its body.
        most: Bytes that it may have.

    Raises:
        httpx.ReadError: It is longer.
        httpx.DecodingError: It is not encoded as its headers say.
    """
    if "content-encoding" not in response.headers:
        return
    pieces = (body[start : start + _PIECE_BYTES] for start in range(0, len(body), _PIECE_BYTES))
    packed = httpx.Response(response.status_code, headers=response.headers.raw, content=pieces, request=request)
    length = 0
    for piece in packed.iter_bytes():
        length += len(piece)
        if length > most:
            raise httpx.ReadError(f"an answer of more than {most:,} bytes", request=request)


class InProcess(httpx.BaseTransport):
    """A transport that hands requests to an application, in an event loop of its own that runs only meanwhile.

    The first request starts the application (its lifespan), `close` stops it; an `httpx.Client` calls both.

    Args:
        app: The ASGI application.
        seconds: For an answer.
        most: Bytes of an answer.
    """

    def __init__(self, app: Application, seconds: float = ANSWER_SECONDS, most: int = MAX_BYTES) -> None:
        self._app = app
        self._seconds = seconds
        self._most = most
        self._driving = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._to_app: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[str] = asyncio.Queue()
        self._lifespan: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        if self._lifespan is None:
            self._lifespan = self._loop.create_task(self._live())
            self._step("lifespan.startup")
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops the application; a second time does nothing."""
        if self._loop.is_closed():
            return
        if self._lifespan is not None:
            if not self._lifespan.done():  # one that knows no lifespans has ended long ago
                self._step("lifespan.shutdown")
            self._loop.run_until_complete(asyncio.wait([self._lifespan], timeout=STOP_SECONDS))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Returns the application's answer, whole. Threads may ask at the same time: one of them runs the loop."""
        if self._driving.acquire(blocking=False):
            try:
                self.__enter__()
                return self._loop.run_until_complete(self._answer(request))
            finally:
                self._driving.release()
        answer = asyncio.run_coroutine_threadsafe(self._answer(request), self._loop)
        while not answer.done():
            if self._driving.acquire(timeout=TURN_SECONDS):
                try:
                    self._loop.run_until_complete(asyncio.wait([asyncio.wrap_future(answer, loop=self._loop)]))
                finally:
                    self._driving.release()
        return answer.result()

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        exchange = _Exchange(request, self._most)
        try:
            async with asyncio.timeout(self._seconds):
                try:
                    await self._app(exchange.scope, exchange.receive, exchange.send)
                except Exception:  # noqa: BLE001  # a server answers 500, whatever its application does
                    exchange.fail()
        except TimeoutError:
            raise httpx.ReadTimeout("no whole answer in time", request=request) from None
        if exchange.too_long:
            raise httpx.ReadError(f"an answer of more than {self._most:,} bytes", request=request)
        if not exchange.whole:
            raise httpx.RemoteProtocolError("the application ended before its answer did", request=request)
        response = exchange.response()
        check_decoded(request, response, exchange.body, self._most)
        return response

    def _step(self, message: str) -> None:
        self._to_app.put_nowait({"type": message})
        said = self._loop.run_until_complete(asyncio.wait_for(self._from_app.get(), timeout=START_SECONDS))
        if said.endswith(".failed"):
            raise RuntimeError(f"the application answered {message} with {said}")

    async def _live(self) -> None:
        async def send(message: MutableMapping[str, Any]) -> None:
            self._from_app.put_nowait(message["type"])

        try:
            await self._app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, self._to_app.get, send)
        finally:
            self._from_app.put_nowait("lifespan.ended")  # one that knows no lifespans is taken as it is


class _Exchange:
    """One request as an application takes it, and the answer that it sends.

    Args:
        request: As the client sends it.
        most: Bytes of the answer.
    """

    def __init__(self, request: httpx.Request, most: int) -> None:
        self.scope = scope_of(request)
        self._sent: bytes | None = request.read()
        self._most = most
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._parts: list[bytes] = []
        self._length = 0
        self._whole = asyncio.Event()
        self._no_body = request.method == "HEAD"
        self.too_long = False
        """Whether the answer had too many bytes."""

    async def receive(self) -> MutableMapping[str, Any]:
        """Returns the body, then that the client is gone, as soon as it has its answer."""
        if self._sent is not None:
            body, self._sent = self._sent, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._whole.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Takes a part of the answer."""
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], [*message.get("headers", ())]
        elif message["type"] == "http.response.body":
            body = message.get("body", b"")
            self._length += len(body)
            if self._length > self._most:
                self.too_long = True
                raise ConnectionError("the answer is too long")
            if not self._no_body:
                self._parts.append(body)
            if not message.get("more_body", False):
                self._whole.set()

    @property
    def whole(self) -> bool:
        """Whether all of the answer is there."""
        return self._whole.is_set()

    @property
    def body(self) -> bytes:
        """The body as it came."""
        return b"".join(self._parts)

    def fail(self) -> None:
        """Ends the answer of an application that failed."""
        self._status = self._status or 500
        self._whole.set()

    def response(self) -> httpx.Response:
        """Returns the answer."""
        return httpx.Response(self._status, headers=self._headers, stream=httpx.ByteStream(self.body))
