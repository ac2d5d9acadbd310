"""What is said of many measured values."""

import pytest

from casavi_bench.machine import Times, share_of_others
from casavi_bench.measurement import Measurement, Measurements, Summary, percentile, slope, summary


def measurements(**by_server: list[float]) -> Measurements:
    """One value of each server in each round."""
    return Measurements(
        Measurement(server, "job", "cpu_us", number, value)
        for server, values in by_server.items()
        for number, value in enumerate(values)
    )


def test_a_summary_is_median_and_range() -> None:
    assert summary([5.0, 1.0, 3.0]) == Summary(3.0, 1.0, 5.0, 3)


def test_nothing_has_no_summary() -> None:
    assert summary([]) is None
    assert Measurements().summary("ours", "job", "cpu_us") is None


@pytest.mark.parametrize(("percent", "expected"), [(50, 50), (99, 99), (99.5, 100), (100, 100), (0.5, 1)])
def test_a_percentile_is_the_value_at_its_rank(percent: float, expected: float) -> None:
    assert percentile([float(n) for n in range(100, 0, -1)], percent) == expected


def test_a_percentile_of_one_value_is_that_value() -> None:
    assert percentile([7.0], 99) == 7.0


@pytest.mark.parametrize(("values", "percent"), [([], 50), ([1.0], 0), ([1.0], 101)])
def test_there_is_no_other_percentile(values: list[float], percent: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        percentile(values, percent)


def test_a_slope_ignores_where_it_begins() -> None:
    assert slope([(10.0, 105.0), (20.0, 110.0), (30.0, 115.0)]) == pytest.approx(0.5)


def test_ratios_are_taken_within_each_round() -> None:
    # the machine was twice as slow in the second round: for both
    found = measurements(ours=[10.0, 20.0, 10.0], peer=[20.0, 40.0, 20.0])
    ratio = found.ratio(("ours", "job", "cpu_us"), ("peer", "job", "cpu_us"))
    assert ratio == Summary(0.5, 0.5, 0.5, 3)


def test_a_round_that_lacks_one_of_both_gives_no_ratio() -> None:
    found = measurements(ours=[10.0, 30.0], peer=[20.0])
    assert found.ratio(("ours", "job", "cpu_us"), ("peer", "job", "cpu_us")) == Summary(0.5, 0.5, 0.5, 1)
    assert found.ratio(("ours", "job", "cpu_us"), ("other", "job", "cpu_us")) is None


def test_a_value_of_zero_divides_nothing() -> None:
    found = measurements(ours=[10.0], peer=[0.0])
    assert found.ratio(("ours", "job", "cpu_us"), ("peer", "job", "cpu_us")) is None


def test_several_values_of_a_round_count_as_their_median() -> None:
    found = measurements(ours=[10.0])
    found.add(Measurement("ours", "job", "cpu_us", 0, 30.0))
    assert found.rounds("ours", "job", "cpu_us") == {0: 20.0}


def test_servers_stand_in_the_order_in_which_they_came() -> None:
    assert measurements(b=[1.0], a=[1.0]).servers("job", "cpu_us") == ["b", "a"]


def test_others_took_what_was_neither_idle_nor_ours() -> None:
    before, after = Times(available=100, idle=50, own=10), Times(available=120, idle=60, own=16)
    assert share_of_others(before, after) == pytest.approx(0.2)


@pytest.mark.parametrize("own", [30.0, 10.0])
def test_others_never_took_less_than_nothing(own: float) -> None:
    before = Times(available=100, idle=50, own=10)
    assert share_of_others(before, Times(available=120, idle=70, own=own)) == 0
    assert share_of_others(before, before) == 0
