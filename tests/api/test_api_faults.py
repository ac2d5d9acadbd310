"""Faults over HTTP: what a client sees of each effect, in process and at a real port."""

import asyncio
import errno
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from casavi_fixtures import contact, property_
from casavi_mock.accounts import Account
from casavi_mock.domain.faults import Effect, Fault
from casavi_mock.domain.jobs import Progress
from casavi_mock.vendor.faults import Gone, pause
from tests.support.accounts import settings
from tests.support.client import PLAIN, Client
from tests.support.server import Live, Mock, shared_mock

BODY = {"contacts": [contact()]}
STATUS = {"kind": "status", "status": 503}
LOST = {"kind": "lost-response"}
RESET = {"kind": "reset"}
TRUNCATE = {"kind": "truncate"}
WORKING = ("authenticate", "refreshToken", "importMasterData")
"""Operations that leave something behind."""
READING = {
    "getContacts": "/contacts",
    "getContactById": "/contacts/C-first",
    "listContacts": "/v2/contacts",
    "listUnits": "/v2/units",
    "listProperties": "/v2/properties",
    "getPropertyById": "/v2/properties/P-first",
}
OPERATIONS = settings().operations


def add(account: Account, operation: str, effect: dict[str, Any], **calls: int) -> str:
    return account.faults.add(Fault(operation=operation, effect=Effect(**effect), **calls))


def request(account: Account, token: str, operation: str) -> dict[str, Any]:
    """A good call of an operation, as options of httpx."""
    headers = {"token": token}
    if operation == "authenticate":
        return {
            "method": "POST",
            "url": "/authenticate",
            "json": {"key": account.key, "secret": account.secret.reveal()},
        }
    if operation == "refreshToken":
        return {"method": "POST", "url": "/refresh", "json": {"apiKey": account.key, "token": token}}
    if operation == "importMasterData":
        return {"method": "POST", "url": "/import", "json": BODY, "headers": headers}
    path = READING[operation] if operation != "getJob" else f"/jobs/{account.jobs()[-1].id}"
    return {"method": "GET", "url": path, "headers": headers}


class Caller:
    """Calls operations of one account without looking at the answers."""

    def __init__(self, account: Account, connection: httpx.AsyncClient, token: str) -> None:
        self.account = account
        self.connection = connection
        self.token = token

    async def call(self, operation: str, **options: Any) -> httpx.Response:
        answer = await self.connection.request(**request(self.account, self.token, operation), **options)
        if operation == "refreshToken" and answer.is_success:  # the old one has ended
            self.token = answer.json()["token"]
        return answer

    def add(self, operation: str, effect: dict[str, Any], **calls: int) -> str:
        return add(self.account, operation, effect, **calls)

    @property
    def work(self) -> tuple[int, int, int]:
        """What shows that work was done: tokens, jobs, records."""
        return len(self.account.tokens), len(self.account.queue), self.account.store.count("contacts")

    @property
    def injected(self) -> list[tuple[str | None, int, str | None]]:
        """Operation, status and fault of the journal's exchanges."""
        return [(entry.operation, entry.status, entry.injected) for entry in self.account.journal]


async def caller_of(client: Client) -> Caller:
    """A caller who is logged in and has a job."""
    await client.imported({"contacts": [contact(id="C-first")], "properties": [property_(id="P-first")]})
    client.account.journal.clear()
    return Caller(client.account, client.connection, client.token)


@pytest.fixture
async def caller(client: Client) -> Caller:
    return await caller_of(client)


@pytest.fixture
async def wired(live: Live) -> AsyncIterator[Caller]:
    """A caller over a real connection."""
    async with httpx.AsyncClient(base_url=live.url, timeout=60, trust_env=False, verify=PLAIN) as connection:
        client = Client(live.mock, connection, live.mock.account())
        yield await caller_of(client)


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_status_takes_the_place_of_the_work(caller: Caller, operation: str) -> None:
    before = caller.work
    fault = caller.add(operation, STATUS, times=1)
    answer = await caller.call(operation)
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert "retry-after" not in answer.headers
    assert answer.json() == {
        "type": "urn:casavi-mock:injected",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "This answer was injected by a fault of the mock.",
        "rule": "injected",
        "evidence": "assumed",
        "requestId": answer.headers["x-request-id"],
    }
    assert caller.work == before
    assert caller.injected == [(operation, 503, fault)]
    assert (await caller.call(operation)).is_success
    assert caller.injected[1][2] is None


