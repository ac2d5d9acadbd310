"""Assumptions that a profile overrides: the server behaves so, and the served document says so."""

import json
import re
from typing import Any

import pytest

from casavi_contracts.spec import ProfileError, apply_profile, load_document, operations
from casavi_fixtures import contact, contract, document, property_, unit
from tests.support.client import Client
from tests.support.contract import Contract
from tests.support.server import Mock, shared_mock

PROFILES: list[dict[str, Any]] = [
    {"refresh_path": "/v1/token/refresh"},
    {"import_path": "/import/master-data"},
    {"import_status": 200},
    {"import_status": 201},
    {"job_id_field": "id"},
    {"job_status_names": ("queued", "running", "done", "broken")},
    {"unauthorized_status": 403},
    {"error_media_type": "application/json"},
    {"authenticate_status": 201},
    {"unknown_fields": "refuse"},
    {"unknown_fields": "ignore"},
    {"property_postal_code": "string"},
    {"property_postal_code": "number"},
    {"contract_dates": "date"},
    {"contact_name_required": True},
    {"document_type_levels": 1},
    {"document_type_levels": 20},
    {"refresh_needs_token_header": True},
    {"deprecation_header": False},
    {"expires_at_format": "seconds"},
    {"v1_page_size": 1},
    {"v2_page_size": 1000},
    {"v2_absent_values": "omitted"},
    {"modified_after": "at-or-after"},
    {"inactive_contracts": "ended"},
]


def name_of(profile: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in profile.items())


async def served(client: Client, version: str = "") -> dict[str, Any]:
    document_: dict[str, Any] = (await client.request("GET", f"{version}/openapi.json")).json()
    return document_


@pytest.mark.parametrize("profile", PROFILES, ids=name_of)
async def test_every_profile_makes_a_whole_server(profile: dict[str, Any]) -> None:
    """Log-in, refresh, import, job and refusals; each answer is held against the document of the profile."""
    async with mock_of(profile).client() as client:
        values = client.mock.values
        for version in ("", "/v2"):
            client.token = (await client.post(f"{version}/authenticate", client.credentials)).json()["token"]
            headers = {"token": client.token} if values["refresh-needs-token-header"] else {}
            body = {"apiKey": client.account.key, "token": client.token}
            refreshed = await client.post(version + values["refresh-path"], body, headers=headers)
            assert refreshed.status_code == values["authenticate-status"]
            client.token = refreshed.json()["token"]
            imported = await client.post(version + values["import-path"], {"contacts": [contact()]}, token=client.token)
            assert imported.status_code == values["import-status"]
            await client.finished(imported.json()[values["job-id-field"]])
            job = await client.read(f"{version}/jobs/{imported.json()[values['job-id-field']]}")
            assert job["status"] == values["job-status-names"][2]
            for path, token in ((values["import-path"], client.token), ("/authenticate", None)):
                for headers_, status in (({}, 400), ({"content-type": "x/y"}, 415)):
                    assert (
                        await client.post(version + path, b"{", token=token, headers=headers_)
                    ).status_code == status
            refused = await client.request("GET", f"{version}/jobs/x", headers={"token": "made-up"})
            assert refused.status_code == values["unauthorized-status"]
            assert (await client.get(f"{version}/jobs/x")).status_code == 404
            # what connexion decides: it has checked the document by then
            refused = await client.request("GET", version + values["import-path"])
            assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
        assert (await client.read("/contacts"))["count"] == len((await client.read("/v2/contacts"))["list"]) == 1


def mock_of(profile: dict[str, Any]) -> Mock:
    return shared_mock(**profile)


@pytest.mark.parametrize("profile", PROFILES, ids=name_of)
async def test_every_served_document_is_the_applied_one_and_shows_the_values(profile: dict[str, Any]) -> None:
    """That it is valid is told without a server; servers share it, and none of them may change it."""
    async with mock_of(profile).client() as client:
        for version, path in (("v1", ""), ("v2", "/v2")):
            document_ = await served(client, path)
            assert document_ == apply_profile(load_document(version), client.mock.values)
            for name, value in profile.items():
                shown = document_["x-assumptions"][name.replace("_", "-")]["value"]
                assert shown == (list(value) if isinstance(value, tuple) else value)


