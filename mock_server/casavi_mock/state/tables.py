"""Writes what has changed of accounts into the tables of a state file."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from casavi_mock.accounts import Account
from casavi_mock.accounts.capture import Capture, FaultFacts, Full, TokenFacts
from casavi_mock.accounts.changes import Accepted
from casavi_mock.accounts.snapshots import Snapshot
from casavi_mock.domain.jobs import kept
from casavi_mock.domain.model import ENTITIES, DigestedSecret, Key, digested, token_digest
from casavi_mock.domain.store import Row, Store
from casavi_mock.state import forms
from casavi_mock.state.schema import ENTITY_SHIFT, JOB_SHIFT, RECORD_SHIFT
from casavi_mock.system import entropy

ROWS_AT_ONCE = 200
"""Rows that go into the file by one statement: between two the writer has to wait for its turn in the interpreter."""

_ACCEPT = "INSERT OR REPLACE INTO jobs (place, id, created, size, forced, body, ordered) VALUES (?, ?, ?, ?, ?, ?, ?)"
_KINDS = {entity: place << ENTITY_SHIFT for place, entity in enumerate(ENTITIES)}


@dataclass(slots=True)
class Ids:
    """The numbers under which an account stands in the file."""

    account: int
    live: int
    seed: int | None = None
    snapshots: dict[str, int] = field(default_factory=dict)

    def copy(self) -> "Ids":
        """Returns the same numbers, which change on their own."""
        return Ids(self.account, self.live, self.seed, self.snapshots.copy())

    @property
    def parts(self) -> list[int]:
        """Those of all of its parts."""
        return [self.live, *([] if self.seed is None else [self.seed]), *self.snapshots.values()]


class Tables:
    """The tables of a state file, for the one thread that writes them.

    Args:
        connection: The file.
        ids: The accounts in it.
    """

    def __init__(self, connection: sqlite3.Connection, ids: dict[Account, Ids]) -> None:
        self._connection = connection
        self._ids = ids
        self._last_account = max((one.account for one in ids.values()), default=0)
        self._last_part = max((part for one in ids.values() for part in one.parts), default=0)

    def write(self, work: Sequence[Capture | Account]) -> None:
        """Writes changes in one transaction: all of them or none.

        Args:
            work: What has changed, in this order; an account is one that was closed.

        Raises:
            sqlite3.Error: Nothing was written.
        """
        execute = self._connection.execute
        if len(work) == 1 and isinstance(work[0], Capture) and self._is_one_import(work[0]):
            execute(_ACCEPT, self._accepted(self._ids[work[0].account].live, work[0].accepted[0]))
            return
        accounts = {one.account if isinstance(one, Capture) else one for one in work}
        before = {account: self._ids[account].copy() for account in accounts if account in self._ids}
        execute("BEGIN")
        try:
            for one in work:
                if isinstance(one, Capture):
                    self._take(one)
                else:
                    self._forget(one)
            execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                execute("ROLLBACK")
            for account in accounts:
                self._ids.pop(account, None)
            self._ids.update(before)
            raise

    def _take(self, taken: Capture) -> None:
        ids = self._ids.get(taken.account) or self._open(taken.account)
        live, execute = ids.live, self._connection.execute
        if taken.whole:
            self._empty(live)
        for one in taken.accepted:
            execute(_ACCEPT, self._accepted(live, one))
        self._tokens(live, taken.tokens)
        if taken.faults is not None:
            execute("UPDATE parts SET faults = ? WHERE id = ?", (forms.faults_text(taken.faults), live))
        if taken.full is not None:
            self._full(ids, taken.full, whole=taken.whole)

    def _is_one_import(self, taken: Capture) -> bool:
        """Whether there is nothing but one import: then one statement is the whole transaction."""
        return (
            len(taken.accepted) == 1
            and taken.full is None
            and taken.faults is None
            and not (taken.tokens or taken.whole)
            and taken.account in self._ids
        )

    @staticmethod
    def _accepted(live: int, one: Accepted) -> tuple[Any, ...]:
        place = live << JOB_SHIFT | one.number
        ordered = forms.ordered_text(one.ordered) if one.ordered else None
        return place, one.id, forms.number(one.created_at), one.size, one.forced, one.body, ordered

    def _open(self, account: Account) -> Ids:
        self._last_account += 1
        self._last_part += 1
        ids = self._ids[account] = Ids(self._last_account, self._last_part)
        self.secret(ids, account)
        self._part(ids.live, ids, "live", None)
        return ids

    def secret(self, ids: Ids, account: Account) -> None:
        """Writes the credentials of an account: the secret as a salted digest, with another salt each time."""
        if isinstance(account.secret, DigestedSecret):
            salt, digest = account.secret.salt, account.secret.digest
        else:
            salt = entropy(16)
            digest = digested(salt, account.secret.reveal())
        self._connection.execute(
            "INSERT OR REPLACE INTO accounts VALUES (?, ?, ?, ?)", (ids.account, account.key, salt, digest)
        )

    def _forget(self, account: Account) -> None:
        ids = self._ids.pop(account, None)
        if ids is None:  # it was closed before it was saved
            return
        execute = self._connection.execute
        for part in ids.parts:
            self._empty(part)
        execute("DELETE FROM parts WHERE account = ?", (ids.account,))
        execute("DELETE FROM accounts WHERE id = ?", (ids.account,))
        _delete(self._connection, "journal", ids.account, ENTITY_SHIFT)

    def _part(self, part: int, ids: Ids, kind: str, name: str | None, about: str | None = None) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO parts (id, account, kind, name, about) VALUES (?, ?, ?, ?, ?)",
            (part, ids.account, kind, name, about),
        )

    def _empty(self, part: int) -> None:
        connection = self._connection
        _delete(connection, "records", part, RECORD_SHIFT)
        _delete(connection, "jobs", part, JOB_SHIFT)
        _delete(connection, "tokens", part, JOB_SHIFT)
        connection.execute("DELETE FROM errors WHERE job >= ? AND job < ?", (part << JOB_SHIFT, part + 1 << JOB_SHIFT))
        connection.execute("DELETE FROM contents WHERE part = ?", (part,))

    def _full(self, ids: Ids, full: Full, *, whole: bool) -> None:
        live, execute = ids.live, self._connection.execute
        about = forms.live_text(full)
        execute("UPDATE parts SET about = ? WHERE id = ?", (about, live))
        if whole:
            execute("UPDATE parts SET portal = ? WHERE id = ?", (forms.text(full.portal), live))
            _delete(self._connection, "journal", ids.account, ENTITY_SHIFT)
        self._records(live, full.rows.items())
        self._all_records(live, full.tables)
        self._contents(live, full.contents)
        self._jobs(live, full)
        for number, outcome in full.forced:
            execute("UPDATE jobs SET forced = ? WHERE place = ?", (outcome, live << JOB_SHIFT | number))
        for name, snapshot in full.snapshots.items():
            self._snapshot(ids, name, snapshot)
        if full.seed is not None:
            self._seed(ids, full.seed)
        self._journal(ids.account, full)

    def _jobs(self, live: int, full: Full) -> None:
        execute = self._connection.execute
        if full.running is not None:
            place = live << JOB_SHIFT | full.running.number
            execute("UPDATE jobs SET progress = ? WHERE place = ?", (forms.running_text(full.running), place))
            first, errors = full.errors
            if errors:
                items = forms.text([[at, *forms.error_values(error)] for at, error in errors])
                execute("INSERT OR REPLACE INTO errors VALUES (?, ?, ?)", (place, first, items))
        if full.ended:
            first = live << JOB_SHIFT | full.ended[0][0]
            execute("DELETE FROM errors WHERE job BETWEEN ? AND ?", (first, live << JOB_SHIFT | full.ended[-1][0]))
            rows = ((live << JOB_SHIFT | n, job_id, forms.ended_value(job)) for n, job_id, job in full.ended)
            self._many("INSERT OR REPLACE INTO jobs (place, id, ended) VALUES", 3, chain.from_iterable(rows))
        execute(
            "DELETE FROM jobs WHERE place >= ? AND place < ?", (live << JOB_SHIFT, live << JOB_SHIFT | full.first_job)
        )

    def _tokens(self, part: int, tokens: Iterable[TokenFacts]) -> None:
        execute = self._connection.execute
        for token in tokens:
            place = part << JOB_SHIFT | token.number
            if token.name is None or token.expires_at is None:
                execute("DELETE FROM tokens WHERE place = ?", (place,))
                continue
            digest = token.name if isinstance(token.name, bytes) else token_digest(token.name)
            values = (place, digest, forms.number(token.expires_at), token.revoked)
            execute("INSERT OR REPLACE INTO tokens VALUES (?, ?, ?, ?)", values)

    def _all_records(self, part: int, tables: Mapping[str, list[Row]]) -> None:
        for entity, rows in tables.items():
            self._records(part, (((entity, position), row) for position, row in enumerate(rows)))

    def _records(self, part: int, rows: Iterable[tuple[tuple[str, int], Row]]) -> None:
        base = part << RECORD_SHIFT
        places = ((base | _KINDS[entity] | position, row) for (entity, position), row in rows)
        self._many("INSERT OR REPLACE INTO records VALUES", 2, forms.record_values(places))

    def _contents(self, part: int, contents: Mapping[Key, bytes]) -> None:
        for key, content in contents.items():
            self._connection.execute(
                "INSERT OR REPLACE INTO contents VALUES (?, ?, ?)", (part, forms.key_text(key), content)
            )

    def _snapshot(self, ids: Ids, name: str, snapshot: Snapshot | None) -> None:
        former = ids.snapshots.pop(name, None)
        if former is not None:
            self._empty(former)
            self._connection.execute("DELETE FROM parts WHERE id = ?", (former,))
        if snapshot is None:
            return
        self._last_part += 1
        part = ids.snapshots[name] = self._last_part
        self._part(part, ids, "snapshot", name, forms.snapshot_text(snapshot.at, kept.facts_of(snapshot.queue)))
        faults = forms.faults_text(FaultFacts(snapshot.faults.list(), snapshot.faults.added))
        self._connection.execute("UPDATE parts SET faults = ? WHERE id = ?", (faults, part))
        self._store(part, snapshot.store)
        rows = ((part << JOB_SHIFT | n, i, forms.ended_value(job)) for n, i, job in kept.ended_since(snapshot.queue, 0))
        self._many("INSERT OR REPLACE INTO jobs (place, id, ended) VALUES", 3, chain.from_iterable(rows))
        book = snapshot.tokens.by_name.values()
        self._tokens(part, [TokenFacts(one.number, one.name, one.expires_at, one.revoked) for one in book])

    def _seed(self, ids: Ids, seed: Store) -> None:
        if ids.seed is None:
            self._last_part += 1
            ids.seed = self._last_part
            self._part(ids.seed, ids, "seed", None)
        self._empty(ids.seed)
        self._store(ids.seed, seed)

    def _store(self, part: int, store: Store) -> None:
        self._connection.execute("UPDATE parts SET portal = ? WHERE id = ?", (forms.text(store.portal), part))
        self._all_records(part, store.tables())
        self._contents(part, store.contents)

    def _journal(self, account: int, full: Full) -> None:
        if not full.first_exchange:  # it is not kept
            return
        base = account << ENTITY_SHIFT
        rows = ((base | one.number, *forms.exchange_values(one)) for one in full.exchanges)
        self._many("INSERT OR REPLACE INTO journal VALUES", 4, chain.from_iterable(rows))
        self._connection.execute(
            "DELETE FROM journal WHERE place >= ? AND place < ?", (base, base | full.first_exchange)
        )

    def _many(self, head: str, width: int, values: Iterable[Any]) -> None:
        """Writes rows, many by one statement: while SQLite works, the interpreter is free for others.

        Args:
            head: The statement up to the rows.
            width: Values of a row.
            values: Those of all rows, one after the other.
        """
        remaining, row = iter(values), f"({', '.join('?' * width)})"
        while chunk := list(islice(remaining, ROWS_AT_ONCE * width)):
            self._connection.execute(f"{head} {', '.join([row] * (len(chunk) // width))}", chunk)


def _delete(connection: sqlite3.Connection, table: str, part: int, shift: int) -> None:
    connection.execute(
        f"DELETE FROM {table} WHERE place >= ? AND place < ?",  # noqa: S608  # names of ours alone
        (part << shift, part + 1 << shift),
    )
