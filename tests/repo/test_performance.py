"""The published measurement: page and plot show what the results say, and the run was a whole one."""

from pathlib import Path

from casavi_bench.kinds import PEER_NAMES
from casavi_bench.page import page
from casavi_bench.plot import digest
from casavi_bench.report import load
from casavi_bench.session import DEFAULT_PARTS

ROOT = Path(__file__).parents[2]
REPORT = load(ROOT / "benchmarks" / "results.json")


def test_the_page_is_made_of_the_results() -> None:
    again = "python benchmarks/bench.py page"
    assert (ROOT / "docs" / "performance.md").read_text() == page(REPORT), f"make it anew: {again}"


def test_the_plot_is_made_of_the_results() -> None:
    plot = (ROOT / "docs" / "performance.svg").read_text()
    assert digest(REPORT) in plot, "make it anew: python benchmarks/bench.py plot"


def test_the_run_was_a_whole_one() -> None:
    assert REPORT.options["rounds"] >= 5
    assert set(DEFAULT_PARTS) <= set(REPORT.options["parts"])
    assert set(REPORT.options["peers"]) == set(PEER_NAMES)
