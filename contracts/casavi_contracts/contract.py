"""The contract of one version as checks see it: operations, names that are guesses, what an answer may look like."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

import jsonschema_rs

from casavi_contracts import spec
from casavi_contracts.spec.evidence import weaker
from casavi_contracts.spec.strict import strict_json

VERSIONS = ("v1", "v2")
_BASE = {"v1": "", "v2": "/v2"}
_MEDIA = "application/json"
_REMEMBERED = 4
"""Answers whose deviations are remembered."""
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^;\"'\s]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the contract."""

    id: str
    method: str
    """In upper case."""
    path: str
    """With the base path of its version; parameters in braces."""
    document: Mapping[str, Any]

    @property
    def evidence(self) -> str:
        """The evidence of the operation; its path may be less sure."""
        return str(self.document["x-evidence"])


@dataclass(frozen=True, slots=True)
class Deviation:
    """A place where an answer does not satisfy the contract."""

    operation: str
    status: int
    where: str
    """JSON pointer into the body, or the name of a header, or `status`."""
    expected: str
    evidence: str
    assumption: str | None
    value: Any = None
    """The value of that assumption that was observed, where there is one."""


class Contract:
    """The contract document of one version, with a profile applied.

    Args:
        version: `v1` or `v2`.
        profile: Values of assumptions by name, over those of the register.
        overlay: A parsed OpenAPI Overlay, applied before anything else is done.
        evidence: What a user has observed, as `calibrate` writes it.
        document: The document itself, as a server shows it, in place of these three.

    Raises:
        casavi_contracts.spec.ProfileError: An assumption is unknown or cannot have that value, or the overlay does not
            fit.
    """

    def __init__(
        self,
        version: str = "v1",
        profile: Mapping[str, Any] | None = None,
        overlay: Mapping[str, Any] | None = None,
        evidence: Mapping[str, Any] | None = None,
        *,
        document: Mapping[str, Any] | None = None,
    ) -> None:
        self.version = version
        self.base = _BASE[version]
        self.profile = dict(profile or {})
        self.overlay, self.evidence = overlay, evidence
        if document is None:
            made = spec.contract_documents(self.profile, overlay, evidence, versions=(version,))
            self.values, self.document = made.values, made.by_version[version]
        else:
            self.values = {name: entry["value"] for name, entry in document["x-assumptions"].items()}
            self.document = dict(document)
        self.operations = {
            op["operationId"]: Operation(op["operationId"], method.upper(), self.base + path, op)
            for path, method, op in spec.operations(self.document)
        }
        self._references = {
            name: {one["name"]: one["x-references"] for one in self._parameters(name) if "x-references" in one}
            for name in self.operations
        }
        self._validators: dict[int, jsonschema_rs.Draft4Validator] = {}
        self._latest: dict[tuple[str, int, str, bytes, bool], tuple[Deviation, ...]] = {}

    @cached_property
    def assumptions(self) -> dict[str, spec.Assumption]:
        """The register of assumptions."""
        return spec.assumptions(self.document)

    @cached_property
    def rules(self) -> dict[str, spec.Rule]:
        """The register of rules."""
        return spec.rules(self.document)

    @cached_property
    def states(self) -> spec.States:
        """The states of a job by the names that clients see, in the order of the document."""
        return spec.job_states(self.document)

    @cached_property
    def job_states(self) -> dict[str, spec.JobState]:
        """The state that each of the roles `waiting`, `active`, `completed` and `failed` is shown as, as a rule."""
        return {role: self.states.shown(role) for role in spec.ROLES}

    @cached_property
    def final_states(self) -> frozenset[str]:
        """The names of the states in which a job has ended."""
        return self.states.final

    @cached_property
    def further_required(self) -> Mapping[str, Mapping[str, Any]]:
        """What the records of an import need besides what the shipped document asks for: by schema, with a value."""
        return spec.further_required(self.document)

    @property
    def page_parameter(self) -> str:
        """The parameter by which a page is chosen."""
        return str(self.values["page-parameter"]) if self.version == "v1" else "page"

    @cached_property
    def shapes(self) -> spec.Shapes:
        """The answers of the document: from values to a body, and back."""
        return spec.shapes_of(self.document)

    def shape_of(self, operation: str | None, status: int) -> spec.AnswerShape | None:
        """Returns how the values of an answer are read; None if they stand there as in the shipped document."""
        name = spec.ERROR if status >= 400 else operation
        shape = self.shapes.get(name) if name is not None else None
        return None if shape is None or shape.same else shape

    def path(self, operation: str, **parameters: str) -> str:
        """Returns the path of an operation, its parameters encoded."""
        path = self.operations[operation].path
        for name, value in parameters.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        return path

    def references(self, operation: str) -> Mapping[str, str]:
        """Returns which parameters of an operation are ids of records, and the kind of each; none if it is unknown."""
        return self._references.get(operation, {})

    def query_parameters(self, operation: str) -> dict[str, Mapping[str, Any]]:
        """Returns the schemas of what may stand in the query of an operation, by name."""
        return {one["name"]: one["schema"] for one in self._parameters(operation) if one["in"] == "query"}

    def _parameters(self, operation: str) -> list[Mapping[str, Any]]:
        return [self._resolved(one) for one in self.operations[operation].document.get("parameters", ())]

    def success(self, operation: str) -> int:
        """Returns the status with which an operation succeeds."""
        return next(int(status) for status in self.operations[operation].document["responses"] if status[0] == "2")

    def evidence_of(self, evidence: str, operations: tuple[str, ...]) -> str:
        """Returns the evidence of a promise about some operations: not stronger than theirs in this version."""
        for name in operations:
            if name in self.operations:
                evidence = weaker(evidence, self.operations[name].evidence)
        return evidence

    def deviations(
        self, operation: str, status: int, headers: Mapping[str, str], body: bytes, *, head: bool = False
    ) -> Iterator[Deviation]:
        """Yields what of an answer does not satisfy the contract.

        Args:
            operation: The `operationId`.
            status: Status of the answer.
            headers: Its headers, names in lower case.
            body: Its body.
            head: Whether the request was a HEAD, whose answer has no body.
        """
        key = operation, status, headers.get("content-type", ""), body, head
        known = self._latest.get(key)
        if known is None:  # a check looks at an answer, and then those that look at all answers
            known = tuple(self._deviations(operation, status, headers, body, head=head))
            while len(self._latest) >= _REMEMBERED:
                self._latest.pop(next(iter(self._latest)), None)
            self._latest[key] = known
        yield from known

    def _deviations(
        self, operation: str, status: int, headers: Mapping[str, str], body: bytes, *, head: bool
    ) -> Iterator[Deviation]:
        documented = self.operations[operation].document
        response = documented["responses"].get(str(status))
        if response is None:
            known = ", ".join(documented["responses"])
            yield Deviation(operation, status, "status", f"one of {known}", *self._marks_of_status(documented, status))
            return
        yield from self._response_deviations(operation, status, self._resolved(response), headers, body, head=head)

    def error_deviations(
        self, status: int, headers: Mapping[str, str], body: bytes, *, head: bool = False
    ) -> Iterator[Deviation]:
        """Yields what of an error answer does not satisfy the contract, where the request was none of its operations.

        Args:
            status: Status of the answer.
            headers: Its headers, names in lower case.
            body: Its body.
            head: Whether the request was a HEAD, whose answer has no body.
        """
        response = self.document["components"]["responses"]["NotFound"]  # all errors have the same form
        yield from self._response_deviations("", status, response, headers, body, head=head)

    def _marks_of_status(self, documented: Mapping[str, Any], status: int) -> tuple[str, str | None, Any]:
        """Returns evidence, assumption and observed value for a status that an operation does not document."""
        if status in (401, 403):
            return "assumed", "unauthorized-status", status
        if 200 <= status < 300:
            success = next(response for known, response in documented["responses"].items() if known[0] == "2")
            evidence, assumption = _marks(success)
            return (evidence, assumption, status) if evidence == "assumed" else (evidence, None, None)
        if status >= 500:
            return weaker(documented["x-evidence"], "inferred"), None, None
        return "assumed", "error-statuses", None

    def _response_deviations(
        self,
        operation: str,
        status: int,
        response: Mapping[str, Any],
        headers: Mapping[str, str],
        body: bytes,
        *,
        head: bool,
    ) -> Iterator[Deviation]:
        evidence, assumption = _marks(response)
        media_type, _, parameters = headers.get("content-type", "").partition(";")
        media_type = media_type.strip().lower()
        if media_type not in response["content"]:
            known = ", ".join(response["content"])
            assumption = "error-media-type" if status >= 400 else assumption
            yield Deviation(operation, status, "content-type", known, evidence, assumption, media_type)
            return
        charset = _CHARSET.search(parameters)
        if charset and charset[1].lower() != "utf-8":
            yield Deviation(operation, status, "content-type", "UTF-8", evidence, assumption)
        if not head:
            yield from self._body_deviations(operation, status, response, media_type, body)

    def _body_deviations(
        self, operation: str, status: int, response: Mapping[str, Any], media_type: str, body: bytes
    ) -> Iterator[Deviation]:
        evidence, assumption = _marks(response)
        try:
            value = strict_json(body)
        except ValueError:
            yield Deviation(operation, status, "", "valid JSON in UTF-8", evidence, assumption)
            return
        schema = response["content"][media_type]["schema"]
        for error in self._validator(schema).iter_errors(value):
            pointer = "".join(f"/{part}" for part in error.instance_path)
            found, named = self._marks_at(schema, error.evaluation_path, evidence, assumption)
            yield Deviation(operation, status, pointer, _expectation(error), found, named)

    def request_is_valid(self, operation: str, body: Any) -> bool:
        """Whether a value satisfies the schema of an operation's request body."""
        schema = self.operations[operation].document["requestBody"]["content"][_MEDIA]["schema"]
        return bool(self._validator(schema).is_valid(body))

    def request_errors(self, operation: str, body: Any) -> Iterator[Any]:
        """Yields every place where a value does not satisfy the schema of an operation's request body."""
        schema = self.operations[operation].document["requestBody"]["content"][_MEDIA]["schema"]
        yield from self._validator(schema).iter_errors(body)

    def request_marks(self, operation: str, body: Any) -> tuple[str, str | None]:
        """Returns the weakest evidence of all that a request holds, and the assumption there.

        Args:
            operation: The `operationId`.
            body: A value that satisfies the schema of its request body.
        """
        document = self.operations[operation].document
        evidence, assumption = _marks(document)
        schema = document["requestBody"]["content"][_MEDIA]["schema"]
        for found, named in self._used_marks(schema, body, evidence, assumption):
            if weaker(evidence, found) != evidence:
                evidence, assumption = found, named
        return evidence, _if_guessed(evidence, assumption)

    def _used_marks(
        self, place: Any, value: Any, evidence: str, assumption: str | None
    ) -> Iterator[tuple[str, str | None]]:
        """Yields evidence and assumption of every place of a schema that a value makes use of."""
        place = self._resolved(place)
        evidence = place.get("x-evidence", evidence)
        assumption = _first(place.get("x-assumption")) or assumption
        yield evidence, assumption
        if isinstance(value, dict):
            for name, member in value.items():
                if name in place.get("properties", {}):
                    yield from self._used_marks(place["properties"][name], member, evidence, assumption)
        elif isinstance(value, list) and "items" in place:
            for item in value:
                yield from self._used_marks(place["items"], item, evidence, assumption)

    def marks(self, operation: str, pointer: str) -> tuple[str, str | None]:
        """Returns evidence and assumption of a place in what an operation answers when it succeeds.

        Args:
            operation: The `operationId`.
            pointer: JSON pointer into the body; of a place that the contract does not know, those around it count.
        """
        response = self._resolved(self.operations[operation].document["responses"][str(self.success(operation))])
        path = [step for part in pointer.split("/")[1:] for step in _steps(part)]
        evidence, assumption = self._marks_at(response["content"][_MEDIA]["schema"], [*path, ""], *_marks(response))
        return evidence, _if_guessed(evidence, assumption)

    def _validator(self, schema: Mapping[str, Any]) -> Any:
        known = self._validators.get(id(schema))
        if known is None:
            whole = spec.json_schema(self.document, dict(schema))
            known = jsonschema_rs.Draft4Validator(whole, validate_formats=True)
            self._validators[id(schema)] = known
        return known

    def _resolved(self, place: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in place:
            found: Any = self.document
            for part in place["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            place = found
        return place

    def _marks_at(
        self, schema: Mapping[str, Any], path: Any, evidence: str, assumption: str | None
    ) -> tuple[str, str | None]:
        """Returns evidence and assumption of the innermost marked place on the way to a keyword of a schema."""
        place: Any = schema
        for part in path:
            if isinstance(place, Mapping):
                place = self._resolved(place)
                evidence = place.get("x-evidence", evidence)
                assumption = _first(place.get("x-assumption")) or assumption
            if part == "$ref":
                continue
            try:
                place = place[part]
            except (KeyError, IndexError, TypeError):
                break
        return evidence, assumption


def _expectation(error: Any) -> str:
    """Returns what a keyword of a schema wants, without the value that came: it may hold a secret."""
    kind = error.kind
    value = getattr(kind, "value", None)
    name = str(error.schema_path[-1]) if error.schema_path else "schema"
    limit = getattr(kind, "limit", getattr(kind, "property", value))
    return f"{name} {limit}" if limit is not None else name


def _steps(part: str) -> tuple[str, ...]:
    """Returns how a schema gets to a member or an item."""
    return ("items",) if part.isdigit() else ("properties", part)


def _if_guessed(evidence: str, assumption: str | None) -> str | None:
    """Returns an assumption if something rests on it."""
    return assumption if evidence in ("assumed", "inferred") else None


def _marks(place: Mapping[str, Any]) -> tuple[str, str | None]:
    return place.get("x-evidence", "assumed"), _first(place.get("x-assumption"))


def _first(names: list[str] | str | None) -> str | None:
    return names[0] if isinstance(names, list) else names