@pytest.mark.parametrize(
    ("status", "seconds", "title"),
    [(429, 7, "Too Many Requests"), (500, 0, "Internal Server Error"), (599, None, "Injected Error")],
)
async def test_retry_after(caller: Caller, status: int, seconds: int | None, title: str) -> None:
    caller.add("getJob", {"kind": "status", "status": status, "retry_after_seconds": seconds})
    answer = await caller.call("getJob")
    assert (answer.status_code, answer.json()["title"]) == (status, title)
    assert answer.headers.get("retry-after") == (None if seconds is None else str(seconds))


async def test_error_bodies_have_the_media_type_of_the_profile() -> None:
    mock = shared_mock(error_media_type="application/json")
    async with mock.client() as client:
        caller = await caller_of(client)
        caller.add("getJob", STATUS)
        assert (await caller.call("getJob")).headers["content-type"] == "application/json"


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_reset_does_no_work(caller: Caller, operation: str) -> None:
    """Without a connection, the client's call raises what a connection would."""
    before = caller.work
    fault = caller.add(operation, RESET, times=1)
    with pytest.raises(ConnectionResetError) as reset:
        await caller.call(operation)
    assert reset.value.errno == errno.ECONNRESET
    assert caller.work == before
    assert caller.injected == [(operation, 0, fault)]
    assert (await caller.call(operation)).is_success


@pytest.mark.parametrize("effect", [LOST, TRUNCATE], ids=lambda effect: effect["kind"])
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_work_is_done_though_the_answer_is_lost(caller: Caller, operation: str, effect: dict[str, Any]) -> None:
    before = caller.work
    fault = caller.add(operation, effect, times=1)
    with pytest.raises(ConnectionResetError):
        await caller.call(operation)
    assert (caller.work != before) is (operation in WORKING)
    (seen,) = caller.injected
    assert seen == (operation, 202 if operation == "importMasterData" else 200, fault)


async def test_a_lost_import_was_imported(caller: Caller) -> None:
    caller.add("importMasterData", LOST, times=1)
    with pytest.raises(ConnectionResetError):
        await caller.call("importMasterData")
    assert caller.work[1:] == (2, 2)
    again = await caller.call("importMasterData")
    headers = {"token": caller.token}
    job = (await caller.connection.get(f"/jobs/{again.json()['jobId']}", headers=headers)).json()
    assert job["counts"]["contacts"] == {"created": 0, "updated": 0, "unchanged": 1, "refused": 0}


async def test_a_refusal_can_be_lost_too(caller: Caller) -> None:
    caller.add("importMasterData", LOST)
    with pytest.raises(ConnectionResetError):
        await caller.connection.post("/import", json={"contacts": 7}, headers={"token": caller.token})
    (entry,) = caller.account.journal
    assert (entry.status, entry.rule, entry.injected) == (400, "schema-violation", "fault-1")


