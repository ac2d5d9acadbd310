"""The suite under plain pytest, with whatever plugins there are."""

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from casavi_contracts.checks import CHECKS
from casavi_contracts.suite.preflight import JOB_CHECK, LOG_IN_CHECK, TOKEN_CHECK
from casavi_contracts.suite.tasks import tasks
from tests.cli.conftest import clean_environment
from tests.support.server import ACCOUNT, Mock
from tests.support.tamper import Request, Response, instead

TWO = (
    "--casavi-check-only=log-in-gives-a-token",
    "--casavi-check-only=accepted-job-ends",
    "--casavi-check-max-examples=2",
)


ALONE = ("--disable-plugin-autoload", "-p", "casavi_contracts.suite.options")


@dataclass
class Done:
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err

    def items(self) -> list[str]:
        """Names of the items in the order in which they ran, or were collected."""
        return re.findall(r"::([\w-]+\[v\d\])(?: [A-Z]+|$)", self.out, re.MULTILINE)


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Runs pytest in an empty folder, in this process and without other plugins, which take long to load."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name in os.environ.keys() - clean_environment().keys():
        monkeypatch.delenv(name)

    def run(*options: str) -> Done:
        chosen = ["-p", "no:cacheprovider", *ALONE]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = pytest.main([*chosen, "--pyargs", "casavi_contracts.suite", *options])
        return Done(int(code), out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def suite_alone(tmp_path: Path) -> Callable[..., Done]:
    """Runs pytest in an empty folder, in a process of its own."""

    def run(*options: str, plugins: Sequence[str] = ALONE, **variables: str) -> Done:
        chosen = ["-p", "no:cacheprovider", *plugins]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *chosen, "--pyargs", "casavi_contracts.suite", *options],
            cwd=tmp_path, env=clean_environment() | variables, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        return Done(done.returncode, done.stdout, done.stderr)

    return run


IN_ORDER = ["log-in-gives-a-token[v1]", "log-in-gives-a-token[v2]", "accepted-job-ends[v1]", "accepted-job-ends[v2]"]


