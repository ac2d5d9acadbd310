"""Puts mutants in front of the mock: an ASGI application around it, and what its journal is to show of a request."""

import re
from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import unquote

from casavi_contracts import spec
from casavi_mock.accounts import Account, Registry
from casavi_mock.domain.faults import ANY, Effect, Fault
from casavi_mock.messages.request import Trail
from casavi_mock.server.app import _CONNECTION as CONNECTION
from casavi_mock.server.app import MockApp
from casavi_mock.server.protocol import break_off, watching
from casavi_mock.vendor.faults import pause
from pytest_casavi.mutants.exchange import Request, Response
from pytest_casavi.mutants.mutant import Mutant
from pytest_casavi.mutants.world import Told

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_CONTROL = "/_mock"


@dataclass(slots=True)
class AtMutants:
    """One test, and the mutants that it meets."""

    mutants: tuple[Mutant, ...]
    shadow: bool
    """Whether it is only looked which of them would change anything; then several may be there."""
    reached: set[str] = field(default_factory=set)
    """Names of those that changed something, or would have."""
    told: Told = field(default_factory=Told)
    broken: dict[str, str] = field(default_factory=dict)
    """What mutants raised, by name."""
    _states: dict[str, dict[str, Any]] = field(default_factory=dict)

    def ask(self, request: Request) -> Request | Response:
        """Lets the mutants have a request; returns what the mock is to see, or an answer in its place."""
        result: Request | Response = request
        for mutant, seen in self._each(request):
            asked: Any = self._called(mutant, mutant.ask, seen) if mutant.ask else seen
            if isinstance(asked, Response) or (isinstance(asked, Request) and not asked.same(request)):
                self.reached.add(mutant.name)
                result = result if self.shadow else asked
        return result

    def respond(self, request: Request, response: Response) -> Response:
        """Lets the mutants have an answer; returns what the client gets."""
        result = response
        for mutant, seen in self._each(request):
            if mutant.respond is None:
                continue
            answered = self._called(mutant, mutant.respond, seen, response.copy())
            if isinstance(answered, Response) and not answered.same(response):
                self.reached.add(mutant.name)
                result = result if self.shadow else answered
        return result

    def seen(self) -> dict[str, Any]:
        """Returns what was seen, as JSON can say it: what changed anything, what broke, what the client was told."""
        told = self.told
        return {
            "reached": sorted(self.reached),
            "broken": self.broken,
            "results": told.results,
            "read": told.read,
            "lies": [list(lie) for lie in told.lies],
        }

    def _each(self, request: Request) -> Iterator[tuple[Mutant, Request]]:
        for mutant in self.mutants:
            seen = request.copy()
            seen.state = self._states.setdefault(mutant.name, {})
            yield mutant, seen

    def _called(self, mutant: Mutant, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            result = function(*arguments)
        except Exception as error:  # noqa: BLE001  # told at the end: the request must be answered
            self.broken[mutant.name] = f"{type(error).__name__}: {error}"
            return None
        if not isinstance(result, Request | Response):
            self.broken[mutant.name] = f"it returned {result!r} in the place of a response"
        return result


class Elsewhere(Protocol):
    """A mock in another process, with mutants in front of it there."""

    def begin(self, names: Sequence[str], *, shadow: bool) -> None:
        """Puts mutants in front of it for the test that begins."""
        ...

    def seen(self) -> dict[str, Any]:
        """Returns what was seen since then, as `AtMutants.seen` does."""
        ...


class Stage:
    """Where it stands which mutants are at work; shared by the servers of a session and its tests."""

    def __init__(self) -> None:
        self.on = False
        """Whether servers are to be started with this in front."""
        self.test: AtMutants | None = None
        self.elsewhere: list[Elsewhere] = []
        """Mocks in other processes."""

    def begin(self, mutants: Sequence[Mutant], *, shadow: bool) -> None:
        """Puts mutants in front of all mocks for the test that begins."""
        self.test = AtMutants(tuple(mutants), shadow)
        for mock in self.elsewhere:
            mock.begin([mutant.name for mutant in mutants], shadow=shadow)

    def join(self, mock: Elsewhere) -> None:
        """Takes a mock in another process that was started for the running test."""
        self.elsewhere.append(mock)
        if self.test is not None:
            mock.begin([mutant.name for mutant in self.test.mutants], shadow=self.test.shadow)

    def seen(self) -> dict[str, Any]:
        """Returns what was seen of the test in all mocks."""
        assert self.test is not None, "a test has begun"
        seen = self.test.seen()
        for mock in self.elsewhere:
            for name, value in mock.seen().items():
                seen[name] = seen[name] + value if isinstance(value, list) else {**seen[name], **value}
        return seen


STAGE = Stage()


def staged(app: MockApp) -> Any:
    """Returns an application with the mutants of the running test in front of it, if any are wanted at all."""
    if not STAGE.on:
        return app
    app._recorder = _Unchanged(app._recorder)  # type: ignore[assignment]  # it records as the one that it has
    return Vendor(app, STAGE)


class Vendor:
    """The mock behind mutants, as an ASGI application.

    Args:
        app: The mock.
        stage: Says which test runs.
    """

    def __init__(self, app: MockApp, stage: Stage) -> None:
        self._app = app
        self._stage = stage
        self._operations = list(_patterns(app.registry))

    def __getattr__(self, name: str) -> Any:
        """Is the mock in all other respects."""
        return getattr(self._app, name)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Handles one ASGI connection."""
        test = self._stage.test
        path = scope.get("raw_path", b"").decode("ascii", "replace") or scope.get("path", "")
        if test is None or scope["type"] != "http" or path.startswith(_CONTROL):
            await self._app(scope, receive, send)
            return
        sent = await _body(receive)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        operation = self._operation(scope["method"], path)
        account = self._account(headers, sent)
        request = Request(
            scope["method"],
            path,
            scope["query_string"].decode("latin-1"),
            headers=headers,
            body=sent,
            operation=operation,
            now=account.clock.now() if account else datetime.now(UTC),
        )
        request.faulty = account is not None and any(not seen.over for seen in account.faults.list())
        asked = test.ask(request)
        connection = scope.get(CONNECTION, send)
        if isinstance(asked, Response):
            test.told.note(operation, path, sent, None, asked.json)
            await _answer(asked, send, connection)
            return
        if asked.fault and account is not None:
            with account.lock:
                account.faults.add(Fault(operation=operation or ANY, effect=Effect(kind=asked.fault), times=1))
        caught = _Caught(send)
        changed = _scope(scope, asked) | {CONNECTION: connection}
        await self._app(changed, _Body(receive, sent, asked.body, scope["headers"]), caught)
        if (response := caught.response) is None:
            test.told.note(operation, path, sent, None, None)
            return
        final = test.respond(request, response)
        test.told.note(operation, asked.path, sent, response.json, None if final.cut else final.json)
        if final is response:
            await caught.forward()
        else:
            await _answer(final, send, connection)

    def _operation(self, method: str, path: str) -> str | None:
        for pattern, of, name in self._operations:
            if of == method and pattern.fullmatch(path):
                return name
        return None

    def _account(self, headers: dict[str, str], body: bytes) -> Account | None:
        registry = self._app.registry
        held = registry.holder(headers.get("token", ""))
        if held is not None:
            return held[1]
        return next(iter(reversed(list(registry))), None) if body else registry.adopter


def _patterns(registry: Registry) -> Iterator[tuple[re.Pattern[str], str, str]]:
    for base, document in registry.settings.documents.items():
        for path, method, operation in spec.operations(dict(document)):
            pattern = re.sub(r"\\{[^/]*?\\}", "[^/]+", re.escape(base + path))
            yield re.compile(pattern), method.upper(), operation["operationId"]


async def _body(receive: Receive) -> bytes:
    parts = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(parts)
        parts += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(parts)


class _Body:
    """The body of a request, as the mock is to read it; it knows what the journal is to show.

    Args:
        receive: Where further messages come from.
        sent: What the client sent.
        stored: What the mock is to read.
        headers: Those that came.
    """

    def __init__(self, receive: Receive, sent: bytes, stored: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        self._receive = receive
        self._left: bytes | None = stored
        self.sent = sent
        self.headers = headers

    async def __call__(self) -> Message:
        """Returns the next ASGI message."""
        if self._left is None:
            return await self._receive()
        body, self._left = self._left, None
        return {"type": "http.request", "body": body, "more_body": False}


class _Unchanged:
    """A recorder that tells what the client sent, not what a mutant made of it."""

    def __init__(self, recorder: Any) -> None:
        self._recorder = recorder

    def record(self, trail: Trail) -> None:
        """Writes down one exchange."""
        body = getattr(trail.request.receive, "before", trail.request.receive)  # a fault may have looked at it
        if isinstance(body, _Body):
            headers = dict(reversed(body.headers))
            trail.request = replace(trail.request, headers=headers, all_headers=body.headers)
            if trail.body is not None:
                trail.body = body.sent
        self._recorder.record(trail)


class _Caught:
    """Keeps an answer until it is complete; one that comes in parts goes on as it comes."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._messages: list[Message] = []
        self._parts = False
        self.response: Response | None = None
        """The whole answer; None if there was none, or if it came in parts."""

    async def __call__(self, message: Message) -> None:
        """Takes an ASGI message of the mock."""
        self._messages.append(message)
        if message["type"] == "http.response.body" and (message.get("more_body") or self._parts):
            self._parts = True
            await self.forward()
        elif message["type"] == "http.response.body":
            start = self._messages[0]
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]}
            self.response = Response(start["status"], headers=headers, body=message.get("body", b""))

    async def forward(self) -> None:
        """Sends on what has come."""
        while self._messages:
            await self._send(self._messages.pop(0))


def _scope(scope: MutableMapping[str, Any], request: Request) -> dict[str, Any]:
    """Returns a scope that says what a request says."""
    length = str(len(request.body)).encode()
    headers = [(name, length if name == b"content-length" else value) for name, value in scope["headers"]]
    return {
        **scope,
        "path": unquote(request.path),
        "raw_path": request.path.encode("latin-1"),
        "query_string": request.query.encode("latin-1"),
        "headers": headers,
    }


async def _answer(response: Response, send: Send, connection: Any) -> None:
    if response.seconds:
        await pause(response.seconds, watching(connection))
    if response.cut:
        break_off(connection, reset=response.cut == "reset")
        return
    response.headers["content-length"] = str(len(response.body))
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
