"""Checks about every answer of a run, whatever it was asked for: they listen to all that is sent."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from casavi_contracts import spec
from casavi_contracts.checks.definition import check
from casavi_contracts.context import Context
from casavi_contracts.contract import Contract
from casavi_contracts.expect.calls import tour
from casavi_contracts.failures import Broken
from casavi_contracts.http.exchange import Answer, Exchange, Recorder, Redactor
from casavi_contracts.promises import Named
from casavi_contracts.spec.strict import strict_json

FINDINGS = 30
"""Different findings that are remembered for one check."""

REMEMBERED_IDS = 20_000
"""Ids of answers that are remembered; a second answer with the same id comes soon, if at all."""

MAX_ERRORS = 20
"""Places that an error body names at most, as the contract says."""

CONTRACT = Named.ANSWERS_SATISFY_THE_CONTRACT
ERRORS = Named.ERRORS_EXPLAIN_THEMSELVES
OWN_ID = Named.EVERY_ANSWER_HAS_AN_ID_OF_ITS_OWN
SECRETS = Named.ANSWERS_HOLD_NO_SECRETS

_ID = "x-request-id"


class Watch:
    """Looks at every answer of one version, and remembers every kind of wrong once.

    Args:
        contract: The contract of that version.
        redact: Knows the secrets of the run.
    """

    def __init__(self, contract: Contract, redact: Redactor) -> None:
        self.contract = contract
        self._redact = redact
        self._found: dict[str, dict[str, Broken]] = {}
        self._ids: dict[str, int] = {}
        self._paths = [
            (re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(one.path))), name)
            for name, one in contract.operations.items()
            if one.method == "GET"
        ]

    def __call__(self, exchange: Exchange, body: bytes, answer: Answer | None) -> None:
        """Looks at one exchange."""
        if answer is None or exchange.version != self.contract.version:
            return
        for look in (self._satisfies, self._explains, self._has_own_id, self._holds_no_secret):
            for broken in look(exchange, answer):
                broken.exchanges = (exchange,)
                kinds = self._found.setdefault(str(broken.check), {})
                if len(kinds) < FINDINGS:
                    kinds.setdefault(f"{broken.expected}", broken)

    def judge(self, name: str) -> None:
        """Raises what breaks a check, all of it at once.

        Raises:
            casavi_contracts.failures.Broken: Something was found.
        """
        found = list(self._found.get(name, {}).values())
        if found:
            first, others = found[0], tuple(found[1:])
            first.others = others
            raise first

    def _operation(self, exchange: Exchange) -> str | None:
        """Returns the operation of an exchange; that of an address which the target has given, by its path."""
        if exchange.operation is not None or exchange.method not in ("GET", "HEAD"):
            return exchange.operation
        path = urlsplit(exchange.path).path
        return next((name for pattern, name in self._paths if pattern.fullmatch(path)), None)

    def _satisfies(self, exchange: Exchange, answer: Answer) -> Iterator[Broken]:
        operation, head = self._operation(exchange), exchange.method == "HEAD"
        what = operation or f"{exchange.method} to no operation"
        if operation is not None:
            found = self.contract.deviations(operation, answer.status, answer.headers, answer.body, head=head)
        elif answer.status >= 400:
            found = self.contract.error_deviations(answer.status, answer.headers, answer.body, head=head)
        else:
            return
        for deviation in found:
            where = deviation.where or "the body"
            yield Broken(
                f"{deviation.expected} at {where} of {what}, status {answer.status}",
                self._redact(_observed(answer, deviation.where)),
                check=CONTRACT,
                evidence=deviation.evidence,
                assumption=deviation.assumption,
                value=deviation.value,
            )

    def _explains(self, exchange: Exchange, answer: Answer) -> Iterator[Broken]:
        """An error body that is whole says the same as its status, its headers and the register of rules."""
        if answer.status < 400 or exchange.method == "HEAD":
            return
        if any(self.contract.error_deviations(answer.status, answer.headers, answer.body)):
            return  # another check tells that it is not whole
        body = self.contract.shapes[spec.ERROR].read(strict_json(answer.body))
        for expected, observed in _contradictions(self.contract, answer, body):
            yield Broken(
                f"{expected} in the error {body.get('rule')!r}",
                observed,
                check=ERRORS,
                evidence="assumed",
                assumption="error-media-type",
            )

    def _has_own_id(self, exchange: Exchange, answer: Answer) -> Iterator[Broken]:
        marks: dict[str, Any] = {"check": OWN_ID, "evidence": "assumed", "assumption": "request-id"}
        if not self.contract.values["request-id"]:
            return
        own = answer.headers.get(_ID, "")
        if not own:
            yield Broken("an X-Request-Id in every answer", f"none in one with status {answer.status}", **marks)
            return
        first = self._ids.setdefault(own, exchange.number)
        if first != exchange.number:
            yield Broken(
                "another X-Request-Id in every answer", f"that of #{first} again in #{exchange.number}", **marks
            )
        if len(self._ids) > REMEMBERED_IDS:
            del self._ids[next(iter(self._ids))]

    def _holds_no_secret(self, exchange: Exchange, answer: Answer) -> Iterator[Broken]:
        text = answer.body.decode(errors="replace")
        if exchange.operation in ("authenticate", "refreshToken") and answer.ok:
            text = _TOKEN_MEMBER.sub("", text, count=1)
        headers = "\n".join(answer.headers.values())
        for place, value in (("body", text), ("headers", headers)):
            if self._redact.found_in(value):
                yield Broken(f"no key, secret or token in the {place} of an answer", "one", check=SECRETS)


_TOKEN_MEMBER = re.compile(r'"token"\s*:\s*"[^"]*"')


def _observed(answer: Answer, where: str) -> str:
    if where == "status":
        return f"status {answer.status}"
    if where == "content-type":
        return answer.headers.get(where, "no content-type")
    try:
        value = strict_json(answer.body)
        for part in where.split("/")[1:]:
            value = value[int(part)] if isinstance(value, list) else value[part]
    except (ValueError, LookupError, TypeError):
        return f"{len(answer.body)} bytes that are none"
    return f"members {sorted(value)}" if isinstance(value, dict) else type(value).__name__


def _contradictions(contract: Contract, answer: Answer, body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields what was expected of an error body, and what stands there, as far as the contract shows it."""
    if spec.hides(body, "rule"):
        return  # nothing says what the rest should be
    rule = contract.rules.get(body["rule"])
    if rule is None:
        yield "a rule of the register", repr(body["rule"])
        return
    for member, expected in {
        "status": answer.status,
        "title": rule.title,
        "evidence": rule.evidence,
        "assumption": rule.assumption,
        "type": f"urn:casavi-mock:rule:{rule.name}",
        "requestId": answer.headers.get(_ID, body.get("requestId")),
    }.items():
        if not spec.hides(body, member) and body.get(member) != expected:
            told = expected if member != "requestId" else "the same as X-Request-Id"
            yield f"{member} {told!r}", repr(body.get(member))
    if answer.status != rule.status:
        yield f"status {rule.status}", f"status {answer.status}"
    if not spec.hides(body, "detail") and not body["detail"]:
        yield "a detail", "an empty one"
    yield from _contradicting_places(body)


