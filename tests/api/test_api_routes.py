"""What a request means by its method and path: connexion decides it by the contract documents."""

import dataclasses
import subprocess
import sys
import warnings
from typing import Any

import pytest

from casavi_mock.accounts import Settings
from casavi_mock.errors import ConfigurationError
from casavi_mock.server.app import MockApp, new_registry
from tests.support.client import Client
from tests.support.server import Mock

NOWHERE = (404, None, None)
READ = (200, "getContacts", None)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/contacts", READ),
        ("HEAD", "/contacts", READ),
        ("GET", "/contacts?page=0", READ),
        ("GET", "/contacts/", NOWHERE),
        ("GET", "http://mock//contacts", NOWHERE),
        ("GET", "/Contacts", NOWHERE),
        ("GET", "/contact%73", NOWHERE),
        ("GET", "/contacts%2F", NOWHERE),
        ("GET", "/v2/contacts", (200, "listContacts", None)),
        ("GET", "/v2", NOWHERE),
        ("GET", "/v2/", NOWHERE),
        ("GET", "/v2//contacts", NOWHERE),
        ("GET", "/v3/contacts", NOWHERE),
        ("GET", "/jobs", NOWHERE),
        ("GET", "/jobs/", NOWHERE),
        ("GET", "/jobs/x/", NOWHERE),
        ("GET", "/jobs/x/y", NOWHERE),
        ("GET", "/jobs//x", NOWHERE),
        ("GET", "/jobs/x", (404, "getJob", "x")),
        ("HEAD", "/jobs/x", (404, "getJob", "x")),
        ("GET", "/jobs/x%2Fy", (404, "getJob", "x/y")),
        ("GET", "/jobs/%2F", (404, "getJob", "/")),
        ("GET", "/jobs/%0A", (404, "getJob", "\n")),
        ("GET", "/jobs/{jobId}", (404, "getJob", "{jobId}")),
        ("GET", "/v2/jobs/x", (404, "getJob", "x")),
        ("GET", "/v2/properties/x%2Fy", (404, "getPropertyById", None)),
        ("GET", "/v2/properties/x/units", NOWHERE),
        ("POST", "/", NOWHERE),
        ("POST", "/docs/", NOWHERE),
        ("OPTIONS", "*", NOWHERE),
    ],
)
async def test_what_a_path_means(
    client: Client, method: str, path: str, expected: tuple[int, str | None, str | None]
) -> None:
    await client.log_in()
    answer = await client.connection.request(method, path, headers={"token": client.token})
    last = max(
        (each for journal in (client.account.journal, client.mock.registry.strangers) if (each := journal.last)),
        key=lambda each: each.request_id,
    )
    assert last.request_id == answer.headers["x-request-id"]
    assert (answer.status_code, last.operation, last.job_id) == expected


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/authenticate", "POST"),
        ("/v2/import", "POST"),
        ("/contacts", "GET, HEAD"),
        ("/jobs/x%2Fy", "GET, HEAD"),
        ("/v2/properties/x", "GET, HEAD"),
    ],
)
@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "QUERY"])
async def test_other_methods_are_told_what_is_allowed(client: Client, method: str, path: str, allowed: str) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.json()["rule"] == "method-not-allowed"
    assert answer.json()["detail"] == f"{method} is not possible here; allowed: {allowed}."


async def test_a_path_that_there_is_not_is_told(client: Client) -> None:
    answer = await client.request("GET", "/some%20where")
    assert answer.json()["rule"] == "operation-unknown"
    assert "/some%20where" in answer.json()["detail"]


FIRST = """
import asyncio, sys
from tests.support.server import Mock

async def use():
    mock = Mock()
    async with mock.client() as client:
        before = set(sys.modules)
        for method, path in (("HEAD", "/contacts"), ("OPTIONS", "/jobs/x"), ("GET", "/unknown")):
            print((await client.request(method, path)).status_code)
        print([name for name in set(sys.modules) - before if name.partition(".")[0] not in sys.stdlib_module_names])

asyncio.run(use())
"""


def test_nothing_is_loaded_for_the_first_request_of_any_kind() -> None:
    """And users who turn warnings into errors do not meet those of connexion."""
    used = subprocess.run([sys.executable, "-W", "error", "-c", FIRST], capture_output=True, text=True, check=True)
    assert used.stdout.splitlines() == ["401", "405", "404", "[]"]


