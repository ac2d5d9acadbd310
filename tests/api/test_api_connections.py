"""Bounds on connections, over real sockets. Nobody sleeps.

Where a server only has to lose its patience, it is given little. Where a client has to be in time, tests steer the timers.
"""

import asyncio
import contextlib
import json
import re
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from casavi_fixtures import contact
from casavi_mock.domain.faults import Effect, Fault
from casavi_mock.server.options import ConnectionLimits
from casavi_mock.server.protocol import SURPLUS
from casavi_mock.server.serving import allow_files
from tests.support.client import PLAIN
from tests.support.server import Live, Mock
from tests.support.timers import PATIENCE, Timers

SHORT = 0.05
HEADERS, BODY = 71.0, 72.0
"""Seconds that pass when a test says so."""

SOUND = json.dumps({"contacts": [contact()]}).encode()


@contextlib.contextmanager
def bounded(**limits: Any) -> Iterator[Live]:
    """Runs a mock with these bounds on connections, and otherwise with more patience than any test needs."""
    patient = {"header_seconds": PATIENCE, "idle_seconds": PATIENCE, **limits}
    with Mock(progress="immediate", connections=ConnectionLimits(**patient)).listening() as live:
        yield live


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> Timers:
    timers = Timers()
    timers.steer(monkeypatch)
    return timers


def connect(live: Live) -> socket.socket:
    return socket.create_connection(("127.0.0.1", live.port), timeout=PATIENCE)


def everything(connection: socket.socket) -> bytes:
    """What comes until the server closes the connection."""
    came = b""
    with contextlib.suppress(ConnectionResetError), connection:
        while data := connection.recv(65536):
            came += data
    return came


def answer(connection: socket.socket) -> bytes:
    """One whole answer; head and body may come apart."""
    came = b""
    while not (found := re.search(rb"(?i)content-length: (\d+)(?s:.*?)\r\n\r\n", came)) or (
        len(came) < found.end() + int(found[1])
    ):
        more = connection.recv(found.end() + int(found[1]) - len(came) if found else 1)
        assert more, came
        came += more
    return came


def problem(came: bytes) -> tuple[int, str, dict[str, Any]]:
    """Status, headers and body of the one answer that came."""
    head, _, body = came.partition(b"\r\n\r\n")
    status, _, headers = head.decode().partition("\r\n")
    return int(status.split()[1]), headers, json.loads(body)


