"""Every check of a fuzzing run rings at a server that is wrong in the one thing that it looks at."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from casavi_contracts.fuzz import FuzzFinding, fuzz
from casavi_contracts.fuzz.checks import CHECKS
from casavi_contracts.fuzz.reasons import BUILT_IN
from casavi_contracts.outcome import Outcome, Result
from tests.support.kit import contract, shared_target
from tests.support.tamper import Ask, Request, Response, Tamper, Tell, edited

QUICK = ("examples", "coverage")


def judged(tamper: Tamper, version: str = "v1", **options: Any) -> Result:
    """Fuzzes a tampered server in an account of its own."""
    with shared_target(tamper) as found:
        return fuzz(found, contract(version), **{"phases": QUICK, **options})


def checks(result: Result) -> set[str]:
    """The checks that did not hold."""
    return {finding.convention for finding in result.findings if isinstance(finding, FuzzFinding)}


@dataclass(frozen=True)
class Wrong:
    """One way to be wrong, and the check that has to see it."""

    check: str
    operation: str
    ask: Ask = lambda request: None
    tell: Tell = lambda request, response: None
    version: str = "v1"
    phases: tuple[str, ...] = QUICK
    what: str = ""


def wrong(check: str, operation: str, **fields: Any) -> Any:
    what, marks = fields.pop("what", ""), fields.pop("marks", ())
    return pytest.param(Wrong(check, operation, **fields), marks=marks, id=f"{check}-{what}" if what else check)


# Answers that are changed


def on(path: str, *, ok: bool | None = None) -> Any:
    """Limits a change to answers about a path, and to good or bad ones."""

    def limit(change: Tell) -> Tell:
        def tell(request: Request, response: Response) -> None:
            if re.fullmatch(path, request.path) and ok in (None, response.status < 400):
                change(request, response)

        return tell

    return limit


@on("/contacts", ok=True)
def repeats_a_member(request: Request, response: Response) -> None:
    response.body = response.body.replace(b'{"', b'{"count":0,"', 1)


@on("/contacts", ok=True)
def adds_garbage(request: Request, response: Response) -> None:
    response.body += b"}"


@on("/contacts", ok=True)
def says_latin_1(request: Request, response: Response) -> None:
    response.headers["content-type"] = "application/json; charset=iso-8859-1"


@on("/authenticate", ok=True)
def writes_no_zone(request: Request, response: Response) -> None:
    response.set(expiresAt=str(response.json["expiresAt"]).rstrip("Z"))


@on("/jobs/.*", ok=True)
def writes_another_zone(request: Request, response: Response) -> None:
    response.set(createdAt=str(response.json["createdAt"]).replace("Z", "+00:00"))


@on(".*", ok=False)
def says_another_status(request: Request, response: Response) -> None:
    response.set(status=500)


@on(".*", ok=False)
def names_another_rule(request: Request, response: Response) -> None:
    response.set(rule="queue-full")


@on(".*", ok=False)
def makes_up_a_rule(request: Request, response: Response) -> None:
    response.set(rule="because")


@on(".*", ok=False)
def names_another_request(request: Request, response: Response) -> None:
    response.set(requestId="another")


def names_every_request_alike(request: Request, response: Response) -> None:
    response.headers["x-request-id"] = "always-the-same"
    if response.status >= 400:
        response.set(requestId="always-the-same")


@on("/contacts", ok=False)
def takes_no_token_for_an_unknown_one(request: Request, response: Response) -> None:
    if response.json and response.json.get("rule") == "token-missing":
        response.set(rule="token-unknown", title="The token is not known", type="urn:casavi-mock:rule:token-unknown")


def loses_allow(request: Request, response: Response) -> None:
    response.headers.pop("allow", None)


def allows_too_much(request: Request, response: Response) -> None:
    if "allow" in response.headers:
        response.headers["allow"] = "GET, DELETE"


@on("/contacts", ok=False)
def repeats_the_token(request: Request, response: Response) -> None:
    response.set(detail=f"wrong: {request.headers.get('token')} {request.query}")


@on("/contacts")
def puts_the_token_into_a_header(request: Request, response: Response) -> None:
    response.headers["x-session"] = request.headers.get("token", "")


@on("/authenticate", ok=False)
def repeats_the_secret(request: Request, response: Response) -> None:
    response.set(detail=f"wrong: {request.body.decode(errors='replace')}")


@on("/import", ok=True)
def answers_another_job(request: Request, response: Response) -> None:
    response.set(jobId="00000000-0000-4000-8000-000000000000")


@on("/contacts/.*", ok=True)
def finds_nothing(request: Request, response: Response) -> None:
    response.status = 404
    response.headers["content-type"] = "application/problem+json"
    response.write(
        {
            "type": "urn:casavi-mock:rule:contact-unknown",
            "title": "No such contact",
            "status": 404,
            "detail": "",
            "rule": "contact-unknown",
            "evidence": "assumed",
            "requestId": response.headers["x-request-id"],
        }
    )


@on("/contacts/.*", ok=True)
def answers_in_lower_case(request: Request, response: Response) -> None:
    response.set(id=response.json["id"].lower())


@on("/contacts", ok=True)
def says_page_one(request: Request, response: Response) -> None:
    response.set(page=1)


@on("/contacts", ok=True)
def counts_one_less(request: Request, response: Response) -> None:
    response.set(count=response.json["count"] - 1)


@on("/contacts", ok=True)
def repeats_a_record(request: Request, response: Response) -> None:
    listed = response.json["content"]
    response.set(content=[*listed[1:], *listed[:1], *listed[:1]][: len(listed)])
    if len(listed) > 1:
        response.set(content=[listed[0], *listed[:-1]])


@on("/v2/contacts", ok=True)
def links_without_filter(request: Request, response: Response) -> None:
    response.set(_links={"next": "http://mock/v2/contacts?page=2"})


@on("/contacts", ok=True)
def breaks_down(request: Request, response: Response) -> None:
    response.status = 500


@on("/contacts", ok=True)
def answers_203(request: Request, response: Response) -> None:
    response.status = 203


@on("/contacts", ok=True)
def answers_html(request: Request, response: Response) -> None:
    response.headers["content-type"] = "text/html"


@on("/contacts", ok=True)
def loses_a_member(request: Request, response: Response) -> None:
    response.write({name: value for name, value in response.json.items() if name != "pageCount"})


@on("/import", ok=False)
def retries_soon(request: Request, response: Response) -> None:
    response.headers["retry-after"] = "soon"
    response.status = 429


@on("/contacts", ok=True)
def refuses_pages(request: Request, response: Response) -> None:
    if request.query:
        response.status = 400


@on("/contacts", ok=False)
def answers_404(request: Request, response: Response) -> None:
    if response.status == 405:
        response.status = 404


@on("/contacts", ok=False)
def answers_options(request: Request, response: Response) -> None:
    if request.method == "OPTIONS":
        response.status = 200
        response.headers["allow"] = "GET, HEAD, DELETE"


# Requests that are changed


def takes_every_secret(request: Request) -> None:
    body = request.json
    if request.path == "/authenticate" and isinstance(body, dict) and str(body.get("secret")).startswith("made-up-"):
        request.write({**body, "secret": SECRETS[-1]})


def takes_every_contact(request: Request) -> None:
    if request.path.startswith("/contacts/") and "fuzz-" not in request.path:
        request.path = "/contacts/fuzz-K-1"


def takes_every_page(request: Request) -> None:
    if request.path == "/contacts":
        request.query = ""


def takes_everybody(request: Request) -> None:
    if request.path == "/contacts":
        request.headers["token"] = TOKENS[-1]


TOKENS: list[str] = []
SECRETS: list[str] = []


def remembers_tokens(request: Request, response: Response) -> None:
    if request.path == "/authenticate" and response.status == 200:
        TOKENS.append(response.json["token"])
        if isinstance(request.json, dict) and "secret" in request.json:
            SECRETS.append(request.json["secret"])


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    TOKENS.clear()
    SECRETS.clear()


SERVERS = [
    wrong("json_is_strict", "getContacts", tell=repeats_a_member, what="twice"),
    wrong("json_is_strict", "getContacts", tell=adds_garbage, what="garbage"),
    wrong("json_is_strict", "getContacts", tell=says_latin_1, what="charset"),
    wrong("moments_are_utc_with_milliseconds", "authenticate", tell=writes_no_zone, what="no-zone"),
    wrong("moments_are_utc_with_milliseconds", "getJob", tell=writes_another_zone, what="other-zone"),
    wrong("problem_agrees_with_its_answer", "getContacts", tell=says_another_status, what="status"),
    wrong("problem_agrees_with_its_answer", "getContacts", tell=names_another_rule, what="rule"),
    wrong("problem_agrees_with_its_answer", "getContacts", tell=makes_up_a_rule, what="no-rule"),
    wrong("request_id_is_its_own", "getContacts", tell=names_another_request, what="two"),
    wrong("request_id_is_its_own", "getContacts", tell=names_every_request_alike, what="one"),
    wrong("refusal_says_why", "getContacts", tell=takes_no_token_for_an_unknown_one),
    wrong("allow_names_the_methods", "getContacts", tell=loses_allow, what="none"),
    wrong("allow_names_the_methods", "getContacts", tell=allows_too_much, what="too-many"),
    wrong("tokens_are_not_repeated", "getContacts", tell=repeats_the_token, what="body"),
    wrong("tokens_are_not_repeated", "getContacts", tell=puts_the_token_into_a_header, what="header"),
    wrong("secrets_are_not_repeated", "authenticate", tell=repeats_the_secret),
    wrong(
        "accepted_job_is_known_at_once",
        "importMasterData",
        tell=answers_another_job,
        phases=("examples", "fuzzing"),
        marks=pytest.mark.slow,
    ),
    wrong("known_ids_are_found", "getContactById", tell=finds_nothing, phases=("fuzzing",)),
    wrong("unknown_ids_are_not_found", "getContactById", ask=takes_every_contact, phases=("fuzzing",)),
    wrong("answer_is_about_what_was_asked", "getContactById", tell=answers_in_lower_case, phases=("fuzzing",)),
    wrong(
        "credentials_decide",
        "authenticate",
        ask=takes_every_secret,
        tell=remembers_tokens,
        phases=("coverage", "fuzzing"),
    ),
    wrong("pages_agree_with_themselves", "getContacts", tell=says_page_one, what="number"),
    wrong("pages_agree_with_themselves", "getContacts", tell=counts_one_less, what="count"),
    wrong("pages_agree_with_themselves", "getContacts", tell=repeats_a_record, what="record"),
    wrong("pages_agree_with_themselves", "listContacts", tell=links_without_filter, version="v2", what="link"),
    wrong("not_a_server_error", "getContacts", tell=breaks_down),
    wrong("status_code_conformance", "getContacts", tell=answers_203),
    wrong("content_type_conformance", "getContacts", tell=answers_html),
    wrong("response_schema_conformance", "getContacts", tell=loses_a_member),
    wrong(
        "response_headers_conformance",
        "importMasterData",
        tell=retries_soon,
        phases=("fuzzing",),
        marks=pytest.mark.slow,
    ),
    wrong("positive_data_acceptance", "getContacts", tell=refuses_pages),
    wrong("negative_data_rejection", "getContacts", ask=takes_every_page),
    wrong("ignored_auth", "getContacts", ask=takes_everybody, tell=remembers_tokens),
    wrong("missing_required_header", "getContacts", ask=takes_everybody, tell=remembers_tokens),
    wrong("unsupported_method", "getContacts", tell=answers_404),
    wrong("allow_header_conformance", "getContacts", tell=answers_options),
]


@pytest.mark.parametrize("server", SERVERS)
def test_a_wrong_server_is_found(server: Wrong) -> None:
    tamper = edited(ask=server.ask, tell=server.tell)
    result = judged(tamper, server.version, phases=server.phases, operations=[server.operation], seed=3)
    assert server.check in checks(result), f"{result.reason} {checks(result)}"
    assert result.outcome in (Outcome.FAILED, Outcome.REFUTED)


def test_every_check_has_a_server_that_it_finds() -> None:
    found = {parameters.values[0].check for parameters in SERVERS}
    applying = {check.name for check in BUILT_IN if check.applies}
    assert found == {check.name for check in CHECKS} | applying


@pytest.mark.slow
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_server_that_changes_nothing_passes(version: str) -> None:
    result = judged(edited(), version, seed=3)
    assert result.outcome is Outcome.PASSED, [finding.expected for finding in result.findings]
