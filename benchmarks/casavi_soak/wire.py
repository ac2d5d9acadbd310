"""One connection to the server, which can be polite or not."""

import asyncio
import contextlib
import json
from dataclasses import dataclass
from typing import Any

from casavi_soak.ledger import STRANGERS, Ledger

HOST = "127.0.0.1"
PATIENCE_SECONDS = 90.0
"""How long an answer is waited for: a busy machine is slow, a hanging server is wrong."""

BEFORE_THE_REQUEST = frozenset({"connections-full", "request-too-slow", "headers-too-large"})
"""Rules by which a connection is turned away; these are in no journal."""

_FULL_SECONDS = 0.1
_LONGEST_HEAD = 1 << 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What came; status 0 if the connection ended before an answer."""

    status: int
    headers: dict[str, str]
    body: bytes
    cut: bool = False
    """Whether its body ended too early."""

    def json(self) -> Any:
        """Returns the parsed body."""
        return json.loads(self.body)

    @property
    def rule(self) -> str | None:
        """The rule by which the request was refused, or None."""
        if self.status < 400 or self.cut:
            return None
        try:
            rule = self.json().get("rule")
        except (ValueError, AttributeError):
            return None
        return rule if isinstance(rule, str) else None


NO_ANSWER = Answer(0, {}, b"")


class Wire:
    """A connection that opens itself anew when the server has closed it.

    Args:
        port: Where the server listens, at the loopback address.
        ledger: Takes down what came of each request.
    """

    def __init__(self, port: int, ledger: Ledger) -> None:
        self.ledger = ledger
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    def another(self) -> "Wire":
        """Returns another connection to the same server."""
        return Wire(self._port, self.ledger)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        owner: str = STRANGERS,
        token: str | None = None,
        body: bytes | None = None,
        expected: tuple[int, ...] = (200,),
    ) -> Answer:
        """Sends a request to the vendor's API, and takes down in whose journal it must be.

        Args:
            method: Its method.
            path: Its path.
            owner: In whose journal it must be.
            token: The token, if one is sent.
            body: The body, as JSON.
            expected: Statuses that are no surprise; 0 is no answer.
        """
        headers = {"Token": token} if token else {}
        while True:
            answer = await self.raw(_request(method, path, headers, body))
            if answer.rule == "connections-full":  # somebody else had them all for a moment
                await asyncio.sleep(_FULL_SECONDS)
                continue
            if answer.rule == "request-too-slow":  # this machine is busy; send it again
                self.ledger.slow["body"] += 1
                continue
            break
        # a refresh names the account beside the token
        unknown = answer.rule == "token-unknown" and not path.endswith("/refresh")
        self.take(answer, STRANGERS if unknown else owner)
        if answer.status not in expected:
            what = answer.body[:200].decode(errors="replace")
            self.ledger.wrong(f"{method} {path[:80]}: {answer.status} in place of {expected}: {what}")
        return answer

    async def control(
        self, method: str, path: str, *, key: str | None = None, body: Any = None, expected: tuple[int, ...] = (200,)
    ) -> Answer:
        """Sends a request to the control plane, which has no journal.

        Args:
            method: Its method.
            path: Its path, below `/_mock`.
            key: Which account is meant.
            body: The body, as a value.
            expected: Statuses that are no surprise.
        """
        headers = {"X-Mock-Key": key} if key else {}
        content = None if body is None else json.dumps(body).encode()
        answer = await self.raw(_request(method, f"/_mock{path}", headers, content))
        if answer.status not in expected:
            what = answer.body[:200].decode(errors="replace")
            self.ledger.wrong(f"{method} /_mock{path}: {answer.status} in place of {expected}: {what}")
        return answer

    def take(self, answer: Answer, owner: str) -> None:
        """Takes down an answer of the vendor's API."""
        self.ledger.statuses[answer.status] += 1
        if answer.rule not in BEFORE_THE_REQUEST:
            self.ledger.exchanges[owner] += 1

    async def raw(self, data: bytes) -> Answer:
        """Sends bytes and returns the answer, or `NO_ANSWER` if the connection ended first."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self.send(data)
                return await self.answer()
        except TimeoutError:
            self.ledger.wrong(f"no answer within {PATIENCE_SECONDS:g} seconds: {data[:60]!r}")
            self.close()
            return NO_ANSWER

    async def send(self, data: bytes) -> None:
        """Sends bytes; a connection that ends meanwhile is noticed when the answer is read."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(HOST, self._port, limit=_LONGEST_HEAD)
        with contextlib.suppress(ConnectionError, RuntimeError):  # the latter is what uvloop says of a closed one
            self._streams[1].write(data)
            await self._streams[1].drain()

    async def answer(self) -> Answer:
        """Returns the next answer, or `NO_ANSWER` if the connection ends first."""
        assert self._streams is not None, "something was sent"
        reader = self._streams[0]
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            self.close()
            return NO_ANSWER
        status, headers = _parsed(head)
        cut = False
        try:
            body = await reader.readexactly(int(headers.get("content-length", 0)))
        except asyncio.IncompleteReadError as error:
            body, cut = error.partial, True
        except ConnectionError:
            body, cut = b"", True
        if cut or headers.get("connection") == "close":
            self.close()
        return Answer(status, headers, body, cut)

    def close(self) -> None:
        """Ends the connection; the next request opens another one."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


def _request(method: str, path: str, headers: dict[str, str], body: bytes | None) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", *(f"{name}: {value}" for name, value in headers.items())]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


def _parsed(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}
    return int(first.split(" ")[1]), headers
