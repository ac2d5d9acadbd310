"""Bounds on connections, and ends of them by faults: what uvicorn's protocol has to be told.

uvicorn bounds nothing by itself but the pause between two requests. What is ended here is no exchange yet: it is
counted at the door and is in no journal. These names of uvicorn are relied on without being documented; pyproject.toml
has the range of versions that have them:

- `protocols.http.httptools_impl.HttpToolsProtocol`: the arguments of its constructor; `app`, `config`, `connections`,
  `cycle`, `expect_100_continue`, `flow.read_paused`, `headers`, `loop`, `parser`, `pipeline`, `server_state`,
  `transport`, `url`; its callbacks of the transport and of the parser (`on_...`), `_should_upgrade`,
  `_start_asgi_task`, `on_response_complete`, `timeout_keep_alive_handler`, `_unset_keepalive_if_required`, `shutdown`;
  and `STATUS_LINE` beside it
- `RequestResponseCycle`, whose method is the `send` of a request: `default_headers`, `disconnected`, `keep_alive`,
  `message_event`, `response_complete`, `response_started`, `transport`, `waiting_for_100_continue`
"""

import asyncio
import errno
import os
import socket
import struct
from collections.abc import Callable
from itertools import chain
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from casavi_mock.errors import Refused
from casavi_mock.messages.answers import Answer
from casavi_mock.server.door import (
    ALWAYS_ANSWERED,
    CLOSE,
    KEEP_ALIVE,
    Door,
    Message,
    Part,
    Receive,
    Send,
    closing,
    last_headers,
)
from casavi_mock.server.wire import WireProtocol

SURPLUS = 50
"""Connections beyond the bound that are heard at all; of more, the one that has been silent longest goes."""

_NO_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
"""Makes the system reset a connection where it would end it in order."""


