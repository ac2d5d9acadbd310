"""Re-binds what a server gives out: tokens, job ids, links, and at a real account the reference ids of records.

Each is bound by its kind, from the place in an answer at which it stood to the place in a request at which it is sent.
"""

import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from casavi_contracts import spec
from casavi_contracts.contract import Contract
from casavi_contracts.http.target import Credentials
from casavi_contracts.observe.replay.reading import job_of, token_of
from casavi_contracts.observe.replay.steps import Step

MAX_LEAVES = 20_000
"""Values of an answer at which something to bind is looked for."""

HEADERS = frozenset({"accept", "accept-language", "content-type", "if-match", "if-none-match"})
"""Headers that are sent as they were recorded; all others are of the connection, of a browser, or secret."""

_KEYS = ("key", "apiKey")
_SECRETS = ("secret", "password")

_SECRET = re.compile(r"token|secret|passw|api_?key|\bkey\b", re.IGNORECASE)

Where = tuple[str | int, ...]


@dataclass(slots=True)
class Account:
    """An account of the recording, and the one that stands for it."""

    credentials: Credentials
    token: str | None = None
    """The latest one."""


@dataclass(slots=True)
class Bindings:
    """What stands for what.

    Args:
        open_account: Returns the account that stands for the n-th of the recording, None if there is none.
        prefix: Put before reference ids that the recording imports; empty at a mock.
        imported: Those ids.
    """

    open_account: Callable[[int], Credentials | None]
    prefix: str = ""
    imported: frozenset[str] = frozenset()
    accounts: dict[str, Account] = field(default_factory=dict)
    """By the key of the recording."""
    jobs: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    _tokens: dict[str, tuple[str, Account]] = field(default_factory=dict, repr=False)

    def account(self, key: str) -> Account | None:
        """Returns the account that stands for the one with a key; opens it the first time."""
        if key not in self.accounts:
            opened = self.open_account(len(self.accounts))
            if opened is None:
                return None
            self.accounts[key] = Account(opened)
        return self.accounts[key]

    def of(self, step: Step) -> Account | None:
        """Returns the account for which a step is sent."""
        if step.operation in ("authenticate", "refreshToken"):
            body = _json(step.recorded.request_body)
            key = next((body[name] for name in _KEYS if isinstance(body.get(name), str)), None)
            if key and (step.recorded.status < 400 or key in self.accounts):
                return self.account(key)
        token = dict(step.recorded.request_headers).get("token")
        if token in self._tokens:
            return self._tokens[token][1]
        return next(iter(self.accounts.values()), None) or self.account("")

    def token(self, recorded: str, *, refused: bool, account: Account | None) -> str:
        """Returns the token to send in place of a recorded one.

        Args:
            recorded: It, or how a recorder has redacted it.
            refused: Whether it was refused; one that nobody gave out is sent then, unless it was bound.
            account: For which it is sent.
        """
        if recorded in self._tokens and not _is_mask(recorded):
            return self._tokens[recorded][0]
        if refused or account is None or account.token is None:
            return str(uuid.uuid4())
        return account.token

    def is_unknown(self, step: Step) -> bool:
        """Whether a token was refused of which the recording does not tell which one it was: why may differ then."""
        token = dict(step.recorded.request_headers).get("token", "")
        return step.recorded.status in (401, 403) and _is_mask(token)

    def learn(self, step: Step, was: Any, now: Any, account: Account | None, contract: Contract) -> None:
        """Binds what an answer gives out.

        Args:
            step: That was answered.
            was: The recorded body as JSON.
            now: The body that came now.
            account: For which it was sent.
            contract: Of the version.
        """
        if step.operation in ("authenticate", "refreshToken") and account is not None:
            token, recorded = token_of(contract, now), token_of(contract, was)
            if token is not None:
                account.token = token
                if recorded is not None:
                    self._tokens[recorded] = (token, account)
        if step.operation == "importMasterData":
            job = job_of(contract, now)
            if job is not None:
                self.jobs.update(dict.fromkeys(texts_of(was), job))
        self._learn_links(was, now)

    def _learn_links(self, was: Any, now: Any) -> None:
        for where, value in _leaves(was):
            if isinstance(value, str) and value.startswith(("http://", "https://")) and "?" in value:
                other = _at(now, where)
                if isinstance(other, str) and other.startswith(("http://", "https://")):
                    self.links[same_address(value)] = other

    def path(self, step: Step, contract: Contract, base: str) -> str:
        """Returns path and query to send, from the root of the API.

        Args:
            step: What was recorded.
            contract: Of its version.
            base: What stands before the paths of the server, in links that it gives.
        """
        query = urlencode([(name, self._unsecret(step, name, value)) for name, value in step.recorded.query])
        link = self.links.get(_key(step.path, step.recorded.query)) if query else None
        if link is not None:  # its path and query alone: no address of an answer is ever followed elsewhere
            parts = urlsplit(link)
            return f"{parts.path.removeprefix(base)}?{parts.query}" if parts.query else parts.path.removeprefix(base)
        path = step.path
        if step.operation is not None and step.parameters:
            path = contract.operations[step.operation].path
            for name, value in step.parameters.items():
                path = path.replace(f"{{{name}}}", quote(self._parameter(step, name, value, contract), safe=""))
        return f"{path}?{query}" if query else path

    def _unsecret(self, step: Step, name: str, value: str) -> str:
        """Returns a member of a query, or of a body; a recorded secret is never sent."""
        if not value or not _SECRET.search(name):
            return value
        if "token" in name.lower():
            return self.token(value, refused=step.recorded.status in (401, 403), account=self.of(step))
        return "made-up"

    def _parameter(self, step: Step, name: str, value: str, contract: Contract) -> str:
        if step.operation == "getJob":
            return self.jobs.get(value, value)
        return self.bound(value) if name in contract.references(str(step.operation)) else value

    def bound(self, reference: str) -> str:
        """Returns the reference id that stands for one of the recording."""
        return f"{self.prefix}{reference}" if self.prefix and reference in self.imported else reference

    def body(self, step: Step, account: Account | None, shape: spec.Shape) -> bytes:
        """Returns the body to send.

        Args:
            step: What was recorded.
            account: For which it is sent.
            shape: Of an import.
        """
        raw = step.recorded.request_body or b""
        refused = step.recorded.status >= 400
        if step.operation in ("authenticate", "refreshToken"):
            body = _json(raw)
            if not raw and step.recorded.status < 300 and account is not None:
                body = {"key": account.credentials.key, "secret": account.credentials.secret}
            return json.dumps(self._login(body, account, refused=refused)).encode() if body else raw
        if step.operation == "importMasterData" and self.prefix:
            body = _json(raw)
            self._prefix(shape, body)
            return json.dumps(body).encode() if body else raw
        if step.operation is None and _SECRET.search(raw.decode(errors="replace")):
            body = _json(raw)
            shown = {
                name: self._unsecret(step, name, one) if isinstance(one, str) else one for name, one in body.items()
            }
            return json.dumps(shown).encode() if body else b""
        return raw

    def _login(self, body: dict[str, Any], account: Account | None, *, refused: bool) -> dict[str, Any]:
        made_up = account is None or refused
        sent = dict(body)
        for name, value in body.items():
            if not isinstance(value, str) or not value:
                continue
            if name in _KEYS:
                sent[name] = "made-up-key" if made_up else account.credentials.key  # type: ignore[union-attr]
            elif name in _SECRETS:
                sent[name] = "made-up-secret" if made_up else account.credentials.secret  # type: ignore[union-attr]
            elif name == "token":
                sent[name] = self.token(value, refused=refused, account=account)
            elif name == "email":
                sent[name] = "nobody@example.com"
        return sent

    def _prefix(self, shape: spec.Shape, body: Any) -> None:
        """Puts the prefix before the ids of records, and where others refer to them."""
        for found, record in spec.records(shape, body):
            names = [reference.field for reference in found.references]
            for name in (*names, *(("id",) if found.entity else ())):
                value = record.get(name)
                if isinstance(value, str):
                    record[name] = self.bound(value)
                elif isinstance(value, list):
                    record[name] = [self.bound(one) if isinstance(one, str) else one for one in value]


