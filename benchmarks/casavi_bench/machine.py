"""What a run was measured on."""

import os
import platform
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def machine() -> dict[str, object]:
    """Returns what is worth knowing of this machine."""
    import psutil

    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


@dataclass(frozen=True, slots=True)
class Times:
    """Processor time until a moment, in seconds."""

    available: float
    """Of all processors together."""
    idle: float
    own: float
    """Of this process, and of those that it started and that have ended."""


def times() -> Times:
    """Returns the processor time until now."""
    import psutil

    machine = psutil.cpu_times()
    spent = os.times()
    idle = machine.idle + getattr(machine, "iowait", 0.0)
    return Times(sum(_without_guests(machine)), idle, sum(spent[:4]))


def share_of_others(before: Times, after: Times) -> float:
    """Returns which share of all processors other programs took between two moments."""
    available = after.available - before.available
    busy = available - (after.idle - before.idle)
    return max(busy - (after.own - before.own), 0.0) / available if available > 0 else 0.0


def now() -> str:
    """Returns the time, in UTC, to the minute."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def revision(folder: Path) -> str:
    """Returns the commit that is measured, `+` at its end if files were changed since; empty outside of git."""
    try:
        commit = _git(folder, "rev-parse", "--short=12", "HEAD")
        return commit + (
            "+" if _git(folder, "status", "--porcelain", "--untracked-files=no", "--", "mock_server") else ""
        )
    except (OSError, subprocess.CalledProcessError):
        return ""


def _without_guests(machine: Any) -> Iterator[float]:
    """Yields the times by kind; those of guests are in the others already."""
    return (value for name, value in machine._asdict().items() if not name.startswith("guest"))


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()


def _cpu_model(file: Path = Path("/proc/cpuinfo")) -> str:
    if file.exists():
        for line in file.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
