import itertools
import math
from typing import Any

import pytest

from casavi_mock.domain.faults import ANY, JOB_KINDS, KINDS, MAX_FAULTS, Effect, Fault, FaultBook
from casavi_mock.errors import Unsteerable

OPERATIONS = ("authenticate", "importMasterData", "getJob")
RESET = Effect(kind="reset")


def book(*faults: Fault) -> FaultBook:
    made = FaultBook(OPERATIONS)
    for fault in faults:
        made.add(fault)
    return made


def fault(operation: str = "getJob", **options: Any) -> Fault:
    return Fault(operation=operation, **{"effect": RESET, **options})


def struck(faults: FaultBook, calls: int, operation: str = "getJob") -> list[int]:
    """Numbers of the calls that are struck."""
    return [number for number in range(1, calls + 1) if faults.take(operation)]


def effect(kind: str) -> Effect:
    """A good effect of a kind."""
    values: dict[str, dict[str, Any]] = {"status": {"status": 503}, "delay": {"seconds": 0.5}}
    return Effect(kind=kind, **values.get(kind, {}))


def test_nothing_happens_without_faults() -> None:
    faults = book()
    assert (len(faults), faults.list(), faults.take("getJob")) == (0, [], None)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"first": 3}, [3, 4, 5, 6]),
        ({"times": 1}, [1]),
        ({"first": 2, "times": 3}, [2, 3, 4]),
        ({"first": 6, "times": 9}, [6]),
        ({"first": 7}, []),
    ],
)
def test_strikes_the_calls_it_names(options: dict[str, int], expected: list[int]) -> None:
    """From the n-th call on, so many times in a row."""
    assert struck(book(fault(**options)), 6) == expected


def test_counts_from_when_it_was_added() -> None:
    """Calls before do not count."""
    faults = book()
    struck(faults, 5)
    faults.add(fault(first=2, times=1))
    assert struck(faults, 3) == [2]


@pytest.mark.parametrize(
    ("options", "last"), [({"times": 1}, 1), ({"first": 2, "times": 3}, 4), ({"first": 3, "times": 2}, 4), ({}, None)]
)
def test_is_over_after_the_last_call_that_it_strikes(options: dict[str, int], last: int | None) -> None:
    faults = book(fault(**options))
    over = [number for number in range(1, 7) if (faults.take("getJob"), faults.list()[0].over)[1]]
    assert over == ([] if last is None else list(range(last, 7)))


def test_a_fault_of_another_operation_hides_none_behind_it() -> None:
    assert struck(book(fault("authenticate"), fault(times=2)), 3) == [1, 2]


def test_counts_its_own_operation_alone() -> None:
    faults = book(fault(first=2, times=1))
    assert struck(faults, 3, "authenticate") == []
    assert [(seen.calls, seen.hits) for seen in faults.list()] == [(0, 0)]
    assert struck(faults, 3) == [2]


def test_any_operation_counts_for_a_star() -> None:
    faults = book(fault(ANY, first=2, times=2))
    assert [bool(faults.take(name)) for name in (*OPERATIONS, *OPERATIONS)] == [False, True, True, False, False, False]


def test_the_first_added_takes_effect_and_all_count() -> None:
    """Faults are asked in the order in which they were added; one that comes too late has still seen the call."""
    faults = book(fault(first=2, times=1), fault(ANY, times=3, effect=effect("status")), fault(effect=effect("delay")))
    kinds = [taken.effect.kind for _ in range(5) if (taken := faults.take("getJob"))]
    assert kinds == ["status", "reset", "status", "delay", "delay"]
    assert [(seen.calls, seen.hits) for seen in faults.list()] == [(5, 1), (5, 2), (5, 2)]
    assert [seen.over for seen in faults.list()] == [True, True, False]


def test_the_fault_taken_is_the_one_added() -> None:
    added = fault(times=1)
    faults = book()
    name = faults.add(added)
    taken = faults.take("getJob")
    assert taken == added
    assert taken is not None
    assert taken.id == name == faults.list()[0].id
    assert (added.id, faults.list()[0].fault) == ("", added)


def test_the_same_fault_can_be_added_twice() -> None:
    faults = book(fault(times=1), fault(times=2))
    assert struck(faults, 3) == [1, 2]
    assert [seen.hits for seen in faults.list()] == [1, 1]


def test_removal() -> None:
    """Ids are never used again; what is left goes on counting."""
    faults = book(fault(), fault(first=3))
    assert struck(faults, 1) == [1]
    faults.remove("fault-1")
    assert struck(faults, 2) == [2]
    assert [(seen.id, seen.calls, seen.hits) for seen in faults.list()] == [("fault-2", 3, 1)]
    faults.clear()
    assert (len(faults), faults.take("getJob")) == (0, None)
    assert faults.add(fault()) == "fault-3"


def test_removal_of_an_unknown_one() -> None:
    with pytest.raises(Unsteerable, match="There is no fault 'fault-7'") as refused:
        book(fault(), fault()).remove("fault-7")
    assert refused.value.possible == ("fault-1", "fault-2")


