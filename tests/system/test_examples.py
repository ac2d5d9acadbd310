"""The examples as a user runs them: in their own folder, with their own configuration, warnings as errors."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "examples"
TESTS = 21
WITH_A_SOCKET = 2
"""Tests that need one."""


def run(*arguments: str, cache: Path) -> str:
    """What pytest says at its end."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CASAVI", "PYTEST", "COV"))}
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=EXAMPLES,
        env={**clean, "PYTHONDONTWRITEBYTECODE": "1", "MYPY_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "outcome"),
    [
        ([], f"{TESTS} passed"),
        (["-n", "2"], f"{TESTS} passed"),
        (["--casavi-backend=inprocess"], f"{TESTS - WITH_A_SOCKET} passed, {WITH_A_SOCKET} skipped"),
    ],
)
def test_the_examples_pass(options: list[str], outcome: str, tmp_path: Path) -> None:
    plain = ["-p", "no:cacheprovider", "-q"]
    assert run("pytest", *plain, *options, cache=tmp_path).startswith(f"{outcome} in ")


def test_the_examples_are_typed(tmp_path: Path) -> None:
    assert run("mypy", cache=tmp_path).startswith("Success: ")
