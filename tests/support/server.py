"""The one way to stand up a mock: `Mock(...)`, or `shared_mock(...)` where a test needs no server of its own.

A mock is reached in process by a client (`client`), over a socket (`listening`), or by the contract kit in process
(`target`). The last two take a tamper, which makes the healthy server wrong on purpose.
"""

import atexit
import contextlib
import functools
import itertools
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import httpx

from casavi_contracts.http.target import ControlPlane, Credentials, InProcess, Target
from casavi_mock.accounts import Account, Limits, Settings
from casavi_mock.domain.jobs import Progress
from casavi_mock.domain.model import Secret
from casavi_mock.server.app import MockApp, new_registry
from casavi_mock.server.door import Door
from casavi_mock.server.options import EdgeOptions
from casavi_mock.server.serving import bind, server_for
from casavi_mock.state.keeper import Keeper, StateOptions
from tests.support.client import Client
from tests.support.contract import Contract
from tests.support.tamper import App, Recorded, Request, Tamper, Tampered
from tests.support.time import FakeTime

SECRET = "s3cr3t-äöü-of-this-account"
"""That of accounts which tests open."""

CONTROL_TOKEN = "c0ntrol-t0ken-of-the-tests"
"""That of mocks whose control plane wants one."""

GIVEN = (
    Credentials("the-key-of-the-account", "the-secret-of-the-account"),
    Credentials("the-key-of-another-account", "the-secret-of-another-account"),
)
"""The accounts that a mock may begin with."""

ACCOUNT = {"CASAVI_API_KEY": GIVEN[0].key, "CASAVI_API_SECRET": GIVEN[0].secret}
SECOND = {"CASAVI_API_KEY_2": GIVEN[1].key, "CASAVI_API_SECRET_2": GIVEN[1].secret}
CONSENT = {"CASAVI_ALLOW_WRITES": "1"}
"""The same, and the consent to write, as commands find them in their environment."""

_numbers = itertools.count(1)


class Mock:
    """A healthy mock in this process, with its time and its contract.

    Args:
        profile: Values of assumptions.
        progress: How jobs move on, or the mode alone.
        limits: How much the accounts hold.
        accounts: With how many of the accounts in `GIVEN` it begins.
        now: A source of time in place of the fake one.
        state: The file in which the accounts are kept; close its `keeper` then.
        overlay: A parsed OpenAPI Overlay for the contract documents.
        evidence: A parsed file of evidence.
        options: Fields of `EdgeOptions`: `control`, `control_token`, `connections` and others.
    """

    def __init__(
        self,
        profile: Mapping[str, Any] | None = None,
        progress: Progress | str | None = None,
        *,
        limits: Limits | None = None,
        accounts: int = 0,
        now: Callable[[], datetime] | None = None,
        state: StateOptions | None = None,
        overlay: Mapping[str, Any] | None = None,
        evidence: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        self.time = FakeTime()
        chosen = Progress(progress=progress) if isinstance(progress, str) else progress or Progress()
        self.settings = Settings.from_profile(profile, overlay, evidence, progress=chosen, limits=limits or Limits())
        self.now = now or self.time
        self.registry = new_registry(self.settings, now=self.now)
        for given in GIVEN[:accounts]:
            self.registry.create(given.key, Secret(given.secret))
        self.keeper = None if state is None else Keeper(state, self.registry, self.now)
        self.app = MockApp(self.registry, now=self.now, options=EdgeOptions(**options), keeper=self.keeper)
        self._kept: _Kept | None = None

    @functools.cached_property
    def contract(self) -> Contract:
        """The judge of its answers."""
        return Contract(self.settings.document, self.settings.documents["/v2"])

    @property
    def values(self) -> dict[str, Any]:
        """Values of the assumptions."""
        return {name: entry["value"] for name, entry in self.settings.document["x-assumptions"].items()}

    def account(self, secret: str = SECRET) -> Account:
        """Opens an account with a key that no other test has."""
        return self.registry.create(f"key-{next(_numbers)}-of-a-test", Secret(secret))

    def records(self) -> int:
        """Returns how many records all accounts hold."""
        return sum(
            account.store.count(entity) for account in self.registry for entity in ("contacts", "properties", "units")
        )

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        """Yields a client of a new account, while the server's worker runs."""
        async with (
            self.app.running(),
            httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://mock") as connection,
        ):
            yield Client(self, connection, self.account())

    def listening(
        self, tamper: Tamper | None = None, *, recording: bool = False
    ) -> contextlib.AbstractContextManager["Live"]:
        """Returns what runs it at a free port; arguments as those of `Live`."""
        return Live(self, tamper, recording=recording).running()

    @contextlib.contextmanager
    def target(
        self,
        tamper: Tamper | None = None,
        *,
        steered: bool = True,
        credentials: tuple[Credentials, ...] = (),
        **more: Any,
    ) -> Iterator[Target]:
        """Yields it as a target of the contract kit, without a socket.

        Args:
            tamper: What is wrong with it.
            steered: Whether the kit may use the control plane: fresh accounts, and a clock.
            credentials: The accounts that the kit is given.
            more: Further arguments of `Target`; waiting moves the mock's time unless `sleep` says otherwise.
        """
        if not len(self.registry):
            self.account()  # the first account of a server cannot be closed, so it must not be one of the kit's
        app = Tampered(self.app, tamper) if tamper else self.app
        transport = self._kept.transport(app) if self._kept else InProcess(app)
        with httpx.Client(transport=transport, base_url="http://mock") as http:
            defaults = {
                "plane": ControlPlane.find(http) if steered else None,
                "sleep": lambda seconds: self.time.advance(seconds=seconds),
                "now": self.now,
            }
            yield Target(http, credentials, **{**defaults, **more})
        _raise_crash(app)

    def keep_running(self) -> None:
        """Runs it for all targets until this process ends: to start it takes longer than most uses of a target."""
        self._kept = self._kept or _Kept(self.app)


@functools.cache
def shared_mock(mode: str = "immediate", **profile: Any) -> Mock:
    """Returns a server that tests share; each works in an account of its own. Lists come as tuples."""
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in profile.items()}
    mock = Mock({name.replace("_", "-"): value for name, value in values.items()}, mode)
    mock.account()  # the first one cannot be closed
    return mock


