"""What the pytest plugin costs: a start that does not use it, a test that does, an account. Run by hand:

python benchmarks/plugin.py
"""

import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

from casavi_mock.accounts import Settings
from casavi_mock.domain.model import Secret
from casavi_mock.server.app import new_registry

TESTS = 1_000
ROUNDS = 15

PLAIN = ("-p", "no:schemathesis", "-p", "no:hypothesispytest", "-p", "no:faker", "-p", "no:cacheprovider", "-q")

CONFTEST = """
import resource, statistics, time
import pytest

class Meter:
    def __init__(self):
        self.seconds = {}
        self.kilobytes = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        began = time.perf_counter()
        result = yield
        self.seconds.setdefault(item.path.stem, []).append(time.perf_counter() - began)
        if item.path.stem == "test_with":
            self.kilobytes.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        return result

    def pytest_unconfigure(self):
        for name, seconds in self.seconds.items():
            print(f"{name} {statistics.median(seconds) * 1000:.3f} ms")
        print(f"grown {self.kilobytes[-1] - self.kilobytes[len(self.kilobytes) // 10]} kB")

def pytest_configure(config):
    config.pluginmanager.register(Meter())
"""


def cpu_ms(command: list[str], folder: Path) -> float:
    """CPU time of a command, in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def start() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_it.py").write_text("def test_it(): pass\n")
        command = [sys.executable, "-m", "pytest", *PLAIN]
        rounds = [(cpu_ms(command, folder), cpu_ms([*command, "-p", "no:casavi"], folder)) for _ in range(ROUNDS)]
    with_it, without = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(f"start: {with_it:.0f} ms of CPU with the plugin, {without:.0f} ms without: {with_it - without:.1f} ms more")


def tests() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "conftest.py").write_text(CONFTEST)
        many = f"import pytest\n@pytest.mark.parametrize('n', range({TESTS}))\n"
        (folder / "test_with.py").write_text(f"{many}def test_it(casavi, n): assert casavi.url\n")
        (folder / "test_without.py").write_text(f"{many}def test_it(tmp_path_factory, n): assert tmp_path_factory\n")
        for backend in ("server", "inprocess"):
            command = [sys.executable, "-m", "pytest", *PLAIN, "-p", "no:randomly", f"--casavi-backend={backend}"]
            shown = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
            figures = dict(re.findall(r"(?m)^(test_with|test_without|grown) (.*)$", shown))
            print(f"{TESTS:,} tests, backend {backend}: {figures}")


def account() -> None:
    registry = new_registry(Settings.from_profile())
    seconds = []
    for number in range(1_000):
        began = time.perf_counter()
        registry.create(f"key-{number}", Secret("secret"))
        seconds.append(time.perf_counter() - began)
    for number in range(1_000):
        registry.delete(f"key-{number}")
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(1_000):
        registry.create(f"key-{number}", Secret("secret"))
    after, _ = tracemalloc.get_traced_memory()
    print(f"an account: {statistics.median(seconds) * 1000:.3f} ms, {(after - before) / 1_000_000:.1f} kB")


if __name__ == "__main__":
    account()
    start()
    tests()
