"""A fuzzing run: what it sends where, what it says, what it leaves alone."""

import json
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from casavi_contracts import spec
from casavi_contracts.contract import Contract
from casavi_contracts.failures import BudgetSpent, CouldNotRun
from casavi_contracts.fuzz import CONFIG, PHASES, FuzzFinding, fuzz, replay
from casavi_contracts.fuzz.bridge import Bridge
from casavi_contracts.fuzz.checks import CHECKS
from casavi_contracts.fuzz.reasons import BUILT_IN
from casavi_contracts.http.exchange import Answer, Exchange
from casavi_contracts.http.target import Capability, InProcess, Target
from casavi_contracts.outcome import Outcome, Result
from tests.support.kit import contract, shared_account, shared_target
from tests.support.server import SECRET, shared_mock
from tests.support.tamper import Request, Response, edited

VERSIONS = pytest.mark.parametrize("version", ["v1", "v2"])
SMALL: dict[str, Any] = {"phases": ("examples", "fuzzing"), "max_examples": 2, "operations": ["getContacts", "getJob"]}
"""Enough where it does not matter what is found."""


def answers(found: Target) -> Counter[tuple[str | None, int | None]]:
    """Counts the answers of a run by operation and status, as its recorder tells them."""
    return Counter((exchange.operation, exchange.status) for exchange in found.recorder.since(0))


def findings(result: Result) -> dict[str, FuzzFinding]:
    """The findings by check."""
    return {finding.convention: finding for finding in result.findings if isinstance(finding, FuzzFinding)}


def breaks(request: Request, response: Response) -> None:
    """Answers the contacts with a status that the contract does not know."""
    if request.path.endswith("/contacts") and response.status == 200:
        response.status = 203


@VERSIONS
def test_examples_hold_on_the_mock_and_reach_every_operation(version: str) -> None:
    with shared_target() as found:
        result = fuzz(found, contract(version), seed=7, phases=["examples", "fuzzing"], max_examples=1)
    assert (result.outcome, result.reason, result.findings) == (Outcome.PASSED, "", ())
    assert {operation for operation, _ in answers(found)} >= {*contract(version).operations}


@pytest.mark.slow
@VERSIONS
def test_all_phases_hold_on_the_mock_and_reach_every_operation(version: str) -> None:
    with shared_target() as found:
        result = fuzz(found, contract(version), seed=7, max_examples=4)
    assert (result.outcome, result.reason, result.findings) == (Outcome.PASSED, "", ())
    assert (result.check, result.version) == ("schemathesis", version)
    seen = answers(found)
    assert {operation for operation, _ in seen} == {*contract(version).operations, None}
    assert {200, 202, 400, 401, 404, 405, 415} <= {status for _, status in seen}
    assert all((operation, 200) in seen or (operation, 202) in seen for operation in contract(version).operations)
    assert result.requests == seen.total()
    assert 0 < result.examples <= result.requests
    assert result.states == {"completed"}


def test_what_another_version_has_too_is_not_sent_in_full_again() -> None:
    twins = [name for name in contract("v2").operations if name in contract("v1").operations]
    with shared_target() as found:
        result = fuzz(found, contract("v2"), seed=7, phases=("examples", "coverage"), covered=twins)
    assert result.outcome is Outcome.PASSED, result.findings
    sent = {operation for operation, _ in answers(found)}
    assert {"listContacts", "listUnits", "listProperties", "getPropertyById"} <= sent
    assert "refreshToken" in twins
    assert "refreshToken" not in sent


