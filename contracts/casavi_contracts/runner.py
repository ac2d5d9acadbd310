"""Judges a check at a target: makes cases, judges each once, and finds the smallest one that breaks it."""

import contextlib
import json
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.errors import HypothesisWarning

from casavi_contracts import spec
from casavi_contracts.checks.definition import Check, Search, no_case
from casavi_contracts.context import Accounts
from casavi_contracts.contract import Contract
from casavi_contracts.failures import Broken, KitError, Unmet, Unshown
from casavi_contracts.http.exchange import Answer, Exchange
from casavi_contracts.http.target import Capability, Target
from casavi_contracts.outcome import Finding, Outcome, Result, finding_of

SHRINK_CASES = 500
"""Cases that are judged to find a smaller one, after the first that breaks the check."""

ACCOUNT_SHRINK_CASES = 60
"""The same at an account whose records stay, and where each request counts."""

SHRINK_REQUESTS = 2_000
"""Requests after which no more than `ACCOUNT_SHRINK_CASES` are judged: a server whose jobs never end takes many."""


class Runner:
    """Judges checks in one version of the contract.

    Args:
        checks: All checks by name, to tell the evidence of the steps that others rest on.
        accounts: Opens the accounts of a check.
        seed: From which all cases follow.
        depth: Factor for the number of cases of each check.
        shrink_cases: Cases that are judged to find a smaller one, after the first that breaks the check.
    """

    def __init__(
        self,
        checks: Mapping[str, Check],
        accounts: Callable[[], Accounts],
        *,
        seed: int = 0,
        depth: float = 1.0,
        shrink_cases: int = SHRINK_CASES,
    ) -> None:
        self._checks = checks
        self._accounts = accounts
        self._seed = seed
        self._depth = depth
        self._shrink_cases = shrink_cases

    def run(self, check: Check) -> Result:
        """Returns what came of a check.

        Raises:
            casavi_contracts.failures.CouldNotRun: The target cannot be reached.
            casavi_contracts.failures.BudgetSpent: No more may be sent.
        """
        accounts = self._accounts()
        contract = accounts.contract
        evidence = check.evidence_in(contract)
        missing = self._missing(check, accounts)
        if missing:
            return Result(check.name, contract.version, Outcome.SKIPPED, evidence, reason=missing)
        recorder = accounts.target.recorder
        for other in self._checks.values():
            if other.listens:
                other.listens(recorder, contract)
        recorder.purpose = check.name
        before, started = recorder.count, time.perf_counter()
        cases = _Cases(check, accounts, self._checks, self._shrink_cases)
        recorder.listeners.append(cases.see)
        try:
            self._try(check, accounts, cases)
        finally:
            recorder.listeners.remove(cases.see)
            accounts.close()
            recorder.purpose = ""
        findings, reason = cases.smallest, ""
        if isinstance(cases.stopped, Unmet):
            reason = str(cases.stopped)
        elif cases.stopped is not None:
            raise cases.stopped
        return Result(
            check=check.name,
            version=contract.version,
            outcome=_outcome(check, findings, reason, skipped=isinstance(cases.stopped, Unshown)),
            evidence=evidence,
            findings=findings,
            reason=f"a step that it needs breaks {findings[0].check}" if _foreign(check, findings) else reason,
            examples=cases.judged,
            requests=recorder.count - before,
            seconds=time.perf_counter() - started,
            states=frozenset(cases.states),
        )

    def replay(self, check: Check, case: Any) -> Result:
        """Judges one case that was written down."""
        return self.run(replace(check, cases=lambda contract: st.just(case), each=None, search=None, examples=1))

    def _missing(self, check: Check, accounts: Accounts) -> str:
        contract, there = accounts.contract, accounts.target.capabilities
        if contract.version not in check.versions:
            return f"it is about {' and '.join(check.versions)}"
        unknown = [name for name in check.operations if name not in contract.operations]
        if unknown:
            return f"{contract.version} has no {unknown[0]}"
        if Capability.WRITE in check.needs and "importMasterData" not in contract.operations:
            return f"{contract.version} has no importMasterData"
        lacking = [capability for capability in Capability if capability in check.needs and capability not in there]
        return f"the target lacks {' and '.join(lacking)}" if lacking else ""

    def _try(self, check: Check, accounts: Accounts, cases: "_Cases") -> None:
        alone = check.cases is no_case and check.search is None
        if check.each is not None or alone:
            with contextlib.suppress(Broken):
                for case in check.each(accounts.contract) if check.each is not None else (None,):
                    cases.judge(case)
            return
        how = settings(
            max_examples=max(1, round(check.examples * self._depth)) + cases.unlike_the_simplest,
            database=None,  # cases are written down by the suite, and credentials never are
            deadline=None,
            derandomize=False,
            phases=(Phase.generate, Phase.shrink) if self._shrink_cases else (Phase.generate,),
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
            report_multiple_bugs=False,
            print_blob=False,
        )
        search = check.search or _drawn(check)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", HypothesisWarning)
                search(accounts.target, accounts.contract, cases.judge, how=how, seed=self._seed)
        except (Broken, _Enough):
            assert cases.smallest, "it is remembered when it is raised"


