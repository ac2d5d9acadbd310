"""The asyncio side of the job queues: waits until something is due, and has it done in slices."""

import asyncio
import contextlib
import functools
import logging

from casavi_mock.accounts import Account, Registry
from casavi_mock.system import monotonic

log = logging.getLogger("casavi_mock.worker")

_yield = asyncio.sleep  # bound here, as tests in this process may replace it

SLICE_SECONDS = 0.001
"""How long records are done between two pauses, so that other clients are answered meanwhile."""

SLICE_RECORDS = 25
"""Records done between two looks at the time."""

TROUBLE_SECONDS = 1.0
"""Seconds before a job that could not be run is tried again, unless something else is to be done sooner."""


class Worker:
    """Runs the queues of all accounts of one server.

    Args:
        registry: The accounts.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._task: asyncio.Task[None] | None = None
        self._wake: asyncio.Event | None = None

    @property
    def running(self) -> bool:
        """Whether the worker runs."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Starts in the running event loop."""
        loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._registry.wake = functools.partial(loop.call_soon_threadsafe, self._wake.set)  # called from any thread
        self._task = loop.create_task(self._run(self._wake), name="casavi-mock worker")

    async def stop(self) -> None:
        """Ends after the running slice; jobs that are not done stay undone."""
        self._registry.wake = lambda: None
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self, event: asyncio.Event) -> None:
        while True:
            event.clear()
            more = troubled = False
            for account in self._registry.busy():
                try:
                    more |= _run_slice(account)
                except Exception:  # one account's trouble must not stop the others
                    log.exception("a job could not be run")
                    troubled = True
                await _yield(0)
            if troubled:
                await _pause(event, TROUBLE_SECONDS)
            elif not more:
                times = [due for account in self._registry.busy() if (due := account.next_due_seconds()) is not None]
                await _pause(event, min(times) if times else None)


async def _pause(event: asyncio.Event, seconds: float | None) -> None:
    """Waits for an event, and at most so long.

    `asyncio.wait_for` of Python 3.11 would not notice that the worker is to end if the event comes at the same moment.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def _run_slice(account: Account) -> bool:
    """Does for a while what is due; returns whether more is due."""
    until = monotonic() + SLICE_SECONDS
    while account.run_due(SLICE_RECORDS):
        if monotonic() >= until:
            return True
    return False
