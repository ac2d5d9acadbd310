"""Sessions with `--casavi-mutants`, and with the marker `casavi_everywhere`."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

CLIENT = """
import time
import httpx

BODY = {"contacts": [{"id": "C-1", "lastName": "Smith", "email": "Smith@example.com"}]}


class Client:
    def __init__(self, casavi, http):
        self.http = http
        answer = self.http.post("/authenticate", json={"key": casavi.key, "secret": casavi.secret})
        self.http.headers["token"] = answer.json()["token"]

    def send(self, body=BODY):
        job_id = self.http.post("/import", json=body).json()["jobId"]
        while (job := self.http.get(f"/jobs/{job_id}").json())["status"] not in ("completed", "failed"):
            time.sleep(0.01)
        return job
"""
CONFTEST = '''
import httpx
import pytest
from client import Client


@pytest.fixture
def client(casavi):
    with httpx.Client(base_url=casavi.url, transport=casavi.transport, verify=False) as http:
        yield Client(casavi, http)


def wrong_counts(request, response):
    """One record more is counted."""
    if request.operation == "getJob" and response.good:
        response.json["counts"]["contacts"]["created"] += 1
    return response


def first_look_late(request, response):
    """The first look at a job is answered by 503."""
    if request.operation == "getJob" and not request.state:
        request.state["late"] = response.status = 503
    return response


first_look_late.legal = True


def pytest_casavi_mutants(config):
    return [wrong_counts, first_look_late]
'''
TESTS = """
import pytest


def test_careless(client):
    client.send()


@pytest.mark.parametrize("name", ["a", "b"])
def test_looks_at_the_name(casavi, client, name):
    client.send()
    assert casavi.contacts["C-1"]["lastName"] == "Smith"


class TestClass:
    def test_looks_at_the_count(self, client):
        assert client.send()["counts"]["contacts"]["created"] == 1

    @pytest.mark.skip
    def test_skipped(self, client):
        client.send()


def test_without_casavi():
    pass


def test_red(client):
    client.send()
    assert 0
"""
NAMES = "job-state-new,record-dropped,email-lowercased,job-errors-null,text-cut,wrong-counts,first-look-late"


@pytest.fixture
def suite(project: pytest.Pytester) -> pytest.Pytester:
    """A client with tests, of which only some look at what they get."""
    project.makepyfile(client=CLIENT, conftest=CONFTEST, test_it=TESTS)
    return project


def found(project: pytest.Pytester) -> dict[str, dict[str, Any]]:
    """What the run has written, by mutant."""
    written = json.loads((project.path / "mutants.json").read_text())
    assert list(written) == ["mutants"]
    return {one["name"]: one for one in written["mutants"]}


def test_a_suite_at_mutants(suite: pytest.Pytester) -> None:
    done = suite.runpytest_inprocess(
        f"--casavi-mutants={NAMES}", "--casavi-mutants-json=mutants.json", "--casavi-mutants-junit=mutants.xml",
        "--casavi-mutants-seconds=0.5", "--casavi-mutants-fail-on=unnoticed", "-k", "not nothing", "test_it.py",
        "--casavi-report-dir=reports",
    )  # fmt: skip
    done.assert_outcomes(passed=5, failed=1, skipped=1)
    mutants = found(suite)
    assert {name: one["verdict"] for name, one in mutants.items()} == {
        "job-state-new": "noticed",
        "record-dropped": "noticed",
        "email-lowercased": "unnoticed",
        "job-errors-null": "tolerated",
        "text-cut": "not reached",
        "wrong-counts": "noticed",
        "first-look-late": "tolerated",
    }
    assert len(list((suite.path / "reports").iterdir())) == 3  # of the test that is red without a mutant
    assert [one["test"] for one in mutants["email-lowercased"]["tests"]] == [
        "test_it.py::TestClass::test_looks_at_the_count", "test_it.py::test_careless",
        "test_it.py::test_looks_at_the_name[a]", "test_it.py::test_looks_at_the_name[b]",
    ]  # fmt: skip
    assert {one["verdict"] for one in mutants["wrong-counts"]["tests"]} == {"unnoticed", "noticed"}
    assert all("does not end" in one["why"] for one in mutants["job-state-new"]["tests"])
    assert mutants["first-look-late"]["legal"]
    assert mutants["email-lowercased"]["tests"][0]["differences"] == [
        {"place": "contacts C-1 email", "believed": "Smith@example.com", "holds": "smith@example.com"}
    ]
    done.stdout.fnmatch_lines(["*= casavi: mutants =*", "*contacts C-1 email*", "*test_it.py::test_red"])
    cases = ET.parse(suite.path / "mutants.xml").getroot().findall(".//testcase")  # our own file
    assert [case.get("name") for case in cases if case.find("failure") is not None] == ["email-lowercased"]


@pytest.mark.slow
def test_unnoticed_may_fail_the_run(suite: pytest.Pytester) -> None:
    option = "--casavi-mutants=email-lowercased"
    chosen = "test_it.py::test_careless"
    assert suite.runpytest_inprocess(option, chosen).ret == 0
    assert suite.runpytest_inprocess(option, chosen, "--casavi-mutants-fail-on=unnoticed").ret == 1


def test_nothing_to_do(suite: pytest.Pytester) -> None:
    """An option without a value takes no argument behind it."""
    done = suite.runpytest_inprocess("--casavi-mutants", "test_it.py", "-k", "without_casavi")
    done.assert_outcomes(passed=1, deselected=6)
    done.stdout.fnmatch_lines(["*36 mutants, 1 test: 0 noticed, 0 unnoticed, 0 tolerated, 36 not reached"])


def test_the_list(suite: pytest.Pytester) -> None:
    done = suite.runpytest_inprocess("--casavi-mutants=list")
    assert done.ret == 0
    done.stdout.fnmatch_lines(["job-state-new *illegal*`done`.", "wrong-counts *illegal*", "first-look-late *legal *"])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--casavi-mutants=text-ct"], "*there is no mutant 'text-ct'. Did you mean 'text-cut'*"),
        (["--casavi-mutants", "--casavi-url=http://127.0.0.1:1"], "*backend 'url' cannot be made wrong*"),
    ],
)
def test_what_is_impossible_is_refused(suite: pytest.Pytester, options: list[str], told: str) -> None:
    done = suite.runpytest_inprocess(*options)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([told])


WIDE = """
import httpx
import pytest
from client import Client


