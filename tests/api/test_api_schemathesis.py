"""schemathesis against the application in this process: every phase, every check, nothing left out."""

import copy
import json
import warnings
from collections import Counter
from typing import Any

import pytest

from casavi_mock.domain.jobs import Progress
from casavi_mock.domain.model import Secret
from tests.support.server import Mock

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis.config import SchemathesisConfig
    from schemathesis.engine import StopReason, events, from_schema

PHASES = ["examples", "coverage", "fuzzing", "stateful"]


class Token:
    """Logs in with the account of the contract's own examples."""

    def __init__(self, mock: Mock) -> None:
        credentials = mock.settings.document["components"]["schemas"]["Credentials"]["example"]
        self.account = mock.registry.get(credentials["key"]) or mock.registry.create(
            credentials["key"], Secret(credentials["secret"])
        )
        self.mock = mock

    def get(self, case: Any, context: Any) -> str:
        return self.account.tokens.issue(self.mock.time()).text.reveal()

    def set(self, case: Any, data: str, context: Any) -> None:
        case.headers["token"] = data


def alarms(event: Any) -> list[str]:
    """What an event of the engine says is wrong."""
    if isinstance(event, events.NonFatalError):
        return [f"{event.label}: {event.value!r}"]
    if isinstance(event, events.FatalError):
        return [repr(event.exception)]
    if isinstance(event, events.EngineFinished):
        stopped = [] if event.stop_reason is StopReason.COMPLETED else [event.stop_reason.value]
        return stopped + [repr(failure) for failure in event.failures]
    if not isinstance(event, events.ScenarioFinished):
        return []
    found = [check for checks in event.recorder.checks.values() for check in checks if check.failure_info is not None]
    return [
        f"{event.recorder.label}: {check.name}: {check.failure_info.failure!r}\n{check.failure_info.code_sample}"
        for check in found
    ]


def run(
    mock: Mock, seed: int, app: Any = None, only: str = "", good_log_ins: bool = False, version: str = "", **phases: Any
) -> tuple[list[str], Counter[tuple[str, int]]]:
    """Runs the phases, on paths that match alone; returns what went wrong, and the answers by operation and status."""
    enabled = {phase: phases.get(phase, {"enabled": False}) for phase in PHASES}
    config = SchemathesisConfig.from_dict(
        {"seed": seed, "phases": enabled, "continue-on-failure": True, "suppress-health-check": ["all"]}
    )  # a slow machine is no fault of the server
    schema = schemathesis.openapi.from_asgi(f"{version}/openapi.json", app or mock.app, config=config)
    if only:
        schema = schema.include(path_regex=only)
    token = Token(mock)

    @schema.auth(refresh_interval=None)
    class Auth:
        def get(self, case: Any, context: Any) -> str:
            return token.get(case, context)

        def set(self, case: Any, data: str, context: Any) -> None:
            token.set(case, data, context)

    @schema.hook
    def map_case(context: Any, case: Any) -> Any:
        # Good credentials cannot be guessed. Bodies that are bad on purpose stay bad.
        if (
            good_log_ins
            and case.operation.path == "/authenticate"
            and case.meta
            and case.meta.generation.mode.is_positive
        ):
            case.body = {"key": token.account.key, "secret": token.account.secret.reveal()}
        return case

    wrong: list[str] = []
    answers: Counter[tuple[str, int]] = Counter()
    for event in from_schema(schema).execute():
        wrong += alarms(event)
        if isinstance(event, events.ScenarioFinished):
            for case_id, interaction in event.recorder.interactions.items():
                operation = event.recorder.cases[case_id].value.operation.label
                answers[operation, interaction.response.status_code if interaction.response else 0] += 1
    return wrong, answers


@pytest.fixture
def mock() -> Mock:
    return Mock(progress=Progress(progress="immediate"))


SHARED = {"POST /authenticate", "POST /refresh", "POST /import", "GET /jobs/{jobId}"}
OPERATIONS = {
    "": SHARED | {"GET /contacts", "GET /contacts/{id}"},
    "/v2": SHARED | {"GET /contacts", "GET /units", "GET /properties", "GET /properties/{propertyId}"},
}
VERSIONS = pytest.mark.parametrize("version", OPERATIONS)


def import_of_responsibilities(mock: Mock) -> Any:
    """The server, whose document says that an import takes responsibilities alone: a quarter of all there is to cover."""
    document = copy.deepcopy(dict(mock.settings.document))
    lists = document["components"]["schemas"]["MasterData"]["properties"]
    del lists["contacts"], lists["properties"]
    body = json.dumps(document).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == "/openapi.json":
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})
        else:
            await mock.app(scope, receive, send)

    return app


def test_examples_and_coverage_of_all_but_an_import(mock: Mock) -> None:
    check_examples_and_coverage(mock, "", import_of_responsibilities(mock))


@pytest.mark.slow
@VERSIONS
def test_examples_and_coverage(mock: Mock, version: str) -> None:
    check_examples_and_coverage(mock, version, None)


def check_examples_and_coverage(mock: Mock, version: str, app: Any) -> None:
    wrong, answers = run(mock, 1, app, version=version, examples={"enabled": True}, coverage={"enabled": True})
    assert wrong == []
    assert {operation for operation, _ in answers} == OPERATIONS[version]
    assert answers.total() >= 150
    statuses = {status for _, status in answers}
    assert {200, 202, 400, 401, 404, 405} <= statuses
    assert not {0, 500} & statuses


@pytest.mark.slow
@VERSIONS
def test_fuzzing(mock: Mock, version: str) -> None:
    wrong, answers = run(mock, 2, version=version, fuzzing={"enabled": True, "generation": {"max-examples": 25}})
    assert wrong == []
    assert {operation for operation, _ in answers} == OPERATIONS[version]
    assert answers.total() >= 80
    assert not {0, 500} & {status for _, status in answers}


LINKED = "authenticate|refresh|import|jobs"
"""Paths of the operations that links lead from and to."""


@pytest.mark.slow
@VERSIONS
def test_links(mock: Mock, version: str) -> None:
    """The state machine follows the links: from the log-in to the refresh, from the import to its job."""
    followed = {("POST /authenticate", 200), ("POST /refresh", 200), ("POST /import", 202), ("GET /jobs/{jobId}", 200)}
    answers: Counter[tuple[str, int]] = Counter()
    for seed in range(3, 11):  # what is drawn depends on the modules that are loaded, so one seed may miss a link
        stateful = {"enabled": True, "generation": {"max-examples": 10}}
        wrong, seen = run(mock, seed, only=LINKED, good_log_ins=True, version=version, stateful=stateful)
        assert wrong == []
        answers += seen
        if followed <= set(answers):
            break
    assert followed <= set(answers)
    assert not {0, 500} & {status for _, status in answers}


@pytest.mark.parametrize("status", [b"500", b"418"])
def test_the_alarm_rings(mock: Mock, status: bytes) -> None:
    """A server that answers one operation wrongly does not get through."""

    async def wrong_on_refresh(scope: Any, receive: Any, send: Any) -> None:
        async def changed(message: Any) -> None:
            if message["type"] == "http.response.start" and scope["path"] == "/refresh":
                message = {**message, "status": int(status)}
            await send(message)

        await mock.app(scope, receive, changed)

    wrong, _ = run(mock, 1, wrong_on_refresh, examples={"enabled": True})
    assert any("POST /refresh" in failure for failure in wrong)
