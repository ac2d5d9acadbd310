"""Fixtures, ours and that of pytest-httpserver, and the least that Python takes for an import."""

import json
import subprocess
import sys
from pathlib import Path

from casavi_bench.bodies import portfolio
from casavi_bench.kinds import FIXTURE, FLOOR, OURS, PEERS
from casavi_bench.run import Run
from casavi_bench.server import ServerError

TIMEOUT_SECONDS = 120
COUNT = 10_000


def measure_fixtures(run: Run) -> None:
    """Measures a fixture of pytest-httpserver, and those of our pytest plugin if there are any."""
    run.take(FIXTURE, "account", _printed("fixture_server.py"))
    run.take(OURS, "plugin", _printed("plugin_session.py"))


def measure_floor(run: Run, document: Path) -> None:
    """Measures parsing and checking alone."""
    run.take(FLOOR, f"import-{COUNT}", _printed("floor.py", str(document), body=portfolio(0, COUNT)))


def _printed(script: str, *arguments: str, body: bytes = b"") -> dict[str, float]:
    command = [sys.executable, str(PEERS / script), *arguments]
    done = subprocess.run(command, input=body, capture_output=True, timeout=TIMEOUT_SECONDS, check=False)
    if done.returncode:
        raise ServerError(f"{script} failed: {done.stderr.decode(errors='replace')[-300:]}")
    values: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return values
