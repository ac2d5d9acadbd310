"""Keeps the records of an account in a file, from one run of the server to the next.

Unfinished jobs, tokens and the journal are not in it: after a restart a client logs in and sends anew.
"""

import contextlib
import errno
import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import orjson

from casavi_mock.accounts import Account
from casavi_mock.domain.clock import timestamp
from casavi_mock.errors import ConfigurationError, Unsteerable
from casavi_mock.server.portfolios import read_document
from casavi_mock.version import __version__

log = logging.getLogger("casavi_mock.state")


class StateFile:
    """The file of one account.

    Args:
        path: The file; it need not exist yet, its folder has to.
        account: The account.
        now: Returns the current time, aware.

    Raises:
        ConfigurationError: There is no such folder.
    """

    def __init__(self, path: str, account: Account, now: Callable[[], datetime]) -> None:
        self._shown = path
        self._path = Path(path).resolve()  # a link stays a link: what it leads to is replaced
        self._account = account
        self._now = now
        self._saved: object = None
        self._saved_at: str | None = None
        self.loaded_at: str | None = None
        """When what was loaded had been saved; None if nothing was loaded, or the file does not tell."""
        if not self._path.parent.is_dir():
            raise ConfigurationError(f"{path}: there is no such folder {self._path.parent}; create it first")

    def load(self) -> bool:
        """Puts the records of the file into the account; returns whether there was a file.

        Raises:
            ConfigurationError: The file cannot be read, or is damaged; it stays as it is.
        """
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise ConfigurationError(f"{self._shown}: the state cannot be read: {error.strerror}") from None
        document = read_document(self._account.settings.document, self._shown, content)
        if "_mock" not in document:  # it would be overwritten when the server stops
            raise ConfigurationError(
                f"{self._shown}: a portfolio, not a state that casavi-mock saved; give it with --load, or another file"
            )
        try:
            self._account.put_state(document)
        except Unsteerable as error:
            raise ConfigurationError(f"{self._shown}: {error} Mend the file, or move it away to begin anew.") from None
        self._saved = self._account.revision
        self.loaded_at = self._saved_at = _moment(document["_mock"].get("savedAt"))
        return True

    def view(self) -> dict[str, str | None]:
        """Returns the name of the file, when what was loaded had been saved, and when it was saved last."""
        return {"file": self._path.name, "loaded": self.loaded_at, "saved": self._saved_at}

    def save(self) -> bool:
        """Writes the file anew if records may have changed since it was written; returns whether it did.

        The file is replaced as a whole: whoever is killed meanwhile leaves the former one.

        Raises:
            OSError: It cannot be written.
        """
        revision = self._account.revision
        if revision == self._saved:
            return False
        saved_at = timestamp(self._now())  # before the records are taken: what had happened by then is among them
        document = self._account.state()
        document["_mock"] |= {"mock": __version__, "savedAt": saved_at, "account": self._account.key}
        _replace(self._path, orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
        self._saved, self._saved_at = revision, saved_at
        return True

    def save_or_log(self) -> None:
        """Saves as `save` does; trouble is logged, and the next time it is tried again."""
        try:
            if self.save():
                log.info("saved the state: %s", self._shown)
        except OSError as error:
            log.warning("%s", self._trouble(error))
        except Exception:
            log.exception("%s: the state could not be saved", self._shown)

    @contextlib.contextmanager
    def kept(self, every_seconds: float) -> Iterator[None]:
        """Saves every so many seconds, in a thread so that nobody waits for it, and at the end.

        Raises:
            ConfigurationError: The state cannot be saved at the end.
        """
        over = threading.Event()

        def keep() -> None:
            while not over.wait(every_seconds):
                self.save_or_log()

        thread = threading.Thread(target=keep, name="casavi-mock state", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            try:
                self.save()
            except OSError as error:
                raise ConfigurationError(self._trouble(error)) from None

    def _trouble(self, error: OSError) -> str:
        hint = "; mount its folder, not the file itself" if error.errno == errno.EBUSY else ""
        return f"{self._shown}: the state cannot be saved: {error.strerror}{hint}"


def _moment(saved_at: object) -> str | None:
    """Returns a time if it is one: the file may hold anything."""
    try:
        return timestamp(datetime.fromisoformat(saved_at)) if isinstance(saved_at, str) else None
    except (ValueError, OverflowError):
        return None


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_name(f".{path.name}.new")
    try:
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(OSError):  # there is no former file yet, or it is another user's
            shutil.copymode(path, fresh)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    with contextlib.suppress(OSError):  # not every system can: then the name is on the disk a little later
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
