"""The queue told what to do: held and released, stepped, forced, moved in another way, copied."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casavi_fixtures import contact, master_data, responsibility
from casavi_mock.domain.jobs import OUTCOMES, Job, JobQueue, Progress
from casavi_mock.domain.model import JobState, RecordWarning
from casavi_mock.errors import Unsteerable
from tests.support.accounts import IMMEDIATE, MANUAL, Bench, outcomes
from tests.support.time import START

WAITING, ACTIVE, COMPLETED, FAILED = JobState
TEN = Progress(progress="time", job_seconds=10)
MODES = pytest.mark.parametrize("progress", [IMMEDIATE, TEN, MANUAL], ids=lambda progress: progress.progress)


def people(number: int, first: int = 1) -> dict[str, Any]:
    return {"contacts": [contact(id=f"C-{first + n}") for n in range(number)]}


def at(bench: Bench, seconds: float) -> Any:
    """Moves time to so many seconds after the first moment, does what is due, and returns the moment."""
    bench.time.now = START + timedelta(seconds=seconds)
    bench.run()
    return bench.time.now


def times(job: Job) -> list[float | None]:
    both = (job.started_at, job.finished_at)
    return [None if moment is None else (moment - START).total_seconds() for moment in both]


def created(bench: Bench) -> list[float]:
    return [(record.created_at - START).total_seconds() for record in bench.store.records("contacts")]


# Holding.


@MODES
def test_nothing_starts_while_held(progress: Progress) -> None:
    """Jobs are taken and stay where they are, however late it is and however often somebody looks."""
    bench = Bench(progress=progress)
    bench.queue.hold(START)
    job = bench.submit(people(1))
    now = at(bench, 1000)
    for _ in range(5):
        bench.queue.poll(now)
        bench.queue.turn(now)
    assert (bench.queue.held, job.state, bench.queue.next_due(now)) == (True, WAITING, None)
    assert not bench.queue.run_due(now, 1)


@pytest.mark.parametrize(("progress", "end"), [(IMMEDIATE, 100), (TEN, 110)])
def test_waiting_jobs_start_when_they_are_released(progress: Progress, end: float) -> None:
    """Not when they would have started, nor when somebody looks."""
    bench = Bench(progress=progress)
    bench.queue.hold(START)
    jobs = [bench.submit(people(1)), bench.submit(people(1, 5))]
    bench.queue.release(at(bench, 100))
    at(bench, 1000)
    assert not bench.queue.held
    assert [times(job) for job in jobs] == [[100, end], [end, 2 * end - 100]]


def ids(queue: JobQueue, now: datetime) -> list[str]:
    """The jobs that can be read, the newest first."""
    return [job.id for job in queue.jobs(now)]


def test_a_running_job_goes_on_where_it_was() -> None:
    """Its start stays, what was done stays, and all that was still to come is put off by the time it was held."""
    bench = Bench(progress=TEN)
    job, following = bench.submit(people(4)), bench.submit(people(1, 5))
    bench.queue.hold(at(bench, 5))
    assert job.processed == 2
    bench.queue.release(at(bench, 100))
    at(bench, 102)
    assert job.processed == 2
    at(bench, 1000)
    assert times(job) == [0, 105]
    assert times(following) == [105, 115]
    assert created(bench) == [2.5, 5, 102.5, 105, 115]


def test_holding_and_releasing_twice_is_like_once() -> None:
    """The first hold counts, and a release without one does nothing."""
    bench = Bench(progress=TEN)
    job = bench.submit(people(1))
    bench.queue.release(at(bench, 1))
    bench.queue.hold(at(bench, 2))
    bench.queue.hold(at(bench, 3))
    bench.queue.release(at(bench, 5))
    bench.queue.release(at(bench, 6))
    at(bench, 100)
    assert times(job) == [0, 13]


def test_a_source_that_was_set_back_makes_nothing_earlier() -> None:
    """A release before the hold, by the clock, puts nothing off."""
    bench = Bench(progress=TEN)
    job = bench.submit(people(1))
    bench.queue.hold(at(bench, 5))
    bench.queue.release(at(bench, 4))
    at(bench, 100)
    assert times(job) == [0, 10]


@given(
    pauses=st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), max_size=5),
    looks=st.lists(st.integers(0, 400), max_size=5),
)
def test_holding_costs_exactly_the_time_held(pauses: list[tuple[int, int]], looks: list[int]) -> None:
    """Pauses shift what comes after them, whoever looks meanwhile, and time stamps never go back."""
    bench = Bench(progress=Progress(progress="time", job_seconds=20, record_seconds=2))
    jobs = [bench.submit(people(number, 10 * number)) for number in (3, 0, 5)]
    moments: list[tuple[float, str]] = []
    moment = 0
    for until, length in pauses:
        moments += [(moment + until, "hold"), (moment + until + length, "release")]
        moment += until + length
    for now, command in sorted([*moments, *((look, "look") for look in looks)]):
        present = at(bench, now)
        if command != "look":
            getattr(bench.queue, command)(present)
    at(bench, 10_000)

    def shifted(working: float) -> float:
        moment = 0
        for until, length in pauses:
            if working <= until:
                break
            working -= until
            moment += until + length
        return moment + working

    assert [job.state for job in jobs] == [COMPLETED] * 3
    assert [times(job)[1] for job in jobs] == [shifted(26), shifted(46), shifted(76)]
    assert created(bench) == sorted(created(bench))


# Steps.


@MODES
@pytest.mark.parametrize("held", [True, False])
def test_a_step_ends_the_next_job_now(progress: Progress, held: bool) -> None:
    """In any mode, held or not; everything of it bears this moment."""
    bench = Bench(progress=progress)
    if held:
        bench.queue.hold(START)
    bench.time.advance(seconds=3)
    jobs = [bench.submit(people(2)), bench.submit(people(1, 5))]
    assert bench.queue.step(bench.time(), whole=True)
    assert [job.state for job in jobs] == [COMPLETED, WAITING]
    assert times(jobs[0]) == [3, 3]
    assert created(bench) == [3, 3]
    assert bench.queue.held is held


def test_a_step_ends_a_running_job_early() -> None:
    """What was done keeps its time, the rest happens now, and the next job starts now."""
    bench = Bench(progress=TEN)
    jobs = [bench.submit(people(4)), bench.submit(people(1, 5))]
    assert bench.queue.step(at(bench, 6), whole=True)
    assert (times(jobs[0]), created(bench)) == ([0, 6], [2.5, 5, 6, 6])
    at(bench, 100)
    assert times(jobs[1]) == [6, 16]


@MODES
def test_a_step_by_record_imports_exactly_one(progress: Progress) -> None:
    """The last record ends the job; a job without records ends by one step."""
    bench = Bench(progress=progress)
    bench.queue.hold(START)
    jobs = [bench.submit(people(2)), bench.submit({"contacts": []})]
    seen = []
    for second in range(1, 5):
        moved = bench.queue.step(at(bench, second), whole=False)
        seen.append((moved, [job.processed for job in jobs], [job.state for job in jobs]))
    assert seen == [
        (True, [1, 0], [ACTIVE, WAITING]),
        (True, [2, 0], [COMPLETED, WAITING]),
        (True, [2, 0], [COMPLETED, COMPLETED]),
        (False, [2, 0], [COMPLETED, COMPLETED]),
    ]
    assert [times(job) for job in jobs] == [[1, 2], [3, 3]]
    assert created(bench) == [1, 2]


def test_what_was_stepped_ahead_stays_ahead() -> None:
    """A job that was stepped while held goes on by its time afterwards; no record comes before an earlier one."""
    bench = Bench(progress=TEN)
    bench.queue.hold(START)
    job = bench.submit(people(4))
    for second in (20, 20, 25):
        assert bench.queue.step(at(bench, second), whole=False)
    bench.queue.release(at(bench, 30))
    at(bench, 1000)
    assert times(job) == [20, 40]
    assert created(bench) == [20, 20, 25, 40]


def test_records_of_a_manual_job_never_go_back() -> None:
    """A turn spreads what is left over the time of the job, but nothing comes before what was stepped."""
    bench = Bench(progress=MANUAL)
    bench.submit(people(4))
    bench.queue.turn(at(bench, 0))
    bench.queue.step(at(bench, 18), whole=False)
    bench.queue.turn(at(bench, 20))
    at(bench, 20)
    assert created(bench) == [18, 18, 18, 20]


def test_steps_by_a_source_that_was_set_back_go_not_back() -> None:
    """A job does not end before it started."""
    bench = Bench(progress=MANUAL)
    first, second = bench.submit(people(1)), bench.submit(people(1, 5))
    bench.queue.turn(at(bench, 10))
    bench.queue.step(at(bench, 5), whole=True)
    bench.queue.step(at(bench, 6), whole=True)
    assert (times(first), times(second)) == ([10, 10], [10, 10])


# Forcing.


def forced(bench: Bench, outcome: str, after: float = 0, number: int = 4) -> Job:
    job = bench.submit(people(number))
    now = at(bench, after)
    bench.queue.force(outcome, job.id, now)
    return job


@MODES
def test_forced_to_completion_a_job_ends_now(progress: Progress) -> None:
    """Its records are judged as always."""
    bench = Bench(progress=progress)
    bench.queue.hold(START)
    job = forced(bench, "completed", 3)
    assert (job.state, times(job), outcomes(job)) == (COMPLETED, [3, 3], {"created": 4})


def test_forced_to_completion_a_job_is_no_better_than_its_records() -> None:
    """If all were refused it failed, as it would have by itself."""
    bench = Bench(progress=MANUAL)
    job = bench.submit(master_data(responsibilities=[responsibility()]))
    bench.queue.force("completed", job.id, START)
    assert (job.state, job.warnings) == (FAILED, [])


def test_a_forced_failure_writes_nothing_more() -> None:
    """What was done stays done and counted; the rest counts as refused, and one warning says why."""
    bench = Bench(progress=TEN)
    job = forced(bench, "failed", 6)
    assert (job.state, times(job), job.processed, outcomes(job)) == (FAILED, [0, 6], 4, {"created": 2, "refused": 2})
    assert bench.store.count("contacts") == 2
    assert job.errors == []
    message = "the job was told to fail; what was left of it was not imported"
    assert job.warnings == [RecordWarning("", "forced", message, 2)]
    assert bench.ended == [job]
    assert bench.queue.unfinished == 0


def test_a_forced_failure_of_a_waiting_job_writes_nothing() -> None:
    """All of its records count as refused; the warnings of its plan, which others may hold, stay as they are."""
    bench = Bench(progress=MANUAL)
    planned = bench.plan(people(3))
    job = bench.queue.submit("job", planned, bench.importer(planned), START)
    bench.queue.force("failed", "job", START)
    assert (job.state, outcomes(job), bench.store.count("contacts")) == (FAILED, {"refused": 3}, 0)
    assert planned.warnings == []


def test_a_job_without_records_can_fail_by_force() -> None:
    """The warning is there all the same."""
    bench = Bench(progress=MANUAL)
    job = bench.submit({"contacts": []})
    bench.queue.force("failed", job.id, START)
    assert (job.state, [warning.count for warning in job.warnings]) == (FAILED, [1])


@MODES
def test_a_stalled_job_stays_active(progress: Progress) -> None:
    """Neither time, nor polls, nor steps move it, and those behind it wait."""
    bench = Bench(progress=progress)
    bench.queue.hold(START)
    job, behind = forced(bench, "stalled"), bench.submit(people(1, 9))
    bench.queue.release(START)
    now = at(bench, 1000)
    bench.queue.turn(now)
    assert not bench.queue.run_due(now, 1)
    assert not bench.queue.step(now, whole=True)
    assert bench.queue.next_due(now) is None
    assert (job.state, job.processed, behind.state) == (ACTIVE, 0, WAITING)


@pytest.mark.parametrize(("outcome", "state", "number"), [("completed", COMPLETED, 4), ("failed", FAILED, 2)])
def test_a_stalled_job_ends_when_it_is_forced_otherwise(outcome: str, state: JobState, number: int) -> None:
    """It had come half way, and goes on from there."""
    bench = Bench(progress=TEN)
    job = forced(bench, "stalled", 6)
    behind = bench.submit(people(1, 9))
    at(bench, 100)
    assert job.processed == 2
    bench.queue.force(outcome, job.id, at(bench, 200))
    assert (job.state, times(job), bench.store.count("contacts")) == (state, [0, 200], number)
    at(bench, 1000)
    assert times(behind) == [200, 210]


@pytest.mark.parametrize(
    ("outcome", "state", "end"), [("completed", COMPLETED, 10), ("failed", FAILED, 20), ("stalled", ACTIVE, None)]
)
def test_a_job_that_waits_for_others_obeys_when_its_turn_comes(
    outcome: str, state: JobState, end: float | None
) -> None:
    """First in, first out holds for forced jobs too; a failure comes when the job's time is over."""
    bench = Bench(progress=TEN)
    first, second = bench.submit(people(1)), bench.submit(people(2, 5))
    bench.queue.force(outcome, second.id, at(bench, 5))
    assert second.state is WAITING
    at(bench, 15)
    assert second.state is (ACTIVE if outcome != "completed" else COMPLETED)
    at(bench, 100)
    assert (times(first), second.state, times(second)) == ([0, 10], state, [10, end])
    assert bench.store.count("contacts") == (3 if outcome == "completed" else 1)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_next_job_that_starts_can_be_forced(outcome: str) -> None:
    """One that is already forced, or runs already, is not meant; only one job is, and the last word counts."""
    bench = Bench(progress=TEN)
    running = bench.submit(people(1))
    at(bench, 1)
    bench.queue.force("failed" if outcome != "failed" else "stalled", None, bench.time())
    bench.queue.force(outcome, None, bench.time())
    assert bench.queue.forced_next == outcome
    planned = bench.plan(people(1, 3))
    own = bench.queue.submit("own", planned, bench.importer(planned), bench.time(), forced="completed")
    meant, later = bench.submit(people(1, 5)), bench.submit(people(1, 7))
    assert bench.queue.next_jobs(3) == [running, own, meant]
    at(bench, 1000)
    assert [job.forced for job in (running, own, meant, later)] == [None, "completed", outcome, None]
    assert later.state is (WAITING if outcome == "stalled" else COMPLETED)


