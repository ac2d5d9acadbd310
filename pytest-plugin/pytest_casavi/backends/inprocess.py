"""The mock without a socket: httpx clients reach it through a transport."""

from contextlib import ExitStack

from anyio.from_thread import start_blocking_portal

from pytest_casavi.backends.local import Accounts, new_app
from pytest_casavi.backends.quiet import QuietLog
from pytest_casavi.config import CasaviConfig
from pytest_casavi.handle.account import Account
from pytest_casavi.transport import Transport

URL = "http://in-process.casavi.invalid"
"""Resolves nowhere, so that a client that does not use the transport reaches nobody."""


class InProcessBackend:
    """The mock as an application with a loop of its own, in which its queue runs too.

    Args:
        config: How it behaves.
    """

    url = URL

    def __init__(self, config: CasaviConfig) -> None:
        app = new_app(config)
        with ExitStack() as opened:
            opened.callback(QuietLog().close)
            portal = opened.enter_context(start_blocking_portal("asyncio", name="casavi-mock loop"))
            opened.enter_context(portal.wrap_async_context_manager(app.running()))
            self._accounts = Accounts(app, URL, Transport(app, portal))
            opened.callback(self._accounts.close)
            self._opened = opened.pop_all()

    def open(self) -> Account:
        """Opens an account."""
        return self._accounts.open()

    def close(self) -> None:
        """Closes all accounts and ends the loop."""
        self._opened.close()
