"""Checks about records read alone, their ids and numbers."""

import unicodedata
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

from casavi_contracts import spec
from casavi_contracts.checks.definition import check
from casavi_contracts.checks.reading import distinct
from casavi_contracts.context import Context
from casavi_contracts.expect.observing import (
    ALL_CONTRACTS,
    LISTS,
    SINGLES,
    Record,
    accepted,
    expect_read,
    own,
    read_single,
    single,
)
from casavi_contracts.expect.refusals import refused
from casavi_contracts.http.target import Capability
from casavi_contracts.model import Account, same, shown
from casavi_contracts.promises import Named
from casavi_contracts.strategies.alphabet import ODD_IDS

WRITES = (Capability.WRITE,)

_UNKNOWN = {"v1": "contact-unknown", "v2": "property-unknown"}
"""By version, the rule by which a record that is not there is refused."""


@check(inferred="9", needs=WRITES)
def single_record_is_that_of_the_list(ctx: Context) -> None:
    """A record that is read alone is the same, member by member, as in its list."""
    ctx.account.imported(ctx.names.own(distinct(ctx.contract)))
    entity = SINGLES[ctx.contract.version][0]
    listed = own(ctx, entity)
    ctx.expect(len(listed) > 1, f"{entity} in the list", f"{len(listed)}", check=Named.IMPORT_IS_READ_BACK)
    for record in listed:
        alone = single(ctx, record["id"])
        _expect_same(ctx, f"{entity} {shown(ctx.names.local(record['id']))}", alone, record, "in the list")


def _expect_same(ctx: Context, what: str, one: Record, other: Record, where: str) -> None:
    for name in {**other, **one}:
        alike = name in one and name in other and same(one[name], other[name])
        told, known = (shown(record[name]) if name in record else "nothing" for record in (one, other))
        ctx.expect(alike, f"{name} of {what} to be that {where}, {known}", told)


@check(inferred="3.1", needs=WRITES, records=244)
def record_is_found_by_its_encoded_id(ctx: Context) -> None:
    """A record is found by its id, percent-encoded in the path, whatever characters it has."""
    account, sent = Account(ctx.contract), ctx.names.own(_crowd())
    accepted(ctx, account, sent)
    ctx.account.imported(sent)
    entity = SINGLES[ctx.contract.version][0]
    field = "lastName" if entity == "contacts" else "name"
    for number, id_ in ctx.briefly(enumerate(ODD_IDS), 31):
        seen = single(ctx, ctx.names.id(id_))
        ctx.expect(seen["id"] == ctx.names.id(id_), f"the record {shown(id_)}", shown(seen["id"]))
        name = f"number {number}"
        ctx.expect(seen[field] == name, f"{field} {name!r} of the record {shown(id_)}", shown(seen[field]))


@check(inferred="3.1", needs=WRITES, records=244)
def different_ids_are_different_records(ctx: Context) -> None:
    """Ids are compared character by character: those that differ in case, in a blank or in the form of a letter
    only are those of different records, and so is every reference to them.
    """
    account, sent = Account(ctx.contract), ctx.names.own(_crowd())
    accepted(ctx, account, sent)
    ctx.account.imported(sent)
    expect_read(ctx, account, evidence="inferred")


def _crowd() -> Record:
    """Returns a contact, a property, a unit and a responsibility for each odd id; they are told apart by a number."""
    people, houses, roles = [], [], []
    for number, id_ in enumerate(ODD_IDS):
        name = f"number {number}"
        unit = {"id": id_, "name": name, "contracts": [{"contactId": id_, "contractNumber": name}]}
        people.append({"id": id_, "lastName": name})
        houses.append({"id": id_, "name": name, "addresses": [{"street": name, "units": [unit]}]})
        roles.append({"propertyId": id_, "contactId": id_, "roleName": name, "roleType": "external"})
    return {"contacts": people, "properties": houses, "responsibilities": roles}


@check(assumed="error-statuses", source="4", needs=WRITES)
def unknown_record_is_refused(ctx: Context) -> None:
    """An id that no record has is unknown, however much it resembles that of one."""
    id_ = "007 \u00c4b/1"
    unit = {"id": "unit 3"}
    house = {"id": "house 2", "addresses": [{"street": "x", "units": [unit]}]}
    people = [{"id": id_, "lastName": "x"}, {"id": "contact 1", "lastName": "x"}]
    ctx.account.imported(ctx.names.own({"contacts": people, "properties": [house, {"id": id_}]}))
    version = ctx.contract.version
    records = own(ctx, SINGLES[version][0])
    there = {record["id"] for record in records}
    whole = ctx.names.id(id_)
    number = str(single(ctx, whole)["internalId"])
    for what, wrong in (*_nearly(ctx, id_), ("the vendor's number of a record", number)):
        if wrong not in there:
            refused(ctx, read_single(ctx.account, wrong), _UNKNOWN[version], f"an id with {what}")
    ctx.expect(single(ctx, whole)["id"] == whole, "the record to be there all the while", "another one")


