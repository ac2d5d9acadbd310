"""Fuzzes a target by the contract document of one version."""

import contextlib
import time
import warnings
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import hypothesis

from casavi_contracts.apart import hypothesis_apart
from casavi_contracts.checks import CHECKS
from casavi_contracts.context import Names
from casavi_contracts.contract import Contract
from casavi_contracts.failures import Broken
from casavi_contracts.fuzz.bridge import Bridge
from casavi_contracts.fuzz.filler import only_own_ids
from casavi_contracts.fuzz.findings import FuzzFinding
from casavi_contracts.fuzz.sent import Sent
from casavi_contracts.fuzz.session import IMPORT, Session
from casavi_contracts.fuzz.settings import NAME, PHASES
from casavi_contracts.http.client import Client
from casavi_contracts.http.target import Capability, Credentials, Target
from casavi_contracts.outcome import Finding, Outcome, Result, finding_of

if TYPE_CHECKING:
    from casavi_contracts.fuzz.collector import Collector

EVIDENCE = "inferred"
"""Of the item as a whole: a document pieced together from sources. Each finding has the evidence of its place."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing, whatever they lead to (RFC 9110, section 9.2.1)."""

READING_ONLY = "nothing may be written, so only operations that read are fuzzed"
NO_LINKS = "no link of the document leads from one of these operations to another, so there are no chains of requests"


def fuzz(
    target: Target,
    contract: Contract,
    credentials: Credentials | None = None,
    *,
    seed: int = 0,
    run: str = "fuzz-",
    max_examples: int | None = None,
    phases: Collection[str] = PHASES,
    operations: Collection[str] | None = None,
    covered: Collection[str] = (),
) -> Result:
    """Runs schemathesis on a contract document, every request through the target.

    Without write access only operations that read are fuzzed. At a target that is no mock every record that is sent
    carries the run's prefix, nothing is imported that the contract forbids, and no method is tried that it does not
    know, OPTIONS apart.

    Args:
        target: The server under judgement.
        contract: The contract of one version.
        credentials: The account; one is opened, and on a mock closed again, if none is given.
        seed: From which all cases follow. schemathesis also learns from answers, so cases are the same for the same
            seed only as long as the answers are.
        run: What every reference id of the run begins with.
        max_examples: Cases of each operation in the fuzzing phase, and chains of requests in the stateful one; as in
            the shipped settings if None.
        phases: Names of the phases, of `PHASES`.
        operations: The `operationId`s to fuzz; all if None.
        covered: Those that have the same path item in another version, where the examples of the document were sent and
            every case that it defines; here they are fuzzed and linked.

    Raises:
        ValueError: There is no phase or operation of that name.
        casavi_contracts.failures.CouldNotRun: The target cannot be reached.
        casavi_contracts.failures.BudgetSpent: No more may be sent.
    """
    _known("phase", phases, PHASES)
    _known("operation", operations or (), contract.operations)
    with _run(target, contract, credentials, run) as (session, bridge):
        begun = _begin(session)
        if begun is not None:
            return _result(session, bridge, [begun])
        collector = _collected(session, bridge, seed, phases, max_examples, operations, covered)
        return _result(session, bridge, _findings(session, bridge, collector), collector)


def _collected(
    session: Session,
    bridge: Bridge,
    seed: int,
    phases: Collection[str],
    max_examples: int | None,
    operations: Collection[str] | None,
    covered: Collection[str],
) -> "Collector":
    """Lets the tool loose, and returns what it found."""
    from casavi_contracts.fuzz import tool, wiring
    from casavi_contracts.fuzz.collector import Collector

    contract, target = session.contract, session.client.target
    chosen = _chosen(contract, operations, reading=not session.writes)
    collector = Collector(session, bridge)
    if "stateful" in phases and not _linked(contract, chosen):
        phases = [phase for phase in phases if phase != "stateful"]
        collector.notes.append(NO_LINKS)
    left_out = [name for name in contract.operations if name not in chosen]
    careful = target.plane is None
    config = tool.configuration(
        seed, phases, max_examples, left_out=left_out, covered=covered, careful=careful, contract=contract
    )
    schema = tool.schema_of(contract.document, config, bridge)
    with wiring.installed(session, schema):
        collector.collect(schema)
    if bridge.stopped is not None:
        raise bridge.stopped
    return collector


def replay(
    target: Target, contract: Contract, case: Mapping[str, Any], credentials: Credentials | None = None
) -> Result:
    """Sends the request of a finding once more, and judges its answer by every check.

    Args:
        target: The server under judgement.
        contract: The contract of the finding's version.
        case: The case of the finding.
        credentials: The account, as for `fuzz`.

    Raises:
        ValueError: The case is not one that `fuzz` has written down.
        casavi_contracts.failures.CouldNotRun: The target cannot be reached.
        casavi_contracts.failures.BudgetSpent: No more may be sent.
    """
    if case.get("operation") not in contract.operations or not isinstance(case.get("method"), str):
        raise ValueError("the case is not one of a fuzzing run of this version: it names no operation of the contract")
    with _run(target, contract, credentials, "replay-") as (session, bridge):
        begun = _begin(session)
        if begun is not None:
            return _result(session, bridge, [begun])
        from casavi_contracts.fuzz import tool, wiring
        from casavi_contracts.fuzz.collector import Collector

        config = tool.configuration(0, (), None, careful=target.plane is None, contract=contract)
        schema = tool.schema_of(contract.document, config, bridge)
        collector = Collector(session, bridge)
        with wiring.installed(session, schema, fill=False):
            collector.judge_once(tool.case_from(schema, case, session))
        if bridge.stopped is not None:
            raise bridge.stopped
        return _result(session, bridge, _findings(session, bridge, collector), collector)


