"""Keeps the accounts of a server in a file: reads them at the start, and saves what changes."""

import functools
import gc
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from casavi_mock.accounts import Account, Registry
from casavi_mock.accounts.changes import Changes
from casavi_mock.domain.clock import timestamp
from casavi_mock.domain.jobs import kept
from casavi_mock.errors import ConfigurationError
from casavi_mock.handlers.saving import unsaved
from casavi_mock.messages.request import Trail
from casavi_mock.state import former
from casavi_mock.state.database import kind_of, opened, reason, tidy
from casavi_mock.state.reading import Reader
from casavi_mock.state.tables import Ids, Tables
from casavi_mock.state.writer import Writer

log = logging.getLogger("casavi_mock.state")

PROMISES = frozenset({"importMasterData", "authenticate", "refreshToken"})
"""Operations whose answer is a promise: without it being saved they are not answered well."""

Route = Callable[[Trail], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StateOptions:
    """How a state is kept."""

    path: str
    sync: str = "normal"
    """One of `casavi_mock.state.database.SYNCS`."""
    behind_seconds: float = 2.0
    """How long the records of jobs may wait until they are saved; they would come out the same again."""
    journal: bool = False
    """Whether the journals are kept too."""


class Keeper:
    """Keeps the accounts of a server in a file.

    Args:
        options: How.
        registry: The accounts that the start has opened.
        now: Returns the current time, aware.
        seeded: Those of the accounts to whose present records a reset goes back, whatever the file says.

    Raises:
        ConfigurationError: The file cannot be used; it stays as it is.
    """

    def __init__(
        self, options: StateOptions, registry: Registry, now: Callable[[], datetime], seeded: Sequence[Account] = ()
    ) -> None:
        self._registry = registry
        self._now = now
        self._journal = options.journal
        self._path = path = Path(options.path).resolve()  # a link stays a link
        self._connection, ids = _read(path, options, registry, seeded)
        self.found = bool(ids)
        """Whether there was a state to start with."""
        self._saved_at: datetime | None = None
        self._tables = Tables(self._connection, ids)
        self._writer = Writer(
            self._tables.write,
            sqlite3.Error,
            self._reason,
            tidy=functools.partial(tidy, self._connection, path),
            quick=options.sync == "normal",
            behind_seconds=options.behind_seconds,
            journal=options.journal,
        )
        self._writer.on_saved = self._note_saved
        registry.on_open, registry.on_close = self._opened, self._closed
        try:
            self._begin(ids, journal=options.journal)
        except sqlite3.Error as error:
            self._connection.close()
            raise ConfigurationError(self._reason(error)) from None
        for account in registry:
            self._watch(account, new=account not in ids, seeded=account in seeded)
        self._writer.start()
        if self.wait() is not None:
            self.close()

    def view(self) -> dict[str, Any]:
        """Returns what health tells: the name of the file, when it was saved last, and why it cannot be at present."""
        saved = None if self._saved_at is None else timestamp(self._saved_at)
        return {"file": self._path.name, "saved": saved, "trouble": self._writer.trouble}

    def around(self, route: Route) -> Route:
        """Returns what answers a request like another one does, and waits until what it decided is saved."""

        async def kept_route(trail: Trail) -> None:
            try:
                await route(trail)
            finally:
                changes = trail.account.changes if trail.account is not None else None
                if changes is not None and self._journal:
                    changes.followed()  # what is written down of it
                if changes is not None and changes.saved < changes.revision:
                    revision = changes.revision
                    await self._writer.saved()
                    if changes.saved < revision and trail.operation in PROMISES:
                        self._break_promise()

        return kept_route

    def wait(self) -> str | None:
        """Waits until what has been decided so far is saved; returns why it cannot be."""
        self._writer.wait()
        return self._writer.trouble

    def close(self) -> None:
        """Saves everything, and lets the file go.

        Raises:
            ConfigurationError: It cannot be saved.
        """
        registry = self._registry
        registry.on_open = registry.on_close = lambda account: None
        try:
            self._writer.stop()
        finally:
            self._connection.close()

    def _break_promise(self) -> None:
        trouble = self._writer.trouble
        raise unsaved(trouble or f"{self._path}: the state cannot be saved")

    def _reason(self, error: sqlite3.Error) -> str:
        return f"{self._path.name}: {reason(error)}"

    def _note_saved(self) -> None:
        self._saved_at = self._now()

    def _begin(self, ids: dict[Account, Ids], *, journal: bool) -> None:
        """Writes the secrets that the start has given, which may be others than those of the file."""
        self._connection.execute("BEGIN")
        for account, numbers in ids.items():
            if account.secret.reveal():
                self._tables.secret(numbers, account)
        if not journal:
            self._connection.execute("DELETE FROM journal")
        self._connection.execute("COMMIT")

    def _watch(self, account: Account, *, new: bool, seeded: bool = False) -> None:
        with account.lock:
            account.changes = changes = Changes(functools.partial(self._changed, account), lambda: self._writer.trouble)
            changes.seed = seeded
            if not new:
                account.store.changed, account.tokens.changed = {}, {}
                account.store.new_contents = {}
                changes.whole = changes.full = False
                changes.ended = kept.ended_number(account.queue)
                changes.faults, changes.exchange = account.faults.revision, account.journal.last_number
                if (told := kept.running(account.queue)) is not None:
                    changes.errors = told[0].number, len(told[1].errors)
            if new or seeded:
                changes.decided()

    def _changed(self, account: Account, decided: bool) -> None:  # called by `Changes` alone
        self._writer.note(account, decided=decided)

    def _opened(self, account: Account) -> None:
        self._watch(account, new=True)

    def _closed(self, account: Account) -> None:
        assert account.changes is not None, "it is watched"
        account.changes.closed = True
        self._writer.close(account)


def _read(
    path: Path, options: StateOptions, registry: Registry, seeded: Sequence[Account]
) -> tuple[sqlite3.Connection, dict[Account, Ids]]:
    """Opens the file, and lets the accounts in it go on."""
    if kind_of(path) == "other":
        account = registry.default
        assert account is not None, "a start opens an account"
        former.turn(path, account)
    connection = opened(path, sync=options.sync)
    collecting = gc.isenabled()
    gc.disable()  # it would look through all records again and again, and find nothing
    try:
        return connection, Reader(connection, registry, journal=options.journal).accounts(seeded)
    except ConfigurationError as error:
        connection.close()
        raise ConfigurationError(f"{path}: {error}") from None
    except (sqlite3.Error, ValueError, KeyError, TypeError, AssertionError, StopIteration) as error:
        connection.close()
        log.debug("the state cannot be read", exc_info=error)
        raise ConfigurationError(f"{path}: a damaged file; move it away to begin anew") from None
    finally:
        if collecting:
            gc.enable()