def test_a_manual_job_that_is_to_fail_takes_its_turns() -> None:
    """Clients see it waiting, active, and failed."""
    bench = Bench(progress=MANUAL)
    planned = bench.plan(people(2))
    job = bench.queue.submit("job", planned, bench.importer(planned), START, forced="failed")
    seen = []
    for second in range(2):
        bench.queue.turn(at(bench, second))
        bench.run()
        seen.append(job.state)
    assert seen == [ACTIVE, FAILED]


def test_a_step_by_record_ends_a_job_that_is_to_fail() -> None:
    """It has no record to do."""
    bench = Bench(progress=MANUAL)
    planned = bench.plan(people(2))
    job = bench.queue.submit("job", planned, bench.importer(planned), START, forced="failed")
    assert bench.queue.step(START, whole=False)
    assert (job.state, outcomes(job)) == (FAILED, {"refused": 2})


def test_what_cannot_be_forced_is_named() -> None:
    """An unknown outcome, an unknown job, and one that has ended; the outcomes are listed."""
    bench = Bench()
    done = bench.take(people(1))
    for outcome, job_id, text in [
        ("exploded", None, "'exploded'. Possible: completed, failed, stalled"),
        ("failed", "nobody", "no job 'nobody'"),
        ("failed", done.id, "has ended already: completed"),
    ]:
        with pytest.raises(Unsteerable, match=text):
            bench.queue.force(outcome, job_id, START)


