"""Hostile connections: bytes on a real socket, against a server at a real port."""

import json
import re
import socket
from typing import Any

import pytest

from casavi_fixtures import contact
from casavi_mock.domain.jobs import Progress
from casavi_mock.errors import ConfigurationError
from casavi_mock.server.serving import bind
from tests.support.contract import Seen
from tests.support.server import Live, Mock
from tests.support.wire import Wire

SOUND = json.dumps({"contacts": [contact()]}).encode()


def counts(wire: Wire) -> tuple[int, int]:
    return wire.account.store.count("contacts"), len(wire.account.queue)


def rule(seen: Seen) -> Any:
    return seen.json()["rule"]


def test_an_import_over_the_wire(wire: Wire) -> None:
    wire.send(wire.post(SOUND))
    seen = wire.answer()
    wire.live.mock.contract.check("POST", "/import", seen)
    assert seen.status == 202
    job = wire.ask("GET", f"/jobs/{seen.json()['jobId']}")
    assert job.json()["status"] == "completed"
    assert counts(wire) == (1, 1)


def test_the_server_does_not_tell_what_it_is_made_of(wire: Wire) -> None:
    seen = wire.ask("GET", "/jobs/x")
    assert "server" not in seen.headers
    assert "date" in seen.headers


def test_head_has_the_headers_of_get_alone(wire: Wire) -> None:
    wire.send(wire.post(b'{"contacts":[]}'))
    path = f"/jobs/{wire.answer().json()['jobId']}"
    for where, status in (
        (path, 200),
        ("/jobs/unknown", 404),
        ("/docs", 200),
        ("/openapi.json", 200),
        ("/nowhere", 404),
    ):
        get, head = wire.ask("GET", where), wire.ask("HEAD", where)
        assert (get.status, head.status) == (status, status)
        assert head.body == b""
        differing = {"x-request-id", "date"}
        assert {n: v for n, v in head.headers.items() if n not in differing} == {
            n: v for n, v in get.headers.items() if n not in differing
        }


@pytest.mark.parametrize("path", ["/import", "/authenticate", "/refresh", "/jobs/x"])
@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "PROPFIND", "SEARCH", "MKCOL"])
def test_other_methods(wire: Wire, method: str, path: str) -> None:
    seen = wire.ask(method, path)
    assert (seen.status, rule(seen)) == (405, "method-not-allowed")
    assert seen.headers["allow"] == ("GET, HEAD" if path == "/jobs/x" else "POST")


@pytest.mark.parametrize("path", ["/import", "/authenticate", "/refresh"])
def test_get_and_head_where_only_post_is(wire: Wire, path: str) -> None:
    assert wire.ask("GET", path).status == wire.ask("HEAD", path).status == 405


@pytest.mark.parametrize(
    "path",
    [
        *("//", "/nowhere", "/import/", "/authenticate/", "/refresh/", "/jobs", "/jobs/", "/jobs/x/", "/jobs/x/y"),
        *("/Import", "/IMPORT", "/import;v=1", "/import%2F", "/%69mport", "/import%00", "/import%20", "/v1/import"),
        *(
            "/jobs/../import",
            "/../import",
            "/./import",
            "/jobs/x/../y",
            "//import",
            "/import//",
            "/jobs//x",
            "/import/.",
        ),
        *(
            "/openapi.json/",
            "/openapi.yaml",
            "/%64ocs",
            "/docs%2Fswagger-ui.css",
            "/%5fmock/health",
            "/_mock%2fhealth",
            "/%5Fmock%2Freset",
            "/docs/nothing.js",
            "/docs/../openapi.json",
            "/ui",
            "/docs/%2e%2e",
        ),
        *("/_mocked", "/x" * 1_000, "/" + "x" * 20_000, "/%", "/%zz", "/%ff", "/%ed%a0%80", "/jobs/" + "x/" * 500),
        *("/import%0aFORGED", "/'\"<script>", "/{jobId}", "/jobs/../../etc/passwd", "/docs/..%2f..%2fetc%2fpasswd"),
    ],
    ids=lambda path: path[:30],
)
def test_unknown_paths(wire: Wire, path: str) -> None:
    for method in ("GET", "POST"):
        seen = wire.ask(method, path)
        assert (seen.status, rule(seen)) == (404, "operation-unknown")
        assert len(seen.body) < 1_500


