"""A session from its start to its end: what it costs, what stays, what else may be installed."""

import fcntl
import json
import logging
import os
import subprocess
import sys
import threading
import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from casavi_mock.accounts import Settings
from casavi_mock.domain.model import Secret
from casavi_mock.server.app import new_registry, system_now
from pytest_casavi import CasaviConfig
from pytest_casavi.backends.quiet import QuietLog
from pytest_casavi.backends.remote import RemoteBackend
from tests.support.server import Mock

TRIVIAL = "import pytest\n@pytest.mark.parametrize('n', range(6))\ndef test_it(casavi, casavi_client, n):\n    assert casavi_client.get('/contacts').json()['count'] == 0\n    casavi.load('small-house')\n"

LEAKS = """
import asyncio, contextlib, gc, io, json, os, sys, threading
import pytest

def sockets():
    folder = "/proc/self/fd"
    links = [os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder) if os.path.lexists(f"{folder}/{fd}")]
    return sorted(link for link in links if link.startswith("socket:"))

def run(folder, options):
    os.chdir(folder)
    threads, open_before, out, left = set(threading.enumerate()), sockets(), io.StringIO(), {}

    class Check:
        @pytest.hookimpl(trylast=True)
        def pytest_unconfigure(self, config):
            from casavi_mock.accounts import Registry
            for thread in set(threading.enumerate()) - threads:
                if "casavi" not in thread.name:  # of clients, and of the control plane: they end by themselves
                    thread.join(60)
            gc.collect()
            there = gc.get_objects()
            left["threads"] = [thread.name for thread in set(threading.enumerate()) - threads]
            left["sockets"] = [one for one in sockets() if one not in open_before]
            left["accounts"] = sum(len(found) for found in there if isinstance(found, Registry))
            left["tasks"] = sum(isinstance(found, asyncio.Task) and not found.done() for found in there)

    with contextlib.redirect_stdout(out):
        code = pytest.main(options, plugins=[Check()])
    return {"code": int(code), "out": out.getvalue(), "left": left}

print("SESSIONS", json.dumps({name: run(*how) for name, how in json.load(sys.stdin).items()}))
"""
"""Runs sessions one after the other in a process that does nothing else, and looks what the plugin leaves in it."""

BAD = "def test_bad(casavi): assert 0\ndef test_last(casavi): pass\n"
BROKEN = "def test_broken(casavi, nothing): pass\n"
EXIT = "def test_exit(casavi): pytest.exit('enough')\n"
INTERRUPTED = """
import os, signal, time

signal.signal(signal.SIGINT, signal.default_int_handler)  # it is ignored in what a shell runs behind the scenes

def test_it(casavi, casavi_client):
    casavi.queue.hold()
    casavi_client.post("/import", json={"contacts": [{"id": "C-1", "lastName": "x"}]})
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)
"""
SLOW = """
import threading, urllib.request

def test_it(casavi):
    casavi.faults.on("getContacts").delay(3600)
    asked = urllib.request.Request(casavi.url + "/contacts", headers={"token": casavi.token()})
    def ask():
        try:
            urllib.request.urlopen(asked)
        except OSError:
            pass
    threading.Thread(target=ask, daemon=True).start()
"""
NO_WORKER = """
import dataclasses
import pytest
from casavi_mock.server.worker import Worker

@pytest.fixture(scope="session")
def casavi_config(casavi_config):
    return dataclasses.replace(casavi_config, polls=2)  # one that no test before it has asked for

@pytest.fixture(autouse=True)
def broken(monkeypatch):
    def start(self):
        raise RuntimeError("no worker")
    monkeypatch.setattr(Worker, "start", start)

def test_it(casavi):
    pass
"""

SESSIONS: dict[str, tuple[dict[str, str], list[str]]] = {
    "all pass": ({"a": TRIVIAL}, []),
    "error": ({"b": TRIVIAL + BROKEN}, ["--casavi-backend=inprocess"]),
    "stops at a failure": ({"c": TRIVIAL + BAD}, ["-x"]),
    "exit": ({"d": TRIVIAL + EXIT}, []),
    "exit without a socket": ({"e": TRIVIAL + EXIT}, ["--casavi-backend=inprocess"]),
    "not collected": ({"f": TRIVIAL, "g": "import nothing_of_that_name\n"}, ["--continue-on-collection-errors"]),
    "interrupted": ({"h": INTERRUPTED}, []),
    "slow request": ({"i": SLOW}, []),
    "no server": ({"j": NO_WORKER}, []),
    "nothing in process": ({"k": NO_WORKER}, ["--casavi-backend=inprocess"]),
}
"""Files and options of each; no two files may have one name, since one process imports them all."""


