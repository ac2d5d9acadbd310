"""What came of a check."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from casavi_contracts import spec
from casavi_contracts.failures import Broken, profile_line
from casavi_contracts.http.exchange import Exchange

COMMON = "inferred"
"""Evidence of what any HTTP API has to keep."""


class Outcome(StrEnum):
    """How a check was judged."""

    PASSED = "passed"
    FAILED = "failed"
    REFUTED = "refuted"
    BLOCKED = "blocked"
    """A step that it needs does not work; the check that names that step is broken."""
    SKIPPED = "skipped"
    """The target lacks a capability, or the version an operation."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One way in which a check does not hold."""

    check: str
    version: str
    evidence: str
    expected: str
    observed: str
    assumption: str | None
    profile: str | None
    """The line of a profile that makes the mock behave so; None if there is none."""
    case: Any
    """The smallest case that shows it, as JSON; None if there was nothing to vary."""
    exchanges: tuple[Exchange, ...] = field(default=(), repr=False)
    """What was sent and answered while that case was judged."""
    seen_by: str = ""
    """The check under judgement when it was found."""
    steps: tuple[str, ...] = ()
    """The case for people, if it is a sequence of steps."""
    place: str = ""
    """What shows the same cause in many checks: a list, or a field of a kind of record."""

    @property
    def outcome(self) -> Outcome:
        """A guess that has a name is refuted; anything else fails."""
        return Outcome.REFUTED if self.evidence == "assumed" and self.assumption else Outcome.FAILED


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one check in one version."""

    check: str
    version: str
    outcome: Outcome
    evidence: str
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    """Why it is not applicable or was not judged."""
    examples: int = 0
    """Cases that were judged."""
    usual: int | None = None
    """Cases that are judged at the usual depth, if they were fewer now."""
    requests: int = 0
    seconds: float = 0.0
    states: frozenset[str] = frozenset()
    """States of jobs that were seen meanwhile."""


def finding_of(
    error: Broken,
    *,
    check: str,
    version: str,
    evidence: str,
    assumption: str | None,
    register: Mapping[str, spec.Assumption],
    case: Any,
    exchanges: tuple[Exchange, ...],
    steps: tuple[str, ...] = (),
) -> Finding:
    """Returns what a broken check says, with what the error itself does not say filled in.

    Args:
        error: As it was raised.
        check: The check that was under judgement.
        version: Version of the contract.
        evidence: Evidence of the check that is broken.
        assumption: The assumption that it rests on.
        register: The register of assumptions.
        case: The case that was judged.
        exchanges: What was sent and answered meanwhile.
        steps: The case for people, if it is a sequence of steps.
    """
    sure = error.evidence or evidence
    named = None if error.always else error.assumption or assumption
    return Finding(
        check=error.check or check,
        version=version,
        evidence=COMMON if error.always and sure == "assumed" else sure,
        expected=error.expected,
        observed=error.observed,
        assumption=named,
        profile=profile_line(named, error.value, register) if named else None,
        case=case,
        exchanges=exchanges,
        seen_by=check,
        steps=steps,
        place=error.place,
    )


def without_secrets(finding: Finding, redact: Callable[[str], str], known: Callable[[str], str]) -> Finding:
    """Returns what was found as it may be shown; its exchanges are redacted when they are written down.

    Args:
        finding: What was found.
        redact: Makes secrets in a text unreadable.
        known: The same for those alone that are known: the case has to stay as it is.
    """

    def cleaned(value: Any) -> Any:
        if isinstance(value, str):
            return known(value)
        if isinstance(value, list | tuple):
            return [cleaned(one) for one in value]
        return {known(name): cleaned(one) for name, one in value.items()} if isinstance(value, dict) else value

    return replace(
        finding,
        expected=redact(finding.expected),
        observed=redact(finding.observed),
        profile=redact(finding.profile) if finding.profile else finding.profile,
        steps=tuple(map(redact, finding.steps)),
        case=cleaned(finding.case),
    )
