"""Requests, answers, and what is remembered of them: without secrets, and bounded."""

import base64
import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from casavi_contracts.failures import Broken

SHOWN = 2_000
"""Characters of a body that are remembered."""

KEPT = 200
"""Exchanges that are remembered; older ones are only counted."""

MASK = "[secret]"

UNMISTAKABLE = 12
"""Characters of a secret that does not stand anywhere by chance."""

_PIECE = UNMISTAKABLE // 2

_SECRET_MEMBER = re.compile(r'("(?:key|secret|token|apiKey|email|password)"\s*:\s*)"(?:[^"\\]|\\.)*"?')
_SECRET_HEADERS = frozenset({"token", "authorization", "cookie", "set-cookie", "x-mock-key", "x-mock-token"})


_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)

_URL_SAFE = str.maketrans("+/", "-_")

_ROUNDS = 3
"""How often a text may have been encoded."""


class Redactor:
    """Makes secrets unreadable: those it was told of, wherever they stand, and whatever is named like one.

    They are found as they are, escaped as in JSON or by Python, percent-encoded, and in base64.
    """

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._short: set[str] = set()
        self._by_piece: dict[str, set[str]] = {}
        """The long ones: a run gets a thousand tokens, and to look for them all took a quarter of its time."""

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._told)} secrets>"

    def learn(self, secret: str) -> None:
        """Remembers a secret."""
        if len(secret) < 4 or secret in self._told:  # anything shorter would blot out half of every text
            return
        self._told.add(secret)
        for form in _forms(secret):
            if len(form) >= UNMISTAKABLE:
                for place in range(len(form) - _PIECE + 1):
                    self._by_piece.setdefault(form[place : place + _PIECE], set()).add(form)
            else:
                self._short.add(form)

    def found_in(self, text: str) -> bool:
        """Whether a text holds a secret that it was told of, and that is long enough not to be there by chance."""
        return any(form in self._told for form in self._held_by(text))

    def __call__(self, text: str) -> str:
        """Returns a text without secrets."""
        return _SECRET_MEMBER.sub(rf'\1"{MASK}"', self.known(text))

    def known(self, text: str) -> str:
        """Returns a text without those secrets that it was told of; one that spells them oddly goes as a whole."""
        for form in sorted(self._standing_in(text), key=lambda form: (len(form), form), reverse=True):
            text = text.replace(form, MASK)
        return MASK if any(self._standing_in(reading) for reading in _readings(text)) else text

    def _standing_in(self, text: str) -> set[str]:
        return self._held_by(text) | {form for form in self._short if form in text}

    def _held_by(self, text: str) -> set[str]:
        """Returns the long forms of secrets that stand in a text."""
        # Wherever it stands, a form covers one of the pieces that a text is cut into.
        pieces = {text[place : place + _PIECE] for place in range(0, len(text), _PIECE)}
        possible = {form for piece in self._by_piece.keys() & pieces for form in self._by_piece[piece]}
        return {form for form in possible if form in text}

    def header(self, name: str, value: str) -> str:
        """Returns the value of a header as it may be shown."""
        return MASK if name.lower() in _SECRET_HEADERS else self(value)


def _forms(secret: str) -> set[str]:
    """Returns a secret as it is, and as JSON, Python, addresses and base64 write it."""
    raw = secret.encode(errors="surrogateescape")
    forms = {
        secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1],
        ascii(secret)[1:-1], repr(raw)[2:-1], raw.decode("latin-1"), quote(raw, safe=""), quote_plus(raw),
    }  # fmt: skip
    if len(secret) < UNMISTAKABLE:  # in base64 it could be anything
        return forms
    for before in range(3):  # bytes that may stand before it in the same group of three
        text = base64.b64encode(bytes(before) + raw).decode()
        core = text[before + (before > 0) : (before + len(raw)) * 4 // 3]
        forms |= {core, core.translate(_URL_SAFE)}
    return forms


def _readings(text: str) -> Iterator[str]:
    """Yields what a text says that is escaped or percent-encoded, as often as it may have been."""
    for _ in range(_ROUNDS):
        if "%" not in text and "\\" not in text:
            return
        text = unquote(_ESCAPED.sub(_unescaped, text), errors="replace")
        yield text
        try:  # bytes that Python has written
            yield text.encode("latin-1").decode()
        except UnicodeError:
            continue


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else found[3]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case; of one that came twice the values are joined with commas."""
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether it says that all went well."""
        return 200 <= self.status < 300

    @property
    def json(self) -> Any:
        """The body as JSON.

        Raises:
            casavi_contracts.failures.Broken: It is none; that breaks the law `answers-satisfy-the-contract`.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise Broken(
                "a JSON body", f"{len(self.body)} bytes that are none", law="answers-satisfy-the-contract"
            ) from None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer as they may be shown: redacted and cut."""

    number: int
    """Counts up from 1 in its run."""
    method: str
    path: str
    """With the query."""
    operation: str | None
    version: str
    request_headers: Mapping[str, str]
    request_body: str
    status: int | None
    """None if no answer came."""
    response_headers: Mapping[str, str]
    response_body: str
    seconds: float
    purpose: str = ""
    """The law, or the step, for which it was sent."""

    def lines(self) -> Iterator[str]:
        """Yields it for people."""
        yield f"#{self.number} {self.method} {self.path} -> {self.status if self.status is not None else 'no answer'}"
        if self.request_body:
            yield f"    sent     {self.request_body}"
        if self.response_body:
            yield f"    answered {self.response_body}"


Listener = Callable[[Exchange, bytes, Answer | None], None]
"""Told of every exchange: as it may be shown, the body that was sent, and the answer, as they really were."""


class Recorder:
    """The journal of a run: the latest exchanges, and how many there were.

    Args:
        redact: Makes secrets unreadable.
        kept: How many exchanges are remembered.
    """

    def __init__(self, redact: Redactor, kept: int = KEPT) -> None:
        self.redact = redact
        self.purpose = ""
        """For what the next requests are sent."""
        self.count = 0
        self.listeners: list[Listener] = []
        self._latest: deque[Exchange] = deque(maxlen=kept)

    def since(self, number: int) -> list[Exchange]:
        """Returns the exchanges after one with this number, oldest first, as far as they are remembered."""
        return [exchange for exchange in self._latest if exchange.number > number]

    def record(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        answer: Answer | None,
        *,
        operation: str | None,
        version: str,
        seconds: float,
    ) -> Exchange:
        """Remembers an exchange and tells the listeners.

        Args:
            method: As it was sent.
            path: With its query.
            headers: Of the request.
            body: Of the request.
            answer: None if none came.
            operation: The `operationId`, None if it is no operation of the contract.
            version: Version of the contract.
            seconds: How long it took by the wall clock.
        """
        self.count += 1
        exchange = Exchange(
            self.count,
            method,
            self.redact(path),
            operation,
            version,
            {name: self.redact.header(name, value) for name, value in headers.items()},
            self._shown(body),
            answer.status if answer else None,
            {name: self.redact.header(name, value) for name, value in answer.headers.items()} if answer else {},
            self._shown(answer.body) if answer else "",
            seconds,
            self.purpose,
        )
        self._latest.append(exchange)
        for listener in self.listeners:
            listener(exchange, body, answer)
        return exchange

    def _shown(self, body: bytes) -> str:
        # Cut first: a secret that is cut in two is still the value of a member that is named like one.
        text = body[: 4 * SHOWN].decode(errors="replace")[:SHOWN]
        text = self.redact(text)
        return text if len(body) <= SHOWN else f"{text}… ({len(body)} bytes)"
