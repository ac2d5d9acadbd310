"""The mock in a child process, steered over HTTP: for what a server in a thread does not survive."""

import contextlib
import json
import os
import select
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from subprocess import PIPE, Popen, TimeoutExpired
from typing import Any

from casavi_mock.system import monotonic
from pytest_casavi.backends.loop_thread import START_SECONDS, STOP_SECONDS
from pytest_casavi.backends.remote import RemoteBackend
from pytest_casavi.config import CasaviConfig
from pytest_casavi.errors import CannotSteer, CasaviError
from pytest_casavi.handle.account import Account
from pytest_casavi.mutants.vendor import STAGE
from pytest_casavi.secret_text import SECRETS

_select = partial(select.select)
_read = partial(os.read)
_environ: Callable[[], dict[str, str]] = partial(dict, os.environ)


class _Process(Popen[bytes]):
    """Bound to the class that there is now."""


class ProcessBackend:
    """The mock in a process of its own, at a free port of the loopback interface.

    Args:
        config: How it behaves.

    Raises:
        CannotSteer: An assumption is unknown or cannot have that value.
        CasaviError: It does not start; the text says why.
    """

    def __init__(self, config: CasaviConfig) -> None:
        self._pid = os.getpid()
        token = SECRETS.new(32)
        # -P: a file of the project must not be taken for a module of the mock.
        command = [sys.executable, "-P", "-m", "pytest_casavi.backends.child"]
        # In a session of its own, an interrupt from the keyboard does not end it before the tests that use it.
        try:
            self._child = _Process(command, stdin=PIPE, stdout=PIPE, env=_environ(), start_new_session=True)
        except OSError as error:  # such as that of a test that has replaced the file system
            raise CasaviError(_failure(f"its process cannot be started: {error}")) from error
        try:
            how = {"queue": config.queue, "assumptions": dict(config.assumptions), "profile": str(config.profile or "")}
            port = self._started({**how, "marks": SECRETS.marks, "token": token, "mutants": STAGE.on})
            self.url = f"http://127.0.0.1:{port}"
            self._remote = RemoteBackend(replace(config, backend="url", url=self.url, control_token=token))
            if STAGE.on:
                STAGE.join(self)
        except BaseException:
            self._end()
            raise

    def open(self) -> Account:
        """Opens an account."""
        return self._remote.open()

    def close(self) -> None:
        """Closes all accounts and ends the process; a fork of this one leaves both alone."""
        if os.getpid() == self._pid:
            if self in STAGE.elsewhere:
                STAGE.elsewhere.remove(self)
            self._remote.close()
            self._end()

    def begin(self, names: Sequence[str], *, shadow: bool) -> None:
        """Puts mutants in front of the mock for the test that begins."""
        self._asked({"begin": list(names), "shadow": shadow})

    def seen(self) -> dict[str, Any]:
        """Returns what was seen since then; nothing if the child has ended."""
        return self._asked({"seen": True})

    def _asked(self, said: dict[str, Any]) -> dict[str, Any]:
        """Says a line to the child, and returns what it answers; nothing if it has ended."""
        stdin = self._child.stdin
        assert stdin is not None, "it is a pipe"
        with contextlib.suppress(BrokenPipeError):
            stdin.write(json.dumps(said).encode() + b"\n")
            stdin.flush()
        answer: dict[str, Any] = json.loads(self._line() or b"{}")
        return answer

    def _started(self, said: dict[str, Any]) -> int:
        told = self._asked(said)
        if "error" in told:
            kind = CannotSteer if told["error"].startswith("CannotSteer: ") else CasaviError
            raise kind(told["error"].removeprefix("CannotSteer: ") if kind is CannotSteer else _failure(told["error"]))
        if "port" not in told:
            with contextlib.suppress(TimeoutExpired):
                self._child.wait(STOP_SECONDS)
            raise CasaviError(_failure(f"its process ended with {self._child.poll()}; the captured output may say why"))
        return int(told["port"])

    def _line(self) -> bytes:
        """Returns what the child says first, empty if it ends without a word."""
        stdout = self._child.stdout
        assert stdout is not None, "it is a pipe"
        if os.name == "nt":  # there, pipes cannot be waited for
            return stdout.readline()
        line, end = b"", monotonic() + START_SECONDS
        while not line.endswith(b"\n"):
            ready, _, _ = _select([stdout], [], [], max(end - monotonic(), 0))
            if not ready:
                raise CasaviError(_failure(f"its process is not ready within {START_SECONDS:g} s"))
            part = _read(stdout.fileno(), 4096)
            if not part:
                break
            line += part
        return line

    def _end(self) -> None:
        child = self._child
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            child.wait(STOP_SECONDS)
        except TimeoutExpired:
            child.kill()
            child.wait()


def _failure(why: str) -> str:
    return f"casavi-mock does not start: {why}."
