"""The form that state files had before they were databases: the records of one account, as JSON. It is read once."""

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

from casavi_mock.accounts import Account
from casavi_mock.accounts.capture import capture
from casavi_mock.accounts.changes import Changes
from casavi_mock.errors import ConfigurationError, Unsteerable
from casavi_mock.server.portfolios import read_document
from casavi_mock.state.database import opened, reason
from casavi_mock.state.tables import Tables


def turn(path: Path, account: Account) -> None:
    """Makes a database of a former state file, which stays beside it under another name.

    Args:
        path: The file.
        account: The one that its records belong to.

    Raises:
        ConfigurationError: It is none, or there is no room; then it stays as it is.
    """
    _read(path, account)
    fresh = path.with_name(f".{path.name}.new")
    try:
        for left in ("", "-wal", "-journal"):  # by a start that was killed
            path.with_name(f"{fresh.name}{left}").unlink(missing_ok=True)
        connection = opened(fresh)
        account.changes = Changes(lambda decided: None, lambda: None)
        taken = capture(account, full=True, journal=False)
        assert taken is not None, "nobody has closed it"
        with contextlib.closing(connection):
            Tables(connection, {}).write([taken])
        _replace(path, fresh)
    except sqlite3.Error as error:
        raise ConfigurationError(f"{path}: {reason(error)}") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: the state cannot be saved: {error.strerror}") from None
    finally:
        account.changes = None


def _read(path: Path, account: Account) -> None:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: the state cannot be read: {error.strerror}") from None
    if content.lstrip()[:1] not in (b"{", b"["):
        raise ConfigurationError(f"{path}: no state that casavi-mock saved; give another file")
    document = read_document(account.settings.document, str(path), content)
    if "_mock" not in document:
        raise ConfigurationError(
            f"{path}: a portfolio, not a state that casavi-mock saved; give it with --load, or another file"
        )
    try:
        account.put_state(document)
    except Unsteerable as error:
        raise ConfigurationError(f"{path}: {error} Mend the file, or move it away to begin anew.") from None


def _replace(path: Path, fresh: Path) -> None:
    """Puts a new file in the place of the former one; whoever is killed meanwhile leaves one of them there."""
    kept = path.with_name(f"{path.name}.former")
    kept.unlink(missing_ok=True)
    try:
        os.link(path, kept)
    except OSError:  # not every file system can
        shutil.copy2(path, kept)
    with contextlib.suppress(OSError):  # it is another user's
        kept.chmod(0o600)
    fresh.replace(path)
