"""A server in a process of its own: started, watched from outside, and always ended."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from casavi_bench.bodies import LOG_IN

if TYPE_CHECKING:
    import psutil

HOST = "127.0.0.1"
START_SECONDS = 60.0
STOP_SECONDS = 5.0
_RETRY_SECONDS = 0.002


class ServerError(RuntimeError):
    """A server did not start, died, or answered something else than it should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One of the servers that are compared."""

    name: str
    title: str
    command: Sequence[str]
    """`{port}` stands for the port."""
    environment: Mapping[str, str] = field(default_factory=dict)
    lacks: str = ""
    """What it does not do of what is compared."""
    only_start: bool = False
    """Whether only start and idle memory are measured."""
    executes: bool = False
    """Whether an import is executed, and its job tells when."""
    slow_import: bool = False
    """Whether a large import takes seconds, so that it is sent once in a round."""
    compiles: bool = False
    """Whether its engine compiles what runs often: only after tens of thousands of requests it is as fast as it gets."""


class Server:
    """A running server.

    Args:
        kind: Which one.
        port: Where it listens, at the loopback address.
        process: Its process.
        start_seconds: How long it took from the start of the process to its first good answer.
    """

    def __init__(self, kind: Kind, port: int, process: subprocess.Popen[bytes], start_seconds: float) -> None:
        import psutil  # only where servers are measured: what was measured can be shown without it

        self.kind = kind
        self.port = port
        self.start_seconds = start_seconds
        self._process = process
        self._watched = psutil.Process(process.pid)

    def cpu_seconds(self) -> float:
        """Returns the processor time so far, in user and system mode, of the process and those that it started."""
        times = self._watched.cpu_times()
        own = times.user + times.system + getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
        return float(own + sum(sum(child.cpu_times()[:2]) for child in self._children()))

    def resident_bytes(self) -> float:
        """Returns the resident memory of the process and those that it started."""
        return float(sum(process.memory_info().rss for process in (self._watched, *self._children())))

    def _children(self) -> "list[psutil.Process]":
        return list(self._watched.children(recursive=True))


@contextlib.contextmanager
def running(kind: Kind, log: Path) -> Iterator[Server]:
    """Runs a server until the end of the block.

    Args:
        kind: Which one.
        log: File that takes what the server writes.

    Raises:
        ServerError: It gave no good answer in time.
    """
    port = free_port()
    command = [part.replace("{port}", str(port)) for part in kind.command]
    with log.open("ab") as sink:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=os.environ | dict(kind.environment),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,  # so that all that it starts can be ended with it, and Ctrl-C reaches us alone
        )
        try:
            _wait_until_answering(process, port, kind, log)
            yield Server(kind, port, process, time.perf_counter() - started)
        finally:
            _end(process)


def free_port() -> int:
    """Returns a port that is free at the moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_answering(process: subprocess.Popen[bytes], port: int, kind: Kind, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServerError(f"{kind.name} ended with {process.returncode}: {_tail(log)}")
        if _answers(port):
            return
        time.sleep(_RETRY_SECONDS)
    raise ServerError(f"{kind.name} gave no good answer within {START_SECONDS:g} seconds: {_tail(log)}")


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("POST", "/authenticate", LOG_IN, {"Content-Type": "application/json"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process and all that it started: it is the leader of a group of its own."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(STOP_SECONDS)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-800:] or "it wrote nothing"
