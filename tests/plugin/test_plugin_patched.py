"""What tests replace in their process does not reach the mock: time, pauses, randomness, files, threads, loops."""

import sys
import types

import pytest

from pytest_casavi.backends import loop_thread
from pytest_casavi.errors import CannotSteer, CasaviError

BACKENDS = ("server", "inprocess")

IMPORTS = """
import asyncio, builtins, datetime, io, os, secrets, sys, threading, time, uuid
import pytest

@pytest.fixture
def send(casavi):
    number = iter(range(1, 100))
    def send():
        with casavi.client(timeout=20) as client:
            body = {"contacts": [{"id": f"C-{next(number)}", "lastName": "Smith"}]}
            assert client.post("/import", json=body).status_code < 300
        return casavi.jobs.last.wait()
    return send

def everywhere(monkeypatch, replaced):
    \"\"\"Replaces functions in every module that knows them, as libraries that freeze time do.\"\"\"
    known = {id(old): new for old, new in replaced.items()}
    for module in list(sys.modules.values()):
        for name, value in list(vars(module).items()) if module is not None else ():
            if id(value) in known and not module.__name__.startswith(("_pytest", "asyncio", "threading", "selectors")):
                monkeypatch.setattr(module, name, known[id(value)])
"""

HOSTILE = """
class Later(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2035, 1, 1, tzinfo=tz)

@pytest.fixture
def frozen(monkeypatch):
    stopped = {getattr(time, name): lambda: 2_051_222_400 for name in ("time", "monotonic", "perf_counter")}
    everywhere(monkeypatch, {**stopped, datetime.datetime: Later})

def test_the_clock_follows_no_other(casavi, send):
    before = casavi.clock.now
    with pytest.MonkeyPatch.context() as patch:
        everywhere(patch, {time.time: lambda: 2_051_222_400, datetime.datetime: Later})
        send()
        between = casavi.clock.now
    assert send().finished_at
    assert before <= between <= casavi.clock.now
    assert casavi.clock.now - before < datetime.timedelta(hours=1)

@pytest.mark.casavi(progress="time", job_seconds=0.05)
def test_jobs_end(frozen, casavi, send):
    assert send().status == "completed"

def test_delays_end(frozen, casavi, send):
    casavi.faults.on("importMasterData").delay(0.05)
    send()

def test_pauses(monkeypatch, casavi, send):
    async def at_once(*_, **__):
        pass
    for module, name in ((asyncio, "sleep"), (asyncio, "wait_for"), (time, "sleep")):
        monkeypatch.setattr(module, name, at_once if module is asyncio else lambda seconds: None)
    casavi.queue.set("time", job_seconds=0.05)
    casavi.faults.on("importMasterData").delay(0.05)
    assert send().status == "completed"

def test_randomness(monkeypatch, casavi, make_casavi, send):
    monkeypatch.setattr(uuid, "uuid4", lambda: uuid.UUID(int=1))
    monkeypatch.setattr(os, "urandom", bytes)
    monkeypatch.setattr(secrets, "token_hex", lambda size=32: "00" * size)
    assert send() != send()
    assert len({casavi.token(), casavi.token(), casavi.key, make_casavi().key}) == 4
    assert casavi.violations == []

def test_files(monkeypatch, casavi, send):
    def nothing(*_, **__):
        raise FileNotFoundError("an empty file system")
    with pytest.MonkeyPatch.context() as patch:
        for module, names in ((builtins, ["open"]), (io, ["open"]), (os, ["stat", "listdir", "scandir"])):
            for name in names:
                patch.setattr(module, name, nothing)
        casavi.load("small-house")
        send()
    assert len(casavi.units) == 6

def test_threads(monkeypatch, make_casavi):
    monkeypatch.setattr(threading, "Thread", None)
    monkeypatch.setattr(threading, "Event", None)
    assert make_casavi().jobs.all == []
"""

