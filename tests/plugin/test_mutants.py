"""Vendors that are wrong on purpose: what each does to an exchange, and what is said of the tests that meet them."""

import json
import types
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from pytest_casavi import CasaviConfig
from pytest_casavi.backends.server import ServerBackend
from pytest_casavi.handle import Casavi
from pytest_casavi.mutants import Mutant, Request, Response
from pytest_casavi.mutants.catalogue import MUTANTS
from pytest_casavi.mutants.mutant import chosen, from_entry_points, own
from pytest_casavi.mutants.report import Findings, as_json, as_junit, told
from pytest_casavi.mutants.vendor import STAGE, AtMutants
from pytest_casavi.mutants.verdict import Run, judged
from pytest_casavi.mutants.watching import DoesNotEnd, time_limit
from pytest_casavi.mutants.world import Told, differences, world_of

TOKEN = {"token": "t", "expiresAt": "2026-01-05T08:00:00.250Z"}
JOB: dict[str, Any] = {
    "id": "j", "status": "completed", "finishedAt": "2026-01-05T08:00:00.000Z", "errors": [], "warnings": [],
    "progress": {"processed": 1, "total": 1}, "counts": {"contacts": {"created": 1, "updated": 0}, "units": {"created": 0}},
}  # fmt: skip
REFUSED = {**JOB, "errors": [{"entity": "units", "id": "U-1"}, {"entity": "units", "id": "U-2"}]}
LEASE = {"contactId": "C-1", "startDate": "2024-01-01", "endDate": "2024-06-30T22:00:00Z"}
HOUSE = {"properties": [{"id": "P-1", "addresses": [{"street": "s", "units": [{"id": "U-1", "contracts": [LEASE]}]}]}]}
FIRST: dict[str, Any] = {"list": [{"id": "C-1"}], "_links": {"next": "http://m/v2/contacts?role=x&page=1&after=1"}}
LAST: dict[str, Any] = {"list": [{"id": "C-2"}], "_links": {"next": None}}
V1: dict[str, Any] = {"count": 2, "page": 1, "pageCount": 2, "content": [{"id": "C-2"}]}


def asked(operation: str, *, path: str = "/x", query: str = "", body: Any = None, method: str = "GET") -> Request:
    """A request of an operation."""
    at = datetime(2026, 1, 5, 8, tzinfo=UTC)
    data = b"" if body is None else json.dumps(body).encode()
    return Request(method, path, query, body=data, operation=operation, now=at)


def answered(name: str, request: Request, response: Response) -> Response:
    """What a client gets at a mutant."""
    respond = MUTANTS[name].respond
    assert respond is not None
    return respond(request, response.copy())


def stored(name: str, body: Any) -> Any:
    """What a mutant stores of an import."""
    ask = MUTANTS[name].ask
    assert ask is not None
    return ask(asked("importMasterData", body=body, method="POST")).json


# What each does


@pytest.mark.parametrize(
    ("name", "operation", "before", "after"),
    [
        ("job-state-new", "getJob", JOB, {**JOB, "status": "done"}),
        ("job-state-new", "getJob", {**JOB, "status": "failed"}, {**JOB, "status": "failed"}),
        ("job-state-upper", "getJob", JOB, {**JOB, "status": "COMPLETED"}),
        ("job-errors-null", "getJob", JOB, {**JOB, "errors": None}),
        ("job-errors-null", "getJob", REFUSED, REFUSED),
        ("job-errors-cut", "getJob", REFUSED, {**REFUSED, "errors": REFUSED["errors"][:1]}),
        ("job-counts-without-zeros", "getJob", JOB, {**JOB, "counts": {"contacts": {"created": 1}}}),
        ("job-goes-back", "getJob", JOB, {**JOB, "status": "active", "finishedAt": None}),
        ("job-id-number", "importMasterData", {"jobId": "j"}, {"jobId": 4000}),
        ("extra-members", "listContacts", LAST, {"list": [{"id": "C-2", "etag": "W/1"}], "_links": {"next": None}, "links": {"self": "/x"}}),
        ("expires-at-naive", "authenticate", TOKEN, {**TOKEN, "expiresAt": "2026-01-05T08:00:00.250"}),
        ("expires-at-seconds", "refreshToken", TOKEN, {**TOKEN, "expiresAt": 1767600000}),
        ("expires-at-offset", "authenticate", TOKEN, {**TOKEN, "expiresAt": "2026-01-05T10:00:00.250+02:00"}),
        ("expires-at-null", "authenticate", TOKEN, {**TOKEN, "expiresAt": None}),
        ("next-link-unfiltered", "listContacts", FIRST, {**FIRST, "_links": {"next": "http://m/v2/contacts?page=1&after=1"}}),
        ("next-link-unfiltered", "listContacts", LAST, LAST),
    ],
)  # fmt: skip
def test_an_answer_is_another_one(name: str, operation: str, before: Any, after: Any) -> None:
    assert answered(name, asked(operation), Response(json=before)).json == after


