"""Which records of a request are refused, and why."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from casavi_contracts.model.requests import Entry, Key

Target = tuple[str, str | None]
"""Entity and id of a record."""

_BASE64 = re.compile(
    r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", re.ASCII
)  # source: RFC 4648, section 4
_BLANKS = str.maketrans("", "", " \t\n\v\f\r")
_DAY = len("YYYY-MM-DD")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one record is refused."""

    entry: Entry
    rule: str
    place: str = ""
    """Below the record."""
    missing: Target | None = None
    """The record that does not exist, or the one whose own fault it was."""
    evidence: str | None = None
    """Where it differs from that of the rule."""

    def as_json(self) -> dict[str, Any]:
        """Returns it as the error of a job, without evidence and message."""
        return {
            "entity": self.entry.entity,
            "id": self.entry.id,
            "pointer": self.entry.pointer + self.place,
            "rule": self.rule,
            "missing": {"entity": self.missing[0], "id": self.missing[1]} if self.missing else None,
        }


@dataclass(slots=True)
class Judgement:
    """Judges the records of one request.

    Args:
        profile: Values of all assumptions by name.
        stored: Whether a record was there before.
    """

    profile: Mapping[str, Any]
    stored: Callable[[str, Key], bool]
    _refused: dict[Entry, Target] = field(default_factory=dict)
    """With the record whose own fault it was."""
    _fates: dict[tuple[str, Key], Target | None] = field(default_factory=dict)
    """Of all records so far: None if it is imported, otherwise whose fault it was that it is not."""

    def of(self, entries: Iterable[Entry]) -> list[Refusal]:
        """Returns the refusals, in the order of the records."""
        listed = list(entries)
        twins = {name for name, n in Counter((one.entity, one.key) for one in listed).items() if n > 1}
        if self.profile["duplicate-ids"] != "refuse-all":
            twins = set()
        refusals = []
        for entry in listed:
            # The first objection counts.
            refusal = next(self._objections(entry, twins), None)
            fate = None
            if refusal is not None:
                refusals.append(refusal)
                own_fault = refusal.rule not in ("refused-parent", "refused-reference")
                fate = (entry.entity, entry.id) if own_fault else refusal.missing
                assert fate is not None, "what is inherited has a cause"
                self._refused[entry] = fate
            self._fates[entry.entity, entry.key] = fate
        return refusals

    def _objections(self, entry: Entry, twins: set[tuple[str, Key]]) -> Iterator[Refusal]:
        if (entry.entity, entry.key) in twins:
            yield Refusal(entry, "duplicate-id", "/id" if entry.id is not None else "")
        if entry.parent in self._refused:
            yield Refusal(entry, "refused-parent", missing=self._refused[entry.parent])
        # A record that nobody has sent weighs more than one that was refused, wherever in the record it is named.
        named = [*self._unfit_references(entry)]
        yield from sorted(named, key=lambda refusal: refusal.rule == "refused-reference")
        yield from self._contracts(entry)
        yield from self._content(entry)

    def _unfit_references(self, entry: Entry) -> Iterator[Refusal]:
        for place, reference, target in entry.references():
            name = (reference.entity, (target,))
            if self.stored(*name) or (name in self._fates and self._fates[name] is None):
                continue
            cause = self._fates.get(name)
            if cause is None:
                missing = (reference.entity, target)
                yield Refusal(entry, "missing-reference", place, missing, reference.evidence)
            else:
                yield Refusal(entry, "refused-reference", place, cause)

    def _contracts(self, entry: Entry) -> Iterator[Refusal]:
        contracts = entry.data.get("contracts") or () if entry.entity == "units" else ()
        ids: set[str] = set()
        for index, contract in enumerate(contracts):
            if contract.get("id") in ids and self.profile["duplicate-ids"] == "refuse-all":
                yield Refusal(entry, "duplicate-id", f"/contracts/{index}/id")
            ids |= {contract["id"]} if "id" in contract else set()
        for index, contract in enumerate(contracts):
            if ends_early(contract) and self.profile["contract-period"] == "refuse":
                yield Refusal(entry, "contract-period-invalid", f"/contracts/{index}/endDate")

    def _content(self, entry: Entry) -> Iterator[Refusal]:
        content = entry.data.get("content") if entry.entity == "documents" else None
        if content is None:
            return
        compact = content.translate(_BLANKS)
        size = len(compact) * 3 // 4 - compact[-2:].count("=")
        if compact.isascii() and size > self.profile["document-max-mb"] * 1_000_000:
            yield Refusal(entry, "document-too-large", "/content")
        if not _BASE64.fullmatch(compact):
            yield Refusal(entry, "document-content-invalid", "/content")


def ends_early(contract: Mapping[str, Any]) -> bool:
    """Whether a contract ends before it starts. A date alone means the whole day."""
    start, end = contract.get("startDate"), contract.get("endDate")
    if not start or not end:
        return False
    if _DAY in (len(start), len(end)):
        return bool(end[:_DAY] < start[:_DAY])
    return datetime.fromisoformat(end) < datetime.fromisoformat(start)
