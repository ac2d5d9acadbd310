"""What was imported is read back over HTTP: v1 and v2, page by page, as clients do it."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from casavi_fixtures import address, contact, contract, property_, responsibility, unit
from casavi_mock.messages.request import Request
from casavi_mock.vendor.addresses import Addresses
from casavi_mock.vendor.query import QueryReader
from tests.support.client import Client
from tests.support.portfolios import PARTS, part_of_large_portfolio
from tests.support.server import shared_mock

ODD_IDS = [
    "a/b", "a|b", "100%", "a%2Fb", "%2F", "a b", " ", "Größe ü", "🏠", "..", ".", "?", "#", "a?b#c", "a+b", "a&page=7",
    "a;b", "a\\b", "'\"<>", "{id}", "a\nb", "\u202e", "e\u0301", "é", "import", "null", "A", "a",
]  # fmt: skip
PAGE = 25


async def everything(client: Client, path: str, **params: Any) -> list[dict[str, Any]]:
    """All records of a list of version 2, by its links."""
    page = await client.read(path, **params)
    found = page["list"]
    for _ in range(1000):
        assert list(page) == ["list", "_links"]
        assert list(page["_links"]) == ["next"]
        if page["_links"]["next"] is None:
            return found
        page = (await client.get(page["_links"]["next"])).json()
        found += page["list"]
    raise AssertionError("the links do not end")


def ids(records: list[dict[str, Any]]) -> list[str]:
    return [record["id"] for record in records]


def people(number: int) -> dict[str, Any]:
    return {"contacts": [contact(id=f"C-{n}") for n in range(number)]}


# Version 1.


async def test_contacts_of_version_1(client: Client) -> None:
    await client.imported(people(67))
    pages = [await client.read("/contacts", page=number) for number in range(4)]
    assert pages[0] == await client.read("/contacts")
    assert [(page["count"], page["page"], page["pageCount"]) for page in pages] == [(67, n, 3) for n in range(4)]
    assert [len(page["content"]) for page in pages] == [25, 25, 17, 0]
    assert ids([item for page in pages for item in page["content"]]) == [f"C-{n}" for n in range(67)]


async def test_the_keys_of_version_1_come_in_the_order_that_was_seen(client: Client) -> None:
    await client.imported(
        {"contacts": [contact(companyName="ACME", preferredWayOfContact="ONLINE", postalCode="01067")]}
    )
    text = (await client.get("/contacts")).text
    assert text == (
        '{"count":1,"page":0,"pageCount":1,"content":[{"id":"C-1","internalId":1,"title":null,"salutation":null,'
        '"firstName":null,"lastName":"Muster","companyRole":null,"email":null,"telephone":null,"mobile":null,"fax":null,'
        '"website":null,"street":null,"postalCode":"01067","city":null,"country":null,"company":"ACME",'
        '"isRegistered":false,"preferredWayOfContact":"ONLINE"}]}'
    )
    assert await client.read("/contacts/C-1") == json.loads(text)["content"][0]


# Ids.


async def test_odd_ids_survive_paths_links_and_filters() -> None:
    async with shared_mock(v2_page_size=1).client() as client:
        units = [unit(id=id_, contracts=[contract(contactId=id_)]) for id_ in ODD_IDS]
        await client.imported(
            {
                "contacts": [contact(id=id_) for id_ in ODD_IDS],
                "properties": [property_(id=id_) for id_ in ODD_IDS]
                + [property_(id="all", addresses=[address(units=units)])],
                "responsibilities": [responsibility(propertyId=id_, contactId=id_, roleName=id_) for id_ in ODD_IDS]
                + [responsibility(propertyId=id_, contactId="A", roleName=id_) for id_ in ODD_IDS if id_ != "A"],
            }
        )
        for id_ in ODD_IDS:
            assert (await client.read(f"/contacts/{encoded(id_)}"))["id"] == id_
            shown = await client.read(f"/v2/properties/{encoded(id_)}")
            assert shown["id"] == id_
            assert {role["contactId"] for role in shown["responsibilities"]} == {id_, "A"}
            # two contacts have the role, so there is a link that carries it
            assert ids(await everything(client, "/v2/contacts", role=id_)) == sorted({id_, "A"}, key=ODD_IDS.index)
        assert ids(await everything(client, "/v2/contacts")) == ODD_IDS
        assert ids(await everything(client, "/v2/units")) == ODD_IDS
        assert ids(await everything(client, "/v2/properties")) == [*ODD_IDS, "all"]
        assert (await client.read("/v2/properties/all"))["addresses"][0]["units"] == ODD_IDS


def encoded(id_: str) -> str:
    # clients and proxies remove dots that stand alone in a path, so they are encoded too
    return quote(id_, safe="").replace(".", "%2E")


@pytest.mark.parametrize("id_", ["C-0", "a%2Fb", "%FF", "%", "%2", "..%2F", "%00", "C-1/", "c-1", "C-1%20"])
async def test_ids_that_nobody_has(client: Client, id_: str) -> None:
    await client.imported({"contacts": [contact()], "properties": [property_(id="C-1")]})
    for path in (f"/contacts/{id_}", f"/v2/properties/{id_}"):
        response = await client.get(path)
        assert response.status_code == 404


async def test_records_of_others_look_like_unknown_ones(client: Client) -> None:
    other = client.another()
    await other.imported({"contacts": [contact(id="theirs")], "properties": [property_(id="theirs")]})
    for path in ("/contacts/", "/v2/properties/"):
        answers = []
        for id_ in ("theirs", "nobodys"):
            response = await client.get(path + id_)
            body = response.json()
            assert body.pop("requestId") == response.headers["x-request-id"]
            headers = {k: v for k, v in response.headers.items() if k not in ("x-request-id", "content-length")}
            answers.append((response.status_code, body, headers))
        assert answers[0] == answers[1]
    assert (await client.read("/contacts"))["count"] == 0
    assert await everything(client, "/v2/contacts") == []


@pytest.mark.parametrize(
    "path", ["/contacts", "/contacts/x", "/v2/contacts", "/v2/units", "/v2/properties", "/v2/jobs/x"]
)
async def test_reading_needs_a_token(client: Client, path: str) -> None:
    assert (await client.request("GET", path)).json()["rule"] == "token-missing"
    assert (await client.request("GET", path, headers={"token": "x"})).json()["rule"] == "token-unknown"
    assert (await client.request("POST", path, headers={"token": "x"})).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/v2",
        "/v2/",
        "/v2/contacts/",
        "/v2/contacts/x",
        "/v2/units/x",
        "/contacts/",
        "/units",
        "/v1/contacts",
        "/v2/v2/contacts",
    ],
)
async def test_paths_that_are_not_there(client: Client, path: str) -> None:
    response = await client.get(path)
    assert (response.status_code, response.json()["rule"]) == (404, "operation-unknown")


# Links.


async def test_the_link_carries_the_filters_and_is_complete(client: Client) -> None:
    await client.imported(people(30))
    filters = {
        "modifiedAfter": "2020-01-01T00:00:00+02:00",
        "isInvited": "false",
        "isRegistered": "false",
        "odd": "a&b",
    }
    page = await client.read("/v2/contacts", **filters)
    link = urlsplit(page["_links"]["next"])
    assert (link.scheme, link.netloc, link.path) == ("http", "mock", "/v2/contacts")
    sent = dict(parse_qsl(link.query))
    assert {name: value for name, value in sent.items() if name in filters} == filters
    assert sent.keys() - filters.keys() == {"page", "after"}
    rest = (await client.get(page["_links"]["next"])).json()
    assert ids(page["list"] + rest["list"]) == [f"C-{n}" for n in range(30)]
    assert rest["_links"] == {"next": None}


@pytest.mark.parametrize("host", ["localhost:4227", "casavi.example", "[::1]:80", "API.mycasavi.com"])
async def test_links_lead_to_the_host_that_was_asked(client: Client, host: str) -> None:
    await client.imported(people(30))
    response = await client.get("/v2/contacts", headers={"host": host})
    assert response.json()["_links"]["next"].startswith(f"http://{host}/v2/contacts?")


@pytest.mark.parametrize(
    ("options", "headers", "expected"),
    [
        ({}, {}, "http://a:1"),
        ({}, {b"x-forwarded-host": b"evil", b"x-forwarded-proto": b"https"}, "http://a:1"),
        ({"forwarded": True}, {b"x-forwarded-host": b"b, c", b"x-forwarded-proto": b"https"}, "https://b"),
        ({"forwarded": True}, {b"x-forwarded-prefix": b"/casavi/"}, "http://a:1/casavi"),
        ({"forwarded": True}, {}, "http://a:1"),
        ({"base_url": "https://d/x/", "forwarded": True}, {b"x-forwarded-host": b"b"}, "https://d/x"),
    ],
)
def test_addresses(options: dict[str, Any], headers: dict[bytes, bytes], expected: str) -> None:
    async def receive() -> dict[str, Any]:
        return {}

    request = Request("GET", "/", b"", {b"host": b"a:1", **headers}, receive, ())
    assert Addresses(**options).of(request) == expected


async def test_the_highest_page_has_a_link_that_can_be_followed(client: Client) -> None:
    await client.imported(people(60))
    page = await client.read("/v2/contacts", page=1_000_000_000, after=0)
    assert ids(page["list"] + (await client.get(page["_links"]["next"])).json()["list"]) == [
        f"C-{n}" for n in range(50)
    ]


# Pages, as two kinds of client read them.


async def count_pages(client: Client, path: str, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for number in range(1, 1000):
        page = await client.read(path, page=number, **params)
        found += page["list"]
        if not page["_links"]["next"]:
            return found
    raise AssertionError("the pages do not end")


@pytest.mark.parametrize("number", [0, 1, 24, 25, 26, 75])
async def test_both_kinds_of_client_get_every_record_once(client: Client, number: int) -> None:
    units = [unit(id=f"U-{n}") for n in range(number)]
    house = property_(addresses=[address(units=units)])
    await client.imported({**people(number), "properties": [house, *(property_(id=f"P-x{n}") for n in range(number))]})
    for path, expected in (
        ("/v2/contacts", [f"C-{n}" for n in range(number)]),
        ("/v2/units", [f"U-{n}" for n in range(number)]),
        ("/v2/properties", ["P-1", *(f"P-x{n}" for n in range(number))]),
    ):
        assert ids(await everything(client, path)) == expected
        assert ids(await count_pages(client, path)) == expected
        assert ids(await count_pages(client, path, modifiedAfter="2020-01-01T00:00:00Z")) == expected
        assert (await client.read(path, page=1000)) == {"list": [], "_links": {"next": None}}


@pytest.mark.parametrize(("profile", "first", "second"), [({"v1_page_size": 2}, 2, 7), ({"v2_page_size": 3}, 7, 3)])
async def test_page_sizes(profile: dict[str, Any], first: int, second: int) -> None:
    async with shared_mock(**profile).client() as client:
        await client.imported(people(7))
        assert len((await client.read("/contacts"))["content"]) == first
        assert len((await client.read("/v2/contacts"))["list"]) == second
        assert len(await everything(client, "/v2/contacts")) == 7


# Filters.


@pytest.fixture
async def filled(client: Client) -> Client:
    people_ = [contact(id=id_) for id_ in ("old", "invited", "registered")]
    leases = [contract(contactId="old", type="OWNER"), contract(contactId="invited")]
    flat = unit(contracts=[*leases, contract(contactId="registered", endDate="2001-01-01")])
    await client.imported({"contacts": people_, "properties": [property_(addresses=[address(units=[flat])])]})
    client.account.store.portal |= {"invited": (False, True), "registered": (True, True)}
    return client


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ("isRegistered=true", "registered"),
        ("isRegistered=false", "old invited"),
        ("isInvited=true", "invited registered"),
        ("isInvited=true&isRegistered=false", "invited"),
        ("role=OWNER", "old"),
        ("role=RENTER", "invited registered"),
        ("role=RENTER&isRegistered=true", "registered"),
        ("role=VISITOR", ""),
        ("isRegistered=true&isRegistered=false", "registered"),
        ("unknown=1", "old invited registered"),
        ("", "old invited registered"),
        ("&&", "old invited registered"),
        ("modifiedAfter=2020-01-01T00:00:00%2B01:00", "old invited registered"),
        ("modifiedAfter=2020-01-01T00:00:00+01:00", "old invited registered"),
        ("modifiedAfter=2016-12-31t23:59:60.5z", "old invited registered"),
        ("modifiedAfter=0001-01-01T00:00:00%2B23:59", "old invited registered"),
        ("modifiedAfter=9999-12-31T23:59:59-23:59", ""),
        ("modifiedAfter=2099-01-01T00:00:00.123456789Z", ""),
    ],
)
async def test_filters(filled: Client, params: str, found: str) -> None:
    assert ids((await filled.get(f"/v2/contacts?{params}")).json()["list"]) == found.split()


@pytest.mark.parametrize(("value", "number"), [(None, 2), ("false", 2), ("true", 3)])
async def test_inactive_contracts(filled: Client, value: str | None, number: int) -> None:
    params = {} if value is None else {"includeInactiveContracts": value}
    (item,) = (await filled.read("/v2/units", **params))["list"]
    assert len(item["contracts"]) == number


MOMENT = "a date-time with time zone, such as 2026-01-05T08:00:00Z"
FLAG = "true or false"
SECOND = "a whole number from 1 to 1000000000"
WRONG = [
    *(("/v2/contacts", "isRegistered", value, FLAG) for value in ("1", "TRUE", "", "yes", "true ")),
    ("/v2/contacts", "isInvited", "null", FLAG),
    ("/v2/contacts", "role", "", "a text of at least 1 character"),
    ("/v2/units", "includeInactiveContracts", "no", FLAG),
    *(("/v2/contacts", "page", value, SECOND) for value in ("0", "-1", "x", "", "1.0", "1e3", "٣", " 1", "9" * 5000)),
    ("/v2/units", "page", "1000000001", SECOND),
    ("/v2/properties", "after", "-1", "a whole number from 0 to 1000000000000"),
    ("/contacts", "page", "-1", "a whole number from 0 to 1000000000"),
    ("/contacts", "page", "0x1", "a whole number from 0 to 1000000000"),
    *(
        ("/v2/properties", "modifiedAfter", value, MOMENT)
        for value in (
            "2026-01-05", "2026-01-05T08:00:00", "yesterday", "", "1767600000", "2026-02-30T00:00:00Z", "20260105T080000Z",
            "2026-01-05T08:00Z", "2026-W01-1T08:00:00Z", "2026-01-05T25:00:00Z", "2026-01-05T08:00:00Z\n",
            "٢٠٢٦-01-05T08:00:00Z",
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(("path", "name", "value", "expected"), WRONG)
async def test_wrong_values_are_refused(client: Client, path: str, name: str, value: str, expected: str) -> None:
    """With the name, what is expected, and what came."""
    response = await client.get(f"{path}?{urlencode({name: value})}")
    body = response.json()
    assert (response.status_code, body["rule"]) == (400, "parameter-invalid")
    (error,) = body["errors"]
    got = repr(value[:60])
    assert (error["expected"], error["got"]) == (expected, got if "+" not in value else error["got"])
    assert body["detail"] == f"Query parameter {name}: {error['message']}."


@pytest.mark.parametrize("query", ["&".join("a=1" for _ in range(51)), "role=%FF", "x=%C3"])
async def test_queries_that_cannot_be_read_are_refused(client: Client, query: str) -> None:
    response = await client.get(f"/v2/contacts?{query}")
    assert (response.status_code, response.json()["rule"]) == (400, "parameter-invalid")
    assert "at most 50 query parameters in UTF-8" in response.json()["detail"]


READER = QueryReader(
    {}, {"parameters": [{"name": "at", "in": "query", "schema": {"type": "string", "format": "date-time"}}]}
)
ZONES = st.integers(-23 * 60 - 59, 23 * 60 + 59)


@given(st.datetimes(), ZONES, st.sampled_from("Tt"))
@example(datetime.min, 1439, "T")  # noqa: DTZ901  # the zone comes with it
@example(datetime.max, -1439, "t")  # noqa: DTZ901  # the zone comes with it
def test_every_date_time_of_rfc_3339_is_read(moment: datetime, zone: int, divider: str) -> None:
    sign, minutes = "-" if zone < 0 else "+", abs(zone)
    text = moment.isoformat().replace("T", divider) + f"{sign}{minutes // 60:02}:{minutes % 60:02}"
    at = READER.read(urlencode({"at": text}).encode())["at"]
    assert at.tzinfo is UTC
    assert READER.read(f"at={text}".encode())["at"] == at, "a plus sign that was not encoded"


# What absent values look like, and other profiles.


async def test_absent_values_are_left_out_by_profile() -> None:
    role = responsibility()
    flat = {"id": "U-1", "contracts": [{"contactId": "C-1"}]}
    body = {
        "contacts": [{"id": "C-1"}],
        "properties": [{"id": "P-1", "addresses": [{"street": "S", "units": [flat]}]}],
        "responsibilities": [role],
    }
    texts = {}
    for choice in ("null", "omitted"):
        async with shared_mock(v2_absent_values=choice).client() as client:
            await client.imported(body)
            texts[choice] = [(await client.get(f"/v2/{name}")).text for name in ("contacts", "units", "properties")]
            assert '"website":null' in (await client.get("/contacts")).text
    for given_, omitted in zip(texts["null"], texts["omitted"], strict=True):
        assert given_.count(":null") > 3
        assert omitted.count(":null") == omitted.count('"next":null') == 1
        (whole,), (bare,) = json.loads(given_)["list"], json.loads(omitted)["list"]
        assert {name for name in whole if whole[name] is not None} == set(bare)
    assert '"contracts":[{"propertyId":"P-1","unitId":"U-1"}]' in texts["omitted"][0]


async def test_renamed_paths_and_statuses_hold_for_version_2() -> None:
    profile = {"import_path": "/v1/bulk", "refresh_path": "/v1/renew", "import_status": 201, "job_id_field": "id"}
    async with shared_mock(unauthorized_status=403, **profile).client() as client:
        token = await client.log_in()
        response = await client.post("/v2/v1/bulk", people(1), token=token)
        assert response.status_code == 201
        assert (await client.read(f"/v2/jobs/{response.json()['id']}"))["status"] == "completed"
        assert (await client.post("/v2/import", people(1), token=token)).status_code == 404
        renewed = await client.post("/v2/v1/renew", {"apiKey": client.account.key, "token": token})
        assert renewed.status_code == 200
        assert (await client.request("GET", "/v2/contacts")).status_code == 403
        second = (await client.request("GET", "/v2/openapi.json")).json()
        assert {"/v1/bulk", "/v1/renew"} <= set(second["paths"])


# Twins of version 1, and tokens across both.


@pytest.mark.parametrize(("log_in", "use"), [("", "/v2"), ("/v2", ""), ("/v2", "/v2")])
async def test_twins_and_tokens_across_versions(client: Client, log_in: str, use: str) -> None:
    token = (await client.post(f"{log_in}/authenticate", client.credentials)).json()["token"]
    renewed = await client.post(f"{use}/refresh", {"apiKey": client.account.key, "token": token})
    client.token = renewed.json()["token"]
    accepted = await client.post(f"{use}/import", people(2), token=client.token)
    assert accepted.status_code == 202
    for version in ("", "/v2"):
        job = await client.read(f"{version}/jobs/{accepted.json()['jobId']}")
        assert (job["status"], job["counts"]["contacts"]["created"]) == ("completed", 2)
    assert (await client.read("/contacts"))["count"] == len(await everything(client, "/v2/contacts")) == 2
    old = await client.get("/v2/contacts", headers={"token": token})
    assert (old.status_code, old.json()["rule"]) == (401, "token-revoked")


async def test_the_deprecated_log_in_works_in_version_2(client: Client) -> None:
    key, secret = client.credentials.values()
    response = await client.post("/v2/authenticate", {"apiKey": key, "email": "x", "password": secret})
    assert (response.status_code, response.headers["deprecation"]) == (200, "true")


async def test_both_versions_check_an_import_alike(client: Client) -> None:
    token = await client.log_in()
    for body in ({}, {"contacts": [{}]}, {"properties": [{"id": 7}]}):
        answers = []
        for version in ("", "/v2"):
            answer = (await client.post(f"{version}/import", body, token=token)).json()
            answers.append({name: value for name, value in answer.items() if name != "requestId"})
        assert answers[0] == answers[1]
        assert answers[0]["status"] == 400


async def test_head_is_get_without_a_body(client: Client) -> None:
    await client.log_in()
    for path in ("/contacts", "/v2/contacts"):
        head = await client.request("HEAD", path, headers={"token": client.token})
        assert head.status_code in (200, 405)
        assert head.content == b""


# Pages while imports run, over HTTP: the links are followed as they are.


@given(
    st.integers(0, 12),
    st.lists(st.lists(st.tuples(st.booleans(), st.integers(0, 12)), max_size=3), max_size=6),
    st.sampled_from([{}, {"isInvited": "false"}, {"modifiedAfter": "2020-01-01T00:00:00+01:00"}]),
)
def test_links_stay_whole_while_imports_run(before: int, between: list[Any], params: dict[str, str]) -> None:
    async def scenario() -> list[str]:
        async with shared_mock(v2_page_size=3).client() as client:
            await client.imported(people(before))
            page = await client.read("/v2/contacts", **params)
            found = ids(page["list"])
            for changes in [*between, *([[]] * 50)]:
                for new, number in changes:
                    id_ = f"new-{number}" if new else f"C-{number}"
                    await client.imported({"contacts": [contact(id=id_, note=f"{len(found)}")]})
                if page["_links"]["next"] is None:
                    return found
                page = (await client.get(page["_links"]["next"])).json()
                found += ids(page["list"])
        raise AssertionError("the links do not end")

    found = asyncio.run(scenario())
    assert len(found) == len(set(found))
    assert [id_ for id_ in found if id_ in ids(people(before)["contacts"])] == ids(people(before)["contacts"])


# Two public ways of reading everything. Source: facts page, sections 5.2, 6 and 9.


class Follower:
    """Logs in to version 2, then follows each link as it is, without its own parameters."""

    def __init__(self, connection: httpx.AsyncClient, key: str, secret: str) -> None:
        self._connection = connection
        self._body = {"key": key, "secret": secret}
        self._headers = {"Content-Type": "application/json"}

    async def log_in(self) -> None:
        response = await self._connection.post("/v2/authenticate", json=self._body, headers=self._headers)
        self._headers["token"] = response.raise_for_status().json()["token"]

    async def all(self, what: str, **filters: str) -> list[dict[str, Any]]:
        url, params = f"/v2/{what}", filters or None
        found: list[dict[str, Any]] = []
        while url:
            response = await self._connection.get(url, params=params, headers=self._headers)
            body = response.raise_for_status().json()
            found.extend(body.get("list", []))
            url, params = body["_links"].get("next"), None
        return found

    @staticmethod
    def address_of(unit_: dict[str, Any], properties: list[dict[str, Any]]) -> str | None:
        """The unit's own address, or else that of the property which names the unit."""
        if unit_.get("address"):
            return str(unit_["address"])
        for one in properties:
            for address_ in one.get("addresses") or []:
                if unit_["id"] in address_["units"]:
                    return str(address_["street"])
        return None


