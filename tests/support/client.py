"""A small client of one account of a mock in this process."""

import json
import ssl
from typing import TYPE_CHECKING, Any

import httpx

from casavi_mock.accounts import Account
from tests.support.contract import Seen

if TYPE_CHECKING:
    from tests.support.server import Mock


PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of a server that speaks no TLS: to read the certificates of this machine takes longer than a request."""


class Client:
    """A client of one account; every answer is held against the contract."""

    def __init__(self, mock: "Mock", connection: httpx.AsyncClient, account: Account) -> None:
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

    def held(self) -> tuple[dict[str, int], list[str]]:
        """Returns how many records of each kind the account holds, and its jobs, without a request."""
        entities = ("contacts", "properties", "units", "responsibilities", "documents")
        return {entity: self.account.store.count(entity) for entity in entities}, [
            job.id for job in self.account.jobs()
        ]

    async def health(self) -> dict[str, Any]:
        """Returns what the server holds."""
        response = await self.connection.get("/_mock/health")
        assert response.status_code == 200
        health: dict[str, Any] = response.json()
        return health