class Listener:
    """An ASGI application at a free port of this machine, run by a thread.

    Args:
        app: The application.
        door: Bounds on connections; the server's own if None.
    """

    def __init__(self, app: App, door: Door | None = None) -> None:
        self._app = app
        self._socket = bind("127.0.0.1", 0)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.server = server_for(app, door=door)
        self._thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self._socket]}, name="listener")

    @contextlib.contextmanager
    def running(self) -> Iterator[Any]:
        """Runs the server; connections wait in the backlog until it is up."""
        self._thread.start()
        try:
            yield self
        finally:
            self.server.should_exit = True
            self._thread.join(60)
            self._socket.close()
            assert not self._thread.is_alive()


class Live(Listener):
    """A mock at a port.

    Args:
        mock: The healthy mock.
        tamper: What is wrong with it.
        recording: Whether the requests that reach it are kept.
    """

    def __init__(self, mock: Mock, tamper: Tamper | None = None, *, recording: bool = False) -> None:
        self.mock = mock
        self._tampered = Tampered(mock.app, tamper) if tamper else mock.app
        self._recorded = Recorded(self._tampered) if recording else None
        super().__init__(self._recorded or self._tampered, mock.app.door)

    @contextlib.contextmanager
    def running(self) -> Iterator["Live"]:
        """Runs the server; connections wait in the backlog until it is up."""
        with super().running():
            yield self
        _raise_crash(self._tampered)

    @property
    def requests(self) -> list[Request]:
        """Requests that have reached it, those for the control plane too."""
        assert self._recorded is not None, "it was not asked to record"
        return self._recorded.requests

    @property
    def imports(self) -> list[Request]:
        """Requests that may have created records."""
        return [one for one in self.requests if one.method == "POST" and one.path.endswith("/import")]

    @property
    def tokens(self) -> set[str]:
        """Tokens that were sent."""
        return {one.token for one in self.requests} - {""}


class _Kept:
    """A server that runs until this process ends, behind whatever stands in front of it for a target."""

    def __init__(self, app: App) -> None:
        self._front = app
        self._server = InProcess(self._through)
        atexit.register(self._server.close)

    def transport(self, front: App) -> httpx.MockTransport:
        """Returns what hands requests to an application that wraps the server."""

        def handle(request: httpx.Request) -> httpx.Response:
            self._front = front
            return self._server.handle_request(request)

        return httpx.MockTransport(handle)

    async def _through(self, scope: Any, receive: Any, send: Any) -> None:
        await self._front(scope, receive, send)


def _raise_crash(app: App) -> None:
    if isinstance(app, Tampered) and app.crashes:
        raise RuntimeError("the tamper itself failed") from app.crashes[0]
