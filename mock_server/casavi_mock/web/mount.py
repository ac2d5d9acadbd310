"""The control plane beside the vendor's API, loaded when it is first asked for, so that a server starts sooner."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from a2wsgi import WSGIMiddleware
    from flask import Flask

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PREFIX = "/_mock"
OPEN_PATHS = frozenset({"/_mock/health", "/_mock/ready"})
"""What is asked for before all is well, and must be answered however busy the control plane is."""

THREADS = 8
"""Requests to the control plane at the same time; a slow upload keeps one of them busy."""


class ControlMount:
    """Answers requests to the control plane.

    Args:
        build: Returns the control plane; called once, in a thread.
    """

    def __init__(self, build: "Callable[[], Flask]") -> None:
        self._build = build
        self._lock = threading.Lock()
        self._flask: Flask | None = None
        self._planes: tuple[WSGIMiddleware, WSGIMiddleware] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one HTTP request."""
        planes = self._planes
        if planes is None:
            with ThreadPoolExecutor(1, "control plane") as loader:  # asyncio's own would keep its thread
                planes = await asyncio.get_running_loop().run_in_executor(loader, self._load)
        inside = {**scope, "root_path": scope.get("root_path", "") + PREFIX}
        plane = planes[1] if scope["path"] in OPEN_PATHS else planes[0]
        await plane(inside, receive, send)  # type: ignore[arg-type]  # a2wsgi has its own names for these

    def close(self) -> None:
        """Lets the threads go; a thread that waits for the event loop could not end otherwise."""
        planes, self._planes = self._planes, None
        for plane in planes or ():
            plane.executor.shutdown(wait=False)

    def _load(self) -> "tuple[WSGIMiddleware, WSGIMiddleware]":
        """Returns the control plane, and beside it what answers what is open to all, with a thread of its own."""
        from a2wsgi import WSGIMiddleware

        with self._lock:
            if self._flask is None:
                self._flask = self._build()
            if self._planes is None:
                plane: Any = self._flask  # a2wsgi has its own, narrower names for the types of WSGI
                self._planes = (WSGIMiddleware(plane, workers=THREADS), WSGIMiddleware(plane, workers=1))
            return self._planes
