"""How values stand in a state file: moments as microseconds, everything with parts as JSON."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from casavi_mock.accounts.capture import FaultFacts, Full
from casavi_mock.domain.clock import ClockFace
from casavi_mock.domain.faults import Effect, Fault, FaultView
from casavi_mock.domain.jobs import Counts, Job, Progress
from casavi_mock.domain.jobs.job import Ended
from casavi_mock.domain.jobs.kept import QueueFacts, Running
from casavi_mock.domain.journal import Exchange
from casavi_mock.domain.model import JobState, Key, RecordError, RecordWarning
from casavi_mock.domain.store import KeptRecord, Row, values_of

_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_UNIT = timedelta(microseconds=1)


def number(moment: datetime) -> int:
    """Returns a moment as microseconds since 1970."""
    return (moment - _ZERO) // _UNIT


def moment(count: int) -> datetime:
    """Returns the moment so many microseconds after 1970."""
    return _ZERO + timedelta(microseconds=count)


def _number(at: datetime | None) -> int | None:
    return None if at is None else number(at)


def _moment(count: int | None) -> datetime | None:
    return None if count is None else moment(count)


def text(value: Any) -> str:
    """Returns a value as JSON."""
    return orjson.dumps(value).decode()


def key_text(key: Key) -> str:
    """Returns a key: a reference id behind a quote, several fields as JSON."""
    return "'" + key if isinstance(key, str) else text(key)


def key_of(written: str) -> Key:
    """Returns the key that `key_text` wrote."""
    return written[1:] if written.startswith("'") else tuple(orjson.loads(written))


def record_values(rows: Iterable[tuple[int, Row]]) -> Iterator[int | bytes]:
    """Yields for each record its place in the file, and the record as a list in JSON.

    Args:
        rows: The place of each record, and how it is kept.
    """
    dumps, seen, since = orjson.dumps, _ZERO, 0
    for place, (key, internal_id, names, values, stands, created_at, modified_at) in rows:
        if modified_at is not seen:  # many records have the same
            seen, since = modified_at, number(modified_at)
        created = since if created_at is modified_at else number(created_at)
        yield place
        yield dumps((key, internal_id, created, since, stands, names, values_of(values)))


def records_of(written: Iterable[bytes]) -> Iterator[KeptRecord]:
    """Yields the records that `record_values` wrote."""
    loads, since, seen = orjson.loads, 0, _ZERO
    for record in written:
        key, internal_id, created, modified, stands, names, values = loads(record)
        if modified != since:  # many records have the same
            since, seen = modified, moment(modified)
        created_at = seen if created == modified else moment(created)
        place = tuple(map(tuple, stands)) if stands else ()
        yield (
            key if key.__class__ is str else tuple(key),
            internal_id,
            tuple(names),
            tuple(values),
            place,
            created_at,
            seen,
        )


def live_text(full: Full) -> str:
    """Returns what is told of the parts that an account holds now."""
    clock = full.clock
    return text(
        {
            "clock": [clock.shift // _UNIT, _number(clock.frozen_at), _number(clock.latest)],
            "start": asdict(full.start),
            "steering": full.steering,
            "exchange": full.last_exchange,
            **_queue(full.queue),
        }
    )


def snapshot_text(at: datetime, queue: QueueFacts) -> str:
    """Returns what is told of a snapshot."""
    return text({"at": number(at), **_queue(queue)})


def clock_of(about: Mapping[str, Any]) -> ClockFace:
    """Returns how the clock of an account stood."""
    shift, frozen_at, latest = about["clock"]
    return ClockFace(timedelta(microseconds=shift), _moment(frozen_at), _moment(latest))


def _queue(facts: QueueFacts) -> dict[str, Any]:
    moments = {"free_at": _number(facts.free_at), "held_at": _number(facts.held_at)}
    return {"queue": {**asdict(facts), **moments}}


def queue_of(about: Mapping[str, Any]) -> QueueFacts:
    """Returns how a queue stood."""
    told = dict(about["queue"])
    told |= {name: _moment(told[name]) for name in ("free_at", "held_at")}
    return QueueFacts(**told | {"progress": Progress(**told["progress"])})


def faults_text(facts: FaultFacts) -> str:
    """Returns faults, and what has become of them."""
    seen = [
        {"fault": {**asdict(one.fault), "chooses": None}, "calls": one.calls, "hits": one.hits} for one in facts.seen
    ]
    return text({"added": facts.added, "seen": seen})


def faults_of(written: str | None) -> FaultFacts:
    """Returns the faults that `faults_text` wrote."""
    if written is None:
        return FaultFacts([], 0)
    told = orjson.loads(written)
    seen = []
    for one in told["seen"]:
        effect = dict(one["fault"].pop("effect"))
        effect["headers"] = tuple(tuple(header) for header in effect["headers"])
        seen.append(FaultView(Fault(**one["fault"], effect=Effect(**effect)), one["calls"], one["hits"]))
    return FaultFacts(seen, told["added"])


def ordered_text(ordered: Mapping[tuple[str, Key], str]) -> str:
    """Returns which records of an import are refused by command, and by which rule each."""
    return text([[entity, key_text(key), rule] for (entity, key), rule in ordered.items()])


def ordered_of(written: str | None) -> dict[tuple[str, Key], str]:
    """Returns what `ordered_text` wrote."""
    return {(entity, key_of(key)): rule for entity, key, rule in orjson.loads(written or "[]")}


def running_text(told: Running) -> str:
    """Returns how far a job has come."""
    moments = map(_number, (told.started_at, told.runs_from, told.ends_at, told.touched_at))
    return text([told.forced, *moments, told.processed, told.counts])


def running_of(place: int, written: str) -> Running:
    """Returns how far a job had come."""
    forced, *moments, processed, counts = orjson.loads(written)
    started_at, runs_from, ends_at, touched_at = map(_moment, moments)
    return Running(place, forced, started_at, runs_from, ends_at, touched_at, processed, tuple(counts))


def error_values(error: RecordError) -> list[Any]:
    """Returns an error as a list."""
    return [error.entity, error.id, error.pointer, error.rule, error.evidence, error.message, error.missing]


def error_of(values: list[Any]) -> RecordError:
    """Returns the error that `error_values` wrote."""
    entity, id_, pointer, rule, evidence, message, missing = values
    return RecordError(entity, id_, pointer, rule, evidence, message, missing and (missing[0], missing[1]))


def ended_value(kept: Ended) -> bytes | str:
    """Returns an ended job: packed bytes as they are, others as JSON."""
    if isinstance(kept, bytes):
        return kept
    moments = (kept.created_at, kept.started_at, kept.runs_from, kept.ends_at, kept.finished_at, kept.touched_at)
    return text(
        {
            "moments": [_number(at) for at in moments],
            "total": kept.total,
            "warnings": [asdict(warning) for warning in kept.warnings],
            "state": kept.state,
            "processed": kept.processed,
            "counts": kept.counts.numbers,
            "errors": [error_values(error) for error in kept.errors],
            "forced": kept.forced,
            "size": kept.size,
        }
    )


def ended_of(job_id: str, written: bytes | str) -> Ended:
    """Returns the ended job that `ended_value` wrote."""
    if isinstance(written, bytes):
        return written
    told = orjson.loads(written)
    created_at, started_at, runs_from, ends_at, finished_at, touched_at = map(_moment, told["moments"])
    assert created_at is not None, "every job was"
    return Job(
        id=job_id,
        created_at=created_at,
        total=told["total"],
        warnings=[RecordWarning(**warning) for warning in told["warnings"]],
        state=JobState(told["state"]),
        started_at=started_at,
        runs_from=runs_from,
        ends_at=ends_at,
        finished_at=finished_at,
        touched_at=touched_at,
        processed=told["processed"],
        counts=Counts(dict(enumerate(told["counts"]))),
        errors=[error_of(values) for values in told["errors"]],
        forced=told["forced"],
        size=told["size"],
    )


_MOMENTS = ("at", "server_at", "token_until")
_HEADERS = ("request_headers", "response_headers")
_BODIES = ("request_body", "response_body")
_NAMED = ("refused", "missing", "provides", "refers")
_TEXTS = ("notes", "pointers", "unknown_fields")


def exchange_values(exchange: Exchange) -> tuple[str, bytes, bytes]:
    """Returns an exchange: its facts as JSON, and its two bodies."""
    told = exchange._asdict()
    request, response = (told.pop(name) for name in _BODIES)
    told |= {name: _number(told[name]) for name in _MOMENTS}
    for name in _HEADERS:
        told[name] = [(one.decode("latin-1"), value.decode("latin-1")) for one, value in told[name]]
    return text(told), request, response


def exchange_of(facts: str, request: bytes, response: bytes) -> Exchange:
    """Returns the exchange that `exchange_values` wrote."""
    told = orjson.loads(facts)
    told |= {name: _moment(told[name]) for name in _MOMENTS}
    for name in _HEADERS:
        told[name] = tuple((one.encode("latin-1"), value.encode("latin-1")) for one, value in told[name])
    told |= {name: tuple(map(tuple, told[name])) for name in _NAMED}
    told |= {name: tuple(told[name]) for name in _TEXTS}
    return Exchange(**told, request_body=request, response_body=response)
