"""The tampering layer: a healthy application with something about it wrong, on the way in or on the way out.

A `Tamper` answers in place of the healthy server, with its help or without. Mutants are tampers; tests make simpler ones
with `edited` (changes exchanges in place) and `instead` (answers some requests itself).
"""

import asyncio
import functools
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, unquote

import httpx

from casavi_contracts.contract import VERSIONS, Contract

CONTROL = "/_mock"


@dataclass(slots=True)
class Request:
    """A request, whole."""

    method: str
    path: str
    """Percent-encoded, as it was sent."""
    query: str = ""
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    body: bytes = b""

    @property
    def json(self) -> Any:
        """The body as JSON, None if it is none."""
        return parsed(self.body)

    @property
    def operation(self) -> str | None:
        """The `operationId`, None if it is no operation of the contract."""
        return self._route[1]

    @property
    def version(self) -> str | None:
        """The version of the contract that the path belongs to."""
        return self._route[0]

    @property
    def id(self) -> str:
        """The decoded path parameter; empty if there is none."""
        return unquote(self._route[2])

    @property
    def token(self) -> str:
        """The token that was sent; empty if there was none."""
        return str(self.headers.get("token", ""))

    @property
    def _route(self) -> tuple[str | None, str | None, str]:
        for version, operation, method, pattern in _routes():
            found = pattern.fullmatch(self.path)
            if found and method == self.method:
                return version, operation, found.group(1) if pattern.groups else ""
        return None, None, ""

    def but(self, **changes: Any) -> "Request":
        """Returns a copy with other members; the original stays as it is."""
        return replace(self, **{"headers": self.headers.copy(), **changes})

    def with_json(self, value: Any) -> "Request":
        """Returns a copy with another body."""
        return self.but(body=serialised(value))

    def write(self, value: Any) -> None:
        """Puts another JSON value in place of the body."""
        self.body = serialised(value)

    def with_id(self, value: str) -> "Request":
        """Returns a copy with another path parameter, the last part of the path."""
        return self.but(path=f"{self.path.rpartition('/')[0]}/{quote(value, safe='')}")

    def with_token(self, token: str) -> "Request":
        """Returns a copy with another token."""
        changed = self.but()
        changed.headers["token"] = token
        return changed


@dataclass(slots=True)
class Response:
    """An answer, whole."""

    status: int
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    body: bytes = b""
    broken_off: bool = False
    """Whether the connection ends in the middle of the body."""

    @property
    def ok(self) -> bool:
        """Whether it says that all went well."""
        return 200 <= self.status < 300

    @property
    def json(self) -> Any:
        """The body as JSON, None if it is none."""
        return parsed(self.body)

    def with_json(self, value: Any) -> "Response":
        """Returns a copy with another body."""
        return replace(self, headers=self.headers.copy(), body=serialised(value))

    def write(self, value: Any) -> None:
        """Puts another JSON value in place of the body."""
        self.body = serialised(value)

    def set(self, **members: Any) -> None:
        """Changes members of the body, if it is an object."""
        if isinstance(self.json, dict):
            self.write({**self.json, **members})


Forward = Callable[[Request], Awaitable[Response]]
"""Hands a request to the healthy server and returns its answer."""

Tamper = Callable[[Request, Forward], Awaitable[Response]]
"""Answers a request in place of the healthy server, with its help or without."""

Ask = Callable[[Request], None]
"""Changes a request in place before the healthy server sees it."""

Tell = Callable[[Request, Response], None]
"""Changes an answer in place before the client sees it; is given the request as the client sent it."""

App = Callable[[Any, Any, Any], Awaitable[None]]


async def untouched(request: Request, forward: Forward) -> Response:
    """Tampers with nothing."""
    return await forward(request)


def edited(ask: Ask = lambda request: None, tell: Tell = lambda request, response: None) -> Tamper:
    """Returns what changes requests and answers in place."""

    async def tamper(request: Request, forward: Forward) -> Response:
        changed = request.but()
        ask(changed)
        response = await forward(changed)
        tell(request, response)
        return response

    return tamper


def instead(answer: Callable[[Request], Response | None]) -> Tamper:
    """Returns what answers some requests in place of the healthy server.

    Args:
        answer: Returns the answer, or None to let the healthy server give it.
    """

    async def tamper(request: Request, forward: Forward) -> Response:
        return answer(request) or await forward(request)

    return tamper


def json_response(value: Any, status: int = 200, media_type: str = "application/json") -> Response:
    """Returns an answer in JSON."""
    return Response(status, httpx.Headers({"content-type": media_type}), serialised(value))


