"""The control plane beside the vendor's API, loaded when it is first asked for, so that a server starts sooner."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from casavi_mock.vendor.once import Once

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
        self._flask = Once(build, "control plane")
        self._planes: tuple[WSGIMiddleware, WSGIMiddleware] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one HTTP request."""
        plane: Any = await self._flask.get()  # a2wsgi has its own, narrower names for the types of WSGI
        planes = self._planes or self._threads(plane)
        inside = {**scope, "root_path": scope.get("root_path", "") + PREFIX}
        threads = planes[1] if scope["path"] in OPEN_PATHS else planes[0]
        await threads(inside, receive, send)  # type: ignore[arg-type]  # a2wsgi has its own names for these

    def close(self) -> None:
        """Lets the threads go; a thread that waits for the event loop could not end otherwise."""
        planes, self._planes = self._planes, None
        for plane in planes or ():
            plane.executor.shutdown(wait=False)

    def _threads(self, flask: Any) -> "tuple[WSGIMiddleware, WSGIMiddleware]":
        """Returns the control plane, and beside it what answers what is open to all, with a thread of its own."""
        from a2wsgi import WSGIMiddleware

        if self._planes is None:
            self._planes = (WSGIMiddleware(flask, workers=THREADS), WSGIMiddleware(flask, workers=1))
        return self._planes