LATE = """
import dataclasses

@pytest.fixture(scope="session")
def casavi_config(casavi_config):
    return dataclasses.replace(casavi_config, polls=7)  # so that a further mock starts in the test

@pytest.fixture
def without_loops(monkeypatch):
    def run(main, *, debug=False):  # a debugger's has no loop_factory
        raise RuntimeError("replaced")
    monkeypatch.setattr(asyncio, "run", run)
    monkeypatch.setattr(asyncio, "new_event_loop", run)
    monkeypatch.setattr(asyncio, "Runner", run)

def test_it(without_loops, casavi, send):
    assert send().status == "completed"
"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_tests_replace_does_not_reach_the_mock(project: pytest.Pytester, backend: str) -> None:
    project.makepyfile(IMPORTS + HOSTILE)
    outcome = project.runpytest(f"--casavi-backend={backend}", "--casavi-allow=job-never-read-to-its-end")
    outcome.assert_outcomes(passed=7)


def test_reports_are_written_though_files_are_replaced(project: pytest.Pytester) -> None:
    fails = """
def test_it(monkeypatch, casavi):
    import pathlib
    monkeypatch.setattr(io, "open", None)
    monkeypatch.setattr(pathlib.Path, "write_text", None)
    monkeypatch.setattr(pathlib.Path, "mkdir", None)
    assert 0
"""
    project.makepyfile(IMPORTS + fails)
    project.runpytest("--casavi-report-dir=reports").assert_outcomes(failed=1)
    assert len(list((project.path / "reports").iterdir())) == 3


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_mock_starts_though_loops_are_replaced(project: pytest.Pytester, backend: str) -> None:
    project.makepyfile(IMPORTS + LATE)
    outcome = project.runpytest(f"--casavi-backend={backend}", "--casavi-allow=job-never-read-to-its-end")
    outcome.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("module", "asks"), [("gevent.monkey", "is_module_patched"), ("eventlet.patcher", "is_monkey_patched")]
)
def test_green_threads_are_refused(monkeypatch: pytest.MonkeyPatch, module: str, asks: str) -> None:
    library = types.SimpleNamespace(**{asks: lambda name: name in ("thread", "threading")})
    monkeypatch.setitem(sys.modules, module, library)
    with pytest.raises(CannotSteer, match=f"^{module[:6]}.* has replaced the threads .*--casavi-backend=process"):
        loop_thread.LoopThread("trial")


def test_threads_that_are_none_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those of libraries that nobody knows: they run in the thread that starts them."""
    monkeypatch.setattr(loop_thread._Thread, "start", lambda thread: thread.run())
    monkeypatch.setattr(loop_thread._Thread, "join", lambda thread, timeout: None)
    with pytest.raises(CannotSteer, match=r"--casavi-backend=process"):
        loop_thread.LoopThread("trial")


def test_no_start_is_without_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_thread, "START_SECONDS", 0.01)
    running = loop_thread.LoopThread("trial")

    async def never_ready(ready: object) -> None:
        await loop_thread.asyncio.sleep(0.1)

    with pytest.raises(CasaviError, match=r"not ready within 0\.01 s.*--casavi-backend=process"):
        running.start(never_ready)
    assert running.join()


@pytest.mark.parametrize("uvloop", [loop_thread.uvloop, None])
def test_a_failed_start_tells_its_cause(monkeypatch: pytest.MonkeyPatch, uvloop: object) -> None:
    monkeypatch.setattr(loop_thread, "uvloop", uvloop)

    async def fails(ready: object) -> None:
        raise OSError("no room")

    with pytest.raises(CasaviError, match=r"does not start: OSError: no room\.") as raised:
        loop_thread.LoopThread("trial").start(fails)
    assert isinstance(raised.value.__cause__, OSError)


def test_a_fork_of_the_process_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CannotSteer, match=r"forked.*--casavi-backend=process"):
        loop_thread.refuse_fork(-1)
