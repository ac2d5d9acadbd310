"""The queue of one account: jobs run first in, first out, and move with the clock that they are given.

How long a job takes is a matter of arithmetic on its times, never of when somebody looks: whenever `run_due` is called,
afterwards everything stands as if it had run at its own moment.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from casavi_mock.domain.importing import Importer
from casavi_mock.domain.model import ENTITIES, TRANSITIONS, JobState, Outcome, RecordError, RecordWarning
from casavi_mock.domain.ordering import Plan

TICK = timedelta(milliseconds=10)
"""The shortest time between two looks at a running job."""

MODES = ("immediate", "time", "manual")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How jobs move on."""

    mode: str = "time"
    """`immediate`: at once. `time`: by the clock. `manual`: by so many polls, or an explicit step."""
    job_seconds: float = 0.2
    """In mode `time`: seconds that every job takes."""
    record_seconds: float = 0.0
    """In mode `time`: seconds that every record adds."""
    polls: int = 1
    """In mode `manual`: polls that move a job from one state to the next; 0 leaves it to explicit steps."""


@dataclass(slots=True, eq=False)
class Job:
    """One import on its way."""

    id: str
    created_at: datetime
    total: int
    """Records in the request."""
    warnings: list[RecordWarning]
    state: JobState = JobState.WAITING
    started_at: datetime | None = None
    ends_at: datetime | None = None
    """When it is due to end; None while that is not settled."""
    finished_at: datetime | None = None
    processed: int = 0
    counts: dict[str, dict[Outcome, int]] = field(
        default_factory=lambda: {entity: dict.fromkeys(Outcome, 0) for entity in ENTITIES}
    )
    errors: list[RecordError] = field(default_factory=list)
    importer: Importer | None = None
    """Holds the request until the job has ended."""

    @property
    def ended(self) -> bool:
        """Whether the state is final."""
        return not TRANSITIONS[self.state]

    def move(self, state: JobState) -> None:
        """Changes the state.

        Raises:
            ValueError: The state cannot follow the present one.
        """
        if state not in TRANSITIONS[self.state]:
            raise ValueError(f"a job cannot go from {self.state} to {state}")
        self.state = state

    def records_due(self, now: datetime) -> int:
        """Returns how many records should be done by a moment."""
        if self.started_at is None or self.ends_at is None:
            return 0
        if now >= self.ends_at:
            return self.total
        if now <= self.started_at:  # the system's clock was set back
            return 0
        return int(self.total * ((now - self.started_at) / (self.ends_at - self.started_at)))


class QueueFull(Exception):
    """The account has as many unfinished jobs as it may have."""


