"""Results come back from their file, and the page tells what they say."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from casavi_bench.cli import main
from casavi_bench.kinds import OURS
from casavi_bench.measure import CHECK, IDLE, START
from casavi_bench.page import LOG_IN, digest, page, panels, quantity
from casavi_bench.results import Results, ResultsError, load

ABOUT = {
    "date": "2026-01-05 08:00 UTC", "revision": "0123456789ab", "rounds": 3, "minutes": 4.5, "load_before": 0.1,
    "load_after": 0.9, "cpu_model_name": "A CPU", "cpu_count": 2, "python_version": "3.11.7", "platform": "Linux",
}  # fmt: skip


def results(log_in: float = 0.0002) -> Results:
    """A run of three rounds of ours and two peers, one of which was left out on the way."""
    made = Results({OURS: "casavi-mock 1", "connexion": "connexion 3 by hand"}, {"prism": "no npm"}, about=dict(ABOUT))
    for factor in (1.0, 1.5, 2.0):
        made.take(OURS, LOG_IN, log_in * factor)
        made.take("connexion", LOG_IN, 0.001 * factor)
        made.take(OURS, IDLE, 61e6 * factor)
    made.take(OURS, CHECK, 9.5)
    return made


def test_results_come_back_from_their_file_as_they_were(tmp_path: Path) -> None:
    made = results()
    made.save(tmp_path / "results.json")
    assert load(tmp_path / "results.json") == made


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"version": "1.0", "benchmarks": []}', "\x00"])
def test_a_file_that_is_something_else_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(ResultsError, match=r"results\.json: no results of pyperf"):
        load(tmp_path / "results.json")


def test_a_file_of_another_bench_is_told(tmp_path: Path) -> None:
    made = Results(about=dict(ABOUT))
    made.take(OURS, START, 1.0)
    made.save(tmp_path / "results.json")
    text = (tmp_path / "results.json").read_text().replace(f"{OURS}: ", "")
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(ResultsError, match="'start' is no figure of this bench"):
        load(tmp_path / "results.json")


def test_ratios_are_taken_within_a_round() -> None:
    made = results()
    made.values[OURS, LOG_IN] = [0.0001, 0.0004, 0.0002]
    made.values["connexion", LOG_IN] = [0.001, 0.002, 0.004]
    assert made.ratio(OURS, LOG_IN, "connexion") == pytest.approx((0.1, 0.05, 0.2))
    assert made.ratio(OURS, LOG_IN, "prism") is None


@pytest.mark.parametrize(
    ("log_in", "told"),
    [
        (0.0002, "≤ 0.55 × connexion 3 by hand | 0.20 × (0.20–0.20) | met |"),
        (0.0005, "≤ 0.55 × connexion 3 by hand | 0.50 × (0.50–0.50) | met, close |"),
        (0.0006, "≤ 0.55 × connexion 3 by hand | 0.60 × (0.60–0.60) | not met, close |"),
        (0.0009, "≤ 0.55 × connexion 3 by hand | 0.90 × (0.90–0.90) | not met |"),
    ],
)
def test_the_page_says_whether_a_target_is_met(log_in: float, told: str) -> None:
    assert f"| {LOG_IN} | {told}" in page(results(log_in))


def test_the_page_names_what_was_not_measured_and_who_was_left_out() -> None:
    told = page(results())
    assert "| start | ≤ 1.1 × connexion-mock | not measured | unknown |" in told
    assert "- **prism** was left out: no npm." in told
    assert "| check --quick, processor time | ≤ 10 s | 9.5 s | met, close |" in told


def test_the_page_is_short() -> None:
    assert len(page(results()).splitlines()) <= 80


def test_a_picture_of_other_values_has_another_mark() -> None:
    assert panels(results())[0] == (LOG_IN, [(OURS, pytest.approx(0.0003)), ("connexion", 0.0015)])
    assert digest(results()) != digest(results(0.0003))


@pytest.mark.parametrize(
    ("value", "figure", "told"),
    [(61e6, IDLE, "61 MB"), (1.234, START, "1.23 s"), (0.0123, START, "12.3 ms"), (0.00018, LOG_IN, "180 µs")],
)
def test_a_value_has_its_unit(value: float, figure: str, told: str) -> None:
    assert quantity(value, figure) == told


def test_results_are_shown_without_measuring(tmp_path: Path) -> None:
    made = results()
    made.save(tmp_path / "results.json")
    shown = CliRunner().invoke(main, ["--from", str(tmp_path / "results.json")])
    assert shown.output == page(made) + "\n"
    wrong = CliRunner().invoke(main, ["--from", str(tmp_path / "none.json")])
    assert (wrong.exit_code, "none.json: no results of pyperf" in wrong.output) == (1, True)
