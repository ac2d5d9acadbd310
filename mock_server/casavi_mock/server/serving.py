"""Runs the application under uvicorn: binds the socket, tells when it is ready, stops within a second."""

import asyncio
import contextlib
import errno
import functools
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import uvicorn

from casavi_mock.errors import ConfigurationError
from casavi_mock.server.door import Door
from casavi_mock.server.options import ConnectionLimits
from casavi_mock.server.protocol import SURPLUS, BoundedProtocol

BACKLOG = 2048
STOP_SECONDS = 1
"""Seconds that running requests get to end after SIGTERM."""

_LAST_SECONDS = 0.5
"""How long before that the connections are ended, so that requests end by themselves."""

_DATE_SECONDS = 1.0

_CLOSING_SECONDS = 0.001
"""How long connections without a request take to close."""

_OTHER_FILES = 100
"""Open files that are no connections."""


def bind(host: str, port: int) -> socket.socket:
    """Returns a listening socket.

    Args:
        host: Address or name to listen at.
        port: Port, 0 for any free one.

    Raises:
        ConfigurationError: The address cannot be used.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        hint = " Choose another with --port, or 0 for any free one." if error.errno == errno.EADDRINUSE else ""
        # a resolver's error has a negative number and a text of its own; create_server puts the address into its text
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise ConfigurationError(f"cannot listen at {host}:{port}: {reason}.{hint}") from error


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
                await asyncio.wait_for(event.wait(), _DATE_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends: running requests get a moment, then their connections are ended."""
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        for connection in tuple(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(_CLOSING_SECONDS)
        if not (self.server_state.connections or self.server_state.tasks):
            await self.lifespan.shutdown()
            return
        loop = asyncio.get_running_loop()
        end = loop.call_later(STOP_SECONDS - _LAST_SECONDS, self._abort_connections)
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


def allow_files(connections: int) -> int:
    """Raises the bound on open files of this process, as far as the system lets it, if it is too low.

    Args:
        connections: How many there may be.

    Returns:
        How many there can be.
    """
    try:
        import resource
    except ImportError:  # there is no such bound on Windows
        return connections
    needed = connections + SURPLUS + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return connections if soft == resource.RLIM_INFINITY else max(min(connections, soft - SURPLUS - _OTHER_FILES), 1)


def server_for(app: Any, on_ready: Callable[[], None] = lambda: None, *, door: Door | None = None) -> Server:
    """Returns a server for an application; run it with `run(sockets=[...])`.

    Args:
        app: The ASGI application.
        on_ready: Called once, when requests are answered.
        door: Bounds on connections; uvicorn's own if None.
    """
    limits = door.limits if door else ConnectionLimits()
    config = uvicorn.Config(
        app,
        http=functools.partial(BoundedProtocol, door=door) if door else "auto",  # type: ignore[arg-type]  # makes one
        ws="none",
        access_log=False,
        log_config=None,
        lifespan="on",
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_graceful_shutdown=STOP_SECONDS,
        timeout_keep_alive=limits.idle_seconds,  # type: ignore[arg-type]  # a part of a second is as good
        h11_max_incomplete_event_size=limits.max_header_bytes,
    )
    return Server(config, on_ready)
