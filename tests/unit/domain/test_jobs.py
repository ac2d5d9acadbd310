from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest

from casavi_fixtures import contact, document, master_data, property_, responsibility
from casavi_mock.domain.contents import PIECE_CHARACTERS
from casavi_mock.domain.jobs import TICK, Counts, Job, JobQueue, Progress, QueueFull, QueueLimits
from casavi_mock.domain.jobs.job import packed
from casavi_mock.domain.model import ENTITIES, JobState, Outcome
from tests.support.accounts import IMMEDIATE, MANUAL, PLENTY, ROOMY, Bench, outcomes
from tests.support.time import START

WAITING, ACTIVE, COMPLETED, FAILED = JobState
BAD = master_data(responsibilities=[responsibility()])
"""Refused, since nothing is stored that it could refer to."""


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def timed(job: float = 10, record: float = 0) -> Progress:
    return Progress(progress="time", job_seconds=job, record_seconds=record)


def people(number: int, first: int = 1) -> dict[str, Any]:
    return {"contacts": [contact(id=f"C-{first + n}") for n in range(number)]}


def times(job: Job) -> list[float | None]:
    """Start and end of a job in seconds after the first moment."""
    both = (job.started_at, job.finished_at)
    return [None if moment is None else (moment - START).total_seconds() for moment in both]


# Submitting.


def test_a_submitted_job_waits() -> None:
    """A job is taken at once and starts later."""
    job = Bench().submit(people(2))
    assert (job.state, job.created_at, job.total, job.processed) == (WAITING, START, 2, 0)
    assert times(job) == [None, None]
    assert not job.ended
    assert job.importer is not None


def test_looking_changes_nothing() -> None:
    """Finding a job, or asking when something is due, moves nothing."""
    bench = Bench()
    job = bench.submit(people(1))
    assert bench.queue.find("job-1", bench.time()) is job
    assert bench.queue.next_due(bench.time()) == START
    assert job.state is WAITING


def test_unknown_job_is_none() -> None:
    """There is no job that was not submitted."""
    assert Bench().queue.find("job-1", START) is None


def test_warnings_of_the_plan_are_those_of_the_job() -> None:
    """A job tells what of its request was left out."""
    job = Bench().submit({"contacts": [{**contact(), "hobby": 1}]})
    assert [warning.pointer for warning in job.warnings] == ["/contacts/0/hobby"]


def test_a_full_queue_takes_no_more() -> None:
    """So many jobs may be unfinished; an ended one makes room."""
    bench = Bench(max_waiting=2)
    bench.submit(people(1))
    assert not bench.queue.full
    bench.submit(people(1))
    assert bench.queue.full
    with pytest.raises(QueueFull):
        bench.submit(people(1))
    with pytest.raises(QueueFull):
        bench.submit(people(1))
    assert (len(bench.queue), bench.queue.unfinished) == (2, 2)
    assert bench.queue.refused == 2
    bench.run()
    bench.submit(people(1))
    assert (len(bench.queue), bench.queue.unfinished) == (3, 1)


def test_a_queue_that_holds_too_much_takes_no_more() -> None:
    """So much may wait; what has ended waits no longer."""
    exactly = Bench(max_waiting_bytes=100)
    exactly.submit(people(1), size=100)
    assert exactly.queue.full
    bench = Bench(max_waiting_bytes=100)
    bench.submit(people(1), size=99)
    assert not bench.queue.full
    bench.submit(people(1), size=500)
    with pytest.raises(QueueFull):
        bench.submit(people(1), size=1)
    bench.run()
    bench.submit(people(1), size=1)
    assert (len(bench.queue), bench.queue.unfinished, bench.queue.refused) == (3, 1, 1)


