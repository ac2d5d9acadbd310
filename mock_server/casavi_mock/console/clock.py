"""The time of an account: what it is, what falls due, and how it is stopped and moved."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson
from flask import Blueprint, request

from casavi_mock.accounts import Account
from casavi_mock.console.page import account, clock_version, desk, go_back, say, show, unchanged
from casavi_mock.console.texts import counted, moment_text
from casavi_mock.control.problems import Problem
from casavi_mock.domain.jobs import Job
from casavi_mock.domain.tokens import objection

pages = Blueprint("clock", __name__)

MAX_DUE = 20
"""Jobs whose end is reckoned ahead."""

STEPS = {"1-minute": {"minutes": 1}, "1-hour": {"hours": 1}, "1-day": {"days": 1}}
"""Steps that have a button."""


class Due(NamedTuple):
    """Something that will happen by itself when the clock gets there."""

    at: datetime
    what: str
    job: str | None = None


@pages.get("/clock")
def clock() -> Any:
    """The time, and what falls due."""
    return show("clock.html", **_seen(account()))


@pages.get("/clock/part")
def part() -> Any:
    """What falls due, for a page that looks whether that has changed."""
    of = account()
    return unchanged(_version(of)) or show("clock-part.html", **_seen(of))


@pages.post("/clock/<what>")
def move(what: str) -> Any:
    """Stops the clock, lets it run, or moves it; tells what fell due on the way."""
    of = account()
    before = _unfinished(of)
    verb, body = _command(what)
    told = desk().ask(verb, of, body=body)
    happened = _happened(of, before)
    stands = "stopped at" if told["frozen"] else "running, now"
    say(f"The clock is {stands} {told['now']}. {happened}")
    return go_back("clock.clock")


def _command(what: str) -> tuple[str, dict[str, Any] | None]:
    if what == "freeze":
        at = request.form.get("at", "").strip()
        return "freezeClock", {"at": at} if at else {}
    if what == "unfreeze":
        return "unfreezeClock", None
    if what == "set":
        return "setClock", {"to": request.form.get("to", "").strip()}
    if what in STEPS:
        return "advanceClock", STEPS[what]
    if what == "advance":
        unit, text = request.form.get("unit", "seconds"), request.form.get("number", "").strip()
        try:
            return "advanceClock", {unit: orjson.loads(text)}
        except orjson.JSONDecodeError:
            raise Problem(400, "How far? Send a number.", "number", "a number", "something else") from None
    raise Problem(404, "The console has no such page.")


def _unfinished(of: Account) -> set[str]:
    with of.lock:
        return {job.id for job in of.queue.next_jobs(of.queue.unfinished)}


def _happened(of: Account, before: set[str]) -> str:
    ended = len(before) - len(before & _unfinished(of))
    if not before:
        return "No job was under way."
    return f"{ended} of {len(before)} jobs ended."


def _seen(of: Account) -> dict[str, Any]:
    with of.lock:
        found = sorted(_due(of), key=lambda due: due.at)
        return {
            "now": of.clock.now(),
            "frozen": of.clock.frozen,
            "due": found,
            "waiting": max(of.queue.unfinished - MAX_DUE, 0),
            "queue": of.queue,
            "version": _version(of),
            "steps": STEPS,
            "now_text": moment_text(of.clock.now()),
        }


def _version(of: Account) -> str:
    queue = of.queue
    parts = (queue.unfinished, queue.done, queue.held, queue.progress, len(of.tokens), clock_version(of))
    return f"{hash(tuple(map(str, parts))) & 0xFFFFFFFFFF:x}"


def _due(of: Account) -> Iterator[Due]:
    now = of.clock.now()
    if of.queue.unfinished and not of.queue.held:
        yield from _ends(of, of.queue.next_jobs(MAX_DUE))
    good = [token.expires_at for token in of.tokens.by_name.values() if objection(token, now) is None]
    if good:
        yield Due(min(good), _first("good token", len(good), "expires"))
    ends = [job.finished_at for job in of.queue.jobs(now) if job.finished_at is not None]
    if ends:
        retention = of.settings.policy.job_retention
        yield Due(min(ends) + retention, _first("ended job", len(ends), "can no longer be read"))


def _first(what: str, number: int, happens: str) -> str:
    return f"the {what} {happens}" if number == 1 else f"the first of {counted(number, what)} {happens}"


def _ends(of: Account, jobs: list[Job]) -> Iterator[Due]:
    """Yields the ends of jobs, one after the other, as far as they come by the clock."""
    progress = of.progress
    free = of.clock.now()
    for job in jobs:
        if job.stalled or job.forced == "stalled" or (progress.manual and job.ends_at is None):
            return
        seconds = 0.0 if progress.immediate else progress.job_seconds + progress.record_seconds * job.total
        try:
            free = job.ends_at or free + timedelta(seconds=seconds)
        except OverflowError:
            return
        yield Due(free, "a job ends" if job.started_at else "a job that waits ends", job.id)
