"""Checks about reading back what was imported."""

from collections.abc import Iterator, Mapping
from typing import Any

from casavi_contracts.checks.definition import check
from casavi_contracts.context import Context
from casavi_contracts.contract import Contract
from casavi_contracts.expect.observing import accepted, expect_read
from casavi_contracts.model import Account
from casavi_contracts.strategies import everything
from casavi_contracts.strategies.records import CONTACT_TEXTS, PROPERTY_TEXTS, UNIT_TEXTS
from casavi_contracts.strategies.values import CUSTOM_VALUES, postal_codes
from casavi_contracts.target import Capability

WRITES = (Capability.WRITE,)

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


@check(inferred="9", needs=WRITES)
def import_is_read_back(ctx: Context) -> None:
    """Every field of every record reads as it was imported: none is lost, none swapped, none made up."""
    _expect_read_back(ctx, distinct(ctx.contract))


def _expect_read_back(ctx: Context, portfolio: Mapping[str, Any], **more: Any) -> None:
    account, sent = Account(ctx.contract), ctx.names.own(portfolio)
    accepted(ctx, account, sent)
    ctx.account.imported(sent)
    expect_read(ctx, account, **more)


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


@check(inferred="3.2", needs=WRITES)
def absent_fields_are_absent(ctx: Context) -> None:
    """A field that was never sent, or sent as null, is absent, and no other is: not empty texts, not zero, not
    false.
    """
    named = {"lastName": "Muster"} if ctx.contract.values["contact-name-required"] else {}
    falsy = {"text": "", "number": 0, "truth": False}
    null = {**dict.fromkeys(CONTACT_TEXTS), "preferredWayOfContact": None, "customFields": None}
    people = [
        {"id": "bare", **named},
        {"id": "null", **null, **named},
        {"id": "empty", **dict.fromkeys(CONTACT_TEXTS, ""), "customFields": falsy, **named},
    ]
    _expect_read_back(ctx, {"contacts": people, "properties": [*_houses(falsy)]}, evidence="inferred")


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


@check(inferred="3.1", needs=WRITES, records=287)
def texts_and_ids_stay_as_they_are(ctx: Context) -> None:
    """Whatever texts and ids are, they are read back character by character."""
    _expect_read_back(ctx, everything(ctx.contract), evidence="inferred")


@check(client="8.7", operations=("listContacts", "listUnits", "listProperties"), needs=WRITES, versions=("v2",))
def custom_fields_keep_their_types(ctx: Context) -> None:
    """Values of custom fields stay what they are: texts, numbers with all their digits, true and false."""
    values = enumerate(value for value in CUSTOM_VALUES if value is not None)
    fields = {"customFields": {f"field {number}": value for number, value in values}}
    home = {"id": "P", **fields, "addresses": [{"street": "x", "units": [{"id": "U", **fields}]}]}
    _expect_read_back(ctx, {"contacts": [{"id": "C", "lastName": "x", **fields}], "properties": [home]})
