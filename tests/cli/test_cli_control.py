"""The verb `control` against a server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest
from click.testing import Result

from casavi_fixtures import portfolio_bytes
from casavi_mock.cli.control import control
from tests.support.server import Live

Run = Callable[..., Result]
Steer = Callable[..., Result]


@pytest.fixture
def url(serve: Callable[..., Live]) -> str:
    return serve().url


@pytest.fixture
def steer(url: str, run: Run) -> Steer:
    """Runs one verb of the control plane; fails unless it ends with the expected code."""

    def steered(*arguments: str, code: int = 0, stdin: str | bytes | None = None) -> Result:
        result = run("control", *arguments, "--url", url, stdin=stdin, COLUMNS="250")
        assert result.exit_code == code, result.output
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return steered


def answer(result: Result) -> Any:
    return json.loads(result.stdout)


def all_commands() -> list[list[str]]:
    found = []
    for name, command in control.commands.items():
        found.append([name])
        found += [[name, inner] for inner in getattr(command, "commands", {})]
    return found


@pytest.mark.parametrize("verb", all_commands(), ids=" ".join)
def test_every_verb_has_help(run: Run, verb: list[str]) -> None:
    result = run("control", *verb, "--help")
    assert result.exit_code == 0
    assert "\b" not in result.output


def test_state_snapshots_and_reset(steer: Steer, url: str, run: Run, tmp_path: Path) -> None:
    file, again = tmp_path / "before.json", tmp_path / "after.json"
    assert run("import", "-", "--url", url, stdin=portfolio_bytes("small-house")).exit_code == 0
    steer("state", "get", str(file))
    assert "saved" in steer("snapshot", "save", "full house").stdout
    assert "nothing" in steer("reset").stdout
    assert "6 units" in steer("state", "put", str(file)).stdout
    steer("state", "get", str(again))
    assert file.read_bytes() == again.read_bytes() == steer("state", "get").stdout_bytes
    assert "full house" in steer("snapshot").stdout
    steer("reset")
    assert "6 units" in steer("snapshot", "restore", "full house").stdout
    steer("snapshot", "delete", "full house")
    assert answer(steer("snapshot", "list", "--json")) == {"snapshots": []}
    assert "no snapshots" in steer("snapshot", "list").stdout
    assert "no snapshot" in steer("snapshot", "restore", "full house", code=2).stderr
    assert "No such file" in steer("state", "get", str(tmp_path / "no" / "file"), code=2).stderr


def test_requests_and_violations(steer: Steer, url: str, run: Run, tmp_path: Path) -> None:
    har, junit, sarif = (tmp_path / name for name in ("a.har", "a.xml", "a.sarif"))
    assert "no violations" in steer("violations").stdout
    run("import", "-", "--url", url, stdin='{"contacts": [{"id": 7}]}')
    assert "importMasterData" in json.dumps(answer(steer("requests", "--operation", "importMasterData", "--json")))
    assert "schema-violation" in steer("requests").stdout
    steer("requests", "--har", str(har))
    assert json.loads(har.read_text())["log"]["entries"]
    told = steer("violations", "--junit", str(junit), "--sarif", str(sarif), code=1)
    assert "request-violates-contract" in told.stdout
    assert ET.parse(junit).getroot().get("failures") != "0"  # our own file
    assert json.loads(sarif.read_text())["runs"][0]["results"]
    rules = {line["rule"] for line in answer(steer("violations", "--json", code=1))["violations"]}
    steer("violations", *(f"--allow={name}" for name in rules))
    assert "request-violates-contract" in steer("violations", "--allow", "no-such", code=2).stderr
    steer("requests", "--clear")
    assert "no requests" in steer("requests").stdout


def test_jobs_queue_and_progress(steer: Steer, url: str, run: Run) -> None:
    assert "no jobs" in steer("jobs").stdout
    assert "held" in steer("hold").stdout
    job = run("import", "-", "--no-wait", "--url", url, stdin='{"contacts": [{"id": "1"}, {"id": "2"}]}').stdout.strip()
    assert job in steer("jobs").stdout
    assert "1 job unfinished" in steer("queue").stdout
    assert "moved" in steer("step", "record").stdout
    assert "1 of 2" in steer("jobs", job).stdout
    steer("outcome", job, "failed")
    assert "told to fail" in steer("jobs", job).stdout
    assert "ended already" in steer("outcome", job, "completed", code=2).stderr
    steer("outcome", "next", "completed")
    assert "0 jobs ended" in steer("drain").stdout
    assert "nothing to move" in steer("step").stdout
    assert "running" in steer("release").stdout
    manual = steer("progress", "manual", "--polls", "2").stdout
    assert "manual" in manual
    assert "2 polls" in manual
    assert "time: 5 seconds a job" in steer("progress", "time", "--job-seconds", "5").stdout
    assert "immediate" in steer("progress", "default").stdout
    assert steer("progress").stdout == steer("queue").stdout
    assert "immediate, time, manual" in steer("progress", "--job-seconds", "5", code=2).stderr
    assert "does not go with default" in steer("progress", "default", "--polls", "2", code=2).stderr


def test_clock_and_tokens(steer: Steer, url: str, run: Run) -> None:
    assert "frozen" in steer("clock", "freeze", "--at", "2100-01-01T00:00:00Z").stdout
    assert steer("clock", "advance", "--days", "31").stdout == "2100-02-01T00:00:00.000Z (frozen)\n"
    assert "2101" in steer("clock", "set", "2101-01-01T00:00:00Z").stdout
    assert "(frozen)" not in steer("clock", "unfreeze").stdout
    assert answer(steer("clock", "--json"))["frozen"] is False
    assert "cannot go back" in steer("clock", "set", "2001-01-01T00:00:00Z", code=2).stderr
    assert "--days" in steer("clock", "advance", code=2).stderr
    run("import", "-", "--url", url, stdin="{}")
    assert "1 token expired" in steer("expire-tokens").stdout


def test_faults(steer: Steer, url: str, run: Run) -> None:
    assert "no faults" in steer("faults").stdout
    added = steer("faults", "add", "importMasterData", "--kind", "status", "--status", "503", "--retry-after", "2")
    steer("faults", "add", "*", "--kind", "delay", "--seconds", "0.5", "--first", "9", "--times", "2")
    listed = steer("faults").stdout
    assert "status 503 Retry-After 2" in listed
    assert "from 9, 2 times" in listed
    assert "delay 0.5 seconds" in listed
    assert "503" in run("import", "-", "--url", url, stdin="{}").stderr
    assert answer(steer("faults", "list", "--json"))["faults"][0]["hits"] == 1
    steer("faults", "remove", added.stdout.strip())
    assert "removed 1" in steer("faults", "clear").stdout
    assert "importMasterData" in steer("faults", "add", "x", "--kind", "reset", code=2).stderr


def test_accounts_and_assumptions(steer: Steer, url: str) -> None:
    made = answer(steer("accounts", "create", "--load", "small-house", "--json"))
    assert "6 units" in steer("accounts").stdout
    assert made["key"] not in steer("accounts", "list", "--json").stdout
    of_account = ("--account", made["key"])
    assert "6 units" in steer("reset", *of_account).stdout
    assert "nothing" in steer("reset").stdout
    steer("accounts", "delete", made["key"])
    gone = steer("reset", *of_account, code=2)
    assert "no account" in gone.stderr
    assert made["key"] not in gone.stderr
    assert steer("accounts", "create", "--key", "k", "--secret", "s").stdout == "key k\nsecret s\n"
    assert "token-lifetime-days" in steer("assumptions").stdout
    assert httpx.get(f"{url}/_mock/accounts", timeout=60).json()["count"] == 2


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://127.0.0.1:1", "cannot connect"),
        ("file:///etc/passwd", "protocol"),
        ("http://[", "http://["),
        ("", "4227"),
    ],
)
def test_no_server_ends_with_2_and_one_line(run: Run, address: str, said: str) -> None:
    options = ["--url", address] if address else ["--port", "4227", "--host", "127.0.0.250"]
    result = run("control", "clock", *options)
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_something_else_at_the_address_ends_with_2(url: str, run: Run) -> None:
    result = run("control", "clock", "--url", f"{url}/docs")
    assert result.exit_code == 2
    assert "404" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_control_token_is_never_printed(url: str, run: Run) -> None:
    result = run("control", "clock", "advance", "--days", "-1", "--url", url, CASAVI_MOCK_CONTROL_TOKEN="hunter2")
    helped = run("control", "clock", "now", "--help", CASAVI_MOCK_CONTROL_TOKEN="hunter2")
    assert result.exit_code == 2
    assert "CASAVI_MOCK_CONTROL_TOKEN" in helped.output
    assert "hunter2" not in result.output + helped.output


@pytest.mark.parametrize(
    "words",
    [
        ("--url", "URL", "clock", "freeze", "--json"),
        ("--json", "clock", "--url", "URL", "freeze"),
        ("--url=URL", "clock", "--json", "freeze"),
        ("clock", "freeze", "--json", "--url", "URL"),
        ("--json", "--url", "URL", "clock"),
        ("--url", "URL", "clock", "--json"),
        ("clock", "--json", "--url=URL"),
    ],
    ids=" ".join,
)
def test_a_server_is_named_at_any_place(url: str, run: Run, words: tuple[str, ...]) -> None:
    assert "now" in answer(run("control", *(word.replace("URL", url) for word in words)))


def test_host_and_port_name_a_server_at_any_place(start: Callable, run: Run) -> None:
    host, _, port = start().url.removeprefix("http://").rpartition(":")
    for words in (("--port", port, "jobs"), ("jobs", "--port", port), ("-p", port, "jobs", "-H", host)):
        assert "no jobs" in run("control", *words).stdout


def test_the_command_line_beats_the_environment_at_any_place(url: str, run: Run) -> None:
    for words in (("--url", url, "clock", "now"), ("clock", "--url", url, "now"), ("clock", "now", "--url", url)):
        assert run("control", *words, CASAVI_URL="http://127.0.0.1:1").exit_code == 0
    assert run("control", "clock", CASAVI_URL=url).exit_code == 0


@pytest.mark.parametrize(
    ("words", "present"),
    [
        (("transitions",), "'progress'"),
        (("transitions", "manual", "--times", "2"), "'progress'"),
        (("progress", "manual", "--times", "2"), "--polls"),
        (("progress", "time", "--seconds", "2"), "--job-seconds"),
    ],
)
def test_former_names_are_refused_with_the_present_one(run: Run, words: tuple[str, ...], present: str) -> None:
    result = run("control", *words, "--port", "1")
    assert result.exit_code == 2
    assert present in result.stderr


def test_what_does_not_go_together_is_told_without_a_server(run: Run) -> None:
    for words, told in (
        (("jobs", "some-id", "--limit", "3"), "--limit does not go with JOB"),
        (
            ("faults", "add", "getJob"),
            "say what happens: --bytes-per-second, --entity, --id, --rule, --seconds, --status, or --kind",
        ),
        (("faults", "add", "getJob", "--status", "200"), "400<=x<=599"),
        (("outcome", "next", "lost"), "'stalled'"),
        (("snapshot", "save"), "NAME"),
        (("jobs", "a", "b"), "unexpected extra argument"),
        (("no-such-verb",), "No such command"),
    ):
        result = run("control", *words, "--port", "1")
        assert result.exit_code == 2
        assert told in result.stderr


def test_counts_lists_and_journals_are_shown_and_cleared(steer: Steer, url: str, run: Run) -> None:
    run("import", "-", "--url", url, stdin="{}")
    number = int(steer("requests", "count").stdout)
    assert number > 1
    assert steer("requests", "count", "--operation", "importMasterData").stdout == "1\n"
    assert steer("requests", "clear").stdout == f"removed {number}\n"
    assert steer("violations", "clear").stdout == "removed 0\n"
    assert "connections" in steer("health").stdout
    assert "worker" in steer("ready").stdout
    assert "contract" in steer("version").stdout
    assert answer(steer("document"))["openapi"] == "3.0.3"


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("control", "cl"), "clock"),
        (("control", "--po"), "--port"),
        (("control", "clock", "fr"), "freeze"),
        (("control", "--port", "1", "clock", "fr"), "freeze"),
        (("control", "clock", "advance", "--da"), "--days"),
        (("control", "requests", "--oper"), "--operation"),
        (("control", "requests", "co"), "count"),
        (("control", "progress", "ma"), "manual"),
        (("control", "progress", "de"), "default"),
        (("control", "faults", "add", "import"), "importMasterData"),
        (("control", "faults", "add", "getJob", "--kind", "lost"), "lost-response"),
        (("control", "accounts", "create", "--load", "small"), "small-house"),
        (("control", "violations", "--allow", "polls"), "polls-too-fast"),
    ],
    ids=lambda said: said if isinstance(said, str) else " ".join(said),
)
def test_a_shell_completes_every_level(
    completed: Callable[..., list[str]], words: tuple[str, ...], offered: str
) -> None:
    assert offered in completed(*words)


def test_a_shell_offers_no_former_names(completed: Callable[..., list[str]]) -> None:
    assert "transitions" not in completed("control", "")
    assert "--times" not in completed("control", "progress", "manual", "--t")
