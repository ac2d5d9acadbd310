"""`casavi-mock assumptions --todo`: each guess by the work that it needs."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result

from casavi_contracts import spec
from casavi_contracts.observe import telling
from casavi_mock.cli.todo import ASK, FIXED, RECORD, RUN, work
from tests.support.vendors import documents

Run = Callable[..., Result]


def test_every_guess_stands_below_one_kind_of_work(run: Run) -> None:
    result = run("assumptions", "--todo", LC_ALL="C")

    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "1 is known already, 59 are open."
    named = [line[4:] for line in lines if line.startswith(("  + ", "    ")) and not line.startswith("      ")]
    register = spec.assumptions(spec.load_document())
    assert sorted(named) == sorted(name for name, entry in register.items() if entry.evidence != "documented")


def test_the_work_follows_from_the_register_the_checks_and_what_files_can_tell() -> None:
    register = spec.assumptions(spec.load_document())
    works = {each.name: each for each in work(register)}

    assert works["import-path"].kind == RECORD
    assert works["import-path"].document
    assert works["import-path"].text == register["import-path"].check
    assert works["token-across-versions"].kind == FIXED
    assert works["token-across-versions"].text.startswith(register["token-across-versions"].other)
    assert works["job-object"].kind == RECORD
    assert works["document-type-levels"].kind == RUN
    assert works["document-type-levels"].checks == ("type-of-a-document-has-so-many-levels",)
    assert works["queue-limit"].kind == ASK
    assert works["queue-limit"].text == register["queue-limit"].question
    assert works["responsibility-identity"].kind == FIXED
    known = {**register, "import-path": replace(register["import-path"], evidence="observed")}
    assert "import-path" not in {each.name for each in work(known)}


def test_the_register_has_all_that_files_can_tell() -> None:
    assert {*spec.assumptions(spec.load_document())} >= telling.IN_DOCUMENT | telling.IN_TRAFFIC


def test_what_was_seen_is_no_work_any_more(run: Run, tmp_path: Path) -> None:
    vendor = tmp_path / "vendor.json"
    vendor.write_text(json.dumps(documents({"import-status": 200})[0]))
    run("calibrate", str(vendor), "--output", str(tmp_path / "casavi"))
    profile = str(tmp_path / "casavi" / "profile.toml")

    todo = json.loads(run("assumptions", "--todo", "--format", "json", "--profile", profile).stdout)
    assert not {each["name"] for each in todo} & {"import-status", "refresh-path"}
    assert "upsert" in {each["name"] for each in todo}
    entries = {
        each["name"]: each for each in json.loads(run("assumptions", "--format", "json", "--profile", profile).stdout)
    }
    assert entries["import-status"]["evidence"] == "observed"
    assert entries["import-status"]["observed"]["from"] == ["vendor.json"]
    table = run("assumptions", "--profile", profile).stdout
    assert any("observed 1 time" in line for line in table.splitlines() if line.startswith("import-status"))


@pytest.mark.parametrize("form", ["toml", "markdown"])
def test_work_has_no_other_form(run: Run, form: str) -> None:
    result = run("assumptions", "--todo", "--format", form)
    assert result.exit_code == 2
    assert "--todo is a table or JSON" in result.stderr
