"""Checks about reading back what was imported."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from casavi_contracts.checks.definition import checks, row
from casavi_contracts.context import Context
from casavi_contracts.contract import Contract
from casavi_contracts.expect.observing import accepted, expect_read
from casavi_contracts.http.target import Capability
from casavi_contracts.model import Account
from casavi_contracts.strategies import everything
from casavi_contracts.strategies.records import CONTACT_TEXTS, PROPERTY_TEXTS, UNIT_TEXTS
from casavi_contracts.strategies.values import CUSTOM_VALUES, postal_codes

WRITES = (Capability.WRITE,)
INFERRED = {"evidence": "inferred"}

Record = dict[str, Any]

_TERMS = (
    {"id": "V1", "contactId": "C1", "type": "OWNER", "startDate": "2001-02-03", "endDate": "2091-04-05"},
    {"id": "V2", "contactId": "C2", "type": "RENTER", "startDate": "2006-07-08"},
    {"id": "V3", "contactId": "C1", "endDate": "2009-10-11", "contractNumber": "number of V3"},
    {"contactId": "C3", "type": "RENTER", "contractNumber": "number of one without an id"},
)
"""Contracts of one unit: two of the same contact, some without some of the fields."""

_ROLES = (
    {"propertyId": "P1", "contactId": "C1", "roleName": "Hausverwaltung", "roleType": "internal"},
    {"propertyId": "P1", "contactId": "C2", "roleName": "Beirat", "roleType": "external"},
    {"propertyId": "P1", "contactId": "C1", "roleName": "Hausmeister", "roleType": "external"},
    {"propertyId": "P1", "contactId": "C3", "roleName": "Buchhaltung", "roleType": "internal"},
    {"propertyId": "P2", "contactId": "C2", "roleName": "Hausverwaltung", "roleType": "internal"},
)


def distinct(contract: Contract) -> Record:
    """Returns a portfolio in which no value occurs twice: what is lost, swapped or copied shows.

    Args:
        contract: The contract with its profile.
    """
    units = [{**_record(f"U{n}", UNIT_TEXTS), "contracts": []} for n in range(1, 5)]
    units[0]["contracts"] = [dict(terms) for terms in _TERMS]
    units[1]["contracts"] = [{"id": "V5", "contactId": "C1", "type": "RENTER", "endDate": "2092-01-31"}]
    units[3]["contracts"] = [{"id": "V6", "contactId": "C4", "type": "OWNER", "startDate": "2012-12-12"}]
    first, second = ({**_record(f"P{n}", PROPERTY_TEXTS), "postalCode": code} for n, code in _codes(contract))
    first["addresses"] = [
        {"street": "first street 1", "units": units[:2]},
        {"street": "second street 2", "units": units[2:3]},
        {"street": "third street 3"},
    ]
    second["addresses"] = [{"street": "fourth street 4", "units": units[3:]}]
    people = [_record(f"C{n}", CONTACT_TEXTS) for n in range(1, 3)]
    people[0]["preferredWayOfContact"], people[1]["preferredWayOfContact"] = "LETTER", "ONLINE"
    people += [{"id": "C3", "companyName": "companyName of C3"}, {"id": "C4", "lastName": "lastName of C4"}]
    if not contract.values["contact-name-required"]:
        people.append({"id": "C5", "firstName": "firstName of C5"})
    houses = [first, second, {"id": "P3"}]
    return {"contacts": people, "properties": houses, "responsibilities": [dict(role) for role in _ROLES]}


def _record(id_: str, texts: tuple[str, ...]) -> Record:
    fields = {"Info": f"info of {id_}", "Area": int(id_[1:]) + 0.25, f"Only {id_}": True}
    return {"id": id_, **{name: f"{name} of {id_}" for name in texts}, "customFields": fields}


def _codes(contract: Contract) -> Iterator[tuple[int, Any]]:
    """Yields number and postal code of two properties."""
    codes = [code for code in postal_codes(contract.values) if code]
    return enumerate([codes[0], codes[-1]], start=1)


def _houses(falsy: Record) -> Iterator[Record]:
    """Yields properties with one unit each, of which little is known."""
    contracts: list[Record] = [
        {"contactId": "bare"},
        {"contactId": "null", **dict.fromkeys(("type", "contractNumber", "startDate", "endDate"))},
        {"contactId": "empty", "contractNumber": ""},
    ]
    kinds: Mapping[str, tuple[Record, Record]] = {
        "bare": ({}, {}),
        "null": ({**dict.fromkeys(PROPERTY_TEXTS), "customFields": None},
                 {**dict.fromkeys(UNIT_TEXTS), "customFields": None}),
        "empty": ({**dict.fromkeys(PROPERTY_TEXTS, ""), "customFields": falsy},
                  {**dict.fromkeys(UNIT_TEXTS, ""), "customFields": falsy, "contracts": contracts}),
    }  # fmt: skip
    for id_, (property_, unit) in kinds.items():
        yield {"id": id_, **property_, "addresses": [{"street": "x", "units": [{"id": id_, **unit}]}]}
    yield {"id": "no address"}


def _absent(contract: Contract) -> Record:
    named = {"lastName": "Muster"} if contract.values["contact-name-required"] else {}
    falsy = {"text": "", "number": 0, "truth": False}
    null = {**dict.fromkeys(CONTACT_TEXTS), "preferredWayOfContact": None, "customFields": None}
    people = [
        {"id": "bare", **named},
        {"id": "null", **null, **named},
        {"id": "empty", **dict.fromkeys(CONTACT_TEXTS, ""), "customFields": falsy, **named},
    ]
    return {"contacts": people, "properties": [*_houses(falsy)]}


def _custom(contract: Contract) -> Record:
    values = enumerate(value for value in CUSTOM_VALUES if value is not None)
    fields = {"customFields": {f"field {number}": value for number, value in values}}
    home = {"id": "P", **fields, "addresses": [{"street": "x", "units": [{"id": "U", **fields}]}]}
    return {"contacts": [{"id": "C", "lastName": "x", **fields}], "properties": [home]}


@checks(
    row("import-is-read-back",
        "Every field of every record reads as it was imported: none is lost, none swapped, none made up.",
        (distinct, {}), inferred="9"),
    row("absent-fields-are-absent",
        "A field that was never sent, or sent as null, is absent, and no other is: not empty texts, not zero, not "
        "false.",
        (_absent, INFERRED), inferred="3.2"),
    row("texts-and-ids-stay-as-they-are", "Whatever texts and ids are, they are read back character by character.",
        (everything, INFERRED), inferred="3.1", records=287),
    row("custom-fields-keep-their-types",
        "Values of custom fields stay what they are: texts, numbers with all their digits, true and false.",
        (_custom, {}), client="8.7", operations=("listContacts", "listUnits", "listProperties"), versions=("v2",)),
    needs=WRITES,
)  # fmt: skip
def fields_are_read_back(ctx: Context, given: tuple[Callable[[Contract], Record], Mapping[str, Any]]) -> None:
    """What is imported is read back, field by field."""
    make, marks = given
    account, sent = Account(ctx.contract), ctx.names.own(make(ctx.contract))
    accepted(ctx, account, sent)
    ctx.account.imported(sent)
    expect_read(ctx, account, **marks)
