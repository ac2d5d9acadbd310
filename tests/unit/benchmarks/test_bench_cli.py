"""The command line of the bench, as far as nothing is measured."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from casavi_bench.cli import main
from casavi_bench.report import Participant, Report
from casavi_bench.session import DEFAULT_PARTS, PARTS


def bench(*arguments: str | Path) -> Result:
    """Runs the command line."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The results of a run in which nothing was measured."""
    report = Report(
        date="2026-01-05 08:00 UTC",
        revision="",
        minutes=1,
        machine={"cpu": "A CPU", "cores": 2, "memory_gb": 8, "system": "Linux 6", "python": "CPython 3.11.7"},
        options={"rounds": 1, "parts": ["small"]},
        loads=[0.5],
        others=[0.0],
        participants=[Participant("prism", "Prism 5", "examples")],
        missing={"prism": "npm is not installed"},
    )
    report.save(tmp_path / "bench.json")
    return tmp_path / "bench.json"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--only", "small,nonsense"], "there is no nonsense; there are: start, small"),
        (["--peers", "nginx"], "there is no nginx; there are: starlette"),
        (["--rounds", "0"], "0 is not in the range"),
        (["--publish", "--quick"], "only a whole run of at least 5 rounds"),
        (["--publish", "--rounds", "4"], "only a whole run of at least 5 rounds"),
        (["--publish", "--only", "small"], "only a whole run of at least 5 rounds"),
        (["--publish", "--peers", "starlette"], "only a whole run of at least 5 rounds"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_measured(arguments: list[str], told: str) -> None:
    result = bench("run", *arguments)
    assert result.exit_code == 2
    assert told in result.output


def test_help_names_every_part() -> None:
    text = bench("run", "--help").output
    assert [part for part in PARTS if part not in text] == []
    assert set(PARTS) - set(DEFAULT_PARTS) == {"million"}


def test_results_are_shown_with_what_is_missing(file: Path) -> None:
    result = bench("show", file)
    assert result.exit_code == 0, result.output
    assert "Prism 5 was not measured, or not wholly: npm is not installed" in result.output


def test_a_page_is_made_of_results(file: Path, tmp_path: Path) -> None:
    assert bench("page", file, "--output", tmp_path / "page.md").exit_code == 0
    assert (tmp_path / "page.md").read_text().startswith("# Performance\n")


@pytest.mark.parametrize("command", ["show", "page", "plot"])
def test_no_results_are_no_traceback(command: str, tmp_path: Path) -> None:
    result = bench(command, tmp_path / "none.json")
    assert result.exit_code == 1
    assert "make bench" in result.output
