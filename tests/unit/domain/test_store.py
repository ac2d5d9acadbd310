import gc
import itertools
from datetime import timedelta
from typing import Any

import pytest

from casavi_mock.domain import store as tables
from casavi_mock.domain.model import ENTITIES, Outcome, Record
from casavi_mock.domain.store import MAX_SHARED, Store
from tests.support.counting import calls
from tests.support.time import START

LATER = START + timedelta(hours=1)


def at(street: str, property_id: str = "P-1") -> dict[str, str]:
    """The place of a unit."""
    return {"propertyId": property_id, "street": street}


def leases(*contact_ids: str) -> dict[str, Any]:
    """Fields of a unit with a contract for each of these contacts."""
    return {"contracts": [{"contactId": id_} for id_ in contact_ids]}


@pytest.fixture(name="store")
def _store() -> Store:
    return Store()


def test_is_empty_at_first(store: Store) -> None:
    """A new store holds no record of any kind."""
    assert [store.count(entity) for entity in ENTITIES] == [0, 0, 0, 0, 0]
    assert store.get("contacts", "C-1") is None
    assert not store.has("contacts", "C-1")
    assert store.content("D-1") is None


def test_creates(store: Store) -> None:
    """A record that was not there is created, with both time stamps."""
    assert store.put("contacts", "C-1", {"note": "x"}, {}, START) is Outcome.CREATED
    record = store.get("contacts", "C-1")
    assert record is not None
    assert (record.entity, record.key, record.fields) == ("contacts", "C-1", {"note": "x"})
    assert (record.created_at, record.modified_at) == (START, START)
    assert store.has("contacts", "C-1")


@pytest.mark.parametrize(
    ("fields", "place"),
    [({"note": "y"}, at("a")), ({"note": "x"}, at("b")), ({"note": "x"}, at("a", "P-2")), ({}, at("a"))],
)
def test_updates(store: Store, fields: dict[str, str], place: dict[str, str]) -> None:
    """New fields or a new place change a record and its modification time; its number stays."""
    store.put("units", "U-1", {"note": "x"}, at("a"), START)
    assert store.put("units", "U-1", fields, place, LATER) is Outcome.UPDATED
    record = store.get("units", "U-1")
    assert record is not None
    assert (record.fields, record.place, record.internal_id) == (fields, place, 1)
    assert (record.created_at, record.modified_at) == (START, LATER)


def test_leaves_what_is_the_same(store: Store) -> None:
    """The same again changes nothing, not even the modification time."""
    store.put("contacts", "C-1", {"note": "x", "city": "y"}, {}, START)
    assert store.put("contacts", "C-1", {"city": "y", "note": "x"}, {}, LATER) is Outcome.UNCHANGED
    record = store.get("contacts", "C-1")
    assert record is not None
    assert record.modified_at == START


@pytest.mark.parametrize(
    ("old", "new", "outcome"),
    [
        (1, True, Outcome.UPDATED),
        (False, 0, Outcome.UPDATED),
        (0.0, False, Outcome.UPDATED),
        (1, 1.0, Outcome.UNCHANGED),
        (True, True, Outcome.UNCHANGED),
        ("1", 1, Outcome.UPDATED),
        ("1", "1", Outcome.UNCHANGED),
    ],
)
def test_compares_as_json_does(store: Store, old: Any, new: Any, outcome: Outcome) -> None:
    """`true` and `1` are different values in JSON, `1` and `1.0` are one."""
    store.put("contacts", "C-1", {"customFields": {"a": old}}, {}, START)
    assert store.put("contacts", "C-1", {"customFields": {"a": new}}, {}, LATER) is outcome


def test_numbers_run_over_all_kinds(store: Store) -> None:
    """The vendor's own numbers are never used twice in an account."""
    store.put("contacts", "C-1", {}, {}, START)
    store.put("properties", "C-1", {}, {}, START)
    store.put("contacts", "C-2", {}, {}, START)
    assert [record.internal_id for entity in ENTITIES for record in store.records(entity)] == [1, 3, 2]


def test_kinds_do_not_share_ids(store: Store) -> None:
    """The same reference id names another record in every kind."""
    for entity in ENTITIES:
        fields = {"contactId": "1", "propertyId": "1"} if entity == "responsibilities" else {}
        assert store.put(entity, "1", fields, at("a"), START) is Outcome.CREATED
    assert [store.count(entity) for entity in ENTITIES] == [1, 1, 1, 1, 1]