class Gate:
    """Delays until it is opened, in place of time."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.closed = asyncio.Event()
        self.open = asyncio.Event()

    async def __call__(self, seconds: float, gone: Gone) -> None:
        assert not gone()
        self.asked.append(seconds)
        self.closed.set()
        await self.open.wait()


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_delay_puts_work_off_and_harms_nobody_else(operation: str) -> None:
    mock = Mock(progress=Progress(progress="immediate"))
    async with mock.client() as client:
        caller = await caller_of(client)
        other = await caller_of(client.another())
        gate = mock.app.pause = Gate()
        before = caller.work
        fault = caller.add(operation, {"kind": "delay", "seconds": 2.5}, times=1)
        delayed = asyncio.create_task(caller.call(operation))
        await gate.closed.wait()
        assert caller.work == before
        for name in OPERATIONS:
            assert (await other.call(name)).is_success
        assert (await caller.call("getJob")).is_success
        assert not delayed.done()
        gate.open.set()
        assert (await delayed).is_success
        assert (caller.work != before) is (operation in WORKING)
        assert gate.asked == [2.5]
        assert caller.injected[-1][2] == fault


async def test_delays_wait_in_real_time() -> None:
    assert shared_mock().app.pause is pause
    loop = asyncio.get_running_loop()
    before = loop.time()
    await pause(0.02, lambda: False)
    assert loop.time() >= before + 0.02


async def test_no_delay_is_longer_than_its_client_waits() -> None:
    looks = iter((False, True))
    await pause(3600, lambda: next(looks))
    assert list(looks) == []


@pytest.mark.parametrize(("kind", "outcome"), [("job-fails", "failed"), ("job-stalls", "active")])
async def test_the_job_that_is_created_is_struck(timed: Client, kind: str, outcome: str) -> None:
    await timed.imported({"contacts": [contact(id="C-first")]})
    add(timed.account, "importMasterData", {"kind": kind}, first=2, times=1)
    first, struck, last = [(await timed.send({"contacts": [contact(id=f"C-{n}")]})).json()["jobId"] for n in range(3)]
    timed.mock.time.advance(seconds=60)
    timed.account.run_due(1000)
    states = [(await timed.job(job))["status"] for job in (first, struck)]
    assert states == ["completed", outcome]
    if kind == "job-stalls":
        timed.account.force("completed", struck)
    assert (await timed.finished(last))["status"] == "completed"


@pytest.mark.parametrize("kind", ["job-fails", "job-stalls"])
async def test_an_import_that_is_refused_leaves_no_job_to_strike(client: Client, kind: str) -> None:
    """The call was struck, but had no job; the next one is not in its place."""
    add(client.account, "importMasterData", {"kind": kind}, times=1)
    assert (await client.send({"contacts": 7})).status_code == 400
    assert (await client.imported(BODY))["status"] == "completed"


async def test_a_job_that_waits_already_is_not_struck(timed: Client) -> None:
    await timed.log_in()
    timed.account.hold()
    before = (await timed.send(BODY)).json()["jobId"]
    add(timed.account, "importMasterData", {"kind": "job-fails"}, times=1)
    struck = (await timed.send(BODY)).json()["jobId"]
    timed.account.release()
    assert [(await timed.finished(job))["status"] for job in (before, struck)] == ["completed", "failed"]


async def test_calls_are_counted(caller: Caller) -> None:
    caller.add("getJob", STATUS, first=2, times=2)
    assert [(await caller.call("getJob")).status_code for _ in range(5)] == [200, 503, 503, 200, 200]
    (seen,) = caller.account.faults.list()
    assert (seen.calls, seen.hits, seen.over) == (5, 2, True)


async def test_a_fault_on_everything(caller: Caller) -> None:
    caller.add("*", STATUS, first=2, times=3)
    assert [(await caller.call(name)).status_code for name in (*WORKING, "getJob", "getJob")] == [
        200,
        503,
        503,
        503,
        200,
    ]


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_other_operations_are_not_touched(caller: Caller, operation: str) -> None:
    caller.add(operation, STATUS)
    for other in OPERATIONS:
        assert (await caller.call(other)).is_success is (other != operation)


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_other_accounts_are_not_touched(client: Client, caller: Caller, operation: str) -> None:
    other = await caller_of(client.another())
    caller.add("*", RESET)
    assert (await other.call(operation)).is_success
    assert other.injected[0][2] is None
    assert caller.account.faults.list()[0].calls == 0


async def test_calls_without_an_account_are_not_touched(caller: Caller) -> None:
    """Who is not known to the mock cannot be told which faults are meant."""
    caller.add("*", RESET)
    unknown = {"key": "no such key", "secret": "x"}
    for path, body in (("/authenticate", unknown), ("/authenticate", {}), ("/refresh", {"apiKey": "x", "token": "x"})):
        assert (await caller.connection.post(path, json=body)).status_code in (400, 401)
    assert (await caller.connection.get("/jobs/x", headers={"token": "x"})).status_code == 401
    assert (await caller.connection.get("/nowhere")).status_code == 404
    assert caller.account.faults.list()[0].calls == 0


async def test_wrong_credentials_are_not_looked_at(caller: Caller) -> None:
    """A log-in is struck by the key that it names, before anything is checked."""
    caller.add("authenticate", STATUS, times=1)
    wrong = {"key": caller.account.key, "secret": "wrong"}
    statuses = [(await caller.connection.post("/authenticate", json=wrong)).status_code for _ in range(2)]
    assert statuses == [503, 401]


async def test_a_removed_fault_is_gone(caller: Caller) -> None:
    fault = caller.add("getJob", STATUS)
    caller.add("getJob", {"kind": "status", "status": 502}, first=2)
    statuses = [(await caller.call("getJob")).status_code]
    caller.account.faults.remove(fault)
    statuses += [(await caller.call("getJob")).status_code]
    caller.account.faults.clear()
    statuses += [(await caller.call("getJob")).status_code]
    assert statuses == [503, 502, 200]


@pytest.mark.parametrize("path", READING.values())
async def test_reading_is_an_operation_too(caller: Caller, path: str) -> None:
    caller.add("*", STATUS, times=1)
    statuses = [(await caller.connection.get(path, headers={"token": caller.token})).status_code for _ in range(2)]
    assert statuses == [503, 200]


async def test_no_call_is_counted_twice(caller: Caller) -> None:
    caller.add("importMasterData", STATUS, times=5)
    answers = await asyncio.gather(*(caller.call("importMasterData") for _ in range(16)))
    assert sorted(answer.status_code for answer in answers) == [202] * 11 + [503] * 5
    assert len([name for _, _, name in caller.injected if name]) == 5


async def test_a_head_request_is_cut_after_its_headers(caller: Caller) -> None:
    caller.add("getJob", TRUNCATE)
    options = request(caller.account, caller.token, "getJob") | {"method": "HEAD"}
    with pytest.raises(ConnectionResetError):
        await caller.connection.request(**options)


# At a real port


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_live_statuses(wired: Caller, operation: str) -> None:
    wired.add(operation, {"kind": "status", "status": 429, "retry_after_seconds": 3}, times=1)
    answer = await wired.call(operation)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    assert (await wired.call(operation)).is_success


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_live_resets(wired: Caller, operation: str) -> None:
    before = wired.work
    fault = wired.add(operation, RESET, times=1)
    with pytest.raises(httpx.ReadError):
        await wired.call(operation)
    assert wired.work == before
    assert wired.injected == [(operation, 0, fault)]
    assert (await wired.call(operation)).is_success


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_live_lost_responses(wired: Caller, operation: str) -> None:
    before = wired.work
    wired.add(operation, LOST, times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        await wired.call(operation)
    assert (wired.work != before) is (operation in WORKING)
    assert (await wired.call("authenticate")).is_success


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_live_truncated_answers(wired: Caller, operation: str) -> None:
    before = wired.work
    wired.add(operation, TRUNCATE, times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        await wired.call(operation)
    assert (wired.work != before) is (operation in WORKING)
    assert (await wired.call("authenticate")).is_success


async def test_live_lost_import(wired: Caller) -> None:
    wired.add("importMasterData", LOST, times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        await wired.call("importMasterData")
    assert wired.work[1:] == (2, 2)
    job_id = (await wired.call("importMasterData")).json()["jobId"]
    job = (await wired.connection.get(f"/jobs/{job_id}", headers={"token": wired.token})).json()
    assert job["counts"]["contacts"]["unchanged"] == 1


async def test_live_concurrent_calls(wired: Caller) -> None:
    wired.add("getJob", RESET, times=5)
    answers = await asyncio.gather(*(wired.call("getJob") for _ in range(16)), return_exceptions=True)
    assert len([answer for answer in answers if isinstance(answer, httpx.ReadError)]) == 5
    assert len([answer for answer in answers if isinstance(answer, httpx.Response) and answer.is_success]) == 11


@pytest.fixture(scope="module")
def plain() -> Iterator[Live]:
    """A server with uvicorn's other implementation of HTTP, and Python's own event loop."""
    live = Live(Mock(progress=Progress(progress="immediate")))
    live.server.config.http, live.server.config.loop = "h11", "asyncio"
    with live.running():
        yield live


Raw = tuple[Account, socket.socket, bytes]


@pytest.fixture(params=["live", "plain"])
def raw(request: pytest.FixtureRequest) -> Iterator[Raw]:
    """An account, a connection, and a request for a job that does not exist."""
    live: Live = request.getfixturevalue(request.param)
    account = live.mock.account()
    token = account.tokens.issue(live.mock.time()).text.reveal()
    with socket.create_connection(("127.0.0.1", live.port), timeout=60) as connection:
        yield account, connection, f"GET /jobs/x HTTP/1.1\r\nHost: mock\r\nToken: {token}\r\n\r\n".encode()


def read(connection: socket.socket) -> bytes:
    """Everything up to the end of the connection."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def test_the_wire_is_reset(raw: Raw) -> None:
    account, connection, asked = raw
    add(account, "getJob", RESET)
    connection.sendall(asked)
    with pytest.raises(ConnectionResetError) as reset:
        connection.recv(1)
    assert reset.value.errno == errno.ECONNRESET


