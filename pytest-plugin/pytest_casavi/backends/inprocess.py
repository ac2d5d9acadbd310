"""The mock without a socket: httpx clients reach it through a transport."""

import asyncio
from collections.abc import Callable

from pytest_casavi.backends.local import Accounts, new_app
from pytest_casavi.backends.loop_thread import LoopThread, refuse_fork
from pytest_casavi.backends.quiet import QuietLog
from pytest_casavi.config import CasaviConfig
from pytest_casavi.handle.account import Account
from pytest_casavi.mutants.vendor import staged
from pytest_casavi.transport import Transport

URL = "http://in-process.casavi.invalid"
"""Resolves nowhere, so that a client that does not use the transport reaches nobody."""


class InProcessBackend:
    """The mock as an application with a loop of its own, in which its queue runs too.

    Args:
        config: How it behaves.

    Raises:
        CasaviError: It does not start; the text says why.
    """

    url = URL

    def __init__(self, config: CasaviConfig) -> None:
        self._running = LoopThread("casavi-mock loop")
        self._app = staged(new_app(config))
        self._log = QuietLog()
        self._accounts = Accounts(self._app, URL, Transport(self._app, self._running.submit))
        try:
            self._running.start(self._run)
        except BaseException:
            self._log.close()
            raise

    def open(self) -> Account:
        """Opens an account."""
        refuse_fork(self._running.pid)
        return self._accounts.open()

    def close(self) -> None:
        """Closes all accounts and ends the loop."""
        self._accounts.close()
        self._loop.call_soon_threadsafe(self._end.set)
        self._running.join()
        self._log.close()

    async def _run(self, ready: Callable[[], None]) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        async with self._app.running():
            ready()
            await self._end.wait()
