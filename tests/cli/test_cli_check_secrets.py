"""What the check writes holds no secret, even when a server answers so that the library quotes its bytes."""

import base64
import json
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import Result

from tests.support.server import Live
from tests.support.wrong_servers import listening

Run = Callable[..., Result]

_HEADERS = re.compile(rb"(?s)^.*?\r\n\r\n")
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_SECRET = re.compile(rb'"(?:key|secret|token)": *"([^"]+)"')


class Echo:
    """Stands in front of a mock, and answers `HEAD` with a body in which all secrets stand that the mock has given out."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.secrets: set[bytes] = set()
        self.heads = 0

    def treat(self, connection: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", self._port)) as server:
            for request in messages(connection):
                server.sendall(request)
                head = request.startswith(b"HEAD ")
                answer = next(messages(server, bodiless=head))
                self.secrets |= {*_SECRET.findall(answer)}  # requests have wrong ones, too, which are none
                if head:
                    self.heads += 1
                    answer += b"".join(
                        b'{"token": "%b", "was": "%b"}' % (one, quote(one).encode()) for one in self.secrets
                    )
                connection.sendall(answer)


def messages(stream: socket.socket, *, bodiless: bool = False) -> Iterator[bytes]:
    """Yields the messages of a connection, as bytes."""
    left = b""
    while True:
        while not (head := _HEADERS.match(left)):
            piece = stream.recv(65_536)
            if not piece:
                return
            left += piece
        length = _LENGTH.search(head[0])
        whole = head.end() + (int(length[1]) if length and not bodiless else 0)
        while len(left) < whole:
            left += stream.recv(65_536)
        yield left[:whole]
        left = left[whole:]


def test_no_secret_leaves_the_check(
    run: Run, serve: Callable[..., Live], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    echo = Echo(serve().port)
    with listening(echo.treat) as url:
        result = run(
            "check", "--url", url, "--only", "head*", "--only", "log-in-gives-a-token", "--max-examples", "3", "--seed", "7",
            "--json", "a.json", "--html", "a.html", "--junit", "a.xml",
        )  # fmt: skip

    assert result.exit_code == 1, result.output
    assert (echo.heads > 0, len(echo.secrets) > 2) == (True, True)
    written = {path.name: path.read_text("utf-8") for path in tmp_path.rglob("*") if path.is_file()}
    for name, text in {**written, "output": result.output}.items():
        assert "Traceback" not in text
        for secret in echo.secrets:
            plain = secret.decode()
            forms = {plain, json.dumps(plain)[1:-1], quote(plain), base64.b64encode(secret).decode()[:-4]}
            found = [text[max(text.find(form) - 80, 0) :][:200] for form in forms if form in text]
            assert not found, (name, plain, found)


def test_no_secret_is_in_why_a_server_cannot_be_reached(run: Run) -> None:
    account = {"CASAVI_API_KEY": "the-key-of-this-account", "CASAVI_API_SECRET": "the-sécret-of-this-account"}

    def treat(connection: socket.socket) -> None:
        for request in messages(connection):
            connection.sendall(b"%b %b\r\n" % (account["CASAVI_API_SECRET"].encode(), request))

    with listening(treat) as url:
        result = run("check", "--url", url, **account)

    assert result.exit_code == 2
    assert not any(part in result.output for part in ("cret-of", "the-key"))