@pytest.mark.parametrize(
    ("name", "body", "after"),
    [
        ("contract-dates-dropped", LEASE, {"contactId": "C-1"}),
        ("contract-dates-shifted", LEASE, {"contactId": "C-1", "startDate": "2023-12-31", "endDate": "2024-06-30T20:00:00Z"}),
        ("id-normalised", LEASE, {**LEASE, "contactId": "c-1"}),
    ],
)  # fmt: skip
def test_a_contract_is_stored_otherwise(name: str, body: Any, after: Any) -> None:
    kept = stored(name, HOUSE)["properties"][0]["addresses"][0]["units"][0]
    assert kept["contracts"] == [after]


def test_a_contact_is_stored_otherwise() -> None:
    contact = {"id": "C-1", "email": "A@B.example", "note": "x" * 300}
    assert stored("email-lowercased", {"contacts": [contact]})["contacts"][0]["email"] == "a@b.example"
    assert stored("text-cut", {"contacts": [contact]})["contacts"][0]["note"] == "x" * 255
    assert stored("id-normalised", {"contacts": [contact]})["contacts"][0]["id"] == "c-1"


@pytest.mark.parametrize("name", ["last-page-missing", "page-repeated"])
def test_a_list_lacks_its_second_page(name: str) -> None:
    first, further = (
        asked("listContacts", path="/v2/contacts"),
        asked("listContacts", path="/v2/contacts", query="after=1"),
    )
    further.state = first.state
    assert answered(name, first, Response(json=FIRST)).json == FIRST
    shown = answered(name, further, Response(json=LAST)).json["list"]
    assert shown == ([] if name == "last-page-missing" else FIRST["list"])


def test_a_list_of_version_1_lacks_its_last_page() -> None:
    assert answered("last-page-missing", asked("getContacts", query="page=1"), Response(json=V1)).json["content"] == []


@pytest.mark.parametrize(
    ("name", "body"), [("error-list", b'[{"message": "Something went wrong"}]'), ("error-empty", b"")]
)
def test_an_error_has_another_body(name: str, body: bytes) -> None:
    assert answered(name, asked("getJob"), Response(503, json={"detail": "x"})).body == body
    assert answered(name, asked("getJob"), Response(200, json=JOB)).json == JOB


def test_retry_after_is_a_date_of_the_account() -> None:
    response = answered("retry-after-date", asked("getJob"), Response(503, headers={"Retry-After": "59"}))
    assert response.headers["retry-after"] == "Mon, 05 Jan 2026 08:01:00 GMT"


def test_the_last_record_is_dropped_and_counted() -> None:
    mutant = MUTANTS["record-dropped"]
    assert mutant.ask is not None
    assert mutant.respond is not None
    state: dict[str, Any] = {}
    for outcome in ("created", "unchanged"):
        request = asked("importMasterData", body={"contacts": [{"id": "C-1"}, {"id": "C-2"}]}, method="POST")
        request.state = state
        assert mutant.ask(request).json == {"contacts": [{"id": "C-1"}]}
        mutant.respond(request, Response(202, json={"jobId": outcome}))
        look = asked("getJob")
        look.state = state
        job = mutant.respond(look, Response(json={**JOB, "id": outcome, "counts": {"contacts": {outcome: 1}}})).json
        assert job["counts"]["contacts"][outcome] == 2
        assert job["progress"] == {"processed": 2, "total": 2}


