"""The records of an account as a document and back, with nothing lost and nothing made up."""

import copy
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from casavi_fixtures import address, contact, contract, document, load_portfolio, portfolio_names, property_, unit
from casavi_mock.domain.model import ENTITIES
from casavi_mock.domain.state import StateError, dump, load
from casavi_mock.domain.store import Store
from tests.support.accounts import Bench, settings
from tests.support.marks import by_cost
from tests.support.time import START

LATER = START + timedelta(days=400)


def loaded(state: Any) -> Store:
    return load(state, settings().shape, settings().policy, LATER)


def text(state: Any) -> str:
    return json.dumps(state, ensure_ascii=False)


def told(store: Store) -> Any:
    """Everything that a store knows, in its order."""
    links = [
        [record.key for record in store.linked(index, owner.key)]
        for index, entity in (
            ("units of contacts", "contacts"),
            ("units of properties", "properties"),
            ("responsibilities of contacts", "contacts"),
            ("responsibilities of properties", "properties"),
        )
        for owner in store.records(entity)
    ]
    return [list(store.records(entity)) for entity in ENTITIES], store.portal, links


def lived_in() -> Bench:
    """An account with a past: records of several days, a unit that moved, documents, custom fields, portal."""
    bench = Bench()
    units = [unit(id="U/1", contracts=[contract(contactId="C-1"), contract(contactId="C-2", id="K", type="OWNER")])]
    paper = document(id="D-1", content="AAAA")
    bench.take({"contacts": [contact(id="C-1", customFields={"E-Mail 2": "x", "Area": 8.5}), contact(id="C-2")]})
    bench.time.advance(days=1, microseconds=7)
    bench.take({"properties": [property_(id="P-1", postalCode=80331, addresses=[address(units=units)])]})
    bench.time.advance(days=1)
    later = [unit(id="U-2", documents=[document(id="D-2")]), unit(id="U/1")]
    streets = [address(street="Leer"), address(units=later)]
    bench.take({"properties": [property_(id="P-2", documents=[paper], addresses=streets), property_(id="P-3")]})
    roles = [{"propertyId": p, "contactId": "C-2", "roleName": "r", "roleType": "internal"} for p in ("P-2", "P-1")]
    bench.take({"responsibilities": roles})
    bench.time.advance(days=1)
    bench.take({"contacts": [contact(id="C-1", note="new")]})
    bench.store.portal |= {"C-2": (True, True), "C-1": (False, True)}
    return bench


@pytest.mark.parametrize("name", by_cost(portfolio_names()))
def test_samples_come_back_byte_for_byte(name: str) -> None:
    bench = Bench()
    bench.take(load_portfolio(name))
    state = dump(bench.store)
    again = loaded(json.loads(text(state)))
    assert text(dump(again)) == text(state)
    assert told(again) == told(bench.store)


def test_a_past_comes_back_byte_for_byte() -> None:
    bench = lived_in()
    state = dump(bench.store)
    again = loaded(json.loads(text(state)))
    assert text(dump(again)) == text(state)
    assert told(again) == told(bench.store)
    assert len({record.modified_at for record in again.records("contacts")}) == 2
    assert again.get("documents", "D-1").fields["size"] == 3  # type: ignore[union-attr]


def test_numbers_go_on_where_they_were() -> None:
    bench = lived_in()
    highest = max(record.internal_id for entity in ENTITIES for record in bench.store.records(entity))
    again = loaded(dump(bench.store))
    again.put("contacts", "C-new", {}, {}, LATER)
    assert again.get("contacts", "C-new").internal_id == highest + 1  # type: ignore[union-attr]


def test_the_document_is_an_import() -> None:
    """Sent again, it changes nothing; sent to another account, it creates the same."""
    bench = lived_in()
    sent = {name: part for name, part in dump(bench.store).items() if name != "_mock"}
    job = bench.take(sent)
    assert (job.errors, job.warnings) == ([], [])
    other = Bench()
    other.take(sent)
    assert other.stored().keys() == bench.stored().keys()
    for entity in ("contacts", "properties", "units", "responsibilities"):
        assert other.stored()[entity] == bench.stored()[entity]


