"""What the fixtures of our pytest plugin cost: a session of tests that each get a client with a fresh account.

Prints medians as JSON, or `{}` if the plugin is not there. The first test is left out: it pays for the server's start.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from pytest_casavi import plugin

REPEATS = 30
TESTS = f"""
import pytest

@pytest.mark.parametrize("number", range({REPEATS + 1}))
def test_contacts_are_read(casavi_client, number):
    assert casavi_client.get("/contacts").json()["count"] == 0
"""


class Times:
    """Notes how long fixtures take, from outside."""

    def __init__(self) -> None:
        self.phases: dict[str, list[float]] = {"setup": [], "call": [], "teardown": []}
        self.session_seconds = 0.0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.phases[report.when or "call"].append(report.duration)

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self) -> Generator[None, object, object]:
        started = time.perf_counter()
        result = yield
        self.session_seconds = time.perf_counter() - started
        return result


def measured() -> dict[str, float]:
    times = Times()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "test_contacts.py"
        file.write_text(TESTS)
        code = pytest.main(["-qq", "--no-header", "-p", "no:cacheprovider", f"--rootdir={folder}", str(file)], [times])
    if code != pytest.ExitCode.OK:
        raise SystemExit(f"the tests of the plugin ended with {code}")
    setups, teardowns = times.phases["setup"][1:], times.phases["teardown"][:-1]
    return {
        "first_answer_ms": statistics.median(setups) * 1000,
        "closed_ms": statistics.median(teardowns) * 1000,
        "session_closed_ms": times.session_seconds * 1000,
    }


if __name__ == "__main__":
    print("\n" + json.dumps(measured() if hasattr(plugin, "casavi_client") else {}))