def test_filters_of_warnings_stay_as_they_are() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        filters = list(warnings.filters)
        Mock()
        assert warnings.filters == filters


def test_an_operation_that_nobody_answers_is_told_by_name_and_place() -> None:
    operation = {"operationId": "getUnitById", "responses": {"200": {"description": "x"}}}
    with pytest.raises(ConfigurationError) as told:
        start({"/units/{unitId}": {"get": operation}})
    for named in ("'getUnitById'", "GET /v2/units/{unitId}", "vendor/reading.py", "vendor/operations.py"):
        assert named in str(told.value)


def test_a_document_that_is_none_is_told() -> None:
    told = r'/v2/openapi.json is no OpenAPI 3.0 document: /paths/~1units/get: "responses"'
    with pytest.raises(ConfigurationError, match=told):
        start({"/units": {"get": {"operationId": "getContacts"}}})


def test_bodies_are_checked_as_well() -> None:
    """connexion does not get them, as it does not route by them."""
    responses = {"200": {"description": "x", "content": {"application/json": {"schema": {"type": "text"}}}}}
    with pytest.raises(ConfigurationError, match=r"no OpenAPI 3\.0 document: /paths/~1units/get/responses/200"):
        start({"/units": {"get": {"operationId": "getContacts", "responses": responses}}})


def test_a_default_that_breaks_its_schema_is_told() -> None:
    parameter = {"name": "page", "in": "query", "schema": {"type": "integer", "default": "first"}}
    operation = {"operationId": "getContacts", "responses": {"200": {"description": "x"}}, "parameters": [parameter]}
    with pytest.raises(ConfigurationError, match=r"/v2/openapi\.json is no OpenAPI 3\.0 document: .*'first'"):
        start({"/units": {"get": operation}})


def start(paths: dict[str, Any]) -> None:
    """Starts a server whose document of version 2 has further paths."""
    settings = Settings.from_profile()
    second = settings.documents["/v2"]
    documents = {**settings.documents, "/v2": {**second, "paths": {**second["paths"], **paths}}}
    MockApp(new_registry(dataclasses.replace(settings, documents=documents)))


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("//import", "/import"),
        ("/import/", "/import"),
        ("/import//", "/import"),
        ("/IMPORT", "/import"),
        ("/Import", "/import"),
        ("/%69mport", "/import"),
        ("/import%20", "/import"),
        ("/import;v=1", "/import"),
        ("/imports", "/import"),
        ("/v1/contacts", "/contacts"),
        ("/api/v1/contacts/", "/contacts"),
        ("/manager/contacts/C-1", "/contacts/{id}"),
        ("/contact/C-1", "/contacts/{id}"),
        ("/V2/Units", "/v2/units"),
        ("/v1/v2/units", "/v2/units"),
        ("/job/7", "/jobs/{jobId}"),
        ("/jobs/7/", "/jobs/{jobId}"),
        ("/authentication", "/authenticate"),
        ("/autenticate", "/authenticate"),
        ("/v2/property/P-1", "/v2/properties/{propertyId}"),
        ("/nowhere", None),
        ("//", None),
        ("/" + "x/" * 90, None),
    ],
)
async def test_a_path_that_is_nearly_one_is_told_which(client: Client, path: str, meant: str | None) -> None:
    answer = await client.connection.post(f"http://mock{path}")
    assert (answer.status_code, answer.json()["rule"]) == (404, "operation-unknown")
    told = answer.json()["detail"].partition("Did you mean ")[2].partition("?")[0]
    assert told == (meant or "")


@pytest.mark.parametrize(
    ("path", "meant"),
    [("/resets", "/_mock/reset"), ("/Clock/Freeze", "/_mock/clock/freeze"), ("/reset/", "/_mock/reset"), ("/x", "")],
)
async def test_the_control_plane_tells_too(client: Client, path: str, meant: str) -> None:
    answer = await client.connection.post(f"http://mock/_mock{path}")
    assert answer.status_code == 404
    assert answer.json()["detail"].partition("Did you mean ")[2].partition("?")[0] == meant
