"""What becomes of imported records: imports and their jobs, compared with what is read afterwards."""

import bisect
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from casavi_contracts.observe.calls import Call, Traffic
from casavi_contracts.observe.roles import IMPORT
from casavi_contracts.observe.seen import sight
from casavi_contracts.observe.seen_jobs import Job
from casavi_contracts.observe.seen_lists import records
from casavi_contracts.observe.sights import Sight
from casavi_contracts.observe.vocabulary import Vocabulary

_LAST_YEAR = 9_000
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z")
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")


@dataclass(slots=True)
class _Import:
    """An import that was accepted."""

    call: Call
    job: Job | None
    contacts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """By id, as they were sent."""

    @property
    def done(self) -> int | None:
        """The order of the answer that shows its end."""
        return None if self.job is None or self.job.ended is None else self.job.ended.order

    @property
    def clean(self) -> bool:
        """Whether it ended, and nothing of it was refused."""
        return self.job is not None and self.job.clean is True


def sights(traffic: Traffic, jobs: list[Job], ours: Vocabulary) -> Iterator[Sight]:
    """Yields what the calls say about what an import makes of records."""
    by_call = {id(job.accepted): job for job in jobs if job.accepted is not None}
    imports = []
    for call in traffic.by_role(IMPORT):
        if call.good:
            made = _Import(call, by_call.get(id(call)))
            for contact in _objects(call.sent, "contacts"):
                if isinstance(contact.get("id"), str):
                    made.contacts.setdefault(contact["id"], []).append(contact)
            imports.append(made)
    for each in imports:
        if each.call.sent_whole and isinstance(each.call.sent, dict):
            yield from _of_sent(each, ours)
    yield from _of_updates(traffic, imports, ours)
    yield from _of_dates(traffic, imports)
    yield from _of_future(traffic, imports)


def _objects(value: Any, *names: str) -> Iterator[dict[str, Any]]:
    """Yields the objects in lists inside lists: those at `names` from the outside to the inside."""
    level = [value] if isinstance(value, dict) else []
    for name in names:
        level = [
            item
            for each in level
            for item in (each[name] if isinstance(each.get(name), list) else ())
            if isinstance(item, dict)
        ]
    yield from level


