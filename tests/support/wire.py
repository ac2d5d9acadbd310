"""Bytes on a real socket, for what no HTTP client would send."""

import socket

from casavi_mock.accounts import Account
from tests.support.contract import Seen
from tests.support.server import Live


class Wire:
    """One connection, with an account to send tokens of."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.account: Account = live.mock.account()
        self.token = self.account.tokens.issue(live.mock.time()).text.reveal()
        self.socket = socket.create_connection(("127.0.0.1", live.port), timeout=60)
        self._rest = b""

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def head(self, method: str, path: str, *headers: str) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Token: {self.token}", *headers, "", ""]
        return "\r\n".join(lines).encode()

    def post(self, body: bytes, *headers: str, path: str = "/import") -> bytes:
        length = (
            ()
            if any(header.lower().startswith(("content-length", "transfer")) for header in headers)
            else (f"Content-Length: {len(body)}",)
        )
        return self.head("POST", path, "Content-Type: application/json", *length, *headers) + body

    def answer(self, method: str = "GET") -> Seen:
        """Reads one answer from the connection."""
        while b"\r\n\r\n" not in self._rest:
            self._more()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status = int(first.split()[1])
        if status == 100:
            return Seen(status, headers, b"")
        if "content-length" not in headers:  # up to the end
            while self._more(final=True):
                pass
            body, self._rest = self._rest, b""
            return Seen(status, headers, body)
        length = 0 if method == "HEAD" else int(headers["content-length"])
        while len(self._rest) < length:
            self._more()
        body, self._rest = self._rest[:length], self._rest[length:]
        return Seen(status, headers, body)

    def closed(self) -> bool:
        """Whether the server has closed the connection without another byte."""
        return not self._rest and not self._more(final=True)

    def _more(self, *, final: bool = False) -> bool:
        data = self.socket.recv(65536)
        assert data or final, f"the connection ended after {self._rest!r}"
        self._rest += data
        return bool(data)

    def ask(self, method: str, path: str, *headers: str) -> Seen:
        """One request without a body, its answer checked."""
        self.send(self.head(method, path, *headers))
        seen = self.answer(method)
        self.live.mock.contract.check(method, path.partition("?")[0], seen)
        return seen
