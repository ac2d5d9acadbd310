"""The records of an account as a portfolio document, and back.

The document can be imported like any other. What an import does not know (the vendor's numbers, times, digests, who has
registered) stands beside the records in the member `_mock`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from casavi_mock.domain.importing import Importer
from casavi_mock.domain.model import ENTITIES, Json, Key, Record, RecordError, Shape
from casavi_mock.domain.ordering import escaped, plan
from casavi_mock.domain.policy import Policy
from casavi_mock.domain.store import Store

VERSION = 1

T = TypeVar("T")

_STANDING_IN = ("digest", "size")
"""Fields of a document that stand in for its content; an import does not know them."""


class StateError(ValueError):
    """A document is not the state of an account; the text says where and why."""


def dump(store: Store) -> dict[str, Json]:
    """Returns the records as a portfolio document; the same records always give the same document."""
    documents: defaultdict[tuple[str, str], list[Json]] = defaultdict(list)
    for record in store.records("documents"):
        documents[next(iter(record.place.items()))].append(_sent(record))
    units: defaultdict[tuple[str, str], list[Json]] = defaultdict(list)
    for record in store.records("units"):
        place = (record.place["propertyId"], record.place["street"])
        units[place].append(_with(_sent(record), "documents", documents[("unitId", str(record.key))]))
    return {
        "contacts": [_sent(record) for record in store.records("contacts")],
        "properties": [
            _with(_property(record, units), "documents", documents[("propertyId", str(record.key))])
            for record in store.records("properties")
        ],
        "responsibilities": [dict(record.fields) for record in store.records("responsibilities")],
        "_mock": {
            "version": VERSION,
            "records": {entity: [_history(record) for record in store.records(entity)] for entity in ENTITIES},
            "portal": {id_: list(flags) for id_, flags in store.portal.items()},
        },
    }


def load(document: Mapping[str, Json], shape: Shape, policy: Policy, now: datetime) -> Store:
    """Returns the records of a document, with the history that `_mock` gives them.

    Args:
        document: A portfolio that satisfies the contract, with or without `_mock`.
        shape: The shape of the import's body.
        policy: How records are judged.
        now: Time of records without a history.

    Raises:
        StateError: A record is refused, or `_mock` is not what `dump` writes.
    """
    imported = Store()
    portfolio = {name: value for name, value in document.items() if name != "_mock"}
    importer = Importer(imported, plan(portfolio, shape), policy, defaultdict(str))
    for record in importer.plan.records:
        error = importer.take(record, now)
        if isinstance(error, RecordError):
            raise StateError(f"{error.pointer}: {error.message}")
    kept = document.get("_mock")
    return imported if kept is None else _with_history(imported, kept, now)


def _with_history(imported: Store, kept: Json, now: datetime) -> Store:
    kept = _checked(kept, dict, "/_mock", "an object")
    version = kept.get("version")
    if version != VERSION or isinstance(version, bool):
        raise _damage("/_mock/version", str(VERSION), version)
    tables = _member(kept, "records", dict, "/_mock", "an object")
    store = Store()
    numbers: set[int] = set()
    for entity in ENTITIES:
        for record in _in_former_order(imported, entity, tables):
            if record.internal_id in numbers:
                raise StateError(f"/_mock/records/{entity}: two records have the internalId {record.internal_id}")
            numbers.add(record.internal_id)
            store.restore(record)
    for entity in ENTITIES:  # put into the file by hand; they are new, so their numbers come after all others
        for record in imported.records(entity):
            if not store.has(entity, record.key):
                store.put(entity, record.key, record.fields, record.place, now)
    for id_, flags in _member(kept, "portal", dict, "/_mock", "an object").items():
        if not (isinstance(flags, list) and [type(flag) for flag in flags] == [bool, bool]):
            raise _damage(f"/_mock/portal/{escaped(id_)}", "whether registered and whether invited", flags)
        store.portal[id_] = (flags[0], flags[1])
    return store


def _in_former_order(imported: Store, entity: str, tables: Mapping[str, Json]) -> Iterator[Record]:
    done: set[Key] = set()
    for index, history in enumerate(_member(tables, entity, list, "/_mock/records", "a list")):
        place = f"/_mock/records/{entity}/{index}"
        history = _checked(history, dict, place, "an object")  # noqa: PLW2901
        record = imported.get(entity, _key(history, place))
        if record is None or record.key in done:  # taken out of the file, or named twice by hand
            continue
        done.add(record.key)
        yield Record(
            entity,
            record.key,
            _number(history, "internalId", 1, place),
            {**record.fields, **_content(history, place)},
            record.place,
            _moment(history, "createdAt", place),
            _moment(history, "modifiedAt", place),
        )


def _key(history: Mapping[str, Json], place: str) -> Key:
    key = history.get("key")
    if isinstance(key, str):
        return key
    if not (isinstance(key, list) and all(isinstance(part, str) for part in key)):
        raise _damage(f"{place}/key", "a text or a list of texts", key)
    return tuple(key)


def _content(history: Mapping[str, Json], place: str) -> dict[str, Json]:
    """Returns what stands in for the content of a document, if it had any."""
    if not any(name in history for name in _STANDING_IN):
        return {}
    return {"digest": _member(history, "digest", str, place, "a text"), "size": _number(history, "size", 0, place)}


def _number(history: Mapping[str, Json], name: str, least: int, place: str) -> int:
    number = history.get(name)
    if type(number) is not int or number < least:  # true is no number here
        raise _damage(f"{place}/{name}", f"a whole number from {least}", number)
    return number


def _moment(history: Mapping[str, Json], name: str, place: str) -> datetime:
    text = history.get(name)
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # told like a text without a time zone
    raise _damage(f"{place}/{name}", "a date-time with time zone", text)


def _member(holder: Mapping[str, Json], name: str, kind: type[T], place: str, expected: str) -> T:
    return _checked(holder.get(name), kind, f"{place}/{name}", expected)


def _checked(value: Json, kind: type[T], place: str, expected: str) -> T:
    if not isinstance(value, kind):
        raise _damage(place, expected, value)
    return value


def _damage(place: str, expected: str, got: Json) -> StateError:
    return StateError(f"{place}: expected {expected}, got {repr(got)[:60]}")


def _history(record: Record) -> dict[str, Json]:
    history = {
        "key": record.key if isinstance(record.key, str) else list(record.key),
        "internalId": record.internal_id,
        "createdAt": record.created_at.isoformat(),
        "modifiedAt": record.modified_at.isoformat(),
    }
    if record.entity != "documents":  # its fields are not looked at: to unpack them takes longer than all the rest
        return history
    fields = record.fields
    return history | {name: fields[name] for name in _STANDING_IN if name in fields}


def _sent(record: Record) -> dict[str, Json]:
    """Returns a record as an import would send it."""
    fields = record.fields
    if record.entity == "documents":
        fields = {name: value for name, value in fields.items() if name not in _STANDING_IN}
    return {"id": record.key, **fields}


def _property(record: Record, units: Mapping[tuple[str, str], list[Json]]) -> dict[str, Json]:
    sent = _sent(record)
    if "addresses" in sent:
        sent["addresses"] = [
            _with({"street": street}, "units", units.get((str(record.key), street), [])) for street in sent["addresses"]
        ]
    return sent


def _with(sent: dict[str, Json], name: str, inside: list[Json]) -> dict[str, Json]:
    return sent | {name: inside} if inside else sent
