"""Jobs: the list, one job with its timeline and its refusals, and the commands to their queue."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson
from flask import Blueprint, request

from casavi_contracts import spec
from casavi_mock.accounts import Account
from casavi_mock.console.advice import value_sent, would_pass
from casavi_mock.console.page import (
    PER_PAGE,
    account,
    account_or_none,
    desk,
    go_back,
    number,
    say,
    show,
    unchanged,
)
from casavi_mock.console.texts import counted, weight
from casavi_mock.control.problems import Problem
from casavi_mock.domain.faults import IMPORT
from casavi_mock.domain.jobs import OUTCOMES, PROGRESS, Job
from casavi_mock.domain.journal import Exchange
from casavi_mock.domain.model import JobState, RecordError
from casavi_mock.handlers.jobs import status_of

pages = Blueprint("jobs", __name__)

REFUSALS_PER_PAGE = 8
MAX_LOOKS = 40
"""Looks of the client at a job that its timeline shows."""

MAX_PAYLOAD = 14_000
"""Bytes that a payload may take in the page of its job; a longer one is edited on a page of its own."""


class Row(NamedTuple):
    """A job as the list shows it."""

    id: str
    state: str
    status: str
    """As clients see it."""
    created: datetime
    took: timedelta | None
    """On the clock of the account, so far or to its end."""
    done: int
    total: int
    refused: int
    warnings: int
    forced: str | None


class Event(NamedTuple):
    """An entry of a timeline."""

    at: datetime
    what: str
    exchange: int | None = None


@pages.get("/")
@pages.get("/jobs")
def jobs() -> Any:
    """Lists the jobs, the newest first."""
    of = account_or_none()
    if of is None:
        return show("accounts-none.html")
    start = number("from")
    found = list_version(of, start)
    return show("jobs.html", **_listed(of, start, found), outcomes=OUTCOMES, modes=PROGRESS)


@pages.get("/jobs/rows")
def rows() -> Any:
    """The list alone, for a page that looks whether something has changed."""
    of, start = account(), number("from")
    version = list_version(of, start)
    return unchanged(version) or show("jobs-rows.html", **_listed(of, start, version))


@pages.get("/jobs/<job_id>")
def job(job_id: str) -> Any:
    """One job."""
    return show("job.html", outcomes=OUTCOMES, **_one(account(), job_id))


@pages.get("/jobs/<job_id>/part")
def part(job_id: str) -> Any:
    """What changes of one job, for a page that looks whether something has."""
    of = account()
    found = _found(of, job_id)
    return unchanged(job_version(of, found)) or show("job-part.html", **_one(of, job_id))


@pages.post("/jobs/<job_id>/outcome")
def force(job_id: str) -> Any:
    """Decides how a job ends."""
    outcome = request.form.get("outcome", "")
    desk().ask("forceJob", account(), path={"id": job_id}, body={"outcome": outcome})
    say(f"The job was forced: {outcome}.")
    return go_back("jobs.jobs")


@pages.post("/jobs/next/outcome")
def force_next() -> Any:
    """Decides how the next job that starts will end."""
    outcome = request.form.get("outcome", "")
    desk().ask("forceNextJob", account(), body={"outcome": outcome})
    say(f"The next job that starts is forced: {outcome}.")
    return go_back("jobs.jobs")


@pages.post("/queue/<what>")
def queue(what: str) -> Any:
    """Holds, releases, steps or drains the queue, or changes how jobs move on."""
    of = account()
    if what == "hold":
        desk().ask("holdQueue", of)
        say("The queue is held: no job moves.")
    elif what == "release":
        desk().ask("releaseQueue", of)
        say("Jobs move again.")
    elif what in ("step-record", "step-job"):
        moved = desk().ask("stepQueue", of, body={"what": what.removeprefix("step-")})["moved"]
        say("The first unfinished job moved." if moved else "There is nothing to move.")
    elif what == "drain":
        say(f"{counted(desk().ask('drainQueue', of)['ended'], 'job')} ended.")
    elif what == "progress":
        told = desk().ask("putQueue", of, body=_progress())
        say(f"Jobs move on: {told['progress']}.")
    else:
        raise Problem(404, "The console has no such page.")
    return go_back("jobs.jobs")


def _progress() -> dict[str, Any]:
    """Returns what a form says of how jobs move on; empty fields are left out."""
    body: dict[str, Any] = {"progress": request.form.get("progress", "")}
    for name in ("job_seconds", "record_seconds", "polls"):
        text = request.form.get(name, "").strip()
        if text:
            body[name] = _plain_number(text)
    return body


def _plain_number(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text  # the document says what is wrong with it


def _listed(of: Account, start: int, version: str) -> dict[str, Any]:
    with of.lock:
        found = of.jobs()
        queue = of.queue
        now = of.clock.now()
        shown = [_row(one, status_of(one, of.settings), now) for one in found[start : start + PER_PAGE]]
        return {
            "rows": shown,
            "count": len(found),
            "start": start,
            "per_page": PER_PAGE,
            "version": version,
            "queue": queue,
            "due": of.next_due_seconds(),
            "import_url": desk().base_url() + import_path(of),
        }


def _row(one: Job, status: str, now: datetime) -> Row:
    took = None if one.started_at is None else (one.finished_at or max(now, one.started_at)) - one.started_at
    return Row(
        one.id,
        str(one.state),
        status,
        one.created_at,
        took,
        one.processed,
        one.total,
        one.counts.totals().get("refused", 0),
        len(one.warnings),
        one.forced,
    )


def import_path(of: Account) -> str:
    """Returns the path of the import in this server's contract."""
    operations = spec.operations(dict(of.settings.document))
    return next(path for path, _, operation in operations if operation["operationId"] == IMPORT)


