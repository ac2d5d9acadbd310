"""Everything that recorded traffic says about the assumptions."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from casavi_contracts.observe import seen, seen_jobs, seen_lists, seen_records, seen_tokens
from casavi_contracts.observe.calls import Call, Traffic
from casavi_contracts.observe.seen_jobs import Job
from casavi_contracts.observe.sights import Sight
from casavi_contracts.observe.vocabulary import Vocabulary


def sights(traffic: Traffic, jobs: list[Job], ours: Vocabulary) -> Iterator[Sight]:
    """Yields what the calls say, one by one; accounts have to be named before, and jobs found."""
    yield from seen.sights(traffic)
    yield from seen_tokens.sights(traffic)
    yield from seen_lists.sights(traffic, ours)
    yield from seen_jobs.sights(traffic, jobs, ours)
    yield from seen_records.sights(traffic, jobs, ours)
    yield from seen_records.of_responsibilities(traffic)
    yield from seen_records.of_nesting(traffic)


@dataclass(slots=True)
class Shown:
    """A field of our documents that was seen with a value."""

    count: int = 0
    """Exchanges that show it."""
    first: datetime | None = None
    last: datetime | None = None
    sources: tuple[str, ...] = ()

    def see(self, call: Call) -> None:
        """Counts an exchange."""
        self.count += 1
        if call.at is not None:
            self.first = call.at if self.first is None else min(self.first, call.at)
            self.last = call.at if self.last is None else max(self.last, call.at)
        self.sources = tuple(dict.fromkeys((*self.sources, call.source)))


_RECORDS = {
    ("contacts", "v1"): "ContactV1", ("contact", "v1"): "ContactV1", ("contacts", "v2"): "ContactV2",
    ("units", "v2"): "UnitV2", ("properties", "v2"): "Property", ("property", "v2"): "Property",
}  # fmt: skip


def fields_shown(traffic: Traffic, ours: Vocabulary) -> dict[str, Shown]:
    """Returns the fields of records that were read with a value, by their pointers into our documents."""
    shown: dict[str, Shown] = {}
    for call in traffic.calls:
        name = _RECORDS.get((call.role, call.version))
        if name is None:
            continue
        known = {*ours.fields(name)}
        seen = {field for record in seen_lists.records(call) for field, value in record.items() if value is not None}
        for field in sorted(seen & known):
            shown.setdefault(f"/components/schemas/{name}/properties/{field}", Shown()).see(call)
    return shown
