"""The moments of a job, and its progress."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from tests.contracts.mutants.mutant import mutant
from tests.contracts.mutants.toolkit import Edit, change, edits, on, put, text
from tests.support.tamper import Forward, Request, Response

TIMES = ("createdAt", "startedAt", "finishedAt")

JOB = on("getJob").good()


def _each(edit: Edit) -> Edit:
    return edits(*(change(name, text(edit)) for name in TIMES))


def _moved(name: str, **step: float) -> Edit:
    return change(name, text(lambda told: _stamp(datetime.fromisoformat(told) + timedelta(**step))))


def _stamp(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _swapped(first: str, second: str) -> Edit:
    return lambda job: {**job, first: job[second], second: job[first]} if job["finishedAt"] else job


def _berlin(told: str) -> str:
    return datetime.fromisoformat(told).astimezone(timezone(timedelta(hours=1))).isoformat(timespec="milliseconds")


class CreatedNow:
    """Tells the moment of the look as that of creation."""

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        if request.operation != "getJob" or not response.ok:
            return response
        self._looks += 1
        job = response.json
        job["createdAt"] = _stamp(datetime.fromisoformat(job["createdAt"]) + timedelta(milliseconds=self._looks))
        return response.with_json(job)

    def __init__(self) -> None:
        self._looks = 0


def _progress(edit: Any) -> Edit:
    return change("progress", lambda told: {**told, **edit(told["processed"], told["total"])})


MUTANTS = (
    mutant(
        "job-times-without-zone",
        "The moments of a job have no time zone.",
        JOB.answer(_each(lambda told: told.rstrip("Z"))),
        check="moments-are-iso-8601-in-utc",
    ),
    mutant(
        "job-times-of-berlin",
        "The moments of a job are written in the time of Berlin.",
        JOB.answer(_each(_berlin)),
        check="moments-are-iso-8601-in-utc",
    ),
    mutant(
        "job-times-without-milliseconds",
        "The moments of a job have no milliseconds.",
        JOB.answer(_each(lambda told: f"{told[:19]}Z")),
        check="moments-are-iso-8601-in-utc",
    ),
    mutant(
        "job-times-an-hour-off",
        "The moments of a job are an hour ahead.",
        JOB.answer(edits(*(_moved(n, hours=1) for n in TIMES))),
        check="job-times-are-in-order",
    ),
    mutant(
        "job-times-an-hour-back",
        "The moments of a job are an hour behind.",
        JOB.answer(edits(*(_moved(n, hours=-1) for n in TIMES))),
        check="job-times-are-in-order",
    ),
    mutant(
        "job-created-a-date",
        "The creation of a job is told as a date.",
        JOB.answer(change("createdAt", lambda told: told[:10])),
        check="moments-are-iso-8601-in-utc",
    ),
    mutant(
        "job-created-a-number",
        "The creation of a job is told as a number.",
        JOB.answer(put("createdAt", 1767600000000)),
        check="moments-are-iso-8601-in-utc",
    ),
    mutant(
        "job-created-moves",
        "The creation of a job is another moment at each look.",
        CreatedNow,
        check="job-end-is-final",
    ),
    mutant(
        "job-created-after-its-end",
        "A job was created after it has ended.",
        JOB.answer(_swapped("createdAt", "finishedAt")),
        check="job-times-are-in-order",
    ),
    mutant(
        "job-created-in-1970",
        "Every job was created in 1970.",
        JOB.answer(put("createdAt", "1970-01-01T00:00:00.000Z")),
        check="job-times-are-in-order",
    ),
    mutant(
        "job-started-before-creation",
        "A job started before it was created.",
        JOB.answer(_moved("startedAt", seconds=-30)),
        check="job-times-are-in-order",
    ),
    mutant(
        "job-finished-before-start",
        "A job ended before it started.",
        JOB.answer(_moved("finishedAt", seconds=-30)),
        check="job-times-are-in-order",
    ),
    mutant(
        "job-finished-in-the-future",
        "A job ends a minute after it has ended.",
        JOB.answer(_moved("finishedAt", minutes=1)),
        check="job-times-are-in-order",
    ),
    mutant(
        "job-start-missing",
        "A job that has ended has no start.",
        JOB.answer(put("startedAt", None)),
        check="job-times-are-in-order",
    ),
    mutant(
        "job-end-missing",
        "A job that has ended has no end.",
        JOB.answer(put("finishedAt", None)),
        check="job-times-are-in-order",
    ),
    mutant(
        "job-end-always",
        "A job has an end while it runs.",
        JOB.answer(lambda job: {**job, "finishedAt": job["finishedAt"] or job["createdAt"]}),
        check="job-times-are-in-order",
    ),
    mutant(
        "job-start-always",
        "A job that waits has a start.",
        JOB.answer(
            lambda job: {
                **job,
                "startedAt": job["startedAt"] or job["createdAt"],
                "status": "waiting" if job["status"] == "active" else job["status"],
            }
        ),
        check="job-times-are-in-order",
    ),
    mutant(
        "job-progress-over-total",
        "More records are processed than there are.",
        JOB.answer(_progress(lambda p, t: {"processed": t + 1})),
        check="job-progress-only-grows",
    ),
    mutant(
        "job-progress-stays-at-zero",
        "The progress of a job stays at zero.",
        JOB.answer(_progress(lambda p, t: {"processed": 0})),
        check="job-progress-only-grows",
    ),
    mutant(
        "job-progress-one-short",
        "An ended job has processed all records but one.",
        JOB.answer(_progress(lambda p, t: {"processed": max(0, p - 1)})),
        check="job-progress-only-grows",
    ),
    mutant(
        "job-progress-in-percent",
        "The progress of a job is told in percent.",
        JOB.answer(_progress(lambda p, t: {"processed": 100 * p // t if t else 100, "total": 100})),
        check="job-progress-only-grows",
    ),
    mutant(
        "job-total-one-more",
        "The total of a job is one more than its records.",
        JOB.answer(_progress(lambda p, t: {"total": t + 1})),
        check="job-progress-only-grows",
    ),
    mutant(
        "job-total-one-less",
        "Total and progress of a job are one less than its records.",
        JOB.answer(_progress(lambda p, t: {"total": max(t - 1, 0), "processed": max(min(p, t - 1), 0)})),
        check="job-progress-only-grows",
    ),
    mutant(
        "job-total-grows",
        "The total of a job is what is processed so far.",
        JOB.answer(_progress(lambda p, t: {"total": p})),
        check="job-progress-only-grows",
    ),
    mutant(
        "job-total-negative",
        "The progress of a job is negative.",
        JOB.answer(_progress(lambda p, t: {"processed": -1})),
        check="job-progress-only-grows",
    ),
)
