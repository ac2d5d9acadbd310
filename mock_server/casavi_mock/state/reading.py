"""Reads a state file, and lets the accounts in it go on from where they stood."""

import contextlib
import logging
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from casavi_contracts import spec
from casavi_mock.accounts import Account, Registry, Settings
from casavi_mock.accounts.holding import Parts
from casavi_mock.accounts.snapshots import Snapshot
from casavi_mock.bodies.body import BodyLimits, BodyReader
from casavi_mock.domain.faults import FaultBook
from casavi_mock.domain.importing import Importer
from casavi_mock.domain.jobs import Job, Progress, kept
from casavi_mock.domain.jobs.job import Ended
from casavi_mock.domain.model import ENTITIES, DigestedSecret, Secret, Token
from casavi_mock.domain.ordering import plan
from casavi_mock.domain.steps import at_once
from casavi_mock.domain.store import Store
from casavi_mock.domain.tokens import TokenBook
from casavi_mock.errors import ConfigurationError, Refused, Unsteerable
from casavi_mock.state import forms
from casavi_mock.state.schema import ENTITY_SHIFT, JOB_SHIFT, RECORD_SHIFT
from casavi_mock.state.tables import Ids

log = logging.getLogger("casavi_mock.state")

_ANY = 1 << 60
"""More than any body has; it was within bounds when it was taken."""

Part = tuple[int, str, str | None, Mapping[str, Any], str | None, str | None]
"""Number, kind, name, what is told of it, faults, portal."""


