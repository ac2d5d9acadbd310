"""A real server, started as a user would start it; the same in a thread, where it is not what is tested."""

import contextlib
import gc
import logging
import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from casavi_mock.accounts import Registry, Settings
from casavi_mock.cli import logs
from casavi_mock.cli.commands import cli
from casavi_mock.cli.options import credentials
from casavi_mock.domain.jobs import Progress
from casavi_mock.server import app, serving
from casavi_mock.server.app import system_now
from casavi_mock.server.options import EdgeOptions
from tests.support.server import Live, Mock
from tests.support.wrong_servers import Certificate


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CASAVI_") and name != "PORT"}


@dataclass
class Running:
    process: subprocess.Popen[str]
    url: str
    printed: list[str]

    def stop(self) -> tuple[int, str]:
        """Sends SIGTERM; returns exit code and everything that was logged."""
        self.process.terminate()
        _, log = self.process.communicate(timeout=60)
        return self.process.returncode, log


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    """Starts `casavi-mock serve` on a free port."""
    processes: list[subprocess.Popen[str]] = []

    def run(*options: str, **variables: str) -> Running:
        process = subprocess.Popen(
            [sys.executable, "-m", "casavi_mock", "serve", "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=clean_environment() | {"PYTHONUNBUFFERED": "1"} | variables,
        )
        processes.append(process)
        printed: list[str] = []
        source = process.stderr if "json" in options else process.stdout
        assert source is not None
        for line in source:
            printed.append(line)
            if ("docs" in line) or ('"ready"' in line):
                break
        else:
            raise AssertionError(f"the server did not start: {process.communicate()}")
        url = re.search(r"http://[0-9.:]+\d", "".join(printed))
        assert url, printed
        return Running(process, url.group(), printed)

    yield run
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def serve() -> Iterator[Callable[..., Live]]:
    """Serves a mock from a thread of this process, with the account that `casavi-mock serve` opens by itself."""
    with contextlib.ExitStack() as stack:

        def run(progress: Progress | str = "immediate", **options: Any) -> Live:
            mock = Mock(progress=progress, now=system_now, **options)
            mock.registry.create(*credentials(None, None)).mark_seed()
            return stack.enter_context(mock.listening())

        yield run


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate of this machine's address that nobody has signed."""
    return Certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def logging_put_back() -> Iterator[None]:
    """Undoes what `serve` does to the log of its process, which here is that of all tests."""
    loggers = [logging.getLogger(), logging.getLogger("casavi_mock"), logging.getLogger(logs.EXCHANGES)]
    levels, handlers = [logger.level for logger in loggers], loggers[0].handlers[:]
    yield
    loggers[0].handlers[:] = handlers
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, logging_put_back: None) -> Callable[..., Result]:
    """Runs one verb inside this process."""
    for name in list(os.environ):
        if name.startswith("CASAVI_") or name == "PORT":
            monkeypatch.delenv(name)

    def invoke(*arguments: str, stdin: str | bytes | None = None, **variables: str) -> Result:
        return CliRunner().invoke(cli, list(arguments), input=stdin, env=variables)

    return invoke


@dataclass
class Prepared:
    settings: Settings
    edge: EdgeOptions
    registry: Registry
    log: str = ""


@pytest.fixture
def prepare(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Prepared]:
    """Returns what `casavi-mock serve` would run."""
    made: list[Prepared] = []

    def mock_app(registry: Registry, *, options: EdgeOptions, keeper: object) -> SimpleNamespace:
        made.append(Prepared(registry.settings, options, registry))
        return SimpleNamespace(door=None, facts={})

    def close(sockets: list[socket.socket]) -> None:
        for one in sockets:
            one.close()

    monkeypatch.setattr(app, "MockApp", mock_app)
    monkeypatch.setattr(serving, "server_for", lambda *_, **__: SimpleNamespace(run=close))
    monkeypatch.setattr(gc, "freeze", lambda: None)

    def run_it(*options: str, **variables: str) -> Prepared:
        result = run("serve", "--port", "0", *options, **variables)
        assert result.exit_code == 0, result.output
        prepared = made.pop()
        prepared.log = result.stderr
        return prepared

    return run_it


@pytest.fixture
def completed(run: Callable[..., Result]) -> Callable[..., list[str]]:
    """Returns what a shell offers for the last of some words."""

    def complete(*words: str) -> list[str]:
        variables = {
            "_CASAVI_MOCK_COMPLETE": "bash_complete",
            "COMP_WORDS": shlex.join(("casavi-mock", *words)),
            "COMP_CWORD": str(len(words)),
        }
        result = CliRunner().invoke(cli, [], prog_name="casavi-mock", env=variables)
        return [line.partition(",")[2] for line in result.stdout.splitlines()]

    return complete
