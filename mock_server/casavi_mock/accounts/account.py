"""One account and what can be done with it."""

from collections.abc import MutableSequence
from datetime import datetime, timedelta

from casavi_mock.accounts.changes import Accepted
from casavi_mock.accounts.holding import Holding
from casavi_mock.domain.faults import Asked, Fault
from casavi_mock.domain.importing import Importer
from casavi_mock.domain.jobs import Job, Progress, checked_outcome, kept
from casavi_mock.domain.model import Outcome, RecordError, Token
from casavi_mock.domain.ordering import Plan
from casavi_mock.domain.violations import Command, Criteria, Violation, find_violations
from casavi_mock.errors import Unsteerable

STEPS = ("job", "record")


class Account(Holding):
    """One account: what it holds, and what clients, tests and the control plane do with it.

    Every method takes the lock. One that is a command (`_command`) happens at the moment at which it is called: what
    is due by then is done before.

    Args:
        others: As for `Holding`.
    """

    # Importing.

    def submit(
        self,
        plan: Plan,
        *,
        forced: str | None = None,
        size: int = 0,
        at_once: int = 0,
        body: bytes | bytearray | None = None,
    ) -> Job:
        """Takes an import into the queue.

        Args:
            plan: What is to be imported.
            forced: What becomes of the job, as in `force`, when its turn comes; None leaves it to its records.
            size: Length of what is to be imported, in bytes.
            at_once: Records that are done before this returns, as far as they are due; the worker does the rest.
            body: What is to be imported, as it came; needed where changes are saved.

        Raises:
            casavi_mock.domain.jobs.QueueFull: Too many jobs are unfinished, or they hold too much.
            Unsteerable: There is no such outcome.
        """
        with self.lock:
            self._put_away = None
            if forced is not None:
                checked_outcome(forced)
            importer, now = self._importer(plan), self.clock.now()
            job = self.queue.submit(self._new_text(), plan, importer, now, forced=forced, size=size)
            if self.changes is not None:
                assert body is not None, "it is saved"
                self.changes.accepted.append(
                    Accepted(self.queue.submitted - 1, job.id, job.created_at, size, forced, body, plan.ordered)
                )
                self.changes.decided(full=False)
            if at_once:
                self.queue.run_due(now, at_once)
            if self.queue.unfinished:
                self._on_work(self)
            return job

    def load(self, plan: Plan) -> list[tuple[str, RecordError | Outcome]]:
        """Imports records at once, without a job; returns entity and outcome of each."""
        with self.lock:
            self._put_away = None
            self._exchanged += 1
            importer, now = self._importer(plan), self.clock.now()
            outcomes = [(record.entity, importer.take(record, now)) for record in plan.records]
            self.note_decision()
            return outcomes

    def poll(self) -> None:
        """Counts one poll of an unfinished job; it matters under progress `manual` alone."""
        with self.lock:
            if self.progress.manual:
                self.queue.poll(self.clock.now())
                self.note_decision()
                self._on_work(self)

    def run_due(self, max_records: int) -> bool:
        """Does what is due by this account's clock, up to so many records; returns whether more is due."""
        with self.lock:
            if self.changes is not None and self.queue.unfinished:
                self.changes.followed()
            return self.queue.run_due(self.clock.now(), max_records)

    def next_due_seconds(self) -> float | None:
        """Returns the seconds until there is something to do, None if nothing is planned or time stands still."""
        with self.lock:
            now = self.clock.now()
            due = self.queue.next_due(now)
            if due is None or (due > now and self.clock.frozen):
                return None
            return (due - now).total_seconds()

    # Time. What is due by the new moment is done, to its end and in order, before these return.

    def freeze(self, at: datetime | None = None) -> None:
        """Stops time, now or at a later moment.

        Raises:
            casavi_mock.domain.clock.ClockError: `at` is naive, lies in the past or too far in the future.
        """
        with self._command(Command.CLOCK):
            self.clock.freeze(at)

    def unfreeze(self) -> None:
        """Lets time go on from where it stands."""
        with self._command(Command.CLOCK):
            self.clock.unfreeze()

    def set_time(self, moment: datetime) -> None:
        """Moves time forward to a moment.

        Raises:
            casavi_mock.domain.clock.ClockError: The moment is naive, lies in the past or too far in the future.
        """
        with self._command(Command.CLOCK):
            self.clock.set(moment)

    def advance(self, step: timedelta) -> None:
        """Moves time forward by a step.

        Raises:
            casavi_mock.domain.clock.ClockError: The step is negative or too long.
        """
        with self._command(Command.CLOCK):
            self.clock.advance(step)

    # Jobs.

    def hold(self) -> None:
        """Stops all jobs where they are; time goes on."""
        with self._command(Command.JOBS) as now:
            self.queue.hold(now)

    def release(self) -> None:
        """Lets jobs go on now: what was still to come of them is put off by the time that they were held."""
        with self._command(Command.JOBS) as now:
            self.queue.release(now)

    def step(self, what: str) -> bool:
        """Moves the first unfinished job at the present moment, under any progress and even if the queue is held.

        Args:
            what: `job`, to its end; `record`, by one record, of which the last ends the job.

        Returns:
            Whether there was a job that could be moved; a stalled one cannot.

        Raises:
            Unsteerable: `what` is something else.
        """
        if what not in STEPS:
            raise Unsteerable(f"There is no step by {what[:100]!r}.", STEPS)
        with self._command(Command.JOBS) as now:
            return self.queue.step(now, whole=what == "job")

    def drain(self) -> int:
        """Ends all jobs at the present moment, held or not; those behind a stalled one stay.

        Returns:
            How many jobs ended.
        """
        with self.lock:
            before = self.queue.unfinished
            with self._command(Command.JOBS) as now:
                while self.queue.step(now, whole=True):
                    pass
            return before - self.queue.unfinished

    @property
    def progress(self) -> Progress:
        """How jobs of this account move on."""
        return self.queue.progress

    def set_progress(self, progress: Progress) -> None:
        """Lets jobs move on in another way: those that wait, and one that was active under `manual`, from now on."""
        with self._command(Command.JOBS) as now:
            self.queue.change(progress, now)

    def force(self, outcome: str, job_id: str | None = None) -> None:
        """Decides what becomes of a job: see `casavi_mock.domain.jobs.JobQueue.force`.

        Args:
            outcome: `completed`, `failed` or `stalled`.
            job_id: The job; None for the next one that starts.

        Raises:
            Unsteerable: There is no such outcome or job, or the job has ended.
        """
        with self._command(Command.JOBS) as now:
            self.queue.force(outcome, job_id, now)
            if job_id is not None and self.changes is not None:
                number = kept.number_of(self.queue, job_id)
                if number is not None:
                    self.changes.forced.append((number, outcome))

    def jobs(self) -> list[Job]:
        """Returns all jobs that can be read, the newest first."""
        with self._command() as now:
            return self.queue.jobs(now)

    def read_job(self, job_id: str) -> Job | None:
        """Returns a job to the test, or None if there is none; from now on it counts as read.

        A client that leaves this job alone is not blamed for that: the test knows itself what became of it.
        """
        with self._command() as now:
            job = self.queue.find(job_id, now)
            if job is not None:
                self.steering.note_read(job_id)
                if self.changes is not None:
                    self.changes.followed()
            return job

    # The rest.

    def issue_token(self, former: Token | None = None) -> Token:
        """Gives out a new token.

        Args:
            former: The token in whose place it comes, if there is one.
        """
        with self.lock:
            now = self.clock.now()
            token = self.tokens.issue(now) if former is None else self.tokens.replace(former, now)
            if self.changes is not None:
                self.changes.decided(full=False)
            return token

    def take_fault(
        self, operation: str, asked: Asked | None = None, refusing: MutableSequence[Fault] | None = None
    ) -> Fault | None:
        """Returns the fault that takes effect on a call, or None; arguments as those of `FaultBook.take`."""
        with self.lock:
            before = self.faults.revision
            fault = self.faults.take(operation, asked, refusing)
            if self.changes is not None and self.faults.revision != before:
                self.changes.decided(full=False)
            return fault

    def expire_tokens(self) -> int:
        """Lets all good tokens expire now; returns how many that were."""
        with self.lock:
            expired = self.tokens.expire(self.clock.now())
            self.note_decision()
            return expired

    def violations(self, criteria: Criteria | None = None) -> list[Violation]:
        """Returns what the client should do otherwise, by the journal, apart from what the test brought about itself.

        Args:
            criteria: Which rules count, and how strictly; all of them, with the defaults, if not given.
        """
        with self._command() as now:
            return find_violations(
                self.journal, criteria, self.steering, lambda job_id: self.queue.has_ended(job_id, now)
            )

    def _importer(self, plan: Plan) -> Importer:
        return Importer(self.store, plan, self.settings.policy, self._evidence, self.settings.keep_documents)
