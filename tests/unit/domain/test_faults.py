import itertools
from typing import Any

import pytest

from casavi_mock.domain.faults import ANY, JOB_KINDS, KINDS, MAX_FAULTS, REFUSED, Asked, Effect, Fault, FaultBook
from casavi_mock.errors import Unsteerable

RESET = Effect(kind="reset")
CALLED = ("authenticate", "importMasterData", "getJob")


def book(*faults: Fault) -> FaultBook:
    made = FaultBook()
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
    assert [bool(faults.take(name)) for name in (*CALLED, *CALLED)] == [False, True, True, False, False, False]


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
    faults = book(fault(), fault())
    for name, shown in (("fault-7", "'fault-7'"), ("x" * 98, f"'{'x' * 98}'"), ("x" * 99, f"'{'x' * 99}…")):
        with pytest.raises(Unsteerable) as refused:
            faults.remove(name)
        assert refused.value.what == f"There is no fault {shown}."
        assert refused.value.possible == ("fault-1", "fault-2")


def test_is_bounded() -> None:
    faults = book(*(fault() for _ in range(MAX_FAULTS)))
    with pytest.raises(Unsteerable, match=f"There are {MAX_FAULTS} faults"):
        faults.add(fault())
    assert len(faults) == MAX_FAULTS


def test_the_oldest_that_is_over_makes_room() -> None:
    faults = FaultBook(3)
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


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != REFUSED])
def test_every_kind_can_strike(kind: str) -> None:
    faults = book(fault("importMasterData", effect=effect(kind)))
    taken = faults.take("importMasterData")
    assert taken is not None
    assert taken.effect == effect(kind)


@pytest.mark.parametrize(("kind", "operation"), list(itertools.product(JOB_KINDS, (ANY, "getJob", "authenticate"))))
def test_jobs_are_struck_where_they_are_created(kind: str, operation: str) -> None:
    with pytest.raises(Unsteerable, match="needs an operation that creates jobs") as refused:
        book().add(fault(operation, effect=effect(kind)))
    assert refused.value.possible == ("importMasterData",)


# What a call asks for


def asked(body: bytes) -> Asked:
    return Asked("POST", "/import", "", {}, body)


HOUSE = b'{"properties": [{"id": "P-1", "addresses": [{"units": [{"id": "U-1"}]}], "documents": [{"id": "D-1"}]}]}'


@pytest.mark.parametrize(
    ("body", "records"),
    [
        (HOUSE, {("properties", "P-1"), ("units", "U-1"), ("documents", "D-1")}),
        (b'{"contacts": [{"id": "C-1"}, {"id": 7}, 8], "others": [{"id": "X"}]}', {("contacts", "C-1")}),
        (b"[1]", set()),
        (b"{", set()),
        (b"[" * 100_000, set()),
    ],
)
def test_the_records_of_an_import(body: bytes, records: set[tuple[str, str]]) -> None:
    assert asked(body).records == records


@pytest.mark.parametrize(
    ("options", "means"),
    [
        ({"when": "unit=U-1"}, True),
        ({"when": "unit=P-1"}, False),
        ({"when": "contact=C-1"}, False),
        ({"chooses": lambda call: call.json["properties"]}, True),
        ({"chooses": lambda call: call.method == "GET"}, False),
        ({"when": "unit=U-1", "chooses": lambda call: False}, False),
        ({"effect": Effect(kind=REFUSED, entity="documents", id="D-1", rule="account-full")}, True),
        ({"effect": Effect(kind=REFUSED, entity="documents", id="D-2", rule="account-full")}, False),
    ],
)
def test_counts_the_calls_that_it_means(options: dict[str, Any], means: bool) -> None:
    one = fault("importMasterData", **options)
    assert one.means("importMasterData", asked(HOUSE)) == means
    assert not one.means("importMasterData", None)
    assert not one.means("getJob", asked(HOUSE))


def test_a_book_says_who_looks() -> None:
    faults = book(fault("getJob"), fault("importMasterData", when="unit=U-1"))
    assert [faults.looks(name) for name in CALLED] == [False, True, False]


def test_records_are_refused_beside_what_strikes() -> None:
    refusal = Effect(kind=REFUSED, entity="units", id="U-1", rule="account-full")
    faults = book(fault("importMasterData", effect=refusal, times=1), fault("importMasterData"))
    refusing: list[Fault] = []
    for _ in range(2):
        taken = faults.take("importMasterData", asked(HOUSE), refusing)
        assert taken is not None
        assert taken.effect == RESET
    assert [one.effect for one in refusing] == [refusal]
    assert [(seen.calls, seen.hits) for seen in faults.list()] == [(2, 1), (2, 2)]
    faults.take("importMasterData", asked(HOUSE))
    with pytest.raises(Unsteerable):
        fault("getJob", effect=refusal)
