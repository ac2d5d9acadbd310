"""Conventions about the form of answers: JSON, moments, errors, headers."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from casavi_contracts import spec
from casavi_contracts.failures import Broken
from casavi_contracts.fuzz.checks.check import Check, body_of, check
from casavi_contracts.fuzz.sent import Sent, methods, needs_token, place
from casavi_contracts.fuzz.session import AUTHENTICATE, Session
from casavi_contracts.http.exchange import Answer

_MILLISECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_SECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_MOMENTS = frozenset({"expiresAt", "createdAt", "startedAt", "finishedAt"})
"""Values of answers that are moments."""

_FREE_NAMES = "customFields"
"""Where members are named by the customer; they say nothing about the server."""


@check("A JSON answer is one value in UTF-8, as RFC 8259 wants it.", evidence="documented", source="2.1")
def json_is_strict(session: Session, sent: Sent, answer: Answer) -> None:
    media_type, _, parameters = answer.headers.get("content-type", "").partition(";")
    if not answer.body or "json" not in media_type.lower():
        return
    charset = parameters.partition("charset=")[2].strip('" ').lower()
    if charset not in ("", "utf-8", "utf8"):
        raise Broken("JSON in UTF-8", f"charset {charset}")
    try:
        json.loads(answer.body.decode(), parse_constant=_no_constant, object_pairs_hook=_once)
    except ValueError as error:
        # The text of a decoding error holds what was decoded; its reason does not.
        reason = getattr(error, "msg", None) or getattr(error, "reason", None) or str(error)
        raise Broken("one JSON value and nothing else", f"{reason}, {len(answer.body)} bytes") from None
    except RecursionError:
        raise Broken("one JSON value and nothing else", f"a thousand levels, {len(answer.body)} bytes") from None


@check("Every moment that the server writes is YYYY-MM-DDThh:mm:ss.sssZ, in UTC.", evidence="documented", source="3.2")
def moments_are_utc_with_milliseconds(session: Session, sent: Sent, answer: Answer) -> None:
    for name, text in _moments(body_of(answer), _MOMENTS):
        formats = session.contract.values["expires-at-format"] if name == "expiresAt" else "milliseconds"
        wanted, other = (_MILLISECONDS, _SECONDS) if formats == "milliseconds" else (_SECONDS, _MILLISECONDS)
        if wanted.fullmatch(text) and _is_moment(text):
            continue
        if name == "expiresAt" and other.fullmatch(text):
            value = "seconds" if formats == "milliseconds" else "milliseconds"
            raise Broken(f"{name} with {formats}", text, assumption="expires-at-format", value=value)
        raise Broken(f"{name} as a moment in UTC with {formats}", repr(text[:40]))


@check(
    "The body of an error repeats the status of its answer, and title and evidence of the rule that it names.",
    evidence="assumed",
    source="4",
    assumption="error-media-type",
)
def problem_agrees_with_its_answer(session: Session, sent: Sent, answer: Answer) -> None:
    body = body_of(answer)
    if answer.status < 400 or not isinstance(body, dict):
        return
    if not spec.hides(body, "status") and body.get("status") != answer.status:
        raise Broken(f"status {answer.status} in the body too", repr(body.get("status"))[:40])
    if spec.hides(body, "rule"):
        return
    rule = session.contract.rules.get(str(body.get("rule")))
    if rule is None:
        raise Broken("a rule of the contract's register", repr(body.get("rule"))[:80])
    said = {"type": f"urn:casavi-mock:rule:{rule.name}", "title": rule.title, "evidence": rule.evidence}
    for member, value in said.items():
        if not spec.hides(body, member) and body.get(member) != value:
            raise Broken(f"{member} {value!r} with rule {rule.name}", repr(body.get(member))[:120])
    if rule.status != answer.status:
        raise Broken(f"status {rule.status} with rule {rule.name}", str(answer.status), assumption=rule.assumption)


@check(
    "An error names its request by an id that no other answer has; a header X-Request-Id says the same.",
    evidence="assumed",
    source="4",
    assumption="error-media-type",
)
def request_id_is_its_own(session: Session, sent: Sent, answer: Answer) -> None:
    body, header = body_of(answer), answer.headers.get("x-request-id")
    named = body.get("requestId") if answer.status >= 400 and isinstance(body, dict) else None
    if named is not None and header is not None and named != header:
        raise Broken(f"requestId {header!r}, as in the header", repr(named)[:80])
    one = named or header
    if not isinstance(one, str):
        return
    if one in session.request_ids:
        raise Broken("an id that no earlier answer has", repr(one)[:80])
    session.request_ids.append(one)


@check(
    "A refused token or log-in is told why: no token, an unknown or ended one, wrong credentials.",
    evidence="assumed",
    source="4",
    assumption="unauthorized-status",
)
def refusal_says_why(session: Session, sent: Sent, answer: Answer) -> None:
    body = body_of(answer)
    if answer.status != session.contract.values["unauthorized-status"] or not isinstance(body, dict):
        return
    if spec.hides(body, "rule"):
        return
    rule = str(body.get("rule"))
    if sent.operation == AUTHENTICATE:
        expected = {"credentials-wrong"}
    elif needs_token(session.contract, sent.operation) and not sent.token:
        expected = {"token-missing"}
    else:
        expected = {"token-unknown", "token-expired", "token-revoked", "token-foreign"}
    if rule not in expected:
        raise Broken(f"one of the rules {', '.join(sorted(expected))}", repr(rule)[:80])


@check(
    "A method that a path does not know is answered with 405 and, in Allow, those that it knows.",
    evidence="assumed",
    source="4",
    assumption="error-statuses",
)
def allow_names_the_methods(session: Session, sent: Sent, answer: Answer) -> None:
    _, template, _ = place(session.contract, sent.method, sent.path)
    if answer.status != 405 or template is None:
        return
    known = methods(session.contract, template)
    if sent.method in known:
        raise Broken(f"{sent.method} to be known at {template}", "405")
    said = {name.strip() for name in answer.headers.get("allow", "").split(",") if name.strip()}
    if said - {"HEAD", "OPTIONS"} != known:
        raise Broken(f"Allow with {', '.join(sorted(known))}", ", ".join(sorted(said)) or "no Allow")


CHECKS: tuple[Check, ...] = (
    json_is_strict,
    moments_are_utc_with_milliseconds,
    problem_agrees_with_its_answer,
    request_id_is_its_own,
    refusal_says_why,
    allow_names_the_methods,
)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member occurs twice")
    return members


def _moments(value: Any, names: frozenset[str]) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for item in value:
            yield from _moments(item, names)
    elif isinstance(value, dict):
        for name, member in value.items():
            if name in names and isinstance(member, str):
                yield name, member
            elif name != _FREE_NAMES:
                yield from _moments(member, names)


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
