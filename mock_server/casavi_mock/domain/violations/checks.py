"""One check for each rule about clients: a function from what was observed of a client to the places where it broke it.

Two things are never counted against a client: an answer that a fault may have kept from it, and what the test brought
about itself by a command to the mock.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from casavi_mock.domain.journal import Exchange
from casavi_mock.domain.violations.observed import (
    AUTHENTICATE,
    IMPORT,
    JOB,
    REFRESH,
    Finding,
    Observed,
    accepted,
    found,
    gap,
    listed,
    times,
)
from casavi_mock.domain.violations.refusals import ignored_failures, ignored_waits, never_authorized, wrong_order
from casavi_mock.domain.violations.steering import Command

LOG_INS_IN_A_ROW = 3
"""Log-ins for one call each, one after another, that make a habit."""

_BREAKS_CONTRACT = frozenset({400, 405, 413, 415})
"""Statuses of refusals that say that the request was wrong as such."""


def _contract_violations(observed: Observed) -> Iterator[Finding]:
    groups: dict[tuple[str, str, tuple[str, ...]], list[Exchange]] = defaultdict(list)
    for exchange in observed.exchanges:
        name = exchange.rule
        if name is None or (exchange.injected is not None and exchange.effect in (None, "status")):
            continue
        if exchange.status in _BREAKS_CONTRACT or name == "operation-unknown":
            # Of what is not an operation each address is another mistake.
            what = exchange.operation or f"{exchange.method} {exchange.path}"
            groups[what, name, exchange.pointers].append(exchange)
    for (what, broken, pointers), members in groups.items():
        places = f" at {listed(pointer or 'the body' for pointer in pointers)}" if pointers else ""
        why = (members[0].detail or "no reason is known").rstrip(".")
        for place in (*pointers[:1], "The body"):  # it was named already
            why = why.removeprefix(f"{place}: ") if places else why
        yield found(members, f"{what} was refused by {broken}{places}: {why}.")


def _tokens_not_raw(observed: Observed) -> Iterator[Finding]:
    for form, where in (("bearer", "with `Bearer` before it"), ("authorization", "in the header `Authorization`")):
        members = [exchange for exchange in observed.exchanges if exchange.token_form == form]
        if members:
            yield found(members, f"The token came {where} in {times(len(members), 'request')}.")


def _tokens_in_addresses(observed: Observed) -> Iterator[Finding]:
    members = [exchange for exchange in observed.exchanges if exchange.token_in_url]
    if members:
        first = members[0]
        address = f"{first.path}?{first.query}" if first.query else first.path
        yield found(
            members, f"{times(len(members), 'address', 'addresses')} held one, the first was {first.method} {address}."
        )


def _unknown_fields(observed: Observed) -> Iterator[Finding]:
    groups: dict[tuple[str, ...], list[Exchange]] = defaultdict(list)
    for exchange in observed.exchanges:
        if exchange.unknown_fields:
            groups[exchange.unknown_fields].append(exchange)
    for pointers, members in groups.items():
        yield found(members, f"Unknown: {listed(pointer or 'further fields' for pointer in pointers)}.")


def _deprecated(observed: Observed) -> Iterator[Finding]:
    noted = [(one, note) for one in observed.exchanges for note in one.notes if note.startswith("deprecated")]
    for text in dict.fromkeys(note for _, note in noted):
        yield found([exchange for exchange, note in noted if note == text], f"{text[:1].upper()}{text[1:]}.")


def _log_ins(observed: Observed) -> Iterator[Finding]:
    """A log-in counts if exactly one call follows it before the next, and that one did not need a new token."""
    log_in: Exchange | None = None
    calls: list[Exchange] = []
    row: list[Exchange] = []
    rows: list[list[Exchange]] = []
    for exchange in (*observed.exchanges, None):
        if exchange is not None and exchange.operation != AUTHENTICATE:
            calls.append(exchange)
        elif exchange is None or exchange.succeeded:
            if log_in is not None and len(calls) == 1 and not _needs_log_in(log_in, calls[0], exchange):
                row += [log_in, calls[0]]
            elif row:
                rows.append(row)
                row = []
            log_in, calls = exchange, []
    rows.append(row)
    for members in rows:
        if len(members) >= 2 * LOG_INS_IN_A_ROW:
            yield found(members, f"{len(members) // 2} log-ins in a row served one call each.")


def _needs_log_in(log_in: Exchange, call: Exchange, following: Exchange | None) -> bool:
    """Whether a client had a reason to log in again: its token was refused, or is at its end."""
    if (call.rule or "").startswith("token-"):
        return True
    return following is not None and log_in.token_until is not None and following.at >= log_in.token_until


def _late_refreshes(observed: Observed) -> Iterator[Finding]:
    """A token that ended earlier than the client was told, by a command or a fault, is not held against it.

    Nor is one that ended because the test moved the clock, if the client logged in again: a test moves it by weeks,
    while the client sees no time pass.
    """
    told: dict[str, Exchange] = {}
    groups: dict[str, list[Exchange]] = defaultdict(list)
    last_log_in = 0
    for exchange in observed.exchanges:
        if exchange.operation == AUTHENTICATE and exchange.succeeded:
            last_log_in = exchange.number
        if exchange.token is None:
            continue
        if exchange.token_until is not None:
            told[exchange.token] = exchange
        until = told[exchange.token].token_until if exchange.token in told else None
        if exchange.rule == "token-expired" and until is not None and exchange.at >= until:
            groups[exchange.token].append(exchange)
    for token, members in groups.items():
        by_the_test = observed.steering.between(Command.CLOCK, told[token].number, members[0].number)
        if by_the_test and last_log_in > members[-1].number:
            continue
        too_late = any(exchange.operation == REFRESH for exchange in members)
        how = "the refresh came too late" if too_late else "it was never refreshed"
        until = told[token].token_until
        assert until is not None, "so it was told"
        detail = f"The token lived until {until.isoformat()}, {how}: {times(len(members), 'request')} failed."
        yield found(members, detail)


def _fast_polls(observed: Observed) -> Iterator[Finding]:
    """Both clocks must agree that it was too fast: one may stand still, the other knows nothing of time set forward.

    A poll after a command of the test to jobs may be fast: the test may have told the client that something happened.
    """
    wait = timedelta(seconds=observed.criteria.poll_seconds)
    before: dict[str, Exchange] = {}
    groups: dict[str, list[Exchange]] = defaultdict(list)
    shortest: dict[str, timedelta] = {}
    for poll in observed.exchanges:
        if poll.operation != JOB or poll.job_id is None or not poll.succeeded:
            continue
        last = before.get(poll.job_id)
        before[poll.job_id] = poll
        if last is None or last.job_final or last.perhaps_lost:
            continue
        between = gap(last, poll)
        if between < wait and not observed.steering.between(Command.JOBS, last.number, poll.number):
            groups[poll.job_id].append(poll)
            shortest[poll.job_id] = min(between, shortest.get(poll.job_id, between))
    for job, members in groups.items():
        how = f"{times(len(members), 'time')} within {wait.total_seconds():g} s of the last look"
        pause = f"the shortest pause was {shortest[job].total_seconds():.3f} s"
        yield found(members, f"Job {job} was polled {how}; {pause}.")


def _unread_jobs(observed: Observed) -> Iterator[Finding]:
    """A job that the test read or decided itself counts as read; one that is gone cannot be read.

    One that has no end yet cannot be read to its end: looking at it once is enough.
    """
    polls: dict[str, Exchange] = {}
    ended: set[str] = set()
    for poll in observed.exchanges:
        if poll.operation == JOB and poll.job_id is not None and poll.succeeded:
            polls[poll.job_id] = poll
            if poll.job_final:
                ended.add(poll.job_id)
    for exchange in accepted(observed.exchanges):
        job = exchange.job_id or ""
        if job in ended or exchange.perhaps_lost or observed.steering.has_read(job):
            continue
        job_ended, poll_seen = observed.job_ended(job), polls.get(job)
        if job_ended is None:
            continue
        if poll_seen is None:
            yield Finding((exchange.number,), f"Job {job} was never looked at.")
        elif job_ended and exchange.effect != "job-stalls":
            numbers = (exchange.number, poll_seen.number)
            yield Finding(numbers, f"Job {job} was {poll_seen.job_status!r} when it was looked at last.")


def _repeated_imports(observed: Observed) -> Iterator[Finding]:
    """A look at any job in between counts as having looked what became of the first."""
    unsure: dict[str, list[Exchange]] = {}
    for exchange in observed.exchanges:
        if exchange.operation == JOB:
            yield from _repetitions(unsure)
            unsure.clear()
        if exchange.operation != IMPORT or exchange.fingerprint is None:
            continue
        if exchange.fingerprint in unsure:
            unsure[exchange.fingerprint].append(exchange)
        elif exchange.perhaps_lost or exchange.status >= 500:
            unsure[exchange.fingerprint] = [exchange]
    yield from _repetitions(unsure)


def _repetitions(unsure: Mapping[str, list[Exchange]]) -> Iterator[Finding]:
    for members in unsure.values():
        if len(members) > 1:
            yield found(members, f"The same import was sent {times(len(members), 'time')}; the first answer was lost.")


CHECKS: Mapping[str, Callable[[Observed], Iterator[Finding]]] = {
    "request-violates-contract": _contract_violations,
    "token-with-bearer": _tokens_not_raw,
    "token-in-url": _tokens_in_addresses,
    "never-authorized": never_authorized,
    "partial-failure-ignored": ignored_failures,
    "children-before-parents": wrong_order,
    "unknown-fields-sent": _unknown_fields,
    "deprecated-parameters": _deprecated,
    "log-in-before-every-call": _log_ins,
    "refresh-never-or-too-late": _late_refreshes,
    "polls-too-fast": _fast_polls,
    "retry-after-ignored": ignored_waits,
    "job-never-read-to-its-end": _unread_jobs,
    "same-import-sent-again-after-lost-response": _repeated_imports,
}
"""Finds the breaches of each rule."""
