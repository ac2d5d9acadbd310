"""Verbs about jobs, their queue, and the time by which they move."""

from datetime import timedelta
from typing import Any

from casavi_mock.domain.clock import LATEST, ClockError, timestamp
from casavi_mock.domain.jobs import Job, Progress
from casavi_mock.handlers.jobs import view as client_view
from casavi_mock.web.control.asked import Asked, Handler, Reply, moment, nothing, reply
from casavi_mock.web.control.problems import Problem, refusing
from casavi_mock.world import World


def list_jobs(asked: Asked) -> Reply:
    """Lists the jobs, newest first, with the number of their errors and warnings."""
    world = asked.world
    with world.lock:
        jobs = world.jobs()
        rows = [_line(world, job) for job in jobs[: asked.query["limit"]]]
        return reply({"jobs": rows, "count": len(jobs), "dropped": world.queue.dropped})


def get_job(asked: Asked) -> Reply:
    """Returns one job."""
    world = asked.world
    with world.lock:
        return reply(_view(world, _job(asked)))


def force_job(asked: Asked) -> Reply:
    """Decides how a job ends."""
    job = _job(asked)
    with refusing(409, "id"):
        asked.world.force(asked.body["outcome"], job.id)
    return nothing()


def force_next_job(asked: Asked) -> Reply:
    """Decides how the next job that starts will end."""
    asked.world.force(asked.body["outcome"], None)
    return nothing()


def get_queue(asked: Asked) -> Reply:
    """Tells whether the queue is held, and what waits in it."""
    world = asked.world
    with world.lock:
        queue = world.queue
        view = {
            "held": queue.held,
            "unfinished": queue.unfinished,
            "kept": len(queue),
            "dropped": queue.dropped,
            "transitions": _transitions(world.progress),
            "nextDueSeconds": world.next_due_seconds(),
        }
    return reply(view)


def hold(asked: Asked) -> Reply:
    """Stops the queue."""
    asked.world.hold()
    return get_queue(asked)


def release(asked: Asked) -> Reply:
    """Lets the queue go on."""
    asked.world.release()
    return get_queue(asked)


def step(asked: Asked) -> Reply:
    """Moves the first unfinished job."""
    return reply({"moved": asked.world.step(asked.body.get("what", "job"))})


def drain(asked: Asked) -> Reply:
    """Runs every unfinished job to its end."""
    return reply({"ended": asked.world.drain()})


def get_transitions(asked: Asked) -> Reply:
    """Tells how jobs move on."""
    return reply(_transitions(asked.world.progress))


def put_transitions(asked: Asked) -> Reply:
    """Changes how jobs move on; what is not named is as the server was started."""
    world, body = asked.world, asked.body
    default = world.settings.progress
    progress = Progress(
        mode=body.get("progression") or body["mode"],
        job_seconds=body.get("seconds", default.job_seconds),
        record_seconds=body.get("recordSeconds", default.record_seconds),
        polls=body.get("times", body.get("polls", default.polls)),
    )
    world.set_progress(progress)
    return get_transitions(asked)


def reset_transitions(asked: Asked) -> Reply:
    """Goes back to how the server was started."""
    asked.world.set_progress(asked.world.settings.progress)
    return get_transitions(asked)


def get_clock(asked: Asked) -> Reply:
    """Tells the time of the account."""
    world = asked.world
    with world.lock:
        return reply({"now": timestamp(world.clock.now()), "frozen": world.clock.frozen})


def freeze(asked: Asked) -> Reply:
    """Stops time."""
    at = asked.body.get("at")
    try:
        asked.world.freeze(None if at is None else moment(at))
    except ClockError as error:
        raise _cannot_go(error, "/at") from None
    return get_clock(asked)


def unfreeze(asked: Asked) -> Reply:
    """Lets time run again."""
    asked.world.unfreeze()
    return get_clock(asked)


def set_clock(asked: Asked) -> Reply:
    """Moves the clock forward to a moment."""
    try:
        asked.world.set_time(moment(asked.body["to"]))
    except ClockError as error:
        raise _cannot_go(error, "/to") from None
    return get_clock(asked)


def advance(asked: Asked) -> Reply:
    """Moves the clock forward by a step."""
    try:
        asked.world.advance(timedelta(**asked.body))
    except (ClockError, OverflowError) as error:
        raise Problem(409, f"{error}.", "", "a step that does not lead beyond the calendar", "a longer one") from None
    return get_clock(asked)


def issue_token(asked: Asked) -> Reply:
    """Gives out a token, as a log-in does."""
    world = asked.world
    with world.lock:
        token = world.tokens.issue(world.clock.now())
    return reply({"token": token.text.reveal(), "expiresAt": timestamp(token.expires_at)}, 201)


def expire_tokens(asked: Asked) -> Reply:
    """Ends every token of the account."""
    return reply({"expired": asked.world.expire_tokens()})


def _job(asked: Asked) -> Job:
    job_id = asked.path["id"]
    for job in asked.world.jobs():
        if job.id == job_id:
            return job
    raise Problem(404, "This account has no job with that id.", "id", "the id of a job, or next", "another text")


def _view(world: World, job: Job) -> dict[str, Any]:
    return {**client_view(job, world.settings.policy.job_status_names), "state": str(job.state)}


def _line(world: World, job: Job) -> dict[str, Any]:
    view = _view(world, job)
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
