from typing import Any

import pytest

from casavi_fixtures import contact, responsibility
from casavi_mock.domain.jobs import Job, Progress
from casavi_mock.domain.model import JobState, Outcome, RecordError, Secret
from casavi_mock.domain.ordering import plan
from casavi_mock.errors import Refused
from casavi_mock.handlers.imports import EAGER_RECORDS, accept
from casavi_mock.world import World
from tests.support.worlds import IMMEDIATE, MANUAL, ManualTime, registry


def account(
    profile: dict[str, Any] | None = None, progress: Progress = IMMEDIATE, time: ManualTime | None = None
) -> World:
    return registry(profile, time, progress=progress).create("key", Secret("secret"))


def send(world: World, records: int = 1) -> Job:
    return accept(world, plan({"contacts": [contact(id=f"C-{n}") for n in range(records)]}, world.settings.shape))


def test_immediate_import_is_done_before_the_answer() -> None:
    """In mode `immediate` a client that asks at once finds the job ended."""
    world = account()
    job = send(world, 3)
    assert (job.state, world.store.count("contacts")) == (JobState.COMPLETED, 3)


def test_large_import_does_not_hold_up_its_answer() -> None:
    """An import of more records is left to the worker."""
    world = account()
    assert send(world, EAGER_RECORDS).ended
    job = send(world, EAGER_RECORDS + 1)
    assert (job.state, job.processed) == (JobState.WAITING, 0)
    assert world.next_due_seconds() == 0
    assert not world.run_due(EAGER_RECORDS + 2)
    assert job.ended


@pytest.mark.parametrize("progress", [MANUAL, Progress(mode="time", job_seconds=1)], ids=["manual", "time"])
def test_other_imports_wait(progress: Progress) -> None:
    """In the other modes nothing is done before the answer."""
    job = send(account(progress=progress))
    assert (job.state, job.processed) == (JobState.WAITING, 0)


def test_worker_is_woken() -> None:
    """Whoever does the work is told that there is some, and which account has it."""
    accounts = registry(progress=Progress(mode="time"))
    world = accounts.create("key", Secret("secret"))
    accounts.create("idle", Secret("secret"))
    calls = []
    accounts.wake = lambda: calls.append(accounts.busy())
    send(world)
    assert calls == [(world,)]


def test_ended_jobs_are_told_with_their_account() -> None:
    """Who follows the ends of jobs learns whose they are."""
    accounts = registry()
    world = accounts.create("key", Secret("secret"))
    ends: list[tuple[World, Job]] = []
    accounts.on_end = lambda where, job: ends.append((where, job))
    job = send(world)
    assert ends == [(world, job)]
    assert accounts.busy() == ()


@pytest.mark.parametrize("limit", [1, 3])
def test_full_queue_refuses_and_says_when_to_come_again(limit: int) -> None:
    """An account may have so many unfinished jobs; the refusal names the number and a time to wait."""
    world = account({"queue-limit": limit}, MANUAL)
    for _ in range(limit):
        send(world)
    with pytest.raises(Refused) as refused:
        send(world)
    assert (refused.value.rule, refused.value.headers) == ("queue-full", {"Retry-After": "1"})
    assert f"This account has {limit} unfinished jobs" in refused.value.detail
    assert world.queue.unfinished == limit


def test_full_queue_of_one_account_is_not_that_of_another() -> None:
    """Every account has its own queue."""
    accounts = registry({"queue-limit": 1}, progress=MANUAL)
    send(accounts.create("a", Secret("secret")))
    send(accounts.create("b", Secret("secret")))


def test_what_is_due_makes_room_even_if_nobody_looked() -> None:
    """A job whose time is over fills no queue, however busy the worker is elsewhere."""
    time = ManualTime()
    world = account({"queue-limit": 1}, Progress(mode="time", job_seconds=5), time)
    first = send(world)
    time.advance(seconds=4)
    with pytest.raises(Refused):
        send(world)
    time.advance(seconds=1)
    second = send(world)
    assert (first.state, second.state) == (JobState.COMPLETED, JobState.WAITING)


def test_records_can_be_loaded_without_a_job() -> None:
    """What an account holds from the start comes in by the same rules, and leaves no job behind."""
    world = account(progress=MANUAL)
    body = {"contacts": [contact()], "responsibilities": [responsibility()]}
    (entity, first), (_, second) = world.load(plan(body, world.settings.shape))
    assert (entity, first) == ("contacts", Outcome.CREATED)
    assert isinstance(second, RecordError)
    assert second.rule == "missing-reference"
    assert (world.store.count("contacts"), len(world.queue)) == (1, 0)


def test_accounts_can_be_counted_and_gone_through() -> None:
    """A registry holds its accounts in the order in which they were opened, and may change meanwhile."""
    accounts = registry()
    for key in ("b", "a"):
        accounts.create(key, Secret("secret"))
    for world in accounts:
        accounts.delete(world.key)
    assert len(accounts) == 0
