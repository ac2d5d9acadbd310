"""The published measurement: page and picture show what the results say, and the run was a whole one."""

from pathlib import Path

from casavi_bench.kinds import NAMES, OURS
from casavi_bench.page import digest, page
from casavi_bench.results import load

ROOT = Path(__file__).parents[2]
RESULTS = load(ROOT / "benchmarks" / "results.json")
AGAIN = "make it again: python benchmarks/bench.py --from benchmarks/results.json --publish"


def test_the_page_is_made_of_the_results() -> None:
    assert (ROOT / "docs" / "reference" / "performance.md").read_text() == page(RESULTS), AGAIN


def test_the_picture_is_made_of_the_results() -> None:
    assert digest(RESULTS) in (ROOT / "docs" / "performance.svg").read_text(), AGAIN


def test_the_run_was_a_whole_one() -> None:
    assert RESULTS.about["rounds"] >= 3
    assert set(RESULTS.titles) | set(RESULTS.missing) == {OURS, *NAMES}