def test_a_job_takes_two_tenths_of_a_second_unless_something_else_is_said() -> None:
    """That of the settings without options; records cost nothing on top."""
    bench = Bench(progress=Progress())
    job = bench.submit(people(50))
    bench.time.advance(milliseconds=199)
    bench.run()
    assert not job.ended
    bench.time.advance(milliseconds=1)
    bench.run()
    assert times(job) == [0, 0.2]


# Ends.


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (people(2), COMPLETED),
        ({"contacts": []}, COMPLETED),
        (BAD, FAILED),
        (master_data(contacts=[contact()], responsibilities=[responsibility()]), COMPLETED),
        ({"contacts": [contact(), contact()]}, FAILED),
    ],
)
def test_a_job_fails_only_if_every_record_was_refused(body: dict[str, Any], state: JobState) -> None:
    """One record that was taken, or none that was sent, makes a job complete."""
    job = Bench().take(body)
    assert (job.state, job.processed) == (state, job.total)


def test_an_ended_job_lets_its_request_go() -> None:
    """What was sent is not held longer than needed."""
    assert Bench().take(people(1)).importer is None


def test_every_end_is_told_once() -> None:
    """Who wants to know of ends is told of each, in their order."""
    bench = Bench()
    jobs = [bench.submit(people(1)) for _ in range(3)]
    bench.run()
    bench.run()
    assert bench.ended == jobs


def test_ends_need_nobody_who_wants_to_know() -> None:
    """A queue works without anybody to tell."""
    bench = Bench()
    planned = bench.plan(people(1))
    queue = JobQueue(IMMEDIATE, timedelta(1), QueueLimits(**{**ROOMY, "max_waiting": 1, "max_kept": 1}))
    job = queue.submit("job", planned, bench.importer(planned), START)
    assert not queue.run_due(START, PLENTY)
    assert job.ended


@pytest.mark.parametrize(
    ("state", "following"), [(WAITING, COMPLETED), (ACTIVE, WAITING), (COMPLETED, ACTIVE), (FAILED, COMPLETED)]
)
def test_states_only_move_forward(state: JobState, following: JobState) -> None:
    """A transition that is not in the table is refused."""
    job = Job("job", START, 0, [], state=state)
    with pytest.raises(ValueError, match=f"from {state} to {following}"):
        job.move(following)
    assert job.state is state


def test_counts_are_shown_for_every_kind_and_outcome() -> None:
    """Clients see a number for everything that can be counted, zeros included."""
    view = Bench().take(master_data(contacts=[contact()], responsibilities=[responsibility()])).counts.view()
    assert [len(counts) for counts in view.values()] == [4] * 5
    assert view["contacts"] == {"created": 1, "updated": 0, "unchanged": 0, "refused": 0}
    assert view["responsibilities"] == {"created": 0, "updated": 0, "unchanged": 0, "refused": 1}


# Mode `immediate`.


def test_immediate_jobs_take_no_time() -> None:
    """Jobs end at the moment they were submitted."""
    bench = Bench()
    job = bench.submit(people(3))
    bench.run()
    assert (job.state, times(job)) == (COMPLETED, [0, 0])


def test_work_is_done_in_slices() -> None:
    """A call does so many records at most, and says whether there is more to do."""
    bench = Bench()
    job = bench.submit(people(5))
    assert bench.queue.run_due(START, 2)
    assert (job.processed, job.state) == (2, ACTIVE)
    assert bench.queue.run_due(START, 2)
    assert (job.processed, job.state) == (4, ACTIVE)
    assert not bench.queue.run_due(START, 2)
    assert (job.processed, job.state) == (5, COMPLETED)


def test_a_long_document_is_work_for_some_slices() -> None:
    """A piece of its content counts like a record, so that one document of many megabytes keeps nobody waiting."""
    bench = Bench()
    content = "A" * (4 * PIECE_CHARACTERS)
    job = bench.submit({"contacts": [], "properties": [property_(documents=[document(content=content)])]})
    assert [bench.queue.run_due(START, 1) for _ in range(5)] == [True] * 4 + [False]
    assert (job.processed, job.state) == (2, COMPLETED)
    (stored,) = bench.store.records("documents")
    assert stored.fields["size"] == 3 * PIECE_CHARACTERS


