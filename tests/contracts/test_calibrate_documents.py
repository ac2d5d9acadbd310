"""A vendor's OpenAPI document in, a verdict for each guess out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from casavi_contracts import spec
from casavi_contracts.observe import telling
from casavi_contracts.observe.calibration import IncomparableError, calibrate
from casavi_contracts.observe.files import UnreadableError
from casavi_contracts.observe.sights import CONFIRMED, REFUTED
from tests.support.vendors import alien_profile, as_3_1, as_swagger, documents

Form = Callable[[dict[str, Any]], dict[str, Any]]

TOLD = {
    "authenticate-status", "refresh-path", "refresh-needs-token-header", "unauthorized-status", "error-media-type",
    "import-path", "import-status", "job-id-field", "document-type-levels", "job-status-names",
}  # fmt: skip
"""What every version of OpenAPI can say."""

ONLY_3 = {"deprecation-header", "contact-name-required", "property-postal-code", "contract-dates"}
"""What needs alternatives, which OpenAPI 2.0 does not have."""

FORMS: dict[str, tuple[Form, set[str]]] = {
    "3.0": (lambda document: document, TOLD | ONLY_3),
    "2.0": (as_swagger, TOLD),
    "3.1": (as_3_1, TOLD | ONLY_3),
}


def written(folder: Path, *whole: Any, name: str = "vendor", ending: str = "json") -> list[Path]:
    paths = []
    for number, each in enumerate(whole):
        path = folder / f"{name}-{number}.{ending}"
        path.write_text(json.dumps(each) if ending == "json" else yaml.safe_dump(each), encoding="utf-8")
        paths.append(path)
    return paths


def judged(folder: Path, profile: dict[str, Any], form: str) -> None:
    """What is refuted is right, nothing that differs is confirmed, and all that the document can say is found."""
    make, told = FORMS[form]
    register = spec.assumptions(spec.load_document())
    theirs = spec.resolve_profile(register, profile)
    found = calibrate(written(folder, *map(make, documents(profile))), {})
    changed = {name for name, entry in register.items() if theirs[name] != entry.value}
    refuted = {each.name: each.theirs for each in found.by_verdict(REFUTED)}
    assert refuted == {name: theirs[name] for name in refuted}
    assert not changed & {each.name for each in found.by_verdict(CONFIRMED)}
    assert changed & told <= {*refuted}
    assert not found.extras


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", range(1))
def test_a_document_says_what_it_can(tmp_path: Path, seed: int, form: str) -> None:
    judged(tmp_path, alien_profile(seed), form)


@pytest.mark.slow  # many vendors
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", range(1, 60))
def test_many_documents_say_what_they_can(tmp_path: Path, seed: int, form: str) -> None:
    judged(tmp_path, alien_profile(seed), form)


def test_our_own_document_refutes_nothing(tmp_path: Path) -> None:
    found = calibrate(written(tmp_path, *documents({})), {})
    assert not found.refuted
    assert len(found.by_verdict(CONFIRMED)) >= 24
    assert {place.pointer for place in found.places} >= {"/components/schemas/Contact/properties/firstName"}


def test_what_a_document_can_tell_is_what_is_said_of_it(tmp_path: Path) -> None:
    whole = documents({"unknown-fields": "refuse"})
    whole[0]["components"]["schemas"]["Token"]["properties"]["expiresAt"]["pattern"] = "[.][0-9]{3}Z$"
    for document, path in zip(whole, ("/contacts", "/contacts"), strict=True):
        size = {"name": "limit", "in": "query", "schema": {"type": "integer", "default": 30}}
        document["paths"][path]["get"]["parameters"].append(size)
        document["paths"][path]["get"]["responses"]["404"] = {"description": "no such page"}
        document["paths"]["/import"]["post"]["responses"]["422"] = {"description": "wrong"}
    found = calibrate(written(tmp_path, *whole), {})
    assert {each.name for each in found.findings if each.verdict != "not seen"} == telling.IN_DOCUMENT


def test_what_was_found_is_nothing_new_the_next_time(tmp_path: Path) -> None:
    paths = written(tmp_path, *documents({"import-status": 200, "import-path": "/bulk"}))
    first = calibrate(paths, {})
    assert first.changed() == {"import-status": 200, "import-path": "/bulk"}
    assert not calibrate(paths, first.changed()).refuted


VENDOR: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "Manager", "version": "1.12.10"},
    "basePath": "/api",
    "produces": ["application/json"],
    "securityDefinitions": {"key": {"type": "apiKey", "in": "header", "name": "token"}},
    "security": [{"key": []}],
    "paths": {
        "/authenticate": {
            "post": {
                "security": [],
                "parameters": [{"in": "body", "name": "body", "schema": {"$ref": "#/definitions/LogIn"}}],
                "responses": {201: {"schema": {"$ref": "#/definitions/Session"}}, "403": {"description": "no"}},
            }
        },
        "/token/extend/": {
            "post": {
                "parameters": [
                    {
                        "in": "body",
                        "name": "body",
                        "schema": {"properties": {"apiKey": {"type": "string"}, "token": {"type": "string"}}},
                    }
                ],
                "responses": {"201": {"schema": {"$ref": "#/definitions/Session"}}},
            }
        },
        "/masterData": {
            "post": {
                "parameters": [{"in": "body", "name": "body", "schema": {"$ref": "#/definitions/Everything"}}],
                "responses": {
                    "200": {"schema": {"properties": {"importJob": {"type": "string"}, "queue": {"type": "integer"}}}},
                    "422": {"description": "wrong"},
                },
            }
        },
        "/jobs/{id}": {
            "get": {
                "parameters": [{"in": "path", "name": "id", "type": "string", "required": True}],
                "responses": {"200": {"schema": {"$ref": "#/definitions/Task"}}},
            }
        },
        "/tickets": {"get": {"responses": {"200": {"schema": {"type": "array", "items": {"type": "object"}}}}}},
    },
    "definitions": {
        "LogIn": {
            "required": ["key", "secret"],
            "properties": {"key": {"type": "string"}, "secret": {"type": "string"}},
        },
        "Session": {"properties": {"token": {"type": "string"}, "expiresAt": {"type": "string"}}},
        "Everything": {
            "allOf": [
                {"properties": {"contacts": {"type": "array", "items": {"$ref": "#/definitions/Person"}}}},
                {
                    "properties": {
                        "properties": {"type": "array", "items": {"$ref": "#/definitions/House"}},
                        "roles": {"type": "array", "items": {"$ref": "#/definitions/Role"}},
                    }
                },
            ]
        },
        "Person": {
            "required": ["id", "lastName"],
            "properties": {
                "id": {"type": "string"},
                "firstName": {"type": "string"},
                "lastName": {"type": "string"},
                "birthday": {"type": "string"},
                "preferredWayOfContact": {"type": "string", "enum": ["LETTER", "ONLINE", "EMAIL"]},
            },
        },
        "House": {
            "required": ["id"],
            "properties": {
                "id": {"type": "string"},
                "postalCode": {"type": "number"},
                "addresses": {"type": "array", "items": {"$ref": "#/definitions/Address"}},
            },
        },
        "Address": {
            "properties": {
                "street": {"type": "string"},
                "parent": {"$ref": "#/definitions/Address"},
                "units": {"type": "array", "items": {"properties": {"id": {"type": "string"}}}},
            }
        },
        "Role": {"properties": {"propertyId": {"type": "string"}, "contactId": {"type": "string"}}},
        "Task": {
            "properties": {
                "uuid": {"type": "string"},
                "state": {"type": "string", "enum": ["NEW", "RUNNING", "DONE", "FAILED"]},
            }
        },
    },
}
"""Another vendor's hand, in OpenAPI 2.0."""


