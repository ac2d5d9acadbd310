"""Wrong types and values everywhere in a body: each is named by pointer, by what was expected and by what came."""

import copy
import json
from typing import Any

import pytest

from casavi_fixtures import address, contact, contract, document, property_, responsibility, unit
from tests.support.client import Client
from tests.support.contract import resolve_pointer

WHOLE: dict[str, Any] = {
    "contacts": [contact(customFields={"Email2": "a@b.c"}, preferredWayOfContact="LETTER")],
    "properties": [
        property_(
            customFields={"Area": 85.1},
            addresses=[
                address(
                    units=[
                        unit(
                            customFields={"x": True},
                            contracts=[contract(startDate="2024-01-01", endDate=None)],
                            documents=[document(id="D-2")],
                        )
                    ]
                )
            ],
            documents=[document(contactId="C-1", type="Rules/House")],
        )
    ],
    "responsibilities": [responsibility()],
}
UNIT = "/properties/0/addresses/0/units/0"
CONTRACT = f"{UNIT}/contracts/0"

TYPES: list[tuple[Any, str]] = [
    (None, "null"),
    (True, "boolean true"),
    (7, "number 7"),
    (-1.5, "number -1.5"),
    ("text", 'string "text"'),
    ([], "array"),
    ([1, "x"], "array"),
    ({}, "object"),
    ({"a": 1}, "object"),
]
TEXT, TEXT_OR_NULL = ("string",), ("string", "null")

FIELDS: dict[str, tuple[str, ...]] = {
    "": ("object",),
    "/contacts": ("array",),
    "/properties": ("array",),
    "/responsibilities": ("array",),
    "/contacts/0": ("object",),
    "/contacts/0/id": TEXT,
    "/contacts/0/lastName": TEXT_OR_NULL,
    "/contacts/0/postalCode": TEXT_OR_NULL,
    "/contacts/0/customFields": ("object", "null"),
    "/contacts/0/customFields/Email2": ("string", "number", "boolean", "null"),
    "/properties/0": ("object",),
    "/properties/0/id": TEXT,
    "/properties/0/mscNumber": TEXT_OR_NULL,
    "/properties/0/customFields": ("object", "null"),
    "/properties/0/addresses": ("array",),
    "/properties/0/documents": ("array",),
    "/properties/0/addresses/0": ("object",),
    "/properties/0/addresses/0/street": TEXT,
    "/properties/0/addresses/0/units": ("array",),
    UNIT: ("object",),
    f"{UNIT}/id": TEXT,
    f"{UNIT}/usage": TEXT_OR_NULL,
    f"{UNIT}/customFields/x": ("string", "number", "boolean", "null"),
    f"{UNIT}/contracts": ("array",),
    CONTRACT: ("object",),
    f"{CONTRACT}/contactId": TEXT,
    f"{CONTRACT}/contractNumber": TEXT_OR_NULL,
    f"{UNIT}/documents/0": ("object",),
    f"{UNIT}/documents/0/content": TEXT,
    "/properties/0/documents/0/contactId": TEXT_OR_NULL,
    "/properties/0/documents/0/title": TEXT_OR_NULL,
    "/responsibilities/0": ("object",),
    "/responsibilities/0/propertyId": TEXT,
    "/responsibilities/0/contactId": TEXT,
    "/responsibilities/0/roleName": TEXT,
}


def json_kind(value: Any) -> str:
    kinds = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "null")


def placed(pointer: str, value: Any) -> Any:
    """A sound body, but for one value."""
    body = copy.deepcopy(WHOLE)
    if not pointer:
        return value
    parent, _, name = pointer.rpartition("/")
    holder = resolve_pointer(body, parent)
    holder[int(name) if isinstance(holder, list) else name] = value
    return body


WRONG_TYPES = [
    pytest.param(pointer, value, " or ".join(kinds), got, id=f"{pointer or 'body'} {json.dumps(value)}")
    for pointer, kinds in FIELDS.items()
    for value, got in TYPES
    if json_kind(value) not in kinds
]

DATE = "date (YYYY-MM-DD) or a date-time (RFC 3339)"
LEVELS = "a text that matches ^[^/]+(/[^/]+){0,4}$"