def head(live: Live, *headers: str, method: str = "POST", path: str = "/import") -> bytes:
    token = live.mock.account().tokens.issue(live.mock.time()).text.reveal()
    lines = [f"{method} {path} HTTP/1.1", "Host: mock", f"Token: {token}", "Content-Type: application/json", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def counts(live: Live) -> dict[str, Any]:
    told: dict[str, Any] = httpx.get(f"{live.url}/_mock/health", timeout=PATIENCE, verify=PLAIN).json()["connections"]
    return told


@pytest.mark.parametrize("sent", [b"GET", b"POST /import HTTP/1.1\r\nHost: mock\r\nTok"])
def test_headers_that_do_not_end_are_not_waited_for(sent: bytes, timers: Timers) -> None:
    with bounded(header_seconds=HEADERS) as live:
        connection = connect(live)
        connection.sendall(sent)
        timers.wait_for(HEADERS, times=2)  # for the first byte, and for the rest
        timers.fire(HEADERS)
        status, headers, body = problem(everything(connection))
        assert (status, body["rule"], body["evidence"]) == (408, "request-too-slow", "assumed")
        assert "71 seconds" in body["detail"]
        assert "connection: close" in headers
        assert f"x-request-id: {body['requestId']}" in headers
        assert counts(live)["timeouts"] == {"headers": 1, "body": 0, "answer": 0}


def test_a_connection_that_says_nothing_is_closed_without_a_word() -> None:
    with bounded(header_seconds=SHORT) as live:
        assert everything(connect(live)) == b""
        assert counts(live)["timeouts"]["headers"] == 1


def test_who_has_sent_a_request_is_not_slow(timers: Timers) -> None:
    with bounded(header_seconds=HEADERS, body_seconds=BODY) as live:
        quick = connect(live)
        for sent in (
            head(live, method="GET", path="/jobs/x"),
            head(live, "Content-Length: 2", method="GET", path="/jobs/x") + b"{}",
        ):
            quick.sendall(sent)
            assert answer(quick).startswith(b"HTTP/1.1 404")
            timers.fire(HEADERS)
            timers.fire(BODY)
        assert counts(live)["timeouts"] == {"headers": 0, "body": 0, "answer": 0}
        quick.close()


def test_a_further_request_has_time_of_its_own(timers: Timers) -> None:
    with bounded(header_seconds=HEADERS) as live:
        connection = connect(live)
        connection.sendall(head(live, method="GET", path="/jobs/x") + b"GET /jobs")
        assert answer(connection).startswith(b"HTTP/1.1 404")
        timers.wait_for(HEADERS, times=2)  # for each of the requests
        timers.fire(HEADERS)
        assert problem(everything(connection))[0] == 408
        assert counts(live)["timeouts"]["headers"] == 1


@pytest.mark.parametrize("coding", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_a_body_that_does_not_end_is_not_waited_for(coding: str, caplog: pytest.LogCaptureFixture) -> None:
    with bounded(body_seconds=SHORT) as live:
        connection = connect(live)
        connection.sendall(head(live, coding) + (b"5\r\n{" if "chunked" in coding else b"{"))
        status, _, body = problem(everything(connection))
        assert (status, body["rule"]) == (408, "request-too-slow")
        assert counts(live)["timeouts"] == {"headers": 0, "body": 1, "answer": 0}
        assert [len(account.journal) for account in live.mock.registry] == [0]
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_the_rest_of_a_refused_body_is_not_waited_for() -> None:
    """The answer is there; what follows is not part of it."""
    with bounded(body_seconds=SHORT) as live:
        connection = connect(live)
        connection.sendall(head(live, "Content-Length: 1000", method="GET", path="/jobs/x"))
        assert problem(everything(connection))[0] == 404
        assert counts(live)["timeouts"]["body"] == 1


def test_who_waits_for_leave_to_send_is_not_slow(timers: Timers) -> None:
    """While a delay is injected, the mock does not read; then the body has its time."""
    waiting, go_on = threading.Event(), threading.Event()

    async def delay(seconds: float, gone: Callable[[], bool]) -> None:
        waiting.set()
        await asyncio.to_thread(go_on.wait, PATIENCE)

    with bounded(body_seconds=BODY) as live:
        live.mock.app.pause = delay
        opening = head(live, f"Content-Length: {len(SOUND)}", "Expect: 100-continue")
        (account,) = live.mock.registry
        account.faults.add(Fault(operation="importMasterData", effect=Effect(kind="delay", seconds=1)))
        connection = connect(live)
        connection.sendall(opening)
        assert waiting.wait(PATIENCE)
        timers.fire(BODY)
        go_on.set()
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(SOUND)
        assert answer(connection).startswith(b"HTTP/1.1 202")
        assert counts(live)["timeouts"]["body"] == 0
        connection.close()


def test_who_takes_nothing_of_an_answer_is_not_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    with bounded(answer_seconds=SHORT) as live:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(PATIENCE)
        connection.connect(("127.0.0.1", live.port))
        connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: mock\r\n\r\n" * 300)  # more than the system buffers
        ended = select.poll()
        ended.register(connection, 0)  # tells of the reset alone, and reads nothing
        assert ended.poll(PATIENCE * 1000)
        connection.close()
        assert counts(live)["timeouts"]["answer"] == 1
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_an_idle_connection_is_closed() -> None:
    with bounded(idle_seconds=SHORT) as live:
        connection = connect(live)
        connection.sendall(head(live, method="GET", path="/jobs/x"))
        assert problem(everything(connection))[0] == 404
        assert set(counts(live)["timeouts"].values()) == {0}


def test_a_connection_that_its_client_has_reset_is_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is left that would end it later."""
    with bounded(idle_seconds=SHORT, answer_seconds=SHORT) as live:
        reset = connect(live)
        reset.sendall(head(live, method="GET", path="/jobs/x"))
        assert answer(reset).startswith(b"HTTP/1.1 404")
        reset.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        reset.close()
        for _ in range(3):  # each takes as long as the pause that is allowed
            other = connect(live)
            other.sendall(head(live, method="GET", path="/jobs/x"))
            assert problem(everything(other))[0] == 404
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([f"X-{number}: x" for number in range(6)], 404),
        ([f"X-{number}: x" for number in range(7)], 431),
        (["X-Long: " + "x" * 800], 404),
        (["X-Long: " + "x" * 1_000], 431),
        (["X-Long: " + "x" * 200_000], 431),
    ],
)
def test_headers_are_bounded_by_number_and_length(headers: list[str], status: int) -> None:
    with bounded(max_headers=10, max_header_bytes=1_000) as live:
        connection = connect(live)
        connection.sendall(head(live, "Connection: close", *headers, method="GET", path="/jobs/x"))
        told, lines, body = problem(everything(connection))
        assert (told, body["rule"]) == (status, {404: "job-unknown", 431: "headers-too-large"}[status])
        assert "connection: close" in lines
        assert counts(live)["headersTooLarge"] == (status == 431)


@pytest.mark.parametrize("most", [1_000, 65_536, 100_000])
@pytest.mark.parametrize("target", ["/{}", "/jobs/{}", "/contacts?q={}", "/_mock/{}", "http://mock/{}", "x{}"])
@pytest.mark.parametrize("more", [1, 600, 70_000])
def test_addresses_are_bounded_and_always_answered(target: str, most: int, more: int) -> None:
    """One part of an address has at most 65,535 bytes for the parser of addresses, whatever the bound is."""
    with bounded(max_header_bytes=most) as live:
        for host in ("Host: mock\r\n", ""):  # two things may be wrong at once
            connection = connect(live)
            connection.sendall(f"GET {target.format('a' * (most + more))} HTTP/1.1\r\n{host}\r\n".encode())
            came = everything(connection)
            assert came.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 "))
            assert problem(came)[2]["rule"] == "headers-too-large" or target == "x{}"


@pytest.mark.parametrize("size", [1_000, 200_000])
def test_headers_in_pieces_are_bounded_too(size: int) -> None:
    with bounded(max_header_bytes=1_000) as live:
        connection = connect(live)
        sent = head(live, "X-Long: " + "x" * size, method="GET", path="/jobs/x")
        with contextlib.suppress(ConnectionError):
            for start in range(0, len(sent), 100):
                connection.sendall(sent[start : start + 100])
        came = everything(connection)
        assert not came or problem(came)[0] == 431
        assert counts(live)["headersTooLarge"] == 1


def test_what_follows_a_body_in_pieces_is_bounded() -> None:
    """Trailers and the remarks of pieces reach no application, so nobody else would count them."""
    with bounded(max_header_bytes=1_000) as live:
        connection = connect(live)
        connection.sendall(head(live, "Transfer-Encoding: chunked") + b"1\r\n{\r\n0\r\nX-Trailer: ")
        with contextlib.suppress(ConnectionError):
            for _ in range(3_000):
                connection.sendall(b"x" * 1_000)
        came = everything(connection)
        assert not came or problem(came)[0] == 431
        assert counts(live)["headersTooLarge"] == 1


def test_long_bodies_are_no_headers() -> None:
    with bounded(max_header_bytes=1_000) as live:
        body = b'{"contacts":[' + b" " * 300_000 + b"]}"
        connection = connect(live)
        connection.sendall(head(live, f"Content-Length: {len(body)}", "Connection: close") + body)
        assert everything(connection).startswith(b"HTTP/1.1 202")
        assert counts(live)["headersTooLarge"] == 0


def test_pipelined_requests_are_not_taken_for_long_headers() -> None:
    with bounded(max_header_bytes=1_000) as live:
        connection = connect(live)
        one = head(live, method="GET", path="/jobs/x")
        connection.sendall(one * 49 + one.replace(b"Host: mock", b"Host: mock\r\nConnection: close"))
        assert everything(connection).count(b"HTTP/1.1 404") == 50
        assert counts(live)["headersTooLarge"] == 0


def test_one_connection_too_many_is_refused_and_the_control_plane_still_answers() -> None:
    with bounded(max_connections=2) as live:
        held = [connect(live) for _ in range(2)]
        for one in held:  # sure to have been accepted
            one.sendall(head(live, method="GET", path="/jobs/x"))
            assert answer(one).startswith(b"HTTP/1.1 404")
        surplus = connect(live)
        surplus.sendall(head(live, method="GET", path="/jobs/x"))
        status, headers, body = problem(everything(surplus))
        assert (status, body["rule"]) == (503, "connections-full")
        assert "retry-after: 1" in headers
        health = httpx.get(f"{live.url}/_mock/health", timeout=PATIENCE, verify=PLAIN)
        assert (health.status_code, health.headers["connection"]) == (200, "close")
        told = health.json()["connections"]
        assert (told["limit"], told["refused"], told["open"]) == (2, 1, 3)
        for one in held:
            one.sendall(head(live, method="GET", path="/jobs/x"))
            assert answer(one).startswith(b"HTTP/1.1 404"), "who was there before is served"
            one.close()


def test_silent_connections_do_not_keep_health_from_answering() -> None:
    with bounded(max_connections=1) as live:
        first = connect(live)
        first.sendall(head(live, method="GET", path="/jobs/x"))
        assert answer(first).startswith(b"HTTP/1.1 404")
        silent = [connect(live) for _ in range(SURPLUS + 10)]
        told = counts(live)
        assert told["refused"] >= 10
        assert told["open"] <= SURPLUS + 2
        status, _, body = problem(everything(silent[0]))  # the one that had been silent longest
        assert (status, body["rule"]) == (503, "connections-full")
        for one in (first, *silent[1:]):
            one.close()


def test_slow_uploads_to_the_control_plane_do_not_keep_health_from_answering() -> None:
    with bounded() as live:
        slow = [connect(live) for _ in range(20)]
        for one in slow:
            one.sendall(b"PUT /_mock/state HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{")
        odd = connect(live)
        odd.sendall(b"GET /_mock/health HTTP/1.1\r\nHost: mock\r\nContent-Length: 9\r\n\r\n{")
        assert answer(odd).startswith(b"HTTP/1.1 200")
        assert counts(live)["open"] >= 20
        for one in (*slow, odd):
            one.close()


def test_the_server_ends_although_clients_are_slow(caplog: pytest.LogCaptureFixture) -> None:
    with bounded() as live:
        slow = [connect(live) for _ in range(3)]
        slow[0].sendall(head(live, "Content-Length: 1000") + b"{")
        slow[1].sendall(b"GET /jo")
        slow[2].sendall(b"PUT /_mock/state HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{")
        assert counts(live)["open"] == 4
    assert [everything(one) for one in slow] == [b"", b"", b""]
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_open_files_are_allowed_as_far_as_the_system_lets(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource", reason="there is no such bound on Windows")
    given: list[Any] = []
    monkeypatch.setattr(resource, "setrlimit", lambda kind, bounds: given.append(bounds))
    for soft, hard, wanted, possible in (
        (1024, 4096, 1_000, 1_000),
        (1024, 1024, 1_000, 874),
        (1024, resource.RLIM_INFINITY, 10_000, 10_000),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, 10_000, 10_000),
        (4096, 4096, 500, 500),
        (20, 20, 500, 1),
    ):
        monkeypatch.setattr(resource, "getrlimit", lambda kind, bounds=(soft, hard): bounds)
        assert allow_files(wanted) == possible
    assert given == [(1150, 4096), (1024, 1024), (10_150, resource.RLIM_INFINITY), (20, 20)]
