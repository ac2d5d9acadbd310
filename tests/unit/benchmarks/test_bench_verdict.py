"""Met, not met, close, not measured."""

import pytest

from casavi_bench.measurement import Measurement, Measurements
from casavi_bench.verdict import (
    UNKNOWN,
    Finding,
    Key,
    every,
    first_known,
    ratio_at_least,
    ratio_at_most,
    short,
    value_at_most,
)

OURS: Key = ("ours", "job", "cpu_us")
PEER: Key = ("peer", "job", "cpu_us")


def found(ours: list[float], peer: list[float]) -> Measurements:
    """Values of both, round by round."""
    return Measurements(
        Measurement(*key, number, value)
        for key, values in ((OURS, ours), (PEER, peer))
        for number, value in enumerate(values)
    )


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [(20.0, "met"), (89.0, "met, close"), (90.0, "met, close"), (91.0, "not met, close"), (118.0, "not met")],
)
def test_a_ratio_is_judged_by_its_bar(ours: float, verdict: str) -> None:
    assert ratio_at_most(0.9, OURS, PEER)(found([ours], [100.0])).verdict == verdict


@pytest.mark.parametrize(
    ("ours", "verdict"), [(200.0, "met"), (110.0, "met, close"), (109.0, "not met, close"), (50.0, "not met")]
)
def test_more_may_be_better(ours: float, verdict: str) -> None:
    assert ratio_at_least(1.1, OURS, PEER)(found([ours], [100.0])).verdict == verdict


def test_the_median_decides_and_the_range_is_shown() -> None:
    finding = ratio_at_most(0.9, OURS, PEER)(found([50.0, 80.0, 300.0], [100.0, 100.0, 100.0]))
    assert finding == Finding("0.80 × (0.50–3.00)", met=True, close=True)


def test_a_value_is_judged_in_its_unit() -> None:
    assert value_at_most(20, "ms", OURS)(found([63.06], [])) == Finding("63.1 ms", met=False)


def test_what_was_not_measured_is_neither_met_nor_unmet() -> None:
    for judge in (ratio_at_most(1, OURS, PEER), ratio_at_least(1, OURS, PEER)):
        assert judge(found([1.0], [])) == UNKNOWN
    assert value_at_most(1, "ms", OURS)(Measurements()).verdict == "not measured"


def test_every_part_has_to_be_met() -> None:
    judge = every({"a": value_at_most(1, "ms", OURS), "b": value_at_most(1, "ms", PEER)})
    assert judge(found([0.5], [0.25])).verdict == "met"
    assert judge(found([0.5], [2.0])) == Finding("a 0.50 ms; b 2.00 ms", met=False)


def test_one_unmet_part_is_enough_even_if_another_was_not_measured() -> None:
    judge = every({"a": value_at_most(1, "ms", OURS), "b": value_at_most(1, "ms", PEER)})
    assert judge(found([2.0], [])).met is False


def test_a_part_that_was_not_measured_leaves_the_rest_open() -> None:
    finding = every({"a": value_at_most(1, "ms", OURS), "b": value_at_most(1, "ms", PEER)})(found([0.5], []))
    assert finding == Finding("a 0.50 ms; the rest not measured", met=None)
    assert every({"a": value_at_most(1, "ms", OURS)})(Measurements()) == UNKNOWN


def test_the_first_way_that_has_values_counts() -> None:
    judge = first_known(value_at_most(1, "ms", OURS), value_at_most(1, "ms", PEER))
    assert judge(found([2.0], [0.5])).measured == "2.00 ms"
    assert judge(found([], [0.5])).measured == "0.50 ms"
    assert judge(Measurements()) == UNKNOWN


def test_an_unmet_whole_is_close_only_if_all_its_unmet_parts_are() -> None:
    judge = every({"a": value_at_most(1, "ms", OURS), "b": value_at_most(1, "ms", PEER)})
    assert judge(found([1.1], [1.1])).verdict == "not met, close"
    assert judge(found([1.1], [5.0])).verdict == "not met"


def test_nothing_and_less_are_at_most_nothing() -> None:
    # memory can shrink: a slope below zero is no noise around the bar
    assert value_at_most(30, "bytes", OURS)(found([-12.0], [])) == Finding("-12.0 bytes", met=True)
    assert value_at_most(0, "bytes", OURS)(found([0.0], [])).verdict == "met"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.456, "0.46"), (9.99, "9.99"), (12.34, "12.3"), (123.4, "123"), (12345.6, "12,346"), (0, "0.00")],
)
def test_numbers_have_the_digits_that_mean_something(value: float, text: str) -> None:
    assert short(value) == text
