"""What the client under test should do otherwise."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_casavi.handle.requests import ALL, Request
from pytest_casavi.steering import Steering

UNREAD = "job-never-read-to-its-end"

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
class Manners:
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


def judged(steering: Steering, manners: Manners, read: Collection[str]) -> list[Violation]:
    """Returns what the client should do otherwise, in the order of the first exchange that shows it.

    A job that the client has not read to its end is not held against it if the test did so in its place, or if the job
    has no end yet, or is gone.

    Args:
        steering: Reaches the account.
        manners: What is asked.
        read: Ids of jobs that the test has seen ended.
    """
    query = {"allow": ",".join(sorted(manners.allow)) or None, "poll-seconds": manners.poll_seconds}
    found = steering.ask("listViolations", query=query)["violations"]
    if not found:
        return []
    views = steering.ask("listRequests", query={"limit": ALL})["requests"]
    known = {view["number"]: Request(view) for view in views}
    violations = [_violation(view, known) for view in found]
    if any(violation.rule == UNREAD for violation in violations):
        jobs = {job["id"]: job for job in steering.ask("listJobs", query={"limit": ALL})["jobs"]}
        violations = [one for one in violations if one.rule != UNREAD or _unread(one, jobs, read)]
    return violations


def described(violations: Collection[Violation]) -> str:
    """Returns violations as a text: what, where, on what evidence, and what to do."""
    names = ", ".join(dict.fromkeys(f"{violation.rule} ({violation.severity})" for violation in violations))
    paragraphs = [_paragraph(number, violation) for number, violation in enumerate(violations, 1)]
    rules = ", ".join(f'"{rule}"' for rule in dict.fromkeys(violation.rule for violation in violations))
    hint = f"To accept it in this test: @pytest.mark.casavi(allow=[{rules}])"
    return "\n\n".join([f"casavi: the client violates {names}", *paragraphs, hint])


def _violation(view: Mapping[str, Any], known: Mapping[int, Request]) -> Violation:
    places = tuple(known[number] for number in view["exchanges"] if number in known)
    shown = {name: view[name] for name in ("rule", "severity", "title", "detail", "advice", "evidence")}
    return Violation(**shown, requests=places)


def _unread(violation: Violation, jobs: Mapping[str, Mapping[str, Any]], read: Collection[str]) -> bool:
    """Whether a job that the client has not read to its end is to be held against it."""
    sent = violation.requests[0] if violation.requests else None
    job = jobs.get((sent and sent.job_id) or "")
    if job is None or job["id"] in read:
        return False
    return job["finishedAt"] is not None or len(violation.requests) == 1  # it was never looked at


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
