from datetime import timedelta
from typing import Any

import pytest

from casavi_fixtures import contact, master_data, responsibility
from casavi_mock.accounts import Account, Limits
from casavi_mock.domain.jobs import Progress
from casavi_mock.domain.model import Secret
from casavi_mock.domain.ordering import plan
from casavi_mock.errors import Refused
from casavi_mock.handlers.imports import accept
from casavi_mock.handlers.jobs import RECORDS_BEFORE_ANSWER, look_up
from tests.support.accounts import IMMEDIATE, MANUAL, reference_evidence, registry
from tests.support.time import FakeTime

TIMED = Progress(progress="time", job_seconds=10)


def open_account(profile: dict[str, Any] | None = None, time: FakeTime | None = None, **others: Any) -> Account:
    return registry(profile, time, **others).create("key", Secret("secret"))


def send(account: Account, body: dict[str, Any] | None = None) -> str:
    return accept(account, plan(body or {"contacts": [contact()]}, account.settings.shape)).id


def statuses(account: Account, job_id: str, looks: int) -> list[str]:
    return [look_up(account, job_id)["status"] for _ in range(looks)]


def test_job_is_shown_whole() -> None:
    """A job shows state, times, progress, counts, errors and warnings."""
    time = FakeTime()
    account = open_account(time=time, progress=TIMED)
    body = {**master_data(contacts=[{**contact(), "hobby": 1}], responsibilities=[responsibility()])}
    job_id = send(account, body)
    time.advance(seconds=10.5)
    zeros = {"created": 0, "updated": 0, "unchanged": 0, "refused": 0}
    assert look_up(account, job_id) == {
        "id": job_id,
        "status": "completed",
        "createdAt": "2026-01-05T08:00:00.000Z",
        "startedAt": "2026-01-05T08:00:00.000Z",
        "finishedAt": "2026-01-05T08:00:10.000Z",
        "progress": {"processed": 2, "total": 2},
        "counts": {
            "contacts": {**zeros, "created": 1},
            "properties": zeros,
            "units": zeros,
            "responsibilities": {**zeros, "refused": 1},
            "documents": zeros,
        },
        "errors": [
            {
                "entity": "responsibilities",
                "id": None,
                "pointer": "/responsibilities/0/propertyId",
                "rule": "missing-reference",
                "evidence": reference_evidence("Responsibility", "propertyId"),
                "message": "propertyId names properties 'P-1', which is neither stored nor in this request",
                "missing": {"entity": "properties", "id": "P-1"},
            }
        ],
        "warnings": [
            {
                "pointer": "/contacts/0/hobby",
                "rule": "unknown-field",
                "message": "Contact has no field 'hobby'; it was left out",
                "count": 1,
            }
        ],
    }


def test_moments_that_have_not_come_are_null() -> None:
    """A waiting job has neither started nor finished; an error may have nothing that is missing."""
    account = open_account(progress=MANUAL)
    job_id = send(account, {"contacts": [contact(), contact()]})
    seen = look_up(account, job_id)
    assert (seen["startedAt"], seen["finishedAt"], seen["progress"]) == (None, None, {"processed": 0, "total": 2})
    for _ in range(2):
        account.queue.turn(account.clock.now())
        seen = look_up(account, job_id)
    assert (seen["status"], [error["missing"] for error in seen["errors"]]) == ("failed", [None, None])


def test_states_have_the_names_of_the_profile() -> None:
    """What the four states are called is an assumption."""
    time = FakeTime()
    names = ["PENDING", "RUNNING", "DONE", "ERROR"]
    account = open_account({"job-status-names": names}, time, progress=MANUAL)
    good, bad = send(account), send(account, master_data(responsibilities=[responsibility()]))
    seen = statuses(account, good, 1)
    for job_id in (good, good, bad, bad):
        account.queue.turn(account.clock.now())
        seen += statuses(account, job_id, 1)
    assert seen == ["PENDING", "RUNNING", "DONE", "RUNNING", "ERROR"]


