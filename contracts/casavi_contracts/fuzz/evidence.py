"""How sure it is what a check of schemathesis looks for."""

from collections.abc import Iterator, Mapping
from typing import Any

from casavi_contracts.contract import Contract
from casavi_contracts.fuzz.sent import Sent
from casavi_contracts.http.exchange import Answer
from casavi_contracts.spec.evidence import weaker

Sureness = tuple[str, str | None]
"""A class of evidence, and the assumption that a guess rests on."""

_BY_CONTRACT = frozenset(
    {
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "response_headers_conformance",
    }
)
_BY_RULE = {
    "negative_data_rejection": "schema-violation",
    "missing_required_header": "token-missing",
    "ignored_auth": "token-missing",
    "unsupported_method": "method-not-allowed",
    "allow_header_conformance": "method-not-allowed",
}


def sureness(
    name: str, contract: Contract, operation: str | None, sent: Sent | None, answer: Answer | None
) -> Sureness:
    """Returns how sure the promise is that a check of schemathesis found broken.

    Args:
        name: Of the check.
        contract: The contract of one version.
        operation: The operation under test.
        sent: The request, None if none is known.
        answer: The answer, None if none came.
    """
    evidence, assumption = _sureness(name, contract, operation, sent, answer)
    return evidence, assumption or ("error-statuses" if evidence == "assumed" else None)


def _sureness(
    name: str, contract: Contract, operation: str | None, sent: Sent | None, answer: Answer | None
) -> Sureness:
    if name in _BY_RULE:
        rule = contract.rules[_BY_RULE[name]]
        return weaker(rule.evidence, _own(contract, operation)[0]), rule.assumption
    if operation is None or sent is None or answer is None:
        return _own(contract, operation)
    if name in _BY_CONTRACT:
        for deviation in contract.deviations(operation, answer.status, answer.headers, answer.body):
            return deviation.evidence, deviation.assumption
    if name == "positive_data_acceptance":
        return _of_body(contract, operation, sent.json)
    return _own(contract, operation)


def _own(contract: Contract, operation: str | None) -> Sureness:
    known = contract.operations.get(operation or "")
    if known is None:
        return "assumed", "error-statuses"
    return known.evidence, _first(known.document)


def _of_body(contract: Contract, operation: str, body: Any) -> Sureness:
    """A valid body is no surer than its least sure field: what is a guess may be refused by casavi."""
    found, assumption = _own(contract, operation)
    request = contract.operations[operation].document.get("requestBody")
    if request is None or body is None:
        return found, assumption
    (media,) = request["content"].values()
    for mark in _marks(contract.document, media["schema"], body):
        if weaker(found, mark.get("x-evidence", found)) != found:
            found, assumption = mark["x-evidence"], _first(mark) or assumption
    return found, assumption


def _marks(document: Mapping[str, Any], schema: Mapping[str, Any], value: Any) -> Iterator[Mapping[str, Any]]:
    """Yields the marks of every place of a schema that a value makes use of."""
    reference = schema.get("$ref")
    if reference is not None:
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
        yield from _marks(document, target, value)
        return
    yield schema
    for part in schema.get("allOf", ()):
        yield from _marks(document, part, value)
    if isinstance(value, list) and "items" in schema:
        for item in value:
            yield from _marks(document, schema["items"], item)
    if isinstance(value, dict):
        known = schema.get("properties", {})
        for name, member in value.items():
            if name in known:
                yield from _marks(document, known[name], member)
            elif "additionalProperties" not in schema and known:
                yield {"x-evidence": "assumed", "x-assumption": "unknown-fields"}


def _first(marks: Mapping[str, Any]) -> str | None:
    named = marks.get("x-assumption")
    return named[0] if isinstance(named, list) else named