@pytest.mark.slow
def test_good_credentials_and_links_lead_on() -> None:
    with shared_target() as found:
        fuzz(found, contract(), seed=3, phases=["stateful"], max_examples=10)
    followed = {("authenticate", 200), ("refreshToken", 200), ("importMasterData", 202), ("getJob", 200)}
    assert followed <= set(answers(found))


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from schemathesis.checks import CHECKS as REGISTRY
    from schemathesis.checks import load_all_checks
    from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER

    monkeypatch.chdir(tmp_path)
    load_all_checks()  # the first run in a process does
    before = (
        len(shared_mock().registry),
        REGISTRY.get_all_names(),
        sum(map(len, GLOBAL_HOOK_DISPATCHER.get_all().values())),
    )
    with shared_target() as found:
        fuzz(found, contract(), **SMALL)
        assert found.recorder.listeners == []
        assert found.recorder.purpose == ""
    assert list(tmp_path.iterdir()) == []
    after = (
        len(shared_mock().registry),
        REGISTRY.get_all_names(),
        sum(map(len, GLOBAL_HOOK_DISPATCHER.get_all().values())),
    )
    assert after == before


def test_the_contract_is_not_changed() -> None:
    own = Contract()
    before = json.dumps(own.document)
    with shared_target() as found:
        fuzz(found, own, **SMALL)
    assert json.dumps(own.document) == before


def test_hooks_of_the_environment_stay_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHEMATHESIS_HOOKS", "no_such_module")
    with shared_target() as found:
        result = fuzz(found, contract(), phases=["examples"], operations=["getContacts"])
    assert result.outcome is Outcome.PASSED


@pytest.mark.slow
def test_the_same_seed_sends_the_same() -> None:
    def sent() -> list[str]:
        with shared_target() as found:
            fuzz(found, contract("v2"), seed=11, phases=["coverage", "fuzzing"], operations=["listContacts"])
            return [f"{one.method} {one.path} {one.status}" for one in found.recorder.since(0) if one.operation]

    first = [re.sub(r"/jobs/[^ ]+", "/jobs/…", line) for line in sent()]
    second = [re.sub(r"/jobs/[^ ]+", "/jobs/…", line) for line in sent()]
    assert first == second
    assert len(set(first)) > 50


def test_importing_the_package_loads_no_tools() -> None:
    # pytest is none of them: httpx loads trio where that is installed, and trio loads pytest
    code = "import sys, casavi_contracts.fuzz; print(sorted({'schemathesis', 'requests'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_run_is_no_warning() -> None:
    """Where warnings are errors, importing schemathesis for the first time does not blow up."""
    code = (
        "import httpx; from casavi_contracts.contract import Contract; from casavi_contracts.fuzz import fuzz\n"
        "from casavi_contracts.http.target import Credentials, Target\n"
        "http = httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(500)), base_url='http://x')\n"
        "print(fuzz(Target(http, (Credentials('key-1', 'secret-1'),)), Contract()).outcome)"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("blocked", "")


def test_an_unknown_phase_or_operation_is_refused() -> None:
    with shared_target() as found:
        with pytest.raises(ValueError, match="unknown phase 'guessing'; possible are examples, coverage, fuzzing"):
            fuzz(found, contract(), phases=["guessing"])
        with pytest.raises(ValueError, match="unknown operation 'listUnits'; possible are authenticate"):
            fuzz(found, contract(), operations=["listUnits"])
    assert found.recorder.count == 0


# What is found


def test_a_finding_can_be_read_and_repeated() -> None:
    with shared_target(edited(tell=breaks)) as found:
        result = fuzz(found, contract(), phases=["examples", "coverage"], operations=["getContacts"])
        assert result.outcome is Outcome.FAILED
        finding = findings(result)["status_code_conformance"]
        assert finding.operation == "getContacts"
        assert (finding.evidence, finding.assumption) == ("inferred", None)
        assert (
            finding.expected
            == "status_code_conformance: Every status is one that the document lists for the operation."
        )
        assert "Received: 203 Documented: 200, 400, 401" in finding.observed
        assert finding.seen > 1
        (exchange,) = finding.exchanges
        assert (exchange.operation, exchange.status, exchange.purpose) == ("getContacts", 203, "schemathesis")
        assert finding.curl.startswith("curl -X GET -H 'token: [secret]' ")
        assert "http://mock/contacts" in finding.curl
        case = json.loads(json.dumps(finding.case))
        assert case["headers"]["token"] == "{{token}}"
        assert set(findings(replay(found, contract(), case))) == {"status_code_conformance"}
    with shared_target() as found:
        assert replay(found, contract(), case).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("operation", "check", "tell"),
    [
        ("refreshToken", "not_a_server_error", lambda answer: answer.status == 200),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in (
                ("importMasterData", "not_a_server_error", lambda answer: answer.status == 202),
                ("authenticate", "not_a_server_error", lambda answer: answer.status == 200),
                (
                    "getJob",
                    "not_a_server_error",
                    lambda answer: answer.status == 200 and answer.json["warnings"] is not None,
                ),
                ("importMasterData", "status_code_conformance", lambda answer: answer.status == 400),
            )
        ),
    ],
)
def test_a_case_with_credentials_and_ids_is_repeated_with_those_of_the_next_run(
    operation: str, check: str, tell: Callable[[Response], bool]
) -> None:
    place = contract().operations[operation].path.partition("{")[0]
    seeded: set[str] = set()

    def fails(request: Request, response: Response) -> None:
        if request.path.startswith(place) and tell(response):
            # The first import and log-in of each token's run succeed: the run needs them itself.
            if b"Bau & S" in request.body.replace(b"\\u0026", b"&") or _first(request, seeded):
                return
            response.status = 500 if check == "not_a_server_error" else 418

    tamper = edited(tell=fails)
    with shared_target(tamper) as found:
        result = fuzz(
            found,
            contract(),
            seed=2,
            max_examples=5,
            operations=[operation],
            phases=["examples", "fuzzing", "coverage"],
        )
        case = findings(result)[check].case
        assert SECRET not in json.dumps(case)
        again = replay(found, contract(), case)
    assert check in findings(again)