class JobQueue:
    """Jobs of one account.

    Args:
        progress: How jobs move on.
        retention: How long an ended job can be read.
        max_waiting: Unfinished jobs that may be in the queue.
        max_kept: Jobs that are kept at all; beyond, the oldest ended ones go and are counted in `dropped`.
        on_end: Told of every job that ends.
    """

    def __init__(
        self,
        progress: Progress,
        retention: timedelta,
        max_waiting: int,
        max_kept: int,
        on_end: Callable[[Job], None] = lambda job: None,
    ) -> None:
        self.progress = progress
        self.dropped = 0
        self._retention = retention
        self._max_waiting = max_waiting
        self._max_kept = max_kept
        self._on_end = on_end
        self._jobs: dict[str, Job] = {}
        self._unfinished: deque[Job] = deque()
        self._ended: deque[Job] = deque()
        self._free_at: datetime | None = None
        self._turns = 0

    def __len__(self) -> int:
        return len(self._jobs)

    @property
    def unfinished(self) -> int:
        """How many jobs have not ended."""
        return len(self._unfinished)

    @property
    def full(self) -> bool:
        """Whether there are as many unfinished jobs as there may be."""
        return len(self._unfinished) >= self._max_waiting

    def submit(self, job_id: str, plan: Plan, importer: Importer, now: datetime) -> Job:
        """Takes an import into the queue.

        Raises:
            QueueFull: There are `max_waiting` unfinished jobs.
        """
        if self.full:
            raise QueueFull
        job = Job(job_id, now, len(plan.records), importer.warnings, importer=importer)
        self._jobs[job_id] = job
        self._unfinished.append(job)
        self._forget(now)
        return job

    def find(self, job_id: str, now: datetime) -> Job | None:
        """Returns a job, or None if there is none, or none any more."""
        job = self._jobs.get(job_id)
        if job is None or (job.finished_at is not None and now - job.finished_at > self._retention):
            return None
        return job

    def poll(self, now: datetime) -> None:
        """Counts one poll; in mode `manual`, enough of them move the first unfinished job to its next state."""
        if self.progress.mode != "manual" or self.progress.polls == 0 or not self._unfinished:
            return
        self._turns += 1
        if self._turns >= self.progress.polls:
            self.turn(now)

    def turn(self, now: datetime) -> None:
        """Moves the first unfinished job to its next state: from waiting to active, from active to its end."""
        self._turns = 0
        if not self._unfinished:
            return
        job = self._unfinished[0]
        if job.state is JobState.WAITING:
            self._start(job, now, None)
        elif job.ends_at is None:
            job.ends_at = now

    def run_due(self, now: datetime, max_records: int) -> bool:
        """Does what is due, up to so many records.

        Returns:
            Whether more is due already.
        """
        while max_records > 0 and (job := self._current(now)) is not None:
            due = job.records_due(now)
            while job.processed < due and max_records > 0:
                self._import_next(job)
                max_records -= 1
            if job.processed < due:
                return True
            if job.ends_at is None or now < job.ends_at:
                return False
            self._finish(job, job.ends_at)
            max_records -= 1
        return self._current(now) is not None and self.next_due(now) == now

    def next_due(self, now: datetime) -> datetime | None:
        """Returns when there is something to do next, `now` if at once, None if nothing is planned."""
        if not self._unfinished:
            return None
        job = self._unfinished[0]
        if job.started_at is None:
            return None if self.progress.mode == "manual" else now
        if job.ends_at is None:
            return None
        if now >= job.ends_at or job.processed < job.records_due(now):
            return now
        return min(job.ends_at, now + TICK) if job.total > 1 else job.ends_at

    def _current(self, now: datetime) -> Job | None:
        """Returns the running job; starts the next one if none runs."""
        if not self._unfinished:
            return None
        job = self._unfinished[0]
        if job.state is JobState.WAITING:
            if self.progress.mode == "manual":
                return None
            started = max(job.created_at, self._free_at or job.created_at)
            self._start(job, started, started + self._duration(job))
        return job

    def _start(self, job: Job, now: datetime, ends_at: datetime | None) -> None:
        job.move(JobState.ACTIVE)
        job.started_at, job.ends_at = now, ends_at

    def _duration(self, job: Job) -> timedelta:
        if self.progress.mode == "immediate":
            return timedelta()
        return timedelta(seconds=self.progress.job_seconds + self.progress.record_seconds * job.total)

    def _import_next(self, job: Job) -> None:
        assert job.importer is not None, "kept until the job has ended"
        assert job.started_at is not None and job.ends_at is not None, "records are due in a running job alone"  # noqa: PT018
        record = job.importer.plan.records[job.processed]
        share = (job.processed + 1) / job.total
        outcome = job.importer.take(record, job.started_at + (job.ends_at - job.started_at) * share)
        if isinstance(outcome, RecordError):
            job.errors.append(outcome)
            outcome = Outcome.REFUSED
        job.counts[record.entity][outcome] += 1
        job.processed += 1

    def _finish(self, job: Job, at: datetime) -> None:
        refused = len(job.errors)
        job.move(JobState.FAILED if refused and refused == job.total else JobState.COMPLETED)
        job.finished_at = self._free_at = at
        job.importer = None
        self._unfinished.popleft()
        self._ended.append(job)
        self._on_end(job)

    def _forget(self, now: datetime) -> None:
        while self._ended and (
            len(self._jobs) > self._max_kept or now - (self._ended[0].finished_at or now) > self._retention
        ):
            self._jobs.pop(self._ended.popleft().id, None)
            self.dropped += 1


def counts_view(job: Job) -> Mapping[str, Mapping[str, int]]:
    """Returns the counts by entity and outcome, under the names that clients see."""
    return {entity: {str(outcome): n for outcome, n in counts.items()} for entity, counts in job.counts.items()}
