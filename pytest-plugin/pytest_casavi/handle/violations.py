"""What the client under test should do otherwise, as the server found it, and the text that tells it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from casavi_mock.domain.violations import Criteria as FindingCriteria
from pytest_casavi.handle.requests import Request, Requests
from pytest_casavi.steering import Steering

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
class Criteria(FindingCriteria):
    """What is asked of the client in one test: what the server is to look for, and what of it fails the test."""

    fail_on: str = "warning"
    """The least severity that fails a test: `note`, `warning`, `error` or `never`."""

    def grave(self, violations: Collection[Violation]) -> list[Violation]:
        """Returns those for which a test fails."""
        if self.fail_on == "never":
            return []
        return [one for one in violations if _GRAVITY[one.severity] >= _GRAVITY[self.fail_on]]


def violations_of(steering: Steering, criteria: Criteria) -> list[Violation]:
    """Returns what the client should do otherwise, in the order of the first exchange that shows it.

    The server finds it, as it does for `/_mock/violations`; it knows which commands came from the test.

    Args:
        steering: Reaches the account.
        criteria: What is asked of the client.
    """
    query = {"allow": ",".join(sorted(criteria.allow)) or None, "poll-seconds": criteria.poll_seconds}
    found = steering.ask("listViolations", query=query)["violations"]
    known = {request.number: request for request in Requests(steering)} if found else {}
    return [_violation(view, known) for view in found]


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
