"""The control plane over HTTP; every answer is held against its document."""

import functools
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from casavi_contracts import spec
from casavi_fixtures import load_portfolio
from casavi_mock.accounts import Limits, Settings
from casavi_mock.bodies.validation import BodySchema
from casavi_mock.control.app import control_app
from casavi_mock.control.document import load_document
from casavi_mock.control.verbs import MAX_BODY_BYTES
from casavi_mock.domain.jobs import Progress
from casavi_mock.domain.model import Secret
from tests.support.client import Client
from tests.support.server import SECRET, Mock

DOCUMENT = load_document(Settings.from_profile())
MEMBERS = {"type", "title", "status", "detail", "where", "expected", "got", "possible"}


def schema(status: int, path: str, method: str) -> BodySchema | None:
    """The schema of an answer, or None if it has no body."""
    for template, item in DOCUMENT["paths"].items():
        parts, found = template.split("/"), path.split("/")
        same = len(parts) == len(found) and all(p == f or p[:1] == "{" for p, f in zip(parts, found, strict=True))
        if same and method.lower() in item:
            responses = item[method.lower()]["responses"]
            response = responses.get(str(status), responses["default"])
            if "$ref" in response:
                response = DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]]
            if "content" not in response:
                return None
            return BodySchema(spec.json_schema(DOCUMENT, next(iter(response["content"].values()))["schema"]))
    return BodySchema(spec.json_schema(DOCUMENT, {"$ref": "#/components/schemas/Problem"}))


