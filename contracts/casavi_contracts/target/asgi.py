"""An ASGI application in this process behind the interface of an HTTP client: no socket, no thread."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Self

import httpx

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

_too_long: ContextVar[list[bool]] = ContextVar("too long")
"""By request, whether its answer had too many bytes."""

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
        self._inner = httpx.ASGITransport(app=self._bounded, raise_app_exceptions=False)
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

    async def _bounded(self, scope: Any, receive: Any, send: Any) -> None:
        """Runs the application as long as its answer is not too long."""
        sent, too_long = 0, _too_long.get()

        async def counted(message: MutableMapping[str, Any]) -> None:
            nonlocal sent
            sent += len(message.get("body", b""))
            if sent > self._most:
                too_long.append(True)
                raise ConnectionError("the answer is too long")
            await send(message)

        await self._app(scope, receive, counted)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        too_long: list[bool] = []
        _too_long.set(too_long)
        try:
            response = await asyncio.wait_for(self._inner.handle_async_request(request), self._seconds)
        except TimeoutError:
            raise httpx.ReadTimeout("no whole answer in time", request=request) from None
        if too_long:
            raise httpx.ReadError(f"an answer of more than {self._most:,} bytes", request=request)
        body = b"".join([piece async for piece in response.aiter_raw()])
        check_decoded(request, response, body, self._most)
        return httpx.Response(response.status_code, headers=response.headers.raw, stream=httpx.ByteStream(body))

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
