"""Vendors whose guesses are other than ours: random profiles, and their documents in three versions of OpenAPI."""

import copy
import random
from typing import Any

from casavi_contracts import spec

STATES = (
    ["queued", "running", "done", "broken"],
    ["PENDING", "IN_PROGRESS", "SUCCEEDED", "FAILED"],
    ["neu", "laufend", "fertig", "fehler"],
)

_BOUNDS = {"queue-limit": 100, "record-limit": 5_000, "max-body-mb": 1, "document-max-mb": 1}
"""Bounds of which ordinary traffic knows nothing, and the least of them."""

_TEXTS = {
    "page-parameter": ("page", "p", "pageNumber"),
    "contact-path": ("/contacts/{id}", "/people/{id}", "/contact/by-id/{id}"),
    "app-link": ("hausverwaltung.example.com", "brand.mycasavi.example/tenants/9/manage"),
}


def alien_profile(seed: int, share: float = 0.6) -> dict[str, Any]:
    """Returns a profile that differs from the register in about a share of the guesses that can differ."""
    chance = random.Random(seed)
    register = spec.assumptions(spec.load_document())
    while True:
        profile = {name: _other(chance, entry) for name, entry in register.items() if chance.random() < share}
        try:
            spec.resolve_profile(register, profile)
        except spec.ProfileError:
            continue
        return profile


def _other(chance: random.Random, entry: spec.Assumption) -> Any:
    schema = entry.schema
    if "enum" in schema:
        return chance.choice(schema["enum"])
    if schema["type"] == "boolean":
        return chance.random() < 0.5
    if schema["type"] == "array":
        return chance.choice(STATES)
    if schema["type"] == "string":
        if entry.name in ("import-path", "refresh-path"):
            words = ("/masterdata", "/in/bulk-data", "/renew", "/session/extend")
            return f"{chance.choice(words)}{chance.randrange(100)}"
        if entry.name in _TEXTS:
            return chance.choice(_TEXTS[entry.name])
        return chance.choice(["id", "job", "importId", "uuid", "Job_1"])
    if entry.name in _BOUNDS:
        return _BOUNDS[entry.name] + chance.randrange(1_000)
    if schema["type"] == "integer":
        return chance.randint(max(schema["minimum"], 2), min(schema["maximum"], 20))
    return round(chance.uniform(1.01, min(schema["maximum"], 400)), 2)


def documents(profile: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the documents of a vendor with this profile."""
    values = spec.resolve_profile(spec.assumptions(spec.load_document()), profile)
    return [spec.apply_profile(spec.load_document(version), values) for version in ("v1", "v2")]


def as_swagger(document: dict[str, Any]) -> dict[str, Any]:
    """Returns a document as OpenAPI 2.0, which has no alternatives and one list of media types for all answers."""
    found = {
        "swagger": "2.0",
        "info": document["info"],
        "basePath": document["servers"][0]["url"],
        "security": document["security"],
        "definitions": _plain(document["components"]["schemas"]),
        "responses": {name: _response(each) for name, each in document["components"]["responses"].items()},
        "paths": {},
    }
    for path, item in document["paths"].items():
        found["paths"][path] = {method: _operation(document, told) for method, told in item.items()}
    return found


def _operation(document: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    parameters = [_target(document, each) for each in told.get("parameters", [])]
    made: dict[str, Any] = {name: told[name] for name in ("operationId", "security") if name in told}
    made["parameters"] = [{**_plain(each), **_plain(each["schema"])} for each in parameters]
    if "requestBody" in told:
        schema = told["requestBody"]["content"]["application/json"]["schema"]
        made["parameters"].append({"in": "body", "name": "body", "schema": _plain(schema)})
    answers = [_target(document, each) for each in told["responses"].values()]
    made["produces"] = sorted({kind for answer in answers for kind in answer.get("content", {})})
    made["responses"] = {status: _response(each) for status, each in told["responses"].items()}
    return made


def _target(document: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    place: Any = document
    for part in value.get("$ref", "#/").removeprefix("#/").split("/"):
        place = place[part] if part else value
    return place


def _response(told: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in told:
        return _plain(told)
    made: dict[str, Any] = {"description": "", "headers": _plain(told.get("headers", {}))}
    for media in told.get("content", {}).values():
        made["schema"] = _plain(media["schema"])
    return made


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    made = {}
    for name, part in value.items():
        if name == "$ref":
            made[name] = part.replace("components/schemas", "definitions").replace("components/responses", "responses")
        elif name == "nullable":
            made["x-nullable"] = part
        elif name not in ("anyOf", "oneOf"):
            made[name] = _plain(part)
    return made


def as_3_1(document: dict[str, Any]) -> dict[str, Any]:
    """Returns a document as OpenAPI 3.1, without what only ours have."""
    made = _bare(copy.deepcopy(document))
    return {**made, "openapi": "3.1.0"}


def _bare(value: Any) -> Any:
    if isinstance(value, list):
        return [_bare(each) for each in value]
    if not isinstance(value, dict):
        return value
    made = {name: _bare(part) for name, part in value.items() if name != "nullable" and not name.startswith("x-")}
    if value.get("nullable") is True and "type" in value:
        made["type"] = [value["type"], "null"]
    return made
