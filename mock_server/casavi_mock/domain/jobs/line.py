"""The queue of one account: jobs run first in, first out, and move with the clock that they are given.

How long a job takes is a matter of arithmetic on its times, never of when somebody looks: whenever `run_due` is called,
afterwards everything stands as if it had run at its own moment. Commands from outside (hold, step, force, new settings)
happen at the moment they are given; before them, what is due by then has to be done.
"""

import copy
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice

from casavi_mock.domain.importing import Importer
from casavi_mock.domain.jobs.durations import Durations
from casavi_mock.domain.jobs.job import Ended, Job, Progress, checked_outcome, end_of, errors_of, packed, unpacked
from casavi_mock.domain.jobs.limits import QueueFull, QueueLimits
from casavi_mock.domain.model import JobState, Outcome, RecordError, RecordWarning
from casavi_mock.domain.ordering import Plan
from casavi_mock.errors import Unsteerable

TICK = timedelta(milliseconds=10)
"""The shortest time between two looks at a running job."""


class JobQueue:
    """Jobs of one account.

    Args:
        progress: How jobs move on.
        retention: How long an ended job can be read.
        limits: How much it holds.
        on_end: Told of every job that ends.
        durations: How long jobs take under this progress, if it is `time`; None leaves that to its seconds.
    """

    def __init__(
        self,
        progress: Progress,
        retention: timedelta,
        limits: QueueLimits,
        on_end: Callable[[Job], None] = lambda job: None,
        durations: Durations | None = None,
    ) -> None:
        self.progress = self._first = progress
        self._durations = durations
        self.dropped = 0
        self.refused = 0
        """Imports that were not taken since it was full."""
        self.done = 0
        """Records that were imported or refused by its jobs."""
        self.submitted = 0
        """Jobs that were ever taken; they are numbered from 0 in the order in which they came."""
        self._retention, self._limits, self._on_end = retention, limits, on_end
        self._jobs: dict[str, Ended] = {}
        self._unfinished: deque[Job] = deque()
        self._ended: deque[str] = deque()
        self._first_end: datetime | None = None
        """When the first job in `_ended` ended; None if there is none, or it was not looked at yet."""
        self._free_at: datetime | None = None
        self._turns = 0
        self._held_at: datetime | None = None
        self.forced_next: str | None = None
        """What becomes of the next job that starts, by command; None if that is left to its records."""
        self._waiting_bytes = 0
        self._errors = 0

    def __len__(self) -> int:
        return len(self._jobs)

    @property
    def unfinished(self) -> int:
        """How many jobs have not ended."""
        return len(self._unfinished)

    def next_jobs(self, most: int) -> list[Job]:
        """Returns the unfinished jobs in the order in which they run, at most so many."""
        return list(islice(self._unfinished, most))

    @property
    def full(self) -> bool:
        """Whether no further job is taken before one has ended."""
        limits = self._limits
        return len(self._unfinished) >= limits.max_waiting or self._waiting_bytes >= limits.max_waiting_bytes

    @property
    def held(self) -> bool:
        """Whether nothing starts or goes on."""
        return self._held_at is not None

    def submit(
        self, job_id: str, plan: Plan, importer: Importer, now: datetime, *, forced: str | None = None, size: int = 0
    ) -> Job:
        """Takes an import into the queue.

        Args:
            job_id: Id of the job.
            plan: What is to be imported.
            importer: Who imports it.
            now: The moment of the request.
            forced: What becomes of it, one of `OUTCOMES`, when its turn comes; None leaves it to its records.
            size: Length of what it imports, in bytes.

        Raises:
            QueueFull: The unfinished jobs are as many as there may be, or hold as much as they may.
        """
        if self.full:
            self.refused += 1
            raise QueueFull
        warnings = plan.warnings and importer.warnings
        job = Job(job_id, now, len(plan.records), warnings, importer=importer, forced=forced, size=size)
        self._jobs[job_id] = job
        self._unfinished.append(job)
        self.submitted += 1
        self._waiting_bytes += size
        self.forget(now)
        return job

    def find(self, job_id: str, now: datetime) -> Job | None:
        """Returns a job; None if there never was one with that id, or its retention is over at `now`."""
        kept = self._jobs.get(job_id)
        if kept is None:
            return None
        job = unpacked(job_id, kept)
        return None if job.finished_at and now - job.finished_at > self._retention else job

    def has_ended(self, job_id: str, now: datetime) -> bool | None:
        """Returns whether a job has ended; None if there is none, or none any more."""
        job = self.find(job_id, now)
        return None if job is None else job.ended

    def jobs(self, now: datetime) -> list[Job]:
        """Returns all jobs that can be read, the newest first."""
        jobs = [unpacked(job_id, kept) for job_id, kept in reversed(self._jobs.items())]
        return [job for job in jobs if job.finished_at is None or now - job.finished_at <= self._retention]

    def poll(self, now: datetime) -> None:
        """Counts one poll; under progress `manual`, enough of them move the first unfinished job to its next state."""
        if self.held or not self.progress.manual or self.progress.polls == 0 or not self._unfinished:
            return
        self._turns += 1
        if self._turns >= self.progress.polls:
            self.turn(now)

    def turn(self, now: datetime) -> None:
        """Moves the first unfinished job to its next state: from waiting to active, from active to its end."""
        self._turns = 0
        if self.held or not self._unfinished:
            return
        job = self._unfinished[0]
        if job.state is JobState.WAITING:
            self._start(job, now)
        elif job.ends_at is None and not job.stalled:
            job.ends_at = now

    def run_due(self, now: datetime, max_records: int) -> bool:
        """Does what is due, up to so many records; a piece of a long one counts like one.

        Returns:
            Whether more is due already.
        """
        while max_records > 0 and (job := self._current()) is not None:
            due = job.records_due(now)
            while job.processed < due and max_records > 0:
                if not _reads_on(job):
                    self._import_next(job, self._moment_of_next(job))
                max_records -= 1
            if job.processed < due:
                return True
            if job.ends_at is None or now < job.ends_at:
                return False
            self._finish(job, job.ends_at)
            max_records -= 1
        return self._current() is not None and self.next_due(now) == now

    def next_due(self, now: datetime) -> datetime | None:
        """Returns when there is something to do next, `now` if at once, None if nothing is planned."""
        if self.held or not self._unfinished:
            return None
        job = self._unfinished[0]
        if job.started_at is None:
            return None if self.progress.manual else now
        if job.ends_at is None or job.stalled:
            return None
        if now >= job.ends_at or job.processed < job.records_due(now):
            return now
        return min(job.ends_at, now + TICK) if job.total > 1 else job.ends_at

    def hold(self, now: datetime) -> None:
        """Stops all jobs; what has begun stays where it is."""
        self._held_at = self._held_at or now

    def release(self, now: datetime) -> None:
        """Lets jobs go on at this moment: what of a job was still to come is put off by the time that it was held."""
        if self._held_at is None:
            return
        for job in self._running():
            assert job.runs_from is not None, "it is running"
            wait = max(now - max(self._held_at, job.runs_from), timedelta())
            job.runs_from += wait
            job.ends_at = job.ends_at and _later(job.ends_at, wait.total_seconds())
        self._held_at = None
        self._free_from(now)

    def change(self, progress: Progress, now: datetime) -> None:
        """Lets jobs move on in another way from this moment; one that runs by time already ends as it was to end."""
        self.progress = progress
        self._turns = 0
        self._free_from(now)
        for job in self._running():
            if job.ends_at is None and not progress.manual:
                job.runs_from, job.ends_at = now, _later(now, self._seconds(job))

    def step(self, now: datetime, *, whole: bool) -> bool:
        """Moves the first unfinished job at this moment, whatever the progress, and even if the queue is held.

        Args:
            now: The moment.
            whole: To its end; otherwise by one record. The last record ends the job.

        Returns:
            Whether there was a job that could be moved.
        """
        if not self._unfinished:
            return False
        job = self._unfinished[0]
        if job.state is JobState.WAITING:
            self._start(job, max(now, self._free_at or now))
        if job.stalled:
            return False
        left = 0 if job.forced == "failed" else job.total - job.processed
        for _ in range(left if whole else min(left, 1)):
            self._import_next(job, now)
        if whole or left <= 1:
            self._finish(job, now)
        return True

    def force(self, outcome: str, job_id: str | None, now: datetime) -> None:
        """Decides what becomes of a job.

        The first unfinished job obeys at once, even if the queue is held: `completed` ends it as its records would have
        ended it, `failed` ends it with what is left of it refused, `stalled` keeps it active, and all others behind it
        waiting. One that waits for others obeys when its turn comes: it takes no time, fails when its time is over, or
        stalls.

        Args:
            outcome: One of `OUTCOMES`.
            job_id: The job; None for the next one that starts and is not forced itself.
            now: The moment.

        Raises:
            casavi_mock.errors.Unsteerable: There is no such outcome or job, or the job has ended.
        """
        checked_outcome(outcome)
        if job_id is None:
            self.forced_next = outcome
            return
        job = self.find(job_id, now)
        if job is None:
            raise Unsteerable(f"There is no job {job_id[:100]!r}.")
        if job.ended:
            raise Unsteerable(f"The job {job_id!r} has ended already: {job.state}.")
        job.forced = outcome
        if job is self._unfinished[0]:
            self.step(now, whole=True)

    def copy(self, now: datetime) -> "JobQueue":
        """Returns a queue with the same ended jobs, which goes on by itself from a moment.

        Raises:
            casavi_mock.errors.Unsteerable: Not all jobs have ended.
        """
        if self._unfinished:
            raise Unsteerable(f"Not all jobs have ended ({len(self._unfinished)} are left); drain the queue first.")
        other = copy.copy(self)
        other._jobs, other._unfinished, other._ended = self._jobs.copy(), deque(), self._ended.copy()
        other._free_at, other._held_at, other.submitted = None, now if self.held else None, len(other._jobs)
        return other

    def forget(self, now: datetime) -> None:
        """Lets go of ended jobs that can no longer be read, or are too many."""
        limits = self._limits
        while self._ended:
            if self._first_end is None:
                self._first_end = end_of(self._jobs[self._ended[0]])
            readable = self._first_end is None or now - self._first_end <= self._retention
            errors_fit = self._errors <= limits.max_errors or len(self._ended) == 1
            if readable and errors_fit and len(self._jobs) <= limits.max_kept:
                return
            kept = self._jobs.pop(self._ended.popleft())
            self._errors -= errors_of(kept)
            self._first_end = None
            self.dropped += 1

    def _current(self) -> Job | None:
        """Returns the running job, unless nothing goes on; starts the next one if none runs."""
        if self.held or not self._unfinished:
            return None
        job = self._unfinished[0]
        if job.state is JobState.WAITING:
            if self.progress.manual:
                return None
            self._start(job, max(job.created_at, self._free_at or job.created_at))
        return None if job.stalled else job

    def _running(self) -> list[Job]:
        """Returns the running job, if there is one."""
        return [self._unfinished[0]] if self._unfinished and self._unfinished[0].state is JobState.ACTIVE else []

    def _free_from(self, now: datetime) -> None:
        self._free_at = max(now, self._free_at or now)

    def _start(self, job: Job, now: datetime) -> None:
        job.move(JobState.ACTIVE)
        job.started_at = job.runs_from = job.touched_at = now
        job.ends_at = None if self.progress.manual else _later(now, self._seconds(job))
        if job.forced is None:
            job.forced, self.forced_next = self.forced_next, None
        if job.forced == "completed":
            job.ends_at = now

    def _seconds(self, job: Job) -> float:
        """Returns how long a job takes."""
        if self.progress.immediate:
            return 0.0
        if self._durations is not None and self.progress == self._first:
            return self._durations.seconds(job.total, self.submitted - len(self._unfinished))
        return self.progress.job_seconds + self.progress.record_seconds * job.total

    def _moment_of_next(self, job: Job) -> datetime:
        assert job.runs_from is not None and job.ends_at is not None, "records are due in a running job alone"  # noqa: PT018
        if job.ends_at == job.runs_from:
            return job.ends_at
        return job.runs_from + (job.ends_at - job.runs_from) * ((job.processed + 1) / job.total)

    def _import_next(self, job: Job, at: datetime) -> None:
        assert job.importer is not None and job.touched_at is not None, "it is running"  # noqa: PT018
        record = job.importer.plan.records[job.processed]
        job.touched_at = max(at, job.touched_at)
        outcome = job.importer.take(record, job.touched_at)
        if isinstance(outcome, RecordError):
            job.refuse(outcome)
            outcome = Outcome.REFUSED
        job.counts.add(record.entity, outcome)
        job.processed += 1
        self.done += 1

    def _finish(self, job: Job, at: datetime) -> None:
        assert job.touched_at is not None, "it was running"
        if job.forced == "failed":
            _refuse_rest(job)
            job.move(JobState.FAILED)
        else:
            refused = len(job.errors)
            job.move(JobState.FAILED if refused and refused == job.total else JobState.COMPLETED)
        job.finished_at = self._free_at = max(at, job.touched_at)
        job.importer, job.refused_at = None, []
        self._unfinished.popleft()
        self._waiting_bytes -= job.size
        self._jobs[job.id] = packed(job)
        self._ended.append(job.id)
        if len(self._ended) == 1:
            self._first_end = job.finished_at
        self._errors += len(job.errors)
        self._on_end(job)


def _reads_on(job: Job) -> bool:
    """Reads a piece of the next record, if it is a long one; returns whether there is more of it."""
    assert job.importer is not None, "it is running"
    return job.importer.read_on(job.importer.plan.records[job.processed])


def _later(moment: datetime, seconds: float) -> datetime:
    """Returns a later moment; the last one of the calendar if it lies beyond."""
    try:
        return moment + timedelta(seconds=seconds)
    except OverflowError:
        return datetime.max.replace(tzinfo=moment.tzinfo)


def _refuse_rest(job: Job) -> None:
    assert job.importer is not None, "kept until the job has ended"
    for entity, number in job.importer.plan.kinds(job.processed).items():
        job.counts.add(entity, Outcome.REFUSED, number)
    rest, job.processed = job.total - job.processed, job.total
    message = "the job was told to fail; what was left of it was not imported"
    job.warnings = [*job.warnings, RecordWarning("", "forced", message, max(rest, 1))]
