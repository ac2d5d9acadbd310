from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest

from casavi_fixtures import address, contact, contract, document, master_data, property_, responsibility, unit
from casavi_mock.domain.model import RecordWarning
from casavi_mock.domain.ordering import MAX_WARNINGS, Plan, escaped, plan, planning
from tests.support.accounts import settings

SHAPE = settings().shape


def house(number: int) -> dict[str, Any]:
    """A property with a document, and a unit with a contract and a document."""
    flat = unit(id=f"U-{number}", contracts=[contract()], documents=[document(id=f"DU-{number}")])
    return property_(id=f"P-{number}", addresses=[address(units=[flat])], documents=[document(id=f"DP-{number}")])


def turned(shape: Any) -> Any:
    """The same shape, all its parts in the opposite order."""
    children = [replace(child, shape=turned(child.shape)) for child in reversed(shape.children)]
    return replace(shape, children=tuple(children))


def named(planned: Plan) -> list[tuple[str, str | None]]:
    return [(record.entity, record.id) for record in planned.records]


def test_orders_by_stage_then_as_in_the_document() -> None:
    """Contacts and properties come first, then units and responsibilities, finally documents; contacts lead."""
    body = {
        "responsibilities": [responsibility()],
        "properties": [house(2), house(1)],
        "contacts": [contact(id="C-2"), contact(id="C-1")],
    }
    assert named(plan(body, SHAPE)) == [
        ("contacts", "C-2"),
        ("contacts", "C-1"),
        ("properties", "P-2"),
        ("properties", "P-1"),
        ("units", "U-2"),
        ("units", "U-1"),
        ("responsibilities", None),
        ("documents", "DU-2"),
        ("documents", "DP-2"),
        ("documents", "DU-1"),
        ("documents", "DP-1"),
    ]


def test_every_record_knows_where_it_stands() -> None:
    """A record has a pointer into the request, its parent, and for a unit the address."""
    records = {record.id: record for record in plan(master_data(properties=[house(1)]), SHAPE).records}
    assert {name: record.pointer for name, record in records.items()} == {
        "P-1": "/properties/0",
        "U-1": "/properties/0/addresses/0/units/0",
        "DU-1": "/properties/0/addresses/0/units/0/documents/0",
        "DP-1": "/properties/0/documents/0",
    }
    assert records["P-1"].parent is None
    assert records["U-1"].parent is records["DP-1"].parent is records["P-1"]
    assert records["DU-1"].parent is records["U-1"]
    part = records["U-1"].part
    assert part is not None
    assert part["street"] == "Musterweg 1"
    assert [records[name].part for name in ("P-1", "DP-1", "DU-1")] == [None, None, None]


def test_records_are_equal_where_they_stand_at_the_same_place() -> None:
    one, other = plan(master_data(contacts=[contact(id="C-1"), contact(id="C-2")]), SHAPE).records
    (again,) = plan(master_data(contacts=[contact(id="C-3")]), SHAPE).records
    assert one == again
    assert one != other
    assert one != one.pointer


def test_references_are_found_in_whatever_order_the_contract_names_parts() -> None:
    flat = unit(id="U-1", contracts=[contract(contactId="C-1")], documents=[document()])
    body = master_data(properties=[property_(id="P-1", addresses=[address(units=[flat])])])
    assert plan(body, SHAPE).targets() == plan(body, turned(SHAPE)).targets() == (("contacts", "C-1"),)


def test_responsibility_is_known_by_three_fields() -> None:
    """A record without an id is found again by what the contract calls its identity."""
    (record,) = plan(master_data(responsibilities=[responsibility(roleName="a|b")]), SHAPE).records
    assert (record.key, record.id) == (("P-1", "C-1", "a|b"), None)


@pytest.mark.parametrize("body", [{"contacts": []}, {"properties": []}, master_data(), {"contacts": None}])
def test_nothing_makes_an_empty_plan(body: dict[str, Any]) -> None:
    """A request may hold no record at all."""
    planned = plan(body, SHAPE)
    assert (list(planned.records), planned.duplicates, planned.warnings) == ([], set(), [])