def _contracts(sent: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yields the contracts of an import, each with its unit."""
    for unit in _objects(sent, "properties", "addresses", "units"):
        for contract in _objects(unit, "contracts"):
            yield unit, contract


def _of_sent(each: _Import, ours: Vocabulary) -> Iterator[Sight]:
    """Yields what follows from an import that was accepted, and from how its job ended."""
    sent, call = each.call.sent, each.call
    for house in _objects(sent, "properties"):
        code = house.get("postalCode")
        if isinstance(code, int | float) and not isinstance(code, bool) and each.clean:
            yield sight(call, "property-postal-code", "string-or-number", "number")
        elif isinstance(code, str) and each.clean:
            yield sight(call, "property-postal-code", "string-or-number", "string")
    for _, contract in _contracts(sent):
        forms = [contract.get(name) for name in ("startDate", "endDate")]
        if each.clean and any(isinstance(text, str) and "T" in text for text in forms):
            yield sight(call, "contract-dates", "date-or-date-time")
            break
    if each.clean and any(not _named(contact) for contact in _objects(sent, "contacts")):
        yield sight(call, "contact-name-required", False)
    if each.job is not None and each.job.ended is not None:
        yield from _of_outcome(each, each.job, ours)


def _named(contact: Mapping[str, Any]) -> bool:
    return bool(contact.get("lastName") or contact.get("companyName"))


def _of_outcome(each: _Import, job: Job, ours: Vocabulary) -> Iterator[Sight]:
    sent, errors = each.call.sent, job.errors
    twice = [name for name, sent_for in each.contacts.items() if len(sent_for) > 1 and sent_for[0] != sent_for[-1]]
    if twice and each.clean:
        yield sight(each.call, "duplicate-ids", "last-wins")
    elif twice and errors and all(_mentioned(errors, name) for name in twice):
        yield sight(each.call, "duplicate-ids", "refuse-all")
    backwards = [unit for unit, contract in _contracts(sent) if _is_backwards(contract)]
    if backwards and each.clean:
        yield sight(each.call, "contract-period", "accept")
    elif backwards and errors and all(_is_period_refused(errors, unit) for unit in backwards):
        yield sight(each.call, "contract-period", "refuse")
    unknown = {name for contact in _objects(sent, "contacts") for name in {*contact} - {*ours.fields("Contact")}}
    if unknown and each.clean and (warnings := job.warnings) is not None:
        if not warnings:
            yield sight(each.call, "unknown-fields", "ignore")
        elif all(_mentioned(warnings, name) for name in unknown):
            yield sight(each.call, "unknown-fields", "report")


def _mentioned(told: list[Any], name: str) -> bool:
    return name in json.dumps(told, ensure_ascii=False)


def _is_backwards(contract: Mapping[str, Any]) -> bool:
    start, end = contract.get("startDate"), contract.get("endDate")
    return isinstance(start, str) and isinstance(end, str) and end[:10] < start[:10]


def _is_period_refused(errors: list[Any], unit: Mapping[str, Any]) -> bool:
    """Whether the end of a contract is what was refused about its unit, and not something else."""
    name = unit.get("id")
    return any(
        re.search(r"endDate|period|ends? before|before.*start", text) is not None
        for text in (json.dumps(error, ensure_ascii=False) for error in errors)
        if isinstance(name, str) and json.dumps(name, ensure_ascii=False)[1:-1] in text
    )


_HISTORY = 10
"""Imports of a contact that are remembered before it is read."""

_History = list[dict[str, Any]]
"""A contact as its latest imports had it, in the order of time."""


def _of_updates(traffic: Traffic, imports: list[_Import], ours: Vocabulary) -> Iterator[Sight]:
    shown = _shown_ever(traffic)
    read = list(_read_updates(traffic, imports))
    found: list[Sight] = []
    for call, record, history in read:
        found += _of_fields(call, record, history, shown[call.version] & {*ours.fields("Contact")})
    merged = {each.value for each in found if each.name == "upsert"} == {"merge"}
    for call, record, history in read:
        found += _of_custom_fields(call, record, history, merged=merged)
    for each in dict.fromkeys(found):
        # A vendor that replaces whole records leaves out what came as null, whether or not a null clears by itself.
        if each.name != "null-clears" or each.value is False or merged:
            yield each


def _read_updates(traffic: Traffic, imports: list[_Import]) -> Iterator[tuple[Call, dict[str, Any], _History]]:
    """Yields the contacts that are read after several imports of them."""
    by_contact: dict[tuple[str, str], list[_Import]] = {}
    for each in imports:
        for contact in each.contacts:
            by_contact.setdefault((each.call.account, contact), []).append(each)
    unread = [each.call.order for each in imports if not each.call.sent_whole]
    for call in traffic.by_role("contacts", "contact"):
        for record in records(call):
            name = str(record.get("id"))
            history = _history(call, name, by_contact.get((call.account, name), []), unread)
            if len(history) > 1:
                yield call, record, history


def _of_fields(call: Call, record: Mapping[str, Any], history: _History, shown: set[str]) -> Iterator[Sight]:
    for name in shown - {"id", "customFields", "preferredWayOfContact"}:
        sent = [number for number, each in enumerate(history) if name in each]
        was = [history[number][name] for number in sent]
        now = record.get(name)
        if not sent:
            continue
        if was[-1] is None and len(was) > 1 and _is_shown_or_gone(was[-2], now):
            yield sight(call, "null-clears", now is None)
        elif sent[-1] < len(history) - 1 and _is_shown_or_gone(was[-1], now):
            yield sight(call, "upsert", "merge" if now == was[-1] else "replace")


def _is_shown_or_gone(was: Any, now: Any) -> bool:
    return isinstance(was, str) and was != "" and now in (was, None)


def _shown_ever(traffic: Traffic) -> dict[str, set[str]]:
    """Returns the members that contacts were ever read with, by version."""
    shown: dict[str, set[str]] = {"v1": set(), "v2": set()}
    for call in traffic.by_role("contacts", "contact"):
        for record in records(call):
            shown[call.version].update(name for name, value in record.items() if value is not None)
    return shown


def _history(call: Call, name: str, touching: list[_Import], unread: list[int]) -> _History:
    """Returns how a contact that is read was imported, as far back as all of it is surely in what is read.

    Args:
        call: Which reads it.
        name: Its id.
        touching: All imports with it, in the order of time.
        unread: The order of imports that are not whole, so that it may be in them.
    """
    place = bisect.bisect_left(touching, call.order, key=lambda each: each.call.order)
    history: _History = []
    for each in reversed(touching[max(place - _HISTORY, 0) : place]):
        hidden = bisect.bisect(unread, each.call.order) != bisect.bisect(unread, call.order)
        if hidden or not each.clean or len(each.contacts[name]) > 1 or each.done is None or each.done > call.order:
            break
        history.insert(0, each.contacts[name][0])
    return history


def _of_custom_fields(call: Call, record: Mapping[str, Any], history: _History, *, merged: bool) -> Iterator[Sight]:
    """Yields what becomes of custom fields that a later import does not name.

    Args:
        call: Which reads the contact.
        record: As it is read.
        history: As it was imported.
        merged: Whether an import that does not name any leaves them alone; then such imports may lie between.
    """
    sent = [number for number, each in enumerate(history) if isinstance(each.get("customFields"), dict)]
    shown = record.get("customFields")
    if len(sent) < 2 or not isinstance(shown, dict) or (sent[-2] + 1 < sent[-1] and not merged):
        return
    if any("customFields" in each for each in history[sent[-2] + 1 : sent[-1]]):  # cleared in the meantime, perhaps
        return
    before, after = (history[number]["customFields"] for number in sent[-2:])
    left = {name for name, value in before.items() if value is not None and name not in after}
    new = {name for name, value in after.items() if value is not None}
    if not left or not new or not new <= shown.keys():
        return
    if left <= shown.keys():
        yield sight(call, "custom-fields", "merge")
    elif not left & shown.keys():
        yield sight(call, "custom-fields", "replace")


def _of_dates(traffic: Traffic, imports: list[_Import]) -> Iterator[Sight]:
    """Yields in which form the dates of contracts are read that were imported before."""
    if any(not each.call.sent_whole for each in imports):
        return
    sent: dict[tuple[str, str, str], set[str]] = {}
    waiting = imports[::-1]
    for call in traffic.by_role("units", "contacts", "contact", "unit", version="v2"):
        while waiting and waiting[-1].call.order < call.order:
            _take_dates(waiting.pop(), sent)
        for unit, contact, contract in _read_contracts(call):
            for name in ("startDate", "endDate"):
                shown, texts = contract.get(name), sent.get((call.account, str(unit), str(contact)), set())
                if isinstance(shown, str) and texts:
                    yield from _of_date(call, shown, texts)


def _take_dates(each: _Import, sent: dict[tuple[str, str, str], set[str]]) -> None:
    for unit, contract in _contracts(each.call.sent):
        texts = {text for text in (contract.get("startDate"), contract.get("endDate")) if isinstance(text, str)}
        sent.setdefault((each.call.account, str(unit.get("id")), str(contract.get("contactId"))), set()).update(texts)


def _of_future(traffic: Traffic, imports: list[_Import]) -> Iterator[Sight]:
    """Yields lists of units that leave out a contract which was imported, and begins later."""
    latest: dict[tuple[str, str], tuple[_Import, dict[str, Any]]] = {}
    waiting = imports[::-1]
    for call in traffic.by_role("units", version="v2"):
        while waiting and waiting[-1].call.order < call.order:
            each = waiting.pop()
            for unit in _objects(each.call.sent, "properties", "addresses", "units"):
                latest[each.call.account, str(unit.get("id"))] = each, unit
        if call.at is None or call.at.year > _LAST_YEAR or call.query.get("includeInactiveContracts") == "true":
            continue
        for record in records(call):
            found = latest.get((call.account, str(record.get("id"))))
            if found is None or not found[0].clean or (found[0].done or 0) > call.order:
                continue
            # Tomorrow may have begun already where the vendor is.
            if _leaves_out(record, found[1], (call.at + timedelta(days=1)).date().isoformat()):
                yield sight(call, "inactive-contracts", "not-in-force")


def _leaves_out(record: Mapping[str, Any], unit: Mapping[str, Any], day: str) -> bool:
    """Whether a unit that was read lacks a contract of its import that begins after a day, and shows another one."""
    shown = {(str(each.get("contactId")), str(each.get("startDate"))[:10]) for each in _objects(record, "contracts")}
    sent = {(str(each.get("contactId")), str(each.get("startDate"))[:10]) for each in _objects(unit, "contracts")}
    later = {each for each in sent if each[1][:4].isdecimal() and each[1] > day}
    return bool(later) and not later & shown and bool((sent - later) & shown)


def _read_contracts(call: Call) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
    for record in records(call):
        contracts = record.get("contracts")
        for contract in contracts if isinstance(contracts, list) else ():
            if not isinstance(contract, dict):
                continue
            if call.role in ("units", "unit"):
                yield record.get("id"), contract.get("contactId"), contract
            else:
                yield contract.get("unitId"), record.get("id"), contract


def _of_date(call: Call, shown: str, sent: set[str]) -> Iterator[Sight]:
    name = "contract-date-format"
    if _DAY.match(shown):
        yield sight(call, name, "date", "as-sent") if shown in sent else sight(call, name, "date")
    elif _UTC.match(shown):
        yield (
            sight(call, name, "utc-milliseconds", "as-sent") if shown in sent else sight(call, name, "utc-milliseconds")
        )
    elif shown in sent:
        yield sight(call, name, "as-sent")
    else:
        yield sight(call, name, f"another form: {re.sub('[0-9]', '9', shown)[:40]}")


def of_responsibilities(traffic: Traffic) -> Iterator[Sight]:
    """Yields what the third array of the import is called, where its records are read back on their properties."""
    read = {
        (str(record.get("id")), str(role.get("contactId")))
        for call in traffic.by_role("properties", "property", version="v2")
        for record in records(call)
        for role in _objects(record, "responsibilities")
    }
    for call in traffic.by_role(IMPORT):
        for name, value in call.sent.items() if call.good and isinstance(call.sent, dict) else ():
            pairs = Counter(
                (str(each.get("propertyId")), str(each.get("contactId")))
                for each in (value if isinstance(value, list) else ())
                if isinstance(each, dict) and "propertyId" in each and "contactId" in each
            )
            if name not in ("contacts", "properties") and pairs and pairs.keys() <= read:
                yield sight(call, "responsibilities-key", name)


def of_nesting(traffic: Traffic) -> Iterator[Sight]:
    """Yields where units stand in the import, where they are read back afterwards."""
    read = {str(record.get("id")) for call in traffic.by_role("units") for record in records(call)}
    for call in traffic.by_role(IMPORT):
        if call.good:
            nested = {str(unit.get("id")) for unit in _objects(call.sent, "properties", "addresses", "units")}
            if nested & read:
                yield sight(call, "import-model-nesting", "nested")
            if {str(unit.get("id")) for unit in _objects(call.sent, "units")} & read:
                yield sight(call, "import-model-nesting", "units stand at the top, beside contacts and properties")