def test_yields_records_in_order_of_creation(store: Store) -> None:
    """An update does not move a record to the end."""
    for key in ("b", "a", "c"):
        store.put("contacts", key, {}, {}, START)
    store.put("contacts", "b", {"note": "x"}, {}, LATER)
    assert [record.key for record in store.records("contacts")] == ["b", "a", "c"]


def test_keeps_contents(store: Store) -> None:
    """The content of a document is the one that was kept last."""
    store.keep_content("D-1", b"old")
    store.keep_content("D-1", b"new")
    assert store.content("D-1") == b"new"


def keys(store: Store, index: str, id_: str) -> list[Any]:
    return [record.key for record in store.linked(index, id_)]


def test_a_position_stays_what_it_is(store: Store) -> None:
    """Whatever is created or changed later, the records at the positions before stay."""
    for number in range(10):
        store.put("contacts", f"C-{number}", {}, {}, START)
    store.put("contacts", "C-3", {"note": "x"}, {}, LATER)
    store.put("contacts", "C-new", {}, {}, LATER)
    assert [record.key for record in store.records("contacts", 3)][:2] == ["C-3", "C-4"]
    assert [record.key for record in store.records("contacts", 9)] == ["C-9", "C-new"]
    assert list(store.records("contacts", 11)) == list(store.records("contacts", 1000)) == []
    assert [store.position("contacts", key) for key in ("C-0", "C-3", "C-new", "C-11")] == [0, 3, 10, None]


def test_what_is_added_during_a_walk_changes_nothing_that_was_read(store: Store) -> None:
    """A walk that has begun goes on over what is created meanwhile or ends before it; it never breaks."""
    for number in range(3):
        store.put("contacts", f"C-{number}", {}, {}, START)
    walk = store.records("contacts")
    first = next(walk)
    store.put("contacts", "C-0", {"note": "x"}, {}, LATER)
    store.put("contacts", "C-3", {}, {}, LATER)
    assert [first.key, *(record.key for record in walk)][:3] == ["C-0", "C-1", "C-2"]


def test_the_first_record_of_a_late_page_costs_as_much_as_the_first_of_all(store: Store) -> None:
    """Counted by calls and by keys that are looked at, not by time."""
    for number in range(2_000):
        store.put("contacts", f"C-{number}", {}, {}, START)

    first, late = (calls(lambda n=start: next(store.records("contacts", n))) for start in (0, 1_999))
    assert first == late


def test_units_are_found_by_their_contacts_and_property(store: Store) -> None:
    """A unit stands under each contact of its contracts once, and under its property."""
    store.put("units", "U-1", leases("C-1", "C-2", "C-1"), at("a"), START)
    store.put("units", "U-2", leases("C-1"), at("b", "P-2"), START)
    store.put("units", "U-3", {}, at("a"), START)
    assert keys(store, "units of contacts", "C-1") == ["U-1", "U-2"]
    assert keys(store, "units of contacts", "C-2") == ["U-1"]
    assert keys(store, "units of contacts", "C-3") == []
    assert keys(store, "units of properties", "P-1") == ["U-1", "U-3"]


def test_indexes_follow_a_move_and_changed_contracts(store: Store) -> None:
    """Neither a property that a unit has left nor a contact whose contract is gone still has it."""
    store.put("units", "U-1", leases("C-1", "C-2"), at("a"), START)
    store.put("units", "U-1", leases("C-2", "C-3"), at("a", "P-2"), LATER)
    assert keys(store, "units of properties", "P-1") == keys(store, "units of contacts", "C-1") == []
    assert keys(store, "units of properties", "P-2") == ["U-1"]
    assert keys(store, "units of contacts", "C-2") == keys(store, "units of contacts", "C-3") == ["U-1"]
    (found,) = store.linked("units of contacts", "C-2")
    assert found == store.get("units", "U-1")
    store.put("units", "U-1", {}, at("a", "P-2"), LATER)
    assert keys(store, "units of contacts", "C-3") == []


def test_of_two_units_of_a_contact_one_can_go(store: Store) -> None:
    for key in ("U-1", "U-2"):
        store.put("units", key, leases("C-1"), at("a"), START)
    store.put("units", "U-1", {}, at("a"), LATER)
    assert keys(store, "units of contacts", "C-1") == ["U-2"]


