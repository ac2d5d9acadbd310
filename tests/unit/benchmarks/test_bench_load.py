"""Load against a server of these tests, bounded by the number of requests and not by time."""

import contextlib
import http.server
import itertools
import threading
from collections.abc import Iterator

import pytest

from casavi_bench.load import Bounds, run_load
from casavi_bench.operations import repeating, request
from casavi_bench.server import ServerError

LONG_ENOUGH = 30.0


@contextlib.contextmanager
def answering(*statuses: int) -> Iterator[tuple[int, list[tuple[str, bytes]]]]:
    """A server that answers so, again and again; yields its port and the paths and bodies that came."""
    came: list[tuple[str, bytes]] = []
    answers = itertools.cycle(statuses)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            came.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(next(answers))
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"%02d" % len(came))

        def log_message(self, *arguments: object) -> None:
            """Stays silent."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1], came
        finally:
            server.shutdown()
            thread.join()


def test_all_connections_send_their_share() -> None:
    with answering(200) as (port, came):
        raw = request("POST", "/x", b"body")
        load = run_load(port, 4, repeating(raw), 200, Bounds(seconds=LONG_ENOUGH, requests=20))
    assert len(load.latencies) == 20
    assert came == [("/x", b"body")] * 20
    assert load.per_second == pytest.approx(20 / load.seconds)


def test_a_request_can_be_made_of_the_last_answer() -> None:
    with answering(200) as (port, came):
        run_load(
            port,
            1,
            lambda: lambda answer: request("POST", "/next", b"after " + answer),
            200,
            Bounds(seconds=LONG_ENOUGH, requests=3),
        )
    assert [body for _, body in came] == [b"after ", b"after 01", b"after 02"]


def test_an_answer_with_another_status_ends_the_load() -> None:
    with answering(200, 200, 500) as (port, _), pytest.raises(ServerError, match="answered 500 in place of 200: b'03'"):
        run_load(port, 1, repeating(request("POST", "/x", b"")), 200, Bounds(seconds=LONG_ENOUGH, requests=9))


def test_a_closed_connection_ends_the_load() -> None:
    raw = b"POST /x HTTP/1.0\r\nContent-Length: 0\r\n\r\n"  # version 1.0: the server closes after its answer
    with answering(200) as (port, _), pytest.raises(ServerError, match="the connection broke"):
        run_load(port, 1, repeating(raw), 200, Bounds(seconds=LONG_ENOUGH, requests=9))
