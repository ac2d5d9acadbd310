"""The soak itself, for a moment: its clients and the server understand each other."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from casavi_soak.cli import main
from casavi_soak.load import Plan
from casavi_soak.run import soak

TIMING = "SIGTERM under load ends"
"""Begins the one verdict that a busy machine may spoil."""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="open files and memory are read from /proc")
def test_a_short_soak_finds_nothing(tmp_path: Path) -> None:
    told: list[str] = []

    findings = soak(Plan(connections=16, seconds=1, seed=1), tmp_path, told.append)

    bad = [verdict for verdict in findings.verdicts if verdict.good is False and not verdict.what.startswith(TIMING)]
    assert bad == [], findings.ledger.shown
    assert len(findings.verdicts) == 15
    assert [verdict.what[:11] for verdict in findings.verdicts if verdict.good is None] == ["memory flat"]
    assert "settling" in told


@pytest.mark.parametrize("arguments", [["--seconds", "0"], ["--connections", "1"]])
def test_what_cannot_be_is_refused(arguments: list[str]) -> None:
    assert CliRunner().invoke(main, arguments).exit_code == 2
