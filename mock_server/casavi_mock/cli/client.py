"""A small client of the API, as an integrator would write one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx

from casavi_contracts.tls import trusted
from casavi_mock.domain.model import Secret
from casavi_mock.errors import CasaviMockError

_PIECE_BYTES = 64 * 1024
_TIMEOUT = httpx.Timeout(30.0, connect=5.0, write=120.0, read=120.0)


class ApiError(CasaviMockError):
    """The API refused a request, or could not be reached; the text says what and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """What is a guess about casavi, so that a profile can change it."""

    import_path: str
    job_id_field: str
    final_states: frozenset[str]
    """Completed and failed."""


class Client:
    """Logs in, imports, asks for jobs. Logs in again once when a token is refused.

    Args:
        url: Address of the API.
        key: API key.
        secret: API secret.
        routes: Paths and names that are guesses.
        transport: Where requests go; the network if None.
    """

    def __init__(
        self, url: str, key: str, secret: Secret, routes: Routes, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._url = url.rstrip("/")
        self._http = httpx.Client(base_url=self._url, timeout=_TIMEOUT, transport=transport, verify=trusted(url))
        self._key = key
        self._secret = secret
        self._routes = routes
        self._token = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def log_in(self) -> None:
        """Gets a token.

        Raises:
            ApiError: The credentials are wrong, or there is no API at the address.
        """
        answer = self._send("POST", "/authenticate", json={"key": self._key, "secret": self._secret.reveal()})
        self._token = str(_member(answer, "token"))

    def send_import(self, file: Path | bytes, told: Callable[[int], None] = lambda sent: None) -> str:
        """Sends an import document and returns the job id.

        Args:
            file: A file, or its contents.
            told: Called with the bytes sent so far.

        Raises:
            ApiError: The import was refused.
        """
        size = len(file) if isinstance(file, bytes) else file.stat().st_size
        headers = {"Content-Type": "application/json", "Content-Length": str(size)}
        answer = self._send(
            "POST", self._routes.import_path, content=lambda: _pieces(file, told), headers=headers, authorized=True
        )
        return str(_member(answer, self._routes.job_id_field))

    def job(self, job_id: str) -> dict[str, Any]:
        """Returns a job.

        Raises:
            ApiError: There is no such job.
        """
        answer = self._send("GET", f"/jobs/{job_id}", authorized=True)
        job: dict[str, Any] = answer.json()
        return job

    def ended(self, job: dict[str, Any]) -> bool:
        """Whether a job has ended."""
        return job.get("status") in self._routes.final_states

    def _send(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: Callable[[], Iterator[bytes]] | None = None,
        headers: dict[str, str] | None = None,
        authorized: bool = False,
    ) -> httpx.Response:
        for attempt in (1, 2):
            sent = {**(headers or {}), **({"token": self._token} if authorized else {})}
            try:
                answer = self._http.request(
                    method, path, json=json, content=content() if content else None, headers=sent
                )
            except httpx.HTTPError as error:
                raise ApiError(f"{method} {self._url}{path}: {reason(error)}") from error
            if answer.status_code == httpx.codes.UNAUTHORIZED and authorized and attempt == 1:
                self.log_in()
                continue
            break
        if not answer.is_success:
            raise ApiError(f"{method} {path} answered {answer.status_code}: {_problem(answer)}")
        return answer


def _pieces(file: Path | bytes, told: Callable[[int], None]) -> Iterator[bytes]:
    sent = 0
    if isinstance(file, bytes):
        for start in range(0, len(file), _PIECE_BYTES):
            yield file[start : start + _PIECE_BYTES]
            told(min(start + _PIECE_BYTES, len(file)))
        return
    with file.open("rb") as stream:
        while piece := stream.read(_PIECE_BYTES):
            yield piece
            sent += len(piece)
            told(sent)


def _member(answer: httpx.Response, name: str) -> Any:
    try:
        return answer.json()[name]
    except (ValueError, KeyError, TypeError):
        raise ApiError(
            f"{answer.request.method} {answer.request.url.path} answered no {name!r}; is this the API?"
        ) from None


def _problem(answer: httpx.Response) -> str:
    """Returns what an error body says, for a person: at most a few lines, and nothing of the request."""
    try:
        body = answer.json()
    except ValueError:
        return answer.reason_phrase
    if not isinstance(body, dict):
        return answer.reason_phrase
    lines = [str(body.get("detail") or body.get("title") or answer.reason_phrase)]
    errors = body.get("errors")
    if isinstance(errors, list) and len(errors) > 1:
        lines += [f"  {error.get('pointer')}: {error.get('message')}" for error in errors if isinstance(error, dict)]
        hidden = body.get("errorCount", len(errors)) - len(errors)
        lines += [f"  and {hidden} more"] if hidden > 0 else []
    return "\n".join(lines)


def reason(error: Exception) -> str:
    """Returns for a person why a request could not be sent, or was not answered."""
    if isinstance(error, httpx.ConnectError):
        return "cannot connect; is the server running? (casavi-mock serve)"
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    return str(error) or type(error).__name__
