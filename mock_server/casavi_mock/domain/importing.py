"""Imports one record: judges it, and stores it or says precisely why not.

Whatever the contract document can express was checked before the import was accepted; here is judged what it cannot.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from casavi_mock.domain.contents import Content
from casavi_mock.domain.model import Json, Key, Outcome, RecordError, RecordWarning, Reference
from casavi_mock.domain.ordering import Plan, PlannedRecord
from casavi_mock.domain.policy import Policy
from casavi_mock.domain.store import Store

_DATE = "YYYY-MM-DD"


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
    _roots: dict[tuple[str, Key | None], PlannedRecord] = field(default_factory=dict)
    """The same by entity and key."""
    _reading: tuple[PlannedRecord, Content] | None = None
    """The document that was looked at last, and its content."""

    @property
    def warnings(self) -> list[RecordWarning]:
        """What of the request is left out, unless the policy ignores that."""
        return [] if self.policy.unknown_fields == "ignore" else self.plan.warnings

    def read_on(self, record: PlannedRecord) -> bool:
        """Reads a piece of a record that is too long to be taken in one step; returns whether there is more of it.

        Nothing is judged or stored; the record can also be taken without.
        """
        content = self._content_of(record) if record.entity == "documents" else None
        return content is not None and content.read_on()

    def take(self, record: PlannedRecord, now: datetime) -> RecordError | Outcome:
        """Imports one record.

        Returns:
            What became of it; an error if it was refused.
        """
        error = self._judge(record) or self._judge_room(record)
        if error is None:
            return self._write(record, now)
        self.refuse(record, error)
        return error

    def refuse(self, record: PlannedRecord, error: RecordError) -> None:
        """Remembers that a record was refused: what follows may lie in it, or refer to it."""
        # What is missing altogether is no refused record, so then it is this record's own fault.
        root = self._roots.get(error.missing, record) if error.missing else record
        self._refused[record] = root
        self._roots.setdefault((record.entity, record.key), root)

    # Judging. The first objection counts: its own id, what it stands in, what it refers to, its content, room for it.
    # The rule of the first objection never depends on the order of the parts inside a record, such as contracts.

    def _judge(self, record: PlannedRecord) -> RecordError | None:
        if self.plan.ordered and (rule := self.plan.ordered.get((record.entity, record.key))):
            return self._ordered(record, rule)
        duplicates = self.plan.duplicates
        if duplicates and self.policy.duplicate_ids == "refuse-all" and (record.entity, record.key) in duplicates:
            return self._duplicate(record)
        if record.parent is not None and (root := self._refused.get(record.parent)):
            return self._refusal(
                record, record.pointer, "refused-parent", f"it lies inside {_named(root)}, which was refused", root
            )
        if error := self._judge_references(record):
            return error
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

    def _judge_references(self, record: PlannedRecord) -> RecordError | None:
        inherited: RecordError | None = None
        if not record.shape.references and not record.shape.children:
            return None
        for pointer, reference, target in record.references():
            if self.store.has(reference.entity, target):
                continue
            root = self._roots.get((reference.entity, target))
            if root is None:
                return self._missing(record, pointer, reference, target)
            message = (
                f"{reference.field} names {reference.entity} {target!r}, which was refused because of {_named(root)}"
            )
            inherited = inherited or self._refusal(record, pointer, "refused-reference", message, root)
        return inherited

    def _ordered(self, record: PlannedRecord, rule: str) -> RecordError:
        """Refuses a record on request, as it would be refused by that rule.

        It does not say what is missing: that is there, and no client has sent it too late.
        """
        found = next(iter(record.references()), None) if rule == "missing-reference" else None
        pointer = found[0] if found else record.pointer
        return self._refusal(record, pointer, rule, "the mock was told to refuse it")

    def _missing(self, record: PlannedRecord, pointer: str, reference: Reference, target: str) -> RecordError:
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
        contracts = record.data.get("contracts") or ()
        if self.policy.duplicate_ids == "refuse-all":
            seen: set[str] = set()
            for index, contract in enumerate(contracts):
                identity = contract.get("id")
                if identity in seen:
                    pointer = f"{record.pointer}/contracts/{index}/id"
                    message = f"two contracts of this unit have the id {identity!r}"
                    return self._refusal(record, pointer, "duplicate-id", message)
                if identity is not None:
                    seen.add(identity)
        if self.policy.contract_period == "refuse":
            for index, contract in enumerate(contracts):
                start, end = contract.get("startDate"), contract.get("endDate")
                if start and end and _ends_early(start, end):
                    pointer = f"{record.pointer}/contracts/{index}/endDate"
                    message = f"endDate {end} lies before startDate {start}"
                    return self._refusal(record, pointer, "contract-period-invalid", message)
        return None

    def _judge_content(self, record: PlannedRecord) -> RecordError | None:
        content = self._content_of(record)
        if content is None:
            return None
        content.read()
        limit = self.policy.document_max_bytes
        if content.size > limit:
            size, most = content.size, self.policy.document_max_mb
            message = f"the content has {size} bytes, the limit is {limit} bytes ({most:g} MB)"
            return self._refusal(record, f"{record.pointer}/content", "document-too-large", message)
        if content.error:
            message = f"the content is not base64: {content.error}"
            return self._refusal(record, f"{record.pointer}/content", "document-content-invalid", message)
        return None

    def _content_of(self, record: PlannedRecord) -> Content | None:
        """Returns the content of a document, as far as it was read already; None if there is none."""
        text = record.data.get("content")
        if text is None:
            return None
        if self._reading is None or self._reading[0] != record:
            self._reading = record, Content(text, keep=self.keep_documents)
        return self._reading[1]

    def _judge_room(self, record: PlannedRecord) -> RecordError | None:
        limit = self.policy.record_limit
        if self.store.total < limit or self.store.has(record.entity, record.key):
            return None
        message = f"the account holds {self.store.total} records, as many as it may"
        return self._refusal(record, record.pointer, "account-full", message)

    def _refusal(
        self, record: PlannedRecord, pointer: str, rule: str, message: str, root: PlannedRecord | None = None
    ) -> RecordError:
        missing = (root.entity, root.id) if root else None
        return RecordError(record.entity, record.id, pointer, rule, self.evidence[rule], message, missing)

    # Writing.

    def _write(self, record: PlannedRecord, now: datetime) -> Outcome:
        old = self.store.get(record.entity, record.key)
        before: Mapping[str, Json] = old.fields if old else {}
        fields = _as_sent(record) if old is None else None
        if fields is None:
            fields = self._merged(before, _own(record))
        if record.entity == "documents":
            self._take_content(record, fields, before)
        return self.store.put(record.entity, record.key, fields, _place(record), now)

    def _merged(self, before: Mapping[str, Json], sent: Mapping[str, Json]) -> dict[str, Json]:
        fields = dict(before)
        if self.policy.upsert == "replace":
            # An address never goes, since the units at it stay: records missing from a later import do.
            fields = {name: value for name, value in before.items() if name == "addresses"}
        for name, value in sent.items():
            if isinstance(value, str):  # nearly every value, so this comes first
                fields[name] = value
            elif value is None:
                if self.policy.null_clears:
                    fields.pop(name, None)
            elif name == "customFields":
                old = before.get(name, {}) if self.policy.custom_fields == "merge" else {}
                fields[name] = self._custom_fields(old, value)
            elif name == "addresses":
                fields[name] = list(dict.fromkeys([*before.get(name, ()), *(address["street"] for address in value)]))
            elif isinstance(value, list):
                old = before.get(name, ())
                fields[name] = old if _in_any_order(old) == _in_any_order(value) else value
            elif name == "postalCode":
                fields[name] = str(value)
            else:
                fields[name] = value
        return fields

    def _custom_fields(self, old: Mapping[str, Json], sent: Mapping[str, Json]) -> dict[str, Json]:
        heeded = sent if self.policy.null_clears else {name: item for name, item in sent.items() if item is not None}
        return {name: item for name, item in {**old, **heeded}.items() if item is not None}

    def _take_content(self, record: PlannedRecord, fields: dict[str, Json], before: Mapping[str, Json]) -> None:
        content = self._content_of(record)
        fields.pop("content", None)
        if content is None:
            if "digest" in before:
                fields["digest"], fields["size"] = before["digest"], before["size"]
            return
        self._reading = None
        fields["digest"], fields["size"] = content.digest, content.size
        if content.kept is not None:
            self.store.keep_content(record.key, content.kept)


def _as_sent(record: PlannedRecord) -> dict[str, Json] | None:
    """Returns the fields of a record that is to be stored just as it was sent, or None if it has to be looked at.

    That is what nearly every new record is: without parts, unknown fields, nulls and numbers in place of texts.
    """
    data, shape = record.data, record.shape
    if shape.children or not data.keys() <= shape.fields or None in data.values():
        return None
    fields = dict(data)
    fields.pop("id", None)
    custom = fields.get("customFields")
    if (custom and None in custom.values()) or not isinstance(fields.get("postalCode", ""), str):
        return None
    return fields


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
            parts = {part.get("id", index): part for index, part in enumerate(value)}  # the last one of an id wins
            own[name] = [
                {key: item for key, item in part.items() if key in shape.fields and item is not None}
                for part in parts.values()
            ]
    return own


def _place(record: PlannedRecord) -> dict[str, str]:
    if record.parent is None:
        return {}
    parent: str = record.parent.data["id"]
    if record.part is not None:  # a unit, at an address of its property
        return {"propertyId": parent, "street": record.part["street"]}
    return {"propertyId" if record.parent.entity == "properties" else "unitId": parent}


def _in_any_order(parts: Iterable[Mapping[str, Json]]) -> Counter[frozenset[tuple[str, Json]]]:
    return Counter(frozenset(part.items()) for part in parts)


def _ends_early(start: str, end: str) -> bool:
    if len(start) == len(_DATE) or len(end) == len(_DATE):  # a date alone means the whole day, wherever that is
        return end[: len(_DATE)] < start[: len(_DATE)]
    try:
        return datetime.fromisoformat(end) < datetime.fromisoformat(start)
    except ValueError:  # valid by RFC 3339 and yet beyond datetime, such as a leap second: nothing can be said
        return False


def _named(record: PlannedRecord) -> str:
    return f"{record.entity} {record.id!r}"