@pytest.mark.parametrize("ending", ["json", "yaml"])
def test_a_document_of_another_hand(tmp_path: Path, ending: str) -> None:
    found = calibrate(written(tmp_path, VENDOR, ending=ending), {})
    refuted = {each.name: each.theirs for each in found.by_verdict(REFUTED) if each.expressible}
    wanted = {
        "authenticate-status": 201,
        "unauthorized-status": 403,
        "refresh-path": "/token/extend",
        "refresh-needs-token-header": True,
        "import-path": "/masterData",
        "import-status": 200,
        "job-id-field": "importJob",
        "property-postal-code": "number",
        "job-status-names": ["NEW", "RUNNING", "DONE", "FAILED"],
    }
    assert {name: refuted.get(name) for name in wanted} == wanted
    told = {each.name: each.theirs for each in found.findings}
    assert "lastName" in told["required-fields"]
    assert told["error-statuses"] == "unprocessable-content"
    assert told["responsibilities-key"] == "roles"
    assert {(extra.kind, extra.name) for extra in found.extras} >= {
        ("operation", "GET /tickets"), ("field", "birthday"), ("value", "EMAIL"),
    }  # fmt: skip


def _laughs(depth: int) -> str:
    lines = ["swagger: '2.0'", "a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, depth)]
    return "\n".join(lines)


def _merged_laughs(depth: int) -> str:
    lines = ["swagger: '2.0'", "a0: &a0 {x: 1}"]
    lines += [f"a{n}: &a{n}\n  <<: [{', '.join([f'*a{n - 1}'] * 9)}]\n  y{n}: 1" for n in range(1, depth)]
    return "\n".join(lines)


PETS = {
    "openapi": "3.0.0",
    "paths": {
        "/login": {
            "post": {
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {"properties": {"user": {"type": "string"}, "password": {"type": "string"}}}
                        }
                    }
                },
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"properties": {"token": {"type": "string"}}}}}}
                },
            }
        },
        "/pets": {"get": {"responses": {"200": {"description": "pets"}}}},
    },
}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is empty"),
        ("[1, 2", "not valid JSON"),
        ("a: [b", "neither JSON nor YAML"),
        ("just a text", "neither an OpenAPI document"),
        ('{"log": 1}', "no HTTP archive"),
        (_laughs(12), "unfolds to more"),
        (_merged_laughs(12), "merge keys"),
        ("swagger: &a {b: *a}", "holds itself"),
        ("openapi: 3.0.0\nx: " + "[" * 300 + "]" * 300, "levels deep"),
        ('{"openapi": "3.0.0", "x": ' + "[" * 300 + "]" * 300 + "}", "levels deep"),
    ],
)
def test_broken_files_are_told_in_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "vendor.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableError, match=said) as caught:
        calibrate([path], {})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("document", [PETS, {"openapi": "3.0.0"}, {"swagger": 2, "paths": []}])
def test_another_api_is_nothing_comparable(tmp_path: Path, document: dict[str, Any]) -> None:
    with pytest.raises(IncomparableError, match="nothing comparable"):
        calibrate(written(tmp_path, document), {})


def test_references_out_of_the_file_are_told_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"properties": {"importJob": {"type": "string"}}}')
    vendor = json.loads(json.dumps(VENDOR))
    vendor["definitions"]["Task"] = {"$ref": "other.json"}
    vendor["definitions"]["Person"]["properties"]["note"] = {"$ref": "#/definitions/Nobody"}
    vendor["definitions"]["Role"] = {"allOf": [{"$ref": "#/definitions/Role"}]}
    found = calibrate(written(tmp_path, vendor), {})
    assert any("references lead out of the file and are not followed: 1, such as other.json" in n for n in found.notes)
    assert any("references lead nowhere: 1, such as #/definitions/Nobody" in note for note in found.notes)
