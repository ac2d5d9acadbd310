"""Sends the requests of `casavi-mock control` to a running mock."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from casavi_contracts.http.network import UnusableVariable, connection_settings
from casavi_mock.cli.client import reason
from casavi_mock.cli.control.output import shown
from casavi_mock.domain.model import Secret
from casavi_mock.errors import ConfigurationError
from casavi_mock.journal.redaction import Redaction, known

_TIMEOUT = httpx.Timeout(120.0, connect=5.0)  # a clock that is moved by years has much to do


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request to the control plane."""

    method: str
    path: str
    """Below `/_mock`, percent-encoded."""
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


class Client:
    """The control plane of one server, for one of its accounts.

    Args:
        url: Address of the mock.
        account: API key of the account; the default one if None.
        token: The control token, if the server wants one.
    """

    def __init__(self, url: str, account: str | None = None, token: Secret | None = None) -> None:
        self._url = url.rstrip("/")
        self._headers: dict[bytes, bytes] = {}
        self._redaction = Redaction([known(one) for one in (account, token and token.reveal()) if one], (), b"")
        if account is not None:
            self._headers[b"X-Mock-Key"] = account.encode(errors="surrogateescape")
        if token is not None:
            self._headers[b"X-Mock-Token"] = token.reveal().encode()

    def send(self, request: Request) -> bytes:
        """Sends a request and returns the body of the answer.

        Raises:
            ConfigurationError: It was refused, or there is no mock at the address; the text is one line.
        """
        address = f"{self._url}/_mock{request.path}"
        headers = dict(self._headers)
        if request.body is not None:
            headers[b"Content-Type"] = b"application/json"
        try:
            with httpx.Client(timeout=_TIMEOUT, **connection_settings(address)) as client:
                answer = client.request(
                    request.method, address, content=request.body, headers=headers, params=request.query
                )
        except UnusableVariable as error:
            raise ConfigurationError(str(error)) from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise ConfigurationError(f"{shown(address)}: {self._redaction.text(shown(reason(error)))}") from error
        if not answer.is_success:
            why = self._redaction.text(_refusal(answer))
            raise ConfigurationError(f"{request.method} {shown(address)} answered {answer.status_code}: {why}")
        return answer.content

    def ask(self, request: Request) -> dict[str, Any]:
        """Returns what is answered as a JSON object; an empty one if that is nothing. Raises as `send` does."""
        content = self.send(request)
        try:
            answer = orjson.loads(content) if content else {}
        except orjson.JSONDecodeError:
            raise ConfigurationError(f"{self._url}: the answer is not JSON; is this the mock?") from None
        if not isinstance(answer, dict):
            raise self._foreign()
        return answer

    @contextmanager
    def understood(self) -> Iterator[None]:
        """Says so in one line if an answer turns out not to be built as the mock's are.

        Raises:
            ConfigurationError: It is not.
        """
        try:
            yield
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise self._foreign() from error

    def _foreign(self) -> ConfigurationError:
        return ConfigurationError(f"{self._url}: the answer is none of the mock's; is this the mock?")


def _refusal(answer: httpx.Response) -> str:
    """Returns in one line why a request was refused."""
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict) or "detail" not in body:
        return f"{shown(answer.reason_phrase)}; is this the mock?"
    possible = body.get("possible")
    more = f" Possible: {', '.join(map(str, possible))}." if isinstance(possible, list) and possible else ""
    return shown(f"{body['detail']}{more}")
