from typing import Any

import pytest

from casavi_fixtures import contact, responsibility
from casavi_mock.accounts import Account
from casavi_mock.domain.jobs import Job, Progress
from casavi_mock.domain.model import JobState, Outcome, RecordError, Secret
from casavi_mock.domain.ordering import plan
from casavi_mock.errors import Refused
from casavi_mock.handlers.imports import EAGER_BYTES, EAGER_RECORDS, accept
from tests.support.accounts import IMMEDIATE, MANUAL, registry
from tests.support.time import FakeTime


def open_account(
    profile: dict[str, Any] | None = None, progress: Progress = IMMEDIATE, time: FakeTime | None = None
) -> Account:
    return registry(profile, time, progress=progress).create("key", Secret("secret"))


def send(account: Account, records: int = 1) -> Job:
    return accept(account, plan({"contacts": [contact(id=f"C-{n}") for n in range(records)]}, account.settings.shape))


def test_immediate_import_is_done_before_the_answer() -> None:
    """In mode `immediate` a client that asks at once finds the job ended."""
    account = open_account()
    job = send(account, 3)
    assert (job.state, account.store.count("contacts")) == (JobState.COMPLETED, 3)


def test_large_import_does_not_hold_up_its_answer() -> None:
    """An import of more records is left to the worker."""
    account = open_account()
    assert send(account, EAGER_RECORDS).ended
    job = send(account, EAGER_RECORDS + 1)
    assert (job.state, job.processed) == (JobState.WAITING, 0)
    assert account.next_due_seconds() == 0
    assert not account.run_due(EAGER_RECORDS + 2)
    assert job.ended


def test_long_import_does_not_hold_up_its_answer() -> None:
    """Few records can be long, too, such as documents with their content."""
    account = open_account()
    long = plan({"contacts": [contact()]}, account.settings.shape)
    assert accept(account, long, size=EAGER_BYTES).ended
    assert not accept(account, long, size=EAGER_BYTES + 1).ended


@pytest.mark.parametrize("progress", [MANUAL, Progress(progress="time", job_seconds=1)], ids=["manual", "time"])
def test_other_imports_wait(progress: Progress) -> None:
    """In the other modes nothing is done before the answer."""
    job = send(open_account(progress=progress))
    assert (job.state, job.processed) == (JobState.WAITING, 0)


def test_worker_is_woken() -> None:
    """Whoever does the work is told that there is some, and which account has it."""
    accounts = registry(progress=Progress(progress="time"))
    account = accounts.create("key", Secret("secret"))
    accounts.create("idle", Secret("secret"))
    calls = []
    accounts.wake = lambda: calls.append(accounts.busy())
    send(account)
    assert calls == [(account,)]


def test_ended_jobs_are_told_with_their_account() -> None:
    """Who follows the ends of jobs learns whose they are."""
    accounts = registry()
    account = accounts.create("key", Secret("secret"))
    ends: list[tuple[Account, Job]] = []
    accounts.on_end = lambda where, job: ends.append((where, job))
    job = send(account)
    assert ends == [(account, job)]
    assert accounts.busy() == ()


@pytest.mark.parametrize("limit", [1, 3])
def test_full_queue_refuses_and_says_when_to_come_again(limit: int) -> None:
    """An account may have so many unfinished jobs; the refusal names the number and a time to wait."""
    account = open_account({"queue-limit": limit}, MANUAL)
    for _ in range(limit):
        send(account)
    with pytest.raises(Refused) as refused:
        send(account)
    assert (refused.value.rule, refused.value.headers) == ("queue-full", {"Retry-After": "1"})
    assert f"This account has {limit} unfinished jobs" in refused.value.detail
    assert account.queue.unfinished == limit


def test_full_queue_of_one_account_is_not_that_of_another() -> None:
    """Every account has its own queue."""
    accounts = registry({"queue-limit": 1}, progress=MANUAL)
    send(accounts.create("a", Secret("secret")))
    send(accounts.create("b", Secret("secret")))


def test_what_is_due_makes_room_even_if_nobody_looked() -> None:
    """A job whose time is over fills no queue, however busy the worker is elsewhere."""
    time = FakeTime()
    account = open_account({"queue-limit": 1}, Progress(progress="time", job_seconds=5), time)
    first = send(account)
    time.advance(seconds=4)
    with pytest.raises(Refused):
        send(account)
    time.advance(seconds=1)
    second = send(account)
    assert (first.state, second.state) == (JobState.COMPLETED, JobState.WAITING)


def test_records_can_be_loaded_without_a_job() -> None:
    """What an account holds from the start comes in by the same rules, and leaves no job behind."""
    account = open_account(progress=MANUAL)
    body = {"contacts": [contact()], "responsibilities": [responsibility()]}
    (entity, first), (_, second) = account.load(plan(body, account.settings.shape))
    assert (entity, first) == ("contacts", Outcome.CREATED)
    assert isinstance(second, RecordError)
    assert second.rule == "missing-reference"
    assert (account.store.count("contacts"), len(account.queue)) == (1, 0)


def test_accounts_can_be_counted_and_gone_through() -> None:
    """A registry holds its accounts in the order in which they were opened, and may change meanwhile."""
    accounts = registry()
    for key in ("b", "a"):
        accounts.create(key, Secret("secret"))
    for account in accounts:
        accounts.delete(account.key)
    assert len(accounts) == 0