class BoundedProtocol(WireProtocol):
    """uvicorn's protocol for one connection, with bounds.

    Args:
        arguments: As for uvicorn's own.
        door: The bounds, and the counts.
        others: As for uvicorn's own.
    """

    def __init__(self, *arguments: Any, door: Door, **others: Any) -> None:
        super().__init__(*arguments, door=door, **others)
        self._limits = door.limits
        self._awaited = Part.FIRST_BYTE
        self._watched = Part.NOTHING
        self._timer: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._answering: RequestResponseCycle | None = None
        self._moved = False
        self._split = False
        self._unseen = 0

    @property
    def busy(self) -> bool:
        """Whether an answer is under way."""
        return self.cycle is not None and not self.cycle.response_complete

    # The transport calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Counts the connection; lets one that is too many be heard, but not served."""
        super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn says more than asyncio does
        self._door.open = len(self.connections)
        if len(self.connections) > self._limits.max_connections:
            self.app = self._own_app = self._surplus
            self._make_room()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops all clocks."""
        self._give_up()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()  # uvicorn forgets it where the client has reset the connection
        self._door.open = len(self.connections)
        self._door.surplus.pop(self, None)
        self._awaited = Part.NOTHING
        self._watch()
        self._taken()

    def data_received(self, data: bytes) -> None:
        """Reads on, and looks whether the client is too slow, or sends headers without end."""
        self._moved = False
        self._unseen += len(data)
        super().data_received(data)
        if self._moved:
            self._unseen = 0
        elif self._unseen > self._limits.max_header_bytes and not self.transport.is_closing():
            # Also what stands between the pieces of a body, or behind it: no application sees how long that is.
            self._end(self._door.too_large())
        self._split = self._awaited is Part.HEADERS
        if self._awaited is not self._watched:
            self._watch()

    def pause_writing(self) -> None:
        """Gives the client time to take what waits for it."""
        super().pause_writing()
        if self._stall is None:
            self._stall = self.loop.call_later(self._limits.answer_seconds, self._not_taken)

    def resume_writing(self) -> None:
        """The client took it."""
        super().resume_writing()
        self._taken()

    # The parser calls these.

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        if self._timer is not None:  # of what came before
            self._timer.cancel()
            self._timer = None
        self._awaited, self._watched = Part.HEADERS, Part.NOTHING
        self._moved = True

    def on_headers_complete(self) -> None:
        """Its headers are there."""
        self._awaited = Part.BODY
        self._moved = True
        before = self.cycle
        super().on_headers_complete()
        cycle = self.cycle
        if cycle is not before:
            cycle.default_headers = _Connected(cycle.default_headers, cycle.keep_alive, self._limits.idle_seconds)

    def defect(self) -> Refused | None:
        """Returns why the request is refused whose headers are complete; None if nothing is wrong with them."""
        most = self._limits.max_header_bytes
        # What came at once, and is shorter than the bound, need not be counted.
        counted = self._split or self._unseen > most
        size = sum(map(len, chain(*self.headers)), len(self.url) + 4 * len(self.headers)) if counted else 0
        if size > most or len(self.headers) > self._limits.max_headers:
            return self._door.too_large()
        return super().defect()

    def on_body(self, body: bytes) -> None:
        """A piece of its body is there."""
        self._moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """It is complete."""
        self._awaited = Part.NOTHING
        self._moved = True
        super().on_message_complete()

    # uvicorn calls these, and what parses.

    def refuse(self, refusal: Refused) -> None:
        """Ends the connection because of what came; a request before it is answered first."""
        if self._awaited is Part.HEADERS and self.busy:
            self.cycle.keep_alive = False
        else:
            self._end(refusal)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        """An answer is complete; what of it waits in a closing connection does not wait for ever."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._abort_later()

    def timeout_keep_alive_handler(self) -> None:
        """There was no further request."""
        super().timeout_keep_alive_handler()
        self._abort_later()

    def shutdown(self) -> None:
        """The server ends: requests that are complete may be answered, for others nobody waits."""
        if self._awaited is Part.NOTHING:
            super().shutdown()
        else:
            self._end(None)

    # Clocks.

    def _watch(self) -> None:
        """Starts the clock for what is awaited now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._watched = self._awaited
        if self._awaited is not Part.NOTHING:
            limits = self._limits
            seconds = limits.body_seconds if self._awaited is Part.BODY else limits.header_seconds
            self._timer = self.loop.call_later(seconds, self._too_slow)

    def _too_slow(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self._awaited is Part.BODY:
            if self.flow.read_paused or (self.busy and self.cycle.waiting_for_100_continue):
                self._watch()  # it is the mock that lets the body wait
                return
            self._door.slow_bodies += 1
            what, seconds = "body", self._limits.body_seconds
        else:
            self._door.slow_headers += 1
            what, seconds = "headers", self._limits.header_seconds
        detail = f"The {what} of the request did not come within {seconds:g} seconds."
        self._end(None if self._awaited is Part.FIRST_BYTE else Refused("request-too-slow", detail))

    def _not_taken(self) -> None:
        self._stall = None
        self._door.slow_readers += 1
        _reset(self.transport)

    def _taken(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _abort_later(self) -> None:
        if self._stall is None:
            self._stall = self.loop.call_later(self._limits.answer_seconds, _reset, self.transport)

    # Turning away.

    def _end(self, refusal: Refused | None) -> None:
        """Ends the connection, with an answer if one can be sent.

        Args:
            refusal: Why; None ends it without a word.
        """
        if refusal is not None and self._may_answer():
            self.transport.write(self._as_bytes(self._door.answer(refusal)))
        self._give_up()
        self.transport.close()
        self._abort_later()

    def _give_up(self) -> None:
        """Tells the application that its client is gone; uvicorn tells it of the latest request alone."""
        cycle = self._answering
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()

    def _may_answer(self) -> bool:
        if self.pipeline:  # an earlier request is to be answered first
            return False
        if self._awaited is Part.BODY:
            return self.busy and not self.cycle.response_started
        return not self.busy

    def _as_bytes(self, answer: Answer) -> bytes:
        lines = [STATUS_LINE[answer.status]]
        for name, value in (*self.server_state.default_headers, *last_headers(answer)):
            lines += [name, b": ", value, b"\r\n"]
        return b"".join((*lines, b"\r\n", answer.body))

    def _make_room(self) -> None:
        surplus = self._door.surplus
        surplus[self] = None
        if len(surplus) > SURPLUS:
            silent = next((one for one in surplus if isinstance(one, BoundedProtocol) and not one.busy), self)
            del surplus[silent]
            silent._end(self._door.full())

    async def _surplus(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["raw_path"].startswith(ALWAYS_ANSWERED):
            await self.config.loaded_app(scope, receive, closing(send))
        else:
            await self._door.turn_away(send, self._door.full())


class _Connected(list[tuple[bytes, bytes]]):
    """Headers of every answer; uvicorn adds those of one, and what becomes of the connection is told in between.

    Args:
        headers: The same for all answers.
        kept: Whether the connection is kept, unless the answer says otherwise.
        seconds: For how long.
    """

    def __init__(self, headers: list[tuple[bytes, bytes]], kept: bool, seconds: float) -> None:
        super().__init__(headers)
        told = (KEEP_ALIVE, (b"keep-alive", b"timeout=%d" % seconds)) if seconds >= 1 else (KEEP_ALIVE,)
        self._told = told if kept else (CLOSE,)

    def __add__(self, headers: Any) -> Any:
        return [*self, *headers] if CLOSE in headers else [*self, *self._told, *headers]


def break_off(send: object, *, reset: bool) -> None:
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
    if reset:
        _reset(cycle.transport)
    else:
        cycle.transport.close()  # sends what is still to be sent


def watching(send: object) -> Callable[[], bool]:
    """Returns what tells whether the client of a request has gone; where that cannot be known, it never has."""
    cycle = _cycle(send)
    return lambda: cycle is not None and bool(cycle.disconnected)


def _cycle(send: object) -> Any:
    """Returns uvicorn's object for one request and its answer, or None if another server is at work.

    It has no public way to its connections, but both of its protocols send by a method of such an object.
    """
    cycle = getattr(send, "__self__", None)
    return cycle if hasattr(cycle, "transport") and hasattr(cycle, "disconnected") else None


def _reset(transport: asyncio.Transport) -> None:
    """Resets a connection; what is still to be sent is not sent."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
