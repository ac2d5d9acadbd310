"""The same over real sockets: a server as a user starts it, a tampering proxy in front of it, the checks by command."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.mutants.proxy import proxy
from tests.contracts.mutants.register import MUTANTS
from tests.support.tamper import Tamper, untouched

BY_NAME = {mutant.name: mutant for mutant in MUTANTS}
SAMPLE = ("refresh-keeps-the-old-token", "job-regresses", "last-page-dropped-in-version-2", "link-relative")
"""A few; over sockets each takes the start of a process."""
FAST = "job-regresses"
"""The one that stands for all of them in the fast suite."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server as a user starts it."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "casavi_mock", "serve", "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    address = next(found.group() for line in process.stdout if (found := re.search(r"http://[0-9.:]+\d", line)))
    yield address
    process.terminate()
    process.communicate(timeout=60)


def check(url: str, folder: Path, *options: str) -> tuple[int, dict[str, Any], str]:
    """Judges a server by command; returns exit code, report and what was printed."""
    report = folder / "report.json"
    command = [
        sys.executable,
        "-m",
        "casavi_mock",
        "check",
        "--url",
        url,
        "--seed",
        "0",
        "--json",
        str(report),
        *options,
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=120, check=False)
    printed = done.stdout + done.stderr
    return done.returncode, json.loads(report.read_text()) if report.exists() else {}, printed


def checked_through(
    server: str, tamper: Tamper, folder: Path, *options: str, keep_host: bool = True
) -> tuple[int, str]:
    """Judges a server behind a proxy; returns exit code and what was printed."""
    with proxy(server, tamper, keep_host=keep_host) as url:
        code, _, printed = check(url, folder, *options)
    return code, printed


@pytest.mark.slow
@pytest.mark.parametrize("keep_host", [True, False], ids=["told the host", "not told the host"])
def test_untouched_proxy_passes(server: str, tmp_path: Path, keep_host: bool) -> None:
    checks = [f"--only={BY_NAME[name].check}" for name in SAMPLE]
    code, printed = checked_through(server, untouched, tmp_path, *checks, keep_host=keep_host)
    assert code == 0, printed


@pytest.mark.parametrize(
    "name",
    [
        FAST,
        *(pytest.param(name, marks=pytest.mark.slow) for name in SAMPLE if name != FAST),
        *(pytest.param(mutant.name, marks=pytest.mark.slow) for mutant in MUTANTS if mutant.sockets),
    ],
)
def test_mutant_is_found_by_command(server: str, tmp_path: Path, name: str) -> None:
    mutant = BY_NAME[name]
    options = ["--only", mutant.check, "--version", mutant.versions[-1]]
    code, printed = checked_through(server, mutant.make(), tmp_path, *options)
    assert code == 1, printed
    assert mutant.check in printed
