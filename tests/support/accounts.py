"""Accounts and queues without a server. Their time stands still until a test moves it, and their texts count up."""

import functools
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from casavi_mock.accounts import Registry, Settings
from casavi_mock.domain.importing import Importer
from casavi_mock.domain.jobs import Durations, Job, JobQueue, Progress, QueueLimits
from casavi_mock.domain.model import ENTITIES, Key, Record
from casavi_mock.domain.ordering import Plan, PlannedRecord, plan
from casavi_mock.domain.store import Store
from tests.support.time import FakeTime

IMMEDIATE = Progress(progress="immediate")
MANUAL = Progress(progress="manual", polls=0)
PLENTY = 1 << 30
"""More records than any test sends."""

ROOMY = {"max_waiting": 10_000, "max_kept": 10_000, "max_waiting_bytes": 1_000_000_000, "max_errors": 1_000_000}
"""Limits of a queue that no test meets by accident."""


def texts(prefix: str = "text") -> Iterator[str]:
    """Yields texts that can be guessed, unlike a server's, and are never the same twice."""
    return (f"{prefix}-{number}" for number in itertools.count(1))


@functools.cache
def _settings_of(profile: str) -> Settings:
    return Settings.from_profile(json.loads(profile))


def settings(profile: Mapping[str, Any] | None = None, **others: Any) -> Settings:
    """Returns the settings for a profile; reading the contract document happens once for each profile."""
    return replace(_settings_of(json.dumps(profile or {}, sort_keys=True)), **others)


def registry(profile: Mapping[str, Any] | None = None, time: FakeTime | None = None, **others: Any) -> Registry:
    """Returns a registry without accounts.

    Args:
        profile: Values of assumptions.
        time: The source of time of all accounts.
        others: Further fields of the settings; jobs run at once unless `progress` says otherwise.
    """
    chosen = settings(profile, **{"progress": IMMEDIATE, **others})
    return Registry(chosen, now=time or FakeTime(), new_text=texts().__next__)


class Bench:
    """A store and a queue of imports, as an account has them, with nothing around them.

    Args:
        profile: Values of assumptions.
        progress: How jobs move on; at once if not given.
        keep_documents: Whether contents of documents are kept.
        retention: How long an ended job can be read.
        durations: How long jobs take under this progress.
        limits: How much the queue holds; fields of `QueueLimits`.
    """

    def __init__(
        self,
        profile: Mapping[str, Any] | None = None,
        progress: Progress = IMMEDIATE,
        *,
        keep_documents: bool = False,
        retention: timedelta = timedelta(days=30),
        durations: Durations | None = None,
        **limits: int,
    ) -> None:
        self.settings = settings(profile)
        self.time = FakeTime()
        self.store = Store()
        self.ended: list[Job] = []
        self._keep_documents = keep_documents
        sizes = QueueLimits(**{**ROOMY, **limits})
        self.queue = JobQueue(progress, retention, sizes, self.ended.append, durations)
        self._ids = texts("job")

    def plan(self, body: Mapping[str, Any]) -> Plan:
        """Returns the plan of a request."""
        return plan(body, self.settings.shape)

    def importer(self, planned: Plan) -> Importer:
        """Returns an importer for a plan."""
        policy, evidence = self.settings.policy, self.settings.evidence
        return Importer(self.store, planned, policy, evidence, self._keep_documents)

    def submit(self, body: Mapping[str, Any], *, size: int = 0) -> Job:
        """Puts a request of so many bytes into the queue."""
        planned = self.plan(body)
        return self.queue.submit(next(self._ids), planned, self.importer(planned), self.time(), size=size)

    def run(self, max_records: int = PLENTY) -> None:
        """Does what is due, in slices, until nothing is."""
        while self.queue.run_due(self.time(), max_records):
            pass

    def take(self, body: Mapping[str, Any]) -> Job:
        """Imports a request and returns its ended job; needs a bench whose jobs run at once."""
        job = self.submit(body)
        self.run()
        assert job.ended
        return job

    def fields(self, entity: str, key: Key) -> Mapping[str, Any]:
        """Returns the fields of a stored record."""
        return self.record(entity, key).fields

    def record(self, entity: str, key: Key) -> Record:
        """Returns a stored record."""
        record = self.store.get(entity, key)
        assert record is not None
        return record

    def stored(self) -> dict[str, dict[Key, tuple[Any, Any]]]:
        """Returns fields and place of every record; addresses and contracts in a fixed order."""
        return {
            entity: {record.key: (_ordered(record.fields), record.place) for record in self.store.records(entity)}
            for entity in ENTITIES
        }


def reference_evidence(schema: str, field: str) -> str:
    """Returns what the contract document marks as the evidence of a reference."""
    marks = settings().document["components"]["schemas"][schema]["properties"][field]
    return str(marks["x-reference-evidence"])


def outcomes(job: Job) -> dict[str, int]:
    """Returns how many records of a job came out in which way."""
    totals: dict[str, int] = {}
    for counts in job.counts.values():
        for outcome, number in counts.items():
            totals[str(outcome)] = totals.get(str(outcome), 0) + number
    return {outcome: number for outcome, number in totals.items() if number}


def refusals(job: Job) -> list[tuple[str, str | None, str]]:
    """Returns entity, id and rule of each error."""
    return [(error.entity, error.id, error.rule) for error in job.errors]


def planned(bench: Bench, body: Mapping[str, Any], entity: str) -> list[PlannedRecord]:
    """Returns the planned records of one kind."""
    return [record for record in bench.plan(body).records if record.entity == entity]


def _ordered(value: Any) -> Any:
    if isinstance(value, list):
        return sorted((_ordered(item) for item in value), key=repr)
    if isinstance(value, dict):
        return {name: _ordered(item) for name, item in sorted(value.items())}
    return value