def _drawn(check: Check) -> Search:
    """Returns what draws cases from the check's strategy."""

    def search(target: Target, contract: Contract, judge: Callable[[Any], None], *, how: settings, seed: int) -> None:
        @seeded(seed)
        @how
        @given(check.cases(contract))
        def judge_case(case: Any) -> None:
            judge(case)

        judge_case()

    return search


class _Enough(BaseException):
    """As many smaller cases were judged as were allowed. No `Exception`: those Hypothesis takes for failures."""


class _Cases:
    """Judges every case once: a target remembers, so the same case a second time would be another one.

    Hypothesis sees the same result for the same case, whatever the target does. Once a case has broken it, only so
    many smaller ones are judged; the next one ends the search.
    """

    def __init__(self, check: Check, accounts: Accounts, checks: Mapping[str, Check], shrink_cases: int) -> None:
        self._check = check
        self._accounts = accounts
        self._checks = checks
        self._known: dict[str, Broken | None] = {}
        self._most = shrink_cases
        self._smaller = 0
        self._broke_at = 0
        self.unlike_the_simplest = check.alone
        """Whether the first case, which is always the simplest one, is left out."""
        self._size = 0
        self.smallest: tuple[Finding, ...] = ()
        """What the smallest case has shown that breaks the check."""
        self.stopped: KitError | None = None
        """Why no more cases can be judged."""
        self.judged = 0
        self.states: set[str] = set()

    def judge(self, case: Any) -> None:
        if self.stopped is not None:
            return
        if self.unlike_the_simplest:
            self.unlike_the_simplest = False
            return
        text = json.dumps(case, sort_keys=True, ensure_ascii=True)
        if text not in self._known:
            self._known[text] = self._first_time(case)
        broken = self._known[text]
        if broken is not None:
            raise broken.with_traceback(None)

    def see(self, exchange: Exchange, body: bytes, answer: Answer | None) -> None:
        if exchange.operation == "getJob" and answer is not None and answer.ok:
            try:
                status = self._accounts.contract.shapes["getJob"].read(json.loads(answer.body)).get("status")
            except (ValueError, RecursionError, AttributeError):
                return
            if isinstance(status, str):
                self.states.add(status)

    def _first_time(self, case: Any) -> Broken | None:
        recorder = self._accounts.target.recorder
        before = recorder.count
        if self.smallest:
            many = before - self._broke_at > SHRINK_REQUESTS
            if self._smaller >= (min(self._most, ACCOUNT_SHRINK_CASES) if many else self._most):
                raise _Enough
            self._smaller += 1
        self.judged += 1
        try:
            self._check.body(self._accounts.context(), case)
        except spec.NotShown as hidden:
            self.stopped = Unshown(str(hidden))
        except KitError as stopped:
            self.stopped = stopped
        except (Broken, LookupError, TypeError, ValueError, AttributeError) as error:
            # An answer of another form than the contract's makes a check stumble; that is the target's fault.
            broken = error if isinstance(error, Broken) else Broken("an answer of the contract's form", repr(error))
            shown = case if broken.case is None else broken.case
            size = len(json.dumps(shown))
            if not self.smallest:
                self._broke_at = before
            if not self.smallest or size <= self._size:  # of equal ones the later is simpler
                self._size = size
                self.smallest = tuple(self._finding(one, shown, before) for one in (broken, *broken.others))
            return broken
        return None

    def _finding(self, broken: Broken, case: Any, before: int) -> Finding:
        contract = self._accounts.contract
        check = self._checks.get(broken.check or "", self._check)
        return finding_of(
            broken,
            check=self._check.name,
            version=contract.version,
            evidence=check.evidence_in(contract),
            assumption=check.assumption,
            register=contract.assumptions,
            case=case,
            exchanges=broken.exchanges or tuple(self._accounts.target.recorder.since(before)),
            steps=tuple(self._check.told(case)) if self._check.told else (),
        )


def _foreign(check: Check, findings: tuple[Finding, ...]) -> bool:
    """Whether what was found concerns other checks alone."""
    return bool(findings) and all(finding.check != check.name for finding in findings)


def _outcome(check: Check, findings: tuple[Finding, ...], reason: str, *, skipped: bool) -> Outcome:
    if not findings and skipped:
        return Outcome.SKIPPED
    if not findings:
        return Outcome.BLOCKED if reason else Outcome.PASSED
    if _foreign(check, findings):
        return Outcome.BLOCKED
    broken = any(finding.check == check.name and finding.outcome is Outcome.FAILED for finding in findings)
    return Outcome.FAILED if broken else Outcome.REFUTED
