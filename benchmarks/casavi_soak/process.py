"""The server as a process, and what the system tells of it. Linux alone tells it."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

START_SECONDS = 60.0
_LOOK_SECONDS = 0.02


class SoakError(RuntimeError):
    """The server does not start, or is gone."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the server took at a moment."""

    seconds: float
    """Since the beginning of the load."""
    resident_mb: float
    quiet: bool = True
    """Whether no body of 100 MB was under way."""


class Process:
    """A running `casavi-mock serve`.

    Args:
        options: Its options.
        log: File for what it writes.
    """

    def __init__(self, options: Sequence[str], log: Path) -> None:
        self.log = log
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CASAVI_")}
        with log.open("wb") as sink:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "casavi_mock", "serve", "--port", "0", *options],
                env=environment | {"PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches the soak, which ends it
            )
        self.port = self._wait()

    def _wait(self) -> int:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise SoakError(f"the server ended with {self._process.returncode}: {self.written()[-800:]}")
            found = re.search(r"http://127\.0\.0\.1:(\d+)", self.written())
            if found and "docs" in self.written():
                return int(found[1])
            time.sleep(_LOOK_SECONDS)
        raise SoakError(f"the server does not start: {self.written()[-800:]}")

    def written(self) -> str:
        """Returns what it wrote so far."""
        return self.log.read_text(errors="replace")

    def health(self) -> dict[str, Any]:
        """Returns what it tells of itself.

        Raises:
            SoakError: It does not answer.
        """
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/_mock/health", timeout=60) as answer:
                health: dict[str, Any] = json.load(answer)
                return health
        except OSError as error:
            raise SoakError(f"the server does not tell how it is: {error}") from None

    def portfolio(self, key: str) -> dict[str, Any]:
        """Returns the records of an account.

        Args:
            key: Its key.

        Raises:
            SoakError: The server does not answer.
        """
        asked = Request(f"http://127.0.0.1:{self.port}/_mock/state", headers={"X-Mock-Key": key})
        try:
            with urlopen(asked, timeout=60) as answer:
                portfolio: dict[str, Any] = json.load(answer)
                return portfolio
        except OSError as error:
            raise SoakError(f"the server does not tell what it holds: {error}") from None

    def files(self) -> int:
        """Returns how many files it has open."""
        return len([*Path(f"/proc/{self._process.pid}/fd").iterdir()])

    def resident_mb(self) -> float:
        """Returns its resident memory, in MB of 1,000,000 bytes."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def terminate(self) -> None:
        """Asks it to end."""
        self._process.terminate()

    def kill(self) -> None:
        """Ends it at once."""
        self._process.kill()

    def exit_code(self) -> int | None:
        """Returns its exit code, or None while it runs."""
        return self._process.poll()

    def wait(self, seconds: float) -> int | None:
        """Returns its exit code, or None if it does not end within so many seconds."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def end(self) -> None:
        """Sees to it that it has ended."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(30)


@contextlib.contextmanager
def serving(options: Sequence[str], log: Path) -> Iterator[Process]:
    """Runs a server until the end of the block.

    Raises:
        SoakError: It does not start.
    """
    process = Process(options, log)
    try:
        yield process
    finally:
        process.end()
