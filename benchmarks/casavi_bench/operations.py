"""The operations that every server is asked for, as bytes on the wire."""

import contextlib
import http.client
import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from casavi_bench.bodies import LOG_IN, small_imports
from casavi_bench.load import Requests
from casavi_bench.server import HOST, Server, ServerError

TIMEOUT_SECONDS = 120.0
IDLE_SECONDS = 1.0
"""A connection that was idle for longer is not used again: servers close those, some after 5 seconds."""

FRESH = itertools.count(step=10_000_000)
"""Where the contacts of a cell begin, so that each import brings a new one."""


@dataclass(frozen=True, slots=True)
class Small:
    """A small operation, which is repeated at load."""

    name: str
    title: str
    status: int
    prepared: Callable[["Caller"], Callable[[], Requests]]
    """Gets a caller with a good token; returns what makes the requests of each connection."""


class Caller:
    """One client with a connection and a token, for single requests.

    Args:
        server: Whom it calls.
    """

    def __init__(self, server: Server) -> None:
        self._connection = http.client.HTTPConnection(HOST, server.port, timeout=TIMEOUT_SECONDS)
        self._used = 0.0
        self.name = server.kind.name
        self.token = ""

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()

    def call(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Returns status and body of an answer.

        Raises:
            ServerError: There was none.
        """
        sent = {"token": self.token, **(headers or {})}
        if body is not None:
            sent["Content-Type"] = "application/json"
        if time.monotonic() - self._used > IDLE_SECONDS:
            self._connection.close()  # another one is opened by itself
        try:
            self._connection.request(method, path, body, sent)
            response = self._connection.getresponse()
            self._used = time.monotonic()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise ServerError(f"{self.name}: {method} {path}: {error!r}") from None

    def good(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Any:
        """Returns the JSON of an answer.

        Raises:
            ServerError: It has a status of 400 or above, or is no JSON.
        """
        status, raw = self.call(method, path, body, headers)
        try:
            if status < 400:
                return json.loads(raw) if raw else None
        except ValueError:
            pass
        raise ServerError(f"{self.name}: {method} {path} answered {status}: {raw[:300]!r}")

    def log_in(self, body: bytes = LOG_IN) -> None:
        """Gets a new token."""
        self.token = self.good("POST", "/authenticate", body)["token"]

    def submit(self, body: bytes) -> str:
        """Sends an import and returns the id of its job."""
        job: str = self.good("POST", "/import", body)["jobId"]
        return job


@contextlib.contextmanager
def logged_in(server: Server) -> Iterator[Caller]:
    """Yields a client with a good token; ends its connection."""
    caller = Caller(server)
    try:
        caller.log_in()
        yield caller
    finally:
        caller.close()


def request(method: str, path: str, body: bytes | None = None, token: str | None = None) -> bytes:
    """Returns a request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}"]
    if token is not None:
        lines.append(f"token: {token}")
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def repeating(raw: bytes) -> Callable[[], Requests]:
    """Returns what makes the same request over and over."""
    return lambda: lambda answer: raw


def _log_in(caller: Caller) -> Callable[[], Requests]:
    return repeating(request("POST", "/authenticate", LOG_IN))


def _look_up(caller: Caller) -> Callable[[], Requests]:
    job = caller.submit(next(small_imports(next(FRESH))))
    return repeating(request("GET", f"/jobs/{job}", token=caller.token))


def _import(caller: Caller) -> Callable[[], Requests]:
    bodies = small_imports(next(FRESH))
    return lambda: lambda answer: request("POST", "/import", next(bodies), caller.token)


SMALL = (
    Small("log-in", "log in", 200, _log_in),
    Small("job", "look up a job", 200, _look_up),
    Small("import-1", "import 1 contact", 202, _import),
)
