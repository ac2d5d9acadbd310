"""One account steered from outside, as the control plane and the pytest plugin do it."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casavi_fixtures import contact, load_portfolio, master_data, responsibility
from casavi_mock.accounts import Account, Limits, Registry
from casavi_mock.domain.clock import ClockError
from casavi_mock.domain.faults import Effect, Fault
from casavi_mock.domain.jobs import Progress
from casavi_mock.domain.journal import Exchange
from casavi_mock.domain.model import JobState, Secret
from casavi_mock.domain.ordering import plan
from casavi_mock.domain.violations import Command, Criteria
from casavi_mock.errors import Refused, Unsteerable
from casavi_mock.handlers.authentication import authenticate, authorize
from casavi_mock.handlers.imports import accept
from casavi_mock.handlers.jobs import look_up
from tests.support.accounts import IMMEDIATE, MANUAL, registry
from tests.support.time import START, FakeTime

TEN = Progress(progress="time", job_seconds=10)
FAULT = Fault(operation="getJob", effect=Effect(kind="reset"))


def open_account(accounts: Registry | None = None, key: str = "key", **others: Any) -> Account:
    return (registry(**others) if accounts is None else accounts).create(key, Secret("secret"))


def send(account: Account, first: int = 1, number: int = 1) -> str:
    body = {"contacts": [contact(id=f"C-{first + n}") for n in range(number)]}
    return accept(account, plan(body, account.settings.shape)).id


def ids(account: Account) -> list[str]:
    return [str(record.key) for record in account.store.records("contacts")]


def log_in(accounts: Registry, key: str = "key") -> str:
    return authenticate(accounts, {"key": key, "secret": "secret"}).token.text.reveal()


def refused(accounts: Registry, token: str) -> str | None:
    try:
        authorize(accounts, token)
    except Refused as error:
        return error.rule
    return None


def ends(account: Account) -> list[float | None]:
    return [job.finished_at and (job.finished_at - START).total_seconds() for job in reversed(account.jobs())]


# Time.


def test_a_day_ends_a_thousand_jobs_at_their_moments() -> None:
    """In the order in which they were sent, back to back, before the command returns."""
    account = open_account(progress=TEN)
    sent = [send(account, number) for number in range(1000)]
    account.advance(timedelta(days=1))
    assert [job.id for job in reversed(account.jobs())] == sent
    assert ends(account) == [10 * number for number in range(1, 1001)]
    assert ids(account) == [f"C-{number}" for number in range(1000)]


MOVES: list[Callable[[Account], None]] = [
    lambda account: account.freeze(START + timedelta(seconds=15)),
    lambda account: account.set_time(START + timedelta(seconds=15)),
    lambda account: account.advance(timedelta(seconds=15)),
]


@pytest.mark.parametrize("move", MOVES)
def test_every_move_of_time_does_what_is_due(move: Callable[[Account], None]) -> None:
    """The first of two jobs has ended, the second is under way."""
    account = open_account(progress=TEN)
    send(account), send(account, 2)
    move(account)
    assert ends(account) == [10, None]


def test_time_moves_tokens_jobs_and_retention_together() -> None:
    """One clock moves them all."""
    accounts = registry()
    account = open_account(accounts)
    token, job_id = log_in(accounts), send(account)
    account.advance(timedelta(days=30))
    assert refused(accounts, token) == "token-expired"
    assert look_up(account, job_id)["status"] == "completed"
    account.advance(timedelta(seconds=1))
    assert account.jobs() == []
    assert account.queue.dropped == 1


def test_unfrozen_time_runs_on_from_where_it_stood() -> None:
    """Jobs go on with it."""
    time = FakeTime()
    account = open_account(time=time, progress=TEN)
    account.freeze()
    send(account)
    time.advance(seconds=100)
    account.unfreeze()
    time.advance(seconds=9)
    assert ends(account) == [None]
    time.advance(seconds=1)
    assert ends(account) == [10]


def test_time_never_goes_back() -> None:
    """And a refused command changes nothing."""
    account = open_account(progress=TEN)
    send(account)
    for command, moment in [(account.freeze, START), (account.set_time, START)]:
        with pytest.raises(ClockError):
            command(moment - timedelta(seconds=1))
    with pytest.raises(ClockError):
        account.advance(timedelta(seconds=-1))
    assert not account.clock.frozen
    assert account.clock.now() == START


# Jobs.


def test_held_jobs_wait_for_their_release() -> None:
    """Then they start at that moment."""
    account = open_account(progress=TEN)
    account.hold()
    send(account)
    account.advance(timedelta(seconds=100))
    assert ends(account) == [None]
    account.release()
    account.advance(timedelta(seconds=10))
    assert ends(account) == [110]


def test_what_was_due_before_a_hold_is_done() -> None:
    """A hold comes too late for it, however busy the worker was."""
    account = open_account(progress=TEN)
    send(account), send(account, 2)
    account.clock.advance(timedelta(seconds=15))
    account.hold()
    assert ids(account) == ["C-1"]


def test_steps_by_record_and_by_job() -> None:
    """Held jobs move by steps alone."""
    account = open_account()
    account.hold()
    send(account, 1, 3), send(account, 4, 2)
    assert account.step("record")
    assert ids(account) == ["C-1"]
    assert account.step("job")
    assert ids(account) == ["C-1", "C-2", "C-3"]
    assert account.drain() == 1
    assert not account.step("job")
    assert account.drain() == 0
    with pytest.raises(Unsteerable, match=r"'hour'\. Possible: job, record"):
        account.step("hour")


def test_draining_stops_at_a_stalled_job() -> None:
    """Those behind it stay; a forced end lets them go on."""
    account = open_account(progress=MANUAL)
    jobs = [send(account, number) for number in range(3)]
    account.force("stalled", jobs[1])
    assert (account.drain(), account.queue.unfinished) == (1, 2)
    account.force("failed", jobs[1])
    assert account.drain() == 1
    assert [str(job.state) for job in reversed(account.jobs())] == ["completed", "failed", "completed"]


def test_a_forced_failure_is_shown_to_clients() -> None:
    """Every record counts as refused, and one warning tells why."""
    account = open_account()
    job = accept(account, plan(master_data(contacts=[contact()]), account.settings.shape), forced="failed")
    seen = look_up(account, job.id)
    assert (seen["status"], seen["progress"]) == ("failed", {"processed": 1, "total": 1})
    assert seen["counts"]["contacts"]["refused"] == 1
    assert [(warning["rule"], warning["count"]) for warning in seen["warnings"]] == [("forced", 1)]


def test_no_job_is_taken_with_an_unknown_outcome() -> None:
    """Nothing is in the queue then."""
    account = open_account()
    with pytest.raises(Unsteerable, match="exploded"):
        accept(account, plan(master_data(), account.settings.shape), forced="exploded")
    assert account.jobs() == []


def test_another_progress_counts_at_once() -> None:
    """Also for an import that comes next, and only until the account begins anew."""
    account = open_account(progress=MANUAL)
    first = send(account)
    account.set_progress(IMMEDIATE)
    assert look_up(account, first)["status"] == "completed"
    assert look_up(account, send(account, 2))["status"] == "completed"
    assert account.progress is IMMEDIATE
    account.reset()
    assert account.progress is MANUAL


def test_commands_wake_the_worker_only_for_work() -> None:
    """It is told of accounts with unfinished jobs."""
    accounts = registry(progress=TEN)
    woken: list[bool] = []
    accounts.wake = lambda: woken.append(True)
    account = open_account(accounts)
    account.hold()
    account.release()
    assert woken == []
    send(account)
    woken.clear()
    account.set_progress(IMMEDIATE)
    account.advance(timedelta(seconds=5))
    assert woken == [True, True]
    assert accounts.busy() == (account,)


# Tokens.


def test_all_tokens_expire_on_command() -> None:
    """A new log-in is good again."""
    accounts = registry()
    account = open_account(accounts)
    tokens = [log_in(accounts), log_in(accounts)]
    assert account.expire_tokens() == 2
    assert [refused(accounts, token) for token in tokens] == ["token-expired"] * 2
    assert refused(accounts, log_in(accounts)) is None


# Reset, snapshots, state.


def test_reset_goes_back_to_the_seed() -> None:
    """Records of the seed stay as they were; jobs, tokens, faults, journal and what was told are gone."""
    accounts = registry(progress=TEN)
    account = open_account(accounts)
    account.load(plan(load_portfolio("small-house"), account.settings.shape))
    account.mark_seed()
    seed = account.state()
    for _ in range(2):
        token = log_in(accounts)
        account.faults.add(FAULT)
        send(account, 100), send(account, 101)
        account.force("stalled")
        account.advance(timedelta(days=1))
        account.hold()
        journal = account.journal
        account.reset()
        assert account.state() == seed
        assert (account.jobs(), account.faults.list(), len(account.tokens)) == ([], [], 0)
        assert account.journal is not journal
        assert refused(accounts, token) == "token-unknown"
        assert (account.clock.now(), account.queue.held) == (START, False)
    send(account, 100)
    account.advance(timedelta(seconds=10))
    assert ends(account) == [10]


def test_reset_without_a_seed_leaves_nothing() -> None:
    """And keeps the snapshots."""
    account = open_account()
    send(account)
    account.snapshot("one")
    account.reset()
    assert ids(account) == []
    assert [info.name for info in account.snapshots()] == ["one"]


def test_a_snapshot_gives_the_same_state_every_time() -> None:
    """Whatever was done in between, to the records, the jobs, the tokens and the faults."""
    accounts = registry()
    account = open_account(accounts)
    token, job_id = log_in(accounts), send(account)
    account.faults.add(FAULT)
    info = account.snapshot("before")
    assert (info.name, info.at, info.jobs, info.tokens, info.faults) == ("before", START, 1, 1, 1)
    assert info.records["contacts"] == 1
    kept = account.state()
    for _ in range(3):
        later = log_in(accounts)
        send(account, 2)
        account.expire_tokens()
        account.faults.take("getJob")
        account.faults.clear()
        account.restore("before")
        assert account.state() == kept
        assert [job.id for job in account.jobs()] == [job_id]
        assert [refused(accounts, text) for text in (token, later)] == [None, "token-unknown"]
        assert [(view.fault.operation, view.calls) for view in account.faults.list()] == [("getJob", 0)]


def test_an_unfinished_job_of_before_writes_nothing_afterwards() -> None:
    """Neither after a reset nor after a restore: it belongs to what was put away."""
    account = open_account(progress=MANUAL)
    account.snapshot("empty")
    for go_back in (account.reset, lambda: account.restore("empty")):
        job_id = send(account, 1, 5)
        account.step("record")
        former = account.queue
        go_back()
        assert former.step(START, whole=True)
        assert (ids(account), account.jobs()) == ([], [])
        with pytest.raises(Refused):
            look_up(account, job_id)


def test_a_snapshot_needs_all_jobs_to_have_ended() -> None:
    """The refusal says what to do, and nothing is kept."""
    account = open_account(progress=TEN)
    send(account)
    with pytest.raises(Unsteerable, match="drain the queue first"):
        account.snapshot("one")
    assert account.snapshots() == []
    account.drain()
    account.snapshot("one")


def test_jobs_start_after_a_restore_even_if_time_went_on() -> None:
    """The restored queue is idle, and what comes starts when it comes."""
    account = open_account(progress=TEN)
    send(account)
    account.advance(timedelta(days=1))
    account.snapshot("one")
    account.reset()  # the clock is back, so the snapshot lies in the future
    account.restore("one")
    send(account, 2)
    account.advance(timedelta(seconds=10))
    assert ends(account) == [10, 10]


def test_snapshots_are_bounded_and_named() -> None:
    """One of the same name is replaced; what there is not is answered with what there is."""
    account = open_account(limits=Limits(max_snapshots=2))
    for name in ("one", "two", "one"):
        account.snapshot(name)
    assert [info.name for info in account.snapshots()] == ["two", "one"]
    with pytest.raises(Unsteerable, match="2 snapshots, as many as there may be"):
        account.snapshot("three")
    for name in ("", "x" * 101):
        with pytest.raises(Unsteerable, match="1 to 100 characters"):
            account.snapshot(name)
    account.delete_snapshot("two")
    for command in (account.restore, account.delete_snapshot):
        with pytest.raises(Unsteerable, match=r"'two'\. Possible: one"):
            command("two")
    account.snapshot("three")


def test_a_state_can_be_put_into_another_account() -> None:
    """It has the same records there, with their numbers and times; jobs and tokens stay as they are."""
    accounts = registry()
    account, other = open_account(accounts), open_account(accounts, "other")
    account.load(plan(load_portfolio("small-house"), account.settings.shape))
    token, job_id = log_in(accounts, "other"), send(other)
    other.clock.advance(timedelta(days=1))
    other.put_state(account.state())
    assert other.state() == account.state()
    assert [job.id for job in other.jobs()] == [job_id]
    assert refused(accounts, token) is None


def test_a_state_that_cannot_be_used_changes_nothing() -> None:
    """A refused record, a damaged history, an unfinished job."""
    account = open_account(progress=MANUAL)
    before = account.state()
    for document in (master_data(responsibilities=[responsibility()]), {"_mock": {"version": "?"}}):
        with pytest.raises(Unsteerable, match="state cannot be used: /"):
            account.put_state(document)
    send(account)
    with pytest.raises(Unsteerable, match="drain"):
        account.put_state(before)
    assert account.state() == before


def test_the_revision_tells_whether_records_may_have_changed() -> None:
    """Imports, going back and a new state do; looking does not."""
    account = open_account()
    seen = [account.revision]

    def changed() -> bool:
        seen.append(account.revision)
        return seen[-1] != seen[-2]

    account.jobs(), account.state(), account.snapshot("one")
    assert not changed()
    for command in (
        lambda: send(account),
        lambda: account.load(plan(master_data(contacts=[contact()]), account.settings.shape)),
        lambda: account.restore("one"),
        account.reset,
        lambda: account.put_state(account.state()),
        lambda: account.store.portal.update({"C-1": (True, False)}),
    ):
        command()
        assert changed()


# What the test does itself.


@pytest.mark.parametrize(
    ("command", "kinds"),
    [
        (lambda account: account.hold(), {Command.JOBS}),
        (lambda account: account.release(), {Command.JOBS}),
        (lambda account: account.step("record"), {Command.JOBS}),
        (lambda account: account.drain(), {Command.JOBS}),
        (lambda account: account.set_progress(MANUAL), {Command.JOBS}),
        (lambda account: account.force("failed"), {Command.JOBS}),
        (lambda account: account.freeze(), {Command.CLOCK}),
        (lambda account: account.unfreeze(), {Command.CLOCK}),
        (lambda account: account.set_time(START + timedelta(days=1)), {Command.CLOCK}),
        (lambda account: account.advance(timedelta(seconds=1)), {Command.CLOCK}),
        (lambda account: account.jobs(), set()),
        (lambda account: account.violations(), set()),
        (lambda account: account.expire_tokens(), set()),
        (lambda account: account.state(), set()),
    ],
)
def test_commands_of_the_test_are_remembered(command: Callable[[Account], Any], kinds: set[Command]) -> None:
    account = open_account()
    command(account)
    assert {kind for kind in Command if account.steering.between(kind, 0, 1)} == kinds


def test_a_command_that_was_refused_is_not_remembered() -> None:
    account = open_account()
    with pytest.raises(ClockError):
        account.advance(timedelta(seconds=-1))
    with pytest.raises(Unsteerable):
        account.force("failed", "no such job")
    assert not any(account.steering.between(kind, 0, 1) for kind in Command)


def test_a_reset_forgets_what_the_test_did() -> None:
    account = open_account()
    account.hold()
    job = send(account)
    assert account.read_job(job)
    account.reset()
    assert not account.steering.between(Command.JOBS, 0, 1)
    assert not account.steering.has_read(job)


def test_a_job_that_the_test_reads_counts_as_read() -> None:
    account = open_account()
    one, other = send(account), send(account)
    account.jobs()
    found = account.read_job(one)
    assert found
    assert found.id == one
    assert account.read_job("no such job") is None
    read = [account.steering.has_read(job) for job in (one, other, "no such job")]
    assert read == [True, False, False]


def test_violations_know_how_jobs_stand() -> None:
    account = open_account(progress=MANUAL)
    ended, waiting = send(account), send(account)
    account.step("job")
    for job in (ended, waiting, "gone"):
        number = account.journal.next_number()
        exchange = Exchange(number, "r", START, "POST", "/import", "importMasterData", 202, 1.0, 1, 1, job_id=job)
        account.journal.add(exchange)
        number = account.journal.next_number()
        look = Exchange(
            number, "r", START, "GET", "/jobs/x", "getJob", 200, 1.0, 1, 1, job_id=job, job_status="waiting"
        )
        account.journal.add(look)
    assert [(one.rule, one.exchange_numbers) for one in account.violations()] == [("job-never-read-to-its-end", (1, 2))]
    assert account.violations(Criteria(allow=frozenset({"job-never-read-to-its-end"}))) == []


def test_no_half_of_a_reset_is_seen() -> None:
    """Whoever holds the lock sees records, jobs and tokens that belong together; tokens go all at once."""
    accounts = registry()
    account = open_account(accounts)
    over, seen = threading.Event(), set()

    def look() -> None:
        while not over.is_set():
            with account.lock:
                seen.add((len(ids(account)), len(account.queue.jobs(START)), len(account.tokens)))

    thread = threading.Thread(target=look)
    thread.start()
    for _ in range(100):
        with account.lock:
            log_in(accounts), send(account)
        account.reset()
    over.set()
    thread.join()
    assert seen <= {(0, 0, 0), (1, 1, 1)}


# Several accounts.

COMMANDS: dict[str, Callable[[Account], Any]] = {
    "freeze": lambda account: account.freeze(),
    "unfreeze": lambda account: account.unfreeze(),
    "advance": lambda account: account.advance(timedelta(days=40)),
    "hold": lambda account: account.hold(),
    "release": lambda account: account.release(),
    "step": lambda account: account.step("job"),
    "drain": lambda account: account.drain(),
    "progress": lambda account: account.set_progress(IMMEDIATE),
    "force": lambda account: account.force("failed"),
    "expire": lambda account: account.expire_tokens(),
    "fault": lambda account: account.faults.add(FAULT),
    "snapshot": lambda account: account.drain() + bool(account.snapshot("one")),
    "seed": lambda account: account.mark_seed(),
    "reset": lambda account: account.reset(),
    "put": lambda account: account.drain() + bool(account.put_state({})),
    "send": send,
}


def everything(accounts: Registry, account: Account, token: str) -> Any:
    jobs = [(job.id, job.state, job.processed, job.finished_at) for job in account.jobs()]
    times = (account.clock.now(), account.clock.frozen, account.queue.held, account.progress)
    return account.state(), jobs, times, account.snapshots(), account.faults.list(), refused(accounts, token)


@given(commands=st.lists(st.sampled_from(sorted(COMMANDS)), max_size=12))
def test_steering_one_account_never_moves_another(commands: list[str]) -> None:
    """Whatever is done to one, the other has its records, jobs, time, tokens, faults and snapshots as before."""
    accounts = registry(progress=TEN)
    steered, other = open_account(accounts), open_account(accounts, "other")
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
    first, second = open_account(accounts, "1"), open_account(accounts, "2")
    assert accounts.default is first
    with pytest.raises(Unsteerable, match="2 accounts, as many"):
        open_account(accounts, "3")
    token = log_in(accounts, "1")
    send(first)
    accounts.delete("1")
    assert refused(accounts, token) == "token-unknown"
    first.advance(timedelta(seconds=1))
    assert accounts.busy() == ()
    assert accounts.default is second
    assert open_account(accounts, "1") is not first
    with pytest.raises(KeyError):
        accounts.delete("3")


def test_a_state_never_names_an_unfinished_job() -> None:
    """What is not imported yet is not in it."""
    account = open_account(progress=TEN)
    send(account, 1, 2)
    account.advance(timedelta(seconds=5))
    assert [record["id"] for record in account.state()["contacts"]] == ["C-1"]
    assert account.jobs()[0].state is JobState.ACTIVE