def list_version(of: Account, start: int) -> str:
    """Returns a text that is another one when the list has changed; cheap while no job is under way."""
    queue = of.queue
    parts: list[object] = [start, id(queue) % 99_991, len(queue), queue.dropped, queue.done, queue.held, queue.progress]
    parts.append(queue.forced_next)
    if queue.unfinished:
        with of.lock:
            moving = queue.next_jobs(PER_PAGE)
        parts += [queue.unfinished, *((one.id, str(one.state), one.processed, one.forced) for one in moving)]
    return f"{hash(tuple(map(str, parts))) & 0xFFFFFFFFFF:x}"


def job_version(of: Account, found: Job) -> str:
    """Returns a text that is another one when a job has changed, or what is known of its exchanges."""
    last = of.journal.last_number
    parts = (found.state, found.processed, found.forced, found.ends_at, of.queue.held, of.clock.frozen, last)
    return f"{hash(tuple(map(str, parts))) & 0xFFFFFFFFFF:x}"


def _found(of: Account, job_id: str) -> Job:
    """Returns a job without counting as a look of the test, which would excuse a client that never looks.

    Raises:
        Problem: There is none.
    """
    with of.lock:
        found = of.queue.find(job_id, of.clock.now())
    if found is None:
        raise Problem(404, "This account has no job with that id; jobs go when their time is over, and with a reset.")
    return found


def _one(of: Account, job_id: str) -> dict[str, Any]:
    found = _found(of, job_id)
    start = number("from")
    exchanges = of.journal.find(job=job_id)
    origin = next((one for one in exchanges if one.operation == IMPORT), None)
    body = whole_body(origin) if origin else None
    parsed = _parsed(body)
    shown = found.errors[start : start + REFUSALS_PER_PAGE]
    return {
        "job": found,
        "status": status_of(found, of.settings),
        "row": _row(found, status_of(found, of.settings), of.clock.now()),
        "events": _timeline(of, found, exchanges),
        "looks": max(len(exchanges) - 1 - MAX_LOOKS, 0),
        "counts": found.counts.view(),
        "refusals": [_explained(of, error, parsed) for error in shown],
        "start": start,
        "per_page": REFUSALS_PER_PAGE,
        "origin": origin,
        "editable": editable(body, MAX_PAYLOAD),
        "version": job_version(of, found),
        "queue": of.queue,
    }


def _parsed(body: bytes | None) -> Any:
    try:
        return None if body is None else orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def whole_body(exchange: Exchange) -> bytes | None:
    """Returns the body of a request, None if the journal keeps only its beginning, or it is no text."""
    if len(exchange.request_body) != exchange.request_bytes:
        return None
    try:
        exchange.request_body.decode()
    except UnicodeDecodeError:
        return None
    return exchange.request_body


def editable(body: bytes | None, most: int) -> str | None:
    """Returns a payload that can be edited in a page, None if it would take more bytes there than it may."""
    if body is None:
        return None
    text = body.decode(errors="replace")
    return text if weight(text) <= most else None


def _explained(of: Account, error: RecordError, body: Any) -> dict[str, Any]:
    known = of.settings.rules.get(error.rule)
    entity, missing = error.missing or ("", None)
    position = None if missing is None else of.store.position(entity, missing)
    return {
        "error": error,
        "title": known.title if known else error.rule,
        "pass": would_pass(of, error),
        "sent": value_sent(body, error),
        "position": position,
    }


def _timeline(of: Account, found: Job, exchanges: list[Exchange]) -> list[Event]:
    names = of.settings.policy.job_status_names
    origin = next((one for one in exchanges if one.operation == IMPORT), None)
    by = f" ({origin.method} {origin.path} answered {origin.status})" if origin else ""
    events = [Event(found.created_at, f"accepted: {names[JobState.WAITING]}{by}", origin and origin.number)]
    if found.started_at is not None:
        events.append(Event(found.started_at, f"started: {names[JobState.ACTIVE]}"))
    if found.finished_at is not None:
        events.append(Event(found.finished_at, f"ended: {status_of(found, of.settings)}"))
    for one in [one for one in exchanges if one is not origin][-MAX_LOOKS:]:
        told = one.job_status or one.rule or "nothing"
        events.append(Event(one.at, f"the client looked, and was told: {told}", one.number))
    if found.ends_at is not None and found.finished_at is None and not of.queue.held:
        events.append(Event(found.ends_at, "is due to end"))
    return sorted(events, key=lambda event: event.at)  # stable: what comes first at the same moment stays first
