"""Imports one record: judges it, and stores it or says precisely why not.

Whatever the contract document can express was checked before the import was accepted; here is judged what it cannot.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from casavi_mock.domain.model import Json, Key, Outcome, RecordError, Reference
from casavi_mock.domain.ordering import Plan, PlannedRecord
from casavi_mock.domain.policy import Policy
from casavi_mock.domain.store import Store


@dataclass(slots=True)
class Importer:
    """Imports the records of one plan into one store."""

    store: Store
    plan: Plan
    policy: Policy
    evidence: Mapping[str, str]
    """Evidence by name of the rule, from the contract's register."""
    keep_documents: bool = False
    _refused: dict[PlannedRecord, PlannedRecord] = field(default_factory=dict)
    """For every refused record, the one whose own fault it was."""
    _roots: dict[tuple[str, Key], PlannedRecord] = field(default_factory=dict)
    """The same by entity and key."""

    def take(self, record: PlannedRecord, now: datetime) -> RecordError | Outcome:
        """Imports one record.

        Returns:
            What became of it; an error if it was refused.
        """
        error = self._judge(record)
        if error is None:
            return self._write(record, now)
        root = self._root_of(record, error)
        self._refused[record] = root
        self._roots.setdefault((record.entity, record.key), root)
        return error

    # Judging. The first objection counts: its own id, what it stands in, what it refers to, its own content.

    def _judge(self, record: PlannedRecord) -> RecordError | None:
        if self.policy.duplicate_ids == "refuse-all" and (record.entity, record.key) in self.plan.duplicates:
            return self._duplicate(record)
        if record.parent is not None and (root := self._refused.get(record.parent)):
            return self._refusal(
                record, record.pointer, "refused-parent", f"it lies inside {_named(root)}, which was refused", root
            )
        for pointer, reference, target in _references(record):
            if not self.store.has(reference.entity, target):
                return self._dangling(record, pointer, reference, target)
        if record.entity == "units":
            return self._judge_contracts(record)
        if record.entity == "documents":
            return self._judge_content(record)
        return None

    def _duplicate(self, record: PlannedRecord) -> RecordError:
        by_id = record.id is not None
        what = f"id {record.id!r}" if by_id else "the same " + ", ".join(record.shape.identity)
        return self._refusal(
            record,
            f"{record.pointer}/id" if by_id else record.pointer,
            "duplicate-id",
            f"{what} occurs more than once among the {record.entity} of this request; none of them is imported",
        )

    def _dangling(self, record: PlannedRecord, pointer: str, reference: Reference, target: str) -> RecordError:
        root = self._roots.get((reference.entity, target))
        if root is not None:
            message = (
                f"{reference.field} names {reference.entity} {target!r}, which was refused because of {_named(root)}"
            )
            return self._refusal(record, pointer, "refused-reference", message, root)
        message = f"{reference.field} names {reference.entity} {target!r}, which is neither stored nor in this request"
        return RecordError(
            record.entity,
            record.id,
            pointer,
            "missing-reference",
            reference.evidence,
            message,
            (reference.entity, target),
        )

    def _judge_contracts(self, record: PlannedRecord) -> RecordError | None:
        seen: set[str] = set()
        for index, contract in enumerate(record.data.get("contracts") or ()):
            pointer = f"{record.pointer}/contracts/{index}"
            identity = contract.get("id")
            if identity in seen and self.policy.duplicate_ids == "refuse-all":
                message = f"two contracts of this unit have the id {identity!r}"
                return self._refusal(record, f"{pointer}/id", "duplicate-id", message)
            if identity is not None:
                seen.add(identity)
            start, end = contract.get("startDate"), contract.get("endDate")
            if self.policy.contract_period == "refuse" and _ends_early(start, end):
                message = f"endDate {end} lies before startDate {start}"
                return self._refusal(record, f"{pointer}/endDate", "contract-period-invalid", message)
        return None

    def _judge_content(self, record: PlannedRecord) -> RecordError | None:
        content = record.data.get("content")
        if content is None:
            return None
        limit = self.policy.document_max_bytes
        size = decoded_size(content)
        if size > limit:
            message = f"the content has {size} bytes, the limit is {limit} bytes ({self.policy.document_max_mb:g} MB)"
            return self._refusal(record, f"{record.pointer}/content", "document-too-large", message)
        try:
            base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError) as error:
            message = f"the content is not base64: {error}"
            return self._refusal(record, f"{record.pointer}/content", "document-content-invalid", message)
        return None

    def _refusal(
        self, record: PlannedRecord, pointer: str, rule: str, message: str, root: PlannedRecord | None = None
    ) -> RecordError:
        missing = (root.entity, root.id) if root else None
        return RecordError(record.entity, record.id, pointer, rule, self.evidence[rule], message, missing)

    def _root_of(self, record: PlannedRecord, error: RecordError) -> PlannedRecord:
        if error.rule == "refused-parent" and record.parent is not None:
            return self._refused[record.parent]
        if error.rule == "refused-reference" and error.missing is not None:
            entity, key = error.missing
            return self._roots.get((entity, key or ""), record)
        return record

    # Writing.

    def _write(self, record: PlannedRecord, now: datetime) -> Outcome:
        old = self.store.get(record.entity, record.key)
        before: Mapping[str, Json] = old.fields if old else {}
        fields = dict(before) if self.policy.upsert == "merge" else {}
        self._merge(fields, before, _own(record))
        if record.entity == "documents":
            self._take_content(record, fields, before)
        place = _place(record)
        return self.store.put(record.entity, record.key, fields, place, now)

    def _merge(self, fields: dict[str, Json], before: Mapping[str, Json], sent: Mapping[str, Json]) -> None:
        for name, value in sent.items():
            if value is None:
                if self.policy.null_clears:
                    fields.pop(name, None)
            elif name == "customFields":
                old = before.get(name, {}) if self.policy.custom_fields == "merge" else {}
                fields[name] = {key: item for key, item in {**old, **value}.items() if item is not None}
            elif name == "addresses":  # an address never goes: records missing from a later import stay
                fields[name] = list(dict.fromkeys([*before.get(name, ()), *(address["street"] for address in value)]))
            elif name == "postalCode":
                fields[name] = str(value)
            else:
                fields[name] = value

    def _take_content(self, record: PlannedRecord, fields: dict[str, Json], before: Mapping[str, Json]) -> None:
        text = fields.pop("content", None)
        if text is None:
            if "digest" in before:
                fields["digest"], fields["size"] = before["digest"], before["size"]
            return
        content = base64.b64decode(text)
        fields["digest"], fields["size"] = f"sha256:{hashlib.sha256(content).hexdigest()}", len(content)
        if self.keep_documents:
            self.store.keep_content(record.key, content)