def test_finds_duplicates_wherever_they_stand() -> None:
    """The id of a unit or a document is unique in the account, so twins in different properties are twins."""
    twin = unit(documents=[document()])
    body = master_data(
        contacts=[contact(), contact(id="P-1")],
        properties=[
            property_(addresses=[address(units=[twin])]),
            property_(id="P-2", addresses=[address(units=[twin])], documents=[document()]),
        ],
        responsibilities=[responsibility(), responsibility(roleType="internal"), responsibility(roleName="x")],
    )
    assert plan(body, SHAPE).duplicates == {
        ("units", "U-1"),
        ("documents", "D-1"),
        ("responsibilities", ("P-1", "C-1", "Hausmeister")),
    }


def test_identities_with_separators_do_not_collide() -> None:
    """Three fields are an identity, not their text put together."""
    body = master_data(
        responsibilities=[
            responsibility(propertyId="a|b", contactId="c"),
            responsibility(propertyId="a", contactId="b|c"),
        ]
    )
    assert plan(body, SHAPE).duplicates == frozenset()


@pytest.mark.parametrize(("every", "pauses"), [(1, 15), (2, 7), (11, 1), (15, 1), (16, 0)])
def test_pauses_after_so_many_records(every: int, pauses: int) -> None:
    """A large request is planned in steps, and the plan is the same; addresses and contracts count, too."""
    body = master_data(
        contacts=[contact(id="C-2"), {**contact(), "hobby": 1}],
        properties=[house(2), house(1)],
        responsibilities=[responsibility()],
    )
    seen = []

    def slices() -> Generator[None, None, None]:
        seen.append((yield from planning(body, SHAPE, every)))

    freed = 11 if every < 11 else 0  # a pause after some keys were freed; how many at a time is chance
    assert pauses <= len(list(slices())) <= pauses + freed
    (planned,), whole = seen, plan(body, SHAPE)
    assert named(planned) == named(whole)
    assert [record.pointer for record in planned.records] == [record.pointer for record in whole.records]
    assert (planned.duplicates, planned.warnings) == (whole.duplicates, whole.warnings)
    assert len(whole.warnings) == 1


def test_unknown_fields_are_counted_by_schema_and_name() -> None:
    """One warning tells of one unknown field: where it stands first, and how often it occurs."""
    body = {
        "contacts": [contact(id="C-1"), {**contact(id="C-2"), "hobby": 1}, {**contact(id="C-3"), "hobby": None}],
        "properties": [property_(addresses=[{**address(), "hobby": []}])],
        "a/b~c": {},
    }
    warnings = plan(body, SHAPE).warnings
    assert [(warning.pointer, warning.count) for warning in warnings] == [
        ("/a~1b~0c", 1),
        ("/contacts/1/hobby", 2),
        ("/properties/0/addresses/0/hobby", 1),
    ]
    assert {warning.rule for warning in warnings} == {"unknown-field"}
    assert warnings[1].message == "Contact has no field 'hobby'; it was left out"


def test_unknown_fields_are_named_in_a_fixed_order() -> None:
    """Several unknown fields of one record are named as they came, not by chance."""
    warnings = plan({"contacts": [{**contact(), "c": 1, "a": 1, "b": 1}]}, SHAPE).warnings
    assert [warning.pointer for warning in warnings] == ["/contacts/0/c", "/contacts/0/a", "/contacts/0/b"]


def test_a_flood_of_unknown_fields_makes_a_short_list() -> None:
    """A hostile request cannot make the list long; what is not named is counted."""
    hostile = {**contact(), **{f"field-{number:04}": number for number in range(MAX_WARNINGS + 7)}}
    warnings = plan({"contacts": [hostile, {**hostile, "id": "C-2"}]}, SHAPE).warnings
    assert len(warnings) == MAX_WARNINGS + 1
    assert {warning.count for warning in warnings[:-1]} == {2}
    assert warnings[-1] == RecordWarning("", "unknown-field", "further unknown fields were left out", 14)


def test_a_long_unknown_name_is_shortened_in_the_text() -> None:
    """The sentence for a person stays short, the pointer stays exact."""
    (warning,) = plan({"contacts": [{**contact(), "x" * 5000: 1}]}, SHAPE).warnings
    message = f"Contact has no field '{'x' * 100}'; it was left out"
    assert warning == RecordWarning("/contacts/0/" + "x" * 5000, "unknown-field", message, 1)


@pytest.mark.parametrize(("name", "written"), [("a", "a"), ("a/b", "a~1b"), ("~1", "~01"), ("~/", "~0~1"), ("", "")])
def test_pointers_are_escaped(name: str, written: str) -> None:
    """Member names stand in a pointer as RFC 6901 says."""
    assert escaped(name) == written
