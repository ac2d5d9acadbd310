"""One account steered from outside, as the control plane and the pytest plugin do it."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casavi_fixtures import contact, load_portfolio, master_data, responsibility
from casavi_mock.domain.clock import ClockError
from casavi_mock.domain.faults import Effect, Fault
from casavi_mock.domain.jobs import Progress
from casavi_mock.domain.model import JobState, Secret
from casavi_mock.domain.ordering import plan
from casavi_mock.errors import Refused, Unsteerable
from casavi_mock.handlers.authentication import authenticate, authorize
from casavi_mock.handlers.imports import accept
from casavi_mock.handlers.jobs import look_up
from casavi_mock.world import Limits, Registry, World
from tests.support.worlds import IMMEDIATE, MANUAL, START, ManualTime, registry

TEN = Progress(mode="time", job_seconds=10)
FAULT = Fault(operation="getJob", effect=Effect(kind="reset"))


def account(accounts: Registry | None = None, key: str = "key", **others: Any) -> World:
    return (registry(**others) if accounts is None else accounts).create(key, Secret("secret"))


def send(world: World, first: int = 1, number: int = 1) -> str:
    body = {"contacts": [contact(id=f"C-{first + n}") for n in range(number)]}
    return accept(world, plan(body, world.settings.shape)).id


def ids(world: World) -> list[str]:
    return [str(record.key) for record in world.store.records("contacts")]


def log_in(accounts: Registry, key: str = "key") -> str:
    return authenticate(accounts, {"key": key, "secret": "secret"}).token.text.reveal()


def refused(accounts: Registry, token: str) -> str | None:
    try:
        authorize(accounts, token)
    except Refused as error:
        return error.rule
    return None


def ends(world: World) -> list[float | None]:
    return [job.finished_at and (job.finished_at - START).total_seconds() for job in reversed(world.jobs())]


# Time.


def test_a_day_ends_a_thousand_jobs_at_their_moments() -> None:
    """In the order in which they were sent, back to back, before the command returns."""
    world = account(progress=TEN)
    sent = [send(world, number) for number in range(1000)]
    world.advance(timedelta(days=1))
    assert [job.id for job in reversed(world.jobs())] == sent
    assert ends(world) == [10 * number for number in range(1, 1001)]
    assert ids(world) == [f"C-{number}" for number in range(1000)]


MOVES: list[Callable[[World], None]] = [
    lambda world: world.freeze(START + timedelta(seconds=15)),
    lambda world: world.set_time(START + timedelta(seconds=15)),
    lambda world: world.advance(timedelta(seconds=15)),
]


@pytest.mark.parametrize("move", MOVES)
def test_every_move_of_time_does_what_is_due(move: Callable[[World], None]) -> None:
    """The first of two jobs has ended, the second is under way."""
    world = account(progress=TEN)
    send(world), send(world, 2)
    move(world)
    assert ends(world) == [10, None]


def test_time_moves_tokens_jobs_and_retention_together() -> None:
    """One clock moves them all."""
    accounts = registry()
    world = account(accounts)
    token, job_id = log_in(accounts), send(world)
    world.advance(timedelta(days=30))
    assert refused(accounts, token) == "token-expired"
    assert look_up(world, job_id)["status"] == "completed"
    world.advance(timedelta(seconds=1))
    assert world.jobs() == []
    assert world.queue.dropped == 1


def test_unfrozen_time_runs_on_from_where_it_stood() -> None:
    """Jobs go on with it."""
    time = ManualTime()
    world = account(time=time, progress=TEN)
    world.freeze()
    send(world)
    time.advance(seconds=100)
    world.unfreeze()
    time.advance(seconds=9)
    assert ends(world) == [None]
    time.advance(seconds=1)
    assert ends(world) == [10]


def test_time_never_goes_back() -> None:
    """And a refused command changes nothing."""
    world = account(progress=TEN)
    send(world)
    for command, moment in [(world.freeze, START), (world.set_time, START)]:
        with pytest.raises(ClockError):
            command(moment - timedelta(seconds=1))
    with pytest.raises(ClockError):
        world.advance(timedelta(seconds=-1))
    assert not world.clock.frozen
    assert world.clock.now() == START


# Jobs.


def test_held_jobs_wait_for_their_release() -> None:
    """Then they start at that moment."""
    world = account(progress=TEN)
    world.hold()
    send(world)
    world.advance(timedelta(seconds=100))
    assert ends(world) == [None]
    world.release()
    world.advance(timedelta(seconds=10))
    assert ends(world) == [110]


def test_what_was_due_before_a_hold_is_done() -> None:
    """A hold comes too late for it, however busy the worker was."""
    world = account(progress=TEN)
    send(world), send(world, 2)
    world.clock.advance(timedelta(seconds=15))
    world.hold()
    assert ids(world) == ["C-1"]


def test_steps_by_record_and_by_job() -> None:
    """Held jobs move by steps alone."""
    world = account()
    world.hold()
    send(world, 1, 3), send(world, 4, 2)
    assert world.step("record")
    assert ids(world) == ["C-1"]
    assert world.step("job")
    assert ids(world) == ["C-1", "C-2", "C-3"]
    assert world.drain() == 1
    assert not world.step("job")
    assert world.drain() == 0
    with pytest.raises(Unsteerable, match=r"'hour'\. Possible: job, record"):
        world.step("hour")


def test_draining_stops_at_a_stalled_job() -> None:
    """Those behind it stay; a forced end lets them go on."""
    world = account(progress=MANUAL)
    jobs = [send(world, number) for number in range(3)]
    world.force("stalled", jobs[1])
    assert (world.drain(), world.queue.unfinished) == (1, 2)
    world.force("failed", jobs[1])
    assert world.drain() == 1
    assert [str(job.state) for job in reversed(world.jobs())] == ["completed", "failed", "completed"]


def test_a_forced_failure_is_shown_to_clients() -> None:
    """Every record counts as refused, and one warning tells why."""
    world = account()
    job = accept(world, plan(master_data(contacts=[contact()]), world.settings.shape), forced="failed")
    seen = look_up(world, job.id)
    assert (seen["status"], seen["progress"]) == ("failed", {"processed": 1, "total": 1})
    assert seen["counts"]["contacts"]["refused"] == 1
    assert [(warning["rule"], warning["count"]) for warning in seen["warnings"]] == [("forced", 1)]


def test_no_job_is_taken_with_an_unknown_outcome() -> None:
    """Nothing is in the queue then."""
    world = account()
    with pytest.raises(Unsteerable, match="exploded"):
        accept(world, plan(master_data(), world.settings.shape), forced="exploded")
    assert world.jobs() == []


def test_another_progress_counts_at_once() -> None:
    """Also for an import that comes next, and only until the account begins anew."""
    world = account(progress=MANUAL)
    first = send(world)
    world.set_progress(IMMEDIATE)
    assert look_up(world, first)["status"] == "completed"
    assert look_up(world, send(world, 2))["status"] == "completed"
    assert world.progress is IMMEDIATE
    world.reset()
    assert world.progress is MANUAL


def test_commands_wake_the_worker_only_for_work() -> None:
    """It is told of accounts with unfinished jobs."""
    accounts = registry(progress=TEN)
    woken: list[bool] = []
    accounts.wake = lambda: woken.append(True)
    world = account(accounts)
    world.hold()
    world.release()
    assert woken == []
    send(world)
    woken.clear()
    world.set_progress(IMMEDIATE)
    world.advance(timedelta(seconds=5))
    assert woken == [True, True]
    assert accounts.busy() == (world,)


# Tokens.


def test_all_tokens_expire_on_command() -> None:
    """A new log-in is good again."""
    accounts = registry()
    world = account(accounts)
    tokens = [log_in(accounts), log_in(accounts)]
    assert world.expire_tokens() == 2
    assert [refused(accounts, token) for token in tokens] == ["token-expired"] * 2
    assert refused(accounts, log_in(accounts)) is None


# Reset, snapshots, state.


def test_reset_goes_back_to_the_seed() -> None:
    """Records of the seed stay as they were; jobs, tokens, faults, journal and what was told are gone."""
    accounts = registry(progress=TEN)
    world = account(accounts)
    world.load(plan(load_portfolio("small-house"), world.settings.shape))
    world.mark_seed()
    seed = world.state()
    for _ in range(2):
        token = log_in(accounts)
        world.faults.add(FAULT)
        send(world, 100), send(world, 101)
        world.force("stalled")
        world.advance(timedelta(days=1))
        world.hold()
        journal = world.journal
        world.reset()
        assert world.state() == seed
        assert (world.jobs(), world.faults.list(), len(world.tokens)) == ([], [], 0)
        assert world.journal is not journal
        assert refused(accounts, token) == "token-unknown"
        assert (world.clock.now(), world.queue.held) == (START, False)
    send(world, 100)
    world.advance(timedelta(seconds=10))
    assert ends(world) == [10]


def test_reset_without_a_seed_leaves_nothing() -> None:
    """And keeps the snapshots."""
    world = account()
    send(world)
    world.snapshot("one")
    world.reset()
    assert ids(world) == []
    assert [info.name for info in world.snapshots()] == ["one"]


def test_a_snapshot_gives_the_same_state_every_time() -> None:
    """Whatever was done in between, to the records, the jobs, the tokens and the faults."""
    accounts = registry()
    world = account(accounts)
    token, job_id = log_in(accounts), send(world)
    world.faults.add(FAULT)
    info = world.snapshot("before")
    assert (info.name, info.at, info.jobs, info.tokens, info.faults) == ("before", START, 1, 1, 1)
    assert info.records["contacts"] == 1
    kept = world.state()
    for _ in range(3):
        later = log_in(accounts)
        send(world, 2)
        world.expire_tokens()
        world.faults.take("getJob")
        world.faults.clear()
        world.restore("before")
        assert world.state() == kept
        assert [job.id for job in world.jobs()] == [job_id]
        assert [refused(accounts, text) for text in (token, later)] == [None, "token-unknown"]
        assert [(view.fault.operation, view.calls) for view in world.faults.list()] == [("getJob", 0)]


def test_an_unfinished_job_of_before_writes_nothing_afterwards() -> None:
    """Neither after a reset nor after a restore: it belongs to what was put away."""
    world = account(progress=MANUAL)
    world.snapshot("empty")
    for go_back in (world.reset, lambda: world.restore("empty")):
        job_id = send(world, 1, 5)
        world.step("record")
        former = world.queue
        go_back()
        assert former.step(START, whole=True)
        assert (ids(world), world.jobs()) == ([], [])
        with pytest.raises(Refused):
            look_up(world, job_id)


def test_a_snapshot_needs_all_jobs_to_have_ended() -> None:
    """The refusal says what to do, and nothing is kept."""
    world = account(progress=TEN)
    send(world)
    with pytest.raises(Unsteerable, match="drain the queue first"):
        world.snapshot("one")
    assert world.snapshots() == []
    world.drain()
    world.snapshot("one")


def test_jobs_start_after_a_restore_even_if_time_went_on() -> None:
    """The restored queue is idle, and what comes starts when it comes."""
    world = account(progress=TEN)
    send(world)
    world.advance(timedelta(days=1))
    world.snapshot("one")
    world.reset()  # the clock is back, so the snapshot lies in the future
    world.restore("one")
    send(world, 2)
    world.advance(timedelta(seconds=10))
    assert ends(world) == [10, 10]


def test_snapshots_are_bounded_and_named() -> None:
    """One of the same name is replaced; what there is not is answered with what there is."""
    world = account(limits=Limits(max_snapshots=2))
    for name in ("one", "two", "one"):
        world.snapshot(name)
    assert [info.name for info in world.snapshots()] == ["two", "one"]
    with pytest.raises(Unsteerable, match="2 snapshots, as many as there may be"):
        world.snapshot("three")
    for name in ("", "x" * 101):
        with pytest.raises(Unsteerable, match="1 to 100 characters"):
            world.snapshot(name)
    world.delete_snapshot("two")
    for command in (world.restore, world.delete_snapshot):
        with pytest.raises(Unsteerable, match=r"'two'\. Possible: one"):
            command("two")
    world.snapshot("three")


def test_a_state_can_be_put_into_another_account() -> None:
    """It has the same records there, with their numbers and times; jobs and tokens stay as they are."""
    accounts = registry()
    world, other = account(accounts), account(accounts, "other")
    world.load(plan(load_portfolio("small-house"), world.settings.shape))
    token, job_id = log_in(accounts, "other"), send(other)
    other.clock.advance(timedelta(days=1))
    other.put_state(world.state())
    assert other.state() == world.state()
    assert [job.id for job in other.jobs()] == [job_id]
    assert refused(accounts, token) is None


def test_a_state_that_cannot_be_used_changes_nothing() -> None:
    """A refused record, a damaged history, an unfinished job."""
    world = account(progress=MANUAL)
    before = world.state()
    for document in (master_data(responsibilities=[responsibility()]), {"_mock": {"version": "?"}}):
        with pytest.raises(Unsteerable, match="state cannot be used: /"):
            world.put_state(document)
    send(world)
    with pytest.raises(Unsteerable, match="drain"):
        world.put_state(before)
    assert world.state() == before


def test_the_revision_tells_whether_records_may_have_changed() -> None:
    """Imports, going back and a new state do; looking does not."""
    world = account()
    seen = [world.revision]

    def changed() -> bool:
        seen.append(world.revision)
        return seen[-1] != seen[-2]

    world.jobs(), world.state(), world.snapshot("one")
    assert not changed()
    for command in (
        lambda: send(world),
        lambda: world.load(plan(master_data(contacts=[contact()]), world.settings.shape)),
        lambda: world.restore("one"),
        world.reset,
        lambda: world.put_state(world.state()),
        lambda: world.store.portal.update({"C-1": (True, False)}),
    ):
        command()
        assert changed()


def test_the_journal_is_judged() -> None:
    """Nothing was asked, so nothing is wrong."""
    assert account().violations() == []


def test_no_half_of_a_reset_is_seen() -> None:
    """Whoever holds the lock sees records, jobs and tokens that belong together; tokens go all at once."""
    accounts = registry()
    world = account(accounts)
    over, seen = threading.Event(), set()

    def look() -> None:
        while not over.is_set():
            with world.lock:
                seen.add((len(ids(world)), len(world.queue.jobs(START)), len(world.tokens)))

    thread = threading.Thread(target=look)
    thread.start()
    for _ in range(100):
        with world.lock:
            log_in(accounts), send(world)
        world.reset()
    over.set()
    thread.join()
    assert seen <= {(0, 0, 0), (1, 1, 1)}


# Several accounts.

COMMANDS: dict[str, Callable[[World], Any]] = {
    "freeze": lambda world: world.freeze(),
    "unfreeze": lambda world: world.unfreeze(),
    "advance": lambda world: world.advance(timedelta(days=40)),
    "hold": lambda world: world.hold(),
    "release": lambda world: world.release(),
    "step": lambda world: world.step("job"),
    "drain": lambda world: world.drain(),
    "progress": lambda world: world.set_progress(IMMEDIATE),
    "force": lambda world: world.force("failed"),
    "expire": lambda world: world.expire_tokens(),
    "fault": lambda world: world.faults.add(FAULT),
    "snapshot": lambda world: world.drain() + bool(world.snapshot("one")),
    "seed": lambda world: world.mark_seed(),
    "reset": lambda world: world.reset(),
    "put": lambda world: world.drain() + bool(world.put_state({})),
    "send": send,
}


def everything(accounts: Registry, world: World, token: str) -> Any:
    jobs = [(job.id, job.state, job.processed, job.finished_at) for job in world.jobs()]
    times = (world.clock.now(), world.clock.frozen, world.queue.held, world.progress)
    return world.state(), jobs, times, world.snapshots(), world.faults.list(), refused(accounts, token)


@given(commands=st.lists(st.sampled_from(sorted(COMMANDS)), max_size=12))
def test_steering_one_account_never_moves_another(commands: list[str]) -> None:
    """Whatever is done to one, the other has its records, jobs, time, tokens, faults and snapshots as before."""
    accounts = registry(progress=TEN)
    steered, other = account(accounts), account(accounts, "other")
    other.snapshot("mine")
    other.faults.add(FAULT)
    token = log_in(accounts, "other")
    send(other, 50, 2)
    log_in(accounts)
    before = everything(accounts, other, token)
    for command in commands:
        COMMANDS[command](steered)
    if any(info.name == "one" for info in steered.snapshots()):
        steered.restore("one")
    assert everything(accounts, other, token) == before
    accounts.delete("key")
    assert everything(accounts, other, token) == before


def test_accounts_come_and_go_while_the_server_runs() -> None:
    """The first one is the default; a closed one has no tokens any more, and its jobs go no further."""
    accounts = registry(progress=TEN, limits=Limits(max_accounts=2))
    assert accounts.default is None
    first, second = account(accounts, "1"), account(accounts, "2")
    assert accounts.default is first
    with pytest.raises(Unsteerable, match="2 accounts, as many"):
        account(accounts, "3")
    token = log_in(accounts, "1")
    send(first)
    accounts.delete("1")
    assert refused(accounts, token) == "token-unknown"
    first.advance(timedelta(seconds=1))
    assert accounts.busy() == ()
    assert accounts.default is second
    assert account(accounts, "1") is not first
    with pytest.raises(KeyError):
        accounts.delete("3")


def test_a_state_never_names_an_unfinished_job() -> None:
    """What is not imported yet is not in it."""
    world = account(progress=TEN)
    send(world, 1, 2)
    world.advance(timedelta(seconds=5))
    assert [record["id"] for record in world.state()["contacts"]] == ["C-1"]
    assert world.jobs()[0].state is JobState.ACTIVE
