"""What passes between clients and the application: how many connections, and who is turned away, in which words."""

import enum
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from casavi_mock.errors import Refused
from casavi_mock.messages.answers import Answer
from casavi_mock.server.options import ConnectionLimits

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

ALWAYS_ANSWERED = b"/_mock/"
"""Paths that are answered although there are too many connections, so that somebody can look what is the matter."""

CLOSE = (b"connection", b"close")
KEEP_ALIVE = (b"connection", b"keep-alive")


class Part(enum.Enum):
    """The part of a request that a connection waits for; each has a bound of its own on the time that it may take."""

    NOTHING = enum.auto()
    FIRST_BYTE = enum.auto()
    """Of a connection that was just opened."""
    HEADERS = enum.auto()
    BODY = enum.auto()


@dataclass(slots=True)
class Door:
    """The bounds on connections, and how often they were met; any thread may read it, the loop alone changes it."""

    limits: ConnectionLimits
    answer: Callable[[Refused], Answer]
    """Makes the answer for whoever is turned away."""
    surplus: dict[object, None] = field(default_factory=dict)
    """Connections that are too many, the oldest first."""
    open: int = 0
    """Connections that are open."""
    refused: int = 0
    """Connections that were ended since there were too many."""
    malformed_requests: int = 0
    """Requests that were refused since they are no sound HTTP, or ask for more of it than is spoken here."""
    headers_too_large: int = 0
    slow_headers: int = 0
    """Connections that were ended since the headers of a request did not come in time, or nothing at all."""
    slow_bodies: int = 0
    slow_readers: int = 0
    """Connections that were ended since their client did not take its answer."""

    def view(self) -> dict[str, Any]:
        """Returns the counts as the control plane tells them."""
        return {
            "open": self.open,
            "limit": self.limits.max_connections,
            "refused": self.refused,
            "malformed": self.malformed_requests,
            "headersTooLarge": self.headers_too_large,
            "timeouts": {"headers": self.slow_headers, "body": self.slow_bodies, "answer": self.slow_readers},
        }

    def too_large(self) -> Refused:
        """Counts a request whose headers are too large, and returns its refusal."""
        self.headers_too_large += 1
        detail = (
            f"A request may have {self.limits.max_headers} headers, "
            f"and {self.limits.max_header_bytes} bytes of address and headers together."
        )
        return Refused("headers-too-large", detail)

    def full(self) -> Refused:
        """Counts a connection for which there is no room, and returns its refusal."""
        self.refused += 1
        most = self.limits.max_connections
        detail = f"{most} connections are open, as many as there may be. Close some, or wait."
        return Refused("connections-full", detail, headers={"Retry-After": "1"})

    def malformed(self, detail: str) -> Refused:
        """Counts a request that is no sound HTTP, and returns its refusal.

        Args:
            detail: What is wrong with it.
        """
        self.malformed_requests += 1
        return Refused("request-malformed", detail)

    def unknown_coding(self) -> Refused:
        """Counts a request whose body comes in a coding beside `chunked`, and returns its refusal."""
        self.malformed_requests += 1
        detail = "Of the transfer codings only chunked is understood. Send the body as it is."
        return Refused("transfer-coding-unknown", detail)

    def unknown_expectation(self) -> Refused:
        """Counts a request that expects something unknown, and returns its refusal."""
        self.malformed_requests += 1
        return Refused("expectation-unknown", "The header Expect may hold 100-continue, and nothing else.")

    def refusing(self, refusal: Refused) -> Application:
        """Returns an ASGI application that answers a request with its refusal, after which the connection ends."""

        async def refuse(scope: Message, receive: Receive, send: Send) -> None:
            await self.turn_away(send, refusal)

        return refuse

    async def turn_away(self, send: Send, refusal: Refused) -> None:
        """Answers a request with its refusal, after which the connection ends."""
        answer = self.answer(refusal)
        await send({"type": "http.response.start", "status": answer.status, "headers": last_headers(answer)})
        await send({"type": "http.response.body", "body": answer.body})


def last_headers(answer: Answer) -> list[tuple[bytes, bytes]]:
    """Returns the headers of an answer after which the connection ends."""
    length = str(len(answer.body)).encode()
    return [(b"content-type", answer.media_type), (b"content-length", length), *answer.headers, CLOSE]


def closing(send: Send) -> Send:
    """Returns a `send` after whose answer the connection ends."""

    async def last(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], CLOSE]}
        await send(message)

    return last
