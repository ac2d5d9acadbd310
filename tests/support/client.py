"""A small client of the mock in one process, and a live server on a port of its own."""

import contextlib
import functools
import itertools
import json
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from casavi_mock.accounts import Account, Limits, Settings
from casavi_mock.domain.jobs import Progress
from casavi_mock.domain.model import Secret
from casavi_mock.server.app import MockApp, new_registry
from casavi_mock.server.serving import bind, server_for
from tests.support.contract import Contract, Seen

SECRET = "s3cr3t-äöü-of-this-account"

_numbers = itertools.count(1)


class Time:
    """A source of time that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 5, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **step: float) -> None:
        """Moves time forward; arguments as those of `timedelta`."""
        self.now += timedelta(**step)


class Mock:
    """A server in this process, with its time and its contract."""

    def __init__(
        self, profile: Mapping[str, Any] | None = None, progress: Progress | None = None, limits: Limits | None = None
    ) -> None:
        self.time = Time()
        self.settings = Settings.from_profile(profile, progress=progress or Progress(), limits=limits or Limits())
        self.registry = new_registry(self.settings, now=self.time)
        self.app = MockApp(self.registry, now=self.time)
        self.contract = Contract(self.settings.document, self.settings.documents["/v2"])

    @property
    def values(self) -> dict[str, Any]:
        """Values of the assumptions."""
        return {name: entry["value"] for name, entry in self.settings.document["x-assumptions"].items()}

    def account(self, secret: str = SECRET) -> Account:
        """Opens an account with a key that no other test has."""
        return self.registry.create(f"key-{next(_numbers)}-of-a-test", Secret(secret))

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator["Client"]:
        """Yields a client of a new account, while the server's worker runs."""
        async with (
            self.app.running(),
            httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://mock") as connection,
        ):
            yield Client(self, connection, self.account())


@functools.cache
def shared_mock(mode: str = "immediate", **profile: Any) -> Mock:
    """Returns a server that tests share; each works in an account of its own. Lists come as tuples."""
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in profile.items()}
    return Mock({name.replace("_", "-"): value for name, value in values.items()}, Progress(mode=mode))


class Client:
    """A client of one account; every answer is held against the contract."""

    def __init__(self, mock: Mock, connection: httpx.AsyncClient, account: Account) -> None:
        self.mock = mock
        self.account = account
        self.connection = connection
        self.token = ""

    def another(self) -> "Client":
        """Returns a client of another new account of the same server."""
        return Client(self.mock, self.connection, self.mock.account())

    @property
    def credentials(self) -> dict[str, str]:
        """What a log-in needs."""
        return {"key": self.account.key, "secret": self.account.secret.reveal()}

    async def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Sends a request and checks its answer; options as those of httpx."""
        response = await self.connection.request(method, path, **options)
        seen = Seen(response.status_code, {k.lower(): v for k, v in response.headers.items()}, response.content)
        self.mock.contract.check(method, response.request.url.raw_path.decode().partition("?")[0], seen)
        return response

    async def post(self, path: str, body: Any = None, *, token: str | None = None, **options: Any) -> httpx.Response:
        """Sends JSON; bytes go as they are, with the media type of JSON."""
        headers = {"content-type": "application/json", **options.pop("headers", {})}
        if token is not None:
            headers["token"] = token
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        return await self.request("POST", path, content=content, headers=headers, **options)

    async def log_in(self) -> str:
        """Logs in and returns the token, which later calls send."""
        response = await self.post("/authenticate", self.credentials)
        assert response.is_success, response.text
        self.token = response.json()["token"]
        return self.token

    async def get(self, path: str, **options: Any) -> httpx.Response:
        """Reads with this client's token; logs in first if there is none yet. A complete address is followed as it is.

        Args:
            path: The path or address, encoded.
            options: As those of httpx.
        """
        token = self.token or await self.log_in()
        return await self.request("GET", path, headers={"token": token, **options.pop("headers", {})}, **options)

    async def read(self, path: str, **params: Any) -> Any:
        """Returns what a path answers; parameters are those of the query."""
        response = await self.get(path, params=params or None)
        assert response.status_code == 200, response.text
        return response.json()

    async def send(self, body: Any, **options: Any) -> httpx.Response:
        """Sends an import with this client's token; logs in first if there is none yet."""
        token = self.token or await self.log_in()
        return await self.post(self.mock.values["import-path"], body, token=token, **options)

    async def job(self, job_id: str) -> dict[str, Any]:
        """Returns a job as it is now."""
        response = await self.request("GET", f"/jobs/{job_id}", headers={"token": self.token})
        assert response.status_code == 200, response.text
        job: dict[str, Any] = response.json()
        return job

    async def imported(self, body: Any) -> dict[str, Any]:
        """Imports and returns the ended job; moves this server's time if need be."""
        response = await self.send(body)
        assert response.status_code == self.mock.values["import-status"], response.text
        return await self.finished(response.json()[self.mock.values["job-id-field"]])

    async def finished(self, job_id: str) -> dict[str, Any]:
        """Returns a job when it has ended; every look does some of it, so a bounded number of looks is enough."""
        for _ in range(1000):
            job = await self.job(job_id)
            if job["finishedAt"] is not None:
                return job
            self.mock.time.advance(seconds=1)
        raise AssertionError(f"the job does not end: {job['status']}, {job['progress']}")

    async def health(self) -> dict[str, Any]:
        """Returns what the server holds."""
        response = await self.connection.get("/_mock/health")
        assert response.status_code == 200
        health: dict[str, Any] = response.json()
        return health


class Live:
    """A server that listens at a free port, run by a thread."""

    def __init__(self, mock: Mock) -> None:
        self.mock = mock
        self._socket = bind("127.0.0.1", 0)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._server = server_for(mock.app, door=getattr(mock.app, "door", None))  # a wrong server in tests has none
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, name="live")

    @contextlib.contextmanager
    def running(self) -> Iterator["Live"]:
        """Runs the server; connections wait in the backlog until it is up."""
        self._thread.start()
        try:
            yield self
        finally:
            self._server.should_exit = True
            self._thread.join(10)
            self._socket.close()
            assert not self._thread.is_alive()