WRONG_VALUES = [
    ("/contacts/0/id", "", "a text of at least 1 character", 'string ""'),
    ("/contacts/0/preferredWayOfContact", "letter", 'one of "LETTER", "ONLINE", null', 'string "letter"'),
    ("/contacts/0/customFields/Email2", {}, "string or number or boolean or null", "object"),
    ("/contacts/0/customFields/a~1b", [1], "string or number or boolean or null", "array"),
    ("/properties/0/id", "", "a text of at least 1 character", 'string ""'),
    (f"{UNIT}/id", "", "a text of at least 1 character", 'string ""'),
    (f"{CONTRACT}/id", "", "a text of at least 1 character", 'string ""'),
    (f"{CONTRACT}/contactId", "", "a text of at least 1 character", 'string ""'),
    (f"{CONTRACT}/type", "TENANT", 'one of "OWNER", "RENTER", null', 'string "TENANT"'),
    ("/responsibilities/0/roleType", "Internal", 'one of "internal", "external"', 'string "Internal"'),
    ("/responsibilities/0/contactId", "", "a text of at least 1 character", 'string ""'),
    ("/properties/0/documents/0/contactId", "", "a text of at least 1 character", 'string ""'),
    ("/properties/0/documents/0/type", "", LEVELS, 'string ""'),
    ("/properties/0/documents/0/type", "/a", LEVELS, 'string "/a"'),
    ("/properties/0/documents/0/type", "a//b", LEVELS, 'string "a//b"'),
    ("/properties/0/documents/0/type", "a/b/c/d/e/f", LEVELS, 'string "a/b/c/d/e/f"'),
    ("/contacts/0/lastName", 10**18, "string or null", f"number {10**18}"),
    ("/contacts/0/lastName", 1e300, "string or null", "number 1e+300"),
    *(
        (f"{CONTRACT}/{end}", value, None, f'string "{value}"')
        for end in ("startDate", "endDate")
        for value in (
            *("", "2024-02-30", "2023-02-29", "1900-02-29", "2024-13-01", "2024-00-10", "2024-01-00", "2024-1-1"),
            *("20240101", "2024-W01-1", "01.01.2024", "2024-01-01 ", "2024-01-01T", "2024-01-01T25:00:00Z"),
            *(
                "2024-01-01T00:00:00",
                "２０２４-01-01",
                "today",
                "2024/01/01",
                "-2024-01-01",
                "2024-01-01T00:00:00+25:00",
            ),
        )
    ),
    *(
        ("/properties/0/postalCode", value, None, got)
        for value, got in (
            (1.5, "number 1.5"),
            (-1, "number -1"),
            (10**10, f"number {10**10}"),
            (True, "boolean true"),
            ([], "array"),
            ({}, "object"),
        )
    ),
]

REQUIRED = [
    ("/contacts/0", "id"),
    ("/properties/0", "id"),
    ("/properties/0/addresses/0", "street"),
    (UNIT, "id"),
    (CONTRACT, "contactId"),
    (f"{UNIT}/documents/0", "id"),
    *(("/responsibilities/0", name) for name in ("propertyId", "contactId", "roleName", "roleType")),
]


async def refusal(client: Client, body: Any, path: str = "/import") -> dict[str, Any]:
    """Sends a bad body, and returns the error body; nothing may have changed by it."""
    token = client.token or await client.log_in()
    before = client.held()
    response = await client.post(path, body, token=token)
    assert response.status_code == 400, response.text
    assert client.held() == before
    problem: dict[str, Any] = response.json()
    assert problem["rule"] == "schema-violation"
    assert problem["errors"][0]["message"] in problem["detail"]
    return problem


async def test_the_whole_body_is_sound(client: Client) -> None:
    job = await client.imported(WHOLE)
    assert (job["status"], job["errors"], job["warnings"]) == ("completed", [], [])


@pytest.mark.parametrize(("pointer", "value", "expected", "got"), WRONG_TYPES)
async def test_wrong_type(client: Client, pointer: str, value: Any, expected: str, got: str) -> None:
    problem = await refusal(client, placed(pointer, value))
    errors = [(error["pointer"], error["expected"], error["got"]) for error in problem["errors"]]
    if pointer == "":  # that it has none of the three arrays is said as well, in whichever order
        assert (pointer, expected, got) in errors
    else:
        assert errors == [(pointer, expected, got)]


@pytest.mark.parametrize(("pointer", "value", "expected", "got"), WRONG_VALUES)
async def test_wrong_value(client: Client, pointer: str, value: Any, expected: str | None, got: str) -> None:
    name = pointer.rpartition("/")[2]
    body = placed(pointer.replace("~1", "\0"), value)
    if "~1" in pointer:
        fields = body["contacts"][0]["customFields"]
        fields["a/b"] = fields.pop(name.replace("~1", "\0"))
    problem = await refusal(client, body)
    (error,) = problem["errors"]
    assert (error["pointer"], error["got"]) == (pointer, got)
    assert expected is None or error["expected"] == expected


