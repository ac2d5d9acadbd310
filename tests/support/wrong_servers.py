"""Servers on real sockets that are no casavi API, each in its own way; and one that writes down what reaches it.

No tamper can stand in for them: they speak TLS, another protocol or none, and no healthy mock stands behind them.
"""

import contextlib
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from tests.support.tamper import Request, Response


@contextlib.contextmanager
def serving(
    answer: Callable[[Request], Response], tls: ssl.SSLContext | None = None
) -> Iterator[tuple[str, list[Request]]]:
    """Yields the address of a server, and the requests that have reached it."""
    asked: list[Request] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                super().handle_one_request()

        def reply(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            path, _, query = self.path.partition("?")
            headers = httpx.Headers(self.headers.items())
            request = Request(self.command, path, query, headers, self.rfile.read(length))
            asked.append(request)
            said = answer(request)
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(said.body)

        do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = reply  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]  # clients may hang up
    scheme = "http"
    if tls is not None:
        scheme = "https"
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"{scheme}://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def listening(treat: Callable[[socket.socket], None]) -> Iterator[str]:
    """Yields the address of a server that treats each connection in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        over = threading.Event()

        def accept() -> None:
            while not over.is_set():
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=treat_quietly, args=(connection,), daemon=True).start()

        def treat_quietly(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                treat(connection)
                over.wait()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def silent(connection: socket.socket) -> None:
    """Takes a connection and never says anything."""


def dripping(connection: socket.socket) -> None:
    """Sends a header without end, a byte now and then."""
    _go_on(connection, b"HTTP/1.1 200 OK\r\nX-Long: ", b"x")


def rambling(connection: socket.socket) -> None:
    """Sends a body that never ends."""
    _go_on(connection, b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b" ")


def _go_on(connection: socket.socket, begin: bytes, byte: bytes) -> None:
    """Sends a beginning, and then the same byte again and again until the client hangs up, slowly on purpose."""
    connection.recv(1000)
    connection.sendall(begin)
    while True:
        connection.sendall(byte)
        time.sleep(0.02)


def no_http(connection: socket.socket) -> None:
    """Speaks another protocol, and hangs up when it is not understood."""
    connection.sendall(b"220 mail.example.com ESMTP\r\n")
    connection.recv(1000)
    connection.sendall(b"221 2.7.0 Error: goodbye\r\n")
    connection.shutdown(socket.SHUT_WR)


class Certificate:
    """A certificate that nobody has signed.

    Args:
        folder: Where it is kept, with its key.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / "certificate.pem"
        self._key = folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", str(self._key), "-out", str(self.file)],
            check=True,
            capture_output=True,
        )  # fmt: skip

    def context(self) -> ssl.SSLContext:
        """Returns what a server shows it with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self._key)
        return context
