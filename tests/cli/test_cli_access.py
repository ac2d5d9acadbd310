"""Options of `serve` that say who may reach the mock, and what its log tells of requests."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from casavi_mock.cli import logs
from casavi_mock.cli.access import exposure
from casavi_mock.domain.model import Secret
from tests.support.server import Live

Run = Callable[..., Any]


def test_hosts_and_origins(prepare: Callable[..., Any]) -> None:
    hosts = ["--allowed-host", "casavi", "--allowed-host", "*.dev.test"]
    edge = prepare(*hosts, "--cors", "http://LOCALHOST:5173/", "--cors", "https://a.test").edge
    assert edge.allowed_hosts == ("casavi", "*.dev.test")
    assert edge.cors == ("http://localhost:5173", "https://a.test")
    edge = prepare(CASAVI_MOCK_ALLOWED_HOST="a b [::1]", CASAVI_MOCK_CORS="*").edge
    assert (edge.allowed_hosts, edge.cors) == (("a", "b", "[::1]"), ("*",))


def test_the_address_that_it_is_bound_to_is_known(prepare: Callable[..., Any]) -> None:
    assert prepare("--host", "0.0.0.0").edge.allowed_hosts == ("0.0.0.0",)
    assert prepare("--host", "127.0.0.2").edge.allowed_hosts == ()


def test_a_profile_may_name_them(prepare: Callable[..., Any], tmp_path: Path) -> None:
    profile = tmp_path / "p.toml"
    profile.write_text('[server]\nallowed-host = ["casavi"]\ncors = ["https://a.test"]\nlog-requests = true\n')
    edge = prepare("--profile", str(profile)).edge
    assert (edge.allowed_hosts, edge.cors) == (("casavi",), ("https://a.test",))


@pytest.mark.parametrize("host", ["", "http://a", "a:80", "a/b", "a b", "u@a", "a,b", "[::1]:80"])
def test_what_is_no_host_is_refused(run: Run, host: str) -> None:
    result = run("serve", "--allowed-host", host)
    assert result.exit_code == 2
    assert "without scheme and port" in result.stderr


@pytest.mark.parametrize(
    "origin", ["localhost:5173", "http://", "http://a/b", "http://a:x", "http://u@a", "null", "ftp://a", "http://a?b"]
)
def test_what_is_no_origin_is_refused(run: Run, origin: str) -> None:
    result = run("serve", "--cors", origin)
    assert result.exit_code == 2
    assert "give an origin" in result.stderr


def test_secrets_may_stand_in_files(
    prepare: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tmp_path / "token"
    token.write_bytes(b"\xef\xbb\xbfc0ntrol\r\n")
    assert prepare("--control-token-file", str(token)).edge.control_token.reveal() == "c0ntrol"
    assert prepare(CASAVI_MOCK_CONTROL_TOKEN_FILE=str(token)).edge.control_token.reveal() == "c0ntrol"


def test_accounts_of_a_file_are_opened(start: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "accounts"
    file.write_text("key-1:s3cret:1\n\n  key-2:s3cret-2  \n")
    running = start("--account-file", str(file), "--account", "key-0:s3cret-0", CASAVI_MOCK_LOG_REQUESTS="1")
    for key, secret in (("key-0", "s3cret-0"), ("key-1", "s3cret:1"), ("key-2", "s3cret-2")):
        body = {"key": key, "secret": secret}
        assert httpx.post(f"{running.url}/authenticate", json=body, timeout=60, trust_env=False).status_code == 200
    _, log = running.stop()
    assert log.count("POST /authenticate 200") == 3
    assert "s3cret" not in log + "".join(running.printed)


@pytest.mark.parametrize(
    ("option", "content", "says"),
    [
        ("--account-file", "key:s3cret\ns3cret", "line 2"),
        ("--account-file", "", "at least one line"),
        ("--account-file", b"\xff\xfes3cret", "not UTF-8"),
        ("--account-file", None, "No such file"),
        ("--control-token-file", "s3cret\ns3cret", "one line"),
        ("--control-token-file", "s3cret s3cret", "line 1"),
        ("--control-token-file", "\n", "one line"),
    ],
)
def test_a_wrong_file_is_told_without_what_is_in_it(
    run: Run, tmp_path: Path, option: str, content: str | bytes | None, says: str
) -> None:
    file = tmp_path / "secrets"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    result = run("serve", option, str(file))
    assert result.exit_code == 2
    assert says in result.stderr
    assert "secrets" in result.stderr
    assert "s3cret" not in result.output


def test_one_control_token_is_enough(run: Run, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("c0ntrol")
    result = run("serve", "--port", "0", "--control-token", "other", "--control-token-file", str(token))
    assert (result.exit_code, "once" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("host", "control", "token", "example", "says"),
    [
        ("127.0.0.1", True, None, True, []),
        ("localhost", True, None, True, []),
        ("::1", True, None, True, []),
        ("LOCALHOST.", True, None, True, []),
        ("mock.localhost", True, None, True, []),
        ("127.8.8.8", True, None, True, []),
        ("::ffff:127.0.0.1", True, None, True, []),
        ("localhost.example.com", True, None, True, ["--account-file"]),
        ("0.0.0.0", True, None, True, ["--control-token-file", "--account-file", "--host 127.0.0.1"]),
        ("::", True, None, False, ["--control-token-file"]),
        ("192.0.2.7", False, None, True, ["--account-file"]),
        ("0.0.0.0", True, Secret("x"), True, ["--account-file"]),
        ("0.0.0.0", True, Secret("x"), False, []),
        ("0.0.0.0", False, None, False, []),
    ],
)
def test_what_is_open_is_said(host: str, control: bool, token: Secret | None, example: bool, says: list[str]) -> None:
    warning = exposure(host, control=control, token=token, example=example)
    assert (warning is None) == (not says)
    assert all(part in (warning or "") for part in says)
    assert "\n" not in (warning or "")


def test_it_is_said_once_when_the_server_starts(prepare: Callable[..., Any]) -> None:
    assert prepare("--host", "0.0.0.0").log.count("whoever reaches this machine may steer it") == 1
    assert "whoever" not in prepare().log


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., io.StringIO]]:
    """Sets the log up at a terminal or a file, and returns what it says there."""
    root, ours, exchanges = (logging.getLogger(name) for name in ("", "casavi_mock", logs.EXCHANGES))
    before = root.handlers[:], [(one, one.level) for one in (root, ours, exchanges)]
    monkeypatch.setattr(exchanges, "filters", [])  # those of a mock of the plugin that runs in this process

    def set_up(stream: io.StringIO, form: str = "text", **settings: Any) -> io.StringIO:
        monkeypatch.setattr(logs.sys, "stderr", stream)
        logs.set_up(form, "info", **settings)
        return stream

    yield set_up
    root.handlers[:], levels = before
    for one, level in levels:
        one.setLevel(level)


@pytest.mark.parametrize(
    ("stream", "requests", "seen"),
    [(Terminal, None, True), (io.StringIO, None, False), (io.StringIO, True, True), (Terminal, False, False)],
)
def test_a_terminal_shows_requests(
    serve: Callable[..., Live],
    shown: Callable[..., io.StringIO],
    monkeypatch: pytest.MonkeyPatch,
    stream: Any,
    requests: bool | None,
    seen: bool,
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    log = shown(stream(), requests=requests)
    url = serve().url
    example = {"key": "04523b90-9ee1-49f7-af31-b1f24efe84ad", "secret": "ksdasji0-sf818-nfn81-ms9a-ams9d9a9as"}
    httpx.post(f"{url}/authenticate", json=example, timeout=60, trust_env=False)
    httpx.get(f"{url}/jobs/x", timeout=60, trust_env=False)
    good, refused = (
        [line for line in log.getvalue().splitlines() if part in line] for part in (" /authenticate 200", "/jobs/x")
    )
    assert (len(good), len(refused)) == (int(seen), 1)
    if stream is Terminal:
        assert "\x1b[33m" in refused[0]
        assert all("\x1b[32mPOST /authenticate 200" in line for line in good)
        assert all(len(line) < 80 for line in good)
    else:
        assert "\x1b" not in log.getvalue()


def test_nothing_is_coloured_for_who_does_not_want_it(
    shown: Callable[..., io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    log = shown(Terminal(), requests=True)
    logging.getLogger(logs.EXCHANGES).warning("GET / 404", extra={"data": {"status": 404}})
    assert "GET / 404" in log.getvalue()
    assert "\x1b" not in log.getvalue()


def test_json_lines_hold_nothing_that_steers(shown: Callable[..., io.StringIO]) -> None:
    log = shown(io.StringIO(), "json")
    hostile = "a\x1b[31m\x07\x7f\x85\x9b31m\u2028\u2029\u202e\u2066\u200e\u200f\u061cüŁ🏠"
    logging.getLogger("casavi_mock.serve").warning("%s", hostile, extra={"data": {"path": hostile}})
    text = log.getvalue()
    assert [text.count("\n"), text.endswith("\n")] == [1, True]
    assert all(character.isprintable() for character in text[:-1])
    assert json.loads(text)["message"] == json.loads(text)["path"] == hostile
    assert "üŁ🏠" in text
