"""Clients of every kind reach the mock, in tests of every kind."""

import os
import subprocess
import sys
from typing import Any, get_args

import pytest

from casavi_mock.accounts import Settings
from casavi_mock.domain.violations import RULES
from pytest_casavi import Casavi, names
from tests.support.server import ACCOUNT, CONTROL_TOKEN, GIVEN, Live
from tests.support.tamper import Response
from tests.support.wrong_servers import serving

CLIENTS = '''
import asyncio, json, os, subprocess, sys, threading, urllib.request
import aiohttp, httpx, pytest, requests

BODY = {"contacts": [{"id": "C-1", "lastName": "Müller"}]}
SCRIPT = """
import json, os, urllib.request
url, key, secret = (os.environ[name] for name in ("CASAVI_URL", "CASAVI_API_KEY", "CASAVI_API_SECRET"))
def call(path, headers={}, body=None):
    raw = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, raw, {"Content-Type": "application/json", **headers})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)
token = call("/authenticate", body={"key": key, "secret": secret})["token"]
job = call("/import", {"token": token}, {"contacts": [{"id": "C-1", "lastName": "Müller"}]})["jobId"]
assert call("/jobs/" + job, {"token": token})["status"] == "completed"
"""

def check(casavi):
    assert casavi.contacts["C-1"]["lastName"] == "Müller"
    assert casavi.requests.to("importMasterData").one().json == BODY
    assert casavi.requests.to("authenticate").one().status == 200

def test_requests(casavi):
    with requests.Session() as session:
        answer = session.post(casavi.url + "/authenticate", json={"key": casavi.key, "secret": casavi.secret})
        session.headers["token"] = answer.json()["token"]
        job = session.post(casavi.url + "/import", json=BODY).json()["jobId"]
        assert session.get(f"{casavi.url}/jobs/{job}").json()["status"] == "completed"
        assert session.get(casavi.url + "/contacts", headers={"token": casavi.token()}).status_code == 200
    check(casavi)

def test_httpx(casavi):
    with httpx.Client(base_url=casavi.url) as client:
        answer = client.post("/authenticate", json={"key": casavi.key, "secret": casavi.secret})
        client.headers["token"] = answer.json()["token"]
        job = client.post("/import", json=BODY).json()["jobId"]
        assert client.get(f"/jobs/{job}").json()["status"] == "completed"
        assert client.get("/contacts", headers={"token": casavi.token()}).status_code == 200
    check(casavi)

def test_urllib(casavi, monkeypatch):
    for name, value in casavi.env.items():
        monkeypatch.setenv(name, value)
    exec(SCRIPT, {})
    asked = urllib.request.Request(casavi.url + "/contacts", headers={"token": casavi.token()})
    with urllib.request.urlopen(asked) as answer:
        assert json.load(answer)["count"] == 1
    check(casavi)

def test_another_process(casavi):
    subprocess.run([sys.executable, "-c", SCRIPT], env={**os.environ, **casavi.env}, check=True)
    check(casavi)

def test_threads(casavi, casavi_client):
    def send(number):
        casavi_client.post("/import", json={"contacts": [{"id": f"C-{number}", "lastName": "x"}]})
    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([job.wait() for job in casavi.jobs]) == len(casavi.contacts) == 8

def test_another_json(casavi):
    import msgspec, orjson
    plain = {"key": str(casavi.key), "secret": str(casavi.secret)}  # msgspec takes no text that is more than a text
    for raw in (orjson.dumps({"key": casavi.key, "secret": casavi.secret}), msgspec.json.encode(plain)):
        answer = requests.post(casavi.url + "/authenticate", data=raw, headers={"Content-Type": "application/json"})
        assert answer.status_code == 200

async def session(casavi):
    async with aiohttp.ClientSession(casavi.url) as client:
        async with client.post("/authenticate", json={"key": casavi.key, "secret": casavi.secret}) as answer:
            headers = {"token": (await answer.json())["token"]}
        async with client.post("/import", json=BODY, headers=headers) as answer:
            job = (await answer.json())["jobId"]
        async with client.get(f"/jobs/{job}", headers=headers) as answer:
            assert (await answer.json())["status"] == "completed"
        async with client.get("/contacts", headers={"token": casavi.token()}) as answer:
            assert answer.status == 200
    check(casavi)

@pytest.mark.asyncio
async def test_aiohttp(casavi):
    await session(casavi)

@pytest.mark.asyncio
@pytest.mark.casavi(progress="time", job_seconds=0.05)
async def test_a_client_beside_the_test(casavi):
    async def client():
        async with casavi.async_client() as http:
            job = (await http.post("/import", json=BODY)).json()["jobId"]
            while (await http.get(f"/jobs/{job}")).json()["status"] != "completed":
                casavi.clock.advance(seconds=1)
    await asyncio.gather(client(), client(), client())
    assert len(casavi.jobs) == 3
'''