def _known(what: str, names: Collection[str], possible: Collection[str]) -> None:
    unknown = [name for name in names if name not in possible]
    if unknown:
        raise ValueError(f"unknown {what} {unknown[0]!r}; possible are {', '.join(possible)}")


def _chosen(contract: Contract, operations: Collection[str] | None, *, reading: bool) -> list[str]:
    return [
        known.id
        for known in contract.operations.values()
        if (operations is None or known.id in operations) and (known.method == "GET" or not reading)
    ]


def _linked(contract: Contract, operations: Collection[str]) -> bool:
    """Whether a link leads from one of the operations to another."""
    responses = [one for name in operations for one in contract.operations[name].document["responses"].values()]
    links = [link for response in responses for link in response.get("links", {}).values()]
    return any(link["operationId"] in operations for link in links)


@contextlib.contextmanager
def _run(
    target: Target, contract: Contract, credentials: Credentials | None, prefix: str
) -> Iterator[tuple[Session, Bridge]]:
    """Opens an account, and keeps what the tools would leave behind out of the working directory."""
    account = credentials or target.open()
    fresh = target.plane is not None and credentials is None
    writes = Capability.WRITE in target.capabilities and IMPORT in contract.operations
    session = Session(Client(target, contract, account), Names(prefix, contract), fresh=fresh, writes=writes)
    bridge = Bridge(target, contract, lambda sent: _reason_against(session, target, sent))
    recorder = target.recorder
    purpose, recorder.purpose = recorder.purpose, NAME
    recorder.listeners.append(bridge.see)
    try:
        with _quiet_tools():
            yield session, bridge
    finally:
        recorder.listeners.remove(bridge.see)
        recorder.purpose = purpose
        if credentials is None:
            target.close(account)


@contextlib.contextmanager
def _quiet_tools() -> Iterator[None]:
    """Imports the tools without their warnings, and keeps what Hypothesis writes apart."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they speak of the libraries that schemathesis uses
        import schemathesis  # noqa: F401  # imported here for the first time, under the filter
    with hypothesis_apart(), _no_targets():
        yield


@contextlib.contextmanager
def _no_targets() -> Iterator[None]:
    """Keeps Hypothesis from climbing towards requests that succeed, as schemathesis wants it to: ours do so anyway.

    That took an eighth of the time of a run, and schemathesis has no setting for it.
    """
    target = hypothesis.target
    hypothesis.target = lambda observation, *, label="": observation  # what it returns, without the search
    try:
        yield
    finally:
        hypothesis.target = target


def _begin(session: Session) -> Finding | None:
    """Begins a session; returns the finding if the account cannot be used at all."""
    try:
        session.begin()
    except Broken as error:
        return _of_step(session, error)
    return None


def _reason_against(session: Session, target: Target, sent: Sent) -> str | None:
    """Says why a request must not be sent to this target. What may be sent is settled before; this is the last door."""
    if target.plane is not None or sent.method in SAFE:
        return None
    if sent.operation is None:
        return "a method that the contract does not know may do harm"
    if sent.operation == IMPORT and not session.writes:
        return "nothing may be written"
    if sent.operation == IMPORT and not only_own_ids(session, sent.json):
        return "it would write records without the run's prefix"
    return None


def _findings(session: Session, bridge: Bridge, collector: "Collector") -> list[Finding]:
    findings: list[Finding] = [*collector.findings]
    if session.broken is not None:
        findings.append(_of_step(session, session.broken))
    if bridge.unanswered:
        error, exchange = bridge.unanswered[0]
        findings.append(_of_step(session, error, exchange))
    return findings


def _of_step(session: Session, error: Broken, *exchanges: Any) -> Finding:
    """Returns the finding of a step that the run needs; a check of its own judges that step."""
    checks = {check.name: check for check in CHECKS}
    check = checks.get(error.check or "")
    contract = session.contract
    return finding_of(
        error,
        check=NAME,
        version=contract.version,
        evidence=check.evidence_in(contract) if check else contract.evidence_of("documented", ("authenticate",)),
        assumption=check.assumption if check else None,
        register=contract.assumptions,
        case=None,
        exchanges=exchanges,
    )


def _result(session: Session, bridge: Bridge, findings: list[Finding], collector: "Collector | None" = None) -> Result:
    notes = [*([] if session.writes else [READING_ONLY]), *(collector.notes if collector else [])]
    notes += [f"{count} requests were not sent: {reason}" for reason, count in sorted(bridge.held_back.items())]
    steps = [finding for finding in findings if not isinstance(finding, FuzzFinding)]
    notes += [f"a step that it needs breaks {finding.check}" for finding in steps]
    trouble = collector.trouble if collector else []
    return Result(
        check=NAME,
        version=session.contract.version,
        outcome=_outcome(findings, bool(trouble)),
        evidence=EVIDENCE,
        findings=tuple(findings),
        reason="; ".join([*notes, *trouble]),
        examples=collector.examples if collector else 0,
        requests=bridge.count,
        seconds=time.perf_counter() - bridge.started,
        states=frozenset(session.states),
    )


def _outcome(findings: list[Finding], trouble: bool) -> Outcome:
    own = [finding.outcome for finding in findings if isinstance(finding, FuzzFinding)]
    if own:
        return Outcome.FAILED if Outcome.FAILED in own else Outcome.REFUTED
    return Outcome.BLOCKED if findings or trouble else Outcome.PASSED
