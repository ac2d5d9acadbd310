"""A server in a thread of this process, at a free port of the loopback interface."""

import threading
from contextlib import suppress

from casavi_mock.server.serving import bind, server_for
from pytest_casavi.backends.local import Accounts, new_app
from pytest_casavi.backends.quiet import QuietLog
from pytest_casavi.config import CasaviConfig
from pytest_casavi.handle.account import Account

_THREAD = "casavi-mock server"
_LOOK_SECONDS = 0.05
_STOP_SECONDS = 5.0


class ServerBackend:
    """The mock behind a socket.

    Args:
        config: How it behaves.

    Raises:
        RuntimeError: It does not start; its log says why.
    """

    def __init__(self, config: CasaviConfig) -> None:
        app = new_app(config)
        self._log = QuietLog(_THREAD)
        self._socket = bind("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._accounts = Accounts(app, self.url)
        ready = threading.Event()
        self._server = server_for(app, ready.set, door=app.door)
        self._thread = threading.Thread(target=self._run, name=_THREAD, daemon=True)
        self._thread.start()
        while not ready.wait(_LOOK_SECONDS):
            if not self._thread.is_alive():
                self.close()
                raise RuntimeError("casavi-mock does not start; its log has more")

    def open(self) -> Account:
        """Opens an account."""
        return self._accounts.open()

    def close(self) -> None:
        """Closes all accounts and ends the server."""
        self._accounts.close()
        self._server.should_exit = True
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive():
            self._server.force_exit = True
            self._thread.join(_STOP_SECONDS)
        self._socket.close()
        self._log.close()

    def _run(self) -> None:
        with suppress(SystemExit):  # so does uvicorn end if it cannot start, which is seen from outside
            self._server.run(sockets=[self._socket])
