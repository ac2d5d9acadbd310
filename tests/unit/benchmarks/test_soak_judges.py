"""Each judge of the soak lets pass what is good, and objects to what is not."""

from collections import Counter
from typing import Any

import pytest

from casavi_soak import judges
from casavi_soak.keeper import Kept, state_problems
from casavi_soak.ledger import SHOWN, STRANGERS, Ledger
from casavi_soak.process import Sample

STATE = {"state": {"file": "a.db", "saved": "now", "trouble": None}}


def ledger(**counts: Any) -> Ledger:
    made = Ledger()
    made.statuses[200] = 10
    made.exchanges.update({"a": 3, STRANGERS: 1})
    made.imports.update({"a": 2})
    made.records.update({"a": 5})
    for name, value in counts.items():
        setattr(made, name, value)
    return made


def job(done: int, total: int, state: str = "completed") -> dict[str, Any]:
    counts = {"contacts": {"created": done - 1, "updated": 0, "unchanged": 0, "refused": 1}}
    return {"id": f"job of {total}", "state": state, "progress": {"total": total}, "counts": counts}


def jobs(*rows: dict[str, Any], dropped: int = 0) -> dict[str, Any]:
    return {"a": {"count": len(rows), "dropped": dropped, "jobs": list(rows)}}


def health(kept: int = 2, dropped: int = 2, slow: int = 0) -> dict[str, Any]:
    timeouts = {"headers": slow, "body": 0, "answer": 0}
    return {"journal": {"kept": kept, "dropped": dropped}, "connections": {"timeouts": timeouts}}


def journals(count: int = 2, dropped: int = 1) -> dict[str, Any]:
    return {"a": {"count": count, "dropped": dropped}}


def samples(*megabytes: float, every: float = 1.0) -> list[Sample]:
    return [Sample(number * every, value) for number, value in enumerate(megabytes)]


GOOD_JOBS = jobs(job(2, 2), job(3, 3, "failed"))


@pytest.mark.parametrize(
    ("verdict", "good"),
    [
        (judges.no_failures(ledger()), True),
        (judges.no_failures(ledger(failures=1)), False),
        (judges.no_failures(Ledger()), False),  # nothing was asked
        (judges.no_500(ledger()), True),
        (judges.no_500(ledger(statuses=Counter({500: 1}))), False),
        (judges.no_traceback("INFO all is well"), True),
        (judges.no_traceback("ERROR\nTraceback (most recent call last):\n"), False),
        (judges.no_leak("task", 5, 5), True),
        (judges.no_leak("task", 5, 6), False),
        (judges.no_leak("file", 5, 7, spare=2), True),
        (judges.no_leak("file", 5, 8, spare=2), False),
        (judges.flat(samples(*[500.0] * 30, *[100.0] * 30, *[105.0] * 40)), True),
        (judges.flat(samples(*[10.0] * 65, *[19.0] * 35)), True),  # a few megabytes are noise
        (judges.flat(samples(*[float(number + 100) for number in range(100)])), False),
        (judges.flat(samples(*[100.0] * 10)), None),
        (judges.flat([*samples(*[100.0] * 90), *(Sample(90.0 + n, 300.0, quiet=False) for n in range(60))]), True),
        (judges.flat([Sample(float(n), 100.0, quiet=False) for n in range(100)]), None),
        (judges.jobs_ended(GOOD_JOBS, 0), True),
        (judges.jobs_ended(GOOD_JOBS, 1), False),
        (judges.jobs_ended(jobs(job(2, 2, "active")), 0), False),
        (judges.exchanges_add_up(ledger(), journals(), health()), True),
        (judges.exchanges_add_up(ledger(), journals(count=3), health()), False),
        (judges.exchanges_add_up(ledger(), journals(), health(dropped=1)), False),
        (judges.exchanges_add_up(Ledger(), {}, health(0, 0)), False),
        (judges.jobs_add_up(ledger(), GOOD_JOBS), True),
        (judges.jobs_add_up(ledger(), jobs(job(3, 3), dropped=1)), True),  # of what was let go nothing is known
        (judges.jobs_add_up(ledger(), jobs(job(5, 5))), False),  # one is missing
        (judges.jobs_add_up(ledger(), jobs(job(1, 2), job(3, 3))), False),  # counts fewer than it has
        (judges.jobs_add_up(ledger(), jobs(job(2, 2), job(2, 2))), False),  # another number than was sent
        (judges.timeouts_add_up(ledger(slow=Counter(body=2)), health(slow=2)), True),
        (judges.timeouts_add_up(ledger(slow=Counter(body=2)), health(slow=1)), False),
        (judges.timeouts_add_up(ledger(slow=Counter(body=2)), health(slow=3)), False),
        (judges.timeouts_add_up(ledger(slow=Counter(body=2), perhaps_slow=1), health(slow=3)), True),
        (judges.ended_in_time(1.9, 0), True),
        (judges.ended_in_time(2.1, 0), False),
        (judges.ended_in_time(0.5, 143), False),
        (judges.ended_in_time(None, None), False),
        (judges.state_whole("state", [], "all"), True),
        (judges.state_whole("state", ["one is missing"], "all"), False),
        (judges.says_what_it_is("a.db", STATE, "took the state of a.db: 1 account"), True),
        (judges.says_what_it_is("a.db", STATE, "began again"), False),
        (judges.says_what_it_is("b.db", STATE, "took the state of b.db"), False),
        (judges.says_what_it_is("a.db", {"state": {"file": "a.db", "trouble": "full"}}, "took the state of it"), False),
        (judges.says_what_it_is("a.db", {}, "took the state of a.db"), False),
    ],
)
def test_verdicts(verdict: judges.Verdict, good: bool | None) -> None:
    assert verdict.good is good, verdict


def contacts(version: int) -> dict[str, Any]:
    """A portfolio with one contact of a version."""
    return {"contacts": [{"id": "C-1", "note": f"v{version}"}]}


@pytest.mark.parametrize(
    ("portfolio", "good"),
    [
        (contacts(2), True),
        (contacts(3), True),  # sent, and perhaps imported before the client knew
        (contacts(1), False),  # an older one than was known
        (contacts(4), False),  # never sent
        ({"contacts": []}, False),
        ({"contacts": [{"id": "C-1"}]}, False),
        ({}, False),
    ],
)
def test_a_state_must_hold_what_was_known(portfolio: dict[str, Any], good: bool) -> None:
    kept = Kept(sent={"C-1": 3}, known={"C-1": 2})
    assert (state_problems(portfolio, kept) == []) is good


def test_of_many_failures_the_first_are_shown() -> None:
    made = Ledger()
    for number in range(SHOWN + 5):
        made.wrong(f"number {number}")
    assert (made.failures, len(made.shown), made.shown[0]) == (SHOWN + 5, SHOWN, "number 0")