@pytest.mark.parametrize(("pointer", "name"), REQUIRED)
async def test_missing_field(client: Client, pointer: str, name: str) -> None:
    body = copy.deepcopy(WHOLE)
    del resolve_pointer(body, pointer)[name]
    (error,) = (await refusal(client, body))["errors"]
    assert (error["pointer"], error["expected"]) == (pointer, f"the field '{name}'")
    assert error["got"].startswith(("object with the fields ", "an empty object"))


@pytest.mark.parametrize("value", [7, True, [], {}, "letter"])
async def test_several_objections_to_one_value_name_the_same_place(client: Client, value: Any) -> None:
    problem = await refusal(client, placed("/contacts/0/preferredWayOfContact", value))
    assert {error["pointer"] for error in problem["errors"]} == {"/contacts/0/preferredWayOfContact"}


@pytest.mark.parametrize("body", [{}, {"contact": []}, {"Contacts": []}, {"contacts ": []}])
async def test_none_of_the_three_arrays(client: Client, body: dict[str, Any]) -> None:
    (error,) = (await refusal(client, body))["errors"]
    assert error["pointer"] == ""
    assert error["expected"] == "one of the fields 'contacts' or 'properties' or 'responsibilities'"
    assert error["got"] == ("object with the fields " + next(iter(body)) if body else "an empty object")


CREDENTIALS = [
    ({}, {""}),
    ({"key": "k"}, {""}),
    ({"secret": "s"}, {""}),
    ({"apiKey": "k"}, {""}),
    ({"key": "k", "password": "s"}, {""}),
    ({"apiKey": "k", "secret": "s"}, {""}),
    ({"KEY": "k", "SECRET": "s"}, {""}),
    ({"key": 5, "secret": "s"}, {"/key"}),
    ({"key": "k", "secret": None}, {"/secret"}),
    ({"key": None, "secret": None}, {"/key", "/secret"}),
    ({"key": "", "secret": ""}, {"/key"}),
    ({"apiKey": [], "password": {}}, {"/apiKey", "/password"}),
    ({"apiKey": "k", "password": "s", "email": 1}, {"/email"}),
    ([], {""}),
    ("key", {""}),
    (None, {""}),
    (5, {""}),
]


@pytest.mark.parametrize(("body", "pointers"), CREDENTIALS)
async def test_bad_credentials_objects(client: Client, body: Any, pointers: set[str]) -> None:
    problem = await refusal(client, body, "/authenticate")
    assert {error["pointer"] for error in problem["errors"]} == pointers
    assert '"k"' not in json.dumps(problem).replace("'", '"')


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, {""}),
        ({"apiKey": "k"}, {""}),
        ({"token": "t"}, {""}),
        ({"key": "k", "token": "t"}, {""}),
        ({"apiKey": 1, "token": []}, {"/apiKey", "/token"}),
        ({"apiKey": "", "token": ""}, {"/apiKey"}),
        ([{"apiKey": "k", "token": "t"}], {""}),
    ],
)
async def test_bad_refresh_objects(client: Client, body: Any, pointers: set[str]) -> None:
    problem = await refusal(client, body, "/refresh")
    assert {error["pointer"] for error in problem["errors"]} == pointers


async def test_long_values_are_cut(client: Client) -> None:
    problem = await refusal(client, placed("/contacts/0/preferredWayOfContact", "x" * 100_000))
    assert len(json.dumps(problem)) < 2_000


async def test_long_names_are_cut_in_the_sentence(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    name = "x" * 100_000
    problem = await refusal(client, {"contacts": [{"id": "C-1", "customFields": {name: []}}]})
    assert problem["errors"][0]["pointer"] == f"/contacts/0/customFields/{name}"
    assert len(problem["detail"]) < 1_000
    assert all(len(record.getMessage()) < 2_000 for record in caplog.records)


async def test_no_more_than_twenty_places_are_named(client: Client) -> None:
    problem = await refusal(client, {"contacts": [{}] * 1_000})
    assert len(problem["errors"]) == 20
    assert problem["errorCount"] == 1_000
    assert [error["pointer"] for error in problem["errors"]] == [f"/contacts/{index}" for index in range(20)]