WITH_A_TRANSPORT = """
import anyio, anyio.lowlevel
import httpx
import pytest

from casavi_mock.accounts import Settings
from casavi_mock.domain.violations import RULES
from pytest_casavi import names

BODY = {"contacts": [{"id": "C-1", "lastName": "Smith"}]}

def test_sync(casavi):
    with httpx.Client(base_url=casavi.url, transport=casavi.transport) as client:
        answer = client.post("/authenticate", json={"key": casavi.key, "secret": casavi.secret})
        client.headers["token"] = answer.json()["token"]
        assert client.get("/contacts?page=1").json()["count"] == 0

def test_client(casavi_client, casavi):
    assert casavi_client.get("/contacts").status_code == 200
    with casavi.client(headers={"x-mine": "1"}, timeout=60) as client:
        client.get("/contacts")
    assert casavi.requests.last.headers["x-mine"] == "1"

@pytest.mark.asyncio
async def test_asyncio(casavi):
    async with casavi.async_client() as client:
        job = (await client.post("/import", json=BODY)).json()["jobId"]
        assert (await client.get(f"/jobs/{job}")).json()["status"] == "completed"
    assert "C-1" in casavi.contacts

@pytest.mark.anyio
async def test_anyio(casavi, anyio_backend):
    async with casavi.async_client() as client:
        async def ask():
            assert (await client.get("/contacts")).status_code == 200
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(ask)
    assert casavi.requests.to("getContacts").count() == 20

@pytest.mark.anyio
async def test_a_client_that_loses_patience(casavi, anyio_backend):
    fault = casavi.faults.on("getContacts").once().delay(3600)
    async with casavi.async_client() as client:
        answers = []
        async def ask():
            answers.append(await client.get("/contacts", timeout=60))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            while not fault.hits:  # until the request has arrived
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        assert answers == []
        assert (await client.get("/contacts", timeout=60)).status_code == 200

def test_ids_with_slashes(casavi, casavi_client):
    casavi.load({"contacts": [{"id": "a/b c|ä", "lastName": "x"}]})
    assert casavi_client.get("/contacts/a%2Fb%20c%7C%C3%A4").json()["id"] == "a/b c|ä"
"""


def test_clients_of_every_kind(project: pytest.Pytester) -> None:
    """In a process of its own, where everything is imported anew and every warning is an error."""
    project.makepyfile(CLIENTS)
    project.runpytest_subprocess().assert_outcomes(passed=8)


@pytest.mark.parametrize("backend", ["server", "inprocess"])
def test_httpx_clients(project: pytest.Pytester, backend: str) -> None:
    project.makepyfile(WITH_A_TRANSPORT)
    outcome = project.runpytest_inprocess(f"--casavi-backend={backend}")
    outcome.assert_outcomes(passed=8)


