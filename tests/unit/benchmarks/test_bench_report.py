"""A report: its file, its tables, its page, its plot."""

import json
from pathlib import Path

import pytest

from casavi_bench.bars import BARS, judged
from casavi_bench.measurement import Measurement, Measurements
from casavi_bench.page import page
from casavi_bench.plot import digest, panels
from casavi_bench.report import Participant, Report, ReportError, load
from casavi_bench.tables import bar_table, tables

SMALL = ("log-in", "refresh", "job", "import-1")


def report(
    cpu_us: float = 40.0, *, missing: dict[str, str] | None = None, parts: tuple[str, ...] = ("small",)
) -> Report:
    """A run of two rounds in which our server took so long for a small request, and its peers 100 µs."""
    values = [
        Measurement(server, f"{name}/{connections}", metric, number, value)
        for server, factor in (("casavi-mock", cpu_us / 100), ("openapi-backend", 1.0), ("scalar", 1.0))
        for name in SMALL
        for connections in (16, 64)
        for number in (0, 1)
        for metric, value in (
            ("cpu_us", 100.0 * factor),
            ("per_second", 10_000 / factor),
            ("p50_ms", factor),
            ("p99_ms", 5 * factor),
        )
    ]
    participants = [
        Participant("casavi-mock", "casavi-mock 1", "nothing"),
        Participant("openapi-backend", "openapi-backend 5", "no journal"),
        Participant("prism", "Prism 5", "examples"),
    ]
    return Report(
        date="2026-01-05 08:00 UTC",
        revision="0123456789ab",
        minutes=7.24,
        machine={"cpu": "A CPU", "cores": 2, "memory_gb": 8, "system": "Linux 6", "python": "CPython 3.11.7"},
        options={"rounds": 2, "parts": list(parts)},
        loads=[0.5, 1.25],
        others=[0.02, 0.31],
        participants=participants,
        missing=missing or {},
        found=Measurements(values),
    )


def verdicts(made: Report) -> dict[tuple[str, str], str]:
    """Verdicts by what and bar."""
    return {(bar.what, bar.bar): finding.verdict for bar, finding in judged(made.found)}


def test_a_report_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    made = report(missing={"prism": "no node"})
    made.save(tmp_path / "folder" / "bench.json")
    again = load(tmp_path / "folder" / "bench.json")
    assert again.found.rows() == made.found.rows()
    assert again.text() == made.text()
    assert page(again) == page(made)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "make bench"),
        ("{", "is no JSON"),
        ("[]", "no report of format"),
        ('{"format": 99}', "no report of format"),
        ('{"format": 1}', "is not whole"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, text: str | None, message: str) -> None:
    file = tmp_path / "bench.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ReportError, match=message):
        load(file)


def test_a_fast_server_meets_the_bars_and_a_slow_one_does_not() -> None:
    bar = ("processor time of a log-in", "≤ 1.3 × Scalar")
    assert verdicts(report(40.0))[bar] == "met"
    assert verdicts(report(300.0))[bar] == "not met"


def test_bars_that_were_not_measured_say_so() -> None:
    found = verdicts(report())
    assert found["processor time of a log-in", "≤ 0.6 × Prism"] == "not measured"
    assert found["start to the first 200", "≤ 1.1 × connexion's mock"] == "not measured"


def test_every_bar_stands_in_the_table_once() -> None:
    rows = bar_table(report()).rows
    assert len(rows) == len(BARS) == len({(what, bar) for what, bar, *_ in rows})


def test_a_look_at_a_part_counts_the_bars_that_were_not_measured() -> None:
    table = bar_table(report(), unmeasured=False)
    assert {row[3] for row in table.rows} <= {"met", "not met", "met, close", "not met, close"}
    assert table.note == f"{len(BARS) - len(table.rows)} further bars were not measured."


@pytest.mark.parametrize(("status", "verdict"), [(202, "met"), (413, "met"), (500, "not met"), (408, "not met")])
def test_a_very_large_import_is_taken_or_refused_by_its_length(status: float, verdict: str) -> None:
    made = report()
    made.found.add(Measurement("casavi-mock", "import-50000", "status", 0, status))
    bar = ("50,000 contacts in one request", "taken, or 413; others answered all the while")
    assert verdicts(made)[bar] == verdict


def test_tables_hold_who_was_measured_and_nobody_else() -> None:
    first = tables(report())[0]
    assert first.rows == [
        ["casavi-mock 1", "40.0", "40.0", "40.0", "40.0"],
        ["openapi-backend 5", "100", "100", "100", "100"],
    ]


def test_the_page_says_what_was_met_where_and_what_was_left_out() -> None:
    text = page(report(300.0, missing={"prism": "npm is not installed"}))
    assert "| processor time of a log-in | ≤ 1.3 × Scalar | 3.00 × (3.00–3.00) | not met |" in text
    assert "commit `0123456789ab`" in text
    assert "2 rounds on A CPU, 2 cores, 8 GB" in text
    assert "Other programs took 2% to 31% of the processors" in text
    assert "- **Prism 5**, or not wholly: npm is not installed" in text
    assert "- **1,000,000 contacts**" in text


def test_the_page_counts_demands_and_not_wishes() -> None:
    made = report()
    demands = [finding.met for bar, finding in judged(made.found) if not bar.stretch]
    expected = f"Of {len(demands)} bars {demands.count(True)} are met, {demands.count(False)} are not, "
    assert demands.count(True) > 0
    assert expected in page(made)


def test_a_million_that_was_measured_is_not_listed_as_left_out() -> None:
    assert "- **1,000,000 contacts**" not in page(report(parts=("small", "million")))


def test_the_plot_shows_the_shortest_bar_first() -> None:
    shown = panels(report(300.0))
    assert shown[0].bars == [("openapi-backend", 100.0), ("casavi-mock", 300.0)]
    assert len(shown) == 3, "panels without values are left out"


def test_another_value_makes_another_plot() -> None:
    assert digest(report(40.0)) == digest(report(40.0)) != digest(report(41.0))


def test_the_file_is_readable_json_with_a_line_for_each_value() -> None:
    text = report().text()
    assert json.loads(text)["format"] == 1
    assert '  ["casavi-mock", "log-in/16", "cpu_us", {"0": 40.0, "1": 40.0}]' in text
