"""The values of the assumptions, and what a user's profile makes of the document."""

import copy
import functools
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any

import jsonschema_rs

from casavi_contracts.spec.document import load_document, operations
from casavi_contracts.spec.register import Assumption, ProfileError, assumptions_of
from casavi_contracts.spec.shapes import ERROR, Shapes, settle_states, shapes_of
from casavi_contracts.spec.states import NAMES


def assumptions(document: Mapping[str, Any]) -> dict[str, Assumption]:
    """Returns the register of assumptions by name."""
    return assumptions_of(document["x-assumptions"], "x-assumptions")


def resolve_profile(register: Mapping[str, Assumption], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the value of every assumption, the user's over the register's.

    Raises:
        ProfileError: Overrides name unknown assumptions or give impossible values; all of them are told.
    """
    wrong = []
    for name, value in overrides.items():
        if name not in register:
            near = get_close_matches(name, register, 1)
            wrong.append(f"unknown assumption {name!r}{f'; did you mean {near[0]!r}?' if near else ''}")
        elif not jsonschema_rs.is_valid(register[name].schema, value):
            wrong.append(f"assumption {name!r} cannot be {value!r}; possible: {register[name].possible}")
    if any(name not in register for name in overrides):
        wrong.append(f"possible are: {', '.join(sorted(register))}")
    if wrong:
        raise ProfileError("\n  ".join(wrong))
    values = {name: entry.value for name, entry in register.items()} | dict(overrides)
    _check_paths(values)
    return values


def _check_paths(values: Mapping[str, Any]) -> None:
    own = ("/authenticate", "/jobs", "/contacts", "/v2", "/docs", "/openapi.json", "/_mock")
    contact = values["contact-path"].removesuffix("/{id}")
    taken = dict.fromkeys(own, "the mock")
    for name in ("refresh-path", "import-path"):
        path = values[name]
        for other, owner in taken.items():
            if path == other or path.startswith(f"{other}/"):
                raise ProfileError(f"assumption {name!r} cannot be {path!r}; {other} belongs to {owner}")
        taken[path] = name
    for other, owner in taken.items():
        if (contact == other or contact.startswith(f"{other}/")) and other != "/contacts":
            path = values["contact-path"]
            raise ProfileError(f"assumption 'contact-path' cannot be {path!r}; {other} belongs to {owner}")


def apply_profile(
    document: Mapping[str, Any], values: Mapping[str, Any], *, chosen: Collection[str] = ()
) -> dict[str, Any]:
    """Returns the document as it reads with these values of the assumptions.

    Args:
        document: The contract document; it is not changed.
        values: A value for every assumption, as `resolve_profile` returns them.
        chosen: Names of those that the user has given.

    Raises:
        ProfileError: The document shows something that there is not.
    """
    result = copy.deepcopy(dict(document))
    write_profile(result, values, chosen)
    return result


def write_profile(result: dict[str, Any], values: Mapping[str, Any], chosen: Collection[str]) -> None:
    """Writes these values of the assumptions into a document; arguments as those of `apply_profile`."""
    for name, value in values.items():
        result["x-assumptions"][name]["value"] = value
    _rename_paths(result, values)
    _leave_out(result, values)
    _set_statuses(result, values)
    _set_rules(result, values)
    _set_errors(result, values)
    _set_shapes(result, values)
    _set_answers(result, values, chosen)


def _rename_paths(document: dict[str, Any], values: Mapping[str, Any]) -> None:
    names = {"/refresh": values["refresh-path"], "/import": values["import-path"]}
    names["/contacts/{id}"] = values["contact-path"]
    document["paths"] = {names.get(path, path): item for path, item in document["paths"].items()}
    if values["refresh-needs-token-header"]:
        del document["paths"][values["refresh-path"]]["post"]["security"]


def _leave_out(document: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Takes away what no answer has, and what version 2 has not; names the parameter of pages."""
    paths, problem = document["paths"], document["components"]["schemas"]["Problem"]
    if any(server["url"] == "/v2" for server in document["servers"]):
        _leave_out_of_second(document, values)
    else:
        for parameter in paths["/contacts"]["get"]["parameters"]:
            if parameter["name"] == "page":
                parameter["name"] = values["page-parameter"]
    if not values["request-id"] and problem.get("properties", {}).pop("requestId", None) is not None:
        problem["required"] = [name for name in problem.get("required", ()) if name != "requestId"]
    if values["out-of-range-page"] == "not-found":
        for item in paths.values():
            if "get" in item and item["get"]["operationId"] in _LISTS:
                item["get"]["responses"]["404"] = {"$ref": "#/components/responses/NotFound"}


def _leave_out_of_second(document: dict[str, Any], values: Mapping[str, Any]) -> None:
    paths, log_in = document["paths"], document["paths"]["/authenticate"]["post"]
    if not values["v2-twins"]:
        for path in (values["refresh-path"], values["import-path"], "/jobs/{jobId}"):
            paths.pop(path, None)
        log_in["responses"]["200"].pop("links", None)
    if not values["deprecated-parameters-in-v2"]:
        request = document["components"]["schemas"]["AuthenticateRequest"]
        request["anyOf"] = request["anyOf"][:1]
        log_in["requestBody"]["content"]["application/json"].pop("examples", None)


_LISTS = ("getContacts", "listContacts", "listUnits", "listProperties")
_CONTENT_RULES = ("schema-violation", "mixed-credentials")
"""Rules about requests that can be read, and break the contract."""


@functools.cache
def _shipped_statuses() -> dict[str, int | None]:
    return {name: rule.get("status") for name, rule in load_document()["x-rules"].items()}


def _set_rules(document: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Lets each operation name the statuses of the rules by which it refuses, where they were changed."""
    rules, shipped = document["x-rules"], _shipped_statuses()
    moved: dict[str, set[str]] = {}
    for name, rule in rules.items():
        before = shipped.get(name)
        before = values["unauthorized-status"] if before == 401 else before
        if before is not None and rule["status"] != before:
            moved.setdefault(str(before), set()).add(str(rule["status"]))
    for item in document["paths"].values():
        for operation in item.values():
            responses = operation["responses"]
            for old, new in moved.items():
                for status in sorted(new):
                    if old in responses:
                        responses.setdefault(status, responses[old])


def _set_statuses(document: dict[str, Any], values: Mapping[str, Any]) -> None:
    log_in, refused = str(values["authenticate-status"]), str(values["unauthorized-status"])
    for item in document["paths"].values():
        for operation in item.values():
            operation["responses"] = {
                {"200": log_in if operation["operationId"] in ("authenticate", "refreshToken") else "200"}.get(
                    status, refused if status == "401" else status
                ): response
                for status, response in operation["responses"].items()
            }
    if values["import-path"] in document["paths"]:
        importing = document["paths"][values["import-path"]]["post"]
        importing["responses"] = {
            (str(values["import-status"]) if status == "202" else status): response
            for status, response in importing["responses"].items()
        }
    for name, rule in document["x-rules"].items():
        if rule.get("status") == 401:
            rule["status"] = values["unauthorized-status"]
        elif values["error-statuses"] == "unprocessable-content" and name in _CONTENT_RULES:
            rule["status"] = 422
        elif values["error-statuses"] == "bad-request" and rule.get("status") in (413, 415):
            rule["status"] = 400


def _set_errors(document: dict[str, Any], values: Mapping[str, Any]) -> None:
    for response in document["components"]["responses"].values():
        (media,) = response["content"].values()
        if (media.get("example") or {}).get("status") == 401:
            media["example"]["status"] = values["unauthorized-status"]
        response["content"] = {values["error-media-type"]: media}
    if not values["deprecation-header"]:
        del document["paths"]["/authenticate"]["post"]["responses"][str(values["authenticate-status"])]["headers"]


def _set_shapes(document: dict[str, Any], values: Mapping[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    _rename_job_id(document, values)
    levels = values["document-type-levels"] - 1
    schemas["Document"]["properties"]["type"]["pattern"] = rf"^[^/]+(/[^/]+){{0,{levels}}}$"
    _keep_branches(
        schemas["PropertyImport"]["properties"]["postalCode"],
        values["property-postal-code"],
        {"string": 0, "number": 1},
    )
    _keep_branches(schemas["ContractDate"], values["contract-dates"], {"date": 0})
    if values["contact-name-required"]:
        schemas["Contact"]["anyOf"] = [
            {"required": [name], "properties": {name: {"type": "string", "minLength": 1}}}
            for name in ("lastName", "companyName")
        ]
    if values["unknown-fields"] == "refuse":
        for name in (
            "MasterData",
            "Contact",
            "PropertyImport",
            "Address",
            "Unit",
            "Contract",
            "Responsibility",
            "Document",
        ):
            schemas[name]["additionalProperties"] = False


def _rename_job_id(document: dict[str, Any], values: Mapping[str, Any]) -> None:
    accepted = document["components"]["schemas"]["ImportAccepted"]
    if "jobId" in accepted["properties"]:  # no overlay has put something else there
        field = values["job-id-field"]
        accepted["properties"] = {
            field if name == "jobId" else name: place for name, place in accepted["properties"].items()
        }
        accepted["required"] = [field if name == "jobId" else name for name in accepted.get("required", ())]


def _set_answers(document: dict[str, Any], values: Mapping[str, Any], chosen: Collection[str]) -> None:
    """Lets states, examples and links follow the shapes of the answers."""
    shapes = shapes_of(document)
    states = settle_states(document, values[NAMES], chosen=NAMES in chosen) if "getJob" in shapes else None
    for _, _, operation in operations(document):
        name = operation["operationId"]
        for status, response in operation["responses"].items():
            if status[0] == "2" and name in shapes:
                media = response["content"]["application/json"]
                _shape_example(media, name, shapes, states.shown("completed").name if states else "")
    for response in document["components"]["responses"].values():
        (media,) = response["content"].values()
        _shape_example(media, ERROR, shapes, "")
    if values["import-path"] in document["paths"]:
        importing = document["paths"][values["import-path"]]["post"]["responses"][str(values["import-status"])]
        pointer = shapes["importMasterData"].pointers["job.id"]
        importing["links"]["follow the job"]["parameters"]["jobId"] = f"$response.body#{pointer}"
    answer = document["paths"]["/authenticate"]["post"]["responses"][str(values["authenticate-status"])]
    if "links" in answer:
        body = answer["links"]["refresh the token"]["requestBody"]
        body["token"] = f"$response.body#{shapes['authenticate'].pointers['login.token']}"


def _shape_example(media: dict[str, Any], operation: str, shapes: Shapes, status: str) -> None:
    example = media.get("example")
    if not isinstance(example, dict):
        return
    if operation == "getJob" and "status" in example:
        example["status"] = status
    if shapes[operation].same:
        return
    media["example"] = shapes[operation].shown(example)


def _keep_branches(schema: dict[str, Any], value: str, branches: Mapping[str, int]) -> None:
    if value in branches:
        schema["anyOf"] = [schema["anyOf"][branches[value]]]