def _first(request: Request, seen: set[str]) -> bool:
    """Whether this is the first log-in with a key, or the first look at a job."""
    body = request.json
    name = str(body.get("key")) if request.path == "/authenticate" and isinstance(body, dict) else request.path
    is_new = name not in seen and request.path.startswith(("/authenticate", "/jobs"))
    seen.add(name)
    return is_new


def test_a_finding_is_written_down_while_the_tool_sends_on() -> None:
    with shared_target() as found:
        bridge = Bridge(found, contract())

        def send() -> None:
            found.recorder.record("GET", "/contacts", {}, b"", None, operation="getContacts", version="v1", seconds=0)

        class Case(str):
            """A name whose comparison lets the other thread send, in the middle of the search for it."""

            __slots__ = ()
            __hash__ = str.__hash__

            def __eq__(self, other: object) -> bool:
                send()
                return super().__eq__(other)

        found.recorder.listeners.append(bridge.see)
        send()
        send()
        assert len(bridge.exchanges(Case())) == 2
        assert bridge.count == 4


def test_a_case_that_is_none_is_refused() -> None:
    with shared_target() as found, pytest.raises(ValueError, match="names no operation of the contract"):
        replay(found, contract(), {"contacts": []})


@pytest.mark.slow
def test_secrets_and_tokens_are_in_no_part_of_a_result() -> None:
    held: set[str] = set()

    def tells(request: Request, response: Response) -> None:
        if request.path in ("/authenticate", "/refresh") and response.status == 200:
            held.add(response.json["token"])
            response.set(extra=request.body.decode(), expiresAt="never")
        if request.path == "/contacts":
            response.headers["x-debug"] = request.headers.get("token", "")
            response.status = 500

    tamper = edited(tell=tells)
    with shared_account(tamper) as (found, credentials):
        result = fuzz(found, contract(), credentials, max_examples=5, phases=["examples", "fuzzing", "stateful"])
    text = repr(result) + repr([(one.case, one.exchanges, getattr(one, "curl", "")) for one in result.findings])
    assert {"tokens_are_not_repeated", "moments_are_utc_with_milliseconds"} <= set(findings(result))
    assert held
    assert [secret for secret in {*held, credentials.key, credentials.secret} if secret in text] == []