def test_looking_does_what_is_due() -> None:
    """Who asks sees what should have happened by now, even if no worker ran."""
    time = FakeTime()
    account = open_account(time=time, progress=TIMED)
    job_id = send(account)
    seen = statuses(account, job_id, 2)
    time.advance(seconds=10)
    assert [*seen, *statuses(account, job_id, 1)] == ["active", "active", "completed"]


def test_looking_never_takes_long() -> None:
    """A look does so many records at most; the rest is done by the worker or the next look."""
    account = open_account(progress=Progress(progress="time", job_seconds=0))
    job_id = send(account, {"contacts": [contact(id=f"C-{n}") for n in range(RECORDS_BEFORE_ANSWER + 1)]})
    assert look_up(account, job_id)["progress"]["processed"] == RECORDS_BEFORE_ANSWER
    assert look_up(account, job_id)["status"] == "completed"


@pytest.mark.parametrize(
    ("polls", "seen"),
    [
        (1, ["waiting", "active", "completed", "completed"]),
        (2, ["waiting", "waiting", "active", "active", "completed"]),
        (0, ["waiting"] * 5),
    ],
)
def test_polls_move_a_manual_job(polls: int, seen: list[str]) -> None:
    """In mode `manual`, so many looks lead to the next state; the look itself still shows the former one."""
    account = open_account(progress=Progress(progress="manual", polls=polls))
    assert statuses(account, send(account), len(seen)) == seen


def test_polls_of_an_ended_job_do_not_count() -> None:
    """Looking at a job that has ended does not move the next one."""
    account = open_account(progress=Progress(progress="manual", polls=1))
    first, second = send(account), send(account)
    statuses(account, first, 10)
    assert statuses(account, second, 1) == ["waiting"]


def test_polls_in_other_modes_change_nothing() -> None:
    """Outside of mode `manual`, a job can be read any number of times without effect."""
    account = open_account(progress=TIMED)
    assert statuses(account, send(account), 50) == ["active"] * 50


def test_worker_is_woken_by_polls() -> None:
    """A poll may have ended a job, so whoever does the work is told."""
    accounts = registry(progress=Progress(progress="manual", polls=1))
    account = accounts.create("key", Secret("secret"))
    job_id = send(account)
    calls = []
    accounts.wake = lambda: calls.append(1)
    statuses(account, job_id, 3)
    assert len(calls) == 2


@pytest.mark.parametrize("days", [30, 1])
def test_job_is_forgotten_after_its_retention(days: float) -> None:
    """An ended job can be read for so many days, the last moment included."""
    time = FakeTime()
    account = open_account({"job-retention-days": days}, time, progress=IMMEDIATE)
    job_id = send(account)
    time.advance(days=days)
    assert look_up(account, job_id)["status"] == "completed"
    time.advance(microseconds=1)
    with pytest.raises(Refused) as refused:
        look_up(account, job_id)
    assert refused.value.rule == "job-unknown"


def test_forgotten_job_looks_like_one_that_never_was() -> None:
    """Beyond the bound of jobs the oldest is gone, and nothing tells that it was there."""
    account = open_account(limits=Limits(max_jobs=1))
    gone = send(account)
    send(account)
    seen = []
    for job_id in (gone, "never was", "", "../jobs"):
        with pytest.raises(Refused) as refused:
            look_up(account, job_id)
        seen.append(refused.value)
    assert seen == [Refused("job-unknown", "This account has no job with the id that was asked for.")] * 4


def test_frozen_account_waits_for_its_clock() -> None:
    """While time stands still nothing is due, and nobody needs to come back for it."""
    time = FakeTime()
    account = open_account(time=time, progress=TIMED)
    account.clock.freeze()
    job_id = send(account)
    assert account.next_due_seconds() == 0
    time.advance(days=1)
    assert statuses(account, job_id, 2) == ["active", "active"]
    assert account.next_due_seconds() is None
    account.clock.advance(timedelta(seconds=10))
    assert account.next_due_seconds() == 0
    assert statuses(account, job_id, 1) == ["completed"]
    assert account.next_due_seconds() is None


def test_next_work_is_due_in_seconds() -> None:
    """Whoever does the work learns how long it may sleep."""
    account = open_account(progress=TIMED)
    send(account)
    account.run_due(1)
    assert account.next_due_seconds() == 10
