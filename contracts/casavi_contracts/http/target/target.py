"""The server under judgement: how requests reach it, what it lets us do, and how much."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import NoReturn, TypeVar

import httpx

from casavi_contracts.failures import Broken, CouldNotRun, KitError
from casavi_contracts.http.exchange import Answer, Recorder, Redactor
from casavi_contracts.http.network import without_bytes
from casavi_contracts.http.target.control import ControlPlane
from casavi_contracts.promises import Named

_T = TypeVar("_T")

MAX_LOST = 20
"""Answers that may stay away before the target is given up."""


class Capability(StrEnum):
    """What a check may need of a target."""

    WRITE = "write access"
    TWO_ACCOUNTS = "two accounts"
    CLOCK = "a clock that can be moved"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an account is opened with."""

    key: str = field(repr=False)
    secret: str = field(repr=False)


class Clock:
    """The time of one account of a mock."""

    def __init__(self, plane: ControlPlane, key: str) -> None:
        self._plane = plane
        self._key = key

    def freeze(self, at: str | None = None) -> None:
        """Stops time, now or at a later moment, such as `2026-01-05T08:00:00Z`."""
        self._plane.freeze(self._key, at)

    def advance(self, seconds: float) -> None:
        """Moves time forward; what is due by then has happened afterwards."""
        self._plane.advance(self._key, seconds)

    def now(self) -> str:
        """Returns the time as the mock writes it."""
        return self._plane.now(self._key)

    @property
    def moves_jobs(self) -> bool:
        """Whether jobs move on with time, and not by being looked at."""
        return not self._plane.moves_by_looks(self._key)


Gate = Callable[[str | None, str], None]
"""Asked before every request, with its `operationId` and method; raises if it must not be sent."""