@pytest.mark.parametrize(
    "plugins",
    [
        pytest.param([], id="all plugins"),
        pytest.param([*ALONE, "-p", "pytest_randomly"], id="a plugin that shuffles", marks=pytest.mark.slow),
        pytest.param(
            [*ALONE, "--import-mode=importlib", "-W", "error"], id="other import mode", marks=pytest.mark.slow
        ),
    ],
)
def test_items_run_in_order_with_whatever_plugins(
    suite_alone: Callable[..., Done], tmp_path: Path, plugins: list[str]
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    with Mock(progress="immediate", accounts=2).listening() as server:
        done = suite_alone("-v", *TWO, f"--casavi-check-url={server.url}", plugins=plugins)

    assert done.code == 0, done.text
    assert done.items() == IN_ORDER
    assert "Of 4 checks: 4 passed" in done.out
    assert [path.name for path in tmp_path.iterdir()] == ["pytest.ini"]


@pytest.mark.slow
def test_everything_can_come_from_the_environment(suite_alone: Callable[..., Done]) -> None:
    with Mock(progress="immediate", accounts=2).listening() as server:
        done = suite_alone(*TWO, CASAVI_URL=server.url, **ACCOUNT)

    assert done.code == 0, done.text
    assert not any(secret in done.text for secret in ACCOUNT.values())


def test_without_a_target_there_is_nothing_to_judge(suite: Callable[..., Done]) -> None:
    done = suite()

    assert done.code == 2
    assert "there is nothing to judge: give an address, as CASAVI_URL or --casavi-check-url" in done.text
    assert "Traceback" not in done.text


def test_what_is_impossible_ends_the_run(suite: Callable[..., Done]) -> None:
    done = suite("--casavi-check-only=nonsense", "--casavi-check-url=http://127.0.0.1:1")

    assert done.code == 2
    assert "there is no check 'nonsense'" in done.text


def test_a_dead_target_ends_the_run(suite: Callable[..., Done]) -> None:
    done = suite("--casavi-check-url=http://127.0.0.1:1")

    assert done.code == 2
    assert "http://127.0.0.1:1: no connection" in done.text
    assert "Traceback" not in done.text


def test_collecting_sends_nothing(suite: Callable[..., Done]) -> None:
    with Mock(progress="immediate", accounts=2).listening(recording=True) as server:
        done = suite("--collect-only", "-q", f"--casavi-check-url={server.url}")

        assert server.requests == []
    assert done.code == 0, done.text
    assert done.items() == [f"{task.name}[{task.version}]" for task in tasks(("v1", "v2"), ())]


def test_some_can_be_chosen_as_always(suite: Callable[..., Done]) -> None:
    with Mock(progress="immediate", accounts=2).listening() as server:
        done = suite("-v", "-k", "log-in-gives and v2", f"--casavi-check-url={server.url}")

    assert done.code == 0, done.text
    assert done.items() == ["log-in-gives-a-token[v2]"]
    assert "Of 1 check: 1 passed" in done.out


def test_several_processes_are_refused(suite: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "many.py").write_text(
        "def pytest_addoption(parser):\n    parser.addoption('--numprocesses', type=int, dest='numprocesses')\n"
    )
    done = suite("-p", "many", "--numprocesses=2", "--casavi-check-url=http://127.0.0.1:1")

    assert done.code == 2
    assert "run it without -n" in done.text


def lost(request: Request) -> Response | None:
    return Response(404) if "/jobs/" in request.path else None


def test_a_failure_shows_what_was_found_and_no_code(suite: Callable[..., Done], tmp_path: Path) -> None:
    with Mock(progress="immediate", accounts=2).listening(instead(lost)) as server:
        done = suite(*TWO, "--casavi-check-version=v1", "--junitxml=a.xml", f"--casavi-check-url={server.url}")

    assert done.code == 1
    assert "blocked: a step that it needs breaks accepted-job-is-visible" in done.out
    assert "expected an accepted job to be known" in done.out
    assert "casavi_contracts/runner.py" not in done.out
    cases = {case.get("name"): case for case in ET.parse(tmp_path / "a.xml").iter("testcase")}
    properties = {one.get("name"): one.get("value") for one in cases["accepted-job-ends[v1]"].iter("property")}
    assert properties == {"check": "accepted-job-ends", "evidence": "inferred", "outcome": "blocked"}


def test_a_tolerated_assumption_is_an_expected_failure(suite: Callable[..., Done]) -> None:
    with Mock({"unauthorized-status": 403}, "immediate", accounts=2).listening() as server:
        checks = [f"--casavi-check-only={name}" for name in ("log-in-gives-a-token", "wrong-secret-is-refused")]
        common = (*checks, "--casavi-check-version=v1", f"--casavi-check-url={server.url}")
        strict, tolerant = suite(*common), suite(*common, "--casavi-check-tolerate-assumptions")

    assert (strict.code, tolerant.code) == (1, 0), strict.text + tolerant.text
    assert "1 failed, 1 passed" in strict.out
    assert "1 passed, 1 xfailed" in tolerant.out


def test_an_application_can_be_judged_in_process(suite: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from casavi_mock.domain.model import Secret\n"
        "from casavi_mock.server.app import MockApp, new_registry\n"
        "from casavi_mock.accounts import Settings\n"
        "def pytest_casavi_given(config):\n"
        "    registry = new_registry(Settings.from_profile({'job-id-field': 'ticket'}))\n"
        "    registry.create('first', Secret('secret'))\n"
        "    return {'application': MockApp(registry), 'profile': {'job-id-field': 'ticket'}}\n"
    )
    done = suite(*TWO, "-p", "mine")

    assert done.code == 0, done.text
    assert "the mock in this process" in done.out


def test_checks_that_judge_what_others_have_sent_come_last() -> None:
    order = [task.name for task in tasks(("v1",), ())]
    last = [check.name for check in CHECKS if check.last]

    assert order[-1] == "schemathesis"
    assert order[len(order) - 1 - len(last) : -1] == last


def test_the_preflight_names_checks_that_there_are() -> None:
    assert {TOKEN_CHECK, JOB_CHECK, LOG_IN_CHECK} <= {check.name for check in CHECKS}


# An application of the user's own, by its name.

SICK = """
import gzip

LONG = b'{"token":"' + b"x" * 50_000_000 + b'"}'

def answering(body, *headers):
    async def app(scope, receive, send):
        if scope["type"] == "http":
            kind = [(b"content-type", b"application/json"), *headers]
            await send({"type": "http.response.start", "status": 200, "headers": kind})
            await send({"type": "http.response.body", "body": body})
    return app

empty, endless = answering(b"{}"), answering(LONG)
deep = answering(b"[" * 100_000 + b"]" * 100_000)
packed = answering(gzip.compress(LONG), (b"content-encoding", b"gzip"))

def wsgi(environ, start_response):
    start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
    return [b"come again"]

def made():
    return empty
"""


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("empty", "answered 200 without a token; there is no casavi API"),
        ("made", "answered 200 without a token; there is no casavi API"),
        ("endless", "more than 5,000,000 bytes"),
        ("packed", "more than 5,000,000 bytes"),
        ("deep", "in place of JSON; there is no casavi API"),
        ("wsgi", "answered 503; without a log-in nothing can be judged"),
        ("missing", "there is no application of that name; give MODULE:ATTRIBUTE"),
    ],
)
def test_a_sick_application_ends_the_run_in_one_sentence(
    suite: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, told: str
) -> None:
    (tmp_path / "sick_app.py").write_text(SICK)
    monkeypatch.delitem(sys.modules, "sick_app", raising=False)
    for variable, value in ACCOUNT.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("CASAVI_ALLOW_WRITES", "1")

    done = suite(f"--casavi-check-app=sick_app:{name}", "--casavi-check-allow-writes", *TWO)

    assert done.code == 2, done.text
    assert told in done.text
    assert "Traceback" not in done.text


def test_an_application_that_is_good_is_judged_by_its_name(
    suite: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "good_app.py").write_text(
        "from starlette.middleware.gzip import GZipMiddleware\n"
        "from tests.support.server import Mock\n\n"
        "app = GZipMiddleware(Mock(progress='immediate', accounts=2).app, minimum_size=10)\n"
    )
    monkeypatch.delitem(sys.modules, "good_app", raising=False)

    done = suite("--casavi-check-app=good_app:app", *TWO)

    assert done.code == 0, done.text
    assert "casavi-mock check: good_app:app" in done.out
