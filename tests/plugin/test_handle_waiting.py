"""A test waits for a client that works beside it, and for what does not exist yet."""

import asyncio
import sys
import threading
import types
from collections.abc import Callable, Iterator

import anyio
import httpx
import pytest

from pytest_casavi import Casavi, CasaviConfig, NothingThere, WaitTimeout
from pytest_casavi.handle import waiting

pytestmark = pytest.mark.casavi(allow="job-never-read-to-its-end")
Send = Callable[[], None]


@pytest.fixture(scope="module")
def casavi_config(every_backend: CasaviConfig) -> CasaviConfig:
    return every_backend


@pytest.fixture
def send(casavi: Casavi) -> Iterator[Send]:
    with casavi.client() as client:
        body = {"contacts": [{"id": "C-1", "lastName": "Smith"}]}
        yield lambda: client.post("/import", json=body).raise_for_status() and None


@pytest.fixture
def sends_later(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever the test has begun to wait, the client sends something."""
    monkeypatch.setattr(waiting, "pause", lambda seconds: send())


def test_the_last_job_may_come_later(casavi: Casavi, sends_later: None) -> None:
    job = casavi.jobs.last
    assert repr(job) == "<a job that there is not yet>"
    with pytest.raises(NothingThere, match="no import was accepted"):
        _ = job.status
    assert job.wait().status == "completed"
    assert job == casavi.jobs.last
    assert repr(job) == f"<Job {job.id}>"


def test_jobs_are_waited_for(casavi: Casavi, sends_later: None) -> None:
    assert len(casavi.jobs.wait()) == 1
    assert [job.ended for job in casavi.jobs.wait(count=3)] == [True] * 3


@pytest.mark.casavi(progress="manual", allow="job-never-read-to-its-end")
def test_jobs_that_nobody_moves_are_ended(casavi: Casavi, sends_later: None) -> None:
    assert [job.status for job in casavi.jobs.wait(2)] == ["completed"] * 2


def test_requests_are_waited_for(casavi: Casavi, sends_later: None) -> None:
    sent = casavi.requests.to("importMasterData").wait(2)
    assert [request.status for request in sent] == [202, 202]
    assert casavi.requests.to("importMasterData").wait(1) == sent


def test_what_does_not_come_is_told(casavi: Casavi, send: Send) -> None:
    with pytest.raises(WaitTimeout, match=r"(?s)No import was accepted within 0 s\..*Nothing was asked"):
        casavi.jobs.last.wait(timeout=0)
    send()
    with pytest.raises(WaitTimeout, match=r"(?s)1 of 2 jobs within 0\.01 s\..*POST /import"):
        casavi.jobs.wait(2, timeout=0.01)
    with pytest.raises(WaitTimeout, match=r"(?s)0 of 1 requests with operation getJob within 0 s\..*POST /import"):
        casavi.requests.to("getJob").wait(timeout=0)


def test_a_thread(casavi: Casavi, send: Send) -> None:
    client = threading.Thread(target=send)
    client.start()
    assert casavi.jobs.last.wait().status == "completed"
    client.join()


async def waits(casavi: Casavi) -> None:
    """Waits in three ways for a client that is a task of the same loop."""

    async def client() -> None:
        async with casavi.async_client() as http:
            await http.post("/import", json={"contacts": [{"id": "C-1", "lastName": "Smith"}]})

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client)
        assert (await casavi.jobs.last.done()).status == "completed"
        assert len(await casavi.jobs.done(1, timeout=10)) == 1
        assert len(await casavi.requests.to("importMasterData").done()) == 1
        with pytest.raises(WaitTimeout):
            await casavi.requests.done(9, timeout=0)


async def test_a_task_of_asyncio(casavi: Casavi) -> None:
    await waits(casavi)


def test_a_task_of_trio(casavi: Casavi) -> None:
    anyio.run(waits, casavi, backend="trio")


async def test_a_wait_can_be_cancelled(casavi: Casavi) -> None:
    waiter = asyncio.ensure_future(casavi.jobs.done(timeout=0.5))
    await asyncio.sleep(0)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter


@pytest.mark.parametrize("library", ["gevent.monkey", "eventlet.patcher", None])
def test_others_get_their_turn_where_threads_are_none(monkeypatch: pytest.MonkeyPatch, library: str | None) -> None:
    slept: list[float] = []
    monkeypatch.setattr(waiting.time, "sleep", slept.append)
    if library:
        asks = {"gevent.monkey": "is_module_patched", "eventlet.patcher": "is_monkey_patched"}[library]
        monkeypatch.setitem(sys.modules, library, types.SimpleNamespace(**{asks: lambda name: name == "time"}))
    waiting.pause(0.001)
    assert slept == ([0.001] if library else [])


async def test_what_is_in_flight_is_told(casavi: Casavi) -> None:
    """A client that gives up is gone before the journal tells of it, and whoever counts waits for that."""
    casavi.faults.on("getContacts").once().delay(3600)
    async with casavi.async_client(timeout=0.05) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/contacts")
    if casavi.requests.in_flight == ["getContacts"]:  # it may have been seen already
        assert casavi.requests.to("getJob").in_flight == []
    assert casavi.requests.count() == 1
    assert casavi.requests.one().status == 0
    assert casavi.requests.in_flight == []