def decoded_size(text: str) -> int:
    """Returns how many bytes a base64 text decodes to, without decoding it."""
    return len(text) * 3 // 4 - text[-2:].count("=")


def _references(record: PlannedRecord) -> Iterator[tuple[str, Reference, str]]:
    """Yields pointer, reference and target of each reference, those of the record's parts included."""
    for reference in record.shape.references:
        if (target := record.data.get(reference.field)) is not None:
            yield f"{record.pointer}/{reference.field}", reference, target
    for child in record.shape.children:
        if child.shape.entity is None and child.shape.references:
            for index, part in enumerate(record.data.get(child.key) or ()):
                for reference in child.shape.references:
                    if (target := part.get(reference.field)) is not None:
                        yield f"{record.pointer}/{child.key}/{index}/{reference.field}", reference, target


def _own(record: PlannedRecord) -> dict[str, Json]:
    """Returns the fields of the record itself, as far as the contract knows them; parts stay, records inside go."""
    inside = {child.key: child.shape for child in record.shape.children}
    own: dict[str, Any] = {}
    for name, value in record.data.items():
        if name == "id" or name not in record.shape.fields:
            continue
        shape = inside.get(name)
        if shape is None:
            own[name] = value
        elif shape.entity is None:
            own[name] = [
                {key: item for key, item in part.items() if key in shape.fields and item is not None} for part in value
            ]
    return own


def _place(record: PlannedRecord) -> dict[str, str]:
    if record.parent is None or record.parent.id is None:
        return {}
    if record.entity == "units":
        street = record.part["street"] if record.part else ""
        return {"propertyId": record.parent.id, "street": street}
    return {"propertyId" if record.parent.entity == "properties" else "unitId": record.parent.id}


def _ends_early(start: str | None, end: str | None) -> bool:
    if not start or not end:
        return False
    try:
        return _moment(end) < _moment(start)
    except ValueError:  # valid by RFC 3339 and yet beyond datetime, such as a leap second: nothing can be said
        return False


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _named(record: PlannedRecord) -> str:
    return f"{record.entity} {record.id!r}" if record.id is not None else f"the record at {record.pointer}"
