"""Requests to the vendor's API that the server sends itself, for the console: as a client's, but without a socket."""

import asyncio
import concurrent.futures
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

SECONDS = 10
"""How long an answer is waited for; a fault may put it off for longer."""


class InsideClient:
    """Sends requests to the application that it belongs to, from any thread.

    Args:
        app: The application.
    """

    def __init__(self, app: Callable[[Message, Receive, Send], Awaitable[None]]) -> None:
        self._app = app
        self.loop: asyncio.AbstractEventLoop | None = None
        """The loop in which the application runs; None while it does not."""

    def post(self, path: str, body: bytes, token: str) -> tuple[int, bytes, str]:
        """Posts JSON.

        Args:
            path: The path.
            body: JSON, as it is to go.
            token: What the header `token` says.

        Returns:
            Status and body of the answer, and an empty text; 0, nothing and the reason if there is no answer.
        """
        if self.loop is None:
            return 0, b"", "The mock is not running."
        asked = asyncio.run_coroutine_threadsafe(self._post(path, body, token), self.loop)
        try:
            return asked.result(SECONDS)
        except concurrent.futures.TimeoutError:
            asked.cancel()
            return 0, b"", f"The answer did not come within {SECONDS} seconds; a fault may put it off."
        except concurrent.futures.CancelledError:
            return 0, b"", "The mock has ended."

    async def _post(self, path: str, body: bytes, token: str) -> tuple[int, bytes, str]:
        headers = {
            b"host": b"localhost",
            b"user-agent": b"casavi-mock console",
            b"content-type": b"application/json",
            b"content-length": str(len(body)).encode(),
            b"token": token.encode("latin-1"),
        }
        scope = {
            "type": "http",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [*headers.items()],
            "server": ("localhost", 80),
            "client": None,
        }
        answer: list[Message] = []
        sent = False
        answered = asyncio.Event()

        async def receive() -> Message:
            nonlocal sent
            if sent:
                await answered.wait()
                return {"type": "http.disconnect"}
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            answer.append(message)

        try:
            await self._app(scope, receive, send)
        except ConnectionResetError:
            return 0, b"", "A fault ended the connection before the answer was complete."
        finally:
            answered.set()
        return answer[0]["status"], b"".join(part.get("body", b"") for part in answer[1:]), ""
