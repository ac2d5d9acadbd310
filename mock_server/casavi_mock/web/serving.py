"""Runs the application under uvicorn: binds the socket, tells when it is ready, stops within a second."""

import contextlib
import errno
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import uvicorn

from casavi_mock.errors import ConfigurationError

BACKLOG = 2048
STOP_SECONDS = 1
"""Seconds that running requests get to end after SIGTERM."""


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
    """A uvicorn server that ends with code 0 after SIGTERM and SIGINT; uvicorn itself would raise them again.

    Args:
        config: As for uvicorn.
        on_ready: Called once, when requests are answered.
    """

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

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


def server_for(app: Any, on_ready: Callable[[], None] = lambda: None) -> Server:
    """Returns a server for an application; run it with `run(sockets=[...])`.

    Args:
        app: The ASGI application.
        on_ready: Called once, when requests are answered.
    """
    config = uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        lifespan="on",
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_graceful_shutdown=STOP_SECONDS,
        h11_max_incomplete_event_size=64 * 1024,
    )
    return Server(config, on_ready)
