"""A server of uvicorn that ends promptly, and without an error.

Relied on without being documented, in the range of versions that pyproject.toml has:

- `Server`: `capture_signals`, `force_exit`, `handle_exit`, `lifespan`, `main_loop`, `on_tick`, `server_state`
  (`connections`, `default_headers`, `tasks`), `servers`, `should_exit`, `shutdown`, `started`, `startup`
"""

import asyncio
import contextlib
import signal
import socket
import threading
from asyncio import wait_for  # bound here, as tests in this process may replace it
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn

STOP_SECONDS = 1
"""Seconds that running requests get to end after SIGTERM."""

_DATE_SECONDS = 1.0
"""Seconds between two renewals of the header `Date`."""


class Server(uvicorn.Server):
    """A uvicorn server that ends as soon as it is told to; uvicorn itself looks ten times a second whether it was.

    After SIGTERM and SIGINT it ends with code 0; uvicorn itself would raise them again.

    Args:
        config: As for uvicorn.
        on_ready: Called once, when requests are answered.
    """

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        self._told: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._ending = False
        super().__init__(config)
        self._on_ready = on_ready

    @property
    def should_exit(self) -> bool:
        """Whether it is to end; may be set by any thread."""
        return self._ending

    @should_exit.setter
    def should_exit(self, ending: bool) -> None:
        self._ending = ending
        if ending and self._told is not None:
            loop, event = self._told
            with contextlib.suppress(RuntimeError):  # the loop is closed: it has ended already
                loop.call_soon_threadsafe(event.set)

    async def main_loop(self) -> None:
        """Waits until it is to end, and renews the header `Date` meanwhile."""
        event = asyncio.Event()
        self._told = asyncio.get_running_loop(), event
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await wait_for(event.wait(), _DATE_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends: running requests get a moment, then their connections are ended."""
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        for connection in tuple(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0.001)  # meanwhile those without a request close
        if not (self.server_state.connections or self.server_state.tasks):
            await self.lifespan.shutdown()
            return
        loop = asyncio.get_running_loop()
        end = loop.call_later(STOP_SECONDS / 2, self._abort_connections)  # so that requests end by themselves
        await super().shutdown(sockets)
        end.cancel()

    def _abort_connections(self) -> None:
        for connection in tuple(self.server_state.connections):
            connection.transport.abort()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts to answer requests."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handles signals while serving, in the main thread; no other may."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Asks the server to end; a second signal does not wait for running requests."""
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True
