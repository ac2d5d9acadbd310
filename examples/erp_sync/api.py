"""Speaks to casavi: logs in, refreshes its token in time, imports, follows jobs."""

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Self

import httpx

URL = "https://api.mycasavi.com"

REFRESH_PATH = "/refresh"
"""A guess about casavi: the assumption `refresh-path` of casavi-mock."""
IMPORT_PATH = "/import"
"""A guess: `import-path`."""
WAITING = ("waiting", "active")
FINAL = ("completed", "failed")
"""Guesses: `job-status-names`."""

REFRESH_BEFORE = timedelta(days=1)
"""A token that ends sooner is refreshed first."""
TRIES = 4
PAUSES = (2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""Seconds between two tries, and between two looks at a job; the last one again and again."""


class CasaviError(Exception):
    """casavi refused something, or did not answer."""


class _TryAgain(CasaviError):
    """It may go well another time, after so many seconds at the earliest."""

    def __init__(self, problem: str, seconds: float = 0) -> None:
        super().__init__(problem)
        self.seconds = seconds


class CasaviApi:
    """One account of casavi.

    Args:
        url: Address of the API.
        key: API key.
        secret: API secret.
        sleep: Waits for so many seconds.
        now: Returns the current time, aware.
        transport: Where requests go; the network if None.
    """

    def __init__(
        self,
        url: str,
        key: str,
        secret: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(base_url=url, timeout=30, transport=transport, verify=_certificates())
        self._key = key
        self._secret = secret
        self._sleep = sleep
        self._now = now
        self._token: str | None = None
        self._token_ends: datetime | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._http.close()

    def import_master_data(self, data: Mapping[str, Any]) -> str:
        """Sends master data and returns the id of the job that imports it."""
        return str(self._call("POST", IMPORT_PATH, data)["jobId"])

    def job(self, job_id: str) -> dict[str, Any]:
        """Returns a job as it is now."""
        return self._call("GET", f"/jobs/{job_id}")

    def finished(self, job_id: str, *, timeout_seconds: float = 3600) -> dict[str, Any]:
        """Follows a job to its end and returns it; waits longer each time.

        Raises:
            CasaviError: It did not end in time, or in a state that is unknown here.
        """
        waited = 0.0
        for pause in _pauses():
            job = self.job(job_id)
            if job["status"] in FINAL:
                return job
            if job["status"] not in WAITING:  # to look for ever at what will never change helps nobody
                raise CasaviError(f"job {job_id} is in a state that is unknown here: {job['status']!r}")
            if waited >= timeout_seconds:
                break
            self._sleep(pause)
            waited += pause
        raise CasaviError(f"job {job_id} is still {job['status']!r} after {waited:g} s")

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Sends a request; again if that may help. Imports merge by id, so one whose answer was lost may go again."""
        for pause in PAUSES[: TRIES - 1]:
            try:
                return self._once(method, path, body)
            except _TryAgain as again:
                self._sleep(max(pause, again.seconds))
        return self._once(method, path, body)

    def _once(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        try:
            answer = self._http.request(method, path, json=body, headers={"token": self._good_token()})
        except httpx.TransportError as error:
            raise _TryAgain(f"{method} {path}: {type(error).__name__}") from error
        if answer.is_success:
            result: dict[str, Any] = answer.json()
            return result
        problem = f"{method} {path}: {answer.status_code} {_detail(answer)}"
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._token = None  # it was revoked, or ended earlier than we were told
            raise _TryAgain(problem)
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
            raise _TryAgain(problem, self._seconds(answer.headers.get("Retry-After", "")))
        raise CasaviError(problem)

    def _good_token(self) -> str:
        if self._token is None or self._token_ends is None or self._now() >= self._token_ends:
            return self._take_token("/authenticate", {"key": self._key, "secret": self._secret})
        if self._now() >= self._token_ends - REFRESH_BEFORE:
            with suppress(CasaviError):  # a refresh may be refused, a log-in is not
                return self._take_token(REFRESH_PATH, {"apiKey": self._key, "token": self._token})
            return self._take_token("/authenticate", {"key": self._key, "secret": self._secret})
        return self._token

    def _take_token(self, path: str, body: Mapping[str, str]) -> str:
        answer = self._http.post(path, json=body)
        if not answer.is_success:
            raise CasaviError(f"POST {path}: {answer.status_code} {_detail(answer)}")
        try:
            given = answer.json()
            ends = datetime.fromisoformat(given["expiresAt"])
            token = str(given["token"])
        except (ValueError, TypeError, LookupError) as error:
            raise CasaviError(f"POST {path}: an answer that cannot be read: {error!r}") from error
        self._token_ends = ends if ends.tzinfo is not None else ends.replace(tzinfo=UTC)
        self._token = token
        return token

    def _seconds(self, retry_after: str) -> float:
        """Returns how long to wait at least: the header may be a number of seconds or a date."""
        try:
            return float(retry_after)
        except ValueError:
            pass
        try:
            return max((parsedate_to_datetime(retry_after) - self._now()).total_seconds(), 0.0)
        except (ValueError, TypeError):  # it is missing, or is something else
            return 0.0


@cache
def _certificates() -> ssl.SSLContext:
    """Returns what connections are checked by; it is loaded once, since that takes longer than most requests."""
    return httpx.create_ssl_context()


def _pauses() -> Iterator[float]:
    yield from PAUSES
    while True:
        yield PAUSES[-1]


def _detail(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
    except ValueError:  # a page of a gateway
        return ""
    return str(problem.get("detail", "")) if isinstance(problem, dict) else ""
