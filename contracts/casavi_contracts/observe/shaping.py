"""An OpenAPI Overlay that gives our answers the form of a vendor's: which member shows which value, by its name."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from casavi_contracts.observe import pages
from casavi_contracts.observe.forms import Form
from casavi_contracts.observe.roles import plain

Action = dict[str, Any]

ROLE_STATES = {"waiting": ["active"], "active": ["completed", "failed"], "completed": [], "failed": []}
"""`x-states` where the assumption `job-status-names` has the names."""

_ENTITIES = ("contacts", "properties", "units", "responsibilities", "documents")
_JOB = {
    "job.id": r"(?:job|import|task|process)?_?(?:id|uid|uuid|guid|identifier|number)",
    "job.status": r".*(?:status|state|phase)",
    "job.createdAt": r".*(?:creat|queued|submit|enqueue|accept|receiv|request)\w*(?:at|on|date|time|_at)?",
    "job.startedAt": r".*(?:start|began|begin|beginn)\w*",
    "job.finishedAt": r".*(?:finish|ended|end|complet|done|stopp)\w*",
    "job.progress.percent": r".*(?:percent|progress)\w*",
    "job.progress.processed": r".*(?:processed|done|handled|finished|completed|current)\w*",
    "job.progress.total": r".*(?:total|size|overall|recordcount|records|all)\w*",
    "job.errorCount": r"(?:error|failure|problem)s?(?:count|number|total)",
    "job.warningCount": r"(?:warning|hint)s?(?:count|number|total)",
    "job.ended": r"(?:is)?(?:ended|done|finished|completed|complete|final)",
    "job.counts.created": r".*(?:created|new|inserted|added|imported)",
    "job.counts.updated": r".*(?:updated|changed|modified|merged)",
    "job.counts.unchanged": r".*(?:unchanged|skipped|same|untouched|ignored)",
    "job.counts.refused": r".*(?:refused|rejected|failed|failures|errors|invalid|faulty)",
    "job.errors": r".*(?:error|failure|problem|rejection|refusal|issue|rejected|fault)s?(?:list|details)?",
    "job.warnings": r".*(?:warning|hint|notice|note|remark)s?",
}
"""What members of a job are called, by the value that they show, as `plain` writes names."""

_BY_TYPE: Mapping[str, Sequence[str]] = {
    "string": ("job.status", "job.id"),
    "moment": ("job.createdAt", "job.startedAt", "job.finishedAt"),
    "integer": (
        "job.errorCount", "job.warningCount", "job.counts.unchanged", "job.counts.created", "job.counts.updated",
        "job.counts.refused", "job.progress.percent", "job.progress.processed", "job.progress.total",
    ),
    "boolean": ("job.ended",),
    "array": ("job.errors", "job.warnings"),
}  # fmt: skip
_OUTCOMES = ("created", "updated", "unchanged", "refused")
_ITEM = {
    "message": r".*(?:message|text|detail|reason|description|error|msg|meldung)\w*",
    "pointer": r".*(?:pointer|path|field|location|property)\w*",
    "id": r".*(?:id|reference|key)",
    "entity": r".*(?:entity|type|kind|object|model)\w*",
    "rule": r".*(?:rule|code|reason)\w*",
}
_PROBLEM = {
    "problem.requestId": r".*(?:requestid|traceid|correlationid)",
    "problem.status": r".*(?:status|statuscode|httpstatus)",
    "problem.title": r".*title",
    "problem.detail": r".*(?:detail|message|text|description|error|reason|msg)\w*",
    "problem.rule": r".*(?:code|rule|type|errorcode|key|name)",
}
_SOMETIMES = ("assumption", "errors", "errorCount", "limitBytes")
"""Members that some of our errors do not have."""

_PLACE = {"place.pointer": _ITEM["pointer"], "place.message": _ITEM["message"], "place.expected": r".*expected"}


@dataclass(slots=True)
class Shaped:
    """A form with the values that it shows."""

    schema: dict[str, Any]
    shown: set[str] = field(default_factory=set)
    """The roles that are shown."""
    empty: list[str] = field(default_factory=list)
    """Members for which we have no value."""


def shape_job(form: Form, states: Any) -> Shaped | None:
    """Returns the form of a job with the values that it shows; None if it shows no state.

    Args:
        form: The vendor's.
        states: For `x-states` beside its state.
    """
    shaped = Shaped({})
    shaped.schema = _object(form, shaped, (), _job_role)
    if "job.status" not in shaped.shown:
        return None
    _put_states(shaped.schema, states)
    return shaped


def _put_states(schema: Any, states: Any) -> None:
    for place in schema.get("properties", {}).values():
        if place.get("x-value") == "job.status":
            place["x-states"] = states
            if states == ROLE_STATES:
                place["x-assumption"] = "job-status-names"
                place.pop("enum", None)
        _put_states(place, states)


def _object(form: Form, shaped: Shaped, path: tuple[str, ...], role_of: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object", "properties": {}}
    required = []
    for name, place in form.get("properties", {}).items():
        inner = (*path, name)
        role = role_of(inner, {**place, "always": name in form.get("required", ())}, shaped.shown)
        if role is not None:
            shaped.shown.add(role)
            made["properties"][name] = _valued(place, role)
        elif place.get("properties"):
            made["properties"][name] = _object(place, shaped, inner, role_of)
        else:
            made["properties"][name] = empty(place)
            if "enum" not in made["properties"][name]:
                shaped.empty.append(".".join(inner))
            continue
        if name in form.get("required", ()):
            required.append(name)
    if required:
        made["required"] = required
    return made


def empty(place: Form) -> dict[str, Any]:
    """Returns the schema of a member for which we have no value: an empty list, or null."""
    kind = place.get("type")
    if len(place.get("enum", ())) == 1:
        return {"type": "string", "enum": place["enum"]}
    if kind == "array":
        return {"type": "array", "items": {}, "default": []}
    return {"type": kind if kind in ("string", "integer", "number", "boolean") else "string", "nullable": True}


def _valued(place: Form, role: str) -> dict[str, Any]:
    kind = place.get("type") or "string"
    made: dict[str, Any] = {"type": kind, "x-value": role}
    if place.get("nullable") or role in ("job.startedAt", "job.finishedAt"):
        made["nullable"] = True
    if place.get("format") == "date-time":
        made["format"] = "date-time"
    if kind == "array" and role != "page.records":
        made["items"] = _items(place.get("items") or {}, role)
    return made


def _items(form: Form, role: str) -> dict[str, Any]:
    """Returns the schema of what was refused, or warned of, one by one."""
    root = {"job.errors": "error", "job.warnings": "warning"}.get(role, "place")
    if not form.get("properties"):
        return {"type": "string"}
    words = _PLACE if root == "place" else {f"{root}.{name}": word for name, word in _ITEM.items()}
    known = {
        "error": ("message", "pointer", "id", "entity", "rule"), "warning": ("message", "pointer", "rule"),
        "place": ("message", "pointer", "expected"),
    }[root]  # fmt: skip
    shaped = Shaped({})

    def role_of(path: tuple[str, ...], place: Form, shown: set[str]) -> str | None:
        if place.get("type") not in ("string", None) or place.get("properties"):
            return None
        for name, word in words.items():
            if name.partition(".")[2] in known and name not in shown and re.fullmatch(word, plain(path[-1])):
                return name
        return None

    made = _object(form, shaped, (), role_of)
    for place in made["properties"].values():
        if place.get("x-value") == "error.id":
            place["nullable"] = True
    return made


def _job_role(path: tuple[str, ...], place: Form, shown: set[str]) -> str | None:
    kind = place.get("type")
    if kind == "object" or place.get("properties"):
        return None
    if kind == "string" and place.get("format") == "date-time":
        kind = "moment"
    elif kind in ("number", "integer"):
        kind = "integer"
    elif kind is None:  # never seen but as null
        kind = "moment" if place.get("nullable") else "string"
    entity = next((each for each in _ENTITIES for name in path if plain(name).startswith(each[:-3])), None)
    for role in _BY_TYPE.get(kind, ()):
        if not re.fullmatch(_JOB[role], plain(path[-1])):
            continue
        outcome = role.rpartition(".")[2]
        if entity is not None and outcome in _OUTCOMES:
            role = f"job.counts.{entity}.{outcome}"  # noqa: PLW2901  # the same outcome, of one entity
        if role not in shown:
            return role
    return None


def replacing(name: str, shaped: Shaped) -> list[Action]:
    """Returns the actions that give one of our schemas another form."""
    target = f"$.components.schemas.{name}"
    return [
        {"target": f"{target}['properties', 'required']", "remove": True},
        {"target": target, "update": {key: value for key, value in shaped.schema.items() if key != "type"}},
    ]


def accepted(path: Sequence[str]) -> list[Action]:
    """Returns the actions by which the import answers its job id inside other members."""
    schema: dict[str, Any] = {"type": "string", "minLength": 1, "x-value": "job.id"}
    for name in reversed(path):
        schema = {"type": "object", "required": [name], "properties": {name: schema}}
    return replacing("ImportAccepted", Shaped(schema))


def shape_problem(form: Form, ours: Collection[str]) -> Shaped | None:
    """Returns the form of an error with the values that it shows; None if it shows no text.

    Args:
        form: The vendor's.
        ours: Members of our own errors, which show what they show there.
    """
    shaped = Shaped({})

    def role_of(path: tuple[str, ...], place: Form, shown: set[str]) -> str | None:
        kind, name = place.get("type"), plain(path[-1])
        if len(path) == 1 and path[0] in ours:
            return f"problem.{path[0]}"
        if kind == "array":
            there = re.fullmatch(r".*(?:error|detail|violation|field|cause|message|issue)\w*", name)
            return ("problem.causes" if place["always"] else "problem.errors") if there else None
        if place.get("properties"):
            return None
        fitting = [
            role
            for role, word in _PROBLEM.items()
            if re.fullmatch(word, name) and (role == "problem.status") == (kind == "integer")
        ]
        return next((role for role in fitting if role not in shown), next(iter(fitting), None))

    shaped.schema = _object(form, shaped, (), role_of)
    required = [name for name in shaped.schema.pop("required", ()) if name not in _SOMETIMES]
    shaped.schema |= {"required": required} if required else {}
    return shaped if shaped.shown & {"problem.detail", "problem.title"} else None


def shape_page(form: Form, item: str) -> Shaped | None:
    """Returns the form of a page with the values that it shows; None if it shows no records.

    Args:
        form: The vendor's.
        item: Name of our schema of one record.
    """
    shaped = Shaped({})

    def role_of(path: tuple[str, ...], place: Form, shown: set[str]) -> str | None:
        kind, name = place.get("type"), plain(path[-1])
        if kind == "array":
            return "page.records" if "page.records" not in shown else None
        if kind in ("integer", "number"):
            words = {"page.pageCount": pages.PAGES, "page.number": pages.NUMBER, "page.count": pages.COUNT}
            return next((role for role, word in words.items() if role not in shown and word.fullmatch(name)), None)
        if kind in ("string", None) and not place.get("properties"):
            called = any(pages.NEXT.fullmatch(plain(part)) for part in path)
            return "page.next" if called and "page.next" not in shown else None
        return None

    shaped.schema = _object(form, shaped, (), role_of)
    _settle_page(shaped.schema, item)
    return shaped if "page.records" in shaped.shown else None


def _settle_page(schema: Mapping[str, Any], item: str) -> None:
    for place in schema.get("properties", {}).values():
        if place.get("x-value") == "page.records":
            place["items"] = {"$ref": f"#/components/schemas/{item}"}
        elif place.get("x-value") == "page.next":
            place.update({"type": "string", "nullable": True})
        _settle_page(place, item)


def shape_token(form: Form) -> Shaped | None:
    """Returns the form of an answer with a token, with the values that it shows; None if it shows none."""
    shaped = Shaped({})

    def role_of(path: tuple[str, ...], place: Form, shown: set[str]) -> str | None:
        name = plain(path[-1])
        if place.get("properties") or place.get("type") not in ("string", None):
            return None
        role = "login.expiresAt" if "expir" in name or "valid" in name else "login.token" if "token" in name else None
        return role if role not in shown else None

    shaped.schema = _object(form, shaped, (), role_of)
    return shaped if "login.token" in shaped.shown else None


def more_required(name: str, wanted: Sequence[str]) -> Action:
    """Returns the action by which one of our schemas of the import wants more members."""
    return {"target": f"$.components.schemas.{name}", "update": {"required": [*wanted]}}