def test_dumping_changes_nothing_and_shares_nothing_that_can_be_changed() -> None:
    bench = lived_in()
    before = text(dump(bench.store))
    state = dump(bench.store)
    state["contacts"].clear()
    state["properties"][0]["addresses"].clear()
    state["_mock"]["portal"].clear()
    assert text(dump(bench.store)) == before


def test_an_empty_account() -> None:
    state = dump(Store())
    assert [state[name] for name in ("contacts", "properties", "responsibilities")] == [[], [], []]
    assert text(dump(loaded(state))) == text(state)


@pytest.mark.parametrize("rest", [{}, {"_mock": None}])
def test_without_a_history_everything_is_new(rest: dict[str, Any]) -> None:
    store = loaded(load_portfolio("small-house") | rest)
    assert store.count("contacts") == 10
    assert {record.created_at for entity in ENTITIES for record in store.records(entity)} == {LATER}
    assert store.portal == {}


def test_a_refused_record_is_named() -> None:
    with pytest.raises(StateError, match=r"^/responsibilities/0/propertyId: propertyId names properties 'P'"):
        loaded({"responsibilities": [{"propertyId": "P", "contactId": "C", "roleName": "r", "roleType": "internal"}]})


# Files that were changed by hand.


def edited(change: Callable[[Any], object]) -> Store:
    state = json.loads(text(dump(lived_in().store)))
    change(state)
    return loaded(state)


def test_a_record_that_was_taken_out_is_gone() -> None:
    """Its history does not bring it back; the others keep theirs."""
    store = edited(lambda state: state["responsibilities"].pop(0))
    assert [record.key for record in store.records("responsibilities")] == [("P-1", "C-2", "r")]
    (kept,) = store.records("responsibilities")
    assert kept == lived_in().store.get("responsibilities", kept.key)


def test_a_record_that_was_put_in_is_new() -> None:
    """It comes last, with a number that no other record has."""
    store = edited(lambda state: state["contacts"].insert(0, {"id": "C-0"}))
    assert [record.key for record in store.records("contacts")] == ["C-1", "C-2", "C-0"]
    numbers = [record.internal_id for entity in ENTITIES for record in store.records(entity)]
    assert len(set(numbers)) == len(numbers)
    (new,) = (record for record in store.records("contacts") if record.key == "C-0")
    assert (new.internal_id, new.created_at, new.modified_at) == (max(numbers), LATER, LATER)


def test_a_record_that_was_put_in_stands_where_it_was_put() -> None:
    def change(state: Any) -> None:
        (place,) = (place for place in state["properties"][0]["addresses"] if place["street"] == address()["street"])
        place["units"] = [*place.get("units", []), unit(id="U-new")]

    new = edited(change).get("units", "U-new")
    assert new is not None
    assert new.place == {"propertyId": "P-1", "street": address()["street"]}


def test_a_changed_value_counts_and_the_history_stays() -> None:
    store = edited(lambda state: state["contacts"][0].update({"note": "by hand"}))
    record, before = store.get("contacts", "C-1"), lived_in().store.get("contacts", "C-1")
    assert record is not None
    assert before is not None
    assert record.fields == {**before.fields, "note": "by hand"}
    assert (record.internal_id, record.modified_at) == (before.internal_id, before.modified_at)


def test_an_empty_document_has_a_size_too() -> None:
    store = edited(lambda state: state["_mock"]["records"]["documents"][0].update(size=0))
    assert [record.fields["size"] for record in store.records("documents")] == [0, 3]


def test_a_record_that_stands_there_twice_is_refused() -> None:
    with pytest.raises(StateError, match=r"^/contacts/0/id: .*more than once"):
        edited(lambda state: state["contacts"].append(state["contacts"][0]))


def test_a_history_that_stands_there_twice_counts_once() -> None:
    def change(state: Any) -> None:
        histories = state["_mock"]["records"]["contacts"]
        histories.append(copy.deepcopy(histories[0]))

    assert told(edited(change)) == told(lived_in().store)


