"""`casavi-mock check`: results, exit codes, and what is left behind."""

import importlib.util
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from casavi_mock.domain.model import Secret
from tests.cli.conftest import clean_environment
from tests.support.server import ACCOUNT, GIVEN, Mock
from tests.support.tamper import Request, Response, instead, json_response
from tests.support.wrong_servers import serving

Run = Callable[..., Result]

ONE = ("--only", "accepted-job-ends", "--max-examples", "2", "--seed", "5")
"""A check that draws cases, imports them and follows their jobs."""

LOG_IN = ("--only", "log-in-gives-a-token", "--version", "v1")
"""The least that can be judged, where it does not matter which check it is."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def flat(text: str) -> str:
    return " ".join(text.split())


def unknown_jobs(request: Request) -> Response | None:
    """A server that forgets jobs."""
    return json_response({}, 404, "application/problem+json") if "/jobs/" in request.path else None


# Nothing wrong.


@pytest.mark.parametrize("mode", ["time", "immediate", "manual"])
def test_the_mock_in_process_keeps_the_checks(run: Run, folder: Path, mode: str) -> None:
    result = run(
        "check", "--only", "log-in-*", "--only", "accepted-job-ends", "--max-examples", "2", "--progress", mode
    )

    assert result.exit_code == 0, result.output
    assert "casavi-mock check: the mock in this process, v1 and v2, 4 checks, seed " in result.stdout
    assert re.search(
        r" seed \d+\. Of 4 checks: 4 passed; 2 rest on casavi's or its clients' word, 2 on our guesses$",
        flat(result.stdout),
    )
    assert result.stderr == ""
    assert left(folder) == []


def test_the_seed_decides(run: Run) -> None:
    sent = []
    for seed in ("7", "7", "8"):
        with Mock(progress="immediate", accounts=2).listening(recording=True) as server:
            assert run("check", *ONE, "--version", "v1", "--url", server.url, "--seed", seed).exit_code == 0
            sent.append([one.body for one in server.imports])

    assert sent[0] == sent[1] != sent[2]


def test_a_mock_at_an_address_is_known_by_its_control_plane(run: Run, folder: Path) -> None:
    with Mock(progress="immediate", accounts=2).listening() as server:
        accounts = len(server.mock.registry)
        result = run("check", *ONE, "--url", server.url)

        assert result.exit_code == 0, result.output
        assert len(server.mock.registry) == accounts, "accounts of the run are closed"
        assert server.mock.records() == 0
    assert left(folder) == []


def test_a_control_plane_may_want_a_token(run: Run) -> None:
    with Mock(progress="immediate", accounts=2, control_token=Secret("the-control-token")).listening() as server:
        common = ("check", *LOG_IN, "--url", server.url)
        good = run(*common, "--control-token", "the-control-token")
        by_variable = run(*common, CASAVI_MOCK_CONTROL_TOKEN="the-control-token")
        none, wrong = (run(*common, *more) for more in ((), ("--control-token", "another")))

    assert (good.exit_code, by_variable.exit_code) == (0, 0), good.output
    assert (none.exit_code, wrong.exit_code) == (2, 2)
    assert "wants a control token" in none.stderr
    assert "does not take this control token" in wrong.stderr


def test_an_account_of_a_mock_has_to_be_right_if_it_is_given(run: Run) -> None:
    with Mock(progress="immediate", accounts=2).listening() as server:
        good = run("check", *LOG_IN, "--url", server.url, **ACCOUNT)
        of_another = {"CASAVI_API_KEY": GIVEN[0].key, "CASAVI_API_SECRET": "another-secret"}
        wrong = run("check", *LOG_IN, "--url", server.url, **of_another)

    assert (good.exit_code, wrong.exit_code) == (0, 2), good.output
    assert wrong.stderr == "casavi-mock: the mock does not take key and secret (401); give others, or none\n"


def test_a_mock_that_lets_nobody_in_is_judged_and_not_taken_for_a_wrong_secret(run: Run) -> None:
    def shut(request: Request) -> Response | None:
        return json_response({}, 401, "application/problem+json") if request.path.endswith("/authenticate") else None

    with Mock(progress="immediate", accounts=2).listening(instead(shut)) as server:
        result = run("check", "--only", "log-in-*", "--url", server.url, **ACCOUNT)

    assert result.exit_code == 1, result.output
    assert "log-in-gives-a-token [v1, v2]" in result.stdout


def test_checks_are_listed(run: Run) -> None:
    result = run("check", "--list")

    assert result.exit_code == 0
    assert "accepted-job-ends  (v1 inferred, v2 assumed)" in result.stdout
    assert "Every accepted job ends within the time that was allowed for it." in result.stdout
    assert "schemathesis" in result.stdout


# Something wrong.


def test_a_broken_check_is_told_with_what_shows_it(run: Run, folder: Path) -> None:
    with Mock(progress="immediate", accounts=2).listening(instead(unknown_jobs)) as server:
        result = run("check", *ONE, "--version", "v1", "--url", server.url)
    text = flat(result.stdout)

    assert result.exit_code == 1, result.output
    for said in (
        "Failed: promises that do not hold (1)",
        "accepted-job-is-visible [v1]",
        "expected an accepted job to be known",
        "observed 404",
        "seen by accepted-job-ends",
        "-> 404",
        "because a step that it needs breaks accepted-job-is-visible: accepted-job-ends [v1]",
        "Of 2 checks: 1 failed, 1 blocked.",
    ):
        assert said in text
    assert "Traceback" not in result.output
    assert left(folder) == ["casavi-check-replays"]


def test_a_case_is_judged_again(run: Run, folder: Path) -> None:
    with Mock(progress="immediate", accounts=2).listening(instead(unknown_jobs), recording=True) as server:
        first = run("check", *ONE, "--version", "v1", "--url", server.url)
        (command,) = re.findall(r"again:  (casavi-mock check .*--replay \S+\.json)$", first.stdout, re.MULTILINE)
        again = run(*shlex.split(command)[1:])
        server.requests.clear()
        run(*shlex.split(command)[1:])
        (sent,) = server.imports
    healthy = run("check", "--replay", shlex.split(command)[-1])
    case = json.loads(Path(shlex.split(command)[-1]).read_text())["case"]

    assert (first.exit_code, again.exit_code, healthy.exit_code) == (1, 1, 0), again.output
    assert "accepted-job-is-visible [v1]" in again.stdout
    assert len(json.loads(sent.body)["contacts"]) == len(case["contacts"]) == 1


@pytest.mark.parametrize("name", ["accepted-job-ends", "no-such-check"])
def test_a_case_of_an_unknown_check_is_refused(run: Run, folder: Path, name: str) -> None:
    content: dict[str, Any] = {"format": "casavi-check-replay", "formatVersion": 2, "check": name, "version": "v1"}
    content |= {"case": {"contacts": [{"id": "C"}]}, "before": [], "seed": 1, "maxExamples": None, "profile": {}}
    (folder / "case.json").write_text(json.dumps(content))
    result = run("check", "--replay", "case.json")

    assert result.exit_code == (0 if name == "accepted-job-ends" else 2), result.output


def test_a_case_brings_its_profile_along(run: Run, folder: Path) -> None:
    (folder / "p.toml").write_text('[assumptions]\njob-id-field = "ticket"\n')
    with Mock({"job-id-field": "ticket"}, "immediate", accounts=2).listening(instead(unknown_jobs)) as server:
        run("check", *ONE, "--version", "v1", "--url", server.url, "--profile", "p.toml")
        (case,) = (folder / "casavi-check-replays").iterdir()
        at_address = run("check", "--url", server.url, "--replay", str(case))

    assert at_address.exit_code == 1
    assert "accepted-job-is-visible" in at_address.stdout
    assert run("check", "--replay", str(case)).exit_code == 0


NAMES = ["queued", "running", "done", "bad"]


def test_a_refuted_assumption_is_told_apart_and_may_be_tolerated(run: Run, folder: Path) -> None:
    with Mock({"unauthorized-status": 403}, "immediate", accounts=2).listening() as server:
        common = ("check", "--only", "wrong-secret-is-refused", "--version", "v1", "--url", server.url)
        strict, tolerant = run(*common), run(*common, "--tolerate-assumptions")

    assert (strict.exit_code, tolerant.exit_code) == (1, 0), strict.output
    for result in (strict, tolerant):
        assert "Refuted: guesses about casavi that do not hold here (1)" in result.stdout
        assert "Broken" not in result.stdout


def test_a_tolerated_assumption_hides_no_broken_promise(run: Run) -> None:
    with Mock({"job-status-names": NAMES}, "immediate", accounts=2).listening() as server:
        result = run("check", *ONE, "--url", server.url, "--job-timeout", "5", "--tolerate-assumptions")

    assert result.exit_code == 1, result.output
    assert "Failed: promises that do not hold (2)" in result.stdout, "no named assumption says otherwise"


def test_a_refuted_assumption_tells_the_line_of_the_profile(run: Run, folder: Path) -> None:
    with Mock({"job-id-field": "ticket"}, "immediate", accounts=2).listening() as server:
        result = run("check", *ONE, "--version", "v1", "--url", server.url)
        (line,) = re.findall(r"(?m)^ +profile {2}(\S.*\S)", result.stdout)
        (folder / "p.toml").write_text(f"[assumptions]\n{line}\n")
        with_line = run("check", *ONE, "--version", "v1", "--url", server.url, "--profile", "p.toml")

    assert (result.exit_code, with_line.exit_code) == (1, 0), with_line.output
    assert line == 'job-id-field = "ticket"'


PROFILE = """
[assumptions]
job-id-field = "ticket"
job-status-names = ["queued", "running", "done", "bad"]
import-path = "/deliveries"
import-status = 200
refresh-path = "/tokens/renew"
authenticate-status = 201
unauthorized-status = 403
error-media-type = "application/json"
"""


def test_other_names_and_paths_hold_where_both_know_them(run: Run, folder: Path) -> None:
    (folder / "p.toml").write_text(PROFILE)
    options = ("--only", "log-in-*", "--only", "accepted-job-ends", "--max-examples", "2", "--profile", "p.toml")
    assumptions = {
        "job-id-field": "ticket",
        "job-status-names": NAMES,
        "import-path": "/deliveries",
        "import-status": 200,
    }
    assumptions |= {"refresh-path": "/tokens/renew", "authenticate-status": 201, "unauthorized-status": 403}
    with Mock(assumptions | {"error-media-type": "application/json"}, "immediate", accounts=2).listening() as server:
        at_address = run("check", *options, "--url", server.url, COLUMNS="200")
    in_process = run("check", *options, COLUMNS="200")  # the line that is looked for stays whole

    assert (at_address.exit_code, in_process.exit_code) == (0, 0), at_address.output + in_process.output
    assert "8 assumptions changed" in in_process.stdout


def test_a_server_without_state_is_told_so(run: Run, folder: Path) -> None:
    def answer(asked: Request) -> Response:
        if asked.path == "/authenticate":
            return json_response({"token": "an-example-of-a-token", "expiresAt": "2026-01-05T08:00:00.000Z"})
        return json_response({}) if asked.path.startswith(("/contacts", "/jobs")) else Response(404)

    with serving(answer) as (url, _):
        result = run("check", "--url", url, "--junit", "a.xml", **ACCOUNT)
    text = flat(result.output)

    assert result.exit_code == 1, result.output
    assert (
        "This server keeps no state: it took a token that nobody gave out, and knows a job that nobody created." in text
    )
    assert "because the server keeps no state:" in text
    assert "Traceback" not in text
    assert 'type="failed"' in (folder / "a.xml").read_text()


# What is asked for.


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--only", "accepted-job-end"], "there is no check 'accepted-job-end'; did you mean accepted-job-ends"),
        (["--only", "qqq"], "there is no check 'qqq'; casavi-mock check --list shows them all"),
        (["--replay", "none.json"], "none.json: No such file"),
        (["--junit", "no/a.xml"], "a.xml cannot be written: its folder is missing"),
        (["--html", "."], "is a directory"),
        (["--json", "-"], "reports go to files"),
        (["--version", "v3"], "v3"),
        (["--max-examples", "0"], "0 is not in the range"),
        (["--profile", "none.toml"], "No such file"),
    ],
)
def test_what_is_impossible_is_refused(run: Run, options: list[str], said: str) -> None:
    result = run("check", *options)

    assert result.exit_code == 2, result.output
    assert said in flat(result.stderr)
    assert "Traceback" not in result.output


@pytest.mark.parametrize("line", ["job-id-fiel = 'x'", "import-status = 500"])
def test_an_impossible_profile_is_refused(run: Run, folder: Path, line: str) -> None:
    (folder / "p.toml").write_text(f"[assumptions]\n{line}\n")
    with Mock(progress="immediate", accounts=2).listening(recording=True) as server:
        results = [run("check", *LOG_IN, "--profile", "p.toml", *more) for more in ((), ("--url", server.url))]

        assert server.requests == []
    for result in results:
        assert result.exit_code == 2
        assert line.partition(" ")[0] in result.stderr


def test_missing_libraries_are_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "hypothesis" else real(name))
    result = run("check")

    assert result.exit_code == 2
    assert result.stderr == "casavi-mock: checks need more libraries (hypothesis): install casavi-mock[contracts]\n"


def test_settings_of_the_users_own_tests_do_not_count(run: Run, folder: Path) -> None:
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\npython_files = *.py\n")
    (folder / "conftest.py").write_text("raise RuntimeError('not for the suite')")
    result = run("check", *LOG_IN, PYTEST_ADDOPTS="--no-such-option", PYTEST_PLUGINS="no_such_plugin")

    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("then", ["accepted-job-ends", pytest.param("schemathesis", marks=pytest.mark.slow)])
def test_an_interrupted_run_tells_what_it_knows(folder: Path, then: str) -> None:
    """It is interrupted while it waits for the answer to an import, after the checks about the log-in."""
    importing, over = threading.Event(), threading.Event()

    def waiting(request: Request) -> Response | None:
        if request.path.endswith("/import"):
            importing.set()
            over.wait()
        return None

    with Mock(progress="immediate", accounts=2).listening(instead(waiting)) as server:
        command = [sys.executable, "-m", "casavi_mock", "check", "--url", server.url, "--only", "log-in-*", "--only"]
        process = subprocess.Popen(
            [*command, then], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=clean_environment(), cwd=folder,
        )  # fmt: skip
        reached = importing.wait(60)
        process.send_signal(signal.SIGTERM)
        over.set()
        out, err = process.communicate(timeout=60)

    assert reached
    assert process.returncode == 2, (out, err)
    assert "2 passed" in out
    assert "interrupted" in flat(out)
    assert "Traceback" not in out + err
    assert left(folder) == []
    assert os.path.lexists(folder)
