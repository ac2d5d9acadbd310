"""What is looked at before the first check is judged."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from casavi_contracts.contract import Contract
from casavi_contracts.failures import CouldNotRun
from casavi_contracts.http.target import Credentials, Target
from casavi_contracts.outcome import Outcome
from casavi_contracts.suite.preflight import JOB_CHECK, TOKEN_CHECK, Known, look
from casavi_contracts.suite.reach import why

CONTRACT = Contract("v1")
ACCOUNT = Credentials("the-key-of-this-account", "the-secret-of-this-account")
OTHER = Credentials("the-key-of-another-account", "the-secret-of-another-account")
TOKEN = "the-token-of-this-account"

Answer = Callable[[httpx.Request], httpx.Response]


def target(answer: Answer) -> Target:
    return Target(httpx.Client(transport=httpx.MockTransport(answer), base_url="http://api.example"))


def looked(answer: Answer, *credentials: Credentials, contract: Contract = CONTRACT) -> Known:
    return look(target(answer), contract, credentials or (ACCOUNT,))


def api(request: httpx.Request) -> httpx.Response:
    """One that knows one account and nothing else."""
    if request.url.path.endswith("/authenticate"):
        return httpx.Response(200, json={"token": TOKEN})
    good = request.headers.get("token") == TOKEN
    return httpx.Response(404 if good else 401)


def test_an_api_is_asked_three_times_and_nothing_of_it_is_a_write() -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return api(request)

    known = looked(answer)

    assert known.notes == ("Logged in; a made-up token and a made-up job were refused.",)
    assert (known.findings, known.unusable) == ((), "")
    assert [(request.method, request.url.path) for request in sent[:2]] == [
        ("POST", "/authenticate"),
        ("GET", "/contacts"),
    ]
    assert sent[1].headers["token"] != TOKEN
    assert sent[2].url.path.startswith("/jobs/")
    assert json.loads(sent[0].content) == {"key": ACCOUNT.key, "secret": ACCOUNT.secret}
    assert len(sent) == 3


def test_version_2_has_paths_of_its_own() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.path)
        return api(request)

    looked(answer, contract=Contract("v2"))

    assert seen[:2] == ["/v2/authenticate", "/v2/contacts"]


def test_every_account_is_logged_in() -> None:
    seen: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/authenticate":
            seen.append(json.loads(request.content)["key"])
        return api(request)

    looked(answer, ACCOUNT, OTHER)

    assert seen == [ACCOUNT.key, OTHER.key]


def test_a_server_that_takes_everything_keeps_no_state() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"token": "an-example"})

    known = looked(answer)

    assert known.unusable
    assert "keeps no state" in known.notes[0]
    assert [(one.check, one.outcome) for one in known.findings] == [
        (TOKEN_CHECK, Outcome.FAILED),
        (JOB_CHECK, Outcome.FAILED),
    ]
    assert all(one.exchanges for one in known.findings)


@pytest.mark.parametrize("path", ["/contacts", "/jobs/"])
def test_a_server_with_one_defect_is_left_to_the_checks(path: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={}) if request.url.path.startswith(path) else api(request)

    assert not looked(answer).unusable


def test_an_answer_that_stays_away_later_is_left_to_the_checks() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/authenticate":
            return api(request)
        raise httpx.ReadTimeout("late", request=request)

    assert looked(answer).findings == ()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(400), "POST /authenticate answered 400; without a log-in nothing can be judged"),
        (httpx.Response(404), "POST /authenticate answered 404; there is no casavi API at this address"),
        (httpx.Response(405), "POST /authenticate answered 405; there is no casavi API at this address"),
        (httpx.Response(501), "POST /authenticate answered 501; there is no casavi API at this address"),
        (
            httpx.Response(200, text="<html>", headers={"content-type": "text/html; charset=utf-8"}),
            "POST /authenticate answered 200 with text/html in place of JSON; there is no casavi API at this address",
        ),
        (
            httpx.Response(204),
            "POST /authenticate answered 204 with nothing named in place of JSON; there is no casavi API at this address",
        ),
        (httpx.Response(200, json={}), "POST /authenticate answered 200 without a token; there is no casavi API at this address"),
        (httpx.Response(200, json=[]), "POST /authenticate answered 200 without a token; there is no casavi API at this address"),
        (
            httpx.Response(200, json={"token": 7}),
            "POST /authenticate answered 200 without a token; there is no casavi API at this address",
        ),
        (
            httpx.Response(302, headers={"location": "https://me:hunter2@h.example/login?secret=hunter3"}),
            "POST /authenticate answered 302 and leads to https://h.example/login; give that address if it is the API's",
        ),
        (
            httpx.Response(308, headers={"location": "/manager/authenticate"}),
            "POST /authenticate answered 308 and leads to /manager/authenticate; give that address if it is the API's",
        ),
        (
            httpx.Response(301),
            "POST /authenticate answered 301 and leads to nowhere; give that address if it is the API's",
        ),
        (httpx.Response(401), "the API does not take key and secret (401)"),
        (httpx.Response(403), "the API does not take key and secret (403)"),
    ],
)  # fmt: skip
def test_what_cannot_be_judged_is_said_in_one_sentence(answer: httpx.Response, said: str) -> None:
    with pytest.raises(CouldNotRun) as error:
        looked(lambda request: answer)

    assert str(error.value) == said


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_that_fails_at_a_log_in_cannot_be_judged(status: int) -> None:
    with pytest.raises(CouldNotRun, match=f"authenticate answered {status}; without a log-in nothing can be judged"):
        looked(lambda request: httpx.Response(status, text="secret of nobody"))


def test_the_account_that_is_wrong_is_named() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(401) if OTHER.key.encode() in request.content else api(request)

    with pytest.raises(CouldNotRun, match=r"key and secret of account 2 \(401\)"):
        looked(answer, ACCOUNT, OTHER)


def test_a_profile_may_name_another_status_for_wrong_secrets() -> None:
    with pytest.raises(CouldNotRun, match=r"does not take key and secret \(403\)"):
        looked(lambda request: httpx.Response(403), contract=Contract("v1", {"unauthorized-status": 403}))


def test_without_an_account_a_real_server_cannot_be_judged() -> None:
    with pytest.raises(CouldNotRun, match="CASAVI_API_KEY and CASAVI_API_SECRET"):
        look(target(api), CONTRACT, ())


def test_a_silent_log_in_is_no_server() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("late", request=request)

    with pytest.raises(CouldNotRun, match="POST /authenticate: no answer in time"):
        looked(answer)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (httpx.ConnectError("[Errno 111] Connection refused"), "no connection (Connection refused); is the server running"),
        (httpx.ConnectError(""), "no connection (refused)"),
        (httpx.ConnectTimeout(""), "no connection within 3 s"),
        (httpx.ReadTimeout(""), "no answer within 3 s (--timeout)"),
        (
            httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1006)"),
            "TLS: certificate verify failed: certificate has expired; if the certificate is good, name its issuer in SSL_CERT_FILE",
        ),
        (httpx.ConnectError("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)"), "is the address http:// ? (wrong version number)"),
        (httpx.ProxyError("403 Forbidden"), "the proxy does not let it through: 403 Forbidden"),
        (httpx.RemoteProtocolError("illegal status line"), "illegal status line"),
        (httpx.ReadError(""), "ReadError"),
    ],
)  # fmt: skip
def test_why_no_answer_came(error: httpx.HTTPError, said: str) -> None:
    assert said in why(error, 3)


def test_without_an_account_a_server_without_state_is_known_all_the_same() -> None:
    sent: list[Any] = []

    def stateless(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/authenticate":
            sent.append(json.loads(request.content))
        return httpx.Response(200, json={"token": TOKEN})

    known = look(target(stateless), CONTRACT, ())

    assert known.unusable
    assert [{*body} for body in sent] == [{"key", "secret"}]


def test_without_an_account_any_other_server_is_not_judged() -> None:
    for answer in (api, lambda request: httpx.Response(401)):
        with pytest.raises(CouldNotRun, match="the suite needs an account"):
            look(target(answer), CONTRACT, ())
