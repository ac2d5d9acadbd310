"""What an account holds, and how that is exchanged as a whole: by reset, by snapshots, and by states."""

import contextlib
import copy
import functools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from casavi_mock.accounts.changes import Changes
from casavi_mock.accounts.settings import Settings
from casavi_mock.accounts.snapshots import Snapshot, SnapshotInfo, Snapshots
from casavi_mock.domain import state
from casavi_mock.domain.clock import Clock, ClockFace
from casavi_mock.domain.faults import FaultBook
from casavi_mock.domain.jobs import Job, JobQueue
from casavi_mock.domain.journal import Journal
from casavi_mock.domain.model import Json, Secret, Token, TokenName
from casavi_mock.domain.store import Store
from casavi_mock.domain.tokens import TokenBook
from casavi_mock.domain.violations import Command, Steering
from casavi_mock.errors import Unsteerable

RECORDS_AT_ONCE = 1_000
"""Records done between two looks at the queue while a command waits for it."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of an account, as they stood in another run of the server."""

    store: Store
    queue: JobQueue
    tokens: TokenBook
    faults: FaultBook
    seed: Store | None
    """None if the start of this server gave other ones."""
    snapshots: Sequence[tuple[str, Snapshot]]


class Holding:
    """Credentials, tokens, records, jobs, faults, clock and journal of one account, and one lock around them.

    Its parts are exchanged as a whole when it is reset or restored. So whoever uses several of them together, or
    changes one, holds the lock; every method takes it itself.

    Args:
        key: The API key.
        secret: The API secret.
        settings: What all accounts share.
        now: Returns the current time, aware.
        new_text: Returns an unguessable text, never the same twice.
        new_token: The same for tokens.
        token_index: Tokens of all accounts by name.
        on_work: Called with the account when there may be new work for the worker.
        on_end: Told of every job that ends, and of its account.
    """

    def __init__(
        self,
        key: str,
        secret: Secret,
        settings: Settings,
        *,
        now: Callable[[], datetime],
        new_text: Callable[[], str],
        new_token: Callable[[], str],
        token_index: dict[TokenName, Token],
        on_work: Callable[[Any], None] = lambda account: None,
        on_end: Callable[[Any, Job], None] = lambda account, job: None,
    ) -> None:
        self.key = key
        self.secret = secret
        self.settings = settings
        self.clock = Clock(now)
        self.lock = threading.RLock()
        self.in_flight: dict[str, str] = {}
        """Operations that are under way, by the ids of their requests; the journal does not tell of them yet."""
        self.changes: Changes | None = None
        """Where changes are noted; None if nobody saves them."""
        self._evidence = settings.evidence
        self._new_text = new_text
        self._on_work = on_work
        self._on_end = on_end
        self.seed = Store()
        """The records to which `reset` goes back."""
        self._snapshots = Snapshots(settings.limits.max_snapshots)
        self._exchanged = 0
        self._put_away: tuple[Store, JobQueue] | None = None
        self.store = Store()
        self.tokens = TokenBook(key, token_index, settings.policy, new_token, settings.limits.max_tokens)
        self.journal, self.steering = self._new_journal()
        self.faults = FaultBook()
        self.queue = self.new_queue()

    def __repr__(self) -> str:
        return f"<Account {id(self):#x}>"  # the key is half of the credentials

    # Everything new is ready before the first pointer is exchanged, so that nothing can go wrong midway.

    def mark_seed(self) -> None:
        """Takes the records that are stored now for those to which `reset` goes back."""
        with self._command():
            self.seed = self.store.copy()
            if self.changes is not None:
                self.changes.seed = True
                self.changes.decided()

    def reset(self) -> None:
        """Begins anew: the records of the seed; no jobs, tokens, faults and journal; time and progress as at the start.

        Snapshots stay.
        """
        with self.lock:
            faults = FaultBook()
            self._exchange(self.seed.copy(), self.new_queue(), self.tokens.emptied(), faults)
            self.journal, self.steering = self._new_journal()
            self.clock.reset()
            self.note_decision()

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
            info = self._snapshots.add(name, kept)
            self._note_snapshot(name)
            return info

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
            self._note_snapshot(name)

    def find_snapshot(self, name: str) -> Snapshot | None:
        """Returns a snapshot, or None."""
        return self._snapshots.find(name)

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
        """A value to compare with an earlier one: if the two are equal, no record has changed in between."""
        with self.lock:
            return self._exchanged, self.queue.done, self.store.portal.copy()

    def take_up(self, parts: Parts, face: ClockFace, least: datetime | None) -> None:
        """Goes on from where an account stood in another run of the server.

        Args:
            parts: Its parts.
            face: How its clock stood.
            least: A moment that its clock has shown, perhaps later.
        """
        with self.lock:
            self.tokens.leave()
            self.store, self.queue, self.tokens, self.faults = parts.store, parts.queue, parts.tokens, parts.faults
            self.tokens.enter()
            if parts.seed is not None:
                self.seed = parts.seed
            for name, snapshot in parts.snapshots:
                self._snapshots.add(name, snapshot)
            self.clock.resume(face, least)
            if self.queue.unfinished:
                self._on_work(self)

    def _new_journal(self) -> tuple[Journal, Steering]:
        limits = self.settings.limits
        return Journal(limits.max_journal, limits.max_journal_bytes), Steering(limits.max_journal)

    def new_queue(self) -> JobQueue:
        """Returns a queue of this account without jobs."""
        settings, on_end = self.settings, functools.partial(self._on_end, self)
        retention = settings.policy.job_retention
        return JobQueue(settings.progress, retention, settings.queue_limits, on_end, settings.durations)

    def _exchange(self, store: Store, queue: JobQueue, tokens: TokenBook, faults: FaultBook) -> None:
        former = self.tokens
        # Freed when there is work again: to let ten thousand records go takes longer than all the rest.
        self._put_away = (self.store, self.queue)
        tokens.enter()
        self.store, self.queue, self.tokens, self.faults = store, queue, tokens, faults
        former.leave(tokens)
        self._exchanged += 1
        if self.changes is not None:
            self.changes.exchanged()

    def _note_snapshot(self, name: str) -> None:
        if self.changes is not None:
            self.changes.snapshots.pop(name, None)  # the order in which they were taken counts
            self.changes.snapshots[name] = None
            self.changes.decided()

    def note_decision(self) -> None:
        """Notes that what was changed has to be saved before it is answered, where somebody saves it."""
        if self.changes is not None:
            self.changes.decided()

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
                self.note_decision()
            if self.queue.unfinished:
                self._on_work(self)

    def _catch_up(self) -> datetime:
        self._put_away = None
        now = self.clock.now()
        if self.changes is not None and self.queue.unfinished:
            self.changes.followed()
        while self.queue.run_due(now, RECORDS_AT_ONCE):
            pass
        self.queue.forget(now)
        return now
