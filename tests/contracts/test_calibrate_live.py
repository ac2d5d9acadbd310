"""A run of the suite as evidence."""

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from casavi_contracts.http.exchange import Answer, Recorder, Redactor
from casavi_contracts.observe import live
from casavi_contracts.observe.live import LiveCalls, calibration_of
from casavi_mock.cli.commands import cli
from tests.support.traffic import NEW, vendor
from tests.support.traffic import Recorder as Client

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    name: str
    assumption: str | None = None
    passed: bool = True
    lines: tuple[str, ...] = ()


def calls_of(client: Client) -> LiveCalls:
    """Returns what a run would have seen of what a client did."""
    calls, recorder = LiveCalls(), Recorder(Redactor())
    recorder.listeners.append(calls.see)
    for entry in client.entries:
        request, response = entry["request"], entry["response"]
        path = "/" + request["url"].split("/", 3)[3]
        headers = {each["name"]: each["value"] for each in response["headers"]}
        answer = Answer(response["status"], headers, response["content"]["text"].encode())
        sent = request.get("postData", {}).get("text", "").encode()
        token = {each["name"]: each["value"] for each in request["headers"]}
        recorder.record(request["method"], path, token, sent, answer, operation=None, version="v1", seconds=0.1)
    return calls


@pytest.fixture(scope="module")
def calls() -> LiveCalls:
    with vendor({"import-status": 200, "v1-page-size": 2}) as client:
        client.log_in()
        client.bring({"contacts": [{"id": f"C-{n}"} for n in range(5)]})
        client.read_first()
    return calls_of(client)


def test_results_of_checks_count_for_more_than_the_form_of_answers(calls: LiveCalls) -> None:
    rows = [
        Row("one", "upsert", passed=False, lines=('upsert = "replace"',)),
        Row("two", "upsert"),
        Row("three", "null-clears"),
        Row("four", "contract-period", passed=False),
    ]
    found = {each.name: each for each in calibration_of(calls, rows, {"assumptions": {}}, NOW).findings}
    assert (found["upsert"].verdict, found["upsert"].theirs) == ("refuted", "replace")
    assert found["null-clears"].verdict == "confirmed"
    assert found["null-clears"].places == ("check three",)
    assert found["contract-period"].verdict == "not seen"
    assert (found["import-status"].theirs, found["v1-page-size"].theirs) == (200, 2)
    assert found["token-lifetime-days"].verdict == "not seen", "the suite may have moved the clock"


def test_checks_say_nothing_where_no_import_goes_well() -> None:
    with vendor({"import-path": "/bulk"}) as client:
        client.log_in()
        client.ask("POST", "/import", {"contacts": []})
    rows = [Row("one", "upsert", passed=False, lines=('upsert = "replace"',))]
    found = calibration_of(calls_of(client), rows, {"assumptions": {}}, NOW)
    assert not found.refuted


def test_nothing_is_written_where_nothing_was_seen(tmp_path: Path) -> None:
    found = calibration_of(LiveCalls(), [], {"assumptions": {}}, NOW)
    assert "nothing was seen" in live.write(found, tmp_path / "casavi")
    assert not (tmp_path / "casavi").exists()


def test_secrets_of_a_run_are_in_no_file(calls: LiveCalls, tmp_path: Path) -> None:
    live.write(calibration_of(calls, [], {"assumptions": {}}, NOW), tmp_path)
    written = "".join(path.read_text() for path in tmp_path.iterdir())
    assert "import-status = 200" in written
    assert not [secret for secret in NEW.values() if secret in written]


def test_a_run_of_the_suite_writes_a_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "profile.toml").write_text("[assumptions]\nimport-status = 201\n")
    options = ["--quick", "--profile", "profile.toml", "--calibrate", "casavi", "--only", "valid-import-is-accepted"]
    result = CliRunner().invoke(cli, ["check", *options, "--only", "omitted-fields-stay", "--json", "report.json"])
    assert result.exit_code == 0, result.output
    profile = tomllib.loads((tmp_path / "casavi" / "profile.toml").read_text())
    assert profile["assumptions"] == {"import-status": 201}
    assert "guesses were judged, 0 of them refuted" in (tmp_path / "report.json").read_text()