def test_an_account_that_cannot_be_used_is_not_judged() -> None:
    def refuses(request: Request, response: Response) -> None:
        if request.path == "/authenticate":
            response.status = 401

    with shared_target(edited(tell=refuses)) as found:
        result = fuzz(found, contract(), **SMALL)
    assert result.outcome is Outcome.BLOCKED
    assert result.reason == "a step that it needs breaks log-in-gives-a-token"
    assert [(one.check, one.evidence) for one in result.findings] == [("log-in-gives-a-token", "documented")]


def test_a_server_that_refuses_its_own_tokens_is_broken() -> None:
    def forgets(request: Request) -> None:
        if request.path == "/contacts":
            request.headers["token"] = "another"

    with shared_target(edited(ask=forgets)) as found:
        result = fuzz(found, contract(), phases=["examples", "fuzzing"], max_examples=5, operations=["getContacts"])
    assert result.outcome is Outcome.FAILED
    assert findings(result)["credentials_decide"].observed == "status 401"


# What is held back


@pytest.mark.slow
def test_without_write_access_only_reading_is_fuzzed() -> None:
    with shared_account(may_write=False) as (found, credentials):
        assert Capability.WRITE not in found.capabilities
        result = fuzz(found, contract("v2"), credentials, max_examples=5)
    assert result.outcome is Outcome.PASSED
    assert "nothing may be written, so only operations that read are fuzzed" in result.reason
    assert "no chains of requests" in result.reason
    sent = {(one.method, one.operation) for one in found.recorder.since(0)}
    reading = {name for name, known in contract("v2").operations.items() if known.method == "GET"}
    assert sent == {("POST", "authenticate"), ("OPTIONS", None), *(("GET", name) for name in reading)}


@pytest.mark.slow
@VERSIONS
def test_on_a_real_account_every_record_carries_the_run_prefix(version: str) -> None:
    written: list[bytes] = []

    def listen(exchange: Exchange, body: bytes, answer: Answer | None) -> None:
        if exchange.operation == "importMasterData" and answer is not None and answer.ok:
            written.append(body)

    with shared_account() as (found, credentials):
        found.recorder.listeners.append(listen)
        result = fuzz(
            found,
            contract(version),
            credentials,
            run="run-7-",
            max_examples=5,
            operations=["importMasterData", "getJob"],
        )
    assert (result.outcome, result.reason) == (Outcome.PASSED, "")
    assert len(written) > 50
    ids = [name for body in written for name in _ids(json.loads(body))]
    assert len(ids) > 100
    assert [name for name in ids if not name.startswith("run-7-")] == []
    methods = {one.method for one in found.recorder.since(0) if one.operation is None}
    assert methods == {"OPTIONS"}


def _ids(value: Any) -> list[str]:
    """Every id and reference in the known places of an import."""
    shape = spec.import_shape(contract().document)

    def of(kind: Any, record: Any) -> list[str]:
        if not isinstance(record, dict):
            return []
        fields = [*(["id"] if kind.entity else []), *(reference.field for reference in kind.references)]
        own = [record[field] for field in fields if isinstance(record.get(field), str)]
        for child in kind.children:
            inner = record.get(child.key)
            own += [name for item in (inner if isinstance(inner, list) else []) for name in of(child.shape, item)]
        return own

    return of(shape, value)


def test_the_last_door_keeps_strange_ids_and_methods_from_a_real_account() -> None:
    from casavi_contracts.context import Names
    from casavi_contracts.fuzz.run import _reason_against
    from casavi_contracts.fuzz.sent import Sent
    from casavi_contracts.fuzz.session import Session
    from casavi_contracts.http.client import Client

    def reason(method: str, operation: str | None, body: Any, *, writes: bool = True) -> str | None:
        session = Session(Client(found, contract(), credentials), Names("run-"), fresh=False, writes=writes)
        return _reason_against(session, found, Sent(operation, method, "/x", {}, json.dumps(body).encode()))

    with shared_account() as (found, credentials):
        assert reason("POST", "importMasterData", {"contacts": [{"id": "run-1"}]}) is None
        assert reason("GET", "getContacts", None) is None
        assert reason("OPTIONS", None, None) is None
        assert reason("DELETE", None, None) == "a method that the contract does not know may do harm"
        assert reason("POST", "importMasterData", {"contacts": []}, writes=False) == "nothing may be written"
        for foreign in (
            {"contacts": [{"id": "1"}]},
            {"contacts": [{"id": 5}]},
            {"contacts": [{"lastName": "x", "id": None}]},
            {"responsibilities": [{"propertyId": "run-1", "contactId": "1"}]},
            {"properties": [{"id": "run-1", "documents": [{"id": "1"}]}]},
        ):
            assert reason("POST", "importMasterData", foreign) == "it would write records without the run's prefix"


