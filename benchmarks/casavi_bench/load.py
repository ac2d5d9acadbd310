"""Load: so many connections, each with one request under way, until the time is over.

A closed loop in one process, with the parser that uvicorn uses too. It costs about 20 µs a request, so it is not
what a server of 150 µs waits for; still, requests a second are to be read as ratios within one run.
"""

import asyncio
import contextlib
import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import httptools
import uvloop

from casavi_bench.server import HOST, ServerError

GRACE_SECONDS = 30.0
"""How long answers are waited for when the time is over."""

Requests = Callable[[bytes], bytes]
"""The next request of a connection, made from the body of its last answer, which is empty at first."""


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it."""

    seconds: float
    latencies: list[float]
    """Of each request, in seconds."""

    @property
    def per_second(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """When a load ends: at what comes first."""

    seconds: float
    requests: int = 1_000_000


def run_load(port: int, connections: int, requests: Callable[[], Requests], expected: int, bounds: Bounds) -> Load:
    """Loads a server and returns what came of it.

    Args:
        port: Where it listens, at the loopback address.
        connections: How many connections are kept busy.
        requests: Called for each connection; gives what makes its requests.
        expected: Status that every answer must have.
        bounds: When it ends.

    Raises:
        ServerError: An answer had another status, a connection broke, or answers did not come.
    """
    with no_collector(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_loaded(port, connections, requests, expected, bounds))


@contextlib.contextmanager
def no_collector() -> Iterator[None]:
    """Keeps the garbage collector from pausing what is measured from here."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _loaded(port: int, connections: int, requests: Callable[[], Requests], expected: int, bounds: Bounds) -> Load:
    loop = asyncio.get_running_loop()
    clients: list[_Client] = []
    for _ in range(connections):
        _, made = await loop.create_connection(lambda: _Client(requests(), expected), HOST, port)
        clients.append(made)
    started = time.perf_counter()
    share = -(-bounds.requests // connections)
    for client in clients:
        client.begin(started + bounds.seconds, share)
    try:
        async with asyncio.timeout(bounds.seconds + GRACE_SECONDS):
            await asyncio.gather(*(client.ended for client in clients))
    except TimeoutError:
        raise ServerError(f"no answer within {GRACE_SECONDS:g} seconds") from None
    finally:
        for client in clients:
            client.close()
    ended = max(client.last for client in clients)
    return Load(ended - started, [latency for client in clients for latency in client.latencies])


class _Client(asyncio.Protocol):
    """One connection: sends, waits for the whole answer, sends again."""

    def __init__(self, next_request: Requests, expected: int) -> None:
        self.latencies: list[float] = []
        self.last = 0.0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._next = next_request
        self._expected = expected
        self._parser = httptools.HttpResponseParser(self)
        self._body = b""
        self._until = 0.0
        self._left = 0
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def begin(self, until: float, requests: int) -> None:
        """Sends the first request."""
        self._until, self._left = until, requests
        self._send()

    def close(self) -> None:
        self.ended.cancel()
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(f"an answer that is no HTTP: {error.__context__ or error}")

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        now = time.perf_counter()
        status = self._parser.get_status_code()
        if status != self._expected:
            self._fail(f"answered {status} in place of {self._expected}: {self._body[:300]!r}")
            return
        self.latencies.append(now - self._sent)
        self.last = now
        self._left -= 1
        if now >= self._until or self._left <= 0:
            if not self.ended.done():
                self.ended.set_result(None)
            return
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the connection broke: {exc or 'closed by the server'}")

    def _send(self) -> None:
        request = self._next(self._body)
        self._body = b""
        self._sent = time.perf_counter()
        self._transport.write(request)

    def _fail(self, why: str) -> None:
        if not self.ended.done():
            self.ended.set_exception(ServerError(why))
