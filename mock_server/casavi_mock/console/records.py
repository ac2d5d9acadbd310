"""Records: property, address, unit, contract, contact, and the way back; page by page, however many there are."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeVar

import orjson
from flask import Blueprint, make_response, request

from casavi_fixtures import portfolio_names
from casavi_mock.console.page import PER_PAGE, account, number, show
from casavi_mock.console.texts import key_text, short
from casavi_mock.control.call import held
from casavi_mock.control.problems import Problem
from casavi_mock.domain.model import ENTITIES, Key, Record
from casavi_mock.domain.store import Store

pages = Blueprint("records", __name__)

T = TypeVar("T")

MAX_SCANNED = 10_000
"""Records that one page of a search looks through; it says how to search on."""

MAX_INSIDE = 15
"""Units of a property, contracts of a contact and others, that one page shows."""

MAX_CONTRACTS = 3
"""Contracts of each unit that the page of a property shows."""

_TOLD = ("id", "type", "startDate", "endDate")
"""Fields of a contract that are told beside a link."""

MAX_TEXT = 200
"""Characters of a text that is sought; it stands in the links to further pages."""

_REFERS = {"contactId": "contacts", "propertyId": "properties", "unitId": "units"}


@pages.get("/records")
def records() -> Any:
    """Lists records of one kind, those that a text is found in if one is sought."""
    of = account()
    entity = request.args.get("entity", "properties")
    if entity not in ENTITIES:
        raise Problem(404, "There is no such kind of record.", "entity", possible=ENTITIES)
    start, text = number("from"), request.args.get("text", "")[:MAX_TEXT]
    store = of.store
    rows, following = _page(store, entity, start, text)
    return show(
        "records.html",
        entity=entity,
        held=held(of),
        rows=rows,
        start=start,
        following=following,
        text=text,
        per_page=PER_PAGE,
        total=store.count(entity),
        samples=portfolio_names(),
    )


@pages.get("/records/<entity>/<int:position>")
def record(entity: str, position: int) -> Any:
    """One record, what lies in it, and what refers to it."""
    store = account().store
    found = _at(store, entity, position)
    return show(
        "record.html",
        record=found,
        entity=entity,
        position=position,
        key=key_text(found.key),
        fields=[(name, _field(store, name, value)) for name, value in found.fields.items() if name != "contracts"],
        place=[(name, _field(store, name, value)) for name, value in found.place.items()],
        **_around(store, found),
    )


@pages.get("/records/<entity>/<int:position>.json")
def as_file(entity: str, position: int) -> Any:
    """One record as a file."""
    found = _at(account().store, entity, position)
    fields = {"id": found.key, **found.place, **found.fields}
    answer = make_response(orjson.dumps(fields, option=orjson.OPT_INDENT_2))
    answer.headers["Content-Type"] = "application/json"
    answer.headers["Content-Disposition"] = f"attachment; filename={entity}-{position}.json"
    return answer


def _at(store: Store, entity: str, position: int) -> Record:
    found = next(store.records(entity, position), None) if entity in ENTITIES else None
    if found is None:
        raise Problem(404, "There is no such record; what is stored may have been reset or replaced.")
    return found


def _page(store: Store, entity: str, start: int, text: str) -> tuple[list[dict[str, Any]], int | None]:
    """Returns the rows of a page, and where the next one begins, None if this is the last one."""
    rows: list[dict[str, Any]] = []
    position, sought = start, text.lower()
    for one in islice(store.records(entity, start), MAX_SCANNED):
        if not sought or _holds(one, sought):
            rows.append({"position": position, "record": one, "key": key_text(one.key), "about": about(one)})
        position += 1
        if len(rows) == PER_PAGE:
            break
    return rows, position if position < store.count(entity) else None


def _holds(one: Record, text: str) -> bool:
    if text in key_text(one.key).lower() or any(text in value.lower() for value in one.place.values()):
        return True
    return text in orjson.dumps(dict(one.fields)).decode().lower()


def about(one: Record) -> str:
    """Returns what tells a record from others, beside its id."""
    fields = one.fields
    if one.entity == "contacts":
        names = [fields.get(name) for name in ("companyName", "firstName", "lastName")]
        return " ".join(str(name) for name in names if name)
    if one.entity == "units":
        return f"{fields.get('name', '')} · {one.place['street']} · {len(fields.get('contracts', ()))} contracts"
    if one.entity == "properties":
        return f"{fields.get('name', '')} · {len(fields.get('addresses', ()))} addresses"
    if one.entity == "responsibilities":
        return str(fields.get("roleName", ""))
    return str(fields.get("name", fields.get("fileName", "")))


def link(store: Store, entity: str, key: Key) -> dict[str, Any]:
    """Returns what a page needs to link to a record."""
    return {"entity": entity, "key": key_text(key), "position": store.position(entity, key)}


def _field(store: Store, name: str, value: Any) -> dict[str, Any]:
    if name in _REFERS and isinstance(value, str):
        return link(store, _REFERS[name], value)
    return {"text": value if isinstance(value, str) else orjson.dumps(value).decode(), "key": None}


def _around(store: Store, found: Record) -> dict[str, Any]:
    """Returns what lies in a record, and what refers to it; what is many, page by page."""
    key = str(found.key)
    if found.entity == "properties":
        units, pages_of_units = _some("units", store.linked("units of properties", key))
        linked, pages_of_others = _some("responsibilities", store.linked("responsibilities of properties", key))
        return {
            "addresses": _addresses(store, found, units, first=not number("units")),
            "responsibilities": [_responsibility(store, one) for one in linked],
            "more": [pages_of_units, pages_of_others],
        }
    if found.entity == "units":
        contracts, pages_of_contracts = _some("contracts", iter(found.fields.get("contracts", ())))
        return {"contracts": [_contract(store, one) for one in contracts], "more": [pages_of_contracts]}
    if found.entity == "contacts":
        held_contracts, pages_of_contracts = _some("contracts", _held(store, key))
        linked, pages_of_others = _some("responsibilities", store.linked("responsibilities of contacts", key))
        return {
            "held_contracts": held_contracts,
            "responsibilities": [_responsibility(store, one) for one in linked],
            "more": [pages_of_contracts, pages_of_others],
        }
    return {}


def _some(name: str, members: Iterator[T]) -> tuple[list[T], tuple[str, int, int | None]]:
    """Returns the members of a page; and their name, where this page begins, and where the next one does."""
    start = number(name)
    some = list(islice(members, start, start + MAX_INSIDE + 1))
    return some[:MAX_INSIDE], (name, start, start + MAX_INSIDE if len(some) > MAX_INSIDE else None)


def _addresses(store: Store, found: Record, units: list[Record], *, first: bool) -> list[dict[str, Any]]:
    """Returns the addresses of a property with these units, and on the first page some of those without any."""
    with_units = dict.fromkeys(unit.place["street"] for unit in units)
    without = [street for street in found.fields.get("addresses", ()) if street not in with_units] if first else []
    return [
        {
            "street": street,
            "units": [
                {
                    **link(store, "units", unit.key),
                    "name": unit.fields.get("name", ""),
                    "more": max(len(unit.fields.get("contracts", ())) - MAX_CONTRACTS, 0),
                    "contracts": [_contract(store, one) for one in unit.fields.get("contracts", ())[:MAX_CONTRACTS]],
                }
                for unit in units
                if unit.place["street"] == street
            ],
        }
        for street in [*with_units, *without[:MAX_INSIDE]]
    ]


def _contract(store: Store, contract: dict[str, Any]) -> dict[str, Any]:
    contact = store.get("contacts", contract["contactId"])
    shown = _told(contract)
    return {
        "fields": shown,
        "contact": link(store, "contacts", contract["contactId"]),
        "who": contact and about(contact),
    }


def _told(contract: dict[str, Any]) -> dict[str, str]:
    return {name: short(contract[name], 30) for name in _TOLD if name in contract}


def _held(store: Store, contact: str) -> Iterator[dict[str, Any]]:
    for unit in store.linked("units of contacts", contact):
        for contract in unit.fields.get("contracts", ()):
            if contract["contactId"] == contact:
                yield {
                    "fields": _told(contract),
                    "unit": link(store, "units", unit.key),
                    "property": link(store, "properties", unit.place["propertyId"]),
                    "street": unit.place["street"],
                }


def _responsibility(store: Store, one: Record) -> dict[str, Any]:
    return {
        "role": one.fields.get("roleName", ""),
        "type": one.fields.get("roleType", ""),
        "contact": link(store, "contacts", one.fields["contactId"]),
        "property": link(store, "properties", one.fields["propertyId"]),
    }
