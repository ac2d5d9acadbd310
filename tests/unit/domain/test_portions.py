"""Records that are parsed when their turn comes are planned and imported like all others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from casavi_fixtures import address, contact, contract, document, load_portfolio, property_, responsibility, unit
from casavi_mock.domain.jobs import Progress
from casavi_mock.domain.model import JobState, Key
from casavi_mock.domain.ordering import Plan, PlannedRecords, Portion, plan
from tests.support.accounts import Bench, outcomes, refusals, settings
from tests.support.time import START

SHAPE = settings().shape
FIELDS = {child.key: child.shape.fields for child in SHAPE.children}
IMMEDIATE = Progress(progress="immediate")
IDENTITIES = {child.key: child.shape.identity for child in SHAPE.children if not child.shape.children}


@dataclass
class Loads:
    """Portions that count how often they are loaded."""

    size: int
    count: int = field(default=0)

    def divided(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Returns a body whose records come in portions; every third piece is not in one, but the units in it are."""
        return {name: self._pieces(name, value) for name, value in body.items()}

    def _pieces(self, name: str, records: Sequence[Mapping[str, Any]]) -> list[Any]:
        pieces: list[Any] = []
        for number, start in enumerate(range(0, len(records), self.size)):
            part = records[start : start + self.size]
            if name not in IDENTITIES:
                pieces += map(self._with_units, part) if number % 3 == 2 else [Portion(len(part), self._load(part))]
                continue
            keys = [_key(name, record) for record in part]
            odd = [
                (n, names) for n, record in enumerate(part) if (names := [f for f in record if f not in FIELDS[name]])
            ]
            pieces += part if number % 3 == 2 else [Portion(len(part), self._load(part), keys, odd)]
        return pieces

    def _with_units(self, house: Mapping[str, Any]) -> dict[str, Any]:
        return {**house, "addresses": [self._in_portions(part) for part in house.get("addresses", ())]}

    def _in_portions(self, place: Mapping[str, Any]) -> dict[str, Any]:
        units = place.get("units", ())
        starts = range(0, len(units), self.size)
        parts = [units[start : start + self.size] for start in starts]
        return {**place, "units": [Portion(len(part), self._load(part)) for part in parts]}

    def _load(self, part: Sequence[Mapping[str, Any]]) -> Any:
        def load() -> Sequence[Mapping[str, Any]]:
            self.count += 1
            return part

        return load


def _key(name: str, record: Mapping[str, Any]) -> Key:
    identity = IDENTITIES[name]
    return record["id"] if identity == ("id",) else tuple(record[part] for part in identity)


def rows(planned: Plan) -> list[tuple[Any, ...]]:
    return [(record.entity, record.key, record.pointer, _own(record.data)) for record in planned.records]


def _own(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in ("addresses", "documents")}


def house(number: int) -> dict[str, Any]:
    units = [
        unit(id=f"U-{number}-{n}", contracts=[contract(contactId="C-1")], documents=[document(id=f"D-{number}-{n}")])
        for n in range(5)
    ]
    place = address(units=[{**one, "odd": 1} if number % 2 else one for one in units])
    return property_(id=f"P-{number}", addresses=[place, address(street="B")], documents=[document(id=f"D-{number}")])


BODIES = {
    "small house": load_portfolio("small-house"),
    "duplicates": {
        "contacts": [contact(id=f"C-{n % 7}") for n in range(20)],
        "responsibilities": [responsibility(contactId="C-1")] * 3,
    },
    "missing references": {
        "contacts": [contact(id=f"C-{n}") for n in range(9)],
        "properties": [property_(id="P-1")],
        "responsibilities": [responsibility(propertyId=f"P-{n % 3}", contactId=f"C-{n}") for n in range(12)],
    },
    "properties": {
        "properties": [house(n) for n in range(8)],
        "contacts": [contact(id="C-1")],
    },
    "properties, refused": {"properties": [house(n) for n in (1, 2, 3, 1, 4, 3)]},
    "unknown fields": {
        "contacts": [{**contact(id=f"C-{n}"), **({"shoe": n, "hat": 1} if n % 4 else {})} for n in range(11)],
    },
    "empty": {"contacts": [], "responsibilities": []},
}


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize("name", BODIES)
def test_portions_change_nothing(name: str, size: int) -> None:
    """Neither the plan, nor what becomes of the records, nor what is stored."""
    body, loads = BODIES[name], Loads(size)
    whole, parts = plan(body, SHAPE), plan(loads.divided(body), SHAPE)
    assert rows(parts) == rows(whole)
    assert (parts.duplicates, parts.warnings) == (whole.duplicates, whole.warnings)
    one, other = Bench(progress=IMMEDIATE), Bench(progress=IMMEDIATE)
    jobs = one.take(body), other.take(loads.divided(body))
    assert jobs[0].errors == jobs[1].errors
    assert outcomes(jobs[0]) == outcomes(jobs[1])
    assert one.stored() == other.stored()


