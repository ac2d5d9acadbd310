"""Faults: what is planned, how often it struck, and a form that the control plane's document describes."""

from typing import Any

import orjson
from flask import Blueprint, request

from casavi_mock.console.page import account, desk, go, say, show, unchanged
from casavi_mock.console.texts import counted
from casavi_mock.control.document import Schema, resolved
from casavi_mock.control.problems import Problem

pages = Blueprint("faults", __name__)


@pages.get("/faults")
def faults() -> Any:
    """Lists the faults; the form has the fields of the kind that is chosen."""
    kinds = _kinds()
    kind = request.args.get("kind", next(iter(kinds)))
    if kind not in kinds:
        raise Problem(404, "There is no such kind of fault.", "kind", possible=tuple(kinds))
    schema = _schema("NewFault")
    return show(
        "faults.html",
        **_listed(),
        kinds=kinds,
        kind=kind,
        effect=kinds[kind],
        fields=_fields(kinds[kind]),
        operations=schema["properties"]["operation"]["enum"],
        only_import=kind.startswith(("job-", "record-")),
        first=_schema("FirstCall"),
        times=_schema("Times"),
    )


@pages.get("/faults/rows")
def rows() -> Any:
    """The list alone, for a page that looks whether something has changed."""
    listed = _listed()
    return unchanged(listed["version"]) or show("faults-rows.html", **listed)


@pages.post("/faults/add")
def add() -> Any:
    """Plans a fault."""
    form = request.form
    kind = form.get("kind", "")
    schema = _kinds().get(kind, {"properties": {}})
    effect: dict[str, Any] = {"kind": kind}
    for name, field in _fields(schema).items():
        if text := form.get(name, "").strip():
            effect[name] = _value(field, text)
    body: dict[str, Any] = {"operation": form.get("operation", ""), "effect": effect}
    for name in ("first", "times"):
        if text := form.get(name, "").strip():
            body[name] = _number(text)
    told = desk().ask("addFault", account(), body=body)
    say(f"{told['id']} is planned.")
    return go("faults.faults", kind=kind)


@pages.post("/faults/remove")
def remove() -> Any:
    """Forgets a fault."""
    desk().ask("removeFault", account(), path={"id": request.form.get("id") or "none"})
    say("The fault is forgotten.")
    return go("faults.faults")


@pages.post("/faults/clear")
def clear() -> Any:
    """Forgets all faults."""
    say(f"{counted(desk().ask('clearFaults', account())['removed'], 'fault')} went.")
    return go("faults.faults")


def _listed() -> dict[str, Any]:
    found = desk().ask("listFaults", account())["faults"]
    return {"found": found, "version": f"{hash(orjson.dumps(found)) & 0xFFFFFFFFFF:x}"}


def _schema(name: str) -> dict[str, Any]:
    return resolved(desk().plane.document, {"$ref": f"#/components/schemas/{name}"})


def _kinds() -> dict[str, dict[str, Any]]:
    mapping = _schema("NewFault")["properties"]["effect"]["discriminator"]["mapping"]
    return {kind: resolved(desk().plane.document, {"$ref": where}) for kind, where in mapping.items()}


def _fields(effect: Schema) -> dict[str, dict[str, Any]]:
    """Returns the fields of a kind of effect by name, with what a form needs of each."""
    required = effect.get("required", ())
    return {
        name: {**schema, "required": name in required, "description": schema.get("description", "").partition(": ")[2]}
        for name, schema in effect["properties"].items()
        if name != "kind"
    }


def _value(field: Schema, text: str) -> Any:
    if field["type"] == "array":
        return [line.strip() for line in text.splitlines() if line.strip()]
    return _number(text) if field["type"] in ("integer", "number") else text


def _number(text: str) -> Any:
    """Returns a number if it is one; otherwise the text, of which the document says what is wrong."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