class Target:
    """A server, seen through an HTTP client.

    Args:
        http: A client whose base address is the server's.
        credentials: The accounts that were given, at most two; on a mock none is needed.
        plane: Its control plane if it is a mock.
        may_write: Whether records may be created.
        recorder: The journal of the run.
        gate: Asked before every request, for budgets and pace.
        sleep: Waits for so many seconds by the wall clock.
        job_timeout: Seconds within which a job has to end, by the clock of the account.
        now: Returns the time here, aware; for targets whose own clock cannot be asked.
    """

    def __init__(
        self,
        http: httpx.Client,
        credentials: tuple[Credentials, ...] = (),
        *,
        plane: ControlPlane | None = None,
        may_write: bool = True,
        recorder: Recorder | None = None,
        gate: Gate = lambda operation, method: None,
        sleep: Callable[[float], None] = time.sleep,
        job_timeout: float = 60.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.http = http
        self.plane = plane
        self.recorder = recorder or Recorder(Redactor())
        self.sleep = sleep
        self.job_timeout = job_timeout
        self.now = now
        self._base = str(http.base_url).rstrip("/")
        self._given = credentials
        self._gate = gate
        self._together = False
        self._recording = threading.Lock()
        self.usual_wait = 0.0
        """Seconds that the latest jobs took to end, where time cannot be moved."""
        self.token_changes = 0
        """Log-ins and refreshes that a check is about, after which older tokens may be over."""
        self._lost = 0
        self._opened: list[Credentials] = []
        self.capabilities = frozenset(
            capability
            for capability, there in {
                Capability.WRITE: may_write,
                Capability.TWO_ACCOUNTS: plane is not None or len(credentials) > 1,
                Capability.CLOCK: plane is not None,
            }.items()
            if there
        )
        for one in credentials:
            self._learn(one)

    def open(self, number: int = 0) -> Credentials:
        """Returns the account that was given with this number; on a mock a new one if none was.

        Raises:
            casavi_contracts.failures.CouldNotRun: There is none with this number.
        """
        if number < len(self._given):
            return self._given[number]
        if self.plane is None:
            raise CouldNotRun(f"account {number + 1} is missing; give its key and secret")
        return self.make(self.plane)

    def make(self, plane: ControlPlane) -> Credentials:
        """Returns a new account of a mock."""
        made = Credentials(*plane.create_account())
        self._learn(made)
        self._opened.append(made)
        return made

    def close(self, credentials: Credentials) -> None:
        """Gives an account back; on a mock it is deleted if it was made, and its time goes on if it was given."""
        if self.plane is None:
            return
        if credentials in self._opened:
            self._opened.remove(credentials)
            self.plane.delete_account(credentials.key)
        else:
            self.plane.unfreeze(credentials.key)

    @property
    def shared(self) -> bool:
        """Whether all checks judge the same accounts, because those were given."""
        return self.plane is None or bool(self._given)

    def clock(self, credentials: Credentials) -> Clock | None:
        """Returns the time of an account, None if it cannot be moved."""
        return Clock(self.plane, credentials.key) if self.plane is not None else None

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        operation: str | None = None,
        version: str = "v1",
    ) -> Answer:
        """Sends one request and remembers it.

        Args:
            method: The HTTP method.
            path: From the root of the server, encoded, with its query; or a complete address of the same server.
            headers: Of the request.
            body: Of the request.
            operation: The `operationId`, for the journal.
            version: Version of the contract, for the journal.

        Raises:
            casavi_contracts.failures.CouldNotRun: The target cannot be reached, or has kept back too many answers.
            casavi_contracts.failures.Broken: This answer did not come, or not whole.
        """
        if not self._together:
            self._gate(operation, method)
        headers = dict(headers or {})
        started = time.perf_counter()
        answer: Answer | None = None
        try:
            response = self.http.send(self._request(method, path, headers, body))
            joined = {name.lower(): value for name, value in response.headers.items()}
            answer = Answer(response.status_code, joined, response.content)
        except httpx.HTTPError as error:
            self._unanswered(method, path, error)
        finally:
            seconds = time.perf_counter() - started
            with self._recording:
                self.recorder.record(
                    method, path, headers, body, answer, operation=operation, version=version, seconds=seconds
                )
        return answer

    def _request(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> httpx.Request:
        """Returns a request as the client would make it, sooner: its address is read once, not three times."""
        address = path if "://" in path.partition("?")[0] else f"{self._base}{path}"
        merged, timeout = self.http.headers.copy(), self.http.timeout.as_dict()
        merged.update(headers)
        return httpx.Request(method, address, headers=merged, content=body, extensions={"timeout": timeout})

    def together(self, sends: Sequence[Callable[[], _T]]) -> list[_T]:
        """Does several things at the same time, each in a thread of its own, and returns what came of each.

        Args:
            sends: Each sends a request. Whoever sends a token has to have it before.
        """
        for _ in sends:
            self._gate(None, "GET")
        self._together, ready = True, threading.Barrier(len(sends))

        def after_the_last(send: Callable[[], _T]) -> _T:
            ready.wait()
            return send()

        try:
            with ThreadPoolExecutor(len(sends)) as pool:
                return [*pool.map(after_the_last, sends)]
        finally:
            self._together = False

    def _unanswered(self, method: str, path: str, error: httpx.HTTPError) -> NoReturn:
        """One answer that does not come is the target's fault; a target that is gone cannot be judged."""
        self._lost += 1
        what = self.recorder.redact(f"{method} {path}: {reason(error)}")
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout) or self._lost > MAX_LOST:
            raise CouldNotRun(what) from error
        self._demand_there(what)
        raise Broken("an answer, and all of it", what, check=Named.EVERY_REQUEST_IS_ANSWERED) from error

    def _demand_there(self, what: str) -> None:
        """Tells one answer that was lost from a server that went away.

        Raises:
            casavi_contracts.failures.CouldNotRun: There is nobody any more.
        """
        try:
            self.http.request("HEAD", "/")
        except (httpx.ConnectError, httpx.ConnectTimeout) as gone:
            raise CouldNotRun(f"the server went away: {what}") from gone
        except (httpx.HTTPError, KitError):
            return

    def _learn(self, credentials: Credentials) -> None:
        self.recorder.redact.learn(credentials.key)
        self.recorder.redact.learn(credentials.secret)


def reason(error: httpx.HTTPError) -> str:
    """Returns in words why no answer came."""
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return "no connection in time"
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    return without_bytes(str(error)) or type(error).__name__
