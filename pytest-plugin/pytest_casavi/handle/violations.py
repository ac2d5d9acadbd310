"""What the client under test should do otherwise."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_casavi.handle.requests import ALL, Request, Requests
from pytest_casavi.steering import Steering

UNREAD = "job-never-read-to-its-end"
FAST = "polls-too-fast"
LATE = "refresh-never-or-too-late"

_GRAVITY = {"note": 0, "warning": 1, "error": 2}
_SHOWN = 5
_SHOWN_BODY = 600


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that the client should do otherwise."""

    rule: str
    severity: str
    """`error`: fails, or loses data. `warning`: works until it does not. `note`: worth a look."""
    title: str
    detail: str
    """What happened, as a sentence."""
    advice: str
    evidence: str
    """How sure it is that casavi minds."""
    requests: tuple[Request, ...] = field(repr=False)
    """Where it shows; those that the journal has dropped are missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What is asked of the client in one test."""

    allow: frozenset[str] = frozenset()
    """Names of rules that are not judged."""
    poll_seconds: float | None = None
    """Seconds that a client should wait between two looks at a job; the server's default if None."""
    fail_on: str = "warning"
    """The least severity that fails a test: `note`, `warning`, `error` or `never`."""

    def grave(self, violations: Collection[Violation]) -> list[Violation]:
        """Returns those for which a test fails."""
        if self.fail_on == "never":
            return []
        return [one for one in violations if _GRAVITY[one.severity] >= _GRAVITY[self.fail_on]]


def judged(
    steering: Steering, criteria: Criteria, seen: Collection[str] = (), commands: Collection[int] = ()
) -> list[Violation]:
    """Returns what the client should do otherwise, in the order of the first exchange that shows it.

    What a test brings about is not held against a client that copes with it: a job that is not read to its end, if the
    test looked at it itself, or if it has no end yet, or is gone; a fast look at a job of which the test has just
    decided how it goes on; a token that is used too late, since only a test moves the clock by weeks, if the client
    logs in again when it is refused.

    Args:
        steering: Reaches the account.
        criteria: What is asked.
        seen: Ids of jobs that the test has looked at, or decided.
        commands: For each command of the test to jobs, the number of the last request before it.
    """
    query = {"allow": ",".join(sorted(criteria.allow)) or None, "poll-seconds": criteria.poll_seconds}
    found = steering.ask("listViolations", query=query)["violations"]
    if not found:
        return []
    known = {request.number: request for request in Requests(steering)}
    violations = [_violation(view, known) for view in found]
    if any(violation.rule == UNREAD for violation in violations):
        jobs = {job["id"]: job for job in steering.ask("listJobs", query={"limit": ALL})["jobs"]}
        violations = [one for one in violations if one.rule != UNREAD or _unread(one, jobs, seen)]
    violations = [one for one in violations if one.rule != FAST or _fast(one, known, commands)]
    return [one for one in violations if one.rule != LATE or _too_late(one, known)]


def described(violations: Collection[Violation], grave: Collection[Violation]) -> str:
    """Returns violations as a text: what, where, on what evidence, and what to do.

    Args:
        violations: All of them.
        grave: Those for which a test fails.
    """
    names = ", ".join(dict.fromkeys(f"{violation.rule} ({violation.severity})" for violation in violations))
    paragraphs = [_paragraph(number, violation) for number, violation in enumerate(violations, 1)]
    rules = ", ".join(f'"{rule}"' for rule in dict.fromkeys(violation.rule for violation in grave))
    hint = [f"To accept it in this test: @pytest.mark.casavi(allow=[{rules}])"] if grave else []
    return "\n\n".join([f"casavi: the client violates {names}", *paragraphs, *hint])


def _violation(view: Mapping[str, Any], known: Mapping[int, Request]) -> Violation:
    places = tuple(known[number] for number in view["exchanges"] if number in known)
    shown = {name: view[name] for name in ("rule", "severity", "title", "detail", "advice", "evidence")}
    return Violation(**shown, requests=places)


def _unread(violation: Violation, jobs: Mapping[str, Mapping[str, Any]], seen: Collection[str]) -> bool:
    """Whether a job that the client has not read to its end is to be held against it."""
    sent = violation.requests[0] if violation.requests else None
    job = jobs.get((sent and sent.job_id) or "")
    if job is None or job["id"] in seen:
        return False
    return job["finishedAt"] is not None or len(violation.requests) == 1  # it was never looked at


def _fast(violation: Violation, known: Mapping[int, Request], commands: Collection[int]) -> bool:
    """Whether a look at a job was too fast without a command of the test between it and the look before."""

    def own_will(poll: Request) -> bool:
        before = [
            number
            for number, one in known.items()
            if number < poll.number and one.operation == poll.operation and one.job_id == poll.job_id
        ]
        return not before or not any(max(before) <= command < poll.number for command in commands)

    return not commands or any(own_will(poll) for poll in violation.requests)


def _too_late(violation: Violation, known: Mapping[int, Request]) -> bool:
    """Whether a client went on with a token that had ended, in place of logging in again."""
    used = [request.number for request in violation.requests]
    log_ins = [number for number, one in known.items() if one.operation == "authenticate" and one.status < 400]
    return not used or not any(number > max(used) for number in log_ins)


def _paragraph(number: int, violation: Violation) -> str:
    lines = [
        f"{number}. {violation.rule} ({violation.severity}): {violation.title}.",
        f"   What      {violation.detail}",
        f"   Advice    {violation.advice}",
        f"   Evidence  {violation.evidence}",
        *(f"   {request.line}" for request in violation.requests[:_SHOWN]),
    ]
    if len(violation.requests) > _SHOWN:
        lines.append(f"   and {len(violation.requests) - _SHOWN} more requests")
    if violation.requests:
        lines += _exchange(violation.requests[0])
    return "\n".join(lines)


def _exchange(request: Request) -> list[str]:
    """Returns an exchange in full, as far as it fits."""
    asked = [f"     > {name}: {value}" for name, value in request.headers.items()]
    answered = [f"     < {name}: {value}" for name, value in request.response.headers.items()]
    return [
        f"   Exchange #{request.number}",
        f"     > {request.method} {request.path}{'?' + request.query if request.query else ''}",
        *asked,
        *_body(">", request.text),
        f"     < {request.status or 'no answer'}",
        *answered,
        *_body("<", request.response.text),
    ]


def _body(mark: str, text: str) -> list[str]:
    shown = text if len(text) <= _SHOWN_BODY else f"{text[:_SHOWN_BODY]}…"
    return [f"     {mark} {line}" for line in shown.splitlines() if line.strip()]