@pytest.fixture(scope="module")
def shared(casavi_server):
    with casavi_server.account(load="mid-size") as account:
        yield account


def test_all_are_read(shared):
    address, ids = "/v2/units", []
    with httpx.Client(base_url=shared.url, transport=shared.transport, verify=False) as http:
        Client(shared, http)
        while address:
            page = http.get(address).json()
            ids += [unit["id"] for unit in page["list"]]
            address = page["_links"]["next"]
    assert sorted(ids) == sorted(shared.units)


@pytest.mark.asyncio
async def test_async(casavi):
    async with casavi.async_client() as client:
        answer = await client.post("/import", json={"contacts": [{"id": "C-1", "lastName": "x"}]})
        assert (await client.get(f"/jobs/{answer.json()['jobId']}")).json()["status"] == "completed"
    assert "C-1" in casavi.contacts
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "options", [[], ["-p", "xdist", "-n", "2"], ["--casavi-backend=inprocess"], ["--casavi-backend=process"]]
)
def test_wider_scopes_workers_and_loops(suite: pytest.Pytester, options: list[str]) -> None:
    suite.makepyfile(test_it=WIDE)
    names = "last-page-missing,page-repeated,record-dropped,job-errors-null,slow-first-byte"
    done = suite.runpytest_inprocess(f"--casavi-mutants={names}", "--casavi-mutants-json=mutants.json", *options)
    done.assert_outcomes(passed=2)
    assert {name: one["verdict"] for name, one in found(suite).items()} == {
        "last-page-missing": "noticed",
        "page-repeated": "noticed",
        "record-dropped": "noticed",
        "job-errors-null": "tolerated",
        "slow-first-byte": "tolerated",
    }


ENDLESS = """
import asyncio
import threading
import time

import pytest
from client import BODY


def test_catches_everything(client):
    while True:
        try:
            client.send()
            break
        except:
            pass


def test_waits_for_a_thread(client):
    thread = threading.Thread(target=client.send, daemon=True)
    thread.start()
    thread.join()


@pytest.mark.asyncio
async def test_in_a_loop(casavi):
    async with casavi.async_client() as client:
        job_id = (await client.post("/import", json=BODY)).json()["jobId"]
        while (await client.get(f"/jobs/{job_id}")).json()["status"] != "completed":
            await asyncio.sleep(0.01)


@pytest.fixture
def synced(client):
    client.send()


def test_in_a_fixture(synced):
    pass
"""


@pytest.mark.slow
def test_what_does_not_end_is_noticed(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_it=ENDLESS)
    options = ["--casavi-mutants-json=mutants.json", "--casavi-mutants-seconds=0.5", "-W", "default"]
    suite.runpytest_inprocess("--casavi-mutants=job-state-new", *options).assert_outcomes(passed=4)
    runs = found(suite)["job-state-new"]["tests"]
    assert len(runs) == 4
    assert [run for run in runs if run["verdict"] != "noticed" or "does not end" not in run["why"]] == []


INTERRUPTING = """
import os, signal, threading
from pathlib import Path


def interrupts(request, response):
    if request.operation == "getJob" and response.good:
        response.headers["x-more"] = "1"
        if at_mutants and (Path(__file__).parent / "now").exists():
            os.kill(os.getpid(), signal.SIGINT)
    return response


at_mutants = []


def pytest_configure(config):
    if config.option.casavi_mutants_plan:
        at_mutants.append(True)
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_casavi_mutants(config):
    return {"interrupts": interrupts}
"""