def test_the_wire_is_closed_without_a_byte(raw: Raw) -> None:
    account, connection, asked = raw
    add(account, "getJob", LOST)
    connection.sendall(asked)
    assert read(connection) == b""


def test_half_of_the_body_goes_over_the_wire(raw: Raw) -> None:
    account, connection, asked = raw
    add(account, "getJob", TRUNCATE)
    connection.sendall(asked)
    head, _, body = read(connection).partition(b"\r\n\r\n")
    announced = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    assert len(body) == announced // 2
    assert body.startswith(b'{"type":')


@pytest.mark.parametrize("effect", [RESET, LOST, TRUNCATE], ids=lambda effect: effect["kind"])
def test_what_was_answered_before_stays_answered(raw: Raw, effect: dict[str, Any]) -> None:
    """A later request in the same connection is struck; one that was sent ahead after it is not answered."""
    account, connection, asked = raw
    add(account, "getJob", effect, first=2, times=1)
    connection.sendall(asked)
    assert connection.recv(65536).startswith(b"HTTP/1.1 404 ")
    connection.sendall(asked + asked)
    try:
        rest = read(connection)
    except ConnectionResetError:  # also if the system finds what was sent ahead unread
        rest = b""
    assert rest.count(b"HTTP/1.1") == (effect is TRUNCATE and rest != b"")
    assert [entry.injected for entry in account.journal] == [None, "fault-1"]


