"""Targets that cannot be judged: exit code 2, one sentence, within the time limit, and no secret in it."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result

from tests.support.tamper import Request, Response, json_response
from tests.support.wrong_servers import Certificate, dripping, listening, no_http, rambling, serving, silent

Run = Callable[..., Result]

ACCOUNT = {"CASAVI_API_KEY": "the-key-of-this-account", "CASAVI_API_SECRET": "the-secret-of-this-account"}


@pytest.fixture
def refused(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Runs the check, expects that it cannot run, and returns the sentence that says why."""
    monkeypatch.chdir(tmp_path)

    def check(*options: str, **variables: str) -> str:
        result = run("check", "--timeout", "60", *options, **(ACCOUNT | variables))
        assert result.exit_code == 2, result.output
        assert result.stdout == ""
        (line,) = result.stderr.splitlines()
        assert line.startswith("casavi-mock: ")
        assert not any(secret in result.output for secret in (ACCOUNT | variables).values() if secret)
        return line.removeprefix("casavi-mock: ")

    yield check
    assert [path.name for path in tmp_path.iterdir()] == []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_dead_address(refused: Callable[..., str]) -> None:
    url = f"http://127.0.0.1:{free_port()}"

    assert refused("--url", url) == (
        f"{url}: no connection (Connection refused); is the server running, and is the address right?"
    )


def test_unknown_name(refused: Callable[..., str]) -> None:
    assert "http://nowhere.invalid: no connection (" in refused("--url", "http://nowhere.invalid")


@pytest.mark.parametrize("url", ["ftp://example.com", "http://host:port"])
def test_no_address(refused: Callable[..., str], url: str) -> None:
    assert "is no address of an API" in refused("--url", url)


def test_address_with_a_secret(refused: Callable[..., str]) -> None:
    sentence = refused("--url", "https://somebody:hunter2@example.com")

    assert "user name" in sentence
    assert "hunter2" not in sentence


@pytest.mark.parametrize("treat", [silent, dripping, rambling])
def test_target_that_hangs(refused: Callable[..., str], treat: Callable[[socket.socket], None]) -> None:
    with listening(treat) as url:
        began = time.monotonic()
        sentence = refused("--url", url, "--timeout", "0.3")

    assert sentence == f"{url}: no answer within 0.3 s (--timeout)"
    assert time.monotonic() - began < 60  # of an endless wait; what is printed above is bounded by the time limit


def test_time_limit_is_that_of_every_request(refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[dict[str, float]] = []
    send = httpx.Client.send

    def watched(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        limits.append(request.extensions["timeout"])
        return send(client, request, **options)

    monkeypatch.setattr(httpx.Client, "send", watched)
    with serving(lambda asked: Response(404)) as (url, asked):
        refused("--url", url, "--timeout", "47")

    assert len(asked) > 1
    assert {seconds for limit in limits for seconds in limit.values()} == {47}


def test_target_that_hangs_at_the_log_in(refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the log-in is given up soon, so that what comes before it may take as long as a busy machine needs."""
    over, send = threading.Event(), httpx.Client.send

    def answer(asked: Request) -> Response:
        if asked.path == "/authenticate":
            over.wait()
        return Response(404)

    def impatient(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        if request.url.path == "/authenticate":
            request.extensions["timeout"] = httpx.Timeout(60, read=0.05).as_dict()
        return send(client, request, **options)

    monkeypatch.setattr(httpx.Client, "send", impatient)
    with serving(answer) as (url, _):
        assert refused("--url", url) == "POST /authenticate: no answer in time"
        over.set()


def test_other_protocol(refused: Callable[..., str]) -> None:
    with listening(no_http) as url:
        assert refused("--url", url).startswith(f"{url}: Server disconnected")


def test_plain_http_where_tls_was_asked_for(refused: Callable[..., str]) -> None:
    with serving(lambda asked: Response(404)) as (url, _):
        sentence = refused("--url", url.replace("http:", "https:"))

    assert "TLS" in sentence
    assert "http://" in sentence


def test_tls_where_plain_http_was_asked_for(refused: Callable[..., str], certificate: Certificate) -> None:
    with serving(lambda asked: Response(404), certificate.context()) as (url, _):
        assert url.replace("https:", "http:") in refused("--url", url.replace("https:", "http:"))


def test_certificate_that_nobody_signed(refused: Callable[..., str], certificate: Certificate) -> None:
    with serving(lambda asked: Response(404), certificate.context()) as (url, _):
        sentence = refused("--url", url)
        trusting = refused("--url", url, SSL_CERT_FILE=str(certificate.file))

    assert sentence.startswith(f"{url}: TLS: certificate verify failed: self")
    assert "SSL_CERT_FILE" in sentence
    assert "there is no casavi API at this address" in trusting


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (
            Response(200, httpx.Headers({"Content-Type": "text/html; charset=utf-8"}), b"<html>Welcome</html>"),
            "POST /authenticate answered 200 with text/html in place of JSON; there is no casavi API at this address",
        ),
        (
            Response(301, httpx.Headers({"Location": "https://me:hunter2@casavi.example/login?secret=hunter3"})),
            "POST /authenticate answered 301 and leads to https://casavi.example/login; give that address if it is the API's",
        ),
        (json_response({"detail": "no"}, 401), "the API does not take key and secret (401)"),
    ],
)  # fmt: skip
def test_target_that_answers_everything_alike(refused: Callable[..., str], reply: Response, said: str) -> None:
    with serving(lambda asked: reply) as (url, _):
        assert refused("--url", url) == said


def test_account_is_missing(refused: Callable[..., str]) -> None:
    with serving(lambda asked: Response(500)) as (url, asked):
        sentence = refused("--url", url, CASAVI_API_KEY="", CASAVI_API_SECRET="")

    assert "no mock that can be steered" in sentence
    assert "CASAVI_API_KEY" in sentence
    assert {request.path for request in asked} == {"/_mock/version", "/authenticate"}


def test_second_account_is_wrong(refused: Callable[..., str]) -> None:
    def answer(asked: Request) -> Response:
        if b"second" in asked.body:
            return Response(401)
        return json_response({"token": "t0ken-of-the-first"}) if asked.path == "/authenticate" else Response(404)

    with serving(answer) as (url, _):
        second = {"CASAVI_API_KEY_2": "second-key", "CASAVI_API_SECRET_2": "second-secret"}
        assert refused("--url", url, **second) == "the API does not take key and secret of account 2 (401)"


@pytest.mark.parametrize("given", ["CASAVI_API_KEY", "CASAVI_API_SECRET_2"])
def test_half_an_account(refused: Callable[..., str], given: str) -> None:
    half = {"CASAVI_API_KEY": "", "CASAVI_API_SECRET": "", given: "one-half-of-an-account"}

    assert "missing" in refused("--url", "http://127.0.0.1:1", **half)