def _contradicting_places(body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    places = body.get("errors", [])
    count = body.get("errorCount", len(places))
    if len(places) != min(count, MAX_ERRORS) and not spec.hides(body, "errors"):
        yield f"{min(count, MAX_ERRORS)} of {count} places", f"{len(places)}"
    if body["rule"] == "schema-violation" and not places and not spec.hides(body, "errors"):
        yield "the places that are wrong", "none"
    for place in places:
        for member in ("expected", "got", "message"):
            if not spec.hides(place, member) and not place[member]:
                yield f"the member {member} of a wrong place", "an empty one"


def listen(recorder: Recorder, contract: Contract) -> Watch:
    """Returns the watch over the answers of a version; it begins to listen when it is first asked for."""
    for listener in recorder.listeners:
        if isinstance(listener, Watch) and listener.contract is contract:
            return listener
    watch = Watch(contract, recorder.redact)
    recorder.listeners.append(watch)
    return watch


def _judge(ctx: Context, name: str) -> None:
    watch = listen(ctx.target.recorder, ctx.contract)
    try:
        if ctx.first_tour():
            tour(ctx)
    except Broken:
        watch.judge(name)  # what breaks off the tour may be just that
        raise
    watch.judge(name)


@check(inferred="4", last=True, listens=listen)
def answers_satisfy_the_contract(ctx: Context) -> None:
    """Every answer has a status, a media type and a body that the contract document describes."""
    _judge(ctx, CONTRACT)


@check(assumed="error-media-type", source="4", last=True, listens=listen)
def errors_explain_themselves(ctx: Context) -> None:
    """An error says the same in its status, its body and its headers, and as the register of rules has it."""
    _judge(ctx, ERRORS)


@check(assumed="request-id", source="4", last=True, listens=listen)
def every_answer_has_an_id_of_its_own(ctx: Context) -> None:
    """Every answer carries an id in X-Request-Id that no other answer has."""
    _judge(ctx, OWN_ID)


@check(inferred="2.1", last=True, listens=listen)
def answers_hold_no_secrets(ctx: Context) -> None:
    """No answer holds a key, a secret or a token, apart from the one that gives the token."""
    _judge(ctx, SECRETS)