def headers(step: Step) -> dict[str, str]:
    """Returns the headers of a step that are sent again; the token is not among them."""
    found = {name: value for name, value in step.recorded.request_headers if name in HEADERS}
    return {name: value.encode("ascii", "replace").decode() for name, value in found.items() if value.isprintable()}


def same_address(address: str) -> str:
    """Returns what two addresses have in common that ask for the same, wherever the server is."""
    parts = urlsplit(address)
    return _key(parts.path, parse_qsl(parts.query, keep_blank_values=True))


def _key(path: str, query: Any) -> str:
    return f"{path.rpartition('/')[2]}?{urlencode(sorted(query))}"


def _is_mask(text: str) -> bool:
    return text.startswith("[") and text.endswith("]")


def _json(raw: bytes | None) -> dict[str, Any]:
    try:
        body = json.loads(raw or b"")
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def texts_of(value: Any) -> Iterator[str]:
    """Yields the texts of an answer, at any depth."""
    return (leaf for _, leaf in _leaves(value) if isinstance(leaf, str) and leaf)


def _leaves(value: Any) -> Iterator[tuple[Where, Any]]:
    """Yields places and values of an answer, bounded in number and depth."""
    waiting: list[tuple[Where, Any]] = [((), value)]
    for _ in range(MAX_LEAVES):
        if not waiting:
            return
        where, one = waiting.pop()
        if isinstance(one, Mapping) and len(where) < 20:
            waiting += [((*where, name), member) for name, member in one.items()]
        elif isinstance(one, list) and len(where) < 20:
            waiting += [((*where, number), item) for number, item in enumerate(one)]
        else:
            yield where, one


def _at(value: Any, where: Where) -> Any:
    for part in where:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value
