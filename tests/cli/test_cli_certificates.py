"""Certificates: none are loaded for plain HTTP, and none is let through that nobody has signed."""

import ssl
from collections.abc import Callable
from typing import NoReturn

import pytest
from click.testing import Result

from casavi_contracts.http.network import trusted
from tests.support.server import Live
from tests.support.tamper import Response
from tests.support.wrong_servers import Certificate, serving

Run = Callable[..., Result]

VERBS = pytest.mark.parametrize(
    "verb",
    [("control", "clock"), ("import", "-"), ("check", "--only", "log-in-gives-a-token")],
    ids=lambda verb: str(verb[0]),
)


def _none(*_: object, **__: object) -> NoReturn:
    raise AssertionError("certificates were loaded")


@VERBS
def test_plain_http_needs_none(
    run: Run, serve: Callable[..., Live], monkeypatch: pytest.MonkeyPatch, verb: tuple[str, ...]
) -> None:
    url = serve().url
    monkeypatch.setattr(ssl, "create_default_context", _none)

    result = run(*verb, "--url", url, stdin='{"contacts": [{"id": "1"}]}')

    assert result.exit_code == 0, result.output


@VERBS
def test_one_that_nobody_signed_is_refused_until_it_is_trusted(
    run: Run, certificate: Certificate, verb: tuple[str, ...]
) -> None:
    with serving(lambda asked: Response(404), certificate.context()) as (url, asked):
        refused = run(*verb, "--url", url, stdin="{}")
        assert asked == []
        trusting = run(*verb, "--url", url, stdin="{}", SSL_CERT_FILE=str(certificate.file))

    assert (refused.exit_code, trusting.exit_code) == (2, 2)
    assert len(asked) > 0


def test_an_address_without_tls_trusts_nobody() -> None:
    context = trusted("http://127.0.0.1:4227")

    assert isinstance(context, ssl.SSLContext)
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.get_ca_certs() == []


@pytest.mark.parametrize("url", ["https://api.example.com", "HTTPS://api.example.com"])
def test_an_address_with_tls_trusts_the_authorities(url: str) -> None:
    context = trusted(url)

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.get_ca_certs() != []
