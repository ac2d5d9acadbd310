"""Faults at the edge: asked once the account of a request is known; what they do to its work, and to its answer."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from casavi_mock.accounts import Account
from casavi_mock.domain.faults import Asked, Effect, Fault
from casavi_mock.domain.model import Key
from casavi_mock.messages.answers import Answer, phrase
from casavi_mock.messages.request import Receive, Trail
from casavi_mock.system import monotonic

Gone = Callable[[], bool]
"""Tells whether the client has gone."""

Pause = Callable[[float, Gone], Awaitable[None]]
"""Waits so many seconds, as long as the client does."""

SendPart = Callable[[bytes, bool], Awaitable[None]]
"""Sends a part of an answer, and is told whether more follows."""

Watch = Callable[[object], Gone]
"""Returns what tells whether the client of a connection has gone."""

NO_STATUS = 0
"""Stands in the journal for a status where no answer was made."""

LOOK_SECONDS = 0.1
"""Seconds between two looks whether the client of a delayed request is still there."""

_sleep = asyncio.sleep  # bound here, as tests in this process may replace it

_in_thread = asyncio.to_thread
_SHORT_BYTES = 100_000

DRIP_SECONDS = 0.1
"""Seconds between two parts of an answer that comes slowly."""

_JOB_OUTCOMES = {"job-fails": "failed", "job-stalls": "stalled"}
_CUT = ("reset", "truncate", "lost-response")


class Injected(Exception):
    """Raised where a fault takes the place of all work, to leave the operation.

    Args:
        answer: What the client gets; of status 0 if it gets nothing.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Strikes:
    """Lets the faults of accounts take effect on requests.

    Args:
        media_type: Media type of error bodies.
        pause: Waits as long as an injected delay says.
        watch: Returns what tells whether the client of a connection has gone.
    """

    def __init__(self, media_type: str, pause: Pause, watch: Watch) -> None:
        self._media_type = media_type
        self._pause = pause
        self._watch = watch

    async def strike(self, account: Account, trail: Trail) -> None:
        """Lets the next fault of an account take effect on a request, whose trail names it then.

        Raises:
            Injected: No work is to be done.
        """
        assert trail.operation is not None, "an account is known in an operation alone"
        asked = await _asked(account, trail) if account.faults.looks(trail.operation) else None
        trail.fault = account.take_fault(trail.operation, asked, trail.refusing)
        trail.notes += [f"{one.id}: {one.effect.kind}" for one in trail.refusing]
        if (fault := trail.fault) is None:
            return
        effect = fault.effect
        trail.notes.append(f"{fault.id}: {effect.kind}")
        if effect.kind == "status":
            raise Injected(injected_answer(effect, trail.request_id, self._media_type))
        if effect.kind == "reset":
            raise Injected(Answer(NO_STATUS, b""))
        if effect.kind == "delay":
            assert effect.seconds is not None, "a delay has a length"
            gone = self._watch(trail.request.connection)
            await self._pause(effect.seconds, gone)
            if gone():  # nobody would have the answer, and an import could not be read any more
                raise Injected(Answer(NO_STATUS, b""))

    async def drip(self, body: bytes, rate: float, send: SendPart, connection: object) -> None:
        """Sends a body slowly, as long as the client is there.

        Args:
            body: All of it.
            rate: Bytes in a second.
            send: Sends a part, and is told whether more follow.
            connection: What the server knows the client by.
        """
        gone = self._watch(connection)
        size = max(round(rate * DRIP_SECONDS), 1)
        for start in range(0, len(body), size):
            part, more = body[start : start + size], start + size < len(body)
            await self._pause(len(part) / rate, gone)
            if gone():
                return
            await send(part, more)

    def cut(self, trail: Trail) -> str | None:
        """Returns how an answer is to be cut: `reset`, `truncate`, `lost-response`, or None if it is not."""
        kind = trail.fault and trail.fault.effect.kind
        if kind == "delay" and self._watch(trail.request.connection)():
            return "lost-response"
        return kind if kind in _CUT else None


async def _asked(account: Account, trail: Trail) -> Asked:
    """Returns what a call asks for; its body is read, and put back."""
    request, body = trail.request, trail.body
    if body is None:
        body = bytearray()
        messages: list[MutableMapping[str, Any]] = []
        more = True
        while more and len(body) <= account.settings.policy.max_body_bytes:  # more than that is refused
            message = await request.receive()
            messages.append(message)
            body += message.get("body", b"")
            more = bool(message.get("more_body"))
        trail.request = replace(request, receive=_Again(messages, request.receive))
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.items()}
    asked = Asked(request.method, request.path, request.query.decode("latin-1"), headers, bytes(body))
    if len(body) > _SHORT_BYTES:
        await _in_thread(lambda: asked.records)  # others must not wait for that
    return asked


class _Again:
    """Receives once more what was received, and then what follows."""

    def __init__(self, messages: list[MutableMapping[str, Any]], receive: Receive) -> None:
        self._messages = messages[::-1]
        self.before = receive

    async def __call__(self) -> MutableMapping[str, Any]:
        return self._messages.pop() if self._messages else await self.before()


def ordered_refusals(faults: Sequence[Fault]) -> dict[tuple[str, Key], str]:
    """Returns the rules by which faults refuse records, by entity and id."""
    return {(str(one.effect.entity), str(one.effect.id)): str(one.effect.rule) for one in faults}


def job_outcome(fault: Fault) -> str | None:
    """Returns what becomes of the job that a request creates, by command of a fault; None leaves it to its records."""
    return _JOB_OUTCOMES.get(fault.effect.kind)


async def pause(seconds: float, gone: Gone) -> None:
    """Waits by the wall clock, but not for a client that has gone.

    Args:
        seconds: How long, at least.
        gone: Tells whether the client has gone.
    """
    end = monotonic() + seconds  # the time of a loop may be that of its last round
    while not gone() and (left := end - monotonic()) > 0:  # uvicorn tells nobody when it is gone
        await _sleep(min(left, LOOK_SECONDS))


def injected_answer(effect: Effect, request_id: str, media_type: str) -> Answer:
    """Returns the answer of an effect `status`: like a refusal, but by no rule of the contract."""
    assert effect.status is not None, "an effect `status` has one"
    body = {
        "type": "urn:casavi-mock:injected",
        "title": phrase(effect.status) or "Injected Error",
        "status": effect.status,
        "detail": "This answer was injected by a fault of the mock.",
        "rule": "injected",
        "evidence": "assumed",
        "requestId": request_id,
    }
    seconds = effect.retry_after_seconds
    headers = [] if seconds is None else [(b"retry-after", str(seconds).encode())]
    headers += [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in effect.headers]
    kinds = [value for name, value in headers if name == b"content-type"]
    others = tuple((name, value) for name, value in headers if name != b"content-type")
    if effect.body is None:
        return Answer(effect.status, orjson.dumps(body), kinds[0] if kinds else media_type.encode(), others)
    kind = kinds[0] if kinds else b"text/html; charset=utf-8"
    return Answer(effect.status, effect.body.encode(), kind, others)
