"""What must be true afterwards. Each judge looks at what was found, and says what it thinks of it."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from casavi_soak.ledger import Ledger
from casavi_soak.process import Sample

STOP_SECONDS = 2.0
"""How long a server may take to end."""

WARM_UP = 0.3
"""Part of the load after which memory is looked at."""

MIN_SAMPLES = 40
"""Samples that a judgement of memory needs."""

GROWTH = 1.10
GROWTH_MB = 10.0
"""Memory is flat if the second half took at most so many times, or so many MB more, than the first one."""

SPARE_FILES = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one judge thinks."""

    what: str
    good: bool | None
    """None if it could not be judged."""
    found: str


def no_failures(ledger: Ledger) -> Verdict:
    """Every answer was one that had to be expected."""
    found = f"{ledger.requests:,} requests, {ledger.failures} surprises"
    return Verdict("every answer was as expected", ledger.failures == 0 and ledger.requests > 0, found)


def no_500(ledger: Ledger) -> Verdict:
    """Nothing was answered with 500."""
    return Verdict("no answer was a 500", ledger.statuses[500] == 0, f"{ledger.statuses[500]}")


def no_traceback(log: str) -> Verdict:
    """The server wrote no traceback."""
    number = log.count("Traceback (most recent call last)")
    return Verdict("no traceback in the log", number == 0, f"{number}")


def no_leak(what: str, before: int, after: int, spare: int = 0) -> Verdict:
    """As many of something as before.

    Args:
        what: Of what.
        before: How many before the load.
        after: How many when the load was over.
        spare: How many more may be there.
    """
    return Verdict(f"no {what} left over", after <= before + spare, f"{before} before, {after} after")


def flat(samples: Sequence[Sample]) -> Verdict:
    """The memory of the second half is that of the first, both after the warm-up and between bodies of 100 MB."""
    what = f"memory flat (second half at most {GROWTH:g} × or {GROWTH_MB:g} MB above the first)"
    warm = [each.resident_mb for each in samples if each.quiet and each.seconds >= samples[-1].seconds * WARM_UP]
    if len(warm) < MIN_SAMPLES:
        return Verdict(what, None, f"the load was too short: {len(warm)} samples, not {MIN_SAMPLES}")
    half = len(warm) // 2
    first, second = statistics.median(warm[:half]), statistics.median(warm[half:])
    good = second <= max(first * GROWTH, first + GROWTH_MB)
    most = max(sample.resident_mb for sample in samples)
    return Verdict(what, good, f"{first:.0f} MB, then {second:.0f} MB; {most:.0f} MB with what is huge")


def jobs_ended(jobs: Mapping[str, Mapping[str, Any]], unfinished: int) -> Verdict:
    """Every job that is kept has ended, and the server knows of no other."""
    rows = [row for told in jobs.values() for row in told["jobs"]]
    open_ = [row["id"] for row in rows if row["state"] not in ("completed", "failed")]
    good = not open_ and unfinished == 0
    return Verdict("every accepted job ended", good, f"{len(rows):,} jobs looked at, {unfinished} unfinished")


def exchanges_add_up(ledger: Ledger, journals: Mapping[str, Mapping[str, Any]], health: Mapping[str, Any]) -> Verdict:
    """Kept and dropped exchanges are the requests that were sent: of each account, and over all."""
    held = {owner: told["count"] + told["dropped"] for owner, told in journals.items()}
    wrong = {owner: (held[owner], ledger.exchanges[owner]) for owner in held if held[owner] != ledger.exchanges[owner]}
    journal = health["journal"]
    total, sent = journal["kept"] + journal["dropped"], sum(ledger.exchanges.values())
    found = f"{total:,} of {sent:,} sent" + (f"; held and sent: {wrong}" if wrong else "")
    return Verdict("journal kept + dropped = requests sent", not wrong and total == sent and sent > 0, found)


def jobs_add_up(ledger: Ledger, jobs: Mapping[str, Mapping[str, Any]]) -> Verdict:
    """Kept and dropped jobs are the imports that were accepted; none counts more or fewer records than it has."""
    held = {owner: told["count"] + told["dropped"] for owner, told in jobs.items()}
    wrong = {owner: (held[owner], ledger.imports[owner]) for owner in held if held[owner] != ledger.imports[owner]}
    odd = [row["id"] for told in jobs.values() for row in told["jobs"] if _counted(row) != row["progress"]["total"]]
    short = [
        owner
        for owner, told in jobs.items()
        if not told["dropped"] and sum(map(_counted, told["jobs"])) != ledger.records[owner]
    ]
    total, sent = sum(held.values()), sum(ledger.imports.values())
    found = f"{total:,} of {sent:,} imports"
    for label, objection in (("held and sent", wrong), ("counts that do not fit", odd), ("records", short)):
        found += f"; {label}: {objection}" if objection else ""
    return Verdict("job counts = records sent", not (wrong or odd or short) and total == sent, found)


def _counted(row: Mapping[str, Any]) -> int:
    return sum(number for outcomes in row["counts"].values() for number in outcomes.values())


def timeouts_add_up(ledger: Ledger, health: Mapping[str, Any]) -> Verdict:
    """The server counted those whom it did not wait for."""
    told = health["connections"]["timeouts"]
    counted, sent = told["headers"] + told["body"], sum(ledger.slow.values())
    good = sent <= counted <= sent + ledger.perhaps_slow
    return Verdict(
        "slow clients are counted", good, f"{counted} counted, {sent} to {sent + ledger.perhaps_slow} were slow"
    )


def ended_in_time(seconds: float | None, exit_code: int | None) -> Verdict:
    """SIGTERM ended the server in time, and well."""
    what = f"SIGTERM under load ends within {STOP_SECONDS:g} s with 0"
    if seconds is None:
        return Verdict(what, False, "it did not end")
    return Verdict(what, seconds <= STOP_SECONDS and exit_code == 0, f"{seconds:.2f} s, exit code {exit_code}")


def state_whole(what: str, problems: Sequence[str], found: str) -> Verdict:
    """The state holds what it has to."""
    return Verdict(what, not problems, "; ".join(problems[:3]) if problems else found)


def says_what_it_is(file: str, health: Mapping[str, Any], log: str) -> Verdict:
    """A server that took a state says so: in its log and in its health."""
    state = health.get("state", {})
    told = "took the state of " in log
    good = state.get("file") == file and state.get("trouble") is None and told
    return Verdict("a restarted server says what state it has", good, f"{file}; health: {state}")
