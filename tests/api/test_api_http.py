"""What HTTP asks of a server before a request means anything: white space, hosts, codings, expectations, kept connections."""

import json

import httpx
import pytest

from casavi_fixtures import contact
from casavi_mock.domain.model import Secret
from casavi_mock.server.options import ConnectionLimits
from tests.support.client import PLAIN
from tests.support.contract import Seen
from tests.support.server import Live, Mock
from tests.support.wire import Wire

BODY = json.dumps({"contacts": [contact()]}).encode()


def problem(seen: Seen) -> tuple[int, str]:
    body = seen.json()
    assert body["status"] == seen.status
    assert body["requestId"] == seen.headers["x-request-id"]
    assert body["detail"]
    assert (body["evidence"], body["assumption"]) == ("assumed", "error-statuses")
    return seen.status, body["rule"]


def refused(live: Live, data: bytes) -> tuple[Seen, str]:
    """The answer to bytes, after which the connection has to end; with what it says is wrong."""
    wire = Wire(live)
    before = malformed(live)
    wire.send(data)
    seen = wire.answer()
    assert seen.headers["connection"] == "close"
    assert "keep-alive" not in seen.headers
    assert wire.closed()
    assert malformed(live) == before + 1
    wire.socket.close()
    return seen, seen.json()["detail"]


def malformed(live: Live) -> int:
    told: int = httpx.get(f"{live.url}/_mock/health", verify=PLAIN).json()["connections"]["malformed"]
    return told


def replaced(wire: Wire, old: str, new: str) -> bytes:
    head = wire.head("GET", "/jobs/x")
    assert old.encode() in head
    return head.replace(old.encode(), new.encode("latin-1"))


@pytest.mark.parametrize("around", [" ", "\t", "  \t ", " \t"])
def test_white_space_around_a_value_is_no_part_of_it(wire: Wire, around: str) -> None:
    blanks = around.replace("\t", " ")  # older parsers take no tab behind a length
    padded = (f"Content-Type:{around}application/json{around}", f"Content-Length:{blanks}{len(BODY)}{blanks}")
    head = wire.head("POST", "/import", *padded)
    wire.send(head.replace(f"Token: {wire.token}".encode(), f"Token:{around}{wire.token}{around}".encode()) + BODY)
    assert wire.answer().status == 202


def test_white_space_around_the_control_token_is_no_part_of_it() -> None:
    with Mock(control_token=Secret("c0ntrol")).listening() as live:
        live.mock.account()
        wire = Wire(live)
        for name, status in (
            ("X-Mock-Token:  c0ntrol \t", 200),
            ("X_Mock_Token: c0ntrol", 401),
            ("X-Mock_Token: c0ntrol", 401),
        ):
            wire.send(wire.head("GET", "/_mock/clock", name))
            assert wire.answer().status == status
        wire.socket.close()


def test_a_coding_beside_chunked(live: Live, wire: Wire) -> None:
    for lines in (["gzip, chunked"], ["gzip", "chunked"], ["deflate, gzip ,chunked"], ["x-made-up, Chunked"]):
        headers = [f"Transfer-Encoding: {line}" for line in lines]
        seen, _ = refused(live, wire.post(b"2\r\n{}\r\n0\r\n\r\n", *headers))
        assert problem(seen) == (501, "transfer-coding-unknown")


@pytest.mark.parametrize("value", ["gzip", "identity", "chunked, gzip", "chunked, chunked", "xchunked", ""])
def test_a_body_whose_end_nobody_knows(live: Live, wire: Wire, value: str) -> None:
    seen, _ = refused(live, wire.post(b"2\r\n{}\r\n0\r\n\r\n", f"Transfer-Encoding: {value}"))
    assert problem(seen) == (400, "request-malformed")


@pytest.mark.parametrize(
    "value", ["nonsense", "100-continue, nonsense", "200-ok", "100-continue;q=1", "100-continue=1"]
)
def test_an_unknown_expectation(live: Live, wire: Wire, value: str) -> None:
    seen, _ = refused(live, wire.post(BODY, f"Expect: {value}"))
    assert problem(seen) == (417, "expectation-unknown")
    assert wire.account.store.count("contacts") == 0


@pytest.mark.parametrize("value", ["100-Continue", "100-continue ", "100-continue, 100-CONTINUE"])
def test_spellings_of_the_known_one(wire: Wire, value: str) -> None:
    wire.send(
        wire.head(
            "POST", "/import", "Content-Type: application/json", f"Content-Length: {len(BODY)}", f"Expect: {value}"
        )
    )
    assert wire.answer().status == 100
    wire.send(BODY)
    assert wire.answer().status == 202


def test_the_old_version_of_http_knows_no_expectation(wire: Wire) -> None:
    head = wire.head(
        "POST", "/import", "Content-Type: application/json", f"Content-Length: {len(BODY)}", "Expect: nonsense"
    )
    wire.send(head.replace(b"HTTP/1.1", b"HTTP/1.0") + BODY)
    assert wire.answer().status == 202


