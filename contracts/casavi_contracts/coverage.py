"""How much of the contract a run has met, counted from what was sent and answered."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jsonschema_rs

from casavi_contracts import spec
from casavi_contracts.contract import Contract, Operation
from casavi_contracts.http.exchange import Answer, Exchange

LOOKED_AT = 400
"""Bodies of one place that are compared with its schema; by then it has shown what it will show."""

LIKE_BEFORE = 10
"""Bodies that showed nothing new, one after another, before only every so many-th is compared."""

MAX_BODY = 12_000
"""Bytes of a body that is compared with its schema."""

_ABOUT = frozenset({"$schema", "title", "description", "example", "default", "components", "deprecated"})
"""Members of a schema that judge nothing."""


@dataclass(frozen=True, slots=True)
class Keywords:
    """Keywords of the schemas of one version, and how many of them were met from which side."""

    total: int
    valid: int
    """Keywords that some value satisfied."""
    invalid: int
    """Keywords that some value did not satisfy."""
    never: tuple[str, ...]
    """Places of those that no value came to."""


@dataclass(frozen=True, slots=True)
class Called:
    """One operation, and how often it was answered in which way."""

    operation: str
    version: str
    answers: Mapping[str, int]
    """Numbers by status; `none` where no answer came."""
    missing: tuple[str, ...]
    """Documented statuses that no answer had."""
    undocumented: tuple[str, ...]
    """Statuses that answers had, and the document does not know."""

    @property
    def calls(self) -> int:
        """How often it was called."""
        return sum(self.answers.values())


class Coverage:
    """A listener of a recorder: counts operations, answers and schema keywords.

    What it keeps is bounded by the size of the contract, and what it looks at by so many bodies for each place.

    Args:
        contracts: By version.
    """

    def __init__(self, contracts: Mapping[str, Contract]) -> None:
        self._versions = {version: _Version(contract) for version, contract in contracts.items()}

    def see(self, exchange: Exchange, body: bytes, answer: Answer | None) -> None:
        """Counts one exchange."""
        version = self._versions.get(exchange.version)
        operation = exchange.operation
        if version is not None and operation is not None and operation in version.contract.operations:
            version.see(operation, body, answer)

    def called(self) -> list[Called]:
        """Returns every operation of every version."""
        return [called for version in self._versions.values() for called in version.called()]

    def states(self) -> dict[str, tuple[str, ...]]:
        """Returns the states of a job that each version knows."""
        return {name: tuple(version.contract.states) for name, version in self._versions.items()}

    def keywords(self, side: str) -> dict[str, Keywords]:
        """Returns the keywords of each version.

        Args:
            side: `request` or `response`.
        """
        return {name: version.keywords(side) for name, version in self._versions.items()}


class _Version:
    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._answers: dict[str, Counter[str]] = {name: Counter() for name in contract.operations}
        self._places: dict[str, _Place] = {}
        for name, operation in contract.operations.items():
            for key, schema in _schemas(contract, operation):
                self._places[f"{name} {key}"] = _Place(contract, f"{name} {key}", schema)

    def see(self, operation: str, body: bytes, answer: Answer | None) -> None:
        self._answers[operation][str(answer.status) if answer else "none"] += 1
        self._look(f"{operation} request", body)
        if answer is not None:
            self._look(f"{operation} {answer.status}", answer.body)

    def called(self) -> Iterator[Called]:
        for name, operation in self.contract.operations.items():
            answers, documented = self._answers[name], operation.document["responses"]
            yield Called(
                name,
                self.contract.version,
                dict(sorted(answers.items())),
                tuple(status for status in documented if status not in answers),
                tuple(sorted(answers.keys() - documented.keys() - {"none"})),
            )

    def keywords(self, side: str) -> Keywords:
        chosen = [place for place in self._places.values() if place.side == side]
        known, valid, invalid = (
            {place.called(keyword) for place in chosen for keyword in getattr(place, kind)}
            for kind in ("keywords", "valid", "invalid")
        )
        return Keywords(len(known), len(valid), len(invalid), tuple(sorted(known - valid - invalid)))

    def _look(self, key: str, body: bytes) -> None:
        place = self._places.get(key)
        if place is not None and place.left and 0 < len(body) <= MAX_BODY:
            place.look(body)


class _Place:
    """One schema, and which of its keywords were met."""

    def __init__(self, contract: Contract, name: str, schema: Mapping[str, Any]) -> None:
        self._name = name
        self._contract = contract
        self._schema = schema
        self.side = "request" if name.endswith(" request") else "response"
        self.valid: set[str] = set()
        self.invalid: set[str] = set()
        self.left = LOOKED_AT
        self._idle = 0

    @cached_property
    def keywords(self) -> frozenset[str]:
        """The locations of all keywords."""
        return frozenset(_keywords(self._whole))

    @cached_property
    def _whole(self) -> dict[str, Any]:
        return spec.json_schema(self._contract.document, dict(self._schema))

    @cached_property
    def _validator(self) -> jsonschema_rs.Draft4Validator:
        """Made at the first look: a run looks at few of all places, and one that is refused at none."""
        return jsonschema_rs.Draft4Validator(self._whole, validate_formats=True)

    def called(self, keyword: str) -> str:
        """Returns how a keyword is called; those of a shared schema have one name wherever it is used."""
        shared = keyword.removeprefix("/components/schemas/")
        return shared if shared != keyword else f"{self._name} {keyword}"

    def look(self, body: bytes) -> None:
        self.left -= 1
        self._idle += 1
        if self._idle > LIKE_BEFORE and self._idle % LIKE_BEFORE:
            return
        before = len(self.valid) + len(self.invalid)
        try:
            found = self._validator.evaluate(json.loads(body)).list()
        except (ValueError, RecursionError):
            return
        for detail in found["details"]:
            keyword = detail["schemaLocation"]
            if keyword in self.keywords:
                (self.valid if detail["valid"] else self.invalid).add(keyword)
        if len(self.valid) + len(self.invalid) > before:
            self._idle = 0


def _schemas(contract: Contract, operation: Operation) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields the schemas of request and answers."""
    sent = operation.document.get("requestBody")
    if sent:
        yield "request", next(iter(sent["content"].values()))["schema"]
    for status, response in operation.document["responses"].items():
        for media in _resolved(contract.document, response)["content"].values():
            yield status, media["schema"]


