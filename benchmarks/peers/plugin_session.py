"""What the fixture of our pytest plugin costs: a session of tests with it and of tests without, in turn.

Prints the median of the first above that of the second, in seconds. The first test pays for the server's start and does
not count.
"""

import statistics
import tempfile
from collections.abc import Generator
from pathlib import Path
from time import perf_counter

import pytest

REPEATS = 200
TESTS = f"""
import pytest

@pytest.mark.parametrize("number", range({REPEATS}))
def test_with(casavi, number):
    assert casavi.url

@pytest.mark.parametrize("number", range({REPEATS}))
def test_without(number):
    assert number >= 0
"""


class Times:
    """Notes how long each test takes with its fixtures, from outside."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {"test_with": [], "test_without": []}

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Function) -> Generator[None, object, object]:
        started = perf_counter()
        result = yield
        self.seconds[item.originalname].append(perf_counter() - started)
        return result


def measured() -> float:
    times = Times()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "test_contacts.py"
        file.write_text(TESTS)
        options = ["-qq", "--no-header", "-p", "no:cacheprovider", "-p", "no:randomly", f"--rootdir={folder}"]
        code = pytest.main([*options, str(file)], [times])
    if code != pytest.ExitCode.OK:
        raise SystemExit(f"the tests of the plugin ended with {code}")
    return statistics.median(times.seconds["test_with"][1:]) - statistics.median(times.seconds["test_without"])


if __name__ == "__main__":
    print(f"\n{measured()}")
