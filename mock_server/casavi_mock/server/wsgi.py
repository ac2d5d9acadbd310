"""The control plane's WSGI application on the event loop, with one hop between threads where the answer is short.

a2wsgi takes six: for the body of the request, for the beginning of the answer, for each part of it. Tests and the
contract kit ask the control plane thousands of times.
"""

import contextvars
from collections.abc import Awaitable, Callable
from typing import Any

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi import Body, WSGIResponder, build_environ

SHORT = 65_536
"""Bytes of an answer that is handed over whole."""

Message = Any
"""Of ASGI; a2wsgi has its own names for them."""


class Threads(WSGIMiddleware):
    """Runs a WSGI application in threads."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handles one HTTP request."""
        await _Responder(self.app, self.executor, self.send_queue_size)(scope, receive, send)


class _Responder(WSGIResponder):
    """Collects an answer whose length is told at its beginning; any other one is sent part by part, as a2wsgi does."""

    _whole: list[Message] | None = None

    async def __call__(
        self, scope: Any, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        first = await receive()
        body = Body(self.loop, receive)
        body.buffer.extend(first.get("body", b""))
        body._has_more = first.get("more_body", False)  # it has no other way to be told of a first part
        sender = self.loop.create_task(self.sender(send))
        try:
            run = contextvars.copy_context().run
            await self.loop.run_in_executor(
                self.executor, run, self.wsgi, build_environ(scope, body), self.start_response
            )
            if self._whole is None:
                await self.send_queue.put(None)
                await sender
            for message in self._whole or ():
                await send(message)
            if self.exc_info is not None:
                raise self.exc_info[0].with_traceback(self.exc_info[1], self.exc_info[2])
        finally:
            if not sender.done():
                sender.cancel()

    def send(self, message: Message | None) -> None:
        if message is not None and message["type"] == "http.response.start":
            length = dict(message["headers"]).get(b"content-length", b"")
            self._whole = [] if length.isdigit() and int(length) <= SHORT else None
        if self._whole is None:
            super().send(message)
        else:
            self._whole.append(message or {})