@dataclass(frozen=True)
class Session:
    """What a session did."""

    code: int
    out: str
    left: dict[str, Any]

    def assert_outcomes(self, **outcomes: int) -> None:
        """Checks how many tests passed, failed and so on."""
        assert pytest.RunResult.parse_summary_nouns(self.out.splitlines()) == outcomes

    def assert_nothing_left(self) -> None:
        """Checks that the process is as it was before."""
        assert self.left == {"threads": [], "sockets": [], "accounts": 0, "tasks": 0}


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory, strict_settings: str) -> dict[str, Session]:
    """All of them, run in one process of their own; by the first worker that needs them, for all workers."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    with (shared / "sessions.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = shared / "sessions.json"
        if not kept.exists():
            kept.write_text(_run_sessions(tmp_path_factory, strict_settings))
    return {name: Session(**session) for name, session in json.loads(kept.read_text()).items()}


def _run_sessions(tmp_path_factory: pytest.TempPathFactory, strict_settings: str) -> str:
    told = {}
    for number, (name, (files, options)) in enumerate(SESSIONS.items()):
        folder = tmp_path_factory.mktemp(f"session-{number}")
        (folder / "tox.ini").write_text(strict_settings)
        for file, text in files.items():
            (folder / f"test_{file}.py").write_text(text)
        told[name] = (str(folder), options)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CASAVI_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-c", LEAKS],
        input=json.dumps(told), env=clean, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.rpartition("SESSIONS")[2]


# What stays


@pytest.mark.parametrize(
    ("name", "outcomes"),
    [
        ("all pass", {"passed": 6}),
        ("error", {"passed": 6, "errors": 1}),
        ("stops at a failure", {"passed": 6, "failed": 1}),
        ("exit", {"passed": 6}),
        ("exit without a socket", {"passed": 6}),
        ("not collected", {"passed": 6, "errors": 1}),
        ("slow request", {"passed": 1}),
    ],
)
def test_nothing_is_left(sessions: dict[str, Session], name: str, outcomes: dict[str, int]) -> None:
    """Nor does a slow request keep the session from its end."""
    sessions[name].assert_outcomes(**outcomes)
    sessions[name].assert_nothing_left()


def test_nothing_is_left_after_an_interrupt(sessions: dict[str, Session]) -> None:
    assert sessions["interrupted"].code == pytest.ExitCode.INTERRUPTED
    sessions["interrupted"].assert_nothing_left()


@pytest.mark.parametrize("name", ["no server", "nothing in process"])
def test_a_mock_that_does_not_start_says_so(sessions: dict[str, Session], name: str) -> None:
    sessions[name].assert_outcomes(errors=1)
    shown = pytest.LineMatcher(sessions[name].out.splitlines())
    shown.fnmatch_lines(["*CasaviError: casavi-mock does not start: RuntimeError: no worker."])
    sessions[name].assert_nothing_left()


def test_accounts_are_closed_test_by_test(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        def accounts(pool, config):
            return len(pool.backend(config)._accounts._registry)

        @pytest.mark.parametrize("n", range(3))
        def test_it(casavi, make_casavi, _casavi_pool, casavi_config, n):
            make_casavi()
            assert accounts(_casavi_pool, casavi_config) == 2

        def test_after(_casavi_pool, casavi_config):
            assert accounts(_casavi_pool, casavi_config) == 0
        """
    )
    project.runpytest_inprocess().assert_outcomes(passed=4)


def test_an_account_is_small() -> None:
    registry = new_registry(Settings.from_profile())
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(100):
        registry.create(f"key-{number}", Secret("secret"))
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (after - before) / 100 < 50_000


# What it costs


