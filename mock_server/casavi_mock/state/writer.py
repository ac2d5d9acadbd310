"""The thread that saves: what is answered waits for it, and what comes together is saved together."""

import asyncio
import contextlib
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from casavi_mock.accounts import Account
from casavi_mock.accounts.capture import Capture, capture
from casavi_mock.errors import ConfigurationError
from casavi_mock.system import monotonic

log = logging.getLogger("casavi_mock.state")

RETRY_SECONDS = 1.0
"""Seconds before saving is tried again after it failed."""

QUICK_BYTES = 64_000
"""Length of imports that are saved without a change to the thread."""

QUICK_ACCOUNTS = 50
"""Accounts whose changes are saved so together."""

SLOW_SECONDS = 0.02
SLOW_FOR_SECONDS = 1.0
"""If that takes longer than the first, the thread does it for as long as the second."""

Work = list[Capture | Account]
"""Changes, and accounts that were closed."""


class Writer:
    """Saves the changes of accounts.

    Args:
        write: Writes changes, all or none; may raise what `reason` knows.
        errors: What `write` raises if it cannot.
        reason: Returns why not, as a sentence.
        tidy: Called now and then, in the thread; may raise the same.
        quick: Whether little is written without the thread, as that takes less time than to change to it.
        behind_seconds: How long what would come out the same if reckoned again may wait.
        journal: Whether the journals are saved.
    """

    def __init__(
        self,
        write: Callable[[Work], None],
        errors: type[Exception],
        reason: Callable[[Any], str],
        *,
        tidy: Callable[[], None] = lambda: None,
        quick: bool = True,
        behind_seconds: float,
        journal: bool,
    ) -> None:
        self._write = write
        self._errors = errors
        self._reason = reason
        self._tidy = tidy
        self._quick_from = 0.0 if quick else float("inf")
        self._behind_seconds = behind_seconds
        self._journal = journal
        self._decided: dict[Account, None] = {}
        self._followed: dict[Account, None] = {}
        self._closed: deque[Account] = deque()
        self._waiting: deque[Callable[[], None]] = deque()
        self._here: list[asyncio.Future[None]] = []
        self._lock = threading.Lock()
        self._left: Work = []
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._rung = self._ending = self._ended = False
        self._full_at: float | None = None
        self._retry_at = 0.0
        self._thread = threading.Thread(target=self._run, name="casavi-mock state", daemon=True)
        self.trouble: str | None = None
        """Why nothing can be saved at present; None if it can."""
        self.on_saved: Callable[[], None] = lambda: None
        """Called in the thread after everything that was to be saved is."""

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def note(self, account: Account, *, decided: bool) -> None:
        """Takes note of a change; any thread may."""
        (self._decided if decided else self._followed)[account] = None
        if self._full_at is None:
            self._full_at = monotonic() + self._behind_seconds
            self._ring()

    def close(self, account: Account) -> None:
        """Takes note that an account was closed."""
        self._closed.append(account)
        self._ring()

    async def saved(self) -> None:
        """Waits until what has been decided so far is saved, or could not be: see `trouble`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._here.append(future)
        if len(self._here) == 1:  # those that come in the same round of the loop are saved together
            loop.call_soon(self._save_here, loop)
        await future

    def _save_here(self, loop: asyncio.AbstractEventLoop) -> None:
        """Saves at once if that is quickly done; otherwise the thread does."""
        futures, self._here = self._here, []
        if self._saved_quickly():
            _settle(futures)
            return

        def told() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_settle, futures)

        self._wait(told)

    def _saved_quickly(self) -> bool:
        """Saves in this thread if it is little and nothing is in the way; returns whether it did."""
        started = monotonic()
        if self.trouble is not None or self._left or started < self._quick_from or not _is_little(self._decided):
            return False
        if not self._lock.acquire(blocking=False):
            return False
        try:
            work = self._taken(full=False)
            if work and not self._written(work):
                self._left = work
        finally:
            self._lock.release()
        if monotonic() - started > SLOW_SECONDS:  # a slow disk: others must not wait for it
            self._quick_from = started + SLOW_FOR_SECONDS
        return True

    def wait(self) -> None:
        """Waits like `saved`, in a thread without an event loop."""
        event = threading.Event()
        self._wait(event.set)
        event.wait()

    def _wait(self, told: Callable[[], None]) -> None:
        self._waiting.append(told)
        if self._ended:  # nobody saves any more, and nobody must wait for that for ever
            self._tell()
        else:
            self._ring()

    def stop(self) -> None:
        """Saves everything and ends.

        Raises:
            ConfigurationError: It cannot be saved.
        """
        self._ending = True
        self._ring()
        self._thread.join()
        if self.trouble is not None:
            raise ConfigurationError(self.trouble)

    def _ring(self) -> None:
        if not self._rung:
            self._rung = True
            self._bell.put(None)

    def _run(self) -> None:
        while not self._ending:
            self._sleep()
            self._round()
        self._round()
        self._ended = True
        self._tell()

    def _sleep(self) -> None:
        """Waits until somebody waits for something to be saved, or something has waited long enough."""
        while not (self._waiting or self._ending or self._closed):
            timeout = None if self._full_at is None else max(self._full_at - monotonic(), 0.0)
            if timeout == 0.0:
                break
            with contextlib.suppress(queue.Empty):
                self._bell.get(timeout=timeout)
            self._rung = False
        self._rung = False

    def _round(self) -> None:
        told = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if self.trouble is None or self._ending or monotonic() >= self._retry_at:
            with self._lock:
                self._save()
        for one in told:
            one()

    def _tell(self) -> None:
        """Tells all who wait."""
        while self._waiting:
            with contextlib.suppress(IndexError):  # another thread was faster
                self._waiting.popleft()()

    def _save(self) -> None:
        if self._left and not self._written(self._left):
            return
        self._left = []
        full = self._ending or (self._full_at is not None and monotonic() >= self._full_at)
        work = self._taken(full=full)
        if work and not self._written(work):
            self._left = work  # to be written before anything else
        with contextlib.suppress(self._errors):  # whoever writes next is told
            self._tidy()

    def _taken(self, *, full: bool) -> Work:
        """Takes what has changed."""
        accounts: dict[Account, None] = {}
        work: Work = [self._closed.popleft() for _ in range(len(self._closed))]
        if full:
            self._full_at = None  # before anything is taken: what is noted from here on comes next time
            accounts |= _all_of(self._followed)
        accounts |= _all_of(self._decided)
        for account in accounts:
            taken = capture(account, full=full, journal=self._journal)
            if taken is not None:
                work.append(taken)
            if not full:  # what follows from it is saved a little later
                self._followed[account] = None
        return work

    def _written(self, work: Work) -> bool:
        try:
            self._write(work)
        except self._errors as error:
            why = self._reason(error)
        except Exception:
            log.exception("the state could not be saved")
            why = "the state cannot be saved: the mock failed, its log has more"
        else:
            if self.trouble is not None:
                log.warning("the state is saved again")
            self.trouble = None
            for one in work:
                if isinstance(one, Capture) and one.account.changes is not None:
                    one.account.changes.saved = one.revision
            self.on_saved()
            return True
        if self.trouble is None:
            log.error("%s", why)
        self.trouble = why
        self._retry_at = self._full_at = monotonic() + RETRY_SECONDS
        return False


def _settle(futures: list["asyncio.Future[None]"]) -> None:
    for future in futures:
        if not future.done():  # whoever waited has gone
            future.set_result(None)


def _is_little(accounts: Iterable[Account]) -> bool:
    """Whether the changes of accounts are quickly written."""
    size, several = 0, tuple(accounts)
    if len(several) > QUICK_ACCOUNTS:
        return False
    for account in several:
        changes = account.changes
        if changes is None or changes.full:
            return False
        size += sum([one.size for one in changes.accepted])
    return size <= QUICK_BYTES


def _all_of(accounts: dict[Account, None]) -> dict[Account, None]:
    """Takes all accounts out; others may add some meanwhile."""
    taken: dict[Account, None] = {}
    while accounts:
        taken[accounts.popitem()[0]] = None
    return taken
