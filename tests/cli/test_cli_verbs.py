"""Verbs that need no server."""

import json
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from casavi_contracts import spec
from casavi_mock.cli import health
from casavi_mock.cli.commands import VERBS
from casavi_mock.version import __version__
from tests.support.tamper import Response
from tests.support.wrong_servers import listening, serving

Run = Callable[..., Result]


def test_version_is_printed(run: Run) -> None:
    result = run("--version")

    assert (result.exit_code, result.output.split()[-1]) == (0, __version__)


@pytest.mark.parametrize("verb", [[verb] for verb in VERBS] + [["data", "generate"], ["data", "show"]])
def test_help_has_examples(run: Run, verb: list[str]) -> None:
    result = run(*verb, "--help")

    assert result.exit_code == 0
    assert "Examples:" in result.output or verb == ["data"]
    assert "\b" not in result.output


def test_unknown_verb_ends_with_2(run: Run) -> None:
    assert run("sevre").exit_code == 2


def test_generate_gives_the_same_bytes_for_the_same_seed(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "portfolio.json"

    first = run("data", "generate", "-n", "3", "--seed", "7")
    run("data", "generate", "-n", "3", "--seed", "7", "--output", str(file))
    other = run("data", "generate", "-n", "3", "--seed", "8")

    assert first.stdout_bytes == file.read_bytes()
    assert first.stdout_bytes != other.stdout_bytes
    assert len(json.loads(first.stdout)["properties"]) == 3


def test_generate_refuses_a_negative_number(run: Run) -> None:
    assert run("data", "generate", "-n", "-1").exit_code == 2


def test_generate_says_why_a_file_cannot_be_written(run: Run, tmp_path: Path) -> None:
    result = run("data", "generate", "-o", str(tmp_path / "no" / "file.json"))

    assert result.exit_code == 2
    assert "No such file" in result.stderr


def test_show_prints_a_sample_and_names_them_all_if_it_is_unknown(run: Run) -> None:
    shown, unknown = run("data", "show", "small-house"), run("data", "show", "big-house")

    assert json.loads(shown.stdout)["properties"]
    assert unknown.exit_code == 2
    assert "small-house" in unknown.stderr


def test_list_names_every_sample(run: Run) -> None:
    assert {"documentation-example", "small-house", "mid-size"} <= set(run("data", "list").output.split())


def test_assumptions_as_json_are_the_register(run: Run) -> None:
    rows = json.loads(run("assumptions", "--format", "json").stdout)

    assert [row["name"] for row in rows] == list(spec.assumptions(spec.load_document()))


def test_assumptions_table_names_every_one(run: Run) -> None:
    result = run("assumptions", COLUMNS="200")

    assert all(name in result.output for name in spec.assumptions(spec.load_document()))


def test_assumptions_as_toml_are_a_profile_that_can_be_used(run: Run, tmp_path: Path) -> None:
    text = run("assumptions", "--format", "toml").stdout
    uncommented = "\n".join(
        line.removeprefix("# ") if " = " in line and "?" not in line else line for line in text.split("\n")
    )
    profile = tmp_path / "all.toml"
    profile.write_text(uncommented)

    assert tomllib.loads(uncommented)["assumptions"].keys() == spec.assumptions(spec.load_document()).keys()
    assert run("assumptions", "--profile", str(profile), "--format", "json").exit_code == 0


def test_assumptions_show_what_a_profile_changed(run: Run, tmp_path: Path) -> None:
    profile = tmp_path / "p.toml"
    profile.write_text("[assumptions]\ntoken-lifetime-days = 1\n")

    assert "1 (changed)" in run("assumptions", "--profile", str(profile), COLUMNS="200").output


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[assumptions]\nno-such = 1\n", ["no-such", "token-lifetime-days"]),
        ("[assumptions]\nupsert = 'sometimes'\n", ["upsert", "merge", "replace"]),
        ("[assumptions]\ntoken-lifetime-days = 0\n", ["token-lifetime-days", "above 0"]),
        ("[server]\nprot = 1\n", ["prot", "port"]),
        ("[severs]\nport = 1\n", ["severs", "[server]"]),
        ("[assumptions\n", ["not valid TOML", "line 1"]),
    ],
)
def test_a_wrong_profile_is_refused_with_what_is_possible(
    run: Run, tmp_path: Path, text: str, named: list[str]
) -> None:
    profile = tmp_path / "p.toml"
    profile.write_text(text)

    result = run("serve", "--profile", str(profile))

    assert result.exit_code == 2
    assert all(word in result.stderr for word in named), result.stderr