def loaded_after(code: str, cwd: Path) -> set[str]:
    """Modules that are loaded in a fresh interpreter after a session that this code runs."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=cwd)
    return set(done.stdout.rpartition("LOADED")[2].split())


@pytest.mark.parametrize("uses", [False, True])
def test_a_session_that_does_not_use_it_loads_nothing_heavy(project: pytest.Pytester, uses: bool) -> None:
    project.makepyfile("def test_it(casavi): pass" if uses else "def test_it(): pass")
    code = "import sys, pytest; pytest.main(['-q']); print('LOADED', *sys.modules)"
    loaded = loaded_after(code, project.path)
    heavy = {"connexion", "flask", "casavi_fixtures", "uvicorn", "yaml", "orjson"}
    assert heavy & loaded == (heavy if uses else set())
    assert uses or {"httpx", "rich"} & loaded == set()  # connexion loads them
    assert ("casavi_contracts.spec" in loaded) == uses
    assert not any(name.startswith("casavi_contracts.checks") for name in loaded)
    assert {"schemathesis", "hypothesis"} & loaded == set()
    assert "pytest_casavi" in loaded


def test_types_can_be_imported_without_weight() -> None:
    code = "import sys; from pytest_casavi import *; print('LOADED', *sys.modules)"
    assert {"connexion", "flask", "httpx", "uvicorn", "yaml"} & loaded_after(code, Path.cwd()) == set()


def test_what_is_not_there_is_told() -> None:
    import pytest_casavi

    assert all(getattr(pytest_casavi, name) for name in pytest_casavi.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = pytest_casavi.Nothing


# What else may be installed


def test_without_the_plugin(project: pytest.Pytester, strict_settings: str) -> None:
    project.makeini(strict_settings.replace("-p casavi ", ""))
    project.makepyfile("def test_a(casavi): pass\ndef test_b(): pass\n")
    outcome = project.runpytest_inprocess("-p", "no:casavi")
    outcome.assert_outcomes(passed=1, errors=1)
    outcome.stdout.fnmatch_lines(["E*fixture 'casavi' not found"])


@pytest.mark.slow
def test_many_workers(project: pytest.Pytester) -> None:
    """Each has a server of its own."""
    project.makepyfile(
        """
        import os
        from pathlib import Path
        import pytest

        @pytest.mark.parametrize("n", range(40))
        def test_it(casavi, casavi_client, n):
            with Path("seen").open("a") as file:
                file.write(f"{os.environ['PYTEST_XDIST_WORKER']} {casavi.url}\\n")
            casavi_client.post("/import", json={"contacts": [{"id": "C-1", "lastName": "x"}]})
            assert casavi.jobs.last.wait().counts["contacts"]["created"] == 1
            assert n != 13
        """
    )
    outcome = project.runpytest_inprocess("-p", "xdist", "-n", "2", "--casavi-report-dir=reports")
    outcome.assert_outcomes(passed=39, failed=1)
    seen = {tuple(line.split()) for line in (project.path / "seen").read_text().splitlines()}
    assert len({worker for worker, _ in seen}) == len({url for _, url in seen}) == len(seen) > 1
    assert len(list((project.path / "reports").glob("*-gw?.har"))) == 1
    outcome.stdout.fnmatch_lines(["*casavi: requests*", "*casavi: jobs*"])


@pytest.mark.slow
def test_random_order_and_repetition(project: pytest.Pytester) -> None:
    project.makeini(
        "[pytest]\naddopts = -p no:schemathesis -p no:cacheprovider\nfilterwarnings = error\n"
        "asyncio_default_fixture_loop_scope = function\n"
    )
    project.makepyfile(TRIVIAL)
    project.runpytest_subprocess("--count=3", "-p", "randomly", "-p", "repeat").assert_outcomes(passed=18)


def test_other_output_of_a_test_is_left_alone(project: pytest.Pytester) -> None:
    """The mock writes nothing into a log that a test of the client looks at."""
    project.makepyfile(
        """
        import logging
        import httpx
        import pytest

        @pytest.mark.casavi(allow="request-violates-contract")
        def test_it(casavi, caplog, capfd):
            with casavi.client() as client, caplog.at_level(logging.DEBUG, "uvicorn"), caplog.at_level(logging.INFO):
                client.post("/import", json={"contacts": [{}]})
                client.get("/nothing")
                logging.getLogger("uvicorn.error").info("another server")
            told = [record.message for record in caplog.records if not record.name.startswith("http")]
            assert told == ["another server"]
            assert capfd.readouterr() == ("", "")
        """
    )
    names = ("casavi_mock.exchanges", "uvicorn.error", "uvicorn.access")
    before = [(logging.getLogger(name).level, list(logging.getLogger(name).filters)) for name in names]
    project.runpytest_inprocess().assert_outcomes(passed=1)
    assert [(logging.getLogger(name).level, logging.getLogger(name).filters) for name in names] == before


def test_unrelated_tests_are_left_alone(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import unittest
        import pytest

        def test_pass(): pass
        def test_fail(): assert {"a": 1} == {"a": 2}
        @pytest.mark.xfail
        def test_xfail(): assert 0
        class TestCase(unittest.TestCase):
            def test_case(self): self.assertEqual(1, 2)
        """
    )
    outcome = project.runpytest_inprocess()
    outcome.assert_outcomes(passed=1, failed=2, xfailed=1)
    outcome.stdout.no_fnmatch_line("*casavi: *")


def test_the_log_tells_again_in_whichever_order_servers_end(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = logging.getLogger("casavi_mock.exchanges")
    monkeypatch.setattr(log, "filters", [])  # those of servers that run for other tests
    first, second = QuietLog(), QuietLog()
    log.warning("while both run")
    first.close()
    log.warning("while the second runs")
    second.close()
    log.warning("afterwards")
    assert caplog.messages == ["afterwards"]


def test_what_others_in_this_process_tell_is_heard(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = logging.getLogger("casavi_mock.exchanges")
    monkeypatch.setattr(log, "filters", [])
    quiet = QuietLog("the thread of a server")
    server = threading.Thread(target=log.warning, args=("of the server",), name="the thread of a server")
    server.start()
    server.join()
    log.warning("of another one")
    quiet.close()
    assert caplog.messages == ["of another one"]


def test_a_mock_that_has_ended_has_taken_its_accounts_with_it() -> None:
    with Mock(accounts=1, now=system_now).listening() as live:
        backend = RemoteBackend(CasaviConfig(backend="url", url=live.url))
        account = backend.open()
    account.close()
    backend.close()
