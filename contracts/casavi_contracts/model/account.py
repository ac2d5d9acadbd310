"""What an account holds, and what an import makes of it."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from casavi_contracts import spec
from casavi_contracts.contract import Contract
from casavi_contracts.model.comparing import same
from casavi_contracts.model.judging import Judgement, Refusal
from casavi_contracts.model.requests import Entry, Key, entries, unknown_fields, wrong_places

ENTITIES = ("contacts", "properties", "units", "responsibilities", "documents")
OUTCOMES = ("created", "updated", "unchanged", "refused")


@dataclass(frozen=True, slots=True)
class Rejected:
    """An import that is refused as a whole; nothing of it is stored."""

    pointers: tuple[str, ...]
    """Where it does not satisfy the contract."""
    rule: str = "schema-violation"


@dataclass(frozen=True, slots=True)
class Job:
    """What a job has to say when it has ended."""

    status: str
    """Under the name that the profile gives it."""
    counts: dict[str, dict[str, int]]
    """Records by entity and outcome."""
    refusals: tuple[Refusal, ...]
    warnings: tuple[dict[str, Any], ...]
    """`pointer`, `rule` and `count`."""

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The errors of the job, without evidence and message."""
        return [refusal.as_json() for refusal in self.refusals]

    @property
    def sums(self) -> dict[str, int]:
        """Records by outcome."""
        return {name: sum(one[name] for one in self.counts.values()) for name in OUTCOMES}

    @property
    def total(self) -> int:
        """Records of the request."""
        return sum(sum(outcomes.values()) for outcomes in self.counts.values())


@dataclass(slots=True)
class Stored:
    """One record of the account."""

    fields: dict[str, Any]
    """As far as it was given; a cleared field is not here."""
    home: tuple[str, str, str | None] | None
    """Entity and id of the record that it stands in, and the street."""
    changed: int
    """The import that created it or changed it last, counted from 1."""


@dataclass(slots=True)
class Account:
    """An account as the contract, design and assumptions describe it.

    Args:
        contract: The contract with its profile.
    """

    contract: Contract
    tables: dict[str, dict[Key, Stored]] = field(default_factory=lambda: {entity: {} for entity in ENTITIES})
    """Records by entity and key, in the order in which they were created."""
    imports: int = 0
    """Imports that were accepted so far."""

    def apply(self, portfolio: Any) -> Job | Rejected:
        """Imports a portfolio and returns what becomes of it."""
        wrong = wrong_places(self.contract, portfolio)
        if wrong:
            return Rejected(tuple(wrong))
        self.imports += 1
        shape = spec.import_shape(self.contract.document)
        listed = entries(portfolio, shape)
        refusals = Judgement(self.contract.values, self.has).of(listed)
        refused = {refusal.entry for refusal in refusals}
        counts = {entity: dict.fromkeys(OUTCOMES, 0) for entity in ENTITIES}
        for entry in listed:
            counts[entry.entity]["refused" if entry in refused else self._store(entry)] += 1
        role = "failed" if listed and len(refused) == len(listed) else "completed"
        warnings = tuple(self._warnings(portfolio, shape))
        state = self.contract.states.shown(role, refused=len(refused), warned=len(warnings))
        return Job(state.name, counts, tuple(refusals), warnings)

    def has(self, entity: str, key: Key) -> bool:
        """Whether there is such a record."""
        return key in self.tables[entity]

    def _warnings(self, portfolio: Mapping[str, Any], shape: spec.Shape) -> Iterator[dict[str, Any]]:
        if self.contract.values["unknown-fields"] == "report":
            for pointers in unknown_fields(portfolio, shape).values():
                yield {"pointer": pointers[0], "rule": "unknown-field", "count": len(pointers)}

    def _store(self, entry: Entry) -> str:
        table = self.tables[entry.entity]
        old = table.get(entry.key)
        fields = Merge(self.contract.values, old.fields if old else {}).of(entry)
        home = (entry.parent.entity, str(entry.parent.id), entry.street) if entry.parent else None
        if old is None:
            table[entry.key] = Stored(fields, home, self.imports)
            return "created"
        if old.home == home and same(old.fields, fields):
            return "unchanged"
        old.fields, old.home, old.changed = fields, home, self.imports
        return "updated"


@dataclass(slots=True)
class Merge:
    """Puts what was sent over what was there.

    Args:
        profile: Values of all assumptions by name.
        before: The fields that were there.
    """

    profile: Mapping[str, Any]
    before: Mapping[str, Any]

    def of(self, entry: Entry) -> dict[str, Any]:
        """Returns the fields of a record after an import."""
        keeps = self.profile["upsert"] == "merge"
        # Addresses and what is known of a document's content are no fields that an import replaces as a whole.
        fields = {name: value for name, value in self.before.items() if keeps or name in ("addresses", "content")}
        inner = {child.key for child in entry.shape.children if child.shape.entity is not None}
        for name in entry.shape.fields - inner - {"id"}:
            if name in entry.data:
                self._put(fields, name, entry.data[name], entry)
        return fields

    def _put(self, fields: dict[str, Any], name: str, sent: Any, entry: Entry) -> None:
        if sent is None:
            if self.profile["null-clears"]:
                fields.pop(name, None)
            return
        match name:
            case "customFields":
                fields[name] = self._custom_fields(sent)
            case "addresses":
                streets = [*self.before.get(name, ()), *(address["street"] for address in sent)]
                fields[name] = list(dict.fromkeys(streets))
            case "contracts":
                fields[name] = self._contracts(sent, entry)
            case "content":
                fields[name] = canonical(sent)
            case "postalCode":
                fields[name] = str(sent)
            case _:
                fields[name] = sent

    def _custom_fields(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        merged = dict(self.before.get("customFields", {})) if self.profile["custom-fields"] == "merge" else {}
        for name, value in sent.items():
            if value is not None:
                merged[name] = value
            elif self.profile["null-clears"]:
                merged.pop(name, None)
        return merged

    def _contracts(self, sent: list[Mapping[str, Any]], entry: Entry) -> list[dict[str, Any]]:
        known = next(child.shape.fields for child in entry.shape.children if child.key == "contracts")
        by_id = {contract.get("id", number): contract for number, contract in enumerate(sent)}  # the last one counts
        given = [
            {name: contract[name] for name in known if contract.get(name) is not None} for contract in by_id.values()
        ]
        before: list[dict[str, Any]] = self.before.get("contracts", [])
        return before if _in_any_order(before) == _in_any_order(given) else given


def _in_any_order(contracts: list[dict[str, Any]]) -> list[list[tuple[str, str]]]:
    return sorted(sorted(contract.items()) for contract in contracts)


def canonical(content: str) -> str:
    """Returns base64 without the blanks that may be in it; it is known to be base64."""
    return base64.b64encode(base64.b64decode(content)).decode()