RECORDS = ("_mock", "records", "contacts")
PAPERS = ("_mock", "records", "documents")

DAMAGES: dict[str, tuple[tuple[Any, ...], Any, str]] = {
    "no object": (("_mock",), [], "expected an object, got []"),
    "version": (("_mock", "version"), 2, "expected 1, got 2"),
    "version true": (("_mock", "version"), True, "expected 1, got True"),
    "records": (("_mock", "records"), None, "expected an object, got None"),
    "table": (RECORDS, {}, "expected a list, got {}"),
    "history": ((*RECORDS, 1), "x", "expected an object, got 'x'"),
    "key": ((*RECORDS, 0, "key"), 7, "expected a text or a list of texts, got 7"),
    "key in a key": ((*RECORDS, 0, "key"), [["x"]], "expected a text or a list of texts, got [['x']]"),
    "number": ((*RECORDS, 0, "internalId"), "1", "expected a whole number from 1, got '1'"),
    "number true": ((*RECORDS, 0, "internalId"), True, "expected a whole number from 1, got True"),
    "number zero": ((*RECORDS, 0, "internalId"), 0, "expected a whole number from 1, got 0"),
    "time": ((*RECORDS, 1, "createdAt"), "today", "expected a date-time with time zone, got 'today'"),
    "time without zone": (
        (*RECORDS, 1, "modifiedAt"),
        "2026-01-05T08:00:00",
        "expected a date-time with time zone, got '2026-01-05T08:00:00'",
    ),
    "time too early": (
        (*RECORDS, 0, "createdAt"),
        "0001-01-01T00:00:00+14:00",
        "expected a date-time with time zone, got '0001-01-01T00:00:00+14:00'",
    ),
    "no time": ((*RECORDS, 0, "createdAt"), None, "expected a date-time with time zone, got None"),
    "long text": ((*RECORDS, 0, "createdAt"), "x" * 1000, f"expected a date-time with time zone, got '{'x' * 59}"),
    "digest": ((*PAPERS, 0, "digest"), 1, "expected a text, got 1"),
    "size": ((*PAPERS, 0, "size"), -1, "expected a whole number from 0, got -1"),
    "portal": (("_mock", "portal"), [], "expected an object, got []"),
    "flags": (("_mock", "portal", "a/b"), [True], "expected whether registered and whether invited, got [True]"),
    "flag as a text": (
        ("_mock", "portal", "C-1"),
        ["false", False],
        "expected whether registered and whether invited, got ['false', False]",
    ),
    "flags as an object": (("_mock", "portal", "C-1"), {}, "expected whether registered and whether invited, got {}"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_history_is_refused_and_its_place_named(name: str) -> None:
    path, value, expected = DAMAGES[name]

    def change(state: Any) -> None:
        for step in path[:-1]:
            state = state[step]
        state[path[-1]] = value

    with pytest.raises(StateError) as refusal:
        edited(change)
    place = "/".join(["", *(str(step).replace("/", "~1") for step in path)])
    assert str(refusal.value) == f"{place}: {expected}"


def test_two_records_cannot_have_one_number() -> None:
    with pytest.raises(StateError, match=r"^/_mock/records/contacts: two records have the internalId 2$"):
        edited(lambda state: state["_mock"]["records"]["contacts"][0].update(internalId=2))


@pytest.mark.parametrize("missing", ["version", "records", "portal"])
def test_a_history_that_lacks_a_part_is_refused(missing: str) -> None:
    with pytest.raises(StateError, match=rf"^/_mock/{missing}: expected"):
        edited(lambda state: state["_mock"].pop(missing))


def test_a_history_of_other_kinds_than_ours_is_not_looked_at() -> None:
    """A key that fits no record is that of one that was taken out."""
    store = edited(lambda state: state["_mock"]["records"]["contacts"][0].update(key=["C-1"]))
    assert [record.key for record in store.records("contacts")] == ["C-2", "C-1"]
