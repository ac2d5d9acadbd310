"""Jobs that take as long as the vendor's did."""

import pytest

from casavi_mock.domain.jobs import Durations, Progress
from tests.support.accounts import Bench

OBSERVED = ((1, 2.0), (1, 3.0), (100, 20.0), (1000, 200.0), (1100, 220.0))


def test_a_job_takes_as_long_as_one_of_about_its_size() -> None:
    durations = Durations(tuple((size, float(size)) for size in range(0, 2_000, 10)))
    for turn in range(50):
        assert durations.seconds(1_000, turn) == pytest.approx(1_000)


def test_what_is_drawn_follows_from_seed_and_turn() -> None:
    first = [Durations(OBSERVED, seed=7).seconds(1, turn) for turn in range(30)]
    assert [Durations(OBSERVED, seed=7).seconds(1, turn) for turn in range(30)] == first
    assert [Durations(OBSERVED, seed=8).seconds(1, turn) for turn in range(30)] != first
    assert len({*first}) > 1


def test_larger_jobs_take_longer_and_none_less_than_nothing() -> None:
    durations = Durations(OBSERVED)
    assert durations.seconds(10_000, 0) > 1_500
    assert min(durations.seconds(0, turn) for turn in range(30)) >= 0
    assert Durations(((5, 1.0), (50, 0.5))).seconds(5_000, 0) in (1.0, 0.5)


def test_nothing_observed_is_no_duration() -> None:
    with pytest.raises(ValueError, match="one job"):
        Durations(())


def test_a_queue_draws_until_somebody_says_otherwise() -> None:
    bench = Bench(progress=Progress(), durations=Durations(((1, 40.0),)))

    def seconds_of_one() -> float:
        job = bench.submit({"contacts": [{"id": "C-1"}]})
        bench.time.advance(seconds=100)
        bench.run()
        assert job.started_at is not None
        assert job.finished_at is not None
        return (job.finished_at - job.started_at).total_seconds()

    assert seconds_of_one() == 40
    bench.queue.change(Progress(job_seconds=3), bench.time())
    assert seconds_of_one() == 3
    bench.queue.change(Progress(), bench.time())
    assert seconds_of_one() == 40


def test_jobs_that_come_at_once_take_nothing_of_it() -> None:
    bench = Bench(durations=Durations(((1, 40.0),)))
    job = bench.submit({"contacts": [{"id": "C-1"}]})
    bench.run()
    assert job.started_at == job.finished_at
