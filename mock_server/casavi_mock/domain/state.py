"""The records of an account as a portfolio document, and back.

The document can be imported like any other. What an import does not know (the vendor's numbers, times, digests, who has
registered) stands beside the records in the member `_mock`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from casavi_mock.domain.importing import Importer
from casavi_mock.domain.model import ENTITIES, Json, Key, Record, RecordError, Shape
from casavi_mock.domain.ordering import plan
from casavi_mock.domain.policy import Policy
from casavi_mock.domain.store import Store

VERSION = 1

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
    if kept is None:
        return imported
    try:
        return _with_history(imported, kept)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StateError(f"/_mock: not what this mock writes ({type(error).__name__}: {error})") from error


def _with_history(imported: Store, kept: Mapping[str, Any]) -> Store:
    if kept["version"] != VERSION:
        raise StateError(f"/_mock/version: expected {VERSION}, got {kept['version']!r}")
    store = Store()
    for entity in ENTITIES:
        for record in _in_former_order(imported, entity, kept["records"][entity]):
            store.restore(record)
    for id_, (registered, invited) in kept["portal"].items():
        store.portal[id_] = (bool(registered), bool(invited))
    return store


def _in_former_order(imported: Store, entity: str, histories: list[Mapping[str, Any]]) -> Iterator[Record]:
    done: set[Key] = set()
    for history in histories:
        key = history["key"] if isinstance(history["key"], str) else tuple(history["key"])
        record = imported.get(entity, key)
        if record is None or key in done:  # taken out of the file, or named twice by hand
            continue
        done.add(key)
        yield replace(
            record,
            fields={**record.fields, **{name: history[name] for name in _STANDING_IN if name in history}},
            internal_id=int(history["internalId"]),
            created_at=_moment(history["createdAt"]),
            modified_at=_moment(history["modifiedAt"]),
        )
    yield from (record for record in imported.records(entity) if record.key not in done)


def _history(record: Record) -> dict[str, Json]:
    return {
        "key": record.key if isinstance(record.key, str) else list(record.key),
        "internalId": record.internal_id,
        "createdAt": record.created_at.isoformat(),
        "modifiedAt": record.modified_at.isoformat(),
        **{name: record.fields[name] for name in _STANDING_IN if name in record.fields},
    }


def _sent(record: Record) -> dict[str, Json]:
    """Returns a record as an import would send it."""
    fields = {name: value for name, value in record.fields.items() if name not in _STANDING_IN}
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


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