@pytest.mark.slow
def test_an_interrupted_run_goes_on(suite: pytest.Pytester, strict_settings: str) -> None:
    suite.makeini(strict_settings.replace(" -p no:cacheprovider", ""))
    suite.makeconftest(CONFTEST.partition("def wrong_counts")[0] + INTERRUPTING)
    names = "--casavi-mutants=email-lowercased,interrupts,record-dropped"
    told = [names, "--casavi-mutants-json=mutants.json", "test_it.py", "-k", "careless"]
    (suite.path / "now").touch()
    done = suite.runpytest_inprocess(*told)
    assert done.ret == pytest.ExitCode.INTERRUPTED
    done.stdout.fnmatch_lines(["*--casavi-mutants-resume*"])
    (suite.path / "now").unlink()
    done = suite.runpytest_inprocess(*told, "--casavi-mutants-resume")
    assert done.ret == 0
    done.stdout.fnmatch_lines(["casavi: 2 runs of tests at mutants"])
    verdicts = {name: one["verdict"] for name, one in found(suite).items()}
    assert verdicts == {"email-lowercased": "unnoticed", "interrupts": "tolerated", "record-dropped": "unnoticed"}


@pytest.mark.slow
def test_the_command(suite: pytest.Pytester) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "CASAVI_"))}
    command = [sys.executable, "-m", "casavi_mock", "mutants", "--only", "email-lowercased", "--fail-on", "unnoticed"]
    done = subprocess.run(
        [*command, "--", "pytest", "test_it.py::test_careless"],
        cwd=suite.path, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "1 mutant, 1 test: 0 noticed, 1 unnoticed" in done.stdout


@pytest.mark.slow
def test_the_score_of_the_examples_is_the_documented_one(tmp_path: Path) -> None:
    """Nothing is unnoticed, and no legal answer makes the client crash."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "CASAVI_"))}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:schemathesis",
        "-p",
        "no:cacheprovider",
        "--casavi-mutants",
    ]
    done = subprocess.run(
        [*command, f"--casavi-mutants-json={tmp_path / 'found.json'}"],
        cwd=EXAMPLES, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "crashes on a legal answer" not in done.stdout
    verdicts = {one["name"]: one["verdict"] for one in json.loads((tmp_path / "found.json").read_text())["mutants"]}
    rows = re.findall(r"(?m)^\| `([\w-]+)` \| \w+ \| ([\w ]+) \|", (EXAMPLES / "README.md").read_text())
    assert verdicts == dict(rows)


# Every fault at every call

EVERYWHERE = """
import pytest
from client import BODY


@pytest.mark.casavi_everywhere
def test_careless(client):
    client.send()


@pytest.mark.casavi_everywhere(faults=["lost-response", "slow"])
def test_errors_are_raised(client):
    client.send()


@pytest.mark.casavi_everywhere(faults="503", errors=KeyError)
@pytest.mark.casavi(allow=["retry-after-ignored"])
def test_this_error_says_so(client):
    client.send()


@pytest.mark.casavi_everywhere(faults="503")
@pytest.mark.casavi(fail_on="never")
def test_nobody_says_so(casavi, casavi_client):
    casavi_client.post("/import", json=BODY)
    for _ in range(3):
        casavi_client.get("/contacts")


def test_in_a_test(casavi):
    def run():
        with casavi.client() as client:
            client.post("/import", json=BODY).raise_for_status()

    assert casavi.faults.everywhere(run, faults=["503", "reset"]) == 2
    assert len(casavi.faults) == casavi.requests.count() == 0
    with pytest.raises(ValueError, match="no fault '504'"):
        casavi.faults.everywhere(run, faults=["504"])


def test_last(casavi):
    assert casavi.requests.count() == 0
"""


def test_every_fault_at_every_call(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_it=EVERYWHERE)
    done = suite.runpytest_inprocess()
    done.assert_outcomes(passed=4, failed=2)
    done.stdout.fnmatch_lines(
        [
            "*_ test_careless _*",
            "? of 15 runs with a fault go wrong (3 calls, 0 more alike)",
            "503 at call 1 (POST /authenticate): KeyError: 'token'",
            "503 at call 3 (GET /jobs/*): ClientViolates: casavi: the client violates retry-after-ignored (warning)",
            "*_ test_nobody_says_so _*",
            "1 of 2 runs with a fault go wrong (2 calls, 2 more alike)",
            "503 at call 1 (POST /import): nobody said that anything failed, and the records are others",
            "    contacts C-1: 'a record' without the fault, now 'nothing'",
        ]
    )


@pytest.mark.parametrize(
    ("said", "told"), [("'503'", "takes faults and errors, by their names"), ("faults='504'", "*no fault '504'*")]
)
def test_a_marker_that_is_impossible_is_refused(project: pytest.Pytester, said: str, told: str) -> None:
    project.makepyfile(f"import pytest\n@pytest.mark.casavi_everywhere({said})\ndef test_it(casavi): pass\n")
    done = project.runpytest_inprocess()
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([f"*test_it: @pytest.mark.casavi_everywhere*{told}*"])
