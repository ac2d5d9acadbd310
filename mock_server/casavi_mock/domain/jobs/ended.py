"""Ended jobs, of which there are many, in a form that takes little room."""

import struct
from datetime import UTC, datetime, timedelta

from casavi_mock.domain.jobs.counts import Counts
from casavi_mock.domain.jobs.job import Job
from casavi_mock.domain.model import JobState

Ended = Job | bytes
"""An ended job as it is kept: packed, or itself where it has more to tell than moments and numbers."""

_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_UNIT = timedelta(microseconds=1)
_STATES = tuple(JobState)
_HEAD = struct.Struct("<qqqB")
"""When it was created, started and finished; its state."""
_COUNT = struct.Struct("<BI")
"""A place in the counts, and the number there; places without one are left out."""


def packed(job: Job) -> Ended:
    """Returns an ended job as it is to be kept."""
    if job.errors or job.warnings or job.forced is not None:
        return job
    assert job.started_at is not None and job.finished_at is not None, "it has ended"  # noqa: PT018
    moments = [(moment - _ZERO) // _UNIT for moment in (job.created_at, job.started_at, job.finished_at)]
    counts = [_COUNT.pack(place, number) for place, number in enumerate(job.counts.numbers) if number]
    return _HEAD.pack(*moments, _STATES.index(job.state)) + b"".join(counts)


def unpacked(job_id: str, kept: Ended) -> Job:
    """Returns an ended job.

    Args:
        job_id: Its id.
        kept: What `packed` made of it.
    """
    if isinstance(kept, Job):
        return kept
    created, started, finished, state = _HEAD.unpack_from(kept)
    counts = Counts(dict(_COUNT.iter_unpack(kept[_HEAD.size :])))
    total = sum(counts.numbers)  # without errors, every record is counted
    created_at, started_at, finished_at = _moment(created), _moment(started), _moment(finished)
    return Job(
        id=job_id,
        created_at=created_at,
        total=total,
        warnings=[],
        state=_STATES[state],
        started_at=started_at,
        runs_from=started_at,
        ends_at=finished_at,
        finished_at=finished_at,
        touched_at=finished_at,
        processed=total,
        counts=counts,
    )


def end_of(kept: Ended) -> datetime | None:
    """Returns when an ended job ended."""
    return kept.finished_at if isinstance(kept, Job) else _moment(_HEAD.unpack_from(kept)[2])


def errors_of(kept: Ended) -> int:
    """Returns how many errors an ended job holds."""
    return len(kept.errors) if isinstance(kept, Job) else 0


def _moment(number: int) -> datetime:
    return _ZERO + timedelta(microseconds=number)