def test_linked_records_come_as_they_were_created(store: Store) -> None:
    """Not as they came to stand there, so that a restored store shows the same."""
    for number in (1, 2, 3):
        store.put("units", f"U-{number}", {}, at("a", "P-2" if number == 1 else "P-1"), START)
    store.put("units", "U-1", {}, at("a"), LATER)
    assert keys(store, "units of properties", "P-1") == ["U-1", "U-2", "U-3"]


def test_responsibilities_are_found_by_contact_and_property(store: Store) -> None:
    for role in ("a", "b"):
        fields = {"propertyId": "P-1", "contactId": "C-1", "roleName": role}
        store.put("responsibilities", ("P-1", "C-1", role), fields, {}, START)
    assert keys(store, "responsibilities of contacts", "C-1") == [("P-1", "C-1", "a"), ("P-1", "C-1", "b")]
    assert keys(store, "responsibilities of properties", "P-1") == keys(store, "responsibilities of contacts", "C-1")
    assert keys(store, "responsibilities of properties", "P-2") == []


def test_a_copy_changes_on_its_own(store: Store) -> None:
    """Neither of the two sees what becomes of the other."""
    store.put("units", "U-1", leases("C-1"), at("a"), START)
    store.keep_content("D-1", b"old")
    store.portal["C-1"] = (True, True)
    other = store.copy()
    other.put("units", "U-1", {}, at("a", "P-2"), LATER)
    other.put("units", "U-2", leases("C-1"), at("a"), LATER)
    other.keep_content("D-1", b"new")
    other.portal["C-1"] = (False, False)
    assert store.count("units") == 1
    assert keys(store, "units of contacts", "C-1") == keys(store, "units of properties", "P-1") == ["U-1"]
    assert (store.content("D-1"), store.portal) == (b"old", {"C-1": (True, True)})
    assert keys(other, "units of contacts", "C-1") == ["U-2"]
    store.put("contacts", "C-9", {}, {}, LATER)
    assert not other.has("contacts", "C-9")
    other.put("contacts", "C-9", {}, {}, LATER)
    assert [one.get("contacts", "C-9").internal_id for one in (store, other)] == [2, 3]  # type: ignore[union-attr]


def test_restores_a_record_as_it_was(store: Store) -> None:
    """With its number and its times, and with its place in the indexes; new numbers come after it."""
    record = Record("units", "U-1", 41, leases("C-1"), at("a"), START, LATER)
    store.restore(record)
    assert store.get("units", "U-1") == record
    assert list(store.records("units")) == [record]
    assert keys(store, "units of contacts", "C-1") == keys(store, "units of properties", "P-1") == ["U-1"]
    store.restore(Record("contacts", "C-1", 7, {}, {}, START, START))
    store.put("contacts", "C-2", {}, {}, LATER)
    assert [one.internal_id for one in store.records("contacts")] == [7, 42]
    store.put("units", "U-1", leases("C-1"), at("a"), LATER)
    assert store.get("units", "U-1") == record


def test_enters_records_as_they_were(store: Store) -> None:
    """Many at once, like `restore`."""
    place = (("propertyId", "P-1"), ("street", "a"))
    rows = [(f"U-{n}", 40 + n, ("contracts",), ([{"contactId": f"C-{n}"}],), place, START, LATER) for n in range(3)]
    store.enter("units", rows)
    expected = [Record("units", f"U-{n}", 40 + n, leases(f"C-{n}"), at("a"), START, LATER) for n in range(3)]
    assert list(store.records("units")) == expected
    assert keys(store, "units of contacts", "C-1") == ["U-1"]
    assert keys(store, "units of properties", "P-1") == ["U-0", "U-1", "U-2"]
    assert (store.total, store.count("units")) == (3, 3)
    store.put("contacts", "C-0", {}, {}, LATER)
    assert [one.internal_id for one in store.records("contacts")] == [43]


def test_keeps_names_and_order_of_fields_however_many_orders_there_are(store: Store) -> None:
    """Records that share their names and those that do not give back what was put, in its order."""
    orders = list(itertools.islice(itertools.permutations("abcdefg"), 2 * MAX_SHARED))
    for number, order in enumerate(orders):
        store.put("contacts", f"C-{number}", {name: [name, number, {"x": None}] for name in order}, {}, START)
    for number, (order, record) in enumerate(zip(orders, store.records("contacts"), strict=True)):
        assert list(record.fields.items()) == [(name, [name, number, {"x": None}]) for name in order]


def test_records_with_the_same_fields_hold_their_names_once(store: Store) -> None:
    for number in range(3):
        store.put("contacts", f"C-{number}", {"note": number, "city": "x"}, {}, START)
    (names,) = {id(row[2]) for row in store._tables["contacts"].rows}
    assert names == id(store.copy()._tables["contacts"].rows[0][2])