def test_the_thirty_are_told_apart() -> None:
    assert len(MUTANTS) >= 30
    assert 0 < sum(mutant.legal for mutant in MUTANTS.values()) < len(MUTANTS)
    assert all(mutant.says.endswith(".") and (mutant.ask or mutant.respond) for mutant in MUTANTS.values())


# In front of the mock


@pytest.fixture(scope="module")
def backend() -> Iterator[ServerBackend]:
    """A server in front of which mutants can be put."""
    STAGE.on = True
    running = ServerBackend(CasaviConfig())
    STAGE.on = False
    yield running
    running.close()


@pytest.fixture
def casavi(backend: ServerBackend) -> Iterator[Casavi]:
    """An account of it."""
    account = backend.open()
    yield Casavi(account)
    account.close()
    STAGE.test = None


def at(name: str) -> AtMutants:
    """Puts a mutant in front of the mock."""
    STAGE.test = AtMutants((MUTANTS[name],), shadow=False)
    return STAGE.test


def send(client: httpx.Client, **body: Any) -> httpx.Response:
    """Sends an import, and returns the answer to the first look at its job."""
    job_id = client.post("/import", json=body).json()["jobId"]
    return client.get(f"/jobs/{job_id}")


def test_the_journal_shows_what_the_client_sent(casavi: Casavi) -> None:
    test = at("email-lowercased")
    casavi.faults.on("importMasterData").when(contact="C-7").reset()
    with casavi.client() as client:
        send(client, contacts=[{"id": "C-1", "lastName": "x", "email": "A@B.example"}])
    assert casavi.contacts["C-1"]["email"] == "a@b.example"
    assert casavi.requests.to("importMasterData").one().json["contacts"][0]["email"] == "A@B.example"
    assert test.reached == {"email-lowercased"}


def test_a_number_finds_its_job(casavi: Casavi) -> None:
    at("job-id-number")
    with casavi.client() as client:
        assert send(client, contacts=[{"id": "C-1", "lastName": "x"}]).json()["id"] == 4000
        assert client.get("/jobs/17").status_code == 404


