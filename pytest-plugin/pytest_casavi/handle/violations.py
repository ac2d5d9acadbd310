"""What the client under test should do otherwise, as the server found it, and the text that tells it."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from casavi_mock.domain.violations import Criteria as FindingCriteria
from pytest_casavi.handle.requests import Request, Requests
from pytest_casavi.steering import Steering

_GRAVITY = {"note": 0, "warning": 1, "error": 2}
_SHOWN = 5
_SHOWN_BODY = 600
_USELESS = frozenset(
    {
        "host", "accept", "accept-encoding", "accept-language", "connection", "user-agent", "content-length", "date",
        "server", "x-request-id", "keep-alive", "transfer-encoding",
    }
)  # fmt: skip
"""Headers that tell nothing of what a client does wrong."""


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
    shown: set[int] = set()
    paragraphs = [_paragraph(number, violation, shown) for number, violation in enumerate(violations, 1)]
    rules = ", ".join(f'"{rule}"' for rule in dict.fromkeys(violation.rule for violation in grave))
    hint = [f"To accept it in this test: @pytest.mark.casavi(allow=[{rules}])"] if grave else []
    return "\n\n".join([f"casavi: the client violates {names}", *paragraphs, *hint])


def _violation(view: Mapping[str, Any], known: Mapping[int, Request]) -> Violation:
    places = tuple(known[number] for number in view["exchanges"] if number in known)
    shown = {name: view[name] for name in ("rule", "severity", "title", "detail", "advice", "evidence")}
    return Violation(**shown, requests=places)


def _paragraph(number: int, violation: Violation, shown: set[int]) -> str:
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
        first = violation.requests[0]
        lines += [f"   Exchange #{first.number}: see above"] if first.number in shown else _exchange(first)
        shown.add(first.number)
    return "\n".join(lines)


def _exchange(request: Request) -> list[str]:
    """Returns an exchange in full, as far as it fits."""
    asked = [f"     > {name}: {value}" for name, value in request.headers.items() if name not in _USELESS]
    answered = [f"     < {name}: {value}" for name, value in request.response.headers.items() if name not in _USELESS]
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
    text = _lean(text)
    shown = text if len(text) <= _SHOWN_BODY else f"{text[:_SHOWN_BODY]}…"
    return [f"     {mark} {line}" for line in shown.splitlines() if line.strip()]


def _lean(text: str) -> str:
    """Returns a JSON object without members that are 0, null or empty; another text as it is."""
    try:
        body = json.loads(text)
    except ValueError:
        return text
    return json.dumps(_without_nothing(body), ensure_ascii=False) if isinstance(body, dict) else text


def _without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        members = {name: _without_nothing(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member or member is False or member == ""}
    return value
