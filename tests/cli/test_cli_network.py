"""Proxies of the environment: none leads to this machine, and one that cannot be used is told in one line."""

from collections.abc import Callable

import pytest
from click.testing import Result

from tests.support.server import Live
from tests.support.tamper import Response
from tests.support.wrong_servers import serving

Run = Callable[..., Result]

VERBS = {
    "health": ("health",),
    "control": ("control", "clock"),
    "import": ("import", "-"),
    "check": ("check", "--only", "log-in-gives-a-token"),
}
BROKEN = {
    "HTTP_PROXY": "http://[broken",
    "http_proxy": "socks9://",
    "ALL_PROXY": "nonsense://",
    "NO_PROXY": "[::1]/x,:::",
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    "proxies",
    [
        {"HTTP_PROXY": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1"},
        BROKEN,
    ],
    ids=["dead", "broken"],
)
def test_no_proxy_is_asked_for_a_server_on_this_machine(
    run: Run, serve: Callable[..., Live], verb: str, proxies: dict[str, str]
) -> None:
    url = serve().url

    for address in (url, url.replace("127.0.0.1", "localhost")):
        result = run(
            *VERBS[verb], "--url", address, stdin='{"contacts": [{"id": "1"}]}', **proxies, SSL_CERT_FILE="none"
        )
        assert result.exit_code == 0, result.output


def test_doctor_knows_a_mock_on_this_machine_behind_a_proxy(run: Run, serve: Callable[..., Live]) -> None:
    port = serve().url.rpartition(":")[2]

    assert "a mock is running" in run("doctor", "--port", port, COLUMNS="200", **BROKEN).output


@pytest.mark.parametrize("verb", VERBS)
def test_another_machine_is_reached_by_the_proxy(run: Run, verb: str) -> None:
    with serving(lambda asked: Response(404)) as (proxy, asked):
        run(*VERBS[verb], "--url", "http://api.test", stdin="{}", HTTP_PROXY=proxy)

    assert asked[0].path.startswith("http://api.test/")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("url", ["http://api.test", "https://api.test"])
def test_a_variable_that_cannot_be_used_is_named_in_one_line(run: Run, verb: str, url: str) -> None:
    result = run(*VERBS[verb], "--url", url, stdin="{}", ALL_PROXY="http://user:pass-word@[", SSL_CERT_FILE="")

    assert isinstance(result.exception, SystemExit)
    assert result.exit_code in (1, 2)
    assert "ALL_PROXY" in result.output
    assert "pass-word" not in result.output


@pytest.mark.parametrize("verb", VERBS)
def test_certificates_that_cannot_be_read_are_named(run: Run, verb: str) -> None:
    result = run(*VERBS[verb], "--url", "https://api.test", stdin="{}", SSL_CERT_FILE="/no/such.pem", ALL_PROXY="")

    assert isinstance(result.exception, SystemExit)
    assert "SSL_CERT_FILE: '/no/such.pem'" in result.output