@pytest.mark.parametrize(
    "job_id",
    [
        *(
            "x",
            "a%2Fb",
            "%2F",
            "..%2f..%2fetc%2fpasswd",
            "%2e%2e",
            "a%20b",
            "%00",
            "%ff%fe",
            "%ed%a0%80",
            "%",
            "%zz",
            "%0a",
        ),
        *("x" * 20_000, "%41" * 5_000, "a;b", "a:b", "a@b", "{jobId}", "a+b", "~", "..", ".", "a%252Fb", "null", "0"),
        *("%F0%9F%8F%A0", "'\"<script>", "*", "$(x)", "a,b", "a=b&c"),
    ],
    ids=lambda job_id: job_id[:30],
)
def test_odd_job_ids(wire: Wire, job_id: str) -> None:
    seen = wire.ask("GET", f"/jobs/{job_id}")
    assert (seen.status, rule(seen)) == (404, "job-unknown")
    assert len(seen.body) < 1_000


@pytest.mark.parametrize(
    "query", ["?", "?x=1", "?" + "a=b&" * 2_000, "?%00", "?jobId=y", "?a[]=1&a[]=2", "??", "?x=/../"]
)
def test_query_strings_do_not_matter(wire: Wire, query: str) -> None:
    wire.send(wire.post(SOUND, path=f"/import{query}"))
    seen = wire.answer()
    assert seen.status == 202
    assert wire.ask("GET", f"/jobs/{seen.json()['jobId']}{query}").status == 200


def test_an_encoded_job_id_is_decoded(wire: Wire) -> None:
    wire.send(wire.post(SOUND))
    job_id = wire.answer().json()["jobId"]
    encoded = "".join(f"%{ord(letter):02x}" for letter in job_id)
    assert wire.ask("GET", f"/jobs/{encoded}").json()["id"] == job_id


def test_expect_100_continue(wire: Wire) -> None:
    wire.send(
        wire.head(
            "POST", "/import", "Content-Type: application/json", f"Content-Length: {len(SOUND)}", "Expect: 100-continue"
        )
    )
    assert wire.answer().status == 100
    wire.send(SOUND)
    assert wire.answer().status == 202


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (("Content-Type: application/json", "Content-Length: 1000000000"), 413),
        (("Content-Type: text/plain", "Content-Length: 10"), 415),
    ],
)
def test_expect_100_continue_is_refused_at_once(wire: Wire, headers: tuple[str, ...], status: int) -> None:
    wire.send(wire.head("POST", "/import", *headers, "Expect: 100-continue"))
    seen = wire.answer()
    assert seen.status == status
    wire.live.mock.contract.check("POST", "/import", seen)
    assert counts(wire) == (0, 0)


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: -1",),
        ("Content-Length: x",),
        ("Content-Length: 0x10",),
        ("Content-Length: 5, 6",),
        ("Content-Length: 99999999999999999999999999",),
        ("Transfer-Encoding: chunked", "Content-Length: 5"),
        ("Transfer-Encoding: x",),
        ("Bad Header: x", "Content-Length: 0"),
        ("Bad\x00: x", "Content-Length: 0"),
    ],
)
def test_requests_that_are_not_http(wire: Wire, headers: tuple[str, ...]) -> None:
    """Refused by the HTTP server itself, before there is a request; the connection ends."""
    wire.send(wire.post(b"12345", *headers))
    assert wire.answer().status == 400
    assert wire.closed()
    assert counts(wire) == (0, 0)


@pytest.mark.parametrize(
    "line", ["NONSENSE / HTTP/1.1", "GET / HTTP/9.9", "GET", "\x00\x01\x02", "GET /\xff HTTP/1.1", "get / HTTP/1.1"]
)
def test_request_lines_that_are_not_http(wire: Wire, line: str) -> None:
    wire.send(f"{line}\r\nHost: mock\r\n\r\n".encode("latin-1"))
    assert wire.answer().status == 400


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def test_chunked(wire: Wire) -> None:
    pieces = b"".join(chunk(SOUND[n : n + 5]) for n in range(0, len(SOUND), 5))
    wire.send(wire.post(pieces + b"0\r\n\r\n", "Transfer-Encoding: chunked"))
    assert wire.answer().status == 202


def test_chunked_with_a_bad_length(wire: Wire) -> None:
    wire.send(wire.post(b"zz\r\nxx\r\n0\r\n\r\n", "Transfer-Encoding: chunked"))
    assert wire.answer().status == 400
    assert counts(wire) == (0, 0)


def test_pipelined_requests_are_answered_in_their_order(wire: Wire) -> None:
    bodies = [b'{"contacts":[{"id":"C-%d"}]}' % n for n in range(5)]
    wire.send(
        b"".join(wire.post(body) for body in bodies) + wire.head("GET", "/jobs/x") + wire.post(b"{") + wire.post(SOUND)
    )
    statuses = []
    for _ in range(8):
        statuses.append((seen := wire.answer()).status)
        assert seen.status != 400 or rule(seen) == "json-malformed"
    assert statuses == [202] * 5 + [404, 400, 202]
    assert wire.account.store.count("contacts") == 5  # the last one is C-1 again


