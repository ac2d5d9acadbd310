"""A healthy application with one thing about it changed, on the way in or on the way out."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Request:
    """A request that may be changed before the application sees it."""

    method: str
    path: str
    """Encoded, without the query."""
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON, None if it is none."""
        return _json(self.body)

    def write(self, value: Any) -> None:
        """Puts another JSON value in place of the body."""
        self.body = json.dumps(value).encode()


@dataclass
class Response:
    """An answer that may be changed before the client sees it."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON, None if it is none."""
        return _json(self.body)

    def write(self, value: Any) -> None:
        """Puts another JSON value in place of the body."""
        self.body = json.dumps(value).encode()

    def set(self, **members: Any) -> None:
        """Changes members of the body, if it is an object."""
        if isinstance(self.json, dict):
            self.write({**self.json, **members})


Ask = Callable[[Request], None]
Tell = Callable[[Request, Response], None]


class Tampered:
    """An ASGI application; what goes to and comes from the control plane is left alone.

    Args:
        app: The healthy application.
        ask: Changes a request.
        tell: Changes an answer; it is given the request as the client sent it.
    """

    def __init__(
        self, app: Any, *, ask: Ask = lambda request: None, tell: Tell = lambda request, response: None
    ) -> None:
        self._app = app
        self._ask = ask
        self._tell = tell

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_mock"):
            await self._app(scope, receive, send)
            return
        asked = await _read(scope, receive)
        changed = Request(asked.method, asked.path, asked.query, dict(asked.headers), asked.body)
        self._ask(changed)
        response = await _answer(self._app, scope, changed)
        self._tell(asked, response)
        if "content-length" in response.headers and asked.method != "HEAD":
            response.headers["content-length"] = str(len(response.body))
        headers = [(name.encode(), value.encode("latin-1")) for name, value in response.headers.items()]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})


async def _read(scope: Any, receive: Any) -> Request:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return Request(scope["method"], scope["raw_path"].decode(), scope["query_string"].decode(), headers, body)


async def _answer(app: Any, scope: Any, request: Request) -> Response:
    from urllib.parse import unquote

    headers = {**request.headers, **({"content-length": str(len(request.body))} if request.body else {})}
    changed = {
        **scope,
        "method": request.method,
        "path": unquote(request.path),
        "raw_path": request.path.encode(),
        "query_string": request.query.encode(),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
    }
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(changed, receive, send)
    start = sent[0]
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return Response(start["status"], {n.decode().lower(): v.decode("latin-1") for n, v in start["headers"]}, body)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
