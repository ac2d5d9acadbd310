"""Verbs about jobs, their queue, and the time by which they move."""

from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

from casavi_mock.accounts import Account
from casavi_mock.control.call import Call, Handler, Reply, moment, nothing, reply
from casavi_mock.control.problems import Problem, refusing
from casavi_mock.domain.clock import LATEST, ClockError, timestamp
from casavi_mock.domain.jobs import Job
from casavi_mock.handlers.jobs import status_of
from casavi_mock.handlers.jobs import view as client_view


def list_jobs(call: Call) -> Reply:
    """Lists the jobs, newest first, with the number of their errors and warnings."""
    account = call.account
    with account.lock:
        jobs = account.jobs()
        rows = [_line(account, job) for job in jobs[: call.query["limit"]]]
        return reply({"jobs": rows, "count": len(jobs), "dropped": account.queue.dropped})


def get_job(call: Call) -> Reply:
    """Returns one job."""
    account = call.account
    with account.lock:
        return reply(_view(account, _job(call)))


def force_job(call: Call) -> Reply:
    """Decides how a job ends."""
    job = _job(call)
    with refusing(409, "id"):
        call.account.force(call.body["outcome"], job.id)
    return nothing()


def force_next_job(call: Call) -> Reply:
    """Decides how the next job that starts will end."""
    call.account.force(call.body["outcome"], None)
    return nothing()


def get_queue(call: Call) -> Reply:
    """Tells whether the queue is held, what waits in it, and how jobs move on."""
    account = call.account
    with account.lock:
        queue = account.queue
        view = {
            "held": queue.held,
            "unfinished": queue.unfinished,
            "kept": len(queue),
            "dropped": queue.dropped,
            **asdict(account.progress),
            "nextDueSeconds": account.next_due_seconds(),
        }
    return reply(view)


def hold(call: Call) -> Reply:
    """Stops the queue."""
    call.account.hold()
    return get_queue(call)


def release(call: Call) -> Reply:
    """Lets the queue go on."""
    call.account.release()
    return get_queue(call)


def step(call: Call) -> Reply:
    """Moves the first unfinished job."""
    return reply({"moved": call.account.step(call.body.get("what", "job"))})


def drain(call: Call) -> Reply:
    """Runs every unfinished job to its end."""
    return reply({"ended": call.account.drain()})


def put_queue(call: Call) -> Reply:
    """Changes how jobs move on; what is not named is as the server was started."""
    account = call.account
    account.set_progress(replace(account.settings.progress, **call.body))
    return get_queue(call)


def get_clock(call: Call) -> Reply:
    """Tells the time of the account."""
    account = call.account
    with account.lock:
        return reply({"now": timestamp(account.clock.now()), "frozen": account.clock.frozen})


def freeze(call: Call) -> Reply:
    """Stops time."""
    at = call.body.get("at")
    try:
        call.account.freeze(None if at is None else moment(at))
    except ClockError as error:
        raise _cannot_go(error, "/at") from None
    return get_clock(call)


def unfreeze(call: Call) -> Reply:
    """Lets time run again."""
    call.account.unfreeze()
    return get_clock(call)


def set_clock(call: Call) -> Reply:
    """Moves the clock forward to a moment."""
    try:
        call.account.set_time(moment(call.body["to"]))
    except ClockError as error:
        raise _cannot_go(error, "/to") from None
    return get_clock(call)


def advance(call: Call) -> Reply:
    """Moves the clock forward by a step."""
    try:
        call.account.advance(timedelta(**call.body))
    except (ClockError, OverflowError) as error:
        raise Problem(409, f"{error}.", "", "a step that does not lead beyond the calendar", "a longer one") from None
    return get_clock(call)


def issue_token(call: Call) -> Reply:
    """Gives out a token, as a log-in does."""
    token = call.account.issue_token()
    return reply({"token": token.text.reveal(), "expiresAt": timestamp(token.expires_at)}, 201)


def expire_tokens(call: Call) -> Reply:
    """Ends every token of the account."""
    return reply({"expired": call.account.expire_tokens()})


def _job(call: Call) -> Job:
    job = call.account.read_job(call.path["id"])
    if job is not None:
        return job
    raise Problem(404, "This account has no job with that id.", "id", "the id of a job, or next", "another text")


def _view(account: Account, job: Job) -> dict[str, Any]:
    return {**client_view(job, status_of(job, account.settings)), "state": str(job.state)}


def _line(account: Account, job: Job) -> dict[str, Any]:
    view = _view(account, job)
    errors, warnings = view.pop("errors"), view.pop("warnings")
    return {**view, "errorCount": len(errors), "warningCount": len(warnings)}


def _cannot_go(error: ClockError, where: str) -> Problem:
    detail = f"{error}. POST /_mock/reset sets the clock back, with everything else."
    expected = f"a moment that is not past, up to {LATEST:%Y-%m-%d}"
    return Problem(409, f"{where}: {detail}", where, expected, "another one")


HANDLERS: dict[str, Handler] = {
    "listJobs": list_jobs,
    "getJob": get_job,
    "forceJob": force_job,
    "forceNextJob": force_next_job,
    "getQueue": get_queue,
    "holdQueue": hold,
    "releaseQueue": release,
    "stepQueue": step,
    "drainQueue": drain,
    "putQueue": put_queue,
    "getClock": get_clock,
    "freezeClock": freeze,
    "unfreezeClock": unfreeze,
    "setClock": set_clock,
    "advanceClock": advance,
    "issueToken": issue_token,
    "expireTokens": expire_tokens,
}