def test_a_missing_profile_is_named(run: Run) -> None:
    assert "nowhere.toml" in run("serve", "--profile", "nowhere.toml").stderr


def test_env_prints_what_a_client_needs(run: Run) -> None:
    result = run("env", "--port", "5000", CASAVI_API_KEY="k", CASAVI_API_SECRET="it's")

    assert result.stdout.splitlines() == [
        "export CASAVI_URL=http://127.0.0.1:5000",
        "export CASAVI_API_KEY=k",
        """export CASAVI_API_SECRET='it'"'"'s'""",
    ]


@pytest.mark.parametrize("shell", ["fish", "powershell", "dotenv"])
def test_env_speaks_other_shells(run: Run, shell: str) -> None:
    assert "CASAVI_URL" in run("env", "--shell", shell).output


def test_half_of_the_credentials_is_refused(run: Run) -> None:
    result = run("env", CASAVI_API_KEY="k")

    assert result.exit_code == 2
    assert "CASAVI_API_SECRET" in result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(run: Run, shell: str) -> None:
    assert "_CASAVI_MOCK_COMPLETE" in run("completion", shell).output


def test_health_fails_where_nobody_listens(run: Run) -> None:
    assert run("health", "--port", "1").exit_code == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>ready</html>", b"[]", b'{"status":"up"}', b"[" * 100_000, b'"ready"'],
    ids=lambda body: body[:9],
)
def test_health_tells_other_servers_from_a_mock(run: Run, body: bytes) -> None:
    with serving(lambda asked: Response(200, body=body)) as (url, _):
        result = run("health", "--url", url)
    assert (result.exit_code, result.stderr) == (1, f"{url}/_mock/ready: it is no mock that answers\n")


def test_health_waits_no_longer_than_for_one_answer(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that answers bit by bit keeps to the time for each bit."""
    over = threading.Event()

    def trickle(connection: socket.socket) -> None:
        while not over.wait(0.005):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    monkeypatch.setattr(health, "_TIMEOUT_SECONDS", 0.1)
    with listening(trickle) as url:
        result = run("health", "--url", url)
        over.set()
    assert (result.exit_code, result.stderr) == (1, f"{url}/_mock/ready: no whole answer in time\n")


@pytest.mark.parametrize("verb", ["requests", "jobs", "faults", "violations", "health", "accounts", "clock"])
@pytest.mark.parametrize("body", [b"{}", b"[1]", b'"text"', b"null", b'{"requests":5,"jobs":[1],"faults":{}}'])
def test_control_tells_other_servers_from_a_mock(run: Run, verb: str, body: bytes) -> None:
    with serving(lambda asked: Response(200, body=body)) as (url, _):
        result = run("control", *verb.split(), "--url", url)
    assert result.exit_code == (2 if not body.startswith(b"{") else result.exit_code)
    told = [f"casavi-mock: {url}: the answer is none of the mock's; is this the mock?"]
    assert (result.exit_code, result.stderr.splitlines()) in ((0, []), (2, told))


def test_health_refuses_what_is_not_an_address(run: Run) -> None:
    assert run("health", "--url", "file:///etc/passwd").exit_code == 1


def test_doctor_finds_nothing_bad_here(run: Run) -> None:
    result = run("doctor", "--port", "0", CASAVI_MOCK_PROT="1", COLUMNS="200")

    assert result.exit_code == 0, result.output
    assert "CASAVI_MOCK_PROT" in result.output


def test_doctor_names_what_is_bad(run: Run) -> None:
    result = run("doctor", "--port", "0", CASAVI_API_KEY="k", COLUMNS="200")

    assert result.exit_code == 1
    assert "CASAVI_API_SECRET" in result.output


@pytest.mark.parametrize("value", ["nocolon", ":secret", "key:"])
def test_a_wrong_account_is_refused_without_being_repeated(run: Run, value: str) -> None:
    result = run("serve", "--account", value)

    assert result.exit_code == 2
    assert "KEY:SECRET" in result.stderr
    assert value not in result.stderr


@pytest.mark.parametrize("verb", ["health", "env"])
def test_light_verbs_load_nothing_heavy(verb: str) -> None:
    code = (
        "import sys; from casavi_mock.cli.commands import cli\n"
        f"try: cli(['{verb}', '--port', '1'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('connexion', 'flask', 'httpx', 'uvicorn', 'rich', 'faker') if m in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert printed.splitlines()[-1] == "[]"
