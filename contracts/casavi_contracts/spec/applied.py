"""The contract documents with all that a user says: overlay, values of assumptions, evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from casavi_contracts.spec.assumptions import assumptions, resolve_profile, write_profile
from casavi_contracts.spec.document import Document, load_document, operations, rules
from casavi_contracts.spec.graph import import_shape
from casavi_contracts.spec.observed import mark_observed
from casavi_contracts.spec.overlay import OverlayError, apply_overlay, missing_references, normal
from casavi_contracts.spec.register import ProfileError, RegisterError
from casavi_contracts.spec.schemas import json_schema

VERSIONS = ("v1", "v2")
NEEDED = ("authenticate", "importMasterData", "getJob")
"""Operations that no overlay may take out of the first version."""


@dataclass(frozen=True, slots=True)
class ContractDocuments:
    """The contract documents by version, and the values of the assumptions that they are written for."""

    values: Mapping[str, Any]
    by_version: Mapping[str, Document]


def contract_documents(
    profile: Mapping[str, Any] | None = None,
    overlay: Mapping[str, Any] | None = None,
    evidence: Mapping[str, Any] | None = None,
    *,
    versions: Sequence[str] = VERSIONS,
) -> ContractDocuments:
    """Returns the contract documents as a user has them.

    Args:
        profile: Values of assumptions by name, over those of the register.
        overlay: A parsed OpenAPI Overlay, applied before anything else is done.
        evidence: What was observed, as `calibrate` writes it.
        versions: Those that are wanted.

    Raises:
        ProfileError: Something of it cannot be; the text says what.
    """
    documents = {version: load_document(version) for version in (VERSIONS if overlay or evidence else versions)}
    register = assumptions(documents[next(iter(documents))])
    if overlay is not None:
        apply_overlay(documents, normal(overlay))
        for document in documents.values():
            _check(document)
        _check_operations(documents[VERSIONS[0]])
    chosen = dict(profile or {})
    values = resolve_profile(register, chosen)
    try:
        for document in documents.values():
            write_profile(document, values, chosen)
        if overlay is not None:
            for document in documents.values():
                _check_schemas(document)
                _check_records(document)
    except ProfileError:
        raise
    except (LookupError, TypeError, AttributeError, ValueError, StopIteration) as error:
        if overlay is None:
            raise
        raise OverlayError(f"the overlay takes away or misplaces what the mock needs: {_told(error)}") from None
    if evidence is not None:
        mark_observed(documents, evidence, values)
    return ContractDocuments(values, {name: documents[name] for name in versions})


def _told(error: Exception) -> str:
    return f"{type(error).__name__} {error}"[:200]


def _check(document: Document) -> None:
    for missing in missing_references(document):
        raise OverlayError(f"after the overlay, {missing}, and there is none such")
    try:
        rules(document)
        assumptions(document)
    except (RegisterError, LookupError, TypeError, AttributeError) as error:
        raise OverlayError(f"after the overlay, {_told(error)}") from None


def _check_operations(document: Document) -> None:
    """Sees to it that the first version has what a mock of this API is there for."""
    kept = {operation["operationId"] for _, _, operation in operations(document)}
    for name in NEEDED:
        if name not in kept:
            raise OverlayError(f"the overlay takes away or misplaces what the mock needs: the operation {name}")


def _check_schemas(document: Document) -> None:
    """Sees to it that every schema of the document is one."""
    for path, method, operation in operations(document):
        for status, response in operation["responses"].items():
            for media in _resolved(document, response)["content"].values():
                _compile(document, media["schema"], f"{method} {path}, the answer {status}")
        for media in operation.get("requestBody", {}).get("content", {}).values():
            _compile(document, media["schema"], f"{method} {path}, the request")


def _resolved(document: Document, response: dict[str, Any]) -> dict[str, Any]:
    named: str | None = response.get("$ref")
    return document["components"]["responses"][named.rpartition("/")[2]] if named else response


def _check_records(document: Document) -> None:
    """Sees to it that every record can be told from the others, and named by what refers to it."""
    for shape in import_shape(document).walk():
        if missing := [name for name in shape.identity if name not in shape.fields]:
            raise OverlayError(f"after the overlay, the schema {shape.name} lacks {missing[0]}, by which it is found")


def _compile(document: Document, schema: dict[str, Any], place: str) -> None:
    try:
        jsonschema_rs.Draft4Validator(json_schema(document, schema))
    except (jsonschema_rs.ValidationError, ValueError) as error:
        raise OverlayError(f"after the overlay, {place} has no valid schema: {str(error).splitlines()[0]}") from None