def test_a_slice_of_nothing_does_nothing() -> None:
    """Asked for no record, a queue says whether there is something to do."""
    bench = Bench()
    assert not bench.queue.run_due(START, 0)
    bench.submit(people(1))
    assert bench.queue.run_due(START, 0)


def test_a_slice_counts_jobs_without_records() -> None:
    """Ends cost as much as records, so that a thousand empty jobs are no long slice either."""
    bench = Bench()
    jobs = [bench.submit({"contacts": []}) for _ in range(5)]
    assert bench.queue.run_due(START, 3)
    assert [job.ended for job in jobs] == [True, True, True, False, False]


def test_source_that_was_set_back_does_no_harm() -> None:
    """If the system's clock was set back, a job waits until its moment comes again."""
    for progress in (IMMEDIATE, timed(10)):
        bench = Bench(progress=progress)
        job = bench.submit(people(2))
        bench.time.advance(seconds=-5)
        assert not bench.queue.run_due(bench.time(), PLENTY)
        due = bench.queue.next_due(bench.time())
        assert due is not None
        assert due > bench.time()
        assert job.processed == 0
        bench.time.advance(seconds=20)
        bench.run()
        assert job.state is COMPLETED


# Mode `time`.


def test_a_job_takes_its_time() -> None:
    """A job takes seconds of its own, and seconds for each record."""
    bench = Bench(progress=timed(10, 2))
    job = bench.submit(people(5))
    bench.time.advance(seconds=19.999)
    bench.run()
    assert (job.state, times(job)) == (ACTIVE, [0, None])
    bench.time.advance(seconds=0.001)
    bench.run()
    assert (job.state, times(job)) == (COMPLETED, [0, 20])


@pytest.mark.parametrize(("after", "processed"), [(0, 0), (2.4, 0), (2.5, 1), (4.9, 1), (5, 2), (9.9, 3), (10, 4)])
def test_records_are_spread_over_the_job(after: float, processed: int) -> None:
    """Records are imported evenly while the job runs."""
    bench = Bench(progress=timed(10))
    job = bench.submit(people(4))
    bench.time.advance(seconds=after)
    bench.run()
    assert (job.processed, bench.store.count("contacts")) == (processed, processed)


def test_records_bear_the_moment_they_were_due() -> None:
    """A late look changes no time stamp."""
    bench = Bench(progress=timed(10))
    bench.submit(people(4))
    bench.time.advance(days=1)
    bench.run()
    assert [record.created_at - START for record in bench.store.records("contacts")] == [
        seconds(2.5),
        seconds(5),
        seconds(7.5),
        seconds(10),
    ]


def test_one_job_runs_after_the_other() -> None:
    """First in, first out; the next one starts when the former ends, or when it comes."""
    bench = Bench(progress=timed(10))
    jobs = [bench.submit(people(1)), bench.submit(people(1))]
    bench.time.advance(seconds=25)
    jobs.append(bench.submit(people(1)))
    bench.time.advance(seconds=100)
    bench.run()
    assert [times(job) for job in jobs] == [[0, 10], [10, 20], [25, 35]]


def test_a_waiting_job_waits_for_the_one_before() -> None:
    """While a job runs the next one is not touched."""
    bench = Bench(progress=timed(10))
    first, second = bench.submit(people(1)), bench.submit(people(1))
    bench.time.advance(seconds=5)
    bench.run()
    assert (first.state, second.state) == (ACTIVE, WAITING)