# Another mode.


def test_another_mode_counts_for_waiting_jobs_from_now() -> None:
    """They start when they are told, not when they came."""
    bench = Bench(progress=MANUAL)
    jobs = [bench.submit(people(1)), bench.submit(people(1, 5))]
    bench.queue.change(TEN, at(bench, 50))
    at(bench, 1000)
    assert [times(job) for job in jobs] == [[50, 60], [60, 70]]


def test_a_job_that_was_active_in_manual_mode_goes_on_by_time() -> None:
    """It has its whole time from now; no job stays behind for ever."""
    bench = Bench(progress=MANUAL)
    job = bench.submit(people(2))
    bench.queue.turn(at(bench, 5))
    at(bench, 10)
    bench.queue.change(TEN, at(bench, 50))
    at(bench, 1000)
    assert (times(job), created(bench)) == ([5, 60], [55, 60])


def test_a_job_that_was_active_in_manual_mode_ends_at_once_if_told() -> None:
    """In mode `immediate` nothing takes time."""
    bench = Bench(progress=MANUAL)
    job = bench.submit(people(2))
    bench.queue.turn(START)
    bench.queue.change(IMMEDIATE, at(bench, 50))
    bench.run()
    assert times(job) == [0, 50]


def test_a_job_that_runs_by_time_ends_as_it_was_to_end() -> None:
    """The next one waits for its turn."""
    bench = Bench(progress=TEN)
    jobs = [bench.submit(people(1)), bench.submit(people(1, 5))]
    bench.queue.change(MANUAL, at(bench, 5))
    at(bench, 1000)
    assert [times(job) for job in jobs] == [[0, 10], [None, None]]


