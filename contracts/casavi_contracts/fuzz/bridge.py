"""Sends every request of schemathesis on to the target, so that a run's own client is the only way out."""

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

import httpx

from casavi_contracts.contract import Contract
from casavi_contracts.failures import Broken, KitError
from casavi_contracts.fuzz.sent import Sent, place
from casavi_contracts.http.exchange import Answer, Exchange
from casavi_contracts.http.target import Target

if TYPE_CHECKING:
    import requests

CASE = "x-schemathesis-testcaseid"
"""The header by which a request names the case that it belongs to."""

REMEMBERED = 2_000
"""Exchanges that are remembered, to show them with a failure."""

LONGEST_BODY = 256_000
"""Bytes of a request body; longer ones are not sent. Documents of that size tell nothing new."""

OF_ONE_CONNECTION = frozenset({"host", "content-length", "transfer-encoding", "connection", "content-encoding"})
"""Headers that the next hop sets anew, and of an answer whose body was decoded."""

UNSAYABLE = "HTTP cannot carry it"

_FIELD_VALUE = re.compile(r"(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?")
"""RFC 9110, section 5.5."""

Guard = Callable[[Sent], str | None]
"""Says why a request must not be sent, None if it may."""


class NotSent(Exception):
    """A request that was held back, or that HTTP cannot carry."""


class NoAnswer(Exception):
    """A request that was sent and not answered."""


class Bridge:
    """What schemathesis sees in place of a target.

    Args:
        target: The server under judgement.
        contract: The contract of one version.
        guard: Asked before every request.
    """

    def __init__(self, target: Target, contract: Contract, guard: Guard = lambda sent: None) -> None:
        self._target = target
        self._contract = contract
        self._guard = guard
        self._exchanges: deque[tuple[str, Exchange]] = deque(maxlen=REMEMBERED)
        self._seeing = threading.Lock()
        self._case = ""
        self.started = time.perf_counter()
        self.count = 0
        """Exchanges with the target since it was made, whoever sent them."""
        self.stopped: KitError | None = None
        """Why nothing more can be sent."""
        self.unanswered: list[tuple[Broken, Exchange]] = []
        self.held_back: dict[str, int] = {}
        """Requests that were not sent, by reason."""

    def see(self, exchange: Exchange, body: bytes, answer: Answer | None) -> None:
        """Remembers an exchange; to be told of those of the target's recorder."""
        with self._seeing:
            self.count += 1
            self._exchanges.append((self._case, exchange))

    def exchanges(self, case: str) -> tuple[Exchange, ...]:
        """Returns what was sent and answered for a case, as far as it is remembered.

        schemathesis sends in a thread of its own, and goes on while this one looks at a failure.
        """
        with self._seeing:
            remembered = [*self._exchanges]
        return tuple(exchange for known, exchange in remembered if known == case)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Marks it as an application in this process for schemathesis, whose requests `Direct` hands over."""
        raise RuntimeError("schemathesis asks by another way than its sessions")

    def answer(self, request: "requests.PreparedRequest") -> Answer:
        """Sends a request of schemathesis on, and returns what the target answers."""
        body = request.body or b""
        sent = self._sent(request, body.encode() if isinstance(body, str) else bytes(body))
        self._case = sent.headers.get(CASE, "")
        reason = _reason_against(sent) or self._guard(sent)
        if reason:
            self._hold_back(reason)
        try:
            return self._target.send(
                sent.method,
                sent.path,
                headers={name: value for name, value in sent.headers.items() if name not in OF_ONE_CONNECTION},
                body=sent.body,
                operation=sent.operation,
                version=self._contract.version,
            )
        except KitError as error:
            self.stopped = self.stopped or error
            raise NotSent(str(error)) from None
        except Broken as error:
            self.unanswered.append((error, self._exchanges[-1][1]))
            raise NoAnswer(str(error)) from None
        except httpx.InvalidURL:
            self._hold_back(UNSAYABLE)

    def _sent(self, request: "requests.PreparedRequest", body: bytes) -> Sent:
        method, address = str(request.method), urlsplit(str(request.url))
        operation, _, parameters = place(self._contract, method, address.path)
        path = f"{address.path}?{address.query}" if address.query else address.path
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        return Sent(operation, method, path, headers, body, parameters)

    def _hold_back(self, reason: str) -> NoReturn:
        self.held_back[reason] = self.held_back.get(reason, 0) + 1
        raise NotSent(reason)


def _reason_against(sent: Sent) -> str | None:
    if len(sent.body) > LONGEST_BODY:
        return f"the body has more than {LONGEST_BODY:,} bytes"
    if not all(_FIELD_VALUE.fullmatch(value) for value in sent.headers.values()):
        return UNSAYABLE
    return None


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
