"""What lists say: size of pages, absent values, fields, dates, contracts that are left out."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from casavi_contracts.observe.calls import Call, Traffic
from casavi_contracts.observe.pages import page_of
from casavi_contracts.observe.roles import LISTS, plain
from casavi_contracts.observe.seen import next_link, sight
from casavi_contracts.observe.sights import Sight
from casavi_contracts.observe.vocabulary import Vocabulary

_SIZES = ("size", "limit", "perpage", "pagesize", "itemsperpage", "count", "take")
_FILTERS = ("role", "isRegistered", "isInvited", "modifiedAfter")
_SCHEMAS = {
    "contacts": "ContactV2",
    "contact": "ContactV2",
    "units": "UnitV2",
    "properties": "Property",
    "property": "Property",
}
_ENOUGH = 3
"""Records that have to lack a member before it is called omitted."""


def sights(traffic: Traffic, ours: Vocabulary) -> Iterator[Sight]:
    """Yields what the lists say."""
    yield from forms(traffic, ours)
    yield from _of_inactive(_lists(traffic))


def forms(traffic: Traffic, ours: Vocabulary) -> Iterator[Sight]:
    """Yields what the lists say by their form alone, whatever stands in them."""
    for call in _lists(traffic):
        if not any(plain(name) in _SIZES for name in call.query):
            yield from _of_first(call) if call.version == "v1" else _of_second(call)
    yield from _of_missing(traffic.by_role("contacts", version="v1"))
    yield from _of_absent(traffic, ours)
    yield from _of_fields(traffic, ours)
    yield from _of_links(traffic)


def _lists(traffic: Traffic) -> list[Call]:
    return [call for call in traffic.by_role(*LISTS) if call.good and isinstance(call.got, dict)]


def records(call: Call) -> list[dict[str, Any]]:
    """Returns the records of an answer, those that are whole."""
    if not call.good or call.got is None:
        return []
    if call.role not in LISTS:
        return [call.got] if isinstance(call.got, dict) and call.got_whole else []
    found = page_of(call.got).records or []
    whole = found if call.got_whole else found[:-1]
    return [each for each in whole if isinstance(each, dict)]


def _of_first(call: Call) -> Iterator[Sight]:
    told = page_of(call.got)
    items, count, page, pages = told.records, told.count, told.number, told.pages
    for name, value in call.query.items():
        if page and value == str(page):
            yield sight(call, "page-parameter", name)
    if items is None or page is None or pages is None:
        return
    if page < pages - 1 and call.got_whole and items:
        yield sight(call, "v1-page-size", len(items))
    elif count is not None and pages > 1:
        most, least = (count - 1) // (pages - 1), -(-count // pages)
        if most == least:
            yield sight(call, "v1-page-size", least)
    if page >= pages > 0 and call.got_whole and not items:
        yield sight(call, "out-of-range-page", "empty-page")


def _of_missing(calls: Iterable[Call]) -> Iterator[Sight]:
    """Yields pages beyond the last one that are answered with 404, where another answer told how many there are."""
    pages: int | None = None
    for call in calls:
        if call.good and isinstance(call.got, dict):
            told = page_of(call.got).pages
            pages = pages if told is None else told
        elif call.recorded.status == 404 and _asks_beyond(call, pages):
            yield sight(call, "out-of-range-page", "not-found")


def _asks_beyond(call: Call, pages: int | None) -> bool:
    return pages is not None and any(value.isdecimal() and int(value) >= pages for value in call.query.values())


def _of_second(call: Call) -> Iterator[Sight]:
    items = page_of(call.got).records
    if items and next_link(call) and call.got_whole and not any(name in call.query for name in _FILTERS):
        yield sight(call, "v2-page-size", len(items))


def _seconds(traffic: Traffic) -> Iterator[Call]:
    return (call for call in traffic.by_role(*_SCHEMAS, version="v2") if call.good)


def _of_absent(traffic: Traffic, ours: Vocabulary) -> Iterator[Sight]:
    """Yields how absent values are shown: as null, or, if no record has a null, not at all."""
    omitting: list[Call] = []
    lacking, nulls = 0, False
    for call in _seconds(traffic):
        fields = ours.schema(_SCHEMAS[call.role]).get("properties", {})
        optional = {name for name, place in fields.items() if place.get("nullable")}
        found = records(call)
        with_null = [each for each in found if any(name in each and each[name] is None for name in optional)]
        if with_null:
            nulls = True
            yield sight(call, "v2-absent-values", "null")
        lack = sum(not optional <= each.keys() for each in found)
        lacking += lack
        if lack:
            omitting.append(call)
    if not nulls and lacking >= _ENOUGH and _varying(traffic):
        yield from (sight(call, "v2-absent-values", "omitted") for call in omitting)


def _varying(traffic: Traffic) -> bool:
    """Whether a member is there in some records and not in others, so that it is known to the vendor."""
    seen: dict[str, set[frozenset[str]]] = {}
    for call in _seconds(traffic):
        seen.setdefault(_SCHEMAS[call.role], set()).update(frozenset(each) for each in records(call))
    return any(len(shapes) > 1 for shapes in seen.values())


def _of_fields(traffic: Traffic, ours: Vocabulary) -> Iterator[Sight]:
    """Yields which fields contacts and units of version 2 have; what is not shown may just be absent."""
    for entity, name in (("contacts", "v2-contact-fields"), ("units", "v2-unit-fields")):
        calls = [call for call in traffic.by_role(entity, LISTS[entity], version="v2") if records(call)]
        theirs = {field for call in calls for each in records(call) for field in each}
        mine = {*ours.fields(_SCHEMAS[entity])}
        if not theirs:
            continue
        if theirs - mine:
            value: Any = ours.difference(_SCHEMAS[entity], theirs | mine)
        elif theirs == mine:
            value = "as-imported"
        else:
            continue
        yield from (sight(call, name, value) for call in calls)


def _of_links(traffic: Traffic) -> Iterator[Sight]:
    for call in _seconds(traffic):
        for each in records(call)[:1]:
            link = each.get("appLink")
            if isinstance(link, str):
                yield sight(call, "app-link", _beginning(link))


def _beginning(link: str) -> str:
    """Returns host and path with which a link begins, before the tenant; in words if there is none in it."""
    try:
        parts = urlsplit(link)
        host = parts.hostname or "no host"
    except ValueError:
        return "no address"
    before, tenant, _ = parts.path.rpartition("/tenants/")
    return f"{host}{before}" if tenant else f"at {host}, and without a tenant"


def _of_inactive(lists: Iterable[Call]) -> Iterator[Sight]:
    """Yields whether contracts that have not begun are left out of units by default."""
    units = [call for call in lists if call.role == "units" and call.version == "v2"]
    future: dict[tuple[str, str], set[str]] = {}
    for call in units:
        if call.query.get("includeInactiveContracts") == "true":
            for unit, contract in _future(call):
                future.setdefault((call.account, unit), set()).add(_contract(contract))
    for call in units:
        if call.query.get("includeInactiveContracts") == "true":
            continue
        shown = {(unit, _contract(contract)) for unit, contract in _future(call)}
        for _ in shown:
            yield sight(call, "inactive-contracts", "ended")
            break
        for each in records(call):
            hidden = future.get((call.account, str(each.get("id"))), set())
            if hidden and isinstance(each.get("contracts"), list):
                there = {_contract(contract) for contract in each["contracts"] if isinstance(contract, dict)}
                if not hidden & there:
                    yield sight(call, "inactive-contracts", "not-in-force")
                    break


def _contract(contract: Mapping[str, Any]) -> str:
    return f"{contract.get('contactId')} {contract.get('startDate')} {contract.get('type')}"


def _future(call: Call) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the contracts of a list of units that begin later than tomorrow, and have not ended before."""
    if call.at is None:
        return
    today = call.at.date()
    for each in records(call):
        contracts = each.get("contracts")
        for contract in contracts if isinstance(contracts, list) else ():
            start = _day(contract.get("startDate")) if isinstance(contract, dict) else None
            end = _day(contract.get("endDate")) if isinstance(contract, dict) else None
            if start is not None and (start - today).days > 1 and (end is None or end >= start):
                yield str(each.get("id")), contract


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if isinstance(text, str) else None
    except ValueError:
        return None
