"""A request and its answer, as a mutant sees and changes them."""

import json
from datetime import UTC, datetime
from typing import Any, Literal

Cut = Literal["reset", "lost"]

_UNREAD: Any = object()


class _Message:
    """Headers and a body, which may be read and changed as JSON."""

    def __init__(self, headers: dict[str, str], body: bytes) -> None:
        self.headers = headers
        """By their names in lower case; `Content-Length` follows the body."""
        self._body = body
        self._parsed: Any = _UNREAD

    @property
    def body(self) -> bytes:
        """All of it, with what was changed in `json`."""
        if self._parsed is not _UNREAD and self._parsed != _parsed(self._body):
            return json.dumps(self._parsed, ensure_ascii=False).encode()
        return self._body

    @body.setter
    def body(self, body: bytes) -> None:
        self._body, self._parsed = body, _UNREAD

    @property
    def json(self) -> Any:
        """The body as JSON, to be changed in place or replaced; None if it is none."""
        if self._parsed is _UNREAD:
            self._parsed = _parsed(self._body)
        return self._parsed

    @json.setter
    def json(self, value: Any) -> None:
        self.body = json.dumps(value, ensure_ascii=False).encode()


class Request(_Message):
    """What the client asks."""

    def __init__(
        self,
        method: str,
        path: str,
        query: str = "",
        *,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        operation: str | None = None,
        now: datetime | None = None,
    ) -> None:
        super().__init__(headers or {}, body)
        self.method = method
        self.path = path
        """As it was sent, percent-encoded."""
        self.query = query
        """As it was sent, without the question mark."""
        self.operation = operation
        """The `operationId` of the contract; None if the contract has no such path."""
        self.now = now or datetime.now(UTC)
        """The time of the account."""
        self.state: dict[str, Any] = {}
        """What a mutant remembers of earlier requests of the same test."""
        self.fault: str | None = None
        """A fault of the mock that is to strike this request: `job-fails`, `lost-response`."""
        self.faulty = False
        """Whether the test has planned faults of its own, beside which there should be no others."""

    def copy(self) -> "Request":
        """Returns another one that can be changed alone."""
        twin = Request(
            self.method,
            self.path,
            self.query,
            headers=dict(self.headers),
            body=self.body,
            operation=self.operation,
            now=self.now,
        )
        twin.state, twin.fault, twin.faulty = self.state, self.fault, self.faulty
        return twin

    def same(self, other: "Request") -> bool:
        """Whether another one asks for the same."""
        return self._all() == other._all()

    def _all(self) -> tuple[Any, ...]:
        return self.method, self.path, self.query, self.headers, self.body, self.fault


class Response(_Message):
    """What the client is answered."""

    def __init__(
        self,
        status: int = 200,
        *,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        json: Any = None,
        cut: Cut | None = None,
        seconds: float = 0.0,
    ) -> None:
        super().__init__({name.lower(): value for name, value in (headers or {}).items()}, body)
        if json is not None:
            self.json = json
            self.headers.setdefault("content-type", "application/json")
        self.status = status
        self.cut: Cut | None = cut
        """Ends the connection in place of an answer: `reset` (the client sees ECONNRESET), `lost` (its end)."""
        self.seconds = seconds
        """How long the first byte takes, by the wall clock."""

    def copy(self) -> "Response":
        """Returns another one that can be changed alone."""
        return Response(self.status, headers=dict(self.headers), body=self.body, cut=self.cut, seconds=self.seconds)

    def same(self, other: "Response") -> bool:
        """Whether another one answers the same."""
        return self._all() == other._all()

    @property
    def good(self) -> bool:
        """Whether all went well."""
        return self.status < 400

    def _all(self) -> tuple[Any, ...]:
        return self.status, self.headers, self.body, self.cut, self.seconds


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
