"""Follows the engine of schemathesis and keeps the smallest case of every failure."""

from dataclasses import replace
from typing import Any

from schemathesis.core.failures import CustomFailure, Failure, FailureGroup
from schemathesis.engine import StopReason, events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.generation.case import Case
from schemathesis.schemas import BaseSchema

from casavi_contracts.failures import Broken, profile_line
from casavi_contracts.fuzz.bridge import Bridge, NoAnswer, NotSent
from casavi_contracts.fuzz.checks import CHECKS
from casavi_contracts.fuzz.evidence import Sureness, sureness
from casavi_contracts.fuzz.findings import FuzzFinding, case_of
from casavi_contracts.fuzz.reasons import BUILT_IN
from casavi_contracts.fuzz.sent import Sent
from casavi_contracts.fuzz.session import Session
from casavi_contracts.fuzz.settings import NAME
from casavi_contracts.fuzz.tool import answer_of, operation_of, sent_of
from casavi_contracts.http.exchange import Answer

MOST_FINDINGS = 100
"""Different failures that are told apart; one operation after the other fails in the same few ways."""

SHOWN = 600
"""Characters of what schemathesis says about a failure."""


class Collector:
    """Collects what a run finds.

    Args:
        session: The account of the run.
        bridge: Through which its requests go.
    """

    def __init__(self, session: Session, bridge: Bridge) -> None:
        self._session = session
        self._bridge = bridge
        self._found: dict[tuple[str, str], tuple[int, FuzzFinding]] = {}
        self.trouble: list[str] = []
        """Why something could not be judged."""
        self.notes: list[str] = []
        """What is particular about the run."""
        self.examples = 0

    @property
    def findings(self) -> list[FuzzFinding]:
        """What was found, one of each kind."""
        return [finding for _, finding in self._found.values()]

    def collect(self, schema: BaseSchema) -> None:
        """Runs the engine to its end, or until nothing more can be sent.

        Raises:
            KeyboardInterrupt: The user has interrupted it; the engine itself takes that for an end like any other.
        """
        stream = from_schema(schema).execute()
        for event in stream:
            if self._bridge.stopped is not None:
                stream.stop()
            elif isinstance(event, events.Interrupted):
                raise KeyboardInterrupt
            self._take(event)

    def judge_once(self, case: Case[Any]) -> None:
        """Sends one case and judges its answer."""
        recorder = ScenarioRecorder(label=case.operation.label)
        recorder.record_case(case=case)
        self.examples += 1
        try:
            response = case.call()
            recorder.record_response(case_id=case.id, response=response)
            case.validate_response(response, recorder=recorder)
        except (NotSent, NoAnswer):
            return  # the bridge remembers them
        except FailureGroup as group:
            for failure in group.exceptions:
                self._add(_check_of(failure), failure, failure.case_id or case.id, recorder)

    def _take(self, event: Any) -> None:
        if isinstance(event, events.ScenarioFinished):
            self.examples += len(event.recorder.interactions)
            for case_id, checks in event.recorder.checks.items():
                for check in checks:
                    if check.failure_info is not None:
                        self._add(check.name, check.failure_info.failure, case_id, event.recorder)
            if event.skip_warning is not None:
                self._note(f"{event.label}: {event.skip_reason}")
        elif isinstance(event, events.NonFatalError) and not isinstance(event.value, NotSent | NoAnswer):
            self._note(f"{event.label}: {event.info.title}: {event.info.message}")
        elif isinstance(event, events.FatalError):
            self._note(f"schemathesis: {event.exception!r}")
        elif isinstance(event, events.EngineFinished) and event.stop_reason is not StopReason.COMPLETED:
            self._note(f"schemathesis: {event.stop_reason.value}")

    def _note(self, text: str) -> None:
        if self._bridge.stopped is None:
            self.trouble.append(" ".join(self._redact(text).split())[:SHOWN])

    def _add(self, check: str, failure: Failure, case_id: str, recorder: ScenarioRecorder) -> None:
        case = recorder.cases[case_id].value
        operation = operation_of(case) or case.path
        response = recorder.find_response(case_id=case_id)
        sent = sent_of(case, response) if response is not None else None
        size = len(sent.body) + len(sent.path) if sent else 0
        known = self._found.get((check, operation))
        if known is None and len(self._found) >= MOST_FINDINGS:
            return
        if known is not None and known[0] <= size:
            self._found[check, operation] = (known[0], replace(known[1], seen=known[1].seen + 1))
            return
        finding = self._finding(check, failure, case, sent, answer_of(response) if response else None)
        seen = known[1].seen + 1 if known else 1
        self._found[check, operation] = (size, replace(finding, seen=seen))

    def _finding(
        self, check: str, failure: Failure, case: Case[Any], sent: Sent | None, answer: Answer | None
    ) -> FuzzFinding:
        contract = self._session.contract
        broken = failure.exception if isinstance(failure, CustomFailure) else None
        if isinstance(broken, Broken):
            evidence, assumption = self._sureness_of(check, operation_of(case), broken)
            expected, observed, value = broken.expected, broken.observed, broken.value
        else:
            evidence, assumption = sureness(check, contract, operation_of(case), sent, answer)
            expected, observed, value = _sentence(check), f"{failure.title}: {failure.message}", None
        return FuzzFinding(
            check=NAME,
            version=contract.version,
            evidence=evidence,
            expected=f"{check}: {expected}",
            observed=self._redact(" ".join(observed.split()))[:SHOWN],
            assumption=assumption,
            profile=profile_line(assumption, value, contract.assumptions) if assumption else None,
            case=case_of(case, self._session),
            exchanges=self._bridge.exchanges(case.id),
            seen_by=NAME,
            convention=check,
            operation=operation_of(case) or case.path,
            curl=self._curl(case, sent),
        )

    def _sureness_of(self, check: str, operation: str | None, broken: Broken) -> Sureness:
        one = next(one for one in CHECKS if one.name == check)
        evidence = broken.evidence or one.evidence
        operations = (operation,) if operation else ()
        return self._session.contract.evidence_of(evidence, operations), broken.assumption or one.assumption

    def _curl(self, case: Case[Any], sent: Sent | None) -> str:
        base = str(self._session.client.target.http.base_url).rstrip("/") + self._session.contract.base
        headers = {name: value for name, value in sent.headers.items() if name == "token"} if sent else {}
        return self._redact(case.as_curl_command(headers=headers, base_url=base))

    def _redact(self, text: str) -> str:
        return self._session.client.target.recorder.redact(text)


def _sentence(check: str) -> str:
    return next((one.sentence for one in BUILT_IN if one.name == check), check)


def _check_of(failure: Failure) -> str:
    """Returns the name of the check that a failure comes from; schemathesis itself tells it by class or title."""
    if isinstance(failure, CustomFailure):
        return next((one.name for one in CHECKS if one.name in failure.title), failure.title)
    return failure.checks[0] if failure.checks else type(failure).__name__