def test_a_thousand_jobs_end_back_to_back_however_late() -> None:
    """Who looks late finds everything as if it had happened at its own moment."""
    bench = Bench(progress=timed(1, 0.5))
    jobs = [bench.submit(people(number % 3, first=number)) for number in range(1000)]
    bench.time.advance(days=1)
    bench.run(max_records=7)
    assert bench.ended == jobs
    assert all(job.created_at == START for job in jobs)
    end = 0.0
    for job in jobs:
        assert times(job) == [end, end + 1 + 0.5 * job.total]
        end += 1 + 0.5 * job.total
    assert bench.queue.unfinished == 0
    assert bench.queue.next_due(bench.time()) is None


def test_next_due_leads_through_a_job() -> None:
    """Between two looks at a job with several records lies one tick; a job of one record needs one look, at its end."""
    bench = Bench(progress=timed(1))
    bench.submit(people(2))
    bench.submit(people(1))
    assert bench.queue.next_due(START) == START
    bench.run()
    assert bench.queue.next_due(START) == START + TICK
    assert bench.queue.next_due(START + seconds(0.5)) == START + seconds(0.5)
    bench.time.advance(seconds=0.995)
    bench.run()
    assert bench.queue.next_due(bench.time()) == START + seconds(1)
    bench.time.advance(seconds=0.005)
    assert bench.queue.next_due(bench.time()) == bench.time()
    bench.run()
    assert bench.queue.next_due(bench.time()) == START + seconds(2)


def test_following_next_due_ends_every_job() -> None:
    """Who looks exactly when something is due misses nothing, and never looks in vain for long."""
    bench = Bench(progress=timed(0.1, 0.01))
    jobs = [bench.submit(people(number)) for number in (0, 1, 5)]
    looks = 0
    while (due := bench.queue.next_due(bench.time())) is not None:
        bench.time.now = due
        bench.run()
        looks += 1
    assert [times(job) for job in jobs] == [[0, 0.1], [0.1, 0.21], [0.21, 0.36]]
    assert looks < 30


# Mode `manual`.


def test_turns_move_the_first_unfinished_job() -> None:
    """From waiting to active, from active to its end, then the next one."""
    bench = Bench(progress=MANUAL)
    jobs = [bench.submit(people(2)), bench.submit(people(1))]
    states = []
    for _ in range(5):
        bench.time.advance(seconds=1)
        bench.queue.turn(bench.time())
        bench.run()
        states.append([job.state for job in jobs])
    assert states == [
        [ACTIVE, WAITING],
        [COMPLETED, WAITING],
        [COMPLETED, ACTIVE],
        [COMPLETED, COMPLETED],
        [COMPLETED, COMPLETED],
    ]
    assert [times(job) for job in jobs] == [[1, 2], [3, 4]]


def test_time_alone_moves_no_manual_job() -> None:
    """However late it is, a job waits for its turn."""
    bench = Bench(progress=MANUAL)
    job = bench.submit(people(1))
    bench.time.advance(days=1)
    bench.run()
    assert (job.state, bench.queue.next_due(bench.time())) == (WAITING, None)
    bench.queue.turn(bench.time())
    bench.time.advance(days=1)
    bench.run()
    assert (job.state, bench.queue.next_due(bench.time())) == (ACTIVE, None)


def test_a_turn_beyond_the_end_is_no_turn_for_the_next_job() -> None:
    """A job whose end was called but has not been run takes further turns without harm."""
    bench = Bench(progress=MANUAL)
    first, second = bench.submit(people(1)), bench.submit(people(1))
    for _ in range(4):
        bench.queue.turn(bench.time())
    assert bench.queue.next_due(bench.time()) == bench.time()
    bench.run()
    assert (first.state, second.state) == (COMPLETED, WAITING)


def test_an_empty_queue_takes_turns_and_polls() -> None:
    """There is nothing to move, and nothing happens."""
    bench = Bench(progress=Progress(progress="manual", polls=1))
    bench.queue.turn(bench.time())
    bench.queue.poll(bench.time())
    assert bench.submit(people(1)).state is WAITING


