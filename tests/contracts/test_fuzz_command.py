"""The command line of schemathesis with the shipped settings and hooks, over HTTP."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from casavi_contracts.fuzz import CONFIG
from tests.support.kit import contract
from tests.support.server import ACCOUNT, SECRET, Live, Mock
from tests.support.tamper import Request, Response, edited

ST = str(Path(sys.executable).with_name("st"))
KEY, SECRET_NAME = "CASAVI_API_KEY", "CASAVI_API_SECRET"


@dataclass(frozen=True)
class Done:
    """What a command line did."""

    code: int
    output: str


@pytest.fixture(scope="module")
def mock() -> Mock:
    """A mock whose default account is that of the documents' examples."""
    from casavi_mock.domain.model import Secret

    made = Mock(progress="immediate")
    example = contract().document["components"]["schemas"]["Credentials"]["example"]
    made.registry.create(example["key"], Secret(example["secret"]))
    return made


@pytest.fixture(scope="module")
def live(mock: Mock) -> Iterator[Live]:
    with mock.listening() as running:
        yield running


def run(folder: Path, *arguments: str, environment: dict[str, str] | None = None, config: bool = True) -> Done:
    """Runs `st`; nothing of the environment names an account unless it is given."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CASAVI", "SCHEMATHESIS"))}
    settings = ["--config-file", str(CONFIG)] if config else []
    done = subprocess.run(
        [ST, *settings, *arguments],
        cwd=folder,
        env={**clean, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    return Done(done.returncode, done.stdout + done.stderr)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("version", "phases"), [("", "examples,coverage,fuzzing,stateful"), ("/v2", "examples,fuzzing,stateful")]
)
def test_the_mock_passes(live: Live, mock: Mock, tmp_path: Path, version: str, phases: str) -> None:
    account = mock.account()
    environment = {KEY: account.key, SECRET_NAME: SECRET}
    depth = ["-n", "2", "--seed", "1", "--phases", phases]
    done = run(tmp_path, "run", f"{live.url}{version}/openapi.json", *depth, environment=environment)
    assert done.code == 0, done.output
    assert "No issues found" in done.output
    assert "warning" not in done.output.lower()
    assert list(tmp_path.iterdir()) == []
    assert account.key not in done.output
    assert SECRET not in done.output


@pytest.mark.slow
def test_the_hooks_work_without_the_settings_and_with_the_default_account(live: Live, tmp_path: Path) -> None:
    environment = {"SCHEMATHESIS_HOOKS": "casavi_contracts.fuzz.hooks"}
    only = [
        "--include-operation-id",
        "getContacts",
        "--include-operation-id",
        "getJob",
        "--phases",
        "examples,coverage",
    ]
    done = run(tmp_path, "run", f"{live.url}/openapi.json", *only, environment=environment, config=False)
    assert done.code == 0, done.output


@pytest.mark.slow
def test_a_wrong_server_fails_and_no_secret_is_shown(mock: Mock, tmp_path: Path) -> None:
    held: set[str] = set()

    def tells(request: Request, response: Response) -> None:
        if request.path == "/authenticate" and response.status == 200:
            held.add(response.json["token"])
            response.set(expiresAt="never", echo=request.body.decode(errors="replace"))
        if request.path == "/contacts" and response.status == 400:
            response.set(detail=f"wrong token: {request.headers['token']}")

    account = mock.account()
    environment = {KEY: account.key, SECRET_NAME: SECRET}
    only = ["--include-operation-id", "getContacts", "--include-operation-id", "authenticate"]
    with mock.listening(edited(tell=tells)) as live:
        done = run(
            tmp_path, "run", f"{live.url}/openapi.json", *only, "--phases", "examples,coverage", environment=environment
        )
    assert done.code == 1, done.output
    for check in ("moments_are_utc_with_milliseconds", "tokens_are_not_repeated", "secrets_are_not_repeated"):
        assert check in done.output
    assert "curl" in done.output
    assert held
    assert [secret for secret in (*held, account.key, SECRET) if secret in done.output] == []


@pytest.mark.slow
def test_at_a_server_that_is_no_mock_only_reading_is_tested(tmp_path: Path) -> None:
    only = ["--phases", "examples,coverage"]
    with Mock(progress="immediate", accounts=1, control=False).listening(recording=True) as live:
        refused = run(tmp_path, "run", f"{live.url}/openapi.json", *only)
        done = run(tmp_path, "run", f"{live.url}/openapi.json", *only, environment=ACCOUNT)
        seen = {(request.method, request.path) for request in live.requests}
    assert refused.code != 0
    assert f"set {KEY} and {SECRET_NAME} to key and secret of the account" in refused.output
    assert done.code == 0, done.output
    assert "is no mock that can be steered: only operations that read are tested" in done.output
    assert {path for method, path in seen if method == "POST"} == {"/authenticate"}
    assert {method for method, _ in seen} == {"GET", "POST", "OPTIONS"}


@pytest.mark.slow
def test_another_document_is_refused_in_words(live: Live, tmp_path: Path) -> None:
    foreign = tmp_path / "openapi.json"
    foreign.write_text(json.dumps({"openapi": "3.0.3", "info": {"title": "x", "version": "1"}, "paths": {}}))
    done = run(tmp_path, "run", str(foreign), "--url", live.url)
    assert done.code != 0
    assert "these hooks are for the documents that casavi-mock serves" in done.output


def test_the_settings_can_be_found() -> None:
    command = [sys.executable, "-m", "casavi_contracts.fuzz"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == f"{CONFIG}\n"