def test_another_number_of_polls_is_counted_anew() -> None:
    """Polls that came before do not count."""
    bench = Bench(progress=Progress(progress="manual", polls=2))
    job = bench.submit(people(1))
    bench.queue.poll(START)
    bench.queue.change(Progress(progress="manual", polls=2), START)
    bench.queue.poll(START)
    assert job.state is WAITING
    bench.queue.poll(START)
    assert job.state is ACTIVE
    bench.queue.change(Progress(progress="manual", polls=1), START)
    assert job.ends_at is None


def test_another_mode_while_held_counts_from_the_release() -> None:
    """A job that was active goes on when it is released, with all of its time."""
    bench = Bench(progress=MANUAL)
    job = bench.submit(people(1))
    bench.queue.turn(START)
    bench.queue.hold(at(bench, 10))
    bench.queue.change(TEN, at(bench, 20))
    bench.queue.release(at(bench, 50))
    at(bench, 1000)
    assert times(job) == [0, 60]


# Lists and copies.


def test_jobs_are_listed_newest_first_while_they_can_be_read() -> None:
    """As long as each could be looked up; those that cannot be are let go."""
    bench = Bench(retention=timedelta(days=1))
    old, new = bench.take(people(1)), None
    bench.time.advance(days=1)
    new = bench.take(people(1, 5))
    assert ids(bench.queue, bench.time()) == [new.id, old.id]
    bench.time.advance(seconds=1)
    assert ids(bench.queue, bench.time()) == [new.id]
    bench.queue.forget(bench.time())
    assert (len(bench.queue), bench.queue.dropped) == (1, 1)