def test_a_spent_budget_ends_the_run() -> None:
    left = iter(range(40))

    def gate(operation: str | None, method: str) -> None:
        if next(left, None) is None:
            raise BudgetSpent("no more than 40 requests")

    with shared_target(gate=gate) as found, pytest.raises(BudgetSpent, match="no more than 40"):
        fuzz(found, contract())
    assert found.recorder.count == 40


def test_an_interrupt_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from schemathesis.engine import events

    engine = SimpleNamespace(execute=lambda: iter([events.Interrupted(phase=None)]))  # as it tells of Ctrl-C
    monkeypatch.setattr("casavi_contracts.fuzz.collector.from_schema", lambda schema: engine)
    with shared_target() as found, pytest.raises(KeyboardInterrupt):
        fuzz(found, contract(), **SMALL)


def test_a_server_that_goes_away_ends_the_run() -> None:
    inner = InProcess(shared_mock().app)
    left = iter(range(60))

    def handle(request: httpx.Request) -> httpx.Response:
        if next(left, None) is None:
            raise httpx.ConnectError("refused", request=request)
        return inner.handle_request(request)

    with (
        inner,
        httpx.Client(transport=httpx.MockTransport(handle), base_url="http://mock") as http,
        pytest.raises(CouldNotRun, match="refused"),
    ):
        fuzz(Target(http, plane=None, credentials=(_credentials(),)), contract())


def _credentials() -> Any:
    from casavi_contracts.http.target import Credentials

    return Credentials(shared_mock().account().key, SECRET)


def test_an_answer_that_stays_away_is_a_finding() -> None:
    inner = InProcess(shared_mock().app)

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/contacts" and request.url.query == b"page=0":
            raise httpx.ReadTimeout("silence", request=request)
        return inner.handle_request(request)

    with inner, httpx.Client(transport=httpx.MockTransport(handle), base_url="http://mock") as http:
        found = Target(http, plane=None, credentials=(_credentials(),))
        result = fuzz(found, contract(), phases=["coverage"], operations=["getContacts"])
    assert result.outcome is Outcome.BLOCKED
    assert [(one.check, one.observed) for one in result.findings] == [
        ("every-request-is-answered", "GET /contacts?page=0: no answer in time")
    ]


# What is shipped


def test_no_check_is_switched_off_and_each_has_its_reason() -> None:
    from schemathesis.checks import CHECKS as REGISTRY
    from schemathesis.checks import load_all_checks

    load_all_checks()
    there = {name for name in REGISTRY.get_all_names() if name not in {check.name for check in CHECKS}}
    assert {check.name for check in BUILT_IN} == there | {"max_response_time"}
    assert all(check.note for check in BUILT_IN if not check.applies)
    settings = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    assert "enabled" not in json.dumps(settings["checks"])
    assert set(settings["checks"]) <= {check.name for check in BUILT_IN if "413" in check.note}


def test_the_shipped_settings_run_every_phase_and_keep_nothing() -> None:
    from casavi_contracts.fuzz.tool import configuration

    config = configuration(1, PHASES, None)
    phases = config.projects.get_default().phases
    assert all(phases.get_by_name(name=name).enabled for name in PHASES)
    assert not config.cache.enabled
    assert CONFIG.name == "schemathesis.toml"


def test_every_check_states_its_evidence() -> None:
    for check in CHECKS:
        assert check.evidence in spec.EVIDENCE
        assert check.sentence.endswith(".")
        assert (check.assumption in contract().assumptions) == (check.evidence == "assumed")
