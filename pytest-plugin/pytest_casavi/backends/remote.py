"""What runs at an address: a mock with its control plane, or an API that cannot be steered."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from casavi_contracts.http.network import UnusableVariable
from pytest_casavi.config import CasaviConfig
from pytest_casavi.errors import CannotSteer, CasaviError, told
from pytest_casavi.handle.account import Account
from pytest_casavi.secret_text import SECRETS
from pytest_casavi.wire import Reply, Unreachable, Wire

__tracebackhide__ = told


class ControlPlane:
    """The control plane of a mock at an address.

    Args:
        url: Address of the mock.
        wire: Sends its requests.
        document: The control plane's own document.
    """

    def __init__(self, url: str, wire: Wire, document: Mapping[str, Any]) -> None:
        self.url = url
        self.operations = tuple(_operations(document))
        self._wire = wire
        self._routes = {
            operation["operationId"]: (method.upper(), path)
            for path, item in document["paths"].items()
            for method, operation in item.items()
            if method in ("get", "put", "post", "delete")
        }

    def ask(
        self, key: str | None, verb: str, path: Mapping[str, str], query: Mapping[str, Any], body: Any = None
    ) -> Any:
        """Returns what a verb answers about an account.

        Raises:
            CannotSteer: It is refused, or the mock knows no such verb, or does not answer.
        """
        if verb not in self._routes:
            raise CannotSteer(f"The mock at {self.url} is of another version: its control plane has no verb {verb}.")
        method, template = self._routes[verb]
        address = f"/_mock{template.format(**{name: quote(part, safe='') for name, part in path.items()})}"
        headers = {} if key is None else {"X-Mock-Key": key}
        params = {name: value for name, value in query.items() if value is not None}
        if params:
            address += f"?{urlencode(params)}"
        try:
            answer = self._wire.send(method, address, body, headers)
        except TypeError as error:
            raise CannotSteer(f"This cannot be said in JSON: {error}.") from None
        except Unreachable as error:
            raise CannotSteer(f"The mock at {self.url} does not answer: {error}.") from error
        if not answer.good:
            raise _refusal(f"{method} {address.partition('?')[0]}", answer)
        return answer.json() if answer.body else None


class ControlSteering:
    """Reads and steers one account of a mock at an address.

    Args:
        plane: Its control plane.
        key: API key of the account.
    """

    def __init__(self, plane: ControlPlane, key: str) -> None:
        self._plane = plane
        self._key = key

    @property
    def operations(self) -> tuple[str, ...]:
        """Every `operationId` of the contract."""
        return self._plane.operations

    def ask(
        self,
        verb: str,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> Any:
        """Returns what a verb answers; see `pytest_casavi.steering.Steering`."""
        return self._plane.ask(self._key, verb, path or {}, query or {}, body)


class NoSteering:
    """An account of an API that cannot be steered: what needs more than its credentials skips the test.

    Args:
        url: Address of the API.
        key: API key.
        secret: API secret.
        wire: Sends its requests.
    """

    def __init__(self, url: str, key: str, secret: str, wire: Wire) -> None:
        self._url = url
        self._key = key
        self._secret = secret
        self._wire = wire

    @property
    def operations(self) -> tuple[str, ...]:
        """Skips the test."""
        raise self._skip("the names of operations")

    def ask(
        self,
        verb: str,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> Any:
        """Logs in if a token is wanted; skips the test if it is anything else."""
        if verb != "issueToken":
            raise self._skip(verb)
        try:
            answer = self._wire.send("POST", "/authenticate", {"key": self._key, "secret": self._secret})
            if not answer.good:
                raise CannotSteer(f"{self._url} gives no token: it answers {answer.status}.")
            token = str(answer.json()["token"])
        except (Unreachable, ValueError, KeyError, TypeError) as error:
            if isinstance(error, CannotSteer):
                raise
            raise CannotSteer(f"{self._url} gives no token: {type(error).__name__}: {error}.") from None
        return {"token": token}

    def _skip(self, what: str) -> BaseException:
        return pytest.skip.Exception(f"needs the control plane of casavi-mock ({what}); {self._url} has none")


class RemoteBackend:
    """What runs at an address. A mock gets an account for each test; anything else is used with the credentials given.

    Args:
        config: Address, credentials and control token.

    Raises:
        CannotSteer: Nothing answers there, or the control token is wrong, or there are no credentials.
    """

    def __init__(self, config: CasaviConfig) -> None:
        assert config.url is not None, "options see to that"
        self.url = config.url
        self._config = config
        try:
            self._plain = Wire(config.url)
            self._control = Wire(config.url, _token_header(config.control_token))
        except UnusableVariable as error:
            raise CannotSteer(str(error)) from None
        self._opened: dict[str, None] = {}
        try:
            self._plane = self._found()
        except BaseException:
            self.close()
            raise

    def open(self) -> Account:
        """Opens an account in the mock, or returns the one that credentials were given for."""
        if self._plane is None:
            return self._given_account()
        key, secret = SECRETS.new(16), SECRETS.new(32)
        self._plane.ask(None, "createAccount", {}, {}, {"key": key, "secret": secret})
        self._opened[key] = None
        steering = ControlSteering(self._plane, key)
        steering.ask("putQueue", body=self._config.queue)
        return Account(url=self.url, key=key, secret=secret, steering=steering, close=lambda: self._close(key))

    def close(self) -> None:
        """Closes all accounts that are left; what is wrong then is wrong with the mock at the address."""
        for key in tuple(self._opened):
            with suppress(CasaviError):
                self._close(key)
        self._plain.close()
        self._control.close()

    def _close(self, key: str) -> None:
        if key in self._opened and self._plane is not None:
            del self._opened[key]
            try:
                self._plane.ask(None, "deleteAccount", {"key": key}, {})
            except CannotSteer as error:
                # A mock that has ended, such as that of a fixture of the module, has taken the account with it.
                if not (isinstance(error.__cause__, Unreachable) and error.__cause__.refused):
                    raise

    def _given_account(self) -> Account:
        key, secret = self._config.key, self._config.secret
        if key is None or secret is None:
            raise CannotSteer(
                f"{self.url} has no control plane of casavi-mock, so no account can be opened there. "
                "Give the credentials of one in CASAVI_API_KEY and CASAVI_API_SECRET."
            )
        steering = NoSteering(self.url, key, secret, self._plain)
        return Account(url=self.url, key=key, secret=secret, steering=steering, controlled=False)

    def _found(self) -> ControlPlane | None:
        """Returns the control plane, or None if there is none."""
        try:
            if not _is_health(self._plain.send("GET", "/_mock/health")):
                return None
            document = self._control.send("GET", "/_mock/openapi.json")
        except Unreachable as error:
            raise CannotSteer(f"{self.url} does not answer: {error}. Is it running?") from error
        if document.status == 401:
            raise CannotSteer(f"The mock at {self.url} wants its control token: set CASAVI_MOCK_CONTROL_TOKEN.")
        return ControlPlane(self.url, self._control, document.json()) if document.good else None


def _operations(document: Mapping[str, Any]) -> list[str]:
    names = document["components"]["schemas"]["NewFault"]["properties"]["operation"]["enum"]
    return [name for name in names if name != "*"]


def _token_header(token: str | None) -> dict[str, str]:
    return {} if token is None else {"X-Mock-Token": token}


def _is_health(answer: Reply) -> bool:
    """Whether a mock says how it is; what else may be at an address says anything."""
    try:
        body = answer.json() if answer.good else None
    except ValueError:
        return False
    return isinstance(body, dict) and body.get("status") == "ok" and "version" in body


def _refusal(asked: str, answer: Reply) -> CannotSteer:
    try:
        body = answer.json()
        return CannotSteer(str(body["detail"]), [str(one) for one in body.get("possible", ())])
    except (ValueError, KeyError, TypeError):
        return CannotSteer(f"{asked} answered {answer.status}.")