def test_is_bounded() -> None:
    faults = book(*(fault() for _ in range(MAX_FAULTS)))
    with pytest.raises(Unsteerable, match=f"There are {MAX_FAULTS} faults"):
        faults.add(fault())
    assert len(faults) == MAX_FAULTS


def test_the_oldest_that_is_over_makes_room() -> None:
    faults = FaultBook(OPERATIONS, 3)
    for options in ({}, {"times": 1}, {"times": 1}):
        faults.add(fault(**options))
    struck(faults, 1)
    faults.add(fault())
    assert [seen.id for seen in faults.list()] == ["fault-1", "fault-3", "fault-4"]


def test_a_view_is_a_moment() -> None:
    """Whoever looks at a list is not disturbed by calls."""
    faults = book(fault())
    seen = faults.list()
    faults.take("getJob")
    assert (seen[0].calls, seen[0].hits) == (0, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_strike(kind: str) -> None:
    faults = book(fault("importMasterData", effect=effect(kind)))
    taken = faults.take("importMasterData")
    assert taken is not None
    assert taken.effect == effect(kind)


@pytest.mark.parametrize(
    ("values", "what", "possible"),
    [
        ({"kind": "explode"}, "There is no effect 'explode'.", tuple(KINDS)),
        ({"kind": None}, "There is no effect None.", tuple(KINDS)),
        ({"kind": ["status"]}, "There is no effect ['status'].", tuple(KINDS)),
        ({"kind": "x" * 1000}, f"There is no effect '{'x' * 99}….", tuple(KINDS)),
        ({"kind": "status"}, "The effect 'status' needs 'status'.", ("status", "retry_after_seconds")),
        ({"kind": "delay"}, "The effect 'delay' needs 'seconds'.", ("seconds",)),
        ({"kind": "reset", "status": 503}, "'status' does not belong to the effect 'reset'.", ()),
        ({"kind": "x" * 98}, f"There is no effect '{'x' * 98}'.", tuple(KINDS)),
        (
            {"kind": "delay", "seconds": 1, "retry_after_seconds": 1},
            "'retry_after_seconds' does not belong to the effect 'delay'.",
            ("seconds",),
        ),
        (
            {"kind": "status", "status": 503, "seconds": 1.0},
            "'seconds' does not belong to the effect 'status'.",
            ("status", "retry_after_seconds"),
        ),
        *(
            ({"kind": "status", "status": value}, "'status' is a whole number from 400 to 599", ("from 400 to 599",))
            for value in (0, 99, 100, 200, 399, 600, 1000, -503, 503.0, "503", True)
        ),
        *(
            ({"kind": "delay", "seconds": value}, "'seconds' is a number from 0 to 3600", ("from 0 to 3600",))
            for value in (-1, -0.001, 3600.001, math.inf, math.nan, "1", True, [1])
        ),
        *(
            (
                {"kind": "status", "status": 429, "retry_after_seconds": value},
                "'retry_after_seconds' is a whole number from 0 to 1000000",
                ("from 0 to 1000000",),
            )
            for value in (-1, 0.5, 1_000_001, "1", False)
        ),
    ],
)
def test_impossible_effects(values: dict[str, Any], what: str, possible: tuple[str, ...]) -> None:
    """What was asked for is refused, with what could have been."""
    with pytest.raises(Unsteerable) as refused:
        Effect(**values)
    assert refused.value.what.startswith(what)
    assert refused.value.possible == possible


@pytest.mark.parametrize("values", [{"status": 400}, {"status": 599, "retry_after_seconds": 0}])
def test_bounds_of_a_status_belong_to_it(values: dict[str, int]) -> None:
    assert Effect(kind="status", **values).status == values["status"]


@pytest.mark.parametrize("seconds", [0, 0.25, 3600])
def test_bounds_of_a_delay_belong_to_it(seconds: float) -> None:
    assert Effect(kind="delay", seconds=seconds).seconds == seconds


@pytest.mark.parametrize(
    ("name", "value"), list(itertools.product(("first", "times"), (0, -1, 1.5, "1", True, math.nan)))
)
def test_impossible_calls(name: str, value: Any) -> None:
    with pytest.raises(Unsteerable, match=f"'{name}' is a whole number from 1, not"):
        fault(**{name: value})


def test_there_is_no_call_none() -> None:
    with pytest.raises(Unsteerable, match="'first' is a whole number from 1, not None"):
        fault(first=None)


@pytest.mark.parametrize("operation", ["", "postImport", "getjob", "**", None, ["getJob"]])
def test_unknown_operations(operation: Any) -> None:
    faults = book()
    with pytest.raises(Unsteerable, match="There is no operation") as refused:
        faults.add(fault(operation))
    assert refused.value.possible == (*OPERATIONS, ANY)
    assert len(faults) == 0


@pytest.mark.parametrize(("kind", "operation"), list(itertools.product(JOB_KINDS, (ANY, "getJob", "authenticate"))))
def test_jobs_are_struck_where_they_are_created(kind: str, operation: str) -> None:
    with pytest.raises(Unsteerable, match="needs an operation that creates jobs") as refused:
        book().add(fault(operation, effect=effect(kind)))
    assert refused.value.possible == ("importMasterData",)