class Recorded:
    """An ASGI application that keeps the requests that reach it, those of the control plane too.

    Bodies pass through as they come, so that the application reads what it would without this.

    Args:
        app: The application.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self.requests: list[Request] = []

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Handles one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = _head(scope)
        self.requests.append(request)

        async def receiving() -> Any:
            message = await receive()
            request.body += message.get("body", b"")
            return message

        await self._app(scope, receiving, send)


class Tampered:
    """An ASGI application in which every exchange of the vendor's API goes through a tamper.

    The control plane stays as it is: it belongs to those who judge.

    Args:
        app: The healthy application; None if `forward` leads elsewhere.
        tamper: What is wrong with it.
        forward: Hands a request on, to the application if not given.
    """

    def __init__(self, app: App | None, tamper: Tamper, forward: Forward | None = None) -> None:
        self._app = app
        self._tamper = tamper
        self._forward = forward or self._to_app
        self.crashes: list[Exception] = []
        """Where the tamper itself failed; then what comes of it proves nothing."""

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Handles one ASGI connection."""
        if scope["type"] != "http":
            await (self._app or _lifespan)(scope, receive, send)
            return
        request = await _read(scope, receive)
        steering = request.path.startswith(CONTROL)
        try:
            response = await (self._forward(request) if steering else self._tamper(request, self._forward))
        except Exception as error:
            self.crashes.append(error)
            raise
        await _answer(send, response, head=request.method == "HEAD")

    async def _to_app(self, request: Request) -> Response:
        assert self._app is not None, "without an application requests are forwarded elsewhere"
        started: dict[str, Any] = {}
        chunks: list[bytes] = []
        sent, answered = False, asyncio.Event()

        async def receive() -> dict[str, Any]:
            nonlocal sent
            if sent:  # the client stays until it is answered
                await answered.wait()
                return {"type": "http.disconnect"}
            sent = True
            return {"type": "http.request", "body": request.body, "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                started.update(message)
            else:
                chunks.append(message.get("body", b""))
                if not message.get("more_body"):
                    answered.set()

        await self._app(_scope(request), receive, send)
        return Response(started["status"], httpx.Headers(list(started["headers"])), b"".join(chunks))


def parsed(body: bytes) -> Any:
    """Returns a body as JSON, None if it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):  # some requests are nested too deeply on purpose
        return None


def serialised(value: Any) -> bytes:
    """Returns a JSON value as bytes."""
    return json.dumps(value, ensure_ascii=False).encode()


def _head(scope: MutableMapping[str, Any]) -> Request:
    raw_path = scope.get("raw_path") or scope["path"].encode()
    path = raw_path.partition(b"?")[0].decode("ascii")
    return Request(scope["method"], path, scope["query_string"].decode("ascii"), httpx.Headers(list(scope["headers"])))


async def _read(scope: MutableMapping[str, Any], receive: Any) -> Request:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return replace(_head(scope), body=bytes(body))


async def _answer(send: Any, response: Response, *, head: bool) -> None:
    body = b"" if head else response.body
    headers = response.headers.copy()
    length = len(body) * 2 if response.broken_off else len(response.body)
    if head:  # its length is that of the answer to a GET
        length = int(headers.get("content-length", length))
    for name in ("content-length", "transfer-encoding", "connection"):
        headers.pop(name, None)
    raw = [(name.lower(), value) for name, value in headers.raw]
    start = {"status": response.status, "headers": [*raw, (b"content-length", str(length).encode())]}
    await send({"type": "http.response.start", **start})
    await send({"type": "http.response.body", "body": body})


def _scope(request: Request) -> dict[str, Any]:
    headers = request.headers.copy()
    headers.pop("transfer-encoding", None)
    if request.body or "content-length" in headers:
        headers["content-length"] = str(len(request.body))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(request.path),
        "raw_path": request.path.encode(),
        "root_path": "",
        "query_string": request.query.encode(),
        "headers": [(name.lower(), value) for name, value in headers.raw],
        "client": ("127.0.0.1", 1),
        "server": ("mock", 80),
    }


async def _lifespan(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


@functools.cache
def _routes() -> list[tuple[str, str, str, re.Pattern[str]]]:
    return [
        (version, name, operation.method, re.compile(re.sub(r"\\{\w+\\}", "([^/]+)", re.escape(operation.path))))
        for version in VERSIONS
        for name, operation in Contract(version).operations.items()
    ]
