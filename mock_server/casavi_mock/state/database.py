"""The SQLite file itself: opened by one server at a time, and never harmed by one that cannot use it."""

import contextlib
import errno
import os
import sqlite3
from pathlib import Path
from typing import Any

from casavi_mock.errors import ConfigurationError
from casavi_mock.state.schema import APPLICATION_ID, STEPS, TABLES, VERSION
from casavi_mock.version import __version__

SYNCS = ("normal", "full")
"""How sure an answer is: `normal` outlives the end of the process, `full` also that of the machine."""

BUSY_SECONDS = 2.0
"""Seconds that a start waits for the former server to let the file go."""

CHECKPOINT_BYTES = 16_000_000
"""Bytes in the log beside the file, after which what stands in it is put into the file."""

_MAGIC = b"SQLite format 3\0"


def kind_of(path: Path) -> str:
    """Returns what a file is: `none` (there is none, or it is empty), `database`, or `other`.

    Raises:
        ConfigurationError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            start = file.read(len(_MAGIC))
    except FileNotFoundError:
        return "none"
    except OSError as error:
        raise ConfigurationError(f"{path}: the state cannot be read: {error.strerror or error}") from None
    return "database" if start == _MAGIC else "other" if start else "none"


def opened(path: Path, *, sync: str = "normal") -> sqlite3.Connection:
    """Returns the connection to a state file, which no other server can have meanwhile; makes it if there is none.

    Args:
        path: The file.
        sync: One of `SYNCS`.

    Raises:
        ConfigurationError: The file cannot be used; it stays as it is.
    """
    if not path.parent.is_dir():
        raise ConfigurationError(f"{path}: there is no such folder {path.parent}; create it first")
    if kind_of(path) == "none":
        _make(path)
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        raise ConfigurationError(f"{path}: the state cannot be written: the file or its folder is read-only")
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection, path, sync)
    except sqlite3.Error as error:
        connection.close()
        if _code(error) == sqlite3.SQLITE_IOERR:
            raise ConfigurationError(f"{path}: the file is cut off, or the disk is full or broken") from None
        raise ConfigurationError(f"{path}: {reason(error)}") from None
    except BaseException:
        connection.close()
        raise
    return connection


def tidy(connection: sqlite3.Connection, path: Path) -> None:
    """Puts what stands in the log beside a state file into the file, once that is much."""
    with contextlib.suppress(FileNotFoundError):
        if path.with_name(f"{path.name}-wal").stat().st_size >= CHECKPOINT_BYTES:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def reason(error: sqlite3.Error) -> str:
    """Returns why SQLite could not do something, as a sentence for people."""
    return {
        sqlite3.SQLITE_BUSY: "another server keeps its state in it; stop that one, or give each a file of its own",
        sqlite3.SQLITE_READONLY: "the state cannot be written: the file or its folder is read-only",
        sqlite3.SQLITE_CANTOPEN: "the state cannot be opened: its folder cannot be written to",
        sqlite3.SQLITE_FULL: "the state cannot be saved: the disk is full",
        sqlite3.SQLITE_IOERR: "the state cannot be saved: the disk is full or broken",
        sqlite3.SQLITE_NOTADB: "a damaged file; move it away to begin anew",
        sqlite3.SQLITE_CORRUPT: "a damaged file; move it away to begin anew",
    }.get(_code(error), f"the state cannot be used: {error}")


def _code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF  # without what SQLite says in more detail


def _make(path: Path) -> None:
    """Makes an empty file that nobody else can read, since the keys of accounts will be in it."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as error:
        if error.errno == errno.EROFS:
            raise ConfigurationError(f"{path}: the state cannot be written: its folder is read-only") from None
        raise ConfigurationError(f"{path}: the state cannot be written: {error.strerror}") from None


def _prepare(connection: sqlite3.Connection, path: Path, sync: str) -> None:
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("BEGIN IMMEDIATE")  # from here on the file is ours; and it can be written, or that is told now
    try:
        _bring_up(connection, path)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {sync.upper()}")
    connection.execute("PRAGMA wal_autocheckpoint = 0")  # that takes long: the writer's thread does it
    connection.execute("PRAGMA temp_store = MEMORY")
    with contextlib.suppress(OSError):  # it is another user's
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)


def _bring_up(connection: sqlite3.Connection, path: Path) -> None:
    """Brings the tables up to the version of this program."""
    version = _pragma(connection, "user_version")
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if version == 0 and tables == 0:
        _run(connection, TABLES)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    elif _pragma(connection, "application_id") != APPLICATION_ID:
        raise ConfigurationError(f"{path}: a database of another program; give another file")
    elif version > VERSION:
        raise ConfigurationError(
            f"{path}: written by a newer casavi-mock (format {version}, this one knows {VERSION}); use that, or move "
            "the file away"
        )
    else:
        if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise ConfigurationError(f"{path}: a damaged file; move it away to begin anew")
        for step in range(version, VERSION):
            _run(connection, STEPS[step])
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("INSERT OR REPLACE INTO facts VALUES ('version', ?)", (__version__,))


def _run(connection: sqlite3.Connection, script: str) -> None:
    for statement in script.split(";"):  # executescript would commit
        if statement.strip():
            connection.execute(statement)


def _pragma(connection: sqlite3.Connection, name: str) -> Any:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]
