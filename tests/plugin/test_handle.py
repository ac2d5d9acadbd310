"""What a test can do with its account; the same with every backend."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from casavi_fixtures import contact, contract, document, load_portfolio, master_data, property_, responsibility, unit
from casavi_mock.domain.jobs import Progress
from casavi_mock.domain.ordering import plan
from pytest_casavi import CannotSteer, Casavi, CasaviConfig, CasaviError, Job, NothingThere, WaitTimeout
from pytest_casavi.backends.local import Accounts
from tests.support.server import Mock

Send = Callable[..., Job]

FLAT = unit(id="P-1/1", contracts=[contract()])
HOUSE = property_(addresses=[{"street": "Musterweg 1", "units": [FLAT]}])
MASTER_DATA = master_data(contacts=[contact()], properties=[HOUSE])


@pytest.fixture(scope="module")
def casavi_config(every_backend: CasaviConfig) -> CasaviConfig:
    return every_backend


@pytest.fixture
def client(casavi: Casavi) -> Iterator[httpx.Client]:
    with casavi.client(timeout=60) as client:
        yield client


@pytest.fixture
def send(casavi: Casavi, client: httpx.Client) -> Send:
    """Sends an import and returns its job."""

    def send(body: Any = MASTER_DATA) -> Job:
        answer = client.post("/import", json=body)
        assert answer.status_code == 202, answer.text
        return casavi.jobs[answer.json()["jobId"]]

    return send


def refused(steer: Callable[[], object]) -> str:
    """Returns why the mock refuses what a test asks."""
    with pytest.raises(CannotSteer) as caught:
        steer()
    return str(caught.value)


# Credentials


def test_a_client_logs_in(casavi: Casavi) -> None:
    with httpx.Client(base_url=casavi.url, transport=casavi.transport, verify=False) as client:
        answer = client.post("/authenticate", json={"key": casavi.key, "secret": casavi.secret})
    assert answer.status_code == 200
    assert casavi.requests.to("authenticate").one().status == 200
    assert casavi.env == {"CASAVI_URL": casavi.url, "CASAVI_API_KEY": casavi.key, "CASAVI_API_SECRET": casavi.secret}


def test_what_the_handle_does_leaves_no_request(casavi: Casavi) -> None:
    casavi.load("small-house")
    assert casavi.token() != casavi.token()
    assert len(casavi.contacts) > 0
    casavi.requests.none()
    assert casavi.violations == []


def test_accounts_do_not_meet(casavi: Casavi, make_casavi: Any, send: Send) -> None:
    other = make_casavi(load="documentation-example")
    send().wait()
    assert (len(casavi.contacts), len(other.jobs)) == (1, 0)
    assert other.key != casavi.key
    other.requests.none()


# Records


def test_what_is_stored(casavi: Casavi, send: Send) -> None:
    body = master_data(contacts=[contact()], properties=[HOUSE | {"documents": [document()]}])
    send(body | {"responsibilities": [responsibility()]}).wait()
    assert casavi.contacts["C-1"] == contact()
    assert casavi.units["P-1/1"] == FLAT
    assert (casavi.units["P-1/1"].property_id, casavi.units["P-1/1"].street) == ("P-1", "Musterweg 1")
    assert casavi.properties["P-1"]["addresses"] == HOUSE["addresses"]
    assert casavi.documents["D-1"]["fileName"] == "hausordnung.pdf"
    assert casavi.documents["D-1"].property_id == "P-1"
    assert casavi.responsibilities == [responsibility()]
    assert casavi.contacts["C-1"].created_at <= casavi.clock.now
    assert casavi.contacts["C-1"].internal_id != casavi.properties["P-1"].internal_id


def test_records_are_a_mapping(casavi: Casavi) -> None:
    portfolio = load_portfolio("small-house")
    casavi.load("small-house")
    ids = [one["id"] for one in portfolio["contacts"]]
    assert list(casavi.contacts) == ids
    assert len(casavi.contacts) == len(ids)
    assert [record["id"] for record in casavi.contacts.values()] == ids
    assert dict(casavi.contacts.items())[ids[0]] == portfolio["contacts"][0]
    assert ids[0] in casavi.contacts
    assert casavi.contacts.get("nobody") is None
    assert "nobody" not in casavi.contacts
    with pytest.raises(KeyError, match=r"'nobody' is not among the stored contacts; there are '"):
        casavi.contacts["nobody"]
    with pytest.raises(NothingThere, match="stored documents; there are '104/004/D-1', '104/D-1'"):
        casavi.documents["D-9"]


def test_records_of_an_empty_account(casavi: Casavi) -> None:
    assert (len(casavi.units), list(casavi.units), casavi.responsibilities) == (0, [], [])
    with pytest.raises(KeyError, match=r"^'U-1' is not among the stored units; there are none$"):
        casavi.units["U-1"]


def test_a_record_is_the_callers_own(casavi: Casavi) -> None:
    casavi.load({"contacts": [contact(customFields={"a": "1"})]})
    casavi.contacts["C-1"]["customFields"]["a"] = "2"
    assert casavi.contacts["C-1"]["customFields"] == {"a": "1"}


# Loading


def test_load_adds_to_what_is_there(casavi: Casavi, tmp_path: Path) -> None:
    assert casavi.load({"contacts": [contact(note="first")]})["contacts"] == 1
    file = tmp_path / "more.json"
    file.write_text(json.dumps({"contacts": [contact(id="C-2")]}))
    assert casavi.load(file)["contacts"] == 2
    assert casavi.contacts["C-1"]["note"] == "first"


def test_load_is_all_or_nothing(casavi: Casavi) -> None:
    orphan = property_(addresses=[{"street": "x", "units": [unit(contracts=[contract(contactId="C-9")])]}])
    assert "contactId names contacts 'C-9'" in refused(lambda: casavi.load({"properties": [orphan]}))
    assert "P-1" not in casavi.properties


def test_load_while_a_job_waits(casavi: Casavi, send: Send) -> None:
    with casavi.queue.hold():
        job = send({"properties": [HOUSE]})
        casavi.load({"contacts": [contact()]})
    assert job.wait().errors == []


def test_load_refuses(casavi: Casavi, tmp_path: Path) -> None:
    assert "small-house" in refused(lambda: casavi.load("small-hose"))
    assert "as a pathlib.Path" in refused(lambda: casavi.load(str(tmp_path)))
    assert "nowhere.json: No such file" in refused(lambda: casavi.load(tmp_path / "nowhere.json"))
    (tmp_path / "bad.json").write_text("{")
    assert "bad.json: not JSON" in refused(lambda: casavi.load(tmp_path / "bad.json"))
    assert "/contacts/0/id: expected string, got number 5" in refused(lambda: casavi.load({"contacts": [{"id": 5}]}))
    assert "cannot be said in JSON" in refused(lambda: casavi.load({"contacts": [{"id": object()}]}))
    assert len(casavi.contacts) == 0


# Jobs


def test_a_job_tells_all(casavi: Casavi, send: Send) -> None:
    job = send({"properties": [HOUSE], "contacts": [contact(id="C-2")]})
    assert (job.status, job.ended, job.progress) == ("completed", True, (3, 3))
    assert job.counts["contacts"] == {"created": 1, "updated": 0, "unchanged": 0, "refused": 0}
    (error,) = job.errors
    assert (error.entity, error.id, error.rule) == ("units", "P-1/1", "missing-reference")
    assert (error.missing.entity, error.missing.id) == ("contacts", "C-1")
    assert job.warnings == []
    assert job.created_at <= job.started_at <= job.finished_at
    assert job.request.json["contacts"][0]["id"] == "C-2"
    assert job.json["id"] == job.id
    assert repr(job) == f"<Job {job.id}>"
    assert repr(casavi.jobs.next) == "<the next job that starts>"


def test_a_long_import_is_taken(casavi: Casavi, send: Send) -> None:
    """It is read in portions, between which the server looks whether the client is still there."""
    job = send({"contacts": [contact(id=f"C-{number}") for number in range(600)]})
    assert (job.status, job.counts["contacts"]["created"]) == ("completed", 600)


@pytest.mark.casavi(allow="unknown-fields-sent")
def test_a_job_tells_what_was_left_out(send: Send) -> None:
    (warning,) = send({"contacts": [{"id": "C-1", "lastName": "Smith", "shoeSize": 43}]}).warnings
    assert (warning.pointer, warning.count) == ("/contacts/0/shoeSize", 1)


def test_jobs_are_found(casavi: Casavi, send: Send) -> None:
    first, second = send(), send()
    assert (first.wait().counts["contacts"]["created"], second.wait().counts["contacts"]["unchanged"]) == (1, 1)
    assert casavi.jobs.last == casavi.jobs[-1] == second
    assert casavi.jobs[0] == casavi.jobs[first.id] == first
    assert list(casavi.jobs) == casavi.jobs.all == [first, second]
    assert (len(casavi.jobs), first.id in casavi.jobs, "x" in casavi.jobs) == (2, True, False)
    assert len({first, casavi.jobs[0]}) == 1
    for unknown in ("x", 2, -3):
        with pytest.raises(NothingThere, match=f"There are: {first.id}, {second.id}"):
            casavi.jobs[unknown]


def test_no_job_yet(casavi: Casavi, client: httpx.Client) -> None:
    with pytest.raises(NothingThere, match=r"no import was accepted\.\nNothing was asked"):
        _ = casavi.jobs.last.id
    client.get("/contacts")
    with pytest.raises(NothingThere, match="GET /contacts -> 200"):
        _ = casavi.jobs.last.status
    with pytest.raises(NothingThere, match="none at all"):
        casavi.jobs["x"]


def test_what_becomes_of_jobs_is_decided(casavi: Casavi, send: Send) -> None:
    casavi.jobs.next.fail()
    assert send().status == "failed"
    casavi.jobs.next.stall()
    stalled = send()
    assert stalled.status == "active"
    stalled.complete()
    assert stalled.wait().status == "completed"
    casavi.queue.hold()
    one, two = send(), send()
    one.stall()
    two.fail()
    assert (one.status, two.status) == ("active", "waiting")
    one.fail()
    assert two.wait().status == "failed"
    assert "ended already" in refused(one.complete)


# Waiting


@pytest.mark.casavi(progress="time", job_seconds=3600)
def test_wait_does_not_wait_for_a_frozen_clock(casavi: Casavi, send: Send) -> None:
    now = casavi.clock.freeze()
    jobs = [send() for _ in range(3)]
    assert jobs[-1].wait(timeout=0).status == "completed"
    assert casavi.clock.now == now
    assert all(job.ended for job in jobs)


@pytest.mark.casavi(progress="time", job_seconds=0.05)
def test_wait_waits_for_a_running_clock(send: Send) -> None:
    job = send()
    assert job.wait().status == "completed"
    assert job.finished_at - job.started_at == timedelta(seconds=0.05)


def test_wait_while_the_queue_is_held(casavi: Casavi, send: Send) -> None:
    casavi.queue.hold()
    assert send().wait(timeout=0).status == "completed"
    assert casavi.queue.held


@pytest.mark.parametrize("polls", [0, 3])
def test_wait_when_jobs_move_by_polls(casavi: Casavi, send: Send, polls: int) -> None:
    casavi.queue.set("manual", polls=polls)
    assert send().wait(timeout=0).status == "completed"


def test_wait_tells_of_a_job_that_stalls(casavi: Casavi, send: Send) -> None:
    casavi.jobs.next.stall()
    front, behind = send(), send()
    with pytest.raises(WaitTimeout) as caught:
        behind.wait()
    told = str(caught.value)
    assert f"Job {behind.id} will not end: a job stalls" in told
    assert f"1. {front.id} active, 0 of 3 records" in told
    assert f"2. {behind.id} waiting" in told
    assert isinstance(caught.value, TimeoutError)
    casavi.queue.drain()
    front.complete()
    assert behind.wait().ended


@pytest.mark.casavi(progress="time", job_seconds=3600)
def test_wait_gives_up(casavi: Casavi, send: Send) -> None:
    job = send()
    with pytest.raises(
        WaitTimeout, match=r"not ended within 0.02 s.\nthe queue at .*: not held, progress 'time', 1 unf"
    ):
        job.wait(timeout=0.02)
    casavi.clock.advance(hours=1)
    assert job.ended


def test_wait_while_the_clock_of_the_system_stands_still() -> None:
    """As it does for a test that has replaced it."""
    mock = Mock(progress=Progress(progress="time", job_seconds=60))
    account = Accounts(mock.app, "http://nowhere.invalid").open()
    held = mock.registry.get(account.key)
    assert held is not None
    held.submit(plan({"contacts": [contact()]}, mock.settings.shape))
    job = Casavi(account).jobs.last
    with pytest.raises(WaitTimeout, match="not ended within 0 s"):
        job.wait(timeout=0)
    assert job.wait().status == "completed"


# Queue


def test_queue_is_steered(casavi: Casavi, send: Send) -> None:
    with casavi.queue.hold():
        job = send()
        assert (casavi.queue.held, casavi.queue.unfinished, len(casavi.queue)) == (True, 1, 1)
        assert casavi.queue.step("record") is True
        assert job.progress == (1, 3)
        assert casavi.queue.step() is True
        assert job.status == "completed"
        assert casavi.queue.step() is False
        another = send()
        assert casavi.queue.drain() == 1
        assert another.ended
    assert (casavi.queue.held, len(casavi.queue), bool(casavi.queue)) == (False, 0, True)


def test_progress_is_chosen(casavi: Casavi, send: Send) -> None:
    assert casavi.queue.progress == "immediate"
    with pytest.raises(AttributeError, match="`progress` now"):
        _ = casavi.queue.mode  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match=r"queue\.set\(progress, job_seconds="):
        casavi.queue.progress("manual", seconds=3)  # type: ignore[operator]
    casavi.queue.set("time", job_seconds=60, record_seconds=1)
    assert (casavi.queue.job_seconds, casavi.queue.record_seconds, casavi.queue.polls) == (60, 1, 1)
    job = send()
    casavi.clock.advance(seconds=60)
    assert not job.ended
    casavi.clock.advance(seconds=3)
    assert job.ended
    assert "'immediate'" in refused(lambda: casavi.queue.set("later")).replace('"', "'")  # type: ignore[arg-type]
    assert "/job_seconds" in refused(lambda: casavi.queue.set("time", job_seconds=-1))
    assert casavi.queue.progress == "time"


# Time


def test_time_is_moved(casavi: Casavi) -> None:
    assert not casavi.clock.frozen
    frozen = casavi.clock.freeze("2100-01-01T00:00:00Z")
    assert frozen == casavi.clock.now == datetime.fromisoformat("2100-01-01T00:00:00+00:00")
    assert casavi.clock.advance(days=1, hours=2, minutes=3, seconds=4.5) - frozen == timedelta(1, 7384, 500_000)
    assert casavi.clock.advance(timedelta(weeks=1), seconds=1).day == 9
    later = frozen + timedelta(days=400)
    assert casavi.clock.set(later) == later
    assert casavi.clock.frozen
    casavi.clock.unfreeze()
    assert not casavi.clock.frozen
    assert casavi.clock.freeze() >= later


def test_time_is_refused(casavi: Casavi) -> None:
    assert "cannot go back" in refused(lambda: casavi.clock.set("2001-01-01T00:00:00Z"))
    assert "time zone" in refused(lambda: casavi.clock.freeze(datetime(2100, 1, 1)))  # noqa: DTZ001
    assert "/days" in refused(lambda: casavi.clock.advance(days=-1))
    with pytest.raises(TypeError, match="say how far"):
        casavi.clock.advance()


def test_tokens_end(casavi: Casavi, client: httpx.Client) -> None:
    assert client.get("/contacts").status_code == 200
    casavi.clock.advance(days=31)
    assert client.get("/contacts").json()["rule"] == "token-expired"
    client.headers["token"] = casavi.token()
    assert client.get("/contacts").status_code == 200
    assert casavi.expire_tokens() == 1
    assert client.get("/contacts").status_code == 401
    assert casavi.requests.where(rule="token-expired").count() == 2


# Faults


@pytest.mark.casavi(allow="retry-after-ignored")
def test_status(casavi: Casavi, client: httpx.Client) -> None:
    fault = casavi.faults.on("getContacts").times(2).status(503, retry_after=5)
    answers = [client.get("/contacts") for _ in range(3)]
    assert [(answer.status_code, answer.headers.get("retry-after")) for answer in answers] == [
        (503, "5"),
        (503, "5"),
        (200, None),
    ]
    assert (fault.calls, fault.hits, fault.over) == (3, 2, True)
    assert [request.injected for request in casavi.requests] == [fault.id, fault.id, None]


def test_which_calls(casavi: Casavi, client: httpx.Client) -> None:
    casavi.faults.on("getContacts").after(1).once().status(500)
    casavi.faults.on("getContacts").first(4).status(502)
    assert [client.get("/contacts").status_code for _ in range(5)] == [200, 500, 200, 502, 502]


def test_all_operations(casavi: Casavi, client: httpx.Client) -> None:
    fault = casavi.faults.on().status(500)
    assert client.get("/contacts").status_code == client.get("/v2/units").status_code == 500
    fault.remove()
    assert client.get("/contacts").status_code == 200
    with pytest.raises(NothingThere, match="was removed"):
        _ = fault.hits


@pytest.mark.parametrize("effect", ["reset", "truncate", "lost_response"])
def test_connections_break(casavi: Casavi, client: httpx.Client, effect: str) -> None:
    getattr(casavi.faults.on("getContacts").once(), effect)()
    with pytest.raises(httpx.TransportError):
        client.get("/contacts")
    assert casavi.requests.last.effect == effect.replace("_", "-")
    assert casavi.requests.last.injected == "fault-1"
    assert client.get("/contacts").status_code == 200


def test_lost_response_of_an_import(casavi: Casavi, client: httpx.Client) -> None:
    casavi.faults.on("importMasterData").once().lost_response()
    with pytest.raises(httpx.TransportError):
        client.post("/import", json=MASTER_DATA)
    assert casavi.jobs.last.wait().status == "completed"


def test_delay(casavi: Casavi, client: httpx.Client) -> None:
    casavi.faults.on("getContacts").delay(0.05)
    assert client.get("/contacts").status_code == 200
    assert casavi.requests.last.duration_ms >= 50


def test_delay_beyond_the_patience_of_a_client(casavi: Casavi, client: httpx.Client) -> None:
    fault = casavi.faults.on("getContacts").delay(3600)
    with pytest.raises(httpx.ReadTimeout):
        client.get("/contacts", timeout=httpx.Timeout(60, read=0.05))
    fault.remove()  # not merely over after one call: on a busy machine the next may be there before it
    assert client.get("/contacts").status_code == 200


def test_jobs_fail_and_stall(casavi: Casavi, send: Send) -> None:
    casavi.faults.on("importMasterData").once().job_fails()
    assert send().status == "failed"
    casavi.faults.on("importMasterData").once().job_stalls()
    assert send().status == "active"
    casavi.queue.drain()


def test_faults_are_listed(casavi: Casavi) -> None:
    first, second = casavi.faults.on().status(500), casavi.faults.on("getJob").reset()
    assert [fault.id for fault in casavi.faults] == [first.id, second.id]
    assert len(casavi.faults) == 2
    casavi.faults.clear()
    assert casavi.faults.all == []


def test_faults_are_refused(casavi: Casavi) -> None:
    assert "There is no operation 'import'. Possible: authenticate," in refused(lambda: casavi.faults.on("import"))
    plan = casavi.faults.on("getJob")
    for impossible in (
        lambda: plan.status(200),
        lambda: plan.status(503, retry_after=-1),
        lambda: plan.delay(-1),
        lambda: plan.times(0).reset(),
        lambda: plan.first(0).reset(),
    ):
        assert "expected" in refused(impossible)
    assert "Possible: importMasterData" in refused(plan.job_fails)
    assert len(casavi.faults) == 0


# Requests


def test_requests_are_found(casavi: Casavi, client: httpx.Client, send: Send) -> None:
    send().wait()
    client.get("/contacts", params={"page": 1}, headers={"x-mine": "1"})
    client.get("/contacts/unknown")
    sent = casavi.requests.to("importMasterData").one()
    assert sent.json == MASTER_DATA == json.loads(sent.text)
    assert (sent.method, sent.path, sent.status, sent.complete) == ("POST", "/import", 202, True)
    assert sent.response.json["jobId"] == sent.job_id == casavi.jobs.last.id
    assert sent.headers["token"] == "[redacted]"
    assert [request.operation for request in casavi.requests] == ["importMasterData", "getContacts", "getContactById"]
    assert (casavi.requests.first, casavi.requests.last.status) == (casavi.requests[0], 404)
    assert casavi.requests.where(status=404).one().rule == casavi.requests.last.rule
    assert casavi.requests.where(job=sent.job_id).count() == 1
    assert casavi.requests.to("getContacts").where(status=404).count() == 0
    listed = casavi.requests.to("getContacts").one()
    assert (listed.query, listed.headers["x-mine"], listed.detail, listed.notes) == ("page=1", "1", None, [])
    assert casavi.requests.last.response.headers["x-request-id"] == casavi.requests.last.id
    assert listed.at <= casavi.clock.now
    assert len(casavi.requests[1:]) == 2


def test_requests_that_are_not_there(casavi: Casavi, client: httpx.Client) -> None:
    assert not casavi.requests
    client.get("/contacts")
    casavi.requests.to("getJob").none()
    with pytest.raises(
        AssertionError, match=r"one request with operation getJob, got 0.\nAsked so far:\n  #\d+ .*GET /con"
    ):
        casavi.requests.to("getJob").one()
    with pytest.raises(AssertionError, match=r"no request with operation getContacts, status 200, got 1"):
        casavi.requests.to("getContacts").where(status=200).none()
    with pytest.raises(NothingThere, match="There is no request with rule x"):
        _ = casavi.requests.where(rule="x").first
    assert "There is no operation 'x'" in refused(lambda: casavi.requests.to("x"))
    casavi.requests.clear()
    casavi.requests.none()


def test_a_long_body_is_not_cut_silently(casavi: Casavi, send: Send) -> None:
    send({"contacts": [contact(id=f"C-{n}", note="x" * 100) for n in range(200)]}).wait()
    sent = casavi.requests.to("importMasterData").one()
    assert not sent.complete
    with pytest.raises(ValueError, match=r"the first 16384 are kept.*casavi.contacts"):
        _ = sent.json
    assert len(casavi.contacts) == 200


@pytest.mark.casavi(allow="request-violates-contract")
def test_a_refused_request_tells_why(casavi: Casavi, client: httpx.Client) -> None:
    client.post("/import", json={"contacts": [{}]})
    request = casavi.requests.last
    assert (request.status, request.rule, request.pointers) == (400, "schema-violation", ["/contacts/0"])
    assert request.detail
    assert request.evidence
    client.post("/import", content=b"{", headers={"content-type": "application/json"})
    with pytest.raises(ValueError, match="not JSON"):
        _ = casavi.requests.last.json


# Snapshots


def test_snapshots(casavi: Casavi, send: Send) -> None:
    casavi.load({"contacts": [contact(note="before")]})
    with casavi.snapshot():
        send({"contacts": [contact(note="after")]}).wait()
        assert casavi.contacts["C-1"]["note"] == "after"
    assert casavi.contacts["C-1"]["note"] == "before"
    taken = casavi.snapshot("start")
    for _ in range(2):
        casavi.load({"contacts": [contact(id="C-2")]})
        casavi.restore("start")
        assert list(casavi.contacts) == ["C-1"]
    casavi.load({"contacts": [contact(id="C-2")]})
    taken.restore()
    assert list(casavi.contacts) == ["C-1"]
    assert "Possible: start." in refused(lambda: casavi.restore("end"))


def test_a_snapshot_is_restored_after_an_error(casavi: Casavi) -> None:
    def fail() -> None:
        casavi.load({"contacts": [contact()]})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), casavi.snapshot():
        fail()
    assert len(casavi.contacts) == 0


def test_snapshots_do_not_pile_up(casavi: Casavi) -> None:
    for _ in range(30):
        with casavi.snapshot():
            pass


def test_no_snapshot_of_unfinished_jobs(casavi: Casavi, send: Send) -> None:
    with casavi.queue.hold():
        send()
        assert "drain the queue" in refused(casavi.snapshot)
    casavi.jobs.last.wait()


# Secrets


def test_secrets_are_not_shown(casavi: Casavi, client: httpx.Client, send: Send) -> None:
    send().wait()
    secrets = [casavi.token(), casavi.key, casavi.secret]
    shown = repr([casavi, *secrets, casavi.env, casavi.jobs, casavi.queue, casavi.clock])
    shown += repr([casavi.faults, casavi.contacts, casavi.requests, casavi.requests.all, casavi.requests.last.response])
    shown += str(casavi) + f"{casavi!r}" + casavi.requests.listing() + repr(vars(casavi.requests.last))
    assert [str(secret) for secret in secrets if str(secret) in shown] == []


def test_errors_are_of_one_family() -> None:
    assert {CannotSteer, NothingThere, WaitTimeout} <= set(CasaviError.__subclasses__())


def test_a_reset_begins_anew(casavi: Casavi, client: httpx.Client, send: Send) -> None:
    send().wait()
    begin = casavi.clock.now
    casavi.clock.advance(days=3)
    casavi.faults.on("getJob").reset()
    casavi.faults.on("getJob")
    casavi.reset()
    assert (len(casavi.contacts), len(casavi.jobs), len(casavi.faults), casavi.requests.count()) == (0, 0, 0, 0)
    assert begin <= casavi.clock.now < begin + timedelta(days=1)
    assert client.get("/contacts").status_code == 401
    casavi.requests.clear()


GATEWAY = "<html><h1>502 Bad Gateway</h1></html>"


def test_what_a_gateway_answers(casavi: Casavi, client: httpx.Client) -> None:
    casavi.faults.on("getContacts").once().status(502, body=GATEWAY, headers={"Server": "gate", "Retry-After": "0"})
    casavi.faults.on("getContacts").after(1).once().json({"error": ["ä"]}, status=504, headers={"x-mine": "1"})
    page, value = client.get("/contacts"), client.get("/contacts")
    assert (page.status_code, page.text, page.headers["server"]) == (502, GATEWAY, "gate")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert (value.status_code, value.json(), value.headers["x-mine"]) == (504, {"error": ["ä"]}, "1")
    assert value.headers["content-type"] == "application/json"
    assert [request.effect for request in casavi.requests] == ["status", "status"]


@pytest.mark.parametrize("headers", [{"Content-Length": "1"}, {"a b": "1"}, {"x": "1\r\ny: 2"}, {"X-Request-Id": "1"}])
def test_headers_that_no_answer_can_have(casavi: Casavi, headers: dict[str, str]) -> None:
    with pytest.raises(CannotSteer, match="headers"):
        casavi.faults.on("getContacts").status(502, headers=headers)
    with pytest.raises(CannotSteer, match="JSON"):
        casavi.faults.on("getContacts").json(object())


def test_an_answer_that_comes_slowly(casavi: Casavi, client: httpx.Client) -> None:
    whole = client.get("/contacts").content
    drip = casavi.faults.on("getContacts").drip(bytes_per_second=len(whole) * 10)
    assert client.get("/contacts").content == whole
    assert (drip.hits, casavi.requests.last.effect) == (1, "drip")


# Faults chosen by content


@pytest.mark.casavi(allow="retry-after-ignored")
def test_a_fault_counts_what_it_means(casavi: Casavi, client: httpx.Client) -> None:
    fault = casavi.faults.on("importMasterData").when(contact="C-7").once().status(503)
    bodies = [master_data(contacts=[contact(id=id_)]) for id_ in ("C-8", "C-7", "C-7")]
    answers = [client.post("/import", json=body) for body in bodies]
    assert [answer.status_code for answer in answers] == [202, 503, 202]
    assert (fault.calls, fault.hits) == (2, 1)
    for answer in answers[::2]:
        client.get(f"/jobs/{answer.json()['jobId']}")


def test_a_function_chooses_calls(casavi: Casavi, client: httpx.Client, casavi_config: CasaviConfig) -> None:
    begun = casavi.faults.on().when(lambda asked: asked.method == "GET" and asked.path.endswith("/C-7"))
    if casavi_config.backend not in ("server", "inprocess"):
        assert "in the process of the test" in refused(lambda: begun.status(500))
        return
    begun.status(500)
    assert [client.get(f"/contacts/{id_}").status_code for id_ in ("C-7", "C-8")] == [500, 404]
    casavi.faults.clear()
    casavi.faults.on("importMasterData").when(lambda asked: asked.json["contacts"]).status(502)
    assert client.post("/import", json=master_data(contacts=[contact()])).status_code == 502


def test_who_is_meant_has_to_be_said(casavi: Casavi) -> None:
    begun = casavi.faults.on("importMasterData")
    for wrong in ({}, {"contact": "C-1", "unit": "U-1"}):
        with pytest.raises(TypeError, match="say which calls"):
            begun.when(**wrong)
    assert "when" in refused(lambda: begun.when(flat="U-1").status(500))


def test_a_record_is_refused_by_a_rule(casavi: Casavi, client: httpx.Client, send: Send) -> None:
    refusal = casavi.records.refuse("units", "P-1/1", rule="missing-reference")
    casavi.records.refuse("contacts", "C-1", rule="account-full", times=1)
    casavi.records.refuse("contacts", "C-2")
    body = master_data(contacts=[contact(), contact(id="C-2")], properties=[HOUSE])
    found = [(error.id, error.rule) for error in send(body).wait().errors]
    assert found == [("C-1", "account-full"), ("C-2", "missing-reference"), ("P-1/1", "missing-reference")]
    assert ("P-1" in casavi.properties, "P-1/1" in casavi.units) == (True, False)
    assert len(client.get(f"/jobs/{casavi.jobs.last.id}").json()["errors"]) == 3
    refusal.remove()
    assert [error.id for error in send().wait().errors] == []
    assert "rule" in refused(lambda: casavi.records.refuse("units", "P-1/1", rule="unknown"))
