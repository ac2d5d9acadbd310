"""Faults at the edge: asked once the account of a call is known, and carried out on its work, answer or connection."""

import asyncio
import errno
import http
import os
import socket
import struct
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson

from casavi_mock.accounts import Account
from casavi_mock.domain.faults import Effect, Fault
from casavi_mock.messages.answers import Answer
from casavi_mock.vendor.operations import Call

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Gone = Callable[[], bool]
"""Tells whether the client has gone."""
Pause = Callable[[float, Gone], Awaitable[None]]

NO_STATUS = 0
"""Stands in the journal for a status where no answer was made."""

LOOK_SECONDS = 0.1
"""Seconds between two looks whether the client of a delayed call is still there."""

_JOB_OUTCOMES = {"job-fails": "failed", "job-stalls": "stalled"}
_CUT = ("reset", "truncate", "lost-response")
_NO_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
"""Makes the system reset a connection where it would end it in order."""


class Injected(Exception):
    """A fault takes the place of all work.

    Args:
        answer: What the client gets; of status 0 if it gets nothing.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Admission:
    """Lets one call pass, as its account's faults allow; to be awaited before any work is done.

    Args:
        call: The call.
        request_id: Its id.
        media_type: Media type of error bodies.
        send: Sends messages of this request; tells whether the client has gone.
        pause: Waits so many seconds, as long as the client does.
    """

    __slots__ = ("_call", "_fault", "_media_type", "_pause", "_request_id", "_send")

    def __init__(self, call: Call, request_id: str, media_type: str, send: Send, pause: Pause) -> None:
        self._call = call
        self._request_id = request_id
        self._media_type = media_type
        self._send = send
        self._pause = pause
        self._fault: Fault | None = None

    @property
    def injected(self) -> str | None:
        """Id of the fault that took effect, or None."""
        return self._fault.id if self._fault else None

    @property
    def effect(self) -> str | None:
        """Kind of its effect, or None."""
        return self._fault.effect.kind if self._fault else None

    @property
    def cut(self) -> str | None:
        """How the answer is to be cut: `reset`, `truncate`, `lost-response`, or None if it is not."""
        if self._fault is None:
            return None
        if self.effect == "delay" and watching(self._send)():
            return "lost-response"
        return self.effect if self.effect in _CUT else None

    async def __call__(self, account: Account) -> None:
        """Asks the faults of an account.

        Raises:
            Injected: No work is to be done.
        """
        self._call.account = account
        if not account.faults:
            return
        assert self._call.operation is not None, "an account is known in an operation alone"
        with account.lock:
            self._fault = fault = account.faults.take(self._call.operation)
        if fault is None:
            return
        effect = fault.effect
        self._call.forced = _JOB_OUTCOMES.get(effect.kind)
        self._call.notes.append(f"{fault.id}: {effect.kind}")
        if effect.kind == "status":
            raise Injected(injected_answer(effect, self._request_id, self._media_type))
        if effect.kind == "reset":
            raise Injected(Answer(NO_STATUS, b""))
        if effect.kind == "delay":
            assert effect.seconds is not None, "a delay has a length"
            gone = watching(self._send)
            await self._pause(effect.seconds, gone)
            if gone():  # nobody would have the answer, and an import could not be read any more
                raise Injected(Answer(NO_STATUS, b""))


async def pause(seconds: float, gone: Gone) -> None:
    """Waits so many seconds at least, by the wall clock, but not for a client that has gone."""
    end = time.monotonic() + seconds  # the time of a loop may be that of its last round
    while not gone() and (left := end - time.monotonic()) > 0:  # noqa: ASYNC110  # uvicorn tells nobody when it is gone
        await asyncio.sleep(min(left, LOOK_SECONDS))


def injected_answer(effect: Effect, request_id: str, media_type: str) -> Answer:
    """Returns the answer of an effect `status`: like a refusal, but by no rule of the contract."""
    assert effect.status is not None, "an effect `status` has one"
    body = {
        "type": "urn:casavi-mock:injected",
        "title": _title(effect.status),
        "status": effect.status,
        "detail": "This answer was injected by a fault of the mock.",
        "rule": "injected",
        "evidence": "assumed",
        "requestId": request_id,
    }
    seconds = effect.retry_after_seconds
    headers = () if seconds is None else ((b"retry-after", str(seconds).encode()),)
    return Answer(effect.status, orjson.dumps(body), media_type.encode(), headers)


def halving(send: Send) -> Send:
    """Returns a `send` that lets half of the body through, and does not end the answer."""

    async def cut(message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message["body"]
            message = {**message, "body": body[: len(body) // 2], "more_body": True}
        await send(message)

    return cut


def break_off(send: Send, *, reset: bool) -> None:
    """Ends the connection of a request, whatever of the answer was sent.

    Under uvicorn the connection is really closed. Where there is none, as behind `httpx.ASGITransport`, the client's
    call raises what is raised here.

    Args:
        send: Sends messages of this request.
        reset: Whether it is reset (the client sees ECONNRESET) instead of closed (the client sees its end).

    Raises:
        ConnectionResetError: There is no connection to end.
    """
    cycle = _cycle(send)
    if cycle is None:
        raise ConnectionResetError(errno.ECONNRESET, "connection reset by a fault of the mock")
    cycle.disconnected = True  # as it will be in a moment; until then uvicorn would complain of a missing answer
    transport = cycle.transport
    if not reset:
        transport.close()  # sends what is still to be sent
        return
    reset_connection(transport)


def reset_connection(transport: asyncio.Transport) -> None:
    """Resets a connection; what is still to be sent is not sent."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()


def watching(send: Send) -> Gone:
    """Returns what tells whether the client of a request has gone; where that cannot be known, it never has."""
    cycle = _cycle(send)
    return lambda: cycle is not None and bool(cycle.disconnected)


def _cycle(send: Send) -> Any:
    """Returns uvicorn's object for one request and its answer, or None if another server is at work.

    It has no public way to its connections, but both of its protocols send by a method of such an object.
    """
    cycle = getattr(send, "__self__", None)
    return cycle if hasattr(cycle, "transport") and hasattr(cycle, "disconnected") else None


def _title(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Injected Error"
