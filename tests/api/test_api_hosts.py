"""The control plane answers to names it knows, and under its own path alone: DNS rebinding, and tricks with paths."""

from collections.abc import Iterator

import pytest

from casavi_mock.domain.model import Secret
from tests.support.server import Live, Mock
from tests.support.wire import Wire

KNOWN = [
    *("localhost", "LocalHost:4227", "localhost.", "casavi.localhost:80", "127.0.0.1", "127.8.9.10:1", "[::1]:4227"),
    "[::ffff:127.0.0.1]",
]
UNKNOWN = [
    *(
        "evil.example",
        "evil.example:4227",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil-localhost",
        "mock",
    ),
    *("notlocalhost", "10.0.0.1", "192.168.1.5:4227", "0.0.0.0", "[2001:db8::1]", "128.0.0.1", "127.0.0.1.nip.example"),
    *("2130706433", "0x7f.1", "xn--lcalhost-54a", "", "localhost..", "localhost%00", "[::2]"),
]
ALLOWED = ("casavi", "*.dev.test", "192.0.2.7", "[2001:db8::7]")


def asked(live: Live, host: str, *headers: str, path: str = "/_mock/reset", method: str = "POST") -> int:
    wire = Wire(live)
    head = wire.head(method, path, f"X-Mock-Key: {wire.account.key}", "Content-Length: 0", *headers)
    wire.send(head.replace(b"Host: localhost\r\n", f"Host: {host}\r\n".encode()))
    seen = wire.answer(method)
    wire.socket.close()
    if seen.status == 403:
        assert seen.json()["where"] in ("Host", "X-Forwarded-Host", "Origin")
        assert "--allowed-host" in seen.json()["detail"] or seen.json()["where"] == "Origin"
    return seen.status


@pytest.fixture(scope="module")
def allowing() -> Iterator[Live]:
    with Mock(allowed_hosts=ALLOWED).listening() as live:
        yield live


@pytest.mark.parametrize("host", KNOWN)
def test_names_of_this_machine_are_known(live: Live, host: str) -> None:
    assert asked(live, host) == 200


@pytest.mark.parametrize("host", UNKNOWN)
def test_other_names_are_not(live: Live, host: str) -> None:
    assert asked(live, host) == 403
    assert asked(live, host, f"Origin: http://{host}", "Sec-Fetch-Site: same-origin") == 403


@pytest.mark.parametrize("path", ["/accounts", "/requests", "/openapi.json", "/nothing", "/state", "/version"])
def test_nothing_is_read_either(live: Live, path: str) -> None:
    assert asked(live, "evil.example", path=f"/_mock{path}", method="GET") == 403


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_health_is_told_to_all(live: Live, path: str) -> None:
    assert asked(live, "casavi.default.svc", path=f"/_mock{path}", method="GET") == 200


def test_the_api_itself_is_for_all_names(live: Live) -> None:
    assert asked(live, "evil.example", path="/jobs/x", method="GET") == 404


@pytest.mark.parametrize(
    "host", ["casavi", "CASAVI:80", "a.dev.test", "a.b.dev.test:1", "192.0.2.7", "[2001:db8::7]:1"]
)
def test_allowed_names_are_known(allowing: Live, host: str) -> None:
    assert asked(allowing, host) == 200
    assert asked(allowing, host, f"Origin: http://{host}") == 200


@pytest.mark.parametrize("host", ["casavi.evil", "dev.test", "evildev.test", "a.dev.test.evil.example", "192.0.2.70"])
def test_names_like_them_are_not(allowing: Live, host: str) -> None:
    assert asked(allowing, host) == 403


def test_any_name_can_be_allowed() -> None:
    with Mock(allowed_hosts=("*",)).listening() as live:
        live.mock.account()
        assert asked(live, "evil.example") == 200


def test_the_name_in_the_address_of_the_mock_is_known() -> None:
    with Mock(base_url="https://casavi.test:8443/manager").listening() as live:
        live.mock.account()
        assert (asked(live, "casavi.test"), asked(live, "other.test")) == (200, 403)


@pytest.mark.parametrize(
    ("host", "forwarded", "status"),
    [
        ("localhost", "casavi", 200),
        ("localhost", "evil.example", 403),
        ("evil.example", "localhost", 403),
        ("casavi", "evil.example, casavi", 403),
        ("casavi", None, 200),
    ],
)
def test_behind_a_proxy_both_names_have_to_be_known(host: str, forwarded: str | None, status: int) -> None:
    with Mock(allowed_hosts=ALLOWED, forwarded=True).listening() as live:
        live.mock.account()
        assert asked(live, host, *([f"X-Forwarded-Host: {forwarded}"] if forwarded else [])) == status


def test_without_a_proxy_nobody_asks_what_it_says(live: Live) -> None:
    assert asked(live, "evil.example", "X-Forwarded-Host: localhost") == 403


def test_a_page_behind_a_proxy_is_of_the_same_origin() -> None:
    with Mock(allowed_hosts=ALLOWED, forwarded=True).listening() as live:
        live.mock.account()
        about = ("X-Forwarded-Host: casavi", "X-Forwarded-Proto: https")
        assert asked(live, "localhost", *about, "Origin: https://casavi") == 200
        assert asked(live, "localhost", *about, "Origin: https://evil.example") == 403


def test_the_host_of_the_request_line_counts(live: Live) -> None:
    assert asked(live, "localhost", path="http://evil.example/_mock/reset") == 403


@pytest.mark.parametrize(
    "path", ["/%5fmock/reset", "/_mock%2freset", "/%5Fmock%2Freset", "//_mock/reset", "/./_mock/reset", "/_MOCK/reset",
             "/x/../_mock/reset", "/_mock;/reset", "/_mock%00/reset", "/_mock%20/reset", "\\_mock/reset"]
)  # fmt: skip
def test_other_spellings_of_its_path_are_not_the_control_plane(live: Live, path: str) -> None:
    wire = Wire(live)
    wire.send(wire.head("POST", path, f"X-Mock-Key: {wire.account.key}", "Content-Length: 0"))
    seen = wire.answer()
    assert seen.status in (400, 404)
    assert seen.json()["rule"] in ("operation-unknown", "request-malformed")
    wire.socket.close()


@pytest.mark.parametrize("name", ["X_Mock_Token", "X-Mock_Token", "X_Mock-Token", "HTTP_X_MOCK_TOKEN", "X-Mock-Token_"])
def test_other_spellings_of_its_header_are_not_the_token(name: str) -> None:
    with Mock(control_token=Secret("c0ntrol")).listening() as live:
        live.mock.account()
        assert asked(live, "localhost", f"{name}: c0ntrol") == 401
        assert asked(live, "localhost", "X-Mock-Token: c0ntrol", "X-Mock-Token: other") == 401
        assert asked(live, "localhost", "X-Mock-Token: c0ntrol") == 200