def _nearly(ctx: Context, id_: str) -> Iterator[tuple[str, str]]:
    """Yields what is different, and an id that is nearly that of a record."""
    name = ctx.names.id
    yield "upper and lower case exchanged", name(id_.swapcase())
    yield "only small letters", name(id_.lower())
    yield "only capitals", name(id_.upper())
    yield "a blank behind", name(id_) + " "
    yield "a blank before", " " + name(id_)
    yield "a letter in its other form", name(unicodedata.normalize("NFD", id_))
    yield "no zeros at the beginning", name(id_.lstrip("0"))
    yield "its last character missing", name(id_[:-1])
    yield "one character more", name(id_) + "0"
    yield "another blank", name(id_.replace(" ", "\u00a0"))
    yield "a plus for a blank", name(id_.replace(" ", "+"))
    yield "a hyphen for a slash", name(id_.replace("/", "-"))
    yield "an encoding too many", quote(name(id_), safe="")
    yield "no more than its beginning", name(id_.partition("/")[0])
    yield "a wildcard", name("*")
    yield "another wildcard", name("%")
    yield "that of a unit", name("unit 3")
    yield "that of another kind of record", name("house 2" if ctx.contract.version == "v1" else "contact 1")


@check(inferred="9.3", needs=WRITES)
def record_keeps_its_number(ctx: Context) -> None:
    """The vendor's own number of a record is that of no other of its kind, is the same wherever it is shown, and
    stays.
    """
    portfolio = distinct(ctx.contract)
    ctx.account.imported(ctx.names.own(portfolio))
    before = _numbers(ctx)
    for contact in portfolio["contacts"]:
        contact["lastName"] = "another name"
    for home in portfolio["properties"]:
        home["name"] = "another name"
    ctx.account.imported(ctx.names.own(portfolio))
    after = _numbers(ctx)
    for entity, numbers in before.items():
        ctx.expect(after[entity] == numbers, f"the same numbers of {entity} as before, {numbers}", f"{after[entity]}")


def _numbers(ctx: Context) -> dict[str, dict[str, Any]]:
    """Returns the vendor's number of each record, by entity and local id."""
    seen: dict[str, dict[str, Any]] = {}
    houses: list[Record] = []
    for entity in LISTS[ctx.contract.version]:
        records = own(ctx, entity, ALL_CONTRACTS if entity == "units" else "")
        if any(spec.hides(one, "internalId") for one in records):
            raise spec.NotShown(f"internalId of {entity}")
        seen[entity] = numbers = {ctx.names.local(one["id"]): one.get("internalId") for one in records}
        different = {repr(number) for number in numbers.values()}
        ctx.expect(None not in numbers.values(), f"a number of each of the {entity}", f"{numbers}")
        ctx.expect(len(different) == len(numbers), f"another number of each of the {entity}", f"{numbers}")
        houses += records if entity == "properties" else []
    for role in (role for house in houses for role in house["responsibilities"]):
        number = seen["contacts"].get(ctx.names.local(role["contactId"]))
        told = role["contactInternalId"]
        ctx.expect(number == told, f"the contact's number {number} in its responsibility", f"{told}")
    return seen


@check(
    inferred="9.6",
    assumption="app-link",
    operations=("listContacts", "listProperties"),
    needs=WRITES,
    versions=("v2",),
)
def link_into_the_user_interface_is_a_records_own(ctx: Context) -> None:
    """The link of a record is a complete address, that of no other record, and stays."""
    portfolio = ctx.names.own(distinct(ctx.contract))
    ctx.account.imported(portfolio)
    before = _links(ctx)
    different = set(before.values())
    ctx.expect(len(different) == len(before), "a link of its own of each record", f"{sorted(before.values())}")
    for link in different:
        parts = urlsplit(link)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.path not in ("", "/")
        ctx.expect(whole, "a complete address", repr(link))
    for contact in portfolio["contacts"]:
        contact["lastName"] = "another name"
    ctx.account.imported(portfolio)
    after = _links(ctx)
    ctx.expect(before == after, f"the same links as before, {before}", f"{after}")


def _links(ctx: Context) -> dict[tuple[str, str], str]:
    found = {}
    for entity in ("contacts", "properties"):
        for record in own(ctx, entity):
            if spec.hides(record, "appLink"):
                raise spec.NotShown(f"appLink of {entity}")
            found[entity, ctx.names.local(record["id"])] = record.get("appLink", "")
    return found