@pytest.mark.parametrize("polls", [1, 2, 5])
def test_so_many_polls_are_a_turn(polls: int) -> None:
    """A job goes on after so many polls, no earlier."""
    bench = Bench(progress=Progress(progress="manual", polls=polls))
    job = bench.submit(people(1))
    states = []
    for _ in range(2 * polls):
        bench.queue.poll(bench.time())
        bench.run()
        states.append(job.state)
    assert states == [WAITING] * (polls - 1) + [ACTIVE] * polls + [COMPLETED]


def test_a_turn_by_hand_starts_counting_polls_anew() -> None:
    """Polls that came before a turn do not count for the next one."""
    bench = Bench(progress=Progress(progress="manual", polls=2))
    job = bench.submit(people(1))
    bench.queue.poll(bench.time())
    bench.queue.turn(bench.time())
    bench.queue.poll(bench.time())
    bench.run()
    assert job.state is ACTIVE
    bench.queue.poll(bench.time())
    bench.run()
    assert job.state is COMPLETED


@pytest.mark.parametrize("progress", [MANUAL, timed(1)], ids=["no polls", "another mode"])
def test_polls_count_only_where_they_are_asked_for(progress: Progress) -> None:
    """Reading a job moves it in no other case."""
    bench = Bench(progress=progress)
    job = bench.submit(people(1))
    for _ in range(100):
        bench.queue.poll(bench.time())
    assert job.state is WAITING


# What is kept.


def test_an_ended_job_can_be_read_until_its_retention_is_over() -> None:
    """The time begins with the end of the job, and includes its last moment."""
    bench = Bench(progress=timed(10), retention=timedelta(days=1))
    bench.submit(people(1))
    bench.time.advance(seconds=10)
    bench.run()
    over = START + timedelta(days=1, seconds=10)
    assert bench.queue.find("job-1", over) is not None
    assert bench.queue.find("job-1", over + timedelta(microseconds=1)) is None


def test_an_unfinished_job_can_always_be_read() -> None:
    """Retention begins with the end, so a job that waits is never forgotten."""
    bench = Bench(progress=MANUAL, retention=timedelta(days=1))
    job = bench.submit(people(1))
    assert bench.queue.find("job-1", START + timedelta(days=1000)) is job


def test_jobs_out_of_retention_are_let_go_when_the_next_one_comes() -> None:
    """What can no longer be read is not held either; what still can is."""
    bench = Bench(retention=timedelta(days=1))
    bench.take(people(1))
    bench.time.advance(days=1)
    bench.take(people(1))
    assert (len(bench.queue), bench.queue.dropped) == (2, 0)
    bench.time.advance(seconds=1)
    bench.take(people(1))
    assert (len(bench.queue), bench.queue.dropped) == (2, 1)
    bench.time.advance(days=2)
    bench.take(people(1))
    assert (len(bench.queue), bench.queue.dropped) == (1, 3)


def test_beyond_its_bound_the_oldest_ended_jobs_go_and_are_counted() -> None:
    """Memory is bounded, and what was let go is told."""
    bench = Bench(max_kept=3)
    for _ in range(5):
        bench.take(people(1))
    assert [bench.queue.find(f"job-{n}", START) is not None for n in range(1, 6)] == [False, False, True, True, True]
    assert (len(bench.queue), bench.queue.dropped) == (3, 2)


def test_beyond_so_many_errors_the_oldest_jobs_go_but_for_the_last() -> None:
    """Reports of refused records are kept in full, of fewer jobs if they are long."""
    bench = Bench(max_errors=2)
    for bad in (BAD, BAD, people(1), BAD):
        bench.take(bad)
    assert bench.queue.dropped == 0
    bench.take(people(1))  # room is made when a job comes
    assert [bench.queue.find(f"job-{n}", START) is not None for n in range(1, 6)] == [False, True, True, True, True]
    alone = Bench(max_errors=0)
    alone.take(BAD)
    alone.submit(people(1))
    assert (len(alone.queue), alone.queue.dropped) == (2, 0)