@pytest.mark.parametrize(
    "hosts",
    [
        "Host: a\r\nHost: b",
        "Host: a\r\nhost: a",
        "X-Nothing: x",
        "Host: a b",
        "Host: http://a",
        "Host: a/b",
        "Host: a,b:x",
        "Host: u@h",
        "Host: \x80",
    ],
)
def test_hosts_that_are_none_or_too_many(live: Live, wire: Wire, hosts: str) -> None:
    seen, detail = refused(live, replaced(wire, "Host: localhost", hosts))
    assert problem(seen) == (400, "request-malformed")
    assert "Host" in detail


@pytest.mark.parametrize(
    "host", ["mock", "MOCK:4227", "[::1]:80", "127.0.0.1", "xn--mller-kva.example", "under_score", "", "a:"]
)
def test_hosts_that_are_some(wire: Wire, host: str) -> None:
    wire.send(replaced(wire, "Host: localhost", f"Host: {host}"))
    assert wire.answer().status == 404


def test_the_old_version_of_http_needs_no_host(wire: Wire) -> None:
    wire.send(wire.head("GET", "/jobs/x").replace(b"Host: localhost\r\n", b"").replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert wire.answer().status == 404


def test_the_host_of_the_request_line_counts(wire: Wire) -> None:
    wire.send(wire.post(BODY))
    wire.answer()
    head = wire.head("GET", "http://other.test:81/contacts?pageSize=1").replace(
        b"Token", b"Accept: application/json\r\nToken"
    )
    wire.send(head)
    seen = wire.answer()
    assert seen.status == 200
    assert "http://other.test:81/" in seen.body.decode() or "_links" not in seen.json()
    wire.send(wire.head("GET", "http://other.test"))
    assert wire.answer().status in (307, 404)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("GET /jobs/M\xfcller HTTP/1.1", "%C3%BC"),
        ("GET /jobs/M\xc3\xbcller HTTP/1.1", "%C3%BC"),
        ("GET /jobs/x?y=\xe9 HTTP/1.1", "Percent-encode"),
        ("GET /a b HTTP/1.1", "%20"),
        ("NONSENSE / HTTP/1.1", "no method"),
        ("GET / HTTP/9.9", "Invalid HTTP version"),
        ("GET /jobs/x", "version has to be said"),
        ("PRI * HTTP/2.0", "HTTP/2"),
        ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc", "HTTPS"),
        ("GET /jobs/x HTTP/1.1\r\nBad Header: x", "cannot be parsed"),
        ("GET /jobs/x HTTP/1.1\r\nA: b\r\n folded", "cannot be parsed"),
        ("GET /jobs/x HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2", "Content-Length"),
    ],
)
def test_what_the_parser_refuses_has_a_rule_and_a_reason(live: Live, wire: Wire, line: str, says: str) -> None:
    seen, detail = refused(live, f"{line}\r\nHost: mock\r\n\r\n".encode("latin-1"))
    assert problem(seen) == (400, "request-malformed")
    assert says in detail


def test_a_sound_request_before_an_unsound_one_is_answered(wire: Wire) -> None:
    wire.send(wire.post(BODY) + b"NONSENSE\r\n\r\n" + wire.head("GET", "/jobs/x"))
    assert wire.answer().status == 202
    assert wire.closed()


def test_two_tokens_that_differ(wire: Wire) -> None:
    for other, status in ((wire.token, 404), ("another", 400), ("", 400)):
        wire.send(wire.head("GET", "/jobs/x", f"token: {other}"))
        seen = wire.answer()
        assert (seen.status, seen.json()["rule"]) == (status, {404: "job-unknown", 400: "header-ambiguous"}[status])
        assert wire.token not in seen.body.decode()


def test_what_comes_behind_a_body_is_no_header(wire: Wire) -> None:
    head = wire.head("POST", "/import", "Content-Type: application/json", "Transfer-Encoding: chunked")
    wire.send(head + b"%x\r\n%s\r\n0\r\nToken: other\r\nX-Late: x\r\n\r\n" % (len(BODY), BODY))
    assert wire.answer().status == 202
    names = {name for entry in wire.account.journal for name, _ in entry.request_headers}
    assert b"x-late" not in names


def test_how_long_a_connection_is_kept_is_said(wire: Wire) -> None:
    seen = wire.ask("GET", "/jobs/x")
    assert ConnectionLimits().idle_seconds == 75
    assert (seen.headers["connection"], seen.headers["keep-alive"]) == ("keep-alive", "timeout=75")
    wire.send(wire.head("GET", "/jobs/x", "Connection: close"))
    seen = wire.answer()
    assert (seen.headers["connection"], "keep-alive" in seen.headers) == ("close", False)


@pytest.mark.parametrize(("seconds", "said"), [(30.5, "timeout=30"), (0.5, None)])
def test_another_time_is_said_too(seconds: float, said: str | None) -> None:
    with Mock(connections=ConnectionLimits(idle_seconds=seconds)).listening() as live:
        live.mock.account()
        wire = Wire(live)
        assert wire.ask("GET", "/jobs/x").headers.get("keep-alive") == said
        wire.socket.close()


def test_bytes_of_an_unsound_request_are_not_quoted(wire: Wire) -> None:
    wire.send(f"GET /{wire.token} x HTTP/1.1\r\nToken: {wire.token}\r\n\r\n".encode())
    came = b""
    wire.socket.settimeout(60)
    while data := wire.socket.recv(65536):
        came += data
    assert wire.token.encode() not in came
