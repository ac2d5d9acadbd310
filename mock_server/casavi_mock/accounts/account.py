"""One account and everything that belongs to it."""

import contextlib
import copy
import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from casavi_mock.accounts.settings import Settings
from casavi_mock.accounts.snapshots import Snapshot, SnapshotInfo, Snapshots
from casavi_mock.domain import state
from casavi_mock.domain.clock import Clock
from casavi_mock.domain.faults import FaultBook
from casavi_mock.domain.importing import Importer
from casavi_mock.domain.jobs import Job, JobQueue, Progress, checked_outcome
from casavi_mock.domain.journal import Journal
from casavi_mock.domain.model import Json, Outcome, RecordError, Secret, Token
from casavi_mock.domain.ordering import Plan
from casavi_mock.domain.store import Store
from casavi_mock.domain.tokens import TokenBook
from casavi_mock.domain.violations import Command, Criteria, Steering, Violation, find_violations
from casavi_mock.errors import Unsteerable

RECORDS_AT_ONCE = 1_000
"""Records done between two looks at the queue while a command waits for it."""

STEPS = ("job", "record")


class Account:
    """One account: credentials, tokens, records, jobs, faults, clock and journal, and one lock around them.

    Its parts are exchanged as a whole when it is reset or restored. So whoever uses several of them together, or
    changes one, holds the lock; every method takes it itself.

    Args:
        key: The API key.
        secret: The API secret.
        settings: What all accounts share.
        now: Returns the current time, aware.
        new_text: Returns an unguessable text, never the same twice.
        token_index: Tokens of all accounts by text.
        on_work: Called when there may be new work for the worker.
        on_end: Told of every job that ends.
    """

    def __init__(
        self,
        key: str,
        secret: Secret,
        settings: Settings,
        *,
        now: Callable[[], datetime],
        new_text: Callable[[], str],
        token_index: dict[str, Token],
        on_work: Callable[["Account"], None] = lambda account: None,
        on_end: Callable[["Account", Job], None] = lambda account, job: None,
    ) -> None:
        self.key = key
        self.secret = secret
        self.settings = settings
        self.clock = Clock(now)
        self.lock = threading.RLock()
        self._evidence = settings.evidence
        self._new_text = new_text
        self._on_work = on_work
        self._on_end = on_end
        self._seed = Store()
        self._snapshots = Snapshots(settings.limits.max_snapshots)
        self._exchanged = 0
        self._put_away: tuple[Store, JobQueue] | None = None
        self.store = Store()
        self.tokens = TokenBook(key, token_index, settings.policy, new_text, settings.limits.max_tokens)
        self.journal, self.steering = self._new_journal()
        self.faults = FaultBook()
        self.queue = self._new_queue()

    def __repr__(self) -> str:
        return f"<Account {id(self):#x}>"  # the key is half of the credentials

    # Importing.

    def submit(self, plan: Plan, *, forced: str | None = None, size: int = 0, at_once: int = 0) -> Job:
        """Takes an import into the queue.

        Args:
            plan: What is to be imported.
            forced: What becomes of the job, as in `force`, when its turn comes; None leaves it to its records.
            size: Length of what is to be imported, in bytes.
            at_once: Records that are done before this returns, as far as they are due; the worker does the rest.

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
            if at_once:
                self.queue.run_due(now, at_once)
            if self.queue.unfinished:
                self._on_work(self)
            return job

    def load(self, plan: Plan) -> list[tuple[str, RecordError | Outcome]]:
        """Imports records at once, without a job; returns entity and outcome of each."""
        with self.lock:
            self._exchanged += 1
            self._put_away = None
            importer, now = self._importer(plan), self.clock.now()
            return [(record.entity, importer.take(record, now)) for record in plan.records]

    def poll(self) -> None:
        """Counts one poll of an unfinished job; it matters under progress `manual` alone."""
        with self.lock:
            if self.progress.manual:
                self.queue.poll(self.clock.now())
                self._on_work(self)

    def run_due(self, max_records: int) -> bool:
        """Does what is due by this account's clock, up to so many records; returns whether more is due."""
        with self.lock:
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
            return job

    # The rest.

    def expire_tokens(self) -> int:
        """Lets all good tokens expire now; returns how many that were."""
        with self.lock:
            return self.tokens.expire(self.clock.now())

    def violations(self, criteria: Criteria | None = None) -> list[Violation]:
        """Returns what the client should do otherwise, by the journal, apart from what the test brought about itself.

        Args:
            criteria: Which rules count, and how strictly; all of them, with the defaults, if not given.
        """
        with self._command() as now:
            return find_violations(
                self.journal, criteria, self.steering, lambda job_id: self.queue.has_ended(job_id, now)
            )

    # What is held. Everything new is ready before the first pointer is exchanged, so that nothing can go wrong midway.

    def mark_seed(self) -> None:
        """Takes the records that are stored now for those to which `reset` goes back."""
        with self._command():
            self._seed = self.store.copy()

    def reset(self) -> None:
        """Begins anew: the records of the seed; no jobs, tokens, faults and journal; time and progress as at the start.

        Snapshots stay.
        """
        with self.lock:
            faults = FaultBook()
            self._exchange(self._seed.copy(), self._new_queue(), self.tokens.emptied(), faults)
            self.journal, self.steering = self._new_journal()
            self.clock.reset()

    def snapshot(self, name: str) -> SnapshotInfo:
        """Remembers records, ended jobs, tokens, faults, and how jobs move on; not the journal and the time.

        Args:
            name: By which it is found again; an older snapshot of that name goes.

        Raises:
            Unsteerable: The name cannot be used, there are too many, or not all jobs have ended.
        """
        with self._command() as now:
            self._snapshots.check(name)
            kept = Snapshot(
                now, self.store.copy(), self.queue.copy(now), self.tokens.copy(), copy.deepcopy(self.faults)
            )
            return self._snapshots.add(name, kept)

    def restore(self, name: str) -> None:
        """Goes back to a snapshot, as often as need be; unfinished jobs are gone, and time goes on.

        Raises:
            Unsteerable: There is no such snapshot.
        """
        with self.lock:
            kept = self._snapshots.get(name)
            queue = kept.queue.copy(self.clock.now())
            self._exchange(kept.store.copy(), queue, kept.tokens.copy(), copy.deepcopy(kept.faults))

    def snapshots(self) -> list[SnapshotInfo]:
        """Returns what snapshots there are, in the order in which they were taken."""
        with self.lock:
            return self._snapshots.list()

    def delete_snapshot(self, name: str) -> None:
        """Forgets a snapshot.

        Raises:
            Unsteerable: There is no such snapshot.
        """
        with self.lock:
            self._snapshots.delete(name)

    def state(self) -> dict[str, Json]:
        """Returns the records as a portfolio document, with their history in its member `_mock`."""
        with self._command():
            store = self.store.copy()
        return state.dump(store)  # without the lock: it takes longer than a request should wait

    def put_state(self, document: Mapping[str, Json]) -> None:
        """Puts the records of a document in the place of all that are stored; everything else stays.

        Args:
            document: A portfolio that satisfies the contract, with or without `_mock`.

        Raises:
            Unsteerable: A record is refused, `_mock` is damaged, or not all jobs have ended. Then nothing changes.
        """
        try:
            store = state.load(document, self.settings.shape, self.settings.policy, self.clock.now())
        except state.StateError as error:
            raise Unsteerable(f"The state cannot be used: {error}.") from None
        with self._command() as now:
            # The copy of the queue is refused while a job could still write into what is put away.
            self._exchange(store, self.queue.copy(now), self.tokens, self.faults)

    @property
    def revision(self) -> object:
        """Something that differs from what it was if the records may have changed since."""
        with self.lock:
            return self._exchanged, self.queue.done, self.store.portal.copy()

    def _importer(self, plan: Plan) -> Importer:
        return Importer(self.store, plan, self.settings.policy, self._evidence, self.settings.keep_documents)

    def _new_journal(self) -> tuple[Journal, Steering]:
        limits = self.settings.limits
        return Journal(limits.max_journal, limits.max_journal_bytes), Steering(limits.max_journal)

    def _new_queue(self) -> JobQueue:
        progress, retention = self.settings.progress, self.settings.policy.job_retention
        return JobQueue(progress, retention, self.settings.queue_limits, functools.partial(self._on_end, self))

    def _exchange(self, store: Store, queue: JobQueue, tokens: TokenBook, faults: FaultBook) -> None:
        former = self.tokens
        # Freed when there is work again: to let ten thousand records go takes longer than all the rest.
        self._put_away = (self.store, self.queue)
        tokens.enter()
        self.store, self.queue, self.tokens, self.faults = store, queue, tokens, faults
        former.leave(tokens)
        self._exchanged += 1

    @contextlib.contextmanager
    def _command(self, kind: Command | None = None) -> Iterator[datetime]:
        """Holds the lock; before and after a command all that is due is done. Yields the moment of the command.

        Args:
            kind: What the command changes for the client; None if that is nothing that it could be blamed for.
        """
        with self.lock:
            yield self._catch_up()
            self._catch_up()
            if kind is not None:  # at its end, so that what was answered before, and is written down now, lies before
                self.steering.note(kind, self.journal.last_number)
            if self.queue.unfinished:
                self._on_work(self)

    def _catch_up(self) -> datetime:
        self._put_away = None
        now = self.clock.now()
        while self.queue.run_due(now, RECORDS_AT_ONCE):
            pass
        self.queue.forget(now)
        return now