def test_nothing_listens_without_a_socket(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import socket
        import httpx, pytest

        def test_it(monkeypatch, request):
            def refuse(*args, **options):
                raise AssertionError("a socket was bound")
            monkeypatch.setattr(socket.socket, "bind", refuse)
            casavi = request.getfixturevalue("casavi")
            with casavi.client() as client:
                assert client.get("/contacts").status_code == 200
            with pytest.raises(httpx.ConnectError):
                httpx.get(casavi.url)
        """
    )
    project.runpytest_inprocess("--casavi-backend=inprocess").assert_outcomes(passed=1)


# At an address


def test_a_mock_at_an_address(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, running_mock: Live) -> None:
    before = len(running_mock.mock.registry)
    project.makepyfile(
        WITH_A_TRANSPORT
        + """
def test_own_account(casavi, make_casavi):
    assert len({casavi.key, make_casavi().key, "KEY"}) == 3
    assert casavi.transport is None

def test_steered(casavi, casavi_client):
    casavi.load("small-house")
    casavi.clock.freeze()
    casavi.faults.on("getContacts").status(503)
    assert casavi_client.get("/contacts").status_code == 503

def test_judged(casavi, casavi_client):
    casavi_client.get("/contacts", params={"token": "secret-text"})
""".replace("KEY", GIVEN[0].key)
    )
    monkeypatch.setenv("CASAVI_MOCK_CONTROL_TOKEN", CONTROL_TOKEN)
    outcome = project.runpytest_inprocess(f"--casavi-url={running_mock.url}/", "--casavi-report-dir=reports")
    outcome.assert_outcomes(passed=10, failed=1)
    outcome.stdout.fnmatch_lines(["1. token-in-url (error)*", "*casavi: requests*"])
    assert len(running_mock.mock.registry) == before
    assert CONTROL_TOKEN not in outcome.stdout.str()


def test_a_client_of_another_address_goes_by_the_proxies(casavi: Casavi, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    with serving(lambda asked: Response(418)) as (proxy, asked):
        monkeypatch.setenv("HTTP_PROXY", proxy)
        with casavi.client(base_url="http://api.example.test") as client:
            assert client.get("/contacts").status_code == 418
        with casavi.client() as client:
            assert client.get("/contacts").status_code == 200
    assert len(asked) == 1


@pytest.mark.parametrize("token", [None, "wrong"])
def test_a_mock_that_wants_its_control_token(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, running_mock: Live, token: str | None
) -> None:
    if token:
        monkeypatch.setenv("CASAVI_MOCK_CONTROL_TOKEN", token)
    project.makepyfile("def test_it(casavi): pass")
    outcome = project.runpytest_inprocess(f"--casavi-url={running_mock.url}")
    outcome.assert_outcomes(errors=1)
    outcome.stdout.fnmatch_lines(["CannotSteer: The mock at * wants its control token: set CASAVI_MOCK_CONTROL_TOKEN."])


UNCONTROLLED = """
import os
import pytest

from casavi_mock.accounts import Settings
from casavi_mock.domain.violations import RULES
from pytest_casavi import names

def test_client(casavi, casavi_client):
    assert casavi_client.get("/contacts").status_code == 200
    assert casavi.token() != casavi.token()

def test_credentials(casavi, casavi_server):
    assert (casavi.key, casavi.secret) == (os.environ["CASAVI_API_KEY"], os.environ["CASAVI_API_SECRET"])
    assert casavi.env["CASAVI_URL"] == casavi.url == casavi_server.url

def test_bad_manners(casavi, casavi_client):
    casavi_client.get("/contacts", params={"token": "x"})

def test_failure(casavi):
    assert 0

@pytest.mark.parametrize("ask", [
    lambda casavi: casavi.clock.advance(days=1),
    lambda casavi: casavi.queue.hold(),
    lambda casavi: casavi.jobs.last,
    lambda casavi: casavi.faults.on("getJob"),
    lambda casavi: len(casavi.contacts),
    lambda casavi: casavi.load("small-house"),
    lambda casavi: casavi.requests.all,
    lambda casavi: casavi.violations,
    lambda casavi: casavi.snapshot(),
    lambda casavi: casavi.expire_tokens(),
])
def test_steering(casavi, ask):
    ask(casavi)

@pytest.mark.casavi(load="small-house")
def test_marked(casavi):
    pass
"""


def test_an_api_that_cannot_be_steered(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, uncontrolled_mock: Live
) -> None:
    """What needs the control plane is skipped with a reason; nothing is opened, loaded or closed."""
    for name, value in ACCOUNT.items():
        monkeypatch.setenv(name, value)
    project.makepyfile(UNCONTROLLED)
    outcome = project.runpytest_inprocess(f"--casavi-url={uncontrolled_mock.url}", "-rs", "--casavi-report-dir=reports")
    outcome.assert_outcomes(passed=3, failed=1, skipped=11)
    outcome.stdout.fnmatch_lines(
        ["SKIPPED*needs the control plane of casavi-mock (advanceClock); http://127.0.0.1:* has none"]
    )
    assert len(uncontrolled_mock.mock.registry) == 1
    assert not (project.path / "reports").exists()


def test_an_api_without_credentials(project: pytest.Pytester, uncontrolled_mock: Live) -> None:
    project.makepyfile("def test_it(casavi): pass")
    outcome = project.runpytest_inprocess(f"--casavi-url={uncontrolled_mock.url}")
    outcome.assert_outcomes(errors=1)
    outcome.stdout.fnmatch_lines(["CannotSteer: *has no control plane*CASAVI_API_KEY and CASAVI_API_SECRET."])


def test_wrong_credentials(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, uncontrolled_mock: Live) -> None:
    monkeypatch.setenv("CASAVI_API_KEY", "wrong-key-of-nobody")
    monkeypatch.setenv("CASAVI_API_SECRET", "wrong-secret-of-nobody")
    project.makepyfile("def test_it(casavi): casavi.token()")
    outcome = project.runpytest_inprocess(f"--casavi-url={uncontrolled_mock.url}")
    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(["E*CannotSteer: http://127.0.0.1:* gives no token: *401*"])
    assert "wrong-secret-of-nobody" not in outcome.stdout.str()


def test_nothing_at_the_address(project: pytest.Pytester) -> None:
    project.makepyfile("def test_it(casavi): pass")
    outcome = project.runpytest_inprocess("--casavi-url=http://127.0.0.1:9")
    outcome.assert_outcomes(errors=1)
    outcome.stdout.fnmatch_lines(["CannotSteer: http://127.0.0.1:9 does not answer: *Is it running?"])


# Types


@pytest.mark.slow
def test_types_are_seen(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_good="""
        from pathlib import Path
        import httpx
        from pytest_casavi import (
            Casavi, CasaviConfig, CasaviServer, Clock, Exchange, Fault, Job, JobError, MakeCasavi, Queue, Record, Snapshot,
            Violation,
        )

        def test_types(casavi: Casavi, casavi_client: httpx.Client, make_casavi: MakeCasavi) -> None:
            casavi.clock.advance(days=31)
            job: Job = casavi.jobs.last.wait()
            error: JobError = job.errors[0]
            name: str = error.message
            record: Record = casavi.contacts["C-1"]
            request: Exchange = casavi.requests.to("importMasterData").one()
            clock: Clock = casavi.clock
            queue: Queue = casavi.queue
            snapshot: Snapshot = casavi.snapshot()
            violations: list[Violation] = casavi.violations
            fault: Fault = casavi.faults.on("importMasterData").times(2).status(503, retry_after=5)
            casavi.faults.on().reset()
            with casavi.snapshot(), casavi.queue.hold():
                make_casavi(load=Path("x.json"), allow=["polls-too-fast"])
            httpx.Client(transport=casavi.transport)
            httpx.AsyncClient(transport=casavi.transport)

        def test_server(casavi_server: CasaviServer, casavi_config: CasaviConfig) -> None:
            with casavi_server.account() as casavi:
                print(casavi.url, casavi_config.backend)
        """,
        test_bad="""
        from pytest_casavi import Casavi, MakeCasavi

        def test_types(casavi: Casavi) -> None:
            casavi.clock.advance(day=31)
            casavi.queue.set("fast")
            name: int = casavi.jobs.last.status
            casavi.nothing
            casavi.faults.on("importt")
            casavi.requests.to("importt")

        def test_rules(make_casavi: MakeCasavi) -> None:
            make_casavi(allow="polls-to-fast")
        """,
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", os.devnull, "test_good.py", "test_bad.py"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=project.path, check=False)
    lines: list[Any] = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert [line.split(": error: ")[0] for line in lines] == [
        f"test_bad.py:{number}" for number in (4, 5, 6, 7, 8, 9, 12)
    ], done.stdout


def test_names_are_those_of_the_contract() -> None:
    assert get_args(names.Operation) == Settings.from_profile().operations
    assert get_args(names.Rule) == tuple(RULES)
