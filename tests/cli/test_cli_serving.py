"""The server as a process, and the client that comes with it."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from click.testing import Result

from casavi_fixtures import load_portfolio, master_data, portfolio_bytes
from casavi_mock.domain.jobs import Progress
from casavi_mock.domain.tokens import MARK, shard_mark
from tests.support.server import Live

Run = Callable[..., Result]


def test_starts_prints_where_it_is_and_stops_with_0(start: Callable) -> None:
    """Empty variables count as unset."""
    names = ("LOAD", "PROFILE", "PROGRESS", "ACCOUNT", "LOG_FORMAT", "MAX_BODY_MB")
    empty = {f"CASAVI_MOCK_{name}": "" for name in names} | {"CASAVI_API_KEY": "", "CASAVI_API_SECRET": ""}
    running = start(**empty)

    health = httpx.get(f"{running.url}/_mock/health", timeout=60).json()
    code, log = running.stop()

    assert health["status"] == "ok"
    assert code == 0
    assert "Traceback" not in log
    assert "ksdasji0-sf818-nfn81-ms9a-ams9d9a9as" in "".join(running.printed)  # casavi's printed example, no secret


def test_opens_accounts_loads_portfolios_and_prints_no_secret(start: Callable, tmp_path: Path) -> None:
    """A portfolio is a sample, a file, or a folder of files."""
    (tmp_path / "1.json").write_text(json.dumps({"contacts": [{"id": "only here"}]}))
    running = start(
        "--account", "key-1:top-secret", "--account", "key-2:other-secret", "--load", "small-house",
        "--load", str(tmp_path),
    )  # fmt: skip

    health = httpx.get(f"{running.url}/_mock/health", timeout=60).json()
    _, log = running.stop()

    assert health["accounts"] == 2
    assert (health["records"]["contacts"], health["records"]["units"]) == (11, 6)
    assert "secret-" not in log + "".join(running.printed)
    assert "top-secret" not in log + "".join(running.printed)


def test_flags_beat_variables_and_variables_beat_the_profile(start: Callable, run: Run, tmp_path: Path) -> None:
    profile = tmp_path / "p.toml"
    profile.write_text("[server]\nprogress = 'manual'\nlog-format = 'json'\n[assumptions]\nimport-status = 201\n")
    running = start("--log-format", "text", CASAVI_MOCK_PROFILE=str(profile), CASAVI_MOCK_PROGRESS="immediate")

    result = run(
        "import", "-", "--url", running.url, "--json", "--profile", str(profile), stdin='{"contacts": [{"id": "1"}]}'
    )

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["status"] == "completed"


def test_log_as_json_is_one_object_a_line(start: Callable) -> None:
    running = start("--log-format", "json", "--log-level", "debug")
    httpx.post(f"{running.url}/authenticate", json={"key": "k", "secret": "hunter2"}, timeout=60)

    _, log = running.stop()

    lines = [json.loads(line) for line in running.printed + log.splitlines()]
    assert lines[0]["url"] == running.url
    assert lines[-1]["rule"] == "credentials-wrong"
    assert "hunter2" not in log


def test_imports_a_file_and_prints_the_result(serve: Callable[..., Live], run: Run, tmp_path: Path) -> None:
    url = serve().url
    file = tmp_path / "house.json"
    file.write_bytes(portfolio_bytes("small-house"))

    result = run("import", str(file), "--url", url)

    assert result.exit_code == 0, result.output
    assert "completed" in result.stdout
    assert ["units", "6", "0", "0", "0"] in [line.split() for line in result.stdout.splitlines()]


def test_refused_records_end_with_1_and_are_named(serve: Callable[..., Live], run: Run) -> None:
    url = serve().url
    properties_only = json.dumps({"properties": load_portfolio("small-house")["properties"]})

    result = run("import", "-", "--url", url, stdin=properties_only, COLUMNS="200")

    assert result.exit_code == 1
    assert "missing-reference" in result.stdout
    assert "/properties/0/addresses/0/units/0/contracts/0/contactId" in result.stdout


def test_a_refused_request_ends_with_2_and_says_where(serve: Callable[..., Live], run: Run) -> None:
    result = run("import", "-", "--url", serve().url, stdin='{"contacts": [{"id": 7}, {}]}')

    assert result.exit_code == 2
    assert "/contacts/0/id: expected string, got number 7" in result.stderr
    assert "/contacts/1" in result.stderr


def test_wrong_credentials_end_with_2(serve: Callable[..., Live], run: Run) -> None:
    result = run("import", "-", "--url", serve().url, "--key", "k", "--secret", "hunter2", stdin="{}")

    assert result.exit_code == 2
    assert "401" in result.stderr
    assert "hunter2" not in result.stderr


def test_no_server_ends_with_2(run: Run) -> None:
    result = run("import", "-", "--url", "http://127.0.0.1:1", stdin="{}")

    assert result.exit_code == 2
    assert "http://127.0.0.1:1/authenticate: cannot connect" in result.stderr


def test_something_else_at_the_address_ends_with_2(serve: Callable[..., Live], run: Run) -> None:
    result = run("import", "-", "--url", f"{serve().url}/docs", stdin="{}")

    assert result.exit_code == 2
    assert "404" in result.stderr


def test_no_wait_prints_the_job_id(serve: Callable[..., Live], run: Run) -> None:
    url = serve().url

    result = run("import", "-", "--url", url, "--no-wait", stdin=json.dumps(master_data()))

    assert result.exit_code == 0
    assert len(result.stdout.strip()) == 36


def test_a_job_that_does_not_end_in_time_ends_with_2(serve: Callable[..., Live], run: Run) -> None:
    url = serve(Progress(progress="manual", polls=0)).url

    result = run("import", "-", "--url", url, "--timeout", "0", stdin=json.dumps(master_data()))

    assert result.exit_code == 2
    assert "still 'waiting'" in result.stderr


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ('{"contacts": [{"id": "1"},]}', "Line 1, column 26"),
        ('{"contacts": [{"id": 1}]}', "/contacts/0/id: expected string, got number 1"),
        (
            '{"responsibilities": [{"propertyId": "P", "contactId": "C", "roleName": "r", "roleType": "internal"}]}',
            "/responsibilities/0/propertyId",
        ),
    ],
)
def test_a_portfolio_that_cannot_be_loaded_is_explained(run: Run, tmp_path: Path, content: str, named: str) -> None:
    file = tmp_path / "broken.json"
    file.write_text(content)

    result = run("serve", "--port", "0", "--load", str(file))

    assert result.exit_code == 2
    assert "broken.json" in result.stderr
    assert named in result.stderr


def test_an_unknown_portfolio_names_the_samples(run: Run) -> None:
    assert "small-house" in run("serve", "--port", "0", "--load", "nowhere").stderr


def test_an_empty_folder_is_refused(run: Run, tmp_path: Path) -> None:
    assert "no *.json" in run("serve", "--port", "0", "--load", str(tmp_path)).stderr


def test_two_accounts_with_one_key_are_refused(run: Run) -> None:
    assert "same key" in run("serve", "--account", "k:1", "--account", "k:2").stderr


def test_a_taken_port_is_explained(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("serve", "--port", str(taken.getsockname()[1]))

    assert result.exit_code == 2
    assert "--port" in result.stderr


def test_health_finds_a_running_mock(serve: Callable[..., Live], run: Run) -> None:
    url = serve().url

    assert run("health", "--url", url, "--wait", "5").exit_code == 0
    assert run("health", "--port", url.rsplit(":", 1)[1], CASAVI_MOCK_HOST="0.0.0.0").exit_code == 0


def test_doctor_knows_a_running_mock(serve: Callable[..., Live], run: Run) -> None:
    result = run("doctor", "--port", serve().url.rsplit(":", 1)[1], COLUMNS="200")

    assert result.exit_code == 0
    assert "a mock is running" in result.output


def test_strict_lets_right_answers_through(serve: Callable[..., Live], run: Run) -> None:
    url = serve(strict=True).url

    assert run("import", "-", "--url", url, stdin=json.dumps(master_data())).exit_code == 0


@pytest.mark.parametrize("number", ["nan", "inf", "1e999"])
@pytest.mark.parametrize("name", ["--header-seconds", "--job-seconds", "--state-seconds", "--max-body-mb"])
def test_a_number_that_is_none_is_refused(run: Callable[..., Result], name: str, number: str) -> None:
    result = run("serve", "--port", "0", name, number)
    assert result.exit_code == 2
    assert name in result.output
    assert "Invalid value" in result.output


@pytest.mark.parametrize("servers", ["", "a", "a:b", "a:1,a:1", "a b:1", "a:1,", "'a:1"])
def test_servers_that_are_none_are_refused(run: Callable, tmp_path: Path, servers: str) -> None:
    key = tmp_path / "key.txt"
    key.write_text("the-key-of-the-shards")

    result = run("shards", "--servers", servers, "--shard-key-file", str(key))

    assert result.exit_code == 2
    assert "the-key-of-the-shards" not in result.output


def test_a_server_among_several_marks_its_tokens(prepare: Callable, run: Callable, tmp_path: Path) -> None:
    key = tmp_path / "key.txt"
    key.write_text("the-key-of-the-shards")

    printed = run("shards", "--servers", "mock-1:4227, mock-2:4227", CASAVI_MOCK_SHARD_KEY_FILE=str(key)).stdout
    registry = prepare("--shard-key-file", str(key)).registry

    assert printed.count("    server s") == 2
    assert "the-key-of-the-shards" not in printed
    assert "<<" not in printed
    (account,) = registry
    token = account.issue_token().text.reveal()
    assert token[:MARK] == shard_mark("the-key-of-the-shards", account.key)
