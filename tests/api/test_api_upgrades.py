"""Offers of another protocol: whoever does not want it goes on as if nothing was offered (RFC 9110, 7.8)."""

import json
from typing import Any

import pytest

from casavi_fixtures import contact
from tests.support.wire import Wire

BODY = json.dumps({"contacts": [contact()]}).encode()
H2C = (
    "Connection: Upgrade, HTTP2-Settings",
    "Upgrade: h2c",
    "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
)
WEBSOCKET = (
    *("Connection: keep-alive, Upgrade", "Upgrade: websocket"),
    *("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version: 13"),
)
OFFERS = {
    "as the JDK, Spring, Ktor and CXF": H2C,
    "a websocket": WEBSOCKET,
    "TLS": ("Connection: upgrade", "Upgrade: TLS/1.2, HTTP/1.1"),
    "several": ("Connection: UPGRADE", "Upgrade: h2c, websocket"),
    "in two lines": ("Connection: keep-alive", "Connection: Upgrade", "Upgrade: h2c", "Upgrade: TLS/1.0"),
    "of the name before the connection": ("Upgrade: h2c", "Connection: Upgrade"),
    "nobody knows": ("Connection: Upgrade", "Upgrade: made-up/7"),
}


def chunked(body: bytes) -> bytes:
    pieces = [body[:7], body[7:20], body[20:]]
    return b"".join(b"%x;ext=1\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nTrailer: x\r\n\r\n"


FRAMINGS = {
    "length": (BODY, f"Content-Length: {len(BODY)}"),
    "chunked": (chunked(BODY), "Transfer-Encoding: chunked"),
}


def imported(wire: Wire) -> tuple[int, int]:
    return wire.account.store.count("contacts"), len(wire.account.queue)


def entry(wire: Wire) -> Any:
    return [one for one in wire.account.journal if one.operation == "importMasterData"][-1]


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
@pytest.mark.parametrize("framing", FRAMINGS)
def test_an_import_with_an_offer_is_an_import(wire: Wire, framing: str, offer: tuple[str, ...]) -> None:
    body, header = FRAMINGS[framing]
    wire.send(wire.head("POST", "/import", "Content-Type: application/json", header, *offer) + body)
    seen = wire.answer()
    wire.live.mock.contract.check("POST", "/import", seen)
    assert (seen.status, "upgrade" in seen.headers) == (202, False)
    assert wire.ask("GET", f"/jobs/{seen.json()['jobId']}", *offer).json()["status"] == "completed"
    assert imported(wire) == (1, 1)
    assert entry(wire).request_bytes == len(BODY)


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_segments_do_not_matter(wire: Wire, framing: str, size: int) -> None:
    body, header = FRAMINGS[framing]
    whole = wire.head("POST", "/import", "Content-Type: application/json", header, *H2C) + body
    for start in range(0, len(whole), size):
        wire.send(whole[start : start + size])
    assert wire.answer().status == 202
    assert imported(wire) == (1, 1)


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_body_that_comes_later_is_no_request(wire: Wire, framing: str) -> None:
    body, header = FRAMINGS[framing]
    wire.send(wire.head("POST", "/import", "Content-Type: application/json", header, *H2C, "Expect: 100-continue"))
    assert wire.answer().status == 100, "the server has the headers by now"
    wire.send(body)
    assert wire.answer().status == 202
    assert wire.ask("GET", "/jobs/x").status == 404, "the connection goes on"


def test_a_body_that_looks_like_a_request_is_none(wire: Wire) -> None:
    inner = wire.post(BODY)
    wire.send(
        wire.head("POST", "/nowhere", f"Content-Length: {len(inner)}", *H2C) + inner + wire.head("GET", "/jobs/x")
    )
    assert [wire.answer().status, wire.answer().status] == [404, 404]
    assert imported(wire) == (0, 0)


def test_offers_within_a_pipeline(wire: Wire) -> None:
    posts = [wire.post(BODY, *offer) for offer in ((), H2C, (), H2C, H2C)]
    wire.send(b"".join(posts) + wire.head("GET", "/jobs/x", *WEBSOCKET) + wire.post(b"{", *H2C))
    assert [wire.answer().status for _ in range(7)] == [202] * 5 + [404, 400]


@pytest.mark.parametrize("path", ["/_mock/health", "/_mock/clock", "/openapi.json", "/docs"])
def test_control_plane_and_pages_too(wire: Wire, path: str) -> None:
    for offer in OFFERS.values():
        wire.send(wire.head("GET", path, *offer))
        assert wire.answer().status == 200


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
def test_a_command_with_an_offer_has_its_body(wire: Wire, offer: tuple[str, ...]) -> None:
    body = b'{"at": "2100-01-01T00:00:00Z"}'
    about = ("Content-Type: application/json", f"Content-Length: {len(body)}", f"X-Mock-Key: {wire.account.key}")
    wire.send(wire.head("POST", "/_mock/clock/freeze", *about, *offer) + body)
    assert (answer := wire.answer()).status == 200, answer.body
    assert answer.json()["now"].startswith("2100-01-01")


def test_the_connection_ends_if_the_client_wants_it(wire: Wire) -> None:
    wire.send(wire.head("GET", "/jobs/x", "Connection: close, Upgrade", "Upgrade: h2c"))
    seen = wire.answer()
    assert (seen.status, seen.headers["connection"]) == (404, "close")
    assert wire.closed()


def test_the_old_version_of_http_may_offer_too(wire: Wire) -> None:
    head = wire.head("POST", "/import", "Content-Type: application/json", f"Content-Length: {len(BODY)}", *H2C)
    wire.send(head.replace(b"HTTP/1.1", b"HTTP/1.0") + BODY)
    assert wire.answer().status == 202
    assert wire.closed()


def test_the_journal_shows_the_offer(wire: Wire) -> None:
    wire.send(wire.post(BODY, *H2C))
    wire.answer()
    assert (b"upgrade", b"h2c") in entry(wire).request_headers


@pytest.mark.parametrize(
    "framing", ["Content-Length: 5\r\nContent-Length: 6", "Transfer-Encoding: gzip", "Content-Length: x"]
)
def test_an_offer_hides_no_unsound_framing(wire: Wire, framing: str) -> None:
    wire.send(wire.head("POST", "/import", *H2C, framing) + b"12345")
    assert (seen := wire.answer()).status == 400
    assert seen.json()["rule"] == "request-malformed"
    assert wire.closed()


def test_nobody_is_told_to_install_something(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    for offer in OFFERS.values():
        wire.ask("GET", "/jobs/x", *offer)
    assert not [one for one in caplog.records if one.name.startswith("uvicorn")]


def test_a_tunnel_is_refused(wire: Wire) -> None:
    for target in ("example.test:443", "/import"):
        again = Wire(wire.live)
        again.send(again.head("CONNECT", target) + again.head("GET", "/jobs/x"))
        assert (seen := again.answer()).status == 400
        assert seen.json()["rule"] == "request-malformed"
        assert again.closed()
        again.socket.close()
