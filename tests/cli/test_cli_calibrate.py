"""`casavi-mock calibrate`: tables, files and exit codes."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.support.traffic import usual
from tests.support.vendors import documents

Run = Callable[..., Result]

CHANGED: dict[str, Any] = {"import-path": "/bulk", "import-status": 200, "error-media-type": "application/json"}


def vendor(folder: Path, profile: dict[str, Any] = CHANGED) -> str:
    path = folder / "vendor.json"
    path.write_text(json.dumps(documents(profile)[0]))
    return str(path)


def test_the_table_fits_and_the_exit_code_says_that_something_is_refuted(run: Run, tmp_path: Path) -> None:
    result = run("calibrate", vendor(tmp_path), LC_ALL="C")

    assert result.exit_code == 1, result.output
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["guess", "ours", "theirs", "evidence"]
    assert lines[1].split()[:3] == ["error-media-type", "application/p", "application/json"]
    assert any(line.startswith("60 guesses: 3 refuted") for line in lines)


def test_nothing_new_is_exit_code_0(run: Run, tmp_path: Path) -> None:
    assert run("calibrate", vendor(tmp_path, {})).exit_code == 0


def test_a_folder_is_a_profile_that_behaves_so(run: Run, tmp_path: Path) -> None:
    folder, report = tmp_path / "deep" / "casavi", tmp_path / "report.json"
    result = run("calibrate", vendor(tmp_path), "--output", str(folder), "--json", str(report))

    assert result.exit_code == 1, result.output
    assert sorted(path.name for path in folder.iterdir()) == ["evidence.json", "profile.toml"]
    profile = tomllib.loads((folder / "profile.toml").read_text())
    assert profile == {"assumptions": CHANGED, "evidence": {"file": "evidence.json"}}
    evidence = json.loads((folder / "evidence.json").read_text())
    assert evidence["assumptions"]["import-status"] == {
        "verdict": "refuted",
        "value": 200,
        "evidence": "vendor-document",
        "count": 1,
        "first": None,
        "last": None,
        "from": ["vendor.json"],
    }
    entries = {entry["name"]: entry for entry in json.loads(report.read_text())["assumptions"]}
    assert entries["import-path"]["theirs"] == "/bulk"
    assert entries["upsert"]["verdict"] == "not seen"
    assert run("calibrate", vendor(tmp_path), "--output", str(folder)).exit_code == 1, "its own files are replaced"


def test_files_of_others_are_not_overwritten(run: Run, tmp_path: Path) -> None:
    (tmp_path / "profile.toml").write_text("[server]\nport = 1\n")
    result = run("calibrate", vendor(tmp_path), "--output", str(tmp_path))

    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "was not written by this command; --force overwrites it" in result.stderr
    assert not (tmp_path / "evidence.json").exists()
    assert run("calibrate", vendor(tmp_path), "--output", str(tmp_path), "--force").exit_code == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file"),
        ('{"openapi": "3.0.0", "paths": {}}', "nothing comparable"),
        ("\x00\x01", "neither JSON nor YAML"),
    ],
)
def test_what_says_nothing_is_exit_code_2(run: Run, tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "vendor.json"
    if text is not None:
        path.write_text(text)
    result = run("calibrate", str(path), "--output", str(tmp_path / "out"))

    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_texts_of_a_file_steer_no_terminal(run: Run, tmp_path: Path) -> None:
    document = documents({})[0]
    document["paths"]["/tickets\x1b[2J"] = {"get": {"responses": {"200": {"description": ""}}}}
    path = tmp_path / "vendor.json"
    path.write_text(json.dumps(document))
    result = run("calibrate", str(path))

    assert result.exit_code == 0, result.output
    assert "operation GET /tickets" in result.stdout
    assert "\x1b" not in result.stdout


def test_jobs_take_as_long_as_was_seen(run: Run, prepare: Callable[..., Any], tmp_path: Path) -> None:
    traffic = tmp_path / "traffic.har"
    traffic.write_text(usual())
    assert run("calibrate", str(traffic), "--output", str(tmp_path / "casavi")).exit_code == 0

    durations = prepare("--profile", str(tmp_path / "casavi" / "profile.toml")).settings.durations
    assert len(durations.observed) > 10
    assert durations.seconds(1, 0) == pytest.approx(5)


@pytest.mark.parametrize("text", ["{", "[]", '{"casavi-mock": "durations", "version": 1, "jobs": [[1, -2]]}'])
def test_durations_that_cannot_be_used_are_told_in_one_sentence(run: Run, tmp_path: Path, text: str) -> None:
    path = tmp_path / "durations.json"
    path.write_text(text)
    result = run("serve", "--job-durations", str(path))
    assert result.exit_code == 2
    assert "durations.json: " in result.stderr
