"""What an account holds at the end of a test, and what its client was told: flat, so that two can be compared."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

World = dict[str, Any]
"""Plain values by where they stand, such as `contacts K4711 email`."""

MAX_PLACES = 4_000
"""Places of a world that are kept; of more, each record is kept as a digest."""

MAX_RECORD = 500
"""Characters of a record that was read which are kept; a longer one is kept as a digest."""

ABSENT = "nothing"
RECORD = "a record"

_STATES = ("waiting", "active", "completed", "failed")
_FINAL = ("completed", "failed")
_VENDORS_OWN = ("internalId", "contactInternalId", "createdAt", "modifiedAt", "appLink", "etag")
"""Members of records that are read which the vendor makes, and which differ from run to run."""


def world_of(states: Iterable[Mapping[str, Any]]) -> World:
    """Returns what accounts hold.

    Args:
        states: As the mock exports them.
    """
    world: World = {}
    for number, state in enumerate(states, 1):
        whose = "" if number == 1 else f"account {number}: "
        records = {name: part for name, part in state.items() if name != "_mock"}
        world |= _bounded(f"{whose}", records)
    return world


def _bounded(whose: str, records: Mapping[str, Any]) -> World:
    found: World = {}
    for place, value in _flat("", records):
        found[f"{whose}{place}"] = value
        if len(found) > MAX_PLACES:
            return {
                f"{whose}{kind} {_name(record, number)}": _digest(record)
                for kind, part in records.items()
                for number, record in enumerate(part)
            }
    return found


def _flat(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _flat(f"{place} {name}".strip(), part)
    elif isinstance(value, list):
        ordered = enumerate(value) if _has_names(value) else enumerate(sorted(value, key=_text))
        for number, part in ordered:
            yield from _flat(f"{place} {_name(part, number)}", part)
    else:
        yield place, value


def _has_names(values: list[Any]) -> bool:
    return all(isinstance(value, Mapping) and ("id" in value or "street" in value) for value in values)


def _name(value: Any, number: int) -> str:
    """Returns what a part of a list is called: by its id, since the order of records tells nothing."""
    if isinstance(value, Mapping):
        for name in ("id", "street", "contractNumber"):
            if value.get(name) is not None:
                return str(value[name])
    return str(number + 1)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _short(value: Any) -> str:
    text = _text(value)
    return text if len(text) <= MAX_RECORD else _digest(value)


def _digest(value: Any) -> str:
    return hashlib.sha256(_text(value).encode()).hexdigest()[:16]


class Told:
    """What the clients of one test are told of their imports, and of records that they read."""

    def __init__(self) -> None:
        self._imports: dict[str, str] = {}
        self._of_job: dict[str, str] = {}
        self._results: dict[str, dict[str, Any]] = {}
        self._lies: dict[str, tuple[World, World]] = {}
        self._read: World = {}

    def note(self, operation: str | None, path: str, sent: bytes, done: Any, told: Any) -> None:
        """Notes an exchange.

        Args:
            operation: The `operationId`.
            path: As it was asked for.
            sent: Body of the request as the client sent it.
            done: What the server answered, as JSON.
            told: What the client got, as JSON; None if it got nothing.
        """
        if operation == "importMasterData":
            self._note_import(sent, done, told)
        elif operation == "getJob":
            self._note_job(path.rpartition("/")[2], done, told)
        elif operation is not None and isinstance(told, dict) and len(self._read) < MAX_PLACES:
            self._note_records(told)

    @property
    def results(self) -> World:
        """What became of each import of which a client was told anything."""
        return {f"{name} {part}": value for name, one in self._results.items() for part, value in one.items()}

    @property
    def read(self) -> World:
        """The records that were read."""
        return self._read

    @property
    def lies(self) -> list[tuple[str, Any, Any]]:
        """Where a client was told of a job what is not so: place, what it was told, what is so."""
        return [
            (f"job of {name}: {place}", believed, holds)
            for name, (told, done) in self._lies.items()
            for place, believed, holds in differences(told, done)
        ]

    def _note_import(self, sent: bytes, done: Any, told: Any) -> None:
        mark = hashlib.sha256(sent).hexdigest()
        name = self._imports.setdefault(mark, f"import {len(self._imports) + 1}")
        for answer in (done, told):
            if isinstance(answer, dict) and "jobId" in answer:
                self._of_job[str(answer["jobId"])] = name

    def _note_job(self, job_id: str, done: Any, told: Any) -> None:
        name = self._of_job.get(job_id, f"job {job_id}")
        truth = _result(done, None)
        believed = _result(told, truth)
        if truth is not None:
            self._results[name] = {"status": truth["status"], "errors": len(truth["errors"])}
        if truth is not None and believed is not None:
            self._lies[name] = (dict(_flat("", believed)), dict(_flat("", truth)))

    def _note_records(self, told: Mapping[str, Any]) -> None:
        entries = [one for name in ("list", "content") for one in told.get(name) or ()]
        for record in entries or ([told] if "id" in told else ()):
            if isinstance(record, Mapping):
                own = {name: value for name, value in record.items() if name not in _VENDORS_OWN}
                place = f"read: {record.get('id')}"
                self._read |= {f"{place} id": record.get("id"), f"{place} fields": _short(own)}


def _result(job: Any, truth: World | None) -> World | None:
    """Returns what a job says became of an import, whatever words it uses; None if it has not ended.

    Args:
        job: As it was told.
        truth: The result in the server's own words, which stands for a state of an unknown name.
    """
    if not isinstance(job, Mapping):
        return None
    status = str(job.get("status", "")).lower()
    if status not in _STATES:
        if truth is None:
            return None
        status = truth["status"]
    if status not in _FINAL:
        return None
    errors = [one for one in job.get("errors") or () if isinstance(one, Mapping)]
    counts = {
        f"{kind} {outcome}": number
        for kind, one in (job.get("counts") or {}).items()
        if isinstance(one, Mapping)
        for outcome, number in one.items()
        if number
    }
    return {"status": status, "errors": [f"{one.get('entity')} {one.get('id')}" for one in errors], "counts": counts}


def differences(believed: Mapping[str, Any], holds: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Returns where two worlds differ: place, value of the first, value of the second.

    A record that is missing in one of them is one difference, not one for each of its fields.
    """
    missing = object()
    found: list[tuple[str, Any, Any]] = []
    whole: tuple[str, ...] = ()
    for place in sorted(dict.fromkeys([*believed, *holds]), key=_records_first):
        first, second = believed.get(place, missing), holds.get(place, missing)
        if first == second or {_none(first, missing), _none(second, missing)} == {None} or place.startswith(whole):
            continue
        if place.endswith(" id") and missing in (first, second):
            record = place.removesuffix("id")
            whole = (*whole, record)
            found.append((record.strip(), *_told(first, second, missing, RECORD)))
        else:
            found.append((place, *_told(first, second, missing)))
    return found


def _told(first: Any, second: Any, missing: object, what: str | None = None) -> tuple[Any, Any]:
    one, other = (ABSENT if value is missing else what or value for value in (first, second))
    return one, other


def _none(value: Any, missing: object) -> Any:
    return None if value is missing or value is None else True


def _records_first(place: str) -> tuple[int, bool]:
    return place.count(" "), not place.endswith(" id")
