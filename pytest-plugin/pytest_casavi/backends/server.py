"""A server in a thread of this process, at a free port of the loopback interface."""

from collections.abc import Callable

from casavi_mock.server.serving import bind, server_for
from pytest_casavi.backends.local import Accounts, new_app
from pytest_casavi.backends.loop_thread import SOCKETS, LoopThread, refuse_fork
from pytest_casavi.backends.quiet import QuietLog
from pytest_casavi.config import CasaviConfig
from pytest_casavi.errors import CannotSteer
from pytest_casavi.handle.account import Account
from pytest_casavi.mutants.vendor import staged

_THREAD = "casavi-mock server"


class ServerBackend:
    """The mock behind a socket.

    Args:
        config: How it behaves.

    Raises:
        CasaviError: It does not start; the text says why.
    """

    def __init__(self, config: CasaviConfig) -> None:
        self._running = LoopThread(_THREAD)
        app = staged(new_app(config))
        try:
            self._socket = bind("127.0.0.1", 0)
        except RuntimeError as error:  # so does pytest-socket
            raise CannotSteer(f"casavi-mock cannot listen: {type(error).__name__}: {error} {SOCKETS}") from error
        self._log = QuietLog(_THREAD)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._accounts = Accounts(app, self.url)
        self._app = app
        try:
            self._running.start(self._serve)
        except BaseException:
            self._free()
            raise

    def open(self) -> Account:
        """Opens an account."""
        refuse_fork(self._running.pid)
        return self._accounts.open()

    def close(self) -> None:
        """Closes all accounts and ends the server."""
        self._accounts.close()
        self._server.should_exit = True
        if not self._running.join():
            self._server.force_exit = True
            self._running.join()
        self._free()

    async def _serve(self, ready: Callable[[], None]) -> None:
        self._server = server_for(self._app, ready, door=self._app.door)
        self._server.config.lifespan = "off"  # what fails in there is told here
        async with self._app.running():
            await self._server.serve(sockets=[self._socket])

    def _free(self) -> None:
        self._socket.close()
        self._log.close()