class Plane:
    """The control plane of one server, for the account of a client."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.key = {"X-Mock-Key": client.account.key}

    async def send(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        headers = {**self.key, **options.pop("headers", {})}
        if body is not None:
            options["json"] = body
        answer = await self.client.connection.request(method, f"/_mock{path}", headers=headers, **options)
        told = answer.headers.get("content-type", "")
        assert answer.status_code < 500 or path == "/ready", answer.text
        assert SECRET not in answer.text
        if told.startswith("application/xml"):
            return answer
        expected = schema(answer.status_code, path.partition("?")[0], method)
        if expected is None:
            assert answer.content == b""
        else:
            places = [(error.pointer, error.message) for error in expected.errors(answer.json())]
            assert places == [], (method, path, answer.text[:500])
        if answer.status_code >= 400:
            assert told == "application/problem+json"
            assert set(answer.json()) >= MEMBERS
        return answer

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        answer = await self.send(method, path, body, **options)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


@functools.cache
def shared() -> Mock:
    """A server that most tests share; each steers an account of its own."""
    return Mock(progress=Progress(progress="immediate"), limits=Limits(max_snapshots=2))


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with shared().client() as made:
        yield made


@pytest.fixture
def plane(client: Client) -> Plane:
    return Plane(client)


@pytest.fixture
async def alone() -> AsyncIterator[Plane]:
    """The control plane of a server that no other test uses; its account is the default one."""
    async with Mock(progress=Progress(progress="immediate"), limits=Limits(max_accounts=3)).client() as made:
        yield Plane(made)


async def test_version_and_document(plane: Plane) -> None:
    assert (await plane.ask("GET", "/version"))["contract"]
    assert await plane.ask("GET", "/openapi.json") == DOCUMENT


async def test_assumptions_tell_value_and_default() -> None:
    async with Mock({"token-lifetime-days": 1}).client() as client:
        rows = {row["name"]: row for row in (await Plane(client).ask("GET", "/assumptions"))["assumptions"]}
    assert (rows["token-lifetime-days"]["value"], rows["token-lifetime-days"]["default"]) == (1, 30)


async def test_an_account_is_opened_listed_and_closed(alone: Plane) -> None:
    made = await alone.send("POST", "/accounts", {"load": "small-house"})
    account = made.json()
    assert (made.status_code, account["default"], account["records"]["units"]) == (201, False, 6)
    assert min(len(account["key"]), len(account["secret"])) >= 32
    connection = alone.client.connection
    answer = await connection.post("/authenticate", json={"key": account["key"], "secret": account["secret"]})
    assert answer.is_success
    listed = await alone.send("GET", "/accounts")
    assert account["key"] not in listed.text
    assert alone.client.account.key not in listed.text
    assert [row["default"] for row in listed.json()["accounts"]] == [True, False]
    reset = await alone.ask("POST", "/reset", headers={"X-Mock-Key": account["key"]})
    assert reset["records"]["units"] == 6  # what it was opened with is its seed
    assert (await alone.send("DELETE", f"/accounts/{account['key']}")).status_code == 204
    assert (await alone.send("DELETE", f"/accounts/{account['key']}")).status_code == 404


async def test_what_stands_before_several_servers_gives_a_new_account_its_key(alone: Plane) -> None:
    headers = {"X-Mock-New-Key": "a-key-of-the-balancer", "X-Mock-Key": "of another account"}
    made = await alone.client.connection.post("/_mock/accounts", json={}, headers=headers)
    named = await alone.client.connection.post("/_mock/accounts", json={"key": "a-key-of-a-test"}, headers=headers)

    assert made.json()["key"] == "a-key-of-the-balancer"
    assert named.json()["key"] == "a-key-of-a-test"


async def test_an_account_with_given_credentials(alone: Plane) -> None:
    given = {"key": "a/b?c", "secret": "x"}
    made = await alone.ask("POST", "/accounts", given)
    assert {name: made[name] for name in given} == given
    again = await alone.send("POST", "/accounts", given)
    assert (again.status_code, again.json()["where"]) == (409, "/key")
    await alone.ask("POST", "/accounts")
    full = await alone.send("POST", "/accounts")
    assert full.status_code == 409
    assert "delete one" in full.json()["detail"]
    assert (await alone.send("DELETE", "/accounts/a%2Fb%3Fc")).status_code == 204


async def test_the_default_account_cannot_be_closed(alone: Plane) -> None:
    assert (await alone.send("DELETE", f"/accounts/{alone.client.account.key}")).status_code == 409


@pytest.mark.parametrize("load", ["nowhere", "../../etc/passwd", "."])
async def test_no_file_of_the_server_can_be_loaded(alone: Plane, load: str) -> None:
    answer = await alone.send("POST", "/accounts", {"load": load})
    assert answer.status_code == 400
    assert "small-house" in answer.json()["possible"]
    assert (await alone.ask("GET", "/accounts"))["count"] == 1


async def test_wrong_credentials_are_not_repeated(plane: Plane) -> None:
    answer = await plane.send("POST", "/accounts", {"key": ["hunter2"], "secret": {"hunter2": 1}})
    assert answer.status_code == 400
    assert "hunter2" not in answer.text


async def test_an_unknown_account_is_not_found_and_none_is_listed(plane: Plane) -> None:
    for key in ("nobody", "", "ü".encode()):
        answer = await plane.send("POST", "/reset", headers={"X-Mock-Key": key})
        assert answer.status_code == 404
        assert answer.json()["possible"] == []
        assert plane.client.account.key not in answer.text


async def test_a_server_without_accounts() -> None:
    mock = Mock()
    async with (
        mock.app.running(),
        httpx.AsyncClient(transport=httpx.ASGITransport(mock.app), base_url="http://mock") as connection,
    ):
        assert (await connection.get("/_mock/clock")).status_code == 404
        assert (await connection.get("/_mock/health")).json()["accounts"] == 0


async def test_the_first_account_is_meant_if_none_is_named(alone: Plane) -> None:
    await alone.client.another().imported({"contacts": [{"id": "C-1"}]})
    answer = await alone.client.connection.get("/_mock/state")
    assert answer.json()["contacts"] == []


async def test_a_state_goes_out_and_in_byte_for_byte(plane: Plane) -> None:
    await plane.client.imported(load_portfolio("small-house"))
    first = (await plane.send("GET", "/state")).content
    other = Plane(plane.client.another())
    put = await other.send("PUT", "/state", content=first, headers={"Content-Type": "application/json"})
    assert put.json()["records"]["units"] == 6
    assert (await other.send("GET", "/state")).content == first
    assert (await plane.send("GET", "/state")).content == first


async def test_a_portfolio_is_a_state(plane: Plane) -> None:
    put = await plane.ask("PUT", "/state", {"contacts": [{"id": "C-1", "lastName": "Smith"}]})
    assert put["records"]["contacts"] == 1
    before = (await plane.send("GET", "/state")).content
    alone = {"propertyId": "P", "contactId": "C", "roleName": "r", "roleType": "internal"}
    for broken, status in (
        ({}, 400),
        ([], 400),
        ({"contacts": [{"id": 1}]}, 400),
        ({"contacts": [{"id": "1"}, {"id": "1"}]}, 409),
        ({"responsibilities": [alone]}, 409),
        ({"_mock": {}}, 400),
        ({"contacts": [], "_mock": {}}, 400),
        ({"contacts": [], "_mock": {"version": 2, "records": {"contacts": []}, "portal": {}}}, 400),
    ):
        assert (await plane.send("PUT", "/state", broken)).status_code == status, broken
    assert (await plane.send("GET", "/state")).content == before


async def test_a_wrong_value_deep_in_a_state_is_told_like_one_of_an_import(plane: Plane) -> None:
    problem = (await plane.send("PUT", "/state", {"contacts": [{"id": "1", "preferredWayOfContact": "pigeon"}]})).json()
    assert problem["where"] == "/contacts/0/preferredWayOfContact"
    assert problem["possible"] == ["LETTER", "ONLINE"]
    assert "pigeon" in problem["got"]


async def test_a_state_goes_round_where_unknown_fields_are_refused() -> None:
    async with Mock({"unknown-fields": "refuse"}, progress=Progress(progress="immediate")).client() as client:
        plane = Plane(client)
        served = (await client.connection.get("/_mock/openapi.json")).json()
        assert served["components"]["schemas"]["State"]["additionalProperties"] is False
        await client.imported(load_portfolio("small-house"))
        state = await plane.ask("GET", "/state")
        await plane.ask("PUT", "/state", state)
        assert (await plane.send("PUT", "/state", {**state, "tenants": []})).json()["where"] == "/tenants"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"version": 99}, 400),
        ({"portal": {"C": [1, 2]}}, 400),
        ({"history": {"internalId": 0}}, 400),
        ({"history": {"internalId": 10**400}}, 400),
        ({"history": {"createdAt": "0001-01-01T00:00:00+23:59"}}, 409),  # the only one that no schema can tell
        ({"history": {"createdAt": "2026-01-05t08:00:00z"}}, 400),
        ({"history": {"createdAt": "yesterday"}}, 400),
        ({"history": {"key": {"a": 1}}}, 400),
        ({"history": {"key": [1]}}, 400),
        ({"history": {"digest": "d", "size": 1}}, 400),
    ],
)
async def test_a_damaged_history_is_refused(plane: Plane, change: dict[str, Any], status: int) -> None:
    await plane.client.imported({"contacts": [{"id": "C-1"}]})
    state = await plane.ask("GET", "/state")
    state["_mock"].update({name: value for name, value in change.items() if name != "history"})
    state["_mock"]["records"]["contacts"][0].update(change.get("history", {}))
    content = json.dumps(state).encode()
    answer = await plane.send("PUT", "/state", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text


async def test_a_state_waits_for_unfinished_jobs(plane: Plane) -> None:
    await plane.ask("POST", "/queue/hold")
    await plane.client.send({"contacts": [{"id": "C-1"}]})
    answer = await plane.send("PUT", "/state", {"contacts": []})
    assert answer.status_code == 409
    assert answer.json()["possible"] == ["POST /_mock/queue/drain"]
    await plane.ask("POST", "/queue/drain")
    await plane.ask("PUT", "/state", {"contacts": []})


async def test_snapshots(plane: Plane) -> None:
    await plane.client.imported({"contacts": [{"id": "C-1"}]})
    saved = await plane.ask("PUT", "/snapshots/one%20contact")
    assert [(line["name"], line["records"]["contacts"]) for line in saved["snapshots"]] == [("one contact", 1)]
    await plane.client.imported({"contacts": [{"id": "C-2"}]})
    assert (await plane.ask("POST", "/snapshots/one%20contact/restore"))["records"]["contacts"] == 1
    await plane.ask("PUT", "/snapshots/two")
    assert (await plane.send("PUT", "/snapshots/three")).status_code == 409
    unknown = await plane.send("POST", "/snapshots/three/restore")
    assert (unknown.status_code, unknown.json()["possible"]) == (404, ["one contact", "two"])
    assert (await plane.send("DELETE", "/snapshots/two")).status_code == 204
    assert (await plane.send("DELETE", "/snapshots/two")).status_code == 404
    assert (await plane.send("PUT", f"/snapshots/{'x' * 101}")).status_code == 400
    assert len((await plane.ask("GET", "/snapshots"))["snapshots"]) == 1


async def test_requests_are_found_counted_and_cleared(plane: Plane) -> None:
    client = plane.client
    job = await client.imported({"contacts": [{"id": "C-1"}]})
    await client.post("/authenticate", {"key": client.account.key, "secret": "wrong"})
    seen = await plane.ask("GET", "/requests")
    assert seen["count"] == len(seen["requests"]) == 4
    assert client.token not in json.dumps(seen)
    operations = await plane.ask("GET", "/requests?operation=importMasterData")
    assert [line["status"] for line in operations["requests"]] == [client.mock.values["import-status"]]
    assert await plane.ask("GET", f"/requests/count?job={job['id']}") == {"count": 2}
    assert (await plane.ask("GET", "/requests/count?rule=credentials-wrong&status=401"))["count"] == 1
    assert [line["number"] for line in (await plane.ask("GET", "/requests?limit=1"))["requests"]] == [4]
    assert [line["number"] for line in (await plane.ask("GET", "/requests?since=3"))["requests"]] == [4]
    assert (await plane.ask("GET", "/requests/count?since=2026-01-05T08:00:00+00:00"))["count"] == 4
    assert (await plane.ask("GET", "/requests/count?since=2999-01-01T00:00:00Z"))["count"] == 0
    har = (await client.connection.get("/_mock/requests?format=har", headers=plane.key)).json()
    assert har["log"]["entries"][0]["request"]["url"] == "http://mock/authenticate"
    assert await plane.ask("DELETE", "/requests") == {"removed": 4}
    assert (await plane.ask("GET", "/requests"))["requests"] == []


async def test_violations_in_every_form(plane: Plane) -> None:
    client = plane.client
    await client.send({"contacts": [{"id": 1}]})
    found = await plane.ask("GET", "/violations?poll-seconds=0")
    rules = [line["rule"] for line in found["violations"]]
    assert "request-violates-contract" in rules
    allowed = await plane.ask("GET", f"/violations?allow={','.join(rules)}")
    assert allowed == {"violations": [], "count": 0}
    xml = await plane.send("GET", "/violations?format=junit")
    assert (xml.headers["content-type"], b"<failure" in xml.content) == ("application/xml", True)
    sarif = (await client.connection.get("/_mock/violations?format=sarif", headers=plane.key)).json()
    assert sarif["runs"][0]["results"]
    unknown = await plane.send("GET", "/violations?allow=no-such-rule")
    assert unknown.status_code == 400
    assert "request-violates-contract" in unknown.json()["possible"]
    await plane.ask("DELETE", "/violations")
    assert (await plane.ask("GET", "/violations"))["count"] == 0


async def test_jobs_are_listed_and_shown(plane: Plane) -> None:
    refused = {"responsibilities": [{"propertyId": "P", "contactId": "C", "roleName": "r", "roleType": "internal"}]}
    first = await plane.client.imported({"contacts": [{"id": "C-1"}]})
    second = await plane.client.imported(refused)
    listed = await plane.ask("GET", "/jobs")
    assert [job["id"] for job in listed["jobs"]] == [second["id"], first["id"]]
    assert [job["errorCount"] for job in listed["jobs"]] == [1, 0]
    assert [job["id"] for job in (await plane.ask("GET", "/jobs?limit=1"))["jobs"]] == [second["id"]]
    assert (await plane.ask("GET", f"/jobs/{second['id']}"))["errors"] == second["errors"]
    assert (await plane.send("GET", "/jobs/unknown")).status_code == 404


async def test_outcomes_are_forced(plane: Plane) -> None:
    client = plane.client
    assert (await plane.send("POST", "/jobs/next/outcome", {"outcome": "failed"})).status_code == 204
    assert (await client.imported({"contacts": [{"id": "C-1"}]}))["status"] == "failed"
    await plane.ask("POST", "/queue/hold")
    job_id = (await client.send({"contacts": [{"id": "C-2"}]})).json()["jobId"]
    await plane.ask("POST", f"/jobs/{job_id}/outcome", {"outcome": "stalled"})
    await plane.ask("POST", "/queue/release")
    assert (await plane.ask("GET", f"/jobs/{job_id}"))["state"] == "active"
    await plane.ask("POST", f"/jobs/{job_id}/outcome", {"outcome": "completed"})
    assert (await plane.ask("GET", f"/jobs/{job_id}"))["state"] == "completed"
    assert (await plane.send("POST", f"/jobs/{job_id}/outcome", {"outcome": "failed"})).status_code == 409
    assert (await plane.send("POST", "/jobs/x/outcome", {"outcome": "failed"})).status_code == 404
    wrong = await plane.send("POST", "/jobs/next/outcome", {"outcome": "lost"})
    assert (wrong.status_code, wrong.json()["possible"]) == (400, ["completed", "failed", "stalled"])


async def test_the_queue_is_held_stepped_drained_and_released(plane: Plane) -> None:
    client = plane.client
    assert (await plane.ask("POST", "/queue/hold"))["held"] is True
    for number in range(3):
        await client.send({"contacts": [{"id": f"C-{number}"}, {"id": f"D-{number}"}]})
    assert (await plane.ask("GET", "/queue"))["unfinished"] == 3
    assert await plane.ask("POST", "/queue/step", {"what": "record"}) == {"moved": True}
    assert (await plane.ask("GET", "/jobs"))["jobs"][2]["progress"]["processed"] == 1
    assert await plane.ask("POST", "/queue/step") == {"moved": True}
    assert await plane.ask("POST", "/queue/drain") == {"ended": 2}
    assert await plane.ask("POST", "/queue/step", {}) == {"moved": False}
    assert (await plane.ask("POST", "/queue/release"))["held"] is False


async def test_the_queue_says_how_jobs_move_on(plane: Plane) -> None:
    default = await plane.ask("GET", "/queue")
    manual = await plane.ask("PUT", "/queue", {"progress": "manual", "polls": 3})
    assert manual == default | {"progress": "manual", "polls": 3}
    timed = await plane.ask("PUT", "/queue", {"progress": "time", "job_seconds": 5, "record_seconds": 0.5})
    assert await plane.ask("GET", "/queue") == timed
    assert timed == default | {"progress": "time", "job_seconds": 5, "record_seconds": 0.5}
    alone = (await plane.send("PUT", "/queue", {"job_seconds": 1})).json()
    assert (alone["status"], alone["where"]) == (400, "")
    assert "'progress'" in alone["expected"]
    assert await plane.ask("PUT", "/queue", {}) == default


@pytest.mark.parametrize(
    ("former", "present"),
    [
        ("progression", "progress"),
        ("mode", "progress"),
        ("times", "polls"),
        ("seconds", "job_seconds"),
        ("recordSeconds", "record_seconds"),
    ],
)
async def test_former_names_are_refused_with_the_present_one(plane: Plane, former: str, present: str) -> None:
    for body in ({former: "manual"}, {"progress": "manual", former: 1}):
        refused = (await plane.send("PUT", "/queue", body)).json()
        assert (refused["status"], refused["where"], refused["expected"]) == (
            400,
            f"/{former}",
            f"the field {present!r}",
        )
        assert present in refused["possible"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_former_path_is_refused_with_the_present_one(client: Client, method: str) -> None:
    answer = await client.connection.request(method, "/_mock/transitions")
    assert (answer.status_code, answer.json()["possible"]) == (404, ["/_mock/queue"])


async def test_accounts_tell_how_their_jobs_move_on(alone: Plane) -> None:
    await alone.ask("PUT", "/queue", {"progress": "manual", "polls": 2})
    (row,) = (await alone.ask("GET", "/accounts"))["accounts"]
    assert (row["progress"], row["polls"]) == ("manual", 2)


async def test_the_clock(plane: Plane) -> None:
    assert (await plane.ask("GET", "/clock")) == {"now": "2026-01-05T08:00:00.000Z", "frozen": False}
    assert (await plane.ask("POST", "/clock/freeze"))["frozen"] is True
    frozen = await plane.ask("POST", "/clock/freeze", {"at": "2026-01-06T09:00:00+01:00"})
    assert frozen == {"now": "2026-01-06T08:00:00.000Z", "frozen": True}
    moved = await plane.ask("POST", "/clock/advance", {"days": 1, "hours": 1, "minutes": 1, "seconds": 1.5})
    assert moved["now"] == "2026-01-07T09:01:01.500Z"
    assert (await plane.ask("POST", "/clock/unfreeze"))["frozen"] is False
    assert (await plane.ask("POST", "/clock/set", {"to": "2030-01-01t00:00:00z"}))["now"][:4] == "2030"
    for path, body in (("set", {"to": "2026-01-01T00:00:00Z"}), ("freeze", {"at": "2026-01-01T00:00:00Z"})):
        assert (await plane.send("POST", f"/clock/{path}", body)).status_code == 409
    await plane.ask("POST", "/reset")
    assert (await plane.ask("GET", "/clock"))["now"] == "2026-01-05T08:00:00.000Z"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("set", {"to": "2030-01-01T00:00:00"}),
        ("set", {"to": "9999-12-31T23:59:59-23:59"}),
        ("set", {"to": "2030-06-30T23:59:60Z"}),
        ("set", {"to": "tomorrow"}),
        ("set", {"to": 1}),
        ("set", {}),
        ("freeze", {"at": None}),
        ("freeze", {"until": "2030-01-01T00:00:00Z"}),
        ("advance", {"days": -1}),
        ("advance", {"days": 1e300}),
        ("advance", {"weeks": 1}),
        ("advance", {}),
        ("advance", {"days": "1"}),
    ],
)
async def test_impossible_times(plane: Plane, path: str, body: Any) -> None:
    answer = await plane.send("POST", f"/clock/{path}", body)
    assert answer.status_code == 400, answer.text
    assert (await plane.ask("GET", "/clock"))["now"] == "2026-01-05T08:00:00.000Z"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("set", {"to": "9000-01-01T00:00:01Z"}),
        ("freeze", {"at": "9000-01-01T00:00:00-00:01"}),
        ("advance", {"days": 3000000}),
    ],
)
async def test_the_calendar_has_an_end(plane: Plane, path: str, body: Any) -> None:
    answer = await plane.send("POST", f"/clock/{path}", body)
    assert answer.status_code == 409, answer.text
    assert (await plane.ask("GET", "/clock"))["now"] == "2026-01-05T08:00:00.000Z"
    assert (await plane.ask("POST", "/clock/set", {"to": "9000-01-01T00:00:00Z"}))["now"] == "9000-01-01T00:00:00.000Z"
    await plane.client.imported({"contacts": [{"id": "C-1"}]})
    await plane.ask("PUT", "/state", await plane.ask("GET", "/state"))


async def test_tokens_expire(plane: Plane) -> None:
    token = await plane.client.log_in()
    assert await plane.ask("POST", "/tokens/expire") == {"expired": 1}
    answer = await plane.client.request("GET", "/jobs/x", headers={"token": token})
    assert answer.json()["rule"] == "token-expired"


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_faults(plane: Plane, method: str) -> None:
    client = plane.client
    await client.log_in()
    effect = {"kind": "status", "status": 503, "retryAfterSeconds": 2}
    made = await plane.send(method, "/faults", {"operation": "importMasterData", "times": 1, "effect": effect})
    assert (made.status_code, made.json()["hits"]) == (201, 0)
    headers = {"token": client.token, "content-type": "application/json"}
    path = client.mock.values["import-path"]
    struck = await client.connection.post(path, content=b"{}", headers=headers)
    assert (struck.status_code, struck.headers["retry-after"]) == (503, "2")
    (fault,) = (await plane.ask("GET", "/faults"))["faults"]
    assert (fault["hits"], fault["over"]) == (1, True)
    assert (await plane.send("DELETE", f"/faults/{fault['id']}")).status_code == 204
    assert (await plane.send("DELETE", f"/faults/{fault['id']}")).status_code == 404
    await plane.ask("POST", "/faults", {"operation": "*", "effect": {"kind": "delay", "seconds": 1}})
    assert await plane.ask("DELETE", "/faults") == {"removed": 1}


@pytest.mark.parametrize(
    ("body", "where", "possible"),
    [
        ({"operation": "x", "effect": {"kind": "reset"}}, "/operation", "importMasterData"),
        ({"operation": "getJob", "effect": {"kind": "job-fails"}}, "/operation", "importMasterData"),
        ({"operation": "*", "effect": {"kind": "explode"}}, "/effect/kind", "lost-response"),
        ({"operation": "*", "effect": {"kind": "status"}}, "/effect", "status"),
        ({"operation": "*", "effect": {"kind": "reset", "seconds": 1}}, "/effect/seconds", "kind"),
        ({"operation": "*", "effect": {"kind": "delay"}}, "/effect", "seconds"),
        ({"operation": "*", "effect": {"kind": "delay", "seconds": 1, "status": 500}}, "/effect/status", "seconds"),
        ({"operation": "*", "effect": {"kind": "job-stalls"}}, "/operation", "importMasterData"),
        ({"operation": "*", "effect": {"kind": None}}, "/effect/kind", "job-fails"),
        ({"operation": "*", "effect": {"kind": ["reset"]}}, "/effect/kind", "job-fails"),
        ({"operation": "*", "effect": {"seconds": 1}}, "/effect", "kind"),
        ({"operation": "*", "effect": {}}, "/effect", "kind"),
        ({"operation": "*", "effect": "reset"}, "/effect", "kind"),
        ({"operation": "*"}, "", "effect"),
        ([], "", "operation"),
        ({"operation": "*", "effect": {"kind": "status", "status": 200}}, "/effect/status", None),
        ({"operation": "*", "first": 0, "effect": {"kind": "reset"}}, "/first", None),
        ({"operation": "*", "times": True, "effect": {"kind": "reset"}}, "/times", None),
        ({"operation": "*", "effect": {"kind": "reset"}, "nth": 1}, "/nth", "first"),
        ({"effect": {"kind": "reset"}}, "", "operation"),
    ],
)
async def test_impossible_faults(plane: Plane, body: Any, where: str, possible: str | None) -> None:
    answer = await plane.send("POST", "/faults", body)
    problem = answer.json()
    assert (answer.status_code, problem["where"]) == (400, where)
    assert possible is None or possible in problem["possible"]
    assert (await plane.ask("GET", "/faults"))["faults"] == []


async def test_faults_are_bounded(plane: Plane) -> None:
    body = {"operation": "*", "effect": {"kind": "reset"}}
    statuses = [(await plane.send("POST", "/faults", body)).status_code for _ in range(101)]
    assert statuses == [201] * 100 + [409]


async def test_two_accounts_are_apart(plane: Plane) -> None:
    other = Plane(plane.client.another())
    await plane.ask("POST", "/clock/freeze")
    await plane.ask("POST", "/queue/hold")
    await plane.ask("PUT", "/queue", {"progress": "manual"})
    await plane.ask("PUT", "/snapshots/mine")
    await plane.ask("POST", "/faults", {"operation": "*", "first": 9, "effect": {"kind": "reset"}})
    await plane.client.send({"contacts": [{"id": "C-1"}]})
    assert (await other.ask("GET", "/clock"))["frozen"] is False
    assert (await other.ask("GET", "/queue"))["held"] is False
    assert (await other.ask("GET", "/queue"))["progress"] == "immediate"
    for path, name in (("/snapshots",) * 2, ("/faults",) * 2, ("/jobs",) * 2, ("/requests",) * 2):
        assert (await other.ask("GET", path))[name[1:]] == []
    assert (await other.client.imported({"contacts": [{"id": "C-2"}]}))["status"] == "completed"
    await other.ask("POST", "/reset")
    assert (await plane.ask("GET", "/queue"))["unfinished"] == 1


BODIES: list[tuple[bytes, str, int]] = [
    (b"", "application/json", 400),
    (b" \n", "application/json", 400),
    (b"{", "application/json", 400),
    (b"\xff", "application/json", 400),
    (b"[]", "application/json", 400),
    (b"null", "application/json", 400),
    (b"NaN", "application/json", 400),
    (b'{"progress": 1e999}', "application/json", 400),
    (b"[" * 500 + b"]" * 500, "application/json", 400),
    (b"[" * 100_000, "application/json", 400),
    (b'{"progress": "\\ud800"}', "application/json", 400),
    (b'{"progress": "time"}', "text/plain", 415),
    (b'{"progress": "time"}', "application/x-www-form-urlencoded", 415),
    (b'{"progress": "time"}', "application/json; charset=utf-16", 415),
    (b'{"progress": "time", "job_seconds": "' + b"9" * 5000 + b'"}', "application/json", 400),
    (b" " * (MAX_BODY_BYTES + 1), "application/json", 413),
]


@pytest.mark.parametrize(("content", "media_type", "status"), BODIES, ids=range(len(BODIES)))
async def test_hostile_bodies(plane: Plane, content: bytes, media_type: str, status: int) -> None:
    before = await plane.ask("GET", "/queue")
    answer = await plane.send("PUT", "/queue", content=content, headers={"Content-Type": media_type})
    assert answer.status_code == status, answer.text[:300]
    assert len(answer.content) < 5000
    assert await plane.ask("GET", "/queue") == before


async def test_a_body_of_unannounced_length_is_read(plane: Plane) -> None:
    async def pieces(times: int) -> AsyncIterator[bytes]:
        for piece in [b'{"progress": ', *[b" " * 1000] * times, b'"manual"}']:
            yield piece

    headers = {"Content-Type": "application/json"}
    read = await plane.ask("PUT", "/queue", content=pieces(1), headers=headers)
    assert read["progress"] == "manual"
    assert (await plane.send("PUT", "/queue", content=pieces(1001), headers=headers)).status_code == 413


async def test_a_body_that_nobody_wants_is_refused(plane: Plane) -> None:
    answer = await plane.send("POST", "/reset", {"account": "all"})
    assert (answer.status_code, answer.json()["where"]) == (400, "/account")
    await plane.ask("POST", "/reset", {})


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/jobs?limit=0", "limit"),
        ("/jobs?limit=1.5", "limit"),
        ("/jobs?limit=" + "9" * 5000, "limit"),
        ("/jobs?limit=true", "limit"),
        ("/jobs?limit=1&limit=2", "limit"),
        ("/jobs?limit=%D9%A1", "limit"),
        ("/jobs?sort=up", "sort"),
        ("/clock?at=now", "at"),
        ("/requests?status=abc", "status"),
        ("/requests?since=yesterday", "since"),
        ("/requests?since=2026-01-01", "since"),
        ("/requests?format=xml", "format"),
        ("/violations?poll-seconds=-1", "poll-seconds"),
        ("/violations?poll-seconds=nan", "poll-seconds"),
        ("/requests?since=2026-06-30T23:59:60Z", "since"),
        ("/requests?since=-1", "since"),
        ("/requests?since=1.5", "since"),
        ("/requests?since=", "since"),
        ("/requests?since=" + "9" * 5000, "since"),
        ("/violations?allow=%00", "allow"),
        ("/violations?allow=", "allow"),
        ("/violations?allow=polls-too-fast,", "allow"),
    ],
)
async def test_hostile_parameters(plane: Plane, path: str, where: str) -> None:
    answer = await plane.send("GET", path)
    assert (answer.status_code, answer.json()["where"]) == (400, where)
    assert len(answer.content) < 3000


@pytest.mark.parametrize("path", ["/", "/nothing", "/clock/", "/jobs/a/b/c", "/%FF", "/snapshots/"])
async def test_unknown_paths_list_the_known_ones(client: Client, path: str) -> None:
    answer = await client.connection.get(f"/_mock{path}")
    assert answer.status_code == 404
    assert "/_mock/clock/advance" in answer.json()["possible"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "TRACE", "BREW"])
async def test_wrong_methods_list_the_right_ones(client: Client, method: str) -> None:
    answer = await client.connection.request(method, "/_mock/reset")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["possible"] == ["POST"]


async def test_health_takes_whatever_is_added(client: Client) -> None:
    assert (await client.connection.get("/_mock/health?t=1")).status_code == 200


async def test_head_is_a_get_without_a_body(client: Client) -> None:
    answer = await client.connection.head("/_mock/clock")
    assert (answer.status_code, answer.content) == (200, b"")


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://mock:8080"},
    {"Origin": "http://mock.evil.example"},
    {"Origin": "http://[mock"},
    {"Origin": "file://mock"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://mock", "Sec-Fetch-Site": "cross-site"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("path", ["/reset", "/nothing"])
async def test_pages_of_other_origins_cannot_steer(client: Client, headers: dict[str, str], path: str) -> None:
    await client.imported({"contacts": [{"id": "C-1"}]})
    answer = await client.connection.post(f"/_mock{path}", headers={**headers, "X-Mock-Key": client.account.key})
    assert answer.status_code == 403
    assert answer.json()["where"] in headers
    assert client.account.store.count("contacts") == 1
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://mock"}, {"Origin": "http://MOCK"}, {"Sec-Fetch-Site": "same-origin"}]
)
async def test_pages_of_the_same_origin_can_steer(plane: Plane, headers: dict[str, str]) -> None:
    await plane.ask("POST", "/reset", headers=headers)


TOKEN = "t0k3n-ü"


def test_a_control_token_is_wanted_everywhere_but_for_health() -> None:
    mock = Mock()
    mock.account()
    client = control_app(mock.registry, {"worker": True}, Secret(TOKEN)).test_client()
    assert [client.get(path).status_code for path in ("/health", "/ready")] == [200, 200]
    right = TOKEN.encode().decode("latin-1")  # as it comes through WSGI
    for path in ("/clock", "/accounts", "/nothing", "/openapi.json"):
        for wrong in ({}, {"X-Mock-Token": "x"}, {"X-Mock-Token": ""}, {"X-Mock-Token": right + "x"}):
            answer = client.get(path, headers=wrong)
            assert (answer.status_code, answer.json["where"]) == (401, "X-Mock-Token")
            assert "www-authenticate" in answer.headers
            assert TOKEN not in answer.text
    assert client.get("/clock", headers={"X-Mock-Token": right}).status_code == 200
    assert client.post("/reset", headers={"X-Mock-Token": right}).status_code == 200


def test_a_body_that_ends_too_early_does_nothing() -> None:
    mock = Mock()
    mock.account()
    client = control_app(mock.registry, {}).test_client()
    assert client.post("/reset", data=b"{}", environ_overrides={"CONTENT_LENGTH": "9"}).status_code == 400


def test_a_failure_inside_tells_nothing_of_itself(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    mock = Mock()
    account = mock.account()

    def fails() -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(account, "reset", fails)
    answer = control_app(mock.registry, {}).test_client().post("/reset")
    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
    assert "a bug" not in answer.text
    assert "the control plane failed" in caplog.text


async def test_a_profile_may_not_allow_a_sample() -> None:
    async with Mock({"document-max-mb": 0.0000001}).client() as client:
        plane = Plane(client)
        answer = await plane.send("POST", "/accounts", {"load": "small-house"})
        assert answer.status_code == 409
        assert (await plane.ask("GET", "/accounts"))["count"] == 1
