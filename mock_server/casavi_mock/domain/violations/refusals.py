"""Checks of what a client makes of refusals: of records, of log-ins, and of calls that came too soon."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from casavi_mock.domain.journal import Exchange
from casavi_mock.domain.violations.observed import (
    IMPORT,
    JOB,
    Finding,
    Observed,
    Record,
    accepted,
    found,
    gap,
    records,
    times,
)

_UNAUTHORIZED = ("token-missing", "token-unknown")
_WRONG_LOG_IN = "credentials-wrong"
_ASKS_TO_WAIT = (429, 503)
_INSIDE = frozenset({"addresses", "units", "documents"})
_HOLD_RECORDS = _INSIDE | {"contacts", "properties"}


def ignored_failures(observed: Observed) -> Iterator[Finding]:
    """What was stored by an earlier import may be referred to, even if a later version of it was refused."""
    sent: dict[str, Exchange] = {}
    known: dict[Record, int] = {}
    stored: set[Record] = set()
    for exchange in observed.exchanges:
        if exchange.operation == JOB and exchange.succeeded and not exchange.perhaps_lost:
            for record in exchange.refused:
                if record[1] is not None and record not in stored:
                    known.setdefault(record, exchange.number)
            origin = sent.get(exchange.job_id or "")
            if origin is not None and exchange.job_final:
                stored.update(set(origin.provides) - set(exchange.refused))
        elif exchange.operation == IMPORT and exchange.succeeded:
            sent[exchange.job_id or ""] = exchange
            for record in exchange.provides:
                known.pop(record, None)
            bad = list(dict.fromkeys(record for record in exchange.refers if record in known))
            if bad:
                numbers = (*sorted({known[record] for record in bad}), exchange.number)
                yield Finding(numbers, f"Refused as the job told, yet referred to: {records(bad)}.")
    yield from _sent_again_unchanged(observed)


def _sent_again_unchanged(observed: Observed) -> Iterator[Finding]:
    """A record may be sent again as it was if its reason has gone, such as a reference that was missing.

    So it counts only if it is refused again; and only where both bodies are short enough to be kept.
    """
    sent: dict[str, Exchange] = {}
    refused: dict[Record, tuple[Exchange, int]] = {}
    before: dict[str, dict[Record, tuple[Exchange, int]]] = {}
    for exchange in observed.exchanges:
        job = exchange.job_id or ""
        if exchange.operation == IMPORT and exchange.succeeded:
            sent[job] = exchange
            before[job] = {record: refused[record] for record in exchange.provides if record in refused}
        elif exchange.operation == JOB and exchange.succeeded and not exchange.perhaps_lost and job in sent:
            again = {record: before[job].pop(record) for record in exchange.refused if record in before[job]}
            bad = [record for record, (origin, _) in again.items() if _same(record, origin, sent[job])]
            if bad:
                numbers = {sent[job].number, exchange.number, *(again[record][1] for record in bad)}
                detail = f"Refused as the job told, sent again unchanged and refused again: {records(bad)}."
                yield Finding(tuple(sorted(numbers)), detail)
            for record in exchange.refused:
                if record[1] is not None:
                    refused[record] = sent[job], exchange.number


def _same(record: Record, one: Exchange, other: Exchange) -> bool:
    """Whether two imports have the same of a record, apart from the records inside of it."""
    was, now = (_found_in(_body(exchange), record) for exchange in (one, other))
    return was is not None and was == now


def _body(exchange: Exchange) -> Any:
    if len(exchange.request_body) != exchange.request_bytes:
        return None  # its beginning is all that is kept
    try:
        return json.loads(exchange.request_body)
    except ValueError:
        return None


def _found_in(body: Any, record: Record) -> dict[str, Any] | None:
    """Returns a record of a portfolio without those inside of it, None if it is not there."""
    places = [("", body)]
    while places:
        entity, value = places.pop()
        if isinstance(value, list):
            places += [(entity, member) for member in value]
        elif isinstance(value, dict):
            if (entity, value.get("id")) == record:
                return {name: member for name, member in value.items() if name not in _INSIDE}
            places += [(name, member) for name, member in value.items() if name in _HOLD_RECORDS]
    return None


def wrong_order(observed: Observed) -> Iterator[Finding]:
    """What was missing, as a job told, and is sent by a later import, should have come first."""
    sent = {exchange.job_id or "": exchange for exchange in accepted(observed.exchanges)}
    provided = [(exchange, frozenset(exchange.provides)) for exchange in sent.values()]
    told: dict[str, dict[Record, int]] = defaultdict(dict)
    for exchange in observed.exchanges:
        job = exchange.job_id or ""
        if job in sent and exchange.operation == JOB and not exchange.perhaps_lost:
            for record in exchange.missing:
                told[job].setdefault(record, exchange.number)
    for job, missing in told.items():
        origin = sent[job]
        for later, given in provided:
            came = [record for record in missing if record in given] if later.number > origin.number else []
            if came:
                # Taken out, as what is sent once more after that is in order.
                numbers = tuple(sorted({origin.number, later.number, *(missing.pop(record) for record in came)}))
                yield Finding(numbers, f"Referred to first and sent later: {records(came)}.")


def never_authorized(observed: Observed) -> Iterator[Finding]:
    """A refusal is no harm if the same operation succeeds later; of a wrong log-in, if anything at all succeeds.

    A token in the wrong place has a rule of its own, and one that was good once was taken away by the test.
    """
    last_success: dict[str, int] = {}
    groups: dict[tuple[str, str], list[Exchange]] = defaultdict(list)
    good: set[str] = set()
    anything = False
    for exchange in observed.exchanges:
        if exchange.injected is not None:
            continue
        if exchange.succeeded and exchange.operation is not None:
            last_success[exchange.operation] = exchange.number
            anything = True
            if exchange.token is not None:
                good.add(exchange.token)
        elif exchange.rule in _UNAUTHORIZED or exchange.rule == _WRONG_LOG_IN:
            in_place = exchange.token_form is None and not exchange.token_in_url
            if in_place and exchange.token not in good:
                groups[exchange.operation or "", exchange.rule or ""].append(exchange)
    for (operation, rule), members in groups.items():
        left = [one for one in members if one.number > last_success.get(operation, 0)]
        if left and not (rule == _WRONG_LOG_IN and anything):
            yield found(left, f"{operation} was refused by {rule} {times(len(left), 'time')}, and never got through.")


def ignored_waits(observed: Observed) -> Iterator[Finding]:
    """Both clocks must agree that it was too soon. What was under way when the answer came could not know of it."""
    told: dict[str, Exchange] = {}
    for exchange in observed.exchanges:
        what = exchange.operation or f"{exchange.method} {exchange.path}"
        asked = told.get(what)
        if asked is not None and not _was_under_way(exchange, asked):
            del told[what]
            wanted, waited = _wait_of(asked), gap(asked, exchange)
            if wanted is not None and waited < wanted:
                yield Finding(
                    (asked.number, exchange.number),
                    f"{what} was called again {waited.total_seconds():.3f} s after an answer {asked.status} that asked "
                    f"for {wanted.total_seconds():g} s.",
                )
        if exchange.status in _ASKS_TO_WAIT and not exchange.perhaps_lost and _wait_of(exchange) is not None:
            told[what] = exchange


def _was_under_way(exchange: Exchange, asked: Exchange) -> bool:
    if exchange.server_at is None or asked.server_at is None:
        return False
    return exchange.server_at - timedelta(milliseconds=exchange.duration_ms) < asked.server_at


def _wait_of(exchange: Exchange) -> timedelta | None:
    """Returns how long an answer asks to wait, None if it does not: in seconds, or until a date of the account's clock.

    A date has no parts of a second, so a client that rounds is a second early.
    """
    text = next((value for name, value in exchange.response_headers if name.lower() == b"retry-after"), b"")
    said = text.decode("latin-1").strip()
    if said.isdecimal() and len(said) < 10:
        return timedelta(seconds=int(said))
    try:
        until: datetime = parsedate_to_datetime(said)
    except ValueError:
        return None
    if until.tzinfo is None:
        return None
    return max(until - exchange.at - timedelta(seconds=1), timedelta())