@pytest.mark.parametrize("size", [1, 4, 50])
def test_each_portion_is_parsed_once(size: int) -> None:
    """When its turn comes, and no earlier: planning and counting parse nothing."""
    loads = Loads(size)
    bench = Bench(progress=IMMEDIATE)
    job = bench.submit(loads.divided({"contacts": [contact(id=f"C-{n}") for n in range(50)]}))
    assert (loads.count, job.total) == (0, 50)
    bench.run()
    portions = [n for n in range(-(-50 // size)) if n % 3 != 2]
    assert (job.state, loads.count) == (JobState.COMPLETED, len(portions))


def test_records_of_two_kinds_that_are_in_no_portion_count_as_what_they_are() -> None:
    body = Loads(4).divided({"contacts": [contact(id=f"C-{n}") for n in range(12)]})
    planned = plan({**body, "properties": [property_(id="P-1"), property_(id="P-2")]}, SHAPE)
    assert [dict(planned.kinds(done)) for done in (0, 11, 12, 13)] == [
        {"contacts": 12, "properties": 2},
        {"contacts": 1, "properties": 2},
        {"properties": 2},
        {"properties": 1},
    ]


@pytest.mark.parametrize("divided", [False, True])
@pytest.mark.parametrize("done", [0, 1, 5, 12, 13])
def test_what_is_left_of_a_job_counts_by_kind(done: int, divided: bool) -> None:
    """A job that is told to fail refuses the rest, and parses nothing of it."""
    loads = Loads(4)
    body = {
        "contacts": [contact(id=f"C-{n}") for n in range(9)],
        "properties": [property_(id="P-1")],
        "responsibilities": [responsibility(contactId=f"C-{n}") for n in range(3)],
    }
    planned = plan(loads.divided(body) if divided else body, SHAPE)
    kinds = ["contacts"] * 9 + ["properties"] + ["responsibilities"] * 3
    left = planned.kinds(done)
    assert {entity: number for entity, number in left.items() if number} == {
        entity: kinds[done:].count(entity) for entity in kinds[done:]
    }
    assert loads.count == divided, "only what may hold other records is parsed to be planned"


def test_a_job_of_portions_can_fail_by_force() -> None:
    """All of its records count as refused."""
    loads = Loads(10)
    bench = Bench(progress=Progress(progress="manual"))
    job = bench.submit(loads.divided({"contacts": [contact(id=f"C-{n}") for n in range(25)]}))
    bench.queue.force("failed", job.id, START)
    assert (job.state, outcomes(job), loads.count) == (JobState.FAILED, {"refused": 25}, 0)


def test_a_duplicate_in_another_portion_is_found() -> None:
    """Within a portion, between two, and between a portion and a record that is in none."""
    records = [contact(id=name) for name in "abacbdxyzwab"]
    bench = Bench(progress=IMMEDIATE)
    job = bench.take(Loads(3).divided({"contacts": records}))
    assert [id_ for _, id_, _ in refusals(job)] == ["a", "b", "a", "b", "a", "b"]


def test_records_are_a_sequence() -> None:
    """With a length, an order, parts, and an end."""
    records = plan(Loads(2).divided({"contacts": [contact(id=f"C-{n}") for n in range(9)]}), SHAPE).records
    assert isinstance(records, PlannedRecords)
    names = [f"C-{n}" for n in range(9)]
    assert ([record.key for record in records], len(records)) == (names, 9)
    assert [records[index].key for index in (8, 0, -1, 4)] == ["C-8", "C-0", "C-8", "C-4"]
    assert [record.key for record in records[2:7:2]] == names[2:7:2]
    for index in (9, -10):
        with pytest.raises(IndexError):
            records[index]
