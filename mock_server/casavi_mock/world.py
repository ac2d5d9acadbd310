"""One account and everything that belongs to it, and the registry of all accounts of a server."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from casavi_contracts import spec
from casavi_mock.domain.clock import Clock
from casavi_mock.domain.importing import Importer
from casavi_mock.domain.jobs import Job, JobQueue, Progress
from casavi_mock.domain.journal import Journal
from casavi_mock.domain.model import Outcome, RecordError, Secret, Token
from casavi_mock.domain.ordering import Plan
from casavi_mock.domain.policy import Policy
from casavi_mock.domain.store import Store
from casavi_mock.domain.tokens import TokenBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what clients can make grow, for each account where nothing else is said."""

    max_tokens: int = 10_000
    max_jobs: int = 10_000
    max_journal: int = 1_000
    max_nesting: int = 64
    """Levels of nesting in a request body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What all accounts of a server share."""

    document: Mapping[str, Any]
    """The contract document, with the profile applied."""
    policy: Policy
    rules: Mapping[str, spec.Rule]
    shape: spec.Shape
    progress: Progress = field(default_factory=Progress)
    limits: Limits = field(default_factory=Limits)
    keep_documents: bool = False

    @classmethod
    def from_profile(cls, overrides: Mapping[str, Any] | None = None, **others: Any) -> "Settings":
        """Returns the settings for a profile's assumptions.

        Args:
            overrides: Values of assumptions by name, over those of the register.
            others: Further fields of the settings.

        Raises:
            casavi_contracts.spec.ProfileError: An assumption is unknown or cannot have that value.
        """
        original = spec.load_document()
        values = spec.resolve_profile(spec.assumptions(original), overrides or {})
        document = spec.apply_profile(original, values)
        return cls(
            document=document,
            policy=Policy.from_assumptions(values),
            rules=spec.rules(document),
            shape=spec.import_shape(document),
            **others,
        )

    @property
    def evidence(self) -> dict[str, str]:
        """Evidence by name of the rule."""
        return {name: rule.evidence for name, rule in self.rules.items()}


class World:
    """One account: credentials, tokens, records, jobs, clock and journal, and one lock around them.

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
        on_work: Callable[["World"], None] = lambda world: None,
        on_end: Callable[["World", Job], None] = lambda world, job: None,
    ) -> None:
        self.key = key
        self.secret = secret
        self.settings = settings
        self.clock = Clock(now)
        self.lock = threading.RLock()
        self.store = Store()
        self.tokens = TokenBook(key, token_index, settings.policy, new_text, settings.limits.max_tokens)
        self.journal = Journal(settings.limits.max_journal)
        self.queue = JobQueue(
            settings.progress,
            settings.policy.job_retention,
            settings.policy.queue_limit,
            settings.limits.max_jobs,
            lambda job: on_end(self, job),
        )
        self._evidence = settings.evidence
        self._new_text = new_text
        self._on_work = on_work

    def __repr__(self) -> str:
        return f"<World {id(self):#x}>"  # the key is half of the credentials

    def submit(self, plan: Plan) -> Job:
        """Takes an import into the queue.

        Raises:
            casavi_mock.domain.jobs.QueueFull: Too many jobs are unfinished.
        """
        importer = Importer(self.store, plan, self.settings.policy, self._evidence, self.settings.keep_documents)
        job = self.queue.submit(self._new_text(), plan, importer, self.clock.now())
        self._on_work(self)
        return job

    def load(self, plan: Plan) -> Iterator[tuple[str, RecordError | Outcome]]:
        """Imports records at once, without a job; yields entity and outcome of each."""
        importer = Importer(self.store, plan, self.settings.policy, self._evidence, self.settings.keep_documents)
        for record in plan.records:
            yield record.entity, importer.take(record, self.clock.now())

    def poll(self) -> None:
        """Counts one poll of an unfinished job; it matters in the progress mode `manual` alone."""
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


class Registry:
    """All accounts of one server.

    Args:
        settings: What all accounts share.
        now: Returns the current time, aware.
        new_text: Returns an unguessable text, never the same twice.
    """

    def __init__(self, settings: Settings, *, now: Callable[[], datetime], new_text: Callable[[], str]) -> None:
        self.settings = settings
        self.strangers = Journal(settings.limits.max_journal)
        """Exchanges that belong to no account, such as a log-in with an unknown key."""
        self.on_end: Callable[[World, Job], None] = lambda world, job: None
        self.wake: Callable[[], None] = lambda: None
        """Called when there may be new work; the worker sets it."""
        self._now = now
        self._new_text = new_text
        self._worlds: dict[str, World] = {}
        self._busy: dict[World, None] = {}  # a dict keeps their order
        self._token_index: dict[str, Token] = {}

    def __len__(self) -> int:
        return len(self._worlds)

    def __iter__(self) -> Iterator[World]:
        return iter(tuple(self._worlds.values()))

    def create(self, key: str, secret: Secret) -> World:
        """Opens an account.

        Raises:
            ValueError: There is an account with that key already.
        """
        if key in self._worlds:
            raise ValueError("there is an account with that key already")
        world = World(
            key,
            secret,
            self.settings,
            now=self._now,
            new_text=self._new_text,
            token_index=self._token_index,
            on_work=self._has_work,
            on_end=self._ended,
        )
        self._worlds[key] = world
        return world

    def delete(self, key: str) -> None:
        """Closes an account, with its tokens.

        Raises:
            KeyError: There is no such account.
        """
        world = self._worlds.pop(key)
        self._busy.pop(world, None)
        world.tokens.clear()

    def get(self, key: str) -> World | None:
        """Returns the account with that key, or None."""
        return self._worlds.get(key)

    def token(self, text: str) -> Token | None:
        """Returns a token of any account, or None."""
        return self._token_index.get(text)

    def busy(self) -> tuple[World, ...]:
        """Returns the accounts with unfinished jobs."""
        for world in tuple(self._busy):
            if world.queue.unfinished == 0:
                self._busy.pop(world, None)
        return tuple(self._busy)

    def _ended(self, world: World, job: Job) -> None:
        self.on_end(world, job)

    def _has_work(self, world: World) -> None:
        self._busy[world] = None
        self.wake()