def _keywords(whole: Mapping[str, Any]) -> Iterator[str]:
    """Yields the locations of all keywords of a schema and of those that it leads to."""
    pending: list[tuple[str, Any]] = [("", whole)]
    known: set[str] = set()
    while pending:
        location, schema = pending.pop()
        if location in known or not isinstance(schema, Mapping):
            continue
        known.add(location)
        for name, value in schema.items():
            if name == "$ref":
                target = value.removeprefix("#")
                pending.append((target, _at(whole, target)))
            elif name not in _ABOUT and not name.startswith("x-"):
                yield f"{location}/{name}"
                pending.extend(_below(f"{location}/{name}", name, value))


def _below(location: str, name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if name == "properties":
        yield from ((f"{location}/{_escaped(key)}", schema) for key, schema in value.items())
    elif name in ("allOf", "anyOf", "oneOf"):
        yield from ((f"{location}/{number}", schema) for number, schema in enumerate(value))
    elif name in ("items", "additionalProperties", "not"):
        yield location, value


def _resolved(document: Mapping[str, Any], place: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in place:
        place = _at(document, place["$ref"].removeprefix("#"))
    return place


def _at(whole: Mapping[str, Any], pointer: str) -> Any:
    place: Any = whole
    for part in pointer.split("/")[1:]:
        place = place[part.replace("~1", "/").replace("~0", "~")]
    return place


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