def test_counts_all_records_of_all_kinds(store: Store) -> None:
    for number in range(3):
        store.put("contacts", f"C-{number}", {}, {}, START)
        store.put("properties", "P-1", {"note": number}, {}, START)
    other = store.copy()
    other.put("contacts", "C-9", {}, {}, START)
    assert (store.total, other.total, Store().total) == (4, 5, 0)


@pytest.mark.parametrize("before", [{"note": "x"}, {"note": 2}, {}])
def test_true_is_not_one_whatever_stands_before_it(store: Store, before: dict[str, Any]) -> None:
    for value, outcome in ((1, Outcome.CREATED), (True, Outcome.UPDATED), (True, Outcome.UNCHANGED)):
        fields = {"customFields": {**before, "a": value}}
        assert store.put("contacts", "C-1", {**before, **fields}, {}, START) is outcome


def test_what_is_stored_cannot_be_changed_from_outside(store: Store) -> None:
    """Neither through what was put nor through what was read."""
    fields = {"customFields": {"a": 1}, "contracts": [{"contactId": "C-1"}]}
    store.put("units", "U-1", fields, at("a"), START)
    fields["customFields"]["a"] = 2  # type: ignore[index, call-overload]
    for _ in range(2):
        record = store.get("units", "U-1")
        assert record is not None
        assert record.fields == {"customFields": {"a": 1}, "contracts": [{"contactId": "C-1"}]}
        record.fields["customFields"]["a"] = 3


def test_linked_records_come_as_they_were_created_whatever_they_are_called(store: Store) -> None:
    """And whenever they came to stand where they are."""
    for name, house in (("U-3", "P-1"), ("U-1", "P-2"), ("U-2", "P-1")):
        store.put("units", name, {}, at("a", house), START)
    store.put("units", "U-1", {}, at("a", "P-1"), LATER)
    assert [record.key for record in store.linked("units of properties", "P-1")] == ["U-3", "U-1", "U-2"]


def test_finds_records_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in a copy, and after positions were divided."""
    monkeypatch.setattr(tables, "DIVIDED_FROM", 50)
    store = Store()
    for number in range(200):
        assert store.put("contacts", f"C-{number}", {"n": number}, {}, START) is Outcome.CREATED
        assert not store.has("contacts", f"C-{number + 1}")
    other = store.copy()
    other.put("contacts", "C-200", {"n": 200}, {}, START)
    for one, count in ((store, 200), (other, 201)):
        assert [one.get("contacts", f"C-{number}").fields["n"] for number in range(count)] == list(range(count))  # type: ignore[union-attr]
        assert not one.has("contacts", f"C-{count}")
    assert store.put("contacts", "C-7", {"n": -7}, {}, LATER) is Outcome.UPDATED
    assert [record.fields["n"] for record in store.records("contacts", 6)][:3] == [6, -7, 8]


def test_positions_are_divided_as_soon_as_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """One dict of all would be copied as a whole each time it grows, and everybody would wait for that."""
    monkeypatch.setattr(tables, "DIVIDED_FROM", 50)
    positions = tables._Positions()
    for number in range(49):
        positions.add(number, number)
    assert len(positions._parts) == 1
    for number in range(49, 640):
        positions.add(number, number)
        assert len(positions._parts) == tables.PARTS
    assert {len(part) for part in positions._parts} == {640 // tables.PARTS}  # whole numbers are their own hashes


def test_a_record_says_what_it_is_about(store: Store) -> None:
    """Its text names it, and it equals a record of the same content alone."""
    store.put("contacts", "C-1", {"note": "x"}, {}, START)
    record = store.get("contacts", "C-1")
    assert repr(record) == "<Record contacts 'C-1'>"
    assert record == Record("contacts", "C-1", 1, {"note": "x"}, {}, START, START)
    assert record != Record("contacts", "C-1", 1, {"note": "x"}, {}, START, LATER)
    assert record != "C-1"


def test_a_contact_takes_little_room_and_no_time_of_the_collector() -> None:
    """However much is stored, the garbage collector has a handful of objects to look at."""
    store = Store()
    gc.collect()
    before = len(gc.get_objects())
    for number in range(1_000):
        store.put("contacts", f"C-{number}", {"note": f"{number}", "customFields": {"a": number}}, {}, START)
    gc.collect()
    assert len(gc.get_objects()) - before < 100