def test_what_a_mutant_answers_itself_is_no_request_of_the_account(casavi: Casavi) -> None:
    at("burst-429")
    with casavi.client() as client:
        answers = [client.get("/contacts") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["retry-after"] == "1"
    assert casavi.requests.count() == 1


def test_beside_a_fault_of_the_test_there_is_no_other(casavi: Casavi) -> None:
    test = at("burst-429")
    casavi.faults.on("getContacts").once().status(503)
    with casavi.client() as client:
        assert client.get("/contacts").status_code == 503
    assert not test.reached


def test_a_connection_is_reset_once(casavi: Casavi) -> None:
    at("connection-reset")
    with casavi.client() as client:
        job_id = client.post("/import", json={"contacts": []}).json()["jobId"]
        with pytest.raises(httpx.TransportError):
            client.get(f"/jobs/{job_id}")
        assert client.get(f"/jobs/{job_id}").json()["status"] == "completed"


def test_a_lost_response_is_one_of_the_mock(casavi: Casavi) -> None:
    """So its journal knows that the client cannot have learnt of the job."""
    at("lost-response")
    with casavi.client() as client:
        with pytest.raises(httpx.TransportError):
            client.post("/import", json={"contacts": [{"id": "C-1", "lastName": "x"}]})
        send(client, contacts=[{"id": "C-1", "lastName": "x"}])
    assert [violation.rule for violation in casavi.violations] == ["same-import-sent-again-after-lost-response"]


def test_an_import_fails_after_it_was_taken(casavi: Casavi) -> None:
    at("job-fails")
    with casavi.client() as client:
        assert send(client, contacts=[{"id": "C-1", "lastName": "x"}]).json()["status"] == "failed"
        assert send(client, contacts=[{"id": "C-1", "lastName": "x"}]).json()["status"] == "completed"


def test_a_shadow_changes_nothing(casavi: Casavi) -> None:
    STAGE.test = test = AtMutants(tuple(MUTANTS.values()), shadow=True)
    with casavi.client() as client:
        assert send(client, contacts=[{"id": "C-1", "lastName": "x", "email": "A@b.example"}]).json()["errors"] == []
    assert casavi.contacts["C-1"]["email"] == "A@b.example"
    assert {"email-lowercased", "job-errors-null", "lost-response", "connection-reset"} <= test.reached
    assert not {"text-cut", "expires-at-null", "error-html"} & test.reached


def test_faults_pass_through(casavi: Casavi) -> None:
    at("error-html")
    casavi.faults.on("getContacts").once().truncate()
    casavi.faults.on("getContacts").status(503, retry_after=2)
    with casavi.client() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            client.get("/contacts")
        answer = client.get("/contacts")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.text.startswith("<html>")


def test_a_mutant_that_is_broken_is_told(casavi: Casavi) -> None:
    def raises(request: Request, response: Response) -> Response:
        raise RuntimeError("oops")

    def forgets(request: Request, response: Response) -> None:
        response.status = 500

    STAGE.test = test = AtMutants(tuple(own([raises, forgets])), shadow=False)
    with casavi.client() as client:
        assert client.get("/contacts").status_code == 200
    assert test.broken["raises"] == "RuntimeError: oops"
    assert "returned None" in test.broken["forgets"]


# Mutants of one's own


def test_a_function_is_a_mutant() -> None:
    def no_names(request: Request, response: Response) -> Response:
        """Names are left out.

        More.
        """
        return response

    (one,) = own([[no_names]])
    assert (one.name, one.says, one.legal, one.respond) == ("no-names", "Names are left out.", False, no_names)
    assert [mutant.name for mutant in own([{"other": no_names}, Mutant(name="third", says="x", legal=True)])] == [
        "other",
        "third",
    ]


def test_an_entry_point_brings_mutants(monkeypatch: pytest.MonkeyPatch) -> None:
    def respond(request: Request, response: Response) -> Response:
        return response

    entry = types.SimpleNamespace(name="of-a-package", load=lambda: respond)
    monkeypatch.setattr(
        "pytest_casavi.mutants.mutant.entry_points", lambda group: [entry] * (group == "casavi_mutants")
    )
    assert [mutant.name for mutant in own(from_entry_points())] == ["of-a-package"]


@pytest.mark.parametrize("wrong", [17, "text", [None, object()]])
def test_what_is_no_mutant_is_refused(wrong: Any) -> None:
    with pytest.raises(pytest.UsageError, match="a mutant is a function"):
        own([wrong])


def test_two_mutants_of_one_name_are_refused() -> None:
    with pytest.raises(pytest.UsageError, match="several mutants have the name 'text-cut'"):
        own([*MUTANTS.values(), {"text-cut": lambda request, response: response}])


def test_mutants_are_chosen_by_name() -> None:
    assert [one.name for one in chosen("text-cut, expires-at-n*", MUTANTS)] == [
        "text-cut",
        "expires-at-naive",
        "expires-at-null",
    ]
    assert chosen("all", MUTANTS) == list(MUTANTS.values())
    with pytest.raises(pytest.UsageError, match=r"no mutant 'text-ct'\. Did you mean 'text-cut'"):
        chosen("text-ct", MUTANTS)


def test_a_body_changed_in_place_is_sent() -> None:
    response = Response(json={"a": [1]})
    response.json["a"].append(2)
    assert response.body == b'{"a": [1, 2]}'
    assert not response.same(Response(json={"a": [1]}))
    assert Response(body=b'{"a":[1]}').body == b'{"a":[1]}'


# Two worlds


def test_a_missing_record_is_one_difference() -> None:
    before = world_of(
        [{"contacts": [{"id": "C-1", "lastName": "x"}, {"id": "C-2", "email": "A"}], "_mock": {"now": 1}}]
    )
    after = world_of([{"contacts": [{"id": "C-2", "email": "a"}]}])
    assert differences(before, after) == [("contacts C-1", "a record", "nothing"), ("contacts C-2 email", "A", "a")]
    assert differences(before, before) == []


def test_the_order_of_records_is_no_difference() -> None:
    roles = [{"contactId": "C-1", "roleName": "x"}, {"contactId": "C-2", "roleName": "y"}]
    first = world_of([{"contacts": [{"id": "C-1"}, {"id": "C-2"}], "responsibilities": roles}])
    assert (
        differences(first, world_of([{"contacts": [{"id": "C-2"}, {"id": "C-1"}], "responsibilities": roles[::-1]}]))
        == []
    )


def test_a_large_world_is_kept_small() -> None:
    many = [{"id": f"C-{number}", **{f"f{place}": place for place in range(50)}} for number in range(200)]
    changed = [*many[:-1], {**many[-1], "f1": 99}]
    world = world_of([{"contacts": many}])
    assert len(world) == 200
    assert [place for place, _, _ in differences(world, world_of([{"contacts": changed}]))] == ["contacts C-199"]


@pytest.mark.parametrize(
    ("shown", "lies"),
    [
        (JOB, 0),
        ({**JOB, "status": "COMPLETED", "errors": None, "counts": {"contacts": {"created": 1}}}, 0),
        ({**JOB, "status": "done"}, 0),
        ({**JOB, "status": "active"}, 0),
        ({**JOB, "status": "failed"}, 1),
        ({**JOB, "counts": {"contacts": {"created": 2}}}, 1),
    ],
)
def test_other_words_are_no_lie(shown: Any, lies: int) -> None:
    seen = Told()
    seen.note("importMasterData", "/import", b"{}", {"jobId": "j"}, {"jobId": "j"})
    seen.note("getJob", "/jobs/j", b"", JOB, shown)
    assert len(seen.lies) == lies
    assert seen.results == {"import 1 status": "completed", "import 1 errors": 0}


# Verdicts and reports


def run(test: str, *, failed: bool = False, reached: bool = True, differ: bool = False, why: str = "") -> Run:
    """One run at the mutant text-cut."""
    differences = (("contacts C-1 note", "x" * 300, "x" * 255),) if differ else ()
    return Run(test, "text-cut", failed, reached, why, crashed=bool(why), differences=differences)


@pytest.mark.parametrize(
    ("runs", "verdict"),
    [
        ([], "not reached"),
        ([run("a", reached=False, failed=True)], "not reached"),
        ([run("a"), run("b", reached=False)], "tolerated"),
        ([run("a"), run("b", differ=True)], "unnoticed"),
        ([run("a", failed=True), run("b", differ=True)], "noticed"),
    ],
)
def test_one_test_that_notices_is_enough(runs: list[Run], verdict: str) -> None:
    (one,) = judged([MUTANTS["text-cut"]], runs)
    assert one.verdict == verdict


def test_the_report_shows_both_worlds() -> None:
    mutants = [MUTANTS["text-cut"], MUTANTS["page-repeated"]]
    findings = Findings(judged(mutants, [run("t.py::a", differ=True)]), ["t.py::bad"], {"own": "it fell"}, True, 2)
    text = told(findings)
    for line in (
        "text-cut       no     unnoticed    1 unnoticed",
        "unnoticed: text-cut. Texts are cut at 255 characters.",
        "  t.py::a is green.",
        "(300 characters)",
        "  page-repeated  a test that reads a list of more than one page",
        "  t.py::bad",
        "The mutant own is broken: it fell",
        "--casavi-mutants-resume",
        "2 mutants, 2 tests: 0 noticed, 1 unnoticed, 0 tolerated, 1 not reached",
    ):
        assert line in text
    first, second = json.loads(as_json(findings))["mutants"]
    assert (first["name"], first["legal"], first["verdict"]) == ("text-cut", False, "unnoticed")
    assert [(one["test"], one["verdict"]) for one in first["tests"]] == [("t.py::a", "unnoticed")]
    assert second == {"name": "page-repeated", "legal": False, "verdict": "not reached", "tests": []}
    xml = as_junit(findings).decode()
    assert 'tests="2" failures="1" skipped="1"' in xml


def test_a_crash_on_a_legal_answer_is_told_apart() -> None:
    mutant = MUTANTS["job-errors-null"]
    crash = Run("t.py::a", mutant.name, True, True, "TypeError: 'NoneType' object is not iterable", crashed=True)
    assert "crashes on a legal answer: job-errors-null" in told(Findings(judged([mutant], [crash]), [], {}, False, 1))


def test_what_does_not_end_is_ended() -> None:
    def for_ever() -> None:
        with time_limit(0.01):
            while True:
                pass

    with pytest.raises(DoesNotEnd, match="does not end"):
        for_ever()
