"""Requests, answers, and what is remembered of them: without secrets, and bounded."""

import base64
import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from casavi_contracts.contract import Contract
from casavi_contracts.failures import Broken
from casavi_contracts.promises import Named
from casavi_contracts.spec import AnswerShape

SHOWN = 2_000
"""Characters of a body that are remembered."""

KEPT = 200
"""Exchanges that are remembered; older ones are only counted."""

MASK = "[secret]"

UNMISTAKABLE = 12
"""Characters of a secret that does not stand anywhere by chance."""

_PIECES = (16, UNMISTAKABLE // 2)
"""Characters of the pieces into which a text is cut to look for secrets twice as long: of long pieces there are few."""

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
        self._by_piece: dict[int, dict[str, set[str]]] = {}
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
                size = next(size for size in _PIECES if 2 * size <= len(form))
                known = self._by_piece.setdefault(size, {})
                for place in range(len(form) - size + 1):
                    known.setdefault(form[place : place + size], set()).add(form)
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
        found: set[str] = set()
        for size, known in self._by_piece.items():
            pieces = {text[place : place + size] for place in range(0, len(text), size)}
            found |= {form for piece in known.keys() & pieces for form in known[piece] if form in text}
        return found

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
    shape: AnswerShape | None = field(default=None, repr=False, compare=False)
    """How its values are read, where they are not shown as in the shipped document."""

    @property
    def ok(self) -> bool:
        """Whether it says that all went well."""
        return 200 <= self.status < 300

    @property
    def json(self) -> Any:
        """The values in the body, as the shipped document has them.

        Whoever asks for one that the document does not show gets `casavi_contracts.spec.NotShown`.

        Raises:
            casavi_contracts.failures.Broken: It is none; that breaks the check `answers-satisfy-the-contract`.
        """
        return self._read(strict=True)

    @property
    def lenient(self) -> Any:
        """The same, and what the document does not show is absent; for those who only look at what is there."""
        return self._read(strict=False)

    def _read(self, *, strict: bool) -> Any:
        try:
            body = json.loads(self.body)
        except (ValueError, RecursionError):
            raise Broken(
                "a JSON body", f"{len(self.body)} bytes that are none", check=Named.ANSWERS_SATISFY_THE_CONTRACT
            ) from None
        return body if self.shape is None else self.shape.read(body, strict=strict)


def expect_form(contract: Contract, operation: str, answer: Answer) -> None:
    """Breaks the check that answers satisfy the contract unless one does.

    Raises:
        casavi_contracts.failures.Broken: It has another form than the contract says.
    """
    for deviation in contract.deviations(operation, answer.status, answer.headers, answer.body):
        raise Broken(
            f"{deviation.expected} at {deviation.where or 'the body'} of {operation}",
            "something else",
            check=Named.ANSWERS_SATISFY_THE_CONTRACT,
            evidence=deviation.evidence,
            assumption=deviation.assumption,
        )


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
    """The check, or the step, for which it was sent."""

    def lines(self) -> Iterator[str]:
        """Yields it for people."""
        yield f"#{self.number} {self.method} {self.path} -> {self.status if self.status is not None else 'no answer'}"
        if self.request_body:
            yield f"    sent     {self.request_body}"
        if self.response_body:
            yield f"    answered {self.response_body}"


class _Recorded(Exchange):
    """One whose texts are redacted when somebody reads them: of most exchanges nobody ever does.

    Args:
        light: What has nothing to hide.
        redact: Makes secrets unreadable, those too that are learned later.
        path: As it was sent.
        request_headers: As they were sent.
        sent: The body, and how many bytes it has.
        response_headers: As they came.
        answered: The body, and how many bytes it has.
    """

    _redact: Redactor
    _where: str
    _request_headers: Mapping[str, str]
    _sent: tuple[bytes, int]
    _response_headers: Mapping[str, str]
    _answered: tuple[bytes, int]
    _texts: dict[str, Any]

    def __init__(
        self,
        light: Mapping[str, Any],
        redact: Redactor,
        path: str,
        request_headers: Mapping[str, str],
        sent: tuple[bytes, int],
        response_headers: Mapping[str, str],
        answered: tuple[bytes, int],
    ) -> None:
        own = {
            "_redact": redact, "_where": path, "_request_headers": request_headers, "_sent": sent,
            "_response_headers": response_headers, "_answered": answered, "_texts": {},
        }  # fmt: skip
        for name, value in (*light.items(), *own.items()):
            object.__setattr__(self, name, value)

    @property
    def path(self) -> str:
        return str(self._once("path", lambda: self._redact(self._where)))

    @property
    def request_headers(self) -> Mapping[str, str]:
        shown: Mapping[str, str] = self._once("request_headers", lambda: self._headers(self._request_headers))
        return shown

    @property
    def request_body(self) -> str:
        return str(self._once("request_body", lambda: self._body(self._sent)))

    @property
    def response_headers(self) -> Mapping[str, str]:
        shown: Mapping[str, str] = self._once("response_headers", lambda: self._headers(self._response_headers))
        return shown

    @property
    def response_body(self) -> str:
        return str(self._once("response_body", lambda: self._body(self._answered)))

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self._texts:
            self._texts[name] = make()
        return self._texts[name]

    def _headers(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        return {name: self._redact.header(name, value) for name, value in headers.items()}

    def _body(self, body: tuple[bytes, int]) -> str:
        # Cut first: a secret that is cut in two is still the value of a member that is named like one.
        text = self._redact(body[0].decode(errors="replace")[:SHOWN])
        return text if body[1] <= SHOWN else f"{text}… ({body[1]} bytes)"


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
        light = {
            "number": self.count, "method": method, "operation": operation, "version": version,
            "status": answer.status if answer else None, "seconds": seconds, "purpose": self.purpose,
        }  # fmt: skip
        exchange = _Recorded(
            light,
            self.redact,
            path,
            headers,
            _beginning(body),
            answer.headers if answer else {},
            _beginning(answer.body if answer else b""),
        )
        self._latest.append(exchange)
        for listener in self.listeners:
            listener(exchange, body, answer)
        return exchange


def _beginning(body: bytes) -> tuple[bytes, int]:
    """Returns what of a body may be shown, and how many bytes it has."""
    return body[: 4 * SHOWN], len(body)