def examples(document_: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Every example of a request or an answer, with its place and its schema."""
    found = []
    judge = Contract(document_)
    for path, method, operation in operations(document_):
        bodies = [(f"{method} {path} body", operation.get("requestBody", {}))]
        bodies += [
            (f"{method} {path} {status}", judge.resolved(response))
            for status, response in operation["responses"].items()
        ]
        for place, holder in bodies:
            for media in holder.get("content", {}).values():
                shown = [entry["value"] for entry in media.get("examples", {}).values()]
                shown += [media["example"]] if "example" in media else []
                found += [(place, media["schema"], example) for example in shown]
    found += [
        (name, {"$ref": f"#/components/schemas/{name}"}, schema["example"])
        for name, schema in document_["components"]["schemas"].items()
        if "example" in schema
    ]
    return found


@pytest.mark.parametrize("version", ["", "/v2"])
@pytest.mark.parametrize("profile", [{}, *PROFILES], ids=name_of)
async def test_every_example_satisfies_its_schema(profile: dict[str, Any], version: str) -> None:
    async with mock_of(profile).client() as client:
        document_ = await served(client, version)
    judge = Contract(document_)
    found = examples(document_)
    assert len(found) > 15
    assert [place for place, schema, example in found if not judge.satisfied(example, schema)] == []


@pytest.mark.parametrize("version", ["", "/v2"])
@pytest.mark.parametrize("profile", [{}, *PROFILES], ids=name_of)
async def test_every_example_of_a_refusal_has_the_status_under_which_it_stands(
    profile: dict[str, Any], version: str
) -> None:
    async with mock_of(profile).client() as client:
        document_ = await served(client, version)
    judge = Contract(document_)
    for path, method, operation in operations(document_):
        for status, response in operation["responses"].items():
            for media in judge.resolved(response)["content"].values():
                if int(status) >= 400 and "example" in media:
                    assert str(media["example"]["status"]) == status, f"{method} {path}"


@pytest.mark.parametrize(
    ("profile", "old", "new"),
    [
        ({"refresh_path": "/v1/token/refresh"}, "/refresh", "/v1/token/refresh"),
        ({"import_path": "/import/master-data"}, "/import", "/import/master-data"),
    ],
)
async def test_renamed_paths(profile: dict[str, Any], old: str, new: str) -> None:
    async with shared_mock(**profile).client() as client:
        token = await client.log_in()
        assert (await client.post(old, {}, token=token)).status_code == 404
        assert (await client.post(new, {}, token=token)).status_code == 400
        paths = (await served(client))["paths"]
        assert new in paths
        assert old not in paths


@pytest.mark.parametrize("status", [200, 201])
async def test_import_status(status: int) -> None:
    async with shared_mock(import_status=status).client() as client:
        assert (await client.send({"contacts": []})).status_code == status
        answers = (await served(client))["paths"]["/import"]["post"]["responses"]
        assert [code for code in answers if code < "300"] == [str(status)]
        assert answers[str(status)]["links"]


async def test_job_id_field() -> None:
    async with shared_mock(job_id_field="id").client() as client:
        body = (await client.send({"contacts": []})).json()
        assert set(body) == {"id"}
        assert (await client.job(body["id"]))["status"] == "completed"
        document_ = await served(client)
        accepted = document_["components"]["schemas"]["ImportAccepted"]
        assert (set(accepted["properties"]), accepted["required"]) == ({"id"}, ["id"])
        (link,) = document_["paths"]["/import"]["post"]["responses"]["202"]["links"].values()
        assert link["parameters"] == {"jobId": "$response.body#/id"}


async def test_job_status_names() -> None:
    names = ("queued", "running", "done", "broken")
    async with shared_mock(job_status_names=names).client() as client:
        assert (await client.imported({"contacts": [contact()]}))["status"] == "done"
        dangling = {
            "responsibilities": [{"propertyId": "P", "contactId": "C", "roleName": "r", "roleType": "internal"}]
        }
        assert (await client.imported(dangling))["status"] == "broken"
        assert (await served(client))["components"]["schemas"]["Job"]["properties"]["status"]["enum"] == list(names)


async def test_unauthorized_status() -> None:
    async with shared_mock(unauthorized_status=403).client() as client:
        wrong = {**client.credentials, "secret": "wrong"}
        for response in (
            await client.post("/authenticate", wrong),
            await client.post("/refresh", {"apiKey": "x", "token": "y"}),
            await client.request("GET", "/jobs/x"),
            await client.post("/import", {}, token="made-up"),
        ):
            assert (response.status_code, response.json()["status"]) == (403, 403)
        document_ = await served(client)
        for _, _, operation in operations(document_):
            assert "403" in operation["responses"]
            assert "401" not in operation["responses"]
        assert not [name for name, rule in document_["x-rules"].items() if rule.get("status") == 401]


async def test_error_media_type() -> None:
    async with shared_mock(error_media_type="application/json").client() as client:
        for response in (await client.request("GET", "/jobs/x"), await client.request("GET", "/nowhere")):
            assert response.headers["content-type"] == "application/json"
        document_ = await served(client)
        for response_ in document_["components"]["responses"].values():
            assert set(response_["content"]) == {"application/json"}


async def test_authenticate_status() -> None:
    async with shared_mock(authenticate_status=201).client() as client:
        assert (await client.post("/authenticate", client.credentials)).status_code == 201
        paths = (await served(client))["paths"]
        for path in ("/authenticate", "/refresh"):
            assert [code for code in paths[path]["post"]["responses"] if code < "300"] == ["201"]
        assert [code for code in paths["/jobs/{jobId}"]["get"]["responses"] if code < "300"] == ["200"]


ODD_FIELDS = [
    ("", {"contacts": [], "odd": 1}),
    ("/contacts/0", {"contacts": [contact() | {"odd": 1}]}),
    ("/properties/0", {"properties": [property_() | {"odd": 1}]}),
    ("/properties/0/addresses/0", {"properties": [property_(addresses=[{"street": "S", "odd": 1}])]}),
    (
        "/properties/0/addresses/0/units/0",
        {"properties": [property_(addresses=[{"street": "S", "units": [unit() | {"odd": 1}]}])]},
    ),
    (
        "/properties/0/addresses/0/units/0/contracts/0",
        {
            "contacts": [contact()],
            "properties": [
                property_(addresses=[{"street": "S", "units": [unit(contracts=[contract() | {"odd": 1}])]}])
            ],
        },
    ),
    ("/properties/0/documents/0", {"properties": [property_(documents=[document() | {"odd": 1}])]}),
    (
        "/responsibilities/0",
        {
            "contacts": [contact()],
            "properties": [property_()],
            "responsibilities": [
                {"propertyId": "P-1", "contactId": "C-1", "roleName": "r", "roleType": "internal", "odd": 1}
            ],
        },
    ),
]


@pytest.mark.parametrize(("pointer", "body"), ODD_FIELDS)
@pytest.mark.parametrize("choice", ["report", "ignore", "refuse"])
async def test_unknown_fields(choice: str, pointer: str, body: dict[str, Any]) -> None:
    async with shared_mock(unknown_fields=choice).client() as client:
        if choice == "refuse":
            response = await client.send(body)
            assert (response.status_code, response.json()["rule"]) == (400, "schema-violation")
            assert [error["pointer"] for error in response.json()["errors"]] == [f"{pointer}/odd"]
            return
        job = await client.imported(body)
        assert (job["status"], job["errors"]) == ("completed", [])
        assert [warning["pointer"] for warning in job["warnings"]] == ([f"{pointer}/odd"] if choice == "report" else [])
        assert not any("odd" in json.dumps(dict(record.fields)) for record in client.account.store.records("contacts"))


@pytest.mark.parametrize(
    ("choice", "value", "good"),
    [
        *(("string", value, good) for value, good in (("01067", True), (80331, False), (None, True))),
        *(("number", value, good) for value, good in (("01067", False), (80331, True))),
        *(("string-or-number", value, True) for value in ("01067", 80331, None)),
    ],
)
async def test_property_postal_code(choice: str, value: Any, good: bool) -> None:
    async with shared_mock(property_postal_code=choice).client() as client:
        response = await client.send({"properties": [property_(postalCode=value)]})
        assert response.status_code == (202 if good else 400)
        schemas = (await served(client))["components"]["schemas"]
        assert len(schemas["PropertyImport"]["properties"]["postalCode"]["anyOf"]) == (
            1 if choice in ("string", "number") else 2
        )


@pytest.mark.parametrize(
    ("choice", "value", "good"),
    [
        ("date", "2024-01-31", True),
        ("date", "2024-01-31T00:00:00Z", False),
        ("date", None, True),
        ("date-or-date-time", "2024-01-31T00:00:00Z", True),
        ("date-or-date-time", "2024-01-31T00:00:00.123+02:00", True),
    ],
)
async def test_contract_dates(choice: str, value: Any, good: bool) -> None:
    async with shared_mock(contract_dates=choice).client() as client:
        units = [unit(contracts=[contract(startDate=value)])]
        body = {"contacts": [contact()], "properties": [property_(addresses=[{"street": "S", "units": units}])]}
        response = await client.send(body)
        assert response.status_code == (202 if good else 400)


async def test_contact_name_required() -> None:
    async with shared_mock(contact_name_required=True).client() as client:
        for good in ({"lastName": "Muster"}, {"companyName": "Muster GmbH"}):
            assert (await client.send({"contacts": [{"id": "C-1", **good}]})).status_code == 202
        response = await client.send({"contacts": [{"id": "C-1", "firstName": "Max"}]})
        (error,) = response.json()["errors"]
        assert error["pointer"] == "/contacts/0"
        assert error["expected"] == "one of the fields 'lastName' or 'companyName'"
        assert "anyOf" in (await served(client))["components"]["schemas"]["Contact"]


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        ({"lastName": 7}, ["/contacts/0/lastName"]),
        ({"lastName": 7, "city": 7}, ["/contacts/0/city", "/contacts/0/lastName"]),
        ({"lastName": None}, ["/contacts/0/lastName"]),
        ({"companyName": ""}, ["/contacts/0/companyName"]),
        ({"lastName": 7, "companyName": 7}, ["/contacts/0/companyName", "/contacts/0/lastName"]),
        ({}, ["/contacts/0"]),
    ],
)
async def test_a_wrong_name_is_one_wrong_place(fields: dict[str, Any], pointers: list[str]) -> None:
    async with shared_mock(contact_name_required=True).client() as client:
        refusal = (await client.send({"contacts": [{"id": "C-1", **fields}]})).json()
    assert sorted(error["pointer"] for error in refusal["errors"]) == pointers
    assert refusal["errorCount"] == len(pointers)


@pytest.mark.parametrize("levels", [1, 2, 5, 20])
async def test_document_type_levels(levels: int) -> None:
    async with shared_mock(document_type_levels=levels).client() as client:
        for count, status in ((1, 202), (levels, 202), (levels + 1, 400)):
            body = {"properties": [property_(documents=[document(type="/".join("x" * count))])]}
            assert (await client.send(body)).status_code == status
        place = (await served(client))["components"]["schemas"]["Document"]["properties"]["type"]
        assert f"{{0,{levels - 1}}}" in place["pattern"]
        assert not re.search(r"\d", place["description"].replace(str(levels), "")), "another number than the profile's"


async def test_refresh_needs_token_header() -> None:
    async with shared_mock(refresh_needs_token_header=True).client() as client:
        token = await client.log_in()
        body = {"apiKey": client.account.key, "token": token}
        missing = await client.post("/refresh", body)
        assert (missing.status_code, missing.json()["rule"]) == (401, "token-missing")
        assert (await client.post("/refresh", body, token="made-up")).json()["rule"] == "token-unknown"
        assert (await client.post("/refresh", body, token=token)).status_code == 200
        document_ = await served(client)
        assert document_["paths"]["/refresh"]["post"].get("security", document_["security"]) == [{"tokenAuth": []}]


async def test_no_deprecation_header() -> None:
    async with shared_mock(deprecation_header=False).client() as client:
        old = {"apiKey": client.account.key, "password": client.account.secret.reveal()}
        response = await client.post("/authenticate", old)
        assert response.status_code == 200
        assert "deprecation" not in response.headers
        last = client.account.journal.last
        assert last is not None
        assert "deprecated parameters" in last.notes[0]
        assert "Deprecation" not in (await served(client))["paths"]["/authenticate"]["post"]["responses"]["200"].get(
            "headers", {}
        )


async def test_app_link() -> None:
    async with shared_mock(app_link="acme.vendor.example").client() as client:
        await client.imported({"contacts": [contact()]})
        (seen,) = (await client.read("/v2/contacts"))["list"]
        assert seen["appLink"].startswith("https://acme.vendor.example/tenants/1/manage/contacts/")


async def test_contact_path() -> None:
    async with shared_mock(contact_path="/people/{id}").client() as client:
        sent = contact()
        await client.imported({"contacts": [sent]})
        assert (await client.read(f"/people/{sent['id']}"))["id"] == sent["id"]
        assert (await client.get(f"/contacts/{sent['id']}")).status_code == 404


@pytest.mark.parametrize("path", ["/jobs/{id}", "/import/{id}", "/v2/x/{id}", "/docs/{id}", "/people"])
def test_a_contact_path_that_cannot_be_is_refused(path: str) -> None:
    with pytest.raises(ProfileError):
        Mock({"contact-path": path})


async def test_deprecated_parameters_in_v2() -> None:
    async with shared_mock(deprecated_parameters_in_v2=False).client() as client:
        old = {"apiKey": client.credentials["key"], "password": client.credentials["secret"]}
        assert (await client.post("/authenticate", old)).status_code == 200
        assert (await client.post("/v2/authenticate", old)).json()["rule"] == "schema-violation"
        assert (await client.post("/v2/authenticate", client.credentials)).status_code == 200


@pytest.mark.parametrize(("value", "status"), [("unprocessable-content", [422, 415]), ("bad-request", [400, 400])])
async def test_error_statuses(value: str, status: list[int]) -> None:
    async with shared_mock(error_statuses=value).client() as client:
        wrong = await client.send({"contacts": [{"id": 7}]})
        other = await client.post("/import", b"x", token=client.token, headers={"content-type": "text/plain"})
        assert [wrong.status_code, other.status_code] == status
        named = (await served(client))["paths"]["/import"]["post"]["responses"]
        assert {str(one) for one in status} <= named.keys()


async def test_next_link_parameters() -> None:
    async with shared_mock(next_link_parameters="page", v2_page_size=1).client() as client:
        await client.imported({"contacts": [{"id": "C-1"}, {"id": "C-2"}]})
        link = (await client.read("/v2/contacts"))["_links"]["next"]
        assert link.endswith("/v2/contacts?page=2")
        assert len((await client.get(link)).json()["list"]) == 1


async def test_out_of_range_page() -> None:
    async with shared_mock(out_of_range_page="not-found").client() as client:
        await client.imported({"contacts": [contact()]})
        assert len((await client.read("/contacts", page=0))["content"]) == 1
        assert len((await client.read("/v2/contacts", page=1))["list"]) == 1
        for path, page in (
            ("/contacts", 1),
            ("/v2/contacts", 2),
            ("/v2/contacts?isInvited=false", 9),
            ("/v2/units", 2),
        ):
            answer = await client.get(f"{path}{'&' if '?' in path else '?'}page={page}")
            assert (answer.status_code, answer.json()["rule"]) == (404, "page-unknown")
        assert (await client.read("/v2/units"))["list"] == []


async def test_page_parameter() -> None:
    async with shared_mock(page_parameter="seite", v1_page_size=1).client() as client:
        await client.imported({"contacts": [{"id": "C-1"}, {"id": "C-2"}]})
        assert (await client.read("/contacts", seite=1))["page"] == 1
        assert (await client.read("/contacts", page=1))["page"] == 0
        assert (await client.read("/v2/contacts", page=2))["list"] == []


async def test_request_id() -> None:
    async with shared_mock(request_id=False).client() as client:
        answer = await client.get("/jobs/x")
        assert "x-request-id" not in answer.headers
        assert "requestId" not in answer.json()
        assert "requestId" not in (await served(client))["components"]["schemas"]["Problem"]["properties"]


async def test_v2_twins() -> None:
    async with shared_mock(v2_twins=False).client() as client:
        await client.log_in()
        for method, path in (("POST", "/v2/import"), ("POST", "/v2/refresh"), ("GET", "/v2/jobs/x")):
            answer = await client.request(method, path, headers={"token": client.token})
            assert answer.json()["rule"] == "operation-unknown"
        assert (await client.read("/v2/contacts"))["list"] == []
