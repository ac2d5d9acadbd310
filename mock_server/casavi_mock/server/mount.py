"""The control plane and the console beside the vendor's API.

Each is loaded when it is first asked for, so that a server starts sooner.
"""

import threading
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from casavi_mock.server.wsgi import Threads

if TYPE_CHECKING:
    from flask import Flask

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PREFIX = "/_mock"
CONSOLE = "/_mock/console/"
OPEN_PATHS = frozenset({"/_mock/health", "/_mock/ready"})
"""What is asked for before all is well, and must be answered however busy the control plane is."""

THREADS = 8
"""Requests to the control plane at the same time; a slow upload keeps one of them busy."""


class ControlMount:
    """Answers requests to the control plane, or to the console.

    Args:
        build: Returns it; called by the first request, in its thread. Requests that come meanwhile wait
            in theirs. If it fails, that request fails, and the next one tries again.
    """

    def __init__(self, build: "Callable[[], Flask]") -> None:
        self._build = build
        self._lock = threading.Lock()
        self._flask: Flask | None = None
        self._planes: tuple[Threads, Threads] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send, *, address: str = "") -> None:
        """Handles one HTTP request.

        Args:
            scope: The request, its path without what stands in front of this server's own.
            receive: Returns the next message of its body.
            send: Sends a message of the answer.
            address: The public address of the server, if that is not the one of the request.
        """
        if self._planes is None:
            # What is open to all has a thread of its own.
            self._planes = (Threads(self._wsgi, workers=THREADS), Threads(self._wsgi, workers=1))
        threads = self._planes[scope["path"] in OPEN_PATHS]
        # WSGI takes `X_Mock_Token` for `X-Mock-Token`, and werkzeug answers no offer of a websocket.
        headers = [(name, value) for name, value in scope["headers"] if b"_" not in name and name != b"upgrade"]
        before = urlsplit(address).path
        inside = {
            **scope,
            "headers": headers,
            "path": before + scope["path"],
            "root_path": before + PREFIX,
            "casavi_mock.address": address,
        }
        await threads(inside, receive, send)

    def close(self) -> None:
        """Lets the threads go; a thread that waits for the event loop could not end otherwise."""
        planes, self._planes = self._planes, None
        for plane in planes or ():
            plane.executor.shutdown(wait=False)

    def _wsgi(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        with self._lock:
            if self._flask is None:
                self._flask = self._build()
        return self._flask(environ, start_response)