def test_a_copy_of_a_queue_goes_on_by_itself() -> None:
    """It has the ended jobs and how jobs move on, and shares nothing that changes."""
    bench = Bench(progress=TEN, max_kept=2)
    job = bench.submit(people(1))
    at(bench, 10)
    bench.queue.hold(at(bench, 11))
    copied = bench.queue.copy(at(bench, 20))
    assert (copied.held, copied.progress, ids(copied, bench.time())) == (True, TEN, [job.id])
    bench.queue.release(at(bench, 30))
    for first in (5, 6):
        bench.submit(people(1, first))
    at(bench, 1000)
    assert (len(bench.queue), bench.queue.dropped) == (2, 1)
    assert (copied.held, ids(copied, START), copied.dropped) == (True, [job.id], 0)


def test_a_queue_with_unfinished_jobs_is_not_copied() -> None:
    """The refusal says what to do first."""
    bench = Bench(progress=MANUAL)
    bench.submit(people(1))
    with pytest.raises(Unsteerable, match=r"\(1 are left\); drain"):
        bench.queue.copy(START)


def test_records_done_are_counted() -> None:
    """Imported or refused, by whatever means; what a forced failure left out is not."""
    bench = Bench()
    bench.take(people(2))
    bench.take(master_data(responsibilities=[responsibility()]))
    bench.queue.hold(START)
    forced(bench, "failed")
    assert bench.queue.done == 3
