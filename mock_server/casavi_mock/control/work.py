"""Verbs about jobs, their queue, and the time by which they move."""

from datetime import timedelta
from typing import Any

from casavi_mock.accounts import Account
from casavi_mock.control.asked import Asked, Handler, Reply, moment, nothing, reply
from casavi_mock.control.problems import Problem, refusing
from casavi_mock.domain.clock import LATEST, ClockError, timestamp
from casavi_mock.domain.jobs import Job, Progress
from casavi_mock.handlers.jobs import view as client_view


def list_jobs(asked: Asked) -> Reply:
    """Lists the jobs, newest first, with the number of their errors and warnings."""
    account = asked.account
    with account.lock:
        jobs = account.jobs()
        rows = [_line(account, job) for job in jobs[: asked.query["limit"]]]
        return reply({"jobs": rows, "count": len(jobs), "dropped": account.queue.dropped})


def get_job(asked: Asked) -> Reply:
    """Returns one job."""
    account = asked.account
    with account.lock:
        return reply(_view(account, _job(asked)))


def force_job(asked: Asked) -> Reply:
    """Decides how a job ends."""
    job = _job(asked)
    with refusing(409, "id"):
        asked.account.force(asked.body["outcome"], job.id)
    return nothing()


def force_next_job(asked: Asked) -> Reply:
    """Decides how the next job that starts will end."""
    asked.account.force(asked.body["outcome"], None)
    return nothing()


def get_queue(asked: Asked) -> Reply:
    """Tells whether the queue is held, and what waits in it."""
    account = asked.account
    with account.lock:
        queue = account.queue
        view = {
            "held": queue.held,
            "unfinished": queue.unfinished,
            "kept": len(queue),
            "dropped": queue.dropped,
            "transitions": _transitions(account.progress),
            "nextDueSeconds": account.next_due_seconds(),
        }
    return reply(view)


def hold(asked: Asked) -> Reply:
    """Stops the queue."""
    asked.account.hold()
    return get_queue(asked)


def release(asked: Asked) -> Reply:
    """Lets the queue go on."""
    asked.account.release()
    return get_queue(asked)


def step(asked: Asked) -> Reply:
    """Moves the first unfinished job."""
    return reply({"moved": asked.account.step(asked.body.get("what", "job"))})


def drain(asked: Asked) -> Reply:
    """Runs every unfinished job to its end."""
    return reply({"ended": asked.account.drain()})


def get_transitions(asked: Asked) -> Reply:
    """Tells how jobs move on."""
    return reply(_transitions(asked.account.progress))


def put_transitions(asked: Asked) -> Reply:
    """Changes how jobs move on; what is not named is as the server was started."""
    account, body = asked.account, asked.body
    default = account.settings.progress
    progress = Progress(
        mode=body.get("progression") or body["mode"],
        job_seconds=body.get("seconds", default.job_seconds),
        record_seconds=body.get("recordSeconds", default.record_seconds),
        polls=body.get("times", body.get("polls", default.polls)),
    )
    account.set_progress(progress)
    return get_transitions(asked)


def reset_transitions(asked: Asked) -> Reply:
    """Goes back to how the server was started."""
    asked.account.set_progress(asked.account.settings.progress)
    return get_transitions(asked)


def get_clock(asked: Asked) -> Reply:
    """Tells the time of the account."""
    account = asked.account
    with account.lock:
        return reply({"now": timestamp(account.clock.now()), "frozen": account.clock.frozen})


def freeze(asked: Asked) -> Reply:
    """Stops time."""
    at = asked.body.get("at")
    try:
        asked.account.freeze(None if at is None else moment(at))
    except ClockError as error:
        raise _cannot_go(error, "/at") from None
    return get_clock(asked)


def unfreeze(asked: Asked) -> Reply:
    """Lets time run again."""
    asked.account.unfreeze()
    return get_clock(asked)


def set_clock(asked: Asked) -> Reply:
    """Moves the clock forward to a moment."""
    try:
        asked.account.set_time(moment(asked.body["to"]))
    except ClockError as error:
        raise _cannot_go(error, "/to") from None
    return get_clock(asked)


def advance(asked: Asked) -> Reply:
    """Moves the clock forward by a step."""
    try:
        asked.account.advance(timedelta(**asked.body))
    except (ClockError, OverflowError) as error:
        raise Problem(409, f"{error}.", "", "a step that does not lead beyond the calendar", "a longer one") from None
    return get_clock(asked)


def issue_token(asked: Asked) -> Reply:
    """Gives out a token, as a log-in does."""
    account = asked.account
    with account.lock:
        token = account.tokens.issue(account.clock.now())
    return reply({"token": token.text.reveal(), "expiresAt": timestamp(token.expires_at)}, 201)


def expire_tokens(asked: Asked) -> Reply:
    """Ends every token of the account."""
    return reply({"expired": asked.account.expire_tokens()})


def _job(asked: Asked) -> Job:
    job = asked.account.read_job(asked.path["id"])
    if job is not None:
        return job
    raise Problem(404, "This account has no job with that id.", "id", "the id of a job, or next", "another text")


def _view(account: Account, job: Job) -> dict[str, Any]:
    return {**client_view(job, account.settings.policy.job_status_names), "state": str(job.state)}


def _line(account: Account, job: Job) -> dict[str, Any]:
    view = _view(account, job)
    errors, warnings = view.pop("errors"), view.pop("warnings")
    return {**view, "errorCount": len(errors), "warningCount": len(warnings)}


def _transitions(progress: Progress) -> dict[str, Any]:
    return {
        "progression": progress.mode,
        "seconds": progress.job_seconds,
        "recordSeconds": progress.record_seconds,
        "times": progress.polls,
    }


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
    "getTransitions": get_transitions,
    "putTransitions": put_transitions,
    "resetTransitions": reset_transitions,
    "getClock": get_clock,
    "freezeClock": freeze,
    "unfreezeClock": unfreeze,
    "setClock": set_clock,
    "advanceClock": advance,
    "issueToken": issue_token,
    "expireTokens": expire_tokens,
}