class Counter:
    """Asks for page after page until there is no link, and maps the contracts of every contact without a guard."""

    def __init__(self, connection: httpx.AsyncClient, token: str) -> None:
        self._connection = connection
        self._headers = {"token": token, "Content-Type": "application/json"}

    async def all(self, what: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        number = 1
        while True:
            response = await self._connection.get(f"/v2/{what}?page={number}", headers=self._headers)
            body = response.raise_for_status().json()
            found += body["list"]
            if not body["_links"]["next"]:
                return found
            number += 1

    @staticmethod
    def rows(contacts: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        kinds = {"RENTER": "tenant", "OWNER": "owner"}
        return [
            (one["id"], one["appLink"], kinds.get(lease.get("type"), "other"), lease["propertyId"], lease["unitId"])
            for one in contacts
            for lease in one["contracts"]
        ]


@PARTS
async def test_public_clients_export_a_whole_account(parts: int) -> None:
    portfolio = part_of_large_portfolio(parts)
    sent_units = {
        flat["id"]: (house["id"], street["street"], flat)
        for house in portfolio["properties"]
        for street in house["addresses"]
        for flat in street.get("units", ())
    }
    sent_leases = sorted(
        (lease["contactId"], {"RENTER": "tenant", "OWNER": "owner"}.get(lease.get("type"), "other"), house, id_)
        for id_, (house, _, flat) in sent_units.items()
        for lease in flat.get("contracts", ())
    )
    async with shared_mock().client() as client:
        await client.imported(portfolio)
        follower = Follower(client.connection, **client.credentials)
        await follower.log_in()
        contacts, units, properties = [await follower.all(what) for what in ("contacts", "units", "properties")]
        assert ids(contacts) == ids(portfolio["contacts"])
        assert ids(properties) == ids(portfolio["properties"])
        assert ids(units) == list(sent_units)
        for one in units:
            assert one["address"] == sent_units[one["id"]][1] == follower.address_of(one, properties)
            assert follower.address_of({**one, "address": None}, properties) == sent_units[one["id"]][1]
        assert await follower.all("contacts", isRegistered="false", modifiedAfter="2020-01-01T00:00:00Z") == contacts
        assert await follower.all("contacts", isInvited="true") == []
        active = await follower.all("units", includeInactiveContracts="true")
        assert sum(len(one["contracts"]) for one in active) == len(sent_leases)

        counter = Counter(client.connection, await client.log_in())
        assert [await counter.all(what) for what in ("contacts", "units", "properties")] == [
            contacts,
            units,
            properties,
        ]
        rows = counter.rows(contacts)
        assert sorted((id_, kind, house, flat) for id_, _, kind, house, flat in rows) == sent_leases
        assert len({link for _, link, _, _, _ in rows}) == len({id_ for id_, *_ in rows})
        owners = await follower.all("contacts", role="OWNER")
        assert set(ids(owners)) == {id_ for id_, _, kind, _, _ in rows if kind == "owner"}
        (one,) = [item for item in properties if item["id"] == properties[0]["id"]]
        assert await client.read(f"/v2/properties/{quote(one['id'], safe='')}") == one
