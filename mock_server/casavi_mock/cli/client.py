"""A small client of the API, as an integrator would write one."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import httpx

from casavi_contracts import spec
from casavi_contracts.http.network import UnusableVariable, connection_settings, proxy_for, without_bytes
from casavi_mock.cli.text import shown
from casavi_mock.domain.model import Secret
from casavi_mock.errors import CasaviMockError
from casavi_mock.journal.redaction import Redaction, known

_PIECE_BYTES = 64 * 1024
_SHOWN = 100
"""Places of a refused request that an error names at most."""

_TIMEOUT = httpx.Timeout(30.0, connect=5.0, write=120.0, read=120.0)


class ApiError(CasaviMockError):
    """The API refused a request, or could not be reached; the text says what and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """What is a guess about casavi, so that a profile can change it."""

    import_path: str
    answers: spec.Shapes
    """How answers show their values."""
    states: spec.States
    """The states of a job by the names that the API gives them."""


class Client:
    """Logs in, imports, asks for jobs. Logs in again once when a token is refused.

    What the server sends stands in no error as it came: secrets are taken out, and what steers a terminal.

    Args:
        url: Address of the API.
        key: API key.
        secret: API secret.
        routes: Paths and names that are guesses.
        transport: Where requests go; the network if None.

    Raises:
        ApiError: The address is none, or the environment does not say how it is reached.
    """

    def __init__(
        self, url: str, key: str, secret: Secret, routes: Routes, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._url = url.rstrip("/")
        try:
            reached: Any = {} if transport else connection_settings(self._url)
            self._http = httpx.Client(base_url=self._url, timeout=_TIMEOUT, transport=transport, **reached)
        except UnusableVariable as error:
            raise ApiError(str(error)) from None
        except (httpx.InvalidURL, ValueError) as error:
            raise ApiError(f"{shown(self._url)}: {shown(error)}") from None
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
        self._token = self._value(answer, "authenticate", "login.token")

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
        return self._value(answer, "importMasterData", "job.id")

    def job(self, job_id: str) -> dict[str, Any]:
        """Returns the values of a job as the shipped contract document has them; those that are not shown are absent.

        Raises:
            ApiError: There is no such job.
        """
        answer = self._send("GET", f"/jobs/{quote(job_id, safe='')}", authorized=True)
        try:
            job = answer.json()
        except (ValueError, RecursionError):
            job = None
        if not isinstance(job, dict):
            raise ApiError(f"GET {shown(answer.request.url.path)} answered no job; is this the API?")
        values = self._routes.answers["getJob"].read(job)
        return dict(values) if isinstance(values, dict) else {}

    def ended(self, job: Mapping[str, Any]) -> bool:
        """Whether a job has ended: by its state, or, whatever its states are called, since it says when it finished."""
        return str(job.get("status")) in self._routes.states.final or bool(job.get("finishedAt") or job.get("ended"))

    def refused(self, job: Mapping[str, Any]) -> bool:
        """Whether records of a job were refused, as far as anything in it tells."""
        state = self._routes.states.get(str(job.get("status")))
        by_state = state is not None and (state.role == "failed" or state.when == "refused")
        counts = [counts for counts in _object(job.get("counts")).values() if isinstance(counts, dict)]
        numbers = [job.get("errorCount"), *(one.get("refused") for one in (*counts, _object(job.get("sums"))))]
        return bool(job.get("errors")) or by_state or any(isinstance(n, int) and n > 0 for n in numbers)

    def redacted(self, value: Any) -> Any:
        """Returns what the server sent, a JSON value, without the account's key, its secret and its token."""
        if isinstance(value, str):
            secrets = [known(text) for text in (self._key, self._secret.reveal(), self._token) if text]
            return Redaction(secrets, (), b"").text(value) if value else value
        if isinstance(value, list):
            return [self.redacted(one) for one in value]
        if isinstance(value, dict):
            return {self.redacted(name): self.redacted(one) for name, one in value.items()}
        return value

    def _shown(self, text: object) -> str:
        """Returns a text of the server as it may stand in an error."""
        return shown(self.redacted(shown(text)))

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
            sent = {name.encode(): value.encode() for name, value in (headers or {}).items()}
            if authorized:
                sent[b"token"] = self._token.encode(errors="replace")
            try:
                answer = self._http.request(
                    method, path, json=json, content=content() if content else None, headers=sent
                )
            except UnicodeError:
                raise ApiError("the key or the secret has characters that no request can carry") from None
            except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
                raise ApiError(f"{method} {shown(self._url + path)}: {self._shown(reason(error))}") from None
            if answer.status_code == httpx.codes.UNAUTHORIZED and authorized and attempt == 1:
                self.log_in()
                continue
            break
        if not answer.is_success:
            raise ApiError(f"{method} {shown(path)} answered {answer.status_code}: {self._problem(answer)}")
        return answer

    def _value(self, answer: httpx.Response, operation: str, role: str) -> str:
        """Returns a single value of an answer, from where the contract document shows it."""
        pointer = self._routes.answers[operation].pointers[role]
        try:
            value = answer.json()
            for name in pointer.split("/")[1:]:
                value = value[name]
        except (ValueError, RecursionError, KeyError, TypeError):
            value = None
        if not isinstance(value, str | int) or not (text := str(value)):
            path = shown(answer.request.url.path)
            name = pointer.removeprefix("/")
            raise ApiError(f"{answer.request.method} {path} answered no {name!r}; is this the API?")
        return text

    def _problem(self, answer: httpx.Response) -> str:
        """Returns what an error body says, for a person: at most a few lines."""
        plain = self._shown(answer.reason_phrase)
        try:
            body = answer.json()
        except (ValueError, RecursionError):
            return plain
        body = self._routes.answers[spec.ERROR].read(body)
        if not isinstance(body, dict):
            return plain
        lines = [self._shown(body.get("detail") or body.get("title") or plain)]
        errors = body.get("errors")
        if isinstance(errors, list) and len(errors) > 1:
            named = [error for error in errors[:_SHOWN] if isinstance(error, dict)]
            places = [f"{self._shown(error.get('pointer'))}: {self._shown(error.get('message'))}" for error in named]
            if places and lines[0].startswith(places[0]):  # the detail tells the first one
                del places[0]
            lines += [f"  {place}" for place in places]
            count = body.get("errorCount")
            hidden = (count if isinstance(count, int) else len(errors)) - len(named)
            lines += [f"  and {hidden} more"] if hidden > 0 else []
        return "\n".join(lines)


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


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


def reason(error: Exception) -> str:
    """Returns for a person why a request could not be sent, or was not answered."""
    text = without_bytes(str(error))
    if "CERTIFICATE_VERIFY_FAILED" in text or "SSL" in text:
        return f"TLS: {text}; SSL_CERT_FILE can name whom to trust"
    if isinstance(error, httpx.ConnectError):
        through = " through the proxy that the environment names" if _proxied(error) else ""
        return f"cannot connect{through}; is the server running? (casavi-mock serve)"
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    return text or type(error).__name__


def _proxied(error: httpx.ConnectError) -> bool:
    try:
        return proxy_for(str(error.request.url)) is not None
    except (RuntimeError, UnusableVariable):  # it does not know its request
        return False
