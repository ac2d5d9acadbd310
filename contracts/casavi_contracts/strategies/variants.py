"""What may come of a portfolio when it is sent another time."""

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from casavi_contracts.strategies.portfolios import address_at
from casavi_contracts.strategies.records import Record

_LINKING = ("id", "contactId", "propertyId", "roleName", "roleType", "street")
_NOT_NULL = (*_LINKING, "content", "addresses", "units", "contracts", "documents")


def variant(portfolio: Record, edit: str) -> Record:
    """Returns a portfolio as it comes another time; it is as sound as the first.

    Args:
        portfolio: A portfolio; it stays as it is.
        edit: One of `EDITS`.

    Example:
        >>> variant({"contacts": [{"id": "A", "note": "x"}]}, "cleared")
        {'contacts': [{'id': 'A', 'note': None}]}
    """
    changed = copy.deepcopy(portfolio)
    EDITS[edit](changed)
    return changed


def records(portfolio: Record) -> Iterator[Record]:
    """Yields the contacts, properties, units, contracts, documents and responsibilities of a portfolio."""
    yield from portfolio.get("contacts", ())
    for property_ in portfolio.get("properties", ()):
        yield property_
        yield from property_.get("documents", ())
        for address in property_.get("addresses", ()):
            for unit in address.get("units", ()):
                yield unit
                yield from unit.get("contracts", ())
                yield from unit.get("documents", ())
    yield from portfolio.get("responsibilities", ())


def _same(portfolio: Record) -> None:
    """Nothing differs."""


def _reversed(portfolio: Record) -> None:
    """All arrays are the other way round."""
    for place in _places(portfolio):
        for value in place.values():
            if isinstance(value, list):
                value.reverse()


def _regrouped(portfolio: Record) -> None:
    """Contracts are the other way round."""
    for record in records(portfolio):
        record.get("contracts", []).reverse()


def _moved(portfolio: Record) -> None:
    """Every unit stands in the next property."""
    properties = portfolio.get("properties", [])
    units = [[unit for address in one.get("addresses", ()) for unit in address.pop("units", ())] for one in properties]
    for number, moving in enumerate(units):
        home = properties[(number + 1) % len(properties)]
        for unit in moving:
            address_at(home, "at the next corner").setdefault("units", []).append(unit)


def _bare(portfolio: Record) -> None:
    """Every record has only what identifies and links it."""
    for record in records(portfolio):
        for name in [name for name in record if name not in _NOT_NULL or name == "content"]:
            del record[name]


def _cleared(portfolio: Record) -> None:
    """Every field that may be null is null."""
    for record in records(portfolio):
        for name in record:
            if name not in _NOT_NULL and not (name == "postalCode" and isinstance(record[name], int)):
                record[name] = None


def _edited(portfolio: Record) -> None:
    """Texts, custom fields and types of roles are others."""
    for record in records(portfolio):
        for name, value in record.items():
            if name == "customFields" and value is not None:
                record[name] = {**{field: _other(item) for field, item in value.items()}, "another field": 1.5}
            elif name in ("note", "name", "lastName", "title", "contractNumber", "number"):
                record[name] = f"{value}!"
            elif name == "roleType":
                record[name] = "internal" if value == "external" else "external"


def _other(item: Any) -> Any:
    if isinstance(item, bool):
        return int(item)
    return f"{item}!" if isinstance(item, str) else None


def _thinned(portfolio: Record) -> None:
    """Units, contracts, documents and responsibilities are left out."""
    portfolio.pop("responsibilities", None)
    for property_ in portfolio.get("properties", []):
        property_.pop("addresses", None)
        property_.pop("documents", None)
    if not portfolio:
        portfolio["contacts"] = []


def _places(place: Any) -> Iterator[Record]:
    if isinstance(place, dict):
        yield place
        for member in place.values():
            yield from _places(member)
    elif isinstance(place, list):
        for item in place:
            yield from _places(item)


EDITS: Mapping[str, Callable[[Record], None]] = {
    "same": _same,
    "reversed": _reversed,
    "regrouped": _regrouped,
    "moved": _moved,
    "bare": _bare,
    "cleared": _cleared,
    "edited": _edited,
    "thinned": _thinned,
}
"""What can be different the next time, by name."""