def test_a_large_import_is_refused_before_it_is_read(raw: Raw) -> None:
    """What is still to come of the body is not taken for another request."""
    account, connection, asked = raw
    add(account, "importMasterData", STATUS, times=1)
    body = json.dumps({"contacts": [contact(id=f"C-{n}") for n in range(3000)]}).encode()
    post = asked.replace(b"GET /jobs/x", b"POST /import").removesuffix(b"\r\n")
    post += b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    sender = threading.Thread(target=connection.sendall, args=(post + body + asked,))
    sender.start()
    seen = b""
    while seen.count(b"HTTP/1.1") < 2:
        more = connection.recv(65536)
        assert more, seen
        seen += more
    sender.join(60)
    assert [line.split()[1] for line in seen.split(b"\r\n") if line.startswith(b"HTTP/1.1")] == [b"503"]
    assert b"HTTP/1.1 404 " in seen
    assert len(account.queue) == 0


async def test_live_delays(wired: Caller) -> None:
    wired.add("importMasterData", {"kind": "delay", "seconds": 0.01}, times=1)
    assert (await wired.call("importMasterData")).is_success
    assert wired.injected == [("importMasterData", 202, "fault-1")]


async def test_a_client_that_does_not_wait_for_a_delayed_import(wired: Caller) -> None:
    """It can not be known how far the import had come; in the mock it is not done."""
    before = wired.work
    wired.add("importMasterData", {"kind": "delay", "seconds": 3600}, times=1)
    with pytest.raises(httpx.ReadTimeout):
        await wired.call("importMasterData", timeout=httpx.Timeout(60, read=0.05))
    async with asyncio.timeout(60):
        while not wired.injected:  # the server sees that the client has gone, which takes it a moment
            await wired.connection.get("/openapi.json")
    assert wired.injected == [("importMasterData", 0, "fault-1")]
    assert wired.work == before


@pytest.mark.parametrize("effect", [RESET, LOST, TRUNCATE, STATUS], ids=lambda effect: effect["kind"])
async def test_the_server_does_not_complain(
    wired: Caller, effect: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    wired.add("getJob", effect, times=1)
    await asyncio.gather(wired.call("getJob"), return_exceptions=True)
    assert (await wired.call("getJob")).is_success
    assert [record.name for record in caplog.records if record.name.startswith(("uvicorn", "asyncio"))] == []


# Faults that look at what is asked


@pytest.mark.parametrize("padding", [0, 200_000])
async def test_a_fault_that_looks_at_a_body_leaves_it_to_the_import(padding: int) -> None:
    """Also at a long one, of which others do not wait."""
    async with shared_mock().client() as client:
        account = client.account
        fails = Effect(kind="job-fails")
        account.faults.add(Fault(operation="importMasterData", effect=fails, when="contact=C-7"))
        refusal = Effect(kind="record-refused", entity="contacts", id="C-8", rule="account-full")
        account.faults.add(Fault(operation="importMasterData", effect=refusal))
        headers = {"content-type": "application/json", "token": await client.log_in()}
        for id_ in ("C-7", "C-8"):
            content = json.dumps({"contacts": [contact(id=id_), contact(id="C-9")]}).encode().ljust(padding)
            assert (await client.request("POST", "/import", content=content, headers=headers)).status_code == 202
        jobs = [(await client.request("GET", f"/jobs/{job.id}", headers=headers)).json() for job in account.jobs()]
        assert [job["status"] for job in jobs] == ["completed", "failed"]  # the newest first
        job = jobs[0]
        assert [(error["id"], error["rule"]) for error in job["errors"]] == [("C-8", "account-full")]


async def test_a_fault_that_looks_reads_no_more_than_there_may_be() -> None:
    async with shared_mock(max_body_mb=0.001).client() as client:
        client.account.faults.add(Fault(operation="importMasterData", effect=Effect(**RESET), when="contact=C-7"))
        headers = {"content-type": "application/json", "token": await client.log_in()}
        for content in (b" " * 1_001, b"["):
            answer = await client.request("POST", "/import", content=content, headers=headers)
            assert answer.status_code == (413 if len(content) > 1 else 400)
