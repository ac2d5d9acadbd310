from datetime import timedelta
from typing import Any

import pytest

from casavi_mock.domain.model import ENTITIES, Outcome
from casavi_mock.domain.store import Store
from tests.support.worlds import START

LATER = START + timedelta(hours=1)


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
    ("fields", "place"), [({"note": "y"}, {"street": "a"}), ({"note": "x"}, {"street": "b"}), ({}, {})]
)
def test_updates(store: Store, fields: dict[str, str], place: dict[str, str]) -> None:
    """New fields or a new place change a record and its modification time; its number stays."""
    store.put("units", "U-1", {"note": "x"}, {"street": "a"}, START)
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
        assert store.put(entity, "1", {}, {}, START) is Outcome.CREATED
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