def test_a_refused_request_leaves_the_connection_usable(wire: Wire) -> None:
    for body, status in ((b"{", 400), (b"[]", 400), (b"", 400), (SOUND, 202)):
        wire.send(wire.post(body))
        assert wire.answer().status == status
    wire.send(wire.post(SOUND, "Content-Type: text/plain"))  # the second of two, so it does not count
    assert wire.answer().status == 202


def test_a_body_that_is_not_read_does_not_become_a_request(wire: Wire) -> None:
    inner = wire.post(SOUND)
    wire.send(wire.head("POST", "/nowhere", f"Content-Length: {len(inner)}") + inner + wire.head("GET", "/jobs/x"))
    assert [wire.answer().status, wire.answer().status] == [404, 404]
    assert counts(wire) == (0, 0)


def test_too_long_by_chunks_over_the_wire() -> None:
    """Refused while the client still sends; the connection is closed, what is left is not read."""
    mock = Mock({"max-body-mb": 0.001}, Progress(progress="immediate"))
    with mock.listening() as live:
        wire = Wire(live)
        wire.send(wire.head("POST", "/import", "Content-Type: application/json", "Transfer-Encoding: chunked"))
        wire.send(chunk(b" " * 999))
        wire.send(chunk(b" " * 2))
        seen = wire.answer()  # without the end of the body ever being sent
        mock.contract.check("POST", "/import", seen)
        assert (seen.status, rule(seen), seen.headers["connection"]) == (413, "body-too-large", "close")
        assert wire.closed()
        assert counts(wire) == (0, 0)
        wire.socket.close()


@pytest.mark.parametrize("sent", [b"", b'{"contacts":', SOUND])
@pytest.mark.parametrize("coding", ["Content-Length: 100000", "Transfer-Encoding: chunked"])
def test_disconnect_during_upload(live: Live, sent: bytes, coding: str, caplog: pytest.LogCaptureFixture) -> None:
    wire = Wire(live)
    wire.send(wire.head("POST", "/import", "Content-Type: application/json", coding))
    if sent:
        wire.send(chunk(sent) if "chunked" in coding else sent)
    wire.socket.shutdown(socket.SHUT_WR)
    assert wire.closed(), "nobody is left to be answered"
    wire.socket.close()
    again = Wire(live)
    again.account, again.token = wire.account, wire.token
    assert again.ask("GET", "/jobs/x").status == 404
    assert counts(again) == (0, 0)
    entries = [entry for entry in wire.account.journal if entry.operation == "importMasterData"]
    assert entries == [], "an upload that never ended is no exchange"
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    again.socket.close()


@pytest.mark.parametrize("length", [10_000, 60_000])
def test_long_header_values(wire: Wire, length: int) -> None:
    seen = wire.ask("GET", "/jobs/x", "X-Huge: " + "x" * length)
    assert seen.status == 404
    wire.send(wire.head("GET", "/jobs/x").replace(wire.token.encode(), b"t" * length))
    seen = wire.answer()
    assert (seen.status, rule(seen)) == (401, "token-unknown")
    assert len(seen.body) < 1_000


def test_bytes_beyond_ascii_in_headers(wire: Wire) -> None:
    wire.send(wire.head("GET", "/jobs/x").replace(wire.token.encode(), b"\xff\xfe\xc3\xbc"))
    assert rule(wire.answer()) == "token-unknown"
    wire.send(
        b"POST /import HTTP/1.1\r\nHost: mock\r\nToken: %s\r\nContent-Type: \xff\xfe\r\nContent-Length: 0\r\n\r\n"
        % wire.token.encode()
    )
    assert rule(wire.answer()) == "media-type-unsupported"


def test_no_line_of_the_log_can_be_forged(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "casavi_mock")
    wire.ask("GET", "/nowhere%0aWARNING%20forged%0d%1b[31m%e2%80%a8")
    wire.ask("GET", "/jobs/%0aforged")
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("casavi_mock")]
    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)


def test_websockets_are_not_spoken(wire: Wire) -> None:
    upgrade = (
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version: 13",
    )
    wire.send(wire.head("GET", "/jobs/x", *upgrade))
    assert wire.answer().status in (403, 404)


def test_a_port_in_use_is_told(live: Live) -> None:
    with pytest.raises(ConfigurationError, match=rf"cannot listen at 127\.0\.0\.1:{live.port}: .*--port"):
        bind("127.0.0.1", live.port)


def test_request_ids_are_distinct(wire: Wire) -> None:
    ids = [wire.ask("GET", "/jobs/x").headers["x-request-id"] for _ in range(20)]
    assert len(set(ids)) == 20
    assert all(re.fullmatch(r"[0-9a-f]{8}-\d{6,}", request_id) for request_id in ids)