def test_unfinished_jobs_are_kept_beyond_the_bound() -> None:
    """A job that has not ended is never let go."""
    bench = Bench(progress=MANUAL, max_kept=1)
    for _ in range(3):
        bench.submit(people(1))
    assert (len(bench.queue), bench.queue.unfinished, bench.queue.dropped) == (3, 3, 0)


def test_outcomes_are_counted_by_kind() -> None:
    """Each record adds one to one number."""
    bench = Bench()
    bench.take(master_data(contacts=[contact(note="x"), contact(id="C-2")], properties=[property_()]))
    job = bench.take(
        master_data(
            contacts=[contact(note="y"), contact(id="C-2"), contact(id="C-3")],
            responsibilities=[responsibility(), responsibility(contactId="C-9")],
        )
    )
    assert outcomes(job) == {"created": 2, "updated": 1, "unchanged": 1, "refused": 1}
    assert sum(outcomes(job).values()) == job.total


def test_counts_tell_all_numbers() -> None:
    """They can be read by entity and outcome, summed by outcome, and made anew from their numbers."""
    counts = Counts()
    counts.add("units", Outcome.UPDATED)
    counts.add("units", Outcome.UPDATED)
    counts.add("contacts", Outcome.REFUSED)
    assert list(counts) == list(ENTITIES)
    assert len(counts) == len(ENTITIES)
    assert counts["units"] == {**dict.fromkeys(Outcome, 0), Outcome.UPDATED: 2}
    assert counts.totals() == {"updated": 2, "refused": 1}
    assert Counts(dict(enumerate(counts.numbers))) == counts != Counts()


@pytest.mark.parametrize(
    "body",
    [people(3), {"contacts": []}, {"contacts": [contact(), contact()]}, {"contacts": [{"id": "C-1", "nick": "x"}]}],
    ids=["as usual", "without records", "with errors", "with warnings"],
)
@pytest.mark.parametrize("progress", [IMMEDIATE, timed(10)], ids=["immediate", "time"])
def test_an_ended_job_is_read_as_it_ended(progress: Progress, body: dict[str, Any]) -> None:
    """However it is kept, it tells what it told at its end."""
    bench = Bench(progress=progress)
    bench.time.advance(microseconds=1)
    job = bench.submit(body)
    bench.time.advance(seconds=20)
    bench.run()
    kept = bench.queue.find(job.id, bench.time())
    assert kept is not None
    assert asdict(kept) | {"touched_at": None} == asdict(job) | {"touched_at": None}  # nothing moves it any more


@pytest.mark.parametrize("outcome", ["completed", "failed"])
def test_an_ended_job_keeps_what_was_forced(outcome: str) -> None:
    """That a job ended by command can be told afterwards."""
    bench = Bench(progress=MANUAL)
    job = bench.submit(people(2))
    bench.queue.force(outcome, job.id, START)
    kept = bench.queue.find(job.id, START)
    assert kept is not None
    assert (kept.forced, kept.warnings) == (outcome, job.warnings)


def test_an_ended_job_takes_little_room_unless_it_has_more_to_tell() -> None:
    bench = Bench()
    assert isinstance(packed(bench.take(people(100))), bytes)
    assert isinstance(packed(bench.take(BAD)), Job)


def test_a_job_that_lasts_beyond_the_calendar_is_never_due_and_can_still_be_told_to_end() -> None:
    bench = Bench(progress=Progress(progress="time", record_seconds=1e300))
    bench.submit(people(2))
    assert not bench.queue.run_due(START, PLENTY)
    bench.queue.hold(START)
    bench.queue.release(START + timedelta(days=1))
    assert not bench.queue.run_due(START + timedelta(days=1_000_000), PLENTY)
    bench.queue.step(START + timedelta(days=1_000_000), whole=True)
    assert [job.state for job in bench.ended] == [JobState.COMPLETED]