class Reader:
    """Reads the tables of a state file.

    Args:
        connection: The file.
        registry: Where its accounts come.
        journal: Whether the journals in it are taken too.
    """

    def __init__(self, connection: sqlite3.Connection, registry: Registry, *, journal: bool) -> None:
        self._journal = journal
        self._connection = connection
        self._registry = registry
        self._settings = registry.settings
        self._body: BodyReader | None = None

    def accounts(self, seeded: Sequence[Account]) -> dict[Account, Ids]:
        """Lets all accounts of the file go on; opens those that the registry has not.

        Args:
            seeded: Accounts to whose own records a reset goes back, whatever the file says.

        Returns:
            The numbers under which they stand in the file.

        Raises:
            ConfigurationError: An account cannot go on.
            sqlite3.Error: The file is damaged.
        """
        found: dict[Account, Ids] = {}
        all_parts = self._parts()
        for number, key, salt, digest in self._connection.execute("SELECT * FROM accounts ORDER BY id").fetchall():
            account = self._registry.get(key) or self._opened(key, DigestedSecret(salt, digest))
            parts = all_parts.get(number, [])
            ids = Ids(number, next(part for part, kind, *_ in parts if kind == "live"))
            for part, kind, name, *_ in parts:
                if kind == "seed":
                    ids.seed = part
                elif kind == "snapshot" and name is not None:
                    ids.snapshots[name] = part
            self._go_on(account, ids, parts, seeded=account in seeded)
            found[account] = ids
        return found

    def _opened(self, key: str, secret: Secret) -> Account:
        try:
            return self._registry.create(key, secret)
        except Unsteerable as error:
            raise ConfigurationError(f"not all accounts of the state can be opened: {error}") from None

    def _parts(self) -> dict[int, list[Part]]:
        """Returns the parts of all accounts, by the account's number."""
        found: defaultdict[int, list[Part]] = defaultdict(list)
        rows = self._connection.execute("SELECT id, kind, name, about, faults, portal, account FROM parts ORDER BY id")
        for part, kind, name, about, faults, portal, account in rows.fetchall():
            found[account].append((part, kind, name, orjson.loads(about or "{}"), faults, portal))
        return found

    def _go_on(self, account: Account, ids: Ids, parts: Sequence[Part], *, seeded: bool) -> None:
        live, seed, snapshots = None, None, []
        for part in parts:
            if part[1] == "live":
                live = part
            elif part[1] == "seed":
                seed = None if seeded else self._store(part)
            else:
                snapshots.append((str(part[2]), self._snapshot(account, part)))
        assert live is not None, "every account has one"
        about, store = live[3], self._store(live)
        if not about:  # it was closed, or the server ended, before it was whole
            return
        facts, face = forms.queue_of(about), forms.clock_of(about)
        start = Progress(**about["start"])
        queue, moments = account.new_queue(), [0]
        ended, unfinished = self._jobs(live[0], store, moments)
        kept.resume(queue, facts, ended, unfinished)
        tokens = self._tokens(account, live[0])
        account.take_up(Parts(store, queue, tokens, _faults(live), seed, snapshots), face, forms.moment(max(moments)))
        self._exchanges(account, ids.account, about)
        if facts.progress == start != self._settings.progress:  # the options of this start say otherwise
            account.set_progress(self._settings.progress)

    def _snapshot(self, account: Account, part: Part) -> Snapshot:
        number, about = part[0], part[3]
        store, queue = self._store(part), account.new_queue()
        ended, _ = self._jobs(number, store, [0])
        kept.resume(queue, forms.queue_of(about), ended, ())
        return Snapshot(forms.moment(about["at"]), store, queue, self._tokens(account, number), _faults(part))

    def _store(self, part: Part) -> Store:
        store, number = Store(), part[0]
        for kind, entity in enumerate(ENTITIES):
            first = number << RECORD_SHIFT | kind << ENTITY_SHIFT
            rows = self._connection.execute(
                "SELECT record FROM records WHERE place >= ? AND place < ?", (first, first + (1 << ENTITY_SHIFT))
            )
            with contextlib.closing(rows):  # one that is left open would keep the file locked
                store.enter(entity, forms.records_of(record for (record,) in rows))
        for key, content in self._connection.execute("SELECT key, content FROM contents WHERE part = ?", (number,)):
            store.keep_content(forms.key_of(key), content)
        store.portal = {id_: (flags[0], flags[1]) for id_, flags in orjson.loads(part[5] or "{}").items()}
        return store

    def _jobs(self, part: int, store: Store, moments: list[int]) -> tuple[list[tuple[str, Ended]], list[Job]]:
        """Returns the jobs of a part that have ended, and the others; adds the moments of those."""
        first, end = part << JOB_SHIFT, part + 1 << JOB_SHIFT
        rows = self._connection.execute("SELECT * FROM jobs WHERE place >= ? AND place < ?", (first, end))
        ended: list[tuple[str, Ended]] = []
        unfinished: list[Job] = []
        for place, job_id, created, size, forced, body, ordered, progress, packed in rows.fetchall():
            if packed is not None:
                ended.append((job_id, forms.ended_of(job_id, packed)))
                continue
            moments.append(created)
            job = self._job(job_id, forms.moment(created), size, forced, body, store)
            assert job.importer is not None, "it has not ended"
            job.importer.plan.ordered = forms.ordered_of(ordered)
            if progress is not None:
                kept.go_on(job, forms.running_of(place - first, progress), self._errors(place))
            unfinished.append(job)
        return ended, unfinished

    def _job(self, job_id: str, created_at: datetime, size: int, forced: str | None, body: bytes, store: Store) -> Job:
        settings = self._settings
        try:
            content = at_once(self._reader().steps(body))
        except Refused as error:
            raise ConfigurationError(
                f"an unfinished import of the state is none under this profile ({error.detail}); start with the former "
                "one until its jobs have ended"
            ) from None
        planned = plan(content, settings.shape)
        importer = Importer(store, planned, settings.policy, settings.evidence, settings.keep_documents)
        warnings = planned.warnings and importer.warnings
        return Job(job_id, created_at, len(planned.records), warnings, importer=importer, forced=forced, size=size)

    def _reader(self) -> BodyReader:
        if self._body is None:
            self._body = _body_reader(self._settings)
        return self._body

    def _errors(self, place: int) -> Iterator[tuple[int, Any]]:
        rows = self._connection.execute("SELECT items FROM errors WHERE job = ? ORDER BY first", (place,)).fetchall()
        for (items,) in rows:
            for at, *values in orjson.loads(items):
                yield at, forms.error_of(values)

    def _tokens(self, account: Account, part: int) -> TokenBook:
        book = account.tokens.emptied()
        first, end = part << JOB_SHIFT, part + 1 << JOB_SHIFT
        rows = self._connection.execute("SELECT * FROM tokens WHERE place >= ? AND place < ?", (first, end))
        for place, digest, expires, revoked in rows.fetchall():
            token = Token(
                Secret(""), account.key, forms.moment(expires), bool(revoked), number=place - first, digest=digest
            )
            book.resume(token)
        if len(book):
            self._registry.find_by_digest()
        return book

    def _exchanges(self, account: Account, number: int, about: Mapping[str, Any]) -> None:
        if not (self._journal and about["steering"]):
            return
        first, end = number << ENTITY_SHIFT, number + 1 << ENTITY_SHIFT
        rows = self._connection.execute(
            "SELECT facts, request, response FROM journal WHERE place >= ? AND place < ?", (first, end)
        )
        account.journal.resume([forms.exchange_of(*row) for row in rows], about["exchange"] + 1)
        account.steering.resume(about["steering"])


def _faults(part: Part) -> FaultBook:
    book, facts = FaultBook(), forms.faults_of(part[4])
    book.resume(facts.seen, facts.added)
    return book


def _body_reader(settings: Settings) -> BodyReader:
    document = dict(settings.document)
    schema = spec.request_schema(document, "importMasterData")
    assert schema is not None, "the import takes a body"
    limits = BodyLimits(max_bytes=_ANY, max_nesting=settings.limits.max_nesting, max_records=_ANY)
    return BodyReader(schema, limits, shape=settings.shape)
