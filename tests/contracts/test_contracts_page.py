"""The pages of the kit: their tables are those of the code, and their examples run."""

import re
import sys
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import settings

from casavi_contracts.checks import Check
from casavi_contracts.fuzz.checks import CHECKS
from casavi_contracts.fuzz.reasons import BUILT_IN
from casavi_contracts.outcome import Outcome
from casavi_mock.cli.check import check
from tests.contracts.mutants import page
from tests.contracts.mutants.finding import find
from tests.contracts.mutants.judging import healthy, judged
from tests.contracts.mutants.register import MUTANTS
from tests.support import kit
from tests.support.kit import contract
from tests.support.pages import read
from tests.support.server import Mock
from tests.support.tamper import Tamper, untouched

TEXT = read("explanation/contract-kit", "how-to/write-a-check", "how-to/test-data", "reference/checks")
BLOCKS = re.findall(r"(?ms)^```python\n(.*?)^```", TEXT)
OUTDATED = "run `make docs`"


Run = Callable[[str], dict[str, Any]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the one example that holds a text, and returns what it defines."""

    def run(containing: str) -> dict[str, Any]:
        (block,) = (block for block in BLOCKS if containing in block)
        file = tmp_path / "example.py"  # Hypothesis reads the source of its tests
        file.write_text(block)
        defined: dict[str, Any] = {"__name__": "example"}
        exec(compile(block, str(file), "exec"), defined)
        return defined

    return run


def test_table_of_checks_is_up_to_date() -> None:
    assert page.part(TEXT, "checks") == page.checks_table(), OUTDATED


def test_table_of_mutants_has_each_with_what_finds_it() -> None:
    rows = re.findall(
        r"(?m)^\| `([^`]+)` \| .* \| `([^`]+)` \| ([^|]*) \|$", page.mutants_table(lambda mutant: {"v1": 3})
    )
    assert rows == [(mutant.name, mutant.check, "v1 3") for mutant in MUTANTS]


def test_a_part_that_is_not_there_is_said() -> None:
    with pytest.raises(ValueError, match="0 parts called checks"):
        page.replaced("# A page", "checks", "")


def empty_lists() -> Tamper:
    (found,) = (mutant for mutant in MUTANTS if mutant.name == "pages-always-empty")
    return found.make()


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_example_of_a_check_holds_and_can_break(version: str, run: Run) -> None:
    check: Check = run("def imported_contacts_can_be_listed")["imported_contacts_can_be_listed"]
    for tamper, outcome in ((untouched, Outcome.PASSED), (empty_lists(), Outcome.FAILED)):
        with healthy().target(tamper) as target:
            result = judged(target, check, version)
        assert result.outcome.replace("assumption refuted", "broken") == outcome, result


def test_example_of_judging_works_over_http(run: Run) -> None:
    check = run("def imported_contacts_can_be_listed")["imported_contacts_can_be_listed"]
    with Mock(accounts=1).listening() as live:  # the first account of a server is never closed
        assert run("def judged")["judged"](check, live.url).outcome is Outcome.PASSED


def test_example_of_a_mutant_is_found(run: Run) -> None:
    wrong = run("CAPITALS = mutant")["CAPITALS"]
    assert all(find(wrong, version).examples for version in wrong.versions)


def test_every_check_of_the_fuzzing_is_named() -> None:
    section = TEXT.partition("## Fuzzing\n")[2].partition("\n## ")[0]
    assert [one.name for one in CHECKS if f"`{one.name}`" not in section] == []
    assert sum(not one.applies for one in BUILT_IN) == 4, "the page says so"


def test_examples_of_strategies_run(run: Run) -> None:
    defined = run("def test_everything_is_sent")
    for name, test in defined.items():
        if name.startswith("test_"):
            test()


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_example_of_the_machine_runs_over_http(version: str, run: Run) -> None:
    with Mock(accounts=1).listening() as live:  # the first account of a server is never closed
        test = run("def account_test")["account_test"](live.url, version)
        test.settings = settings(test.settings, max_examples=2)
        result = unittest.TestResult()
        test().run(result)
    assert result.testsRun == 1
    assert result.wasSuccessful(), result.failures + result.errors


def test_example_of_a_sequence_by_hand_runs(run: Run) -> None:
    through_a_refresh = run("def through_a_refresh")["through_a_refresh"]
    with Mock(progress="immediate").target() as target:
        through_a_refresh(kit.accounts(target, contract("v1")).context())

        assert target.recorder.count > 5


@pytest.mark.parametrize(("more", "code"), [((), 0), (("--app", "wrong:app"), 1)], ids=["passes", "fails"])
def test_example_of_an_own_check_runs(
    more: tuple[str, ...], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = re.findall(r"(?ms)^```python\n(.*?)^```", TEXT)
    for name, sign in (("my_checks", "def imported_contacts_can_be_listed"), ("wrong", "registry = new_registry")):
        (tmp_path / f"{name}.py").write_text(next(block for block in blocks if sign in block))
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])

    result = CliRunner().invoke(check, ["--checks", "my_checks", "--only", "imported-contacts-*", "--seed", "5", *more])

    assert result.exit_code == code, result.output
    assert ("1 failed" in result.output or "2 failed" in result.output) == bool(code)
