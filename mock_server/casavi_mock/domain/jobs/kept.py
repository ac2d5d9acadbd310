"""How a queue stands, so that another run of the server goes on with it: a friend of `JobQueue`, and of no other."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from casavi_mock.domain.jobs.job import Counts, Ended, Job, Progress, errors_of
from casavi_mock.domain.jobs.line import JobQueue
from casavi_mock.domain.model import JobState, RecordError


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFacts:
    """What a queue knows beside its jobs; the names are explained there."""

    progress: Progress
    dropped: int
    refused: int
    done: int
    submitted: int
    free_at: datetime | None
    turns: int
    held_at: datetime | None
    force_next: str | None


class Running(NamedTuple):
    """How far the first unfinished job has come."""

    number: int
    forced: str | None
    started_at: datetime | None
    runs_from: datetime | None
    ends_at: datetime | None
    touched_at: datetime | None
    processed: int
    counts: tuple[int, ...]


def facts_of(queue: JobQueue) -> QueueFacts:
    """Returns what a queue knows beside its jobs."""
    return QueueFacts(
        progress=queue.progress,
        dropped=queue.dropped,
        refused=queue.refused,
        done=queue.done,
        submitted=queue.submitted,
        free_at=queue._free_at,
        turns=queue._turns,
        held_at=queue._held_at,
        force_next=queue.forced_next,
    )


def first_number(queue: JobQueue) -> int:
    """Returns the number of the first job that is kept, or would be."""
    return queue.submitted - len(queue)


def ended_number(queue: JobQueue) -> int:
    """Returns the number of the first job that has not ended, or would be."""
    return queue.submitted - queue.unfinished


def number_of(queue: JobQueue, job_id: str) -> int | None:
    """Returns the number of a job that has not begun; None if there is none with that id."""
    waiting = enumerate(queue._unfinished, ended_number(queue))
    return next((number for number, job in waiting if job.id == job_id and job.state is JobState.WAITING), None)


def ended_since(queue: JobQueue, number: int) -> list[tuple[int, str, Ended]]:
    """Returns number, id and what is kept of each ended job from a number on; jobs end in that order."""
    first = first_number(queue)
    skipped = max(number - first, 0)
    ids = islice(queue._ended, skipped, None)
    return [(first + skipped + place, job_id, queue._jobs[job_id]) for place, job_id in enumerate(ids)]


def running(queue: JobQueue) -> tuple[Running, Job] | None:
    """Returns the job that has begun and not ended, and how far it has come; None if there is none."""
    if not queue.unfinished or queue._unfinished[0].state is not JobState.ACTIVE:
        return None
    job = queue._unfinished[0]
    told = Running(
        ended_number(queue),
        job.forced,
        job.started_at,
        job.runs_from,
        job.ends_at,
        job.touched_at,
        job.processed,
        job.counts.numbers,
    )
    return told, job


def go_on(job: Job, told: Running, errors: Iterable[tuple[int, RecordError]]) -> None:
    """Takes a job that waits to where it had come.

    Args:
        job: The job.
        told: How far it had come.
        errors: Its errors, each with the place of its record in the plan.
    """
    assert job.importer is not None, "it has not ended"
    job.move(JobState.ACTIVE)
    job.forced = told.forced
    job.started_at, job.runs_from, job.ends_at = told.started_at, told.runs_from, told.ends_at
    job.touched_at, job.processed = told.touched_at, told.processed
    job.counts = Counts(dict(enumerate(told.counts)))
    for place, error in errors:
        job.importer.refuse(job.importer.plan.records[place], error)
        job.errors.append(error)
        job.refused_at.append(place)


def resume(queue: JobQueue, facts: QueueFacts, ended: Iterable[tuple[str, Ended]], unfinished: Iterable[Job]) -> None:
    """Lets a new queue go on where another one stood.

    Args:
        queue: One without jobs.
        facts: What the other one knew.
        ended: Id and what is kept of its ended jobs, in the order of their numbers.
        unfinished: Its other jobs, likewise.
    """
    queue.progress, queue.submitted = facts.progress, facts.submitted
    queue.dropped, queue.refused, queue.done = facts.dropped, facts.refused, facts.done
    queue._free_at, queue._turns = facts.free_at, facts.turns
    queue._held_at, queue.forced_next = facts.held_at, facts.force_next
    for job_id, kept in ended:
        queue._jobs[job_id] = kept
        queue._ended.append(job_id)
        queue._errors += errors_of(kept)
    for job in unfinished:
        queue._jobs[job.id] = job
        queue._unfinished.append(job)
        queue._waiting_bytes += job.size
    queue.submitted = max(queue.submitted, len(queue))
