"""What answers can show: every value by its role, read from the contract documents as they are shipped."""

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from casavi_contracts.spec.document import load_document, operations

ERROR = ""
"""Stands for the operation where an error answer is meant."""

ROOTS = {
    "authenticate": "login",
    "refreshToken": "login",
    "importMasterData": "job",
    "getJob": "job",
    "getContacts": "page",
    "getContactById": "contact",
    "listContacts": "page",
    "listUnits": "page",
    "listProperties": "page",
    "getPropertyById": "property",
    ERROR: "problem",
}
"""The first part of the roles in an answer, by operation."""

_ITEMS = {
    "ContactV1": "contact", "ContactV2": "contact", "UnitV2": "unit", "Property": "property", "RecordError": "error",
    "RecordWarning": "warning", "FieldError": "place", "ContactContract": "contract", "UnitContract": "contract",
    "AddressV2": "address", "ResponsibilityV2": "responsibility",
}  # fmt: skip
"""The first part of the roles in an item of a list, by the name of its schema in the shipped documents."""

OUTCOMES = ("created", "updated", "unchanged", "refused")


@dataclass(frozen=True, slots=True)
class Role:
    """One value that an answer can show."""

    name: str
    root: str
    """What it is a value of: the answer, or an item of a list in it."""
    path: tuple[str, ...]
    """Where it stands among the values of its root, as the shipped document has them."""
    kind: str
    """`value`, `object` or `list`."""
    items: str = ""
    """Of a list: the root of its items; none if they are single values."""
    loose: bool = False
    """Whether the object that it stands in may be null."""
    make: Callable[[Mapping[str, Any]], Any] | None = field(default=None, compare=False)
    """Of what follows from other values: makes it of those."""


Catalogue = Mapping[str, Role]
"""The roles of an answer by name."""


@functools.cache
def catalogue(operation: str) -> Catalogue:
    """Returns the roles that the answer to an operation can show.

    Args:
        operation: The `operationId`, or `ERROR`.
    """
    document, schema = _shipped()[operation]
    roles: dict[str, Role] = {}
    _walk(document, schema, ROOTS[operation], ROOTS[operation], (), roles)
    made = _MADE_OF_JOB if operation == "getJob" else _MADE_OF_PROBLEM if operation == ERROR else ()
    return roles | {role.name: role for role in made}


@functools.cache
def _shipped() -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Returns the schema of each answer in the shipped documents, with the document that it stands in."""
    found: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for document in (load_document("v2"), load_document("v1")):
        found |= {name: (document, schema) for name, schema in answers(document)}
    return found


def answers(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the schema of what each operation answers when it succeeds, and of errors."""
    for _, _, operation in operations(document):
        name = operation["operationId"]
        good = [response for status, response in operation["responses"].items() if str(status)[0] == "2"]
        if name in ROOTS and good:
            yield name, _schema(good[0])
    yield ERROR, _schema(document["components"]["responses"]["NotFound"])


def _schema(response: Mapping[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = next(iter(response["content"].values()))["schema"]
    return schema


def shipped_answer(operation: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the shipped document of an operation, and the schema of its answer there."""
    return _shipped()[operation]


def resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a schema with what it refers to, and all parts of its `allOf`, in one."""
    merged: dict[str, Any] = {}
    for part in _parts(document, schema, 0):
        properties = {**merged.get("properties", {}), **part.get("properties", {})}
        required = [*merged.get("required", ()), *part.get("required", ())]
        merged |= part
        if properties:
            merged["properties"] = properties
        if required:
            merged["required"] = required
    return merged


def _parts(document: Mapping[str, Any], schema: Mapping[str, Any], depth: int) -> Iterator[Mapping[str, Any]]:
    """Yields the parts of a schema, those that it refers to first, since what stands beside a reference counts more."""
    if depth > 20:  # it refers to itself
        return
    if isinstance(schema.get("$ref"), str):
        place: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            place = place[part.replace("~1", "/").replace("~0", "~")]
        yield from _parts(document, place, depth + 1)
    for part in schema.get("allOf", ()):
        yield from _parts(document, part, depth + 1)
    yield {name: value for name, value in schema.items() if name not in ("$ref", "allOf")}


def _walk(
    document: Mapping[str, Any],
    schema: Mapping[str, Any],
    prefix: str,
    root: str,
    path: tuple[str, ...],
    roles: dict[str, Role],
    *,
    loose: bool = False,
) -> None:
    for name, place in resolved(document, schema).get("properties", {}).items():
        whole, here = resolved(document, place), (*path, name)
        role = whole.get("x-value", f"{prefix}.{name}")
        items = _item_root(whole) if whole.get("type") == "array" else ""
        if items:
            roles[role] = Role(role, root, here, "list", items)
            _walk(document, whole["items"], items, items, (), roles)
        elif "properties" in whole:
            roles[role] = Role(role, root, here, "object")
            _walk(document, whole, role, root, here, roles, loose=bool(whole.get("nullable")))
        else:
            roles[role] = Role(role, root, here, "value", loose=loose)


def _item_root(array: Mapping[str, Any]) -> str:
    return _ITEMS.get(str(array.get("items", {}).get("$ref", "")).rpartition("/")[2], "")


def _sum_of(outcome: str) -> Callable[[Mapping[str, Any]], int]:
    return lambda job: sum(counts[outcome] for counts in job["counts"].values())


def _percent(job: Mapping[str, Any]) -> int:
    processed, total = job["progress"]["processed"], job["progress"]["total"]
    return int(100 * processed // total) if total else 100 if job["finishedAt"] else 0


def _causes(problem: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    whole = {"pointer": "", "expected": "", "got": "", "message": problem["detail"]}
    return problem.get("errors") or [whole]


_MADE_OF_JOB = (
    *(Role(f"job.counts.{name}", "job", ("sums", name), "value", make=_sum_of(name)) for name in OUTCOMES),
    Role("job.progress.percent", "job", ("percent",), "value", make=_percent),
    Role("job.errorCount", "job", ("errorCount",), "value", make=lambda job: len(job["errors"])),
    Role("job.warningCount", "job", ("warningCount",), "value", make=lambda job: len(job["warnings"])),
    Role("job.ended", "job", ("ended",), "value", make=lambda job: job["finishedAt"] is not None),
)
_MADE_OF_PROBLEM = (Role("problem.causes", "problem", ("errors",), "list", "place", make=_causes),)
