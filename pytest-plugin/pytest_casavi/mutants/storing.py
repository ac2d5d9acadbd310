"""Mutants that store otherwise than they were told: what they keep of an import, and what they say of it."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from pytest_casavi.mutants.answering import IMPORT, JOB
from pytest_casavi.mutants.exchange import Request, Response
from pytest_casavi.mutants.mutant import Ask

MAX_TEXT = 255
DATES = ("startDate", "endDate")
IDS = ("id", "contactId", "propertyId", "unitId")
CONTENTS = ("content", "data")
"""Members that hold files, which no vendor cuts like a text."""

ZONE = timedelta(hours=2)


def _import(change: Callable[[Any], object]) -> Ask:
    """Returns a mutant that changes the body of an import before it is stored."""

    def ask(request: Request) -> Request:
        if request.operation == IMPORT and isinstance(request.json, dict):
            change(request.json)
        return request

    return ask


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yields every object in a JSON value."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _objects(one)


def _contracts(body: Any) -> Iterator[dict[str, Any]]:
    for one in _objects(body):
        contracts = one.get("contracts")
        yield from (contract for contract in contracts or () if isinstance(contract, dict))


def _drop_dates(body: Any) -> None:
    for contract in _contracts(body):
        for name in DATES:
            contract.pop(name, None)


def _shift_dates(body: Any) -> None:
    for contract in _contracts(body):
        for name in DATES:
            if isinstance(contract.get(name), str):
                contract[name] = _shifted(contract[name])


def _shifted(text: str) -> str:
    """Returns a date as a server writes it that takes it for local midnight and stores it in UTC."""
    try:
        if len(text) == 10:
            return (date.fromisoformat(text) - timedelta(days=1)).isoformat()
        moment = datetime.fromisoformat(text) - ZONE
    except (ValueError, OverflowError):
        return text
    return moment.isoformat().replace("+00:00", "Z")


def _lower_email(body: Any) -> None:
    for one in _objects(body):
        if isinstance(one.get("email"), str):
            one["email"] = one["email"].lower()


def _cut_texts(body: Any) -> None:
    for one in _objects(body):
        for name, value in one.items():
            if isinstance(value, str) and len(value) > MAX_TEXT and name not in CONTENTS:
                one[name] = value[:MAX_TEXT]


def _lower_ids(body: Any) -> None:
    for one in _objects(body):
        for name in IDS:
            if isinstance(one.get(name), str):
                one[name] = one[name].lower()


drop_dates = _import(_drop_dates)
shift_dates = _import(_shift_dates)
lower_email = _import(_lower_email)
cut_texts = _import(_cut_texts)
lower_ids = _import(_lower_ids)

# The last record, dropped but counted


def drop_last(request: Request) -> Request:
    """Drops the last record to which no other of the import refers."""
    if request.operation != IMPORT or not isinstance(request.json, dict):
        return request
    for kind, holder in _holders(request.json):
        if holder:
            dropped = holder.pop()
            known: list[Any] = request.state.setdefault("dropped", [])
            request.state["next"] = kind, "unchanged" if dropped in known else "created"
            known.append(dropped)
            break
    return request


def _holders(body: dict[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    """Yields kinds of records and the lists that hold them, those first that nothing refers to."""
    properties = [one for one in body.get("properties") or () if isinstance(one, dict)]
    addresses = [address for one in properties for address in one.get("addresses") or () if isinstance(address, dict)]
    units = [address["units"] for address in addresses if isinstance(address.get("units"), list)]
    yield "responsibilities", body.get("responsibilities") or []
    yield from (("documents", one["documents"]) for one in reversed(properties) if one.get("documents"))
    yield from (("units", held) for held in reversed(units))
    yield "properties", body.get("properties") or []
    yield "contacts", body.get("contacts") or []


def count_dropped(request: Request, response: Response) -> Response:
    """Counts a record that was dropped as if it were stored."""
    if not response.good or not isinstance(response.json, dict):
        return response
    jobs: dict[Any, Any] = request.state.setdefault("jobs", {})
    if request.operation == IMPORT and "next" in request.state:
        jobs[response.json.get("jobId")] = request.state.pop("next")
    elif request.operation == JOB and (told := jobs.get(response.json.get("id"))):
        kind, outcome = told
        if (counts := (response.json.get("counts") or {}).get(kind)) is not None:
            counts[outcome] = counts.get(outcome, 0) + 1
        for name in ("processed", "total"):
            response.json.get("progress", {})[name] = response.json.get("progress", {}).get(name, 0) + 1
    return response
