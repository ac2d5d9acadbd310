"""The public address of a mock: behind a prefix, behind a proxy, in a browser. Whatever is announced there loads."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from casavi_mock.domain.faults import Effect, Fault
from tests.support.client import Client
from tests.support.server import Mock

PREFIXED = "http://public.test/casavi"


@asynccontextmanager
async def reached(
    strips: bool = False, headers: dict[str, str] | None = None, **options: Any
) -> AsyncIterator[tuple[httpx.AsyncClient, Client]]:
    """Yields a browser at a public address and a client of the same mock.

    Args:
        strips: Whether a proxy takes the prefix off.
        headers: What the proxy adds.
        options: Those of the mock.
    """
    mock = Mock(allowed_hosts=("public.test",), progress="immediate", **options)

    async def proxied(scope: Any, receive: Any, send: Any) -> None:
        added = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
        scope = {**scope, "headers": [*scope["headers"], *added]}
        if strips:
            assert scope["path"].startswith("/casavi"), "nothing leads past the prefix"
            scope["path"] = scope["path"].removeprefix("/casavi") or "/"
            scope["raw_path"] = scope["raw_path"].removeprefix(b"/casavi") or b"/"
        await mock.app(scope, receive, send)

    transport = httpx.ASGITransport(proxied)
    async with mock.client() as client, httpx.AsyncClient(transport=transport, follow_redirects=True) as browser:
        yield browser, client


TOLD = {"X-Forwarded-Host": "public.test", "X-Forwarded-Proto": "http"}
WAYS = {
    "given": {"base_url": PREFIXED},
    "given, and taken off": {"base_url": PREFIXED + "/", "strips": True},
    "told": {"forwarded": True, "headers": {**TOLD, "X-Forwarded-Prefix": "/casavi"}},
    "told, and taken off": {"forwarded": True, "strips": True, "headers": {**TOLD, "X-Forwarded-Prefix": "/casavi/"}},
    "told without slash": {"forwarded": True, "strips": True, "headers": {**TOLD, "X-Forwarded-Prefix": "casavi"}},
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_all_that_is_announced_loads(way: dict[str, Any]) -> None:
    async with reached(**way) as (browser, client):
        page = await browser.get(f"{PREFIXED}/docs")
        assert page.status_code == 200
        assets = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        documents = re.findall(r'url: "([^"]+)"', page.text)
        assert (len(assets), len(documents)) == (4, 3)
        for reference in assets:
            assert (await browser.get(urljoin(str(page.url), reference))).status_code == 200
        for reference, base in zip(documents, ("/", "/v2", "/_mock"), strict=True):
            document = await browser.get(urljoin(str(page.url), reference))
            (server,) = document.json()["servers"]
            assert urljoin(str(document.url), server["url"]) == f"{PREFIXED}{base}"
        for path in ("", "/", "/docs/"):
            led = await browser.get(f"{PREFIXED}{path}")
            assert (led.status_code, str(led.url)) == (200, f"{PREFIXED}/docs")
        assert (await browser.post(f"{PREFIXED}/_mock/reset")).status_code == 200
        assert (await browser.get(f"{PREFIXED}/_mock/accounts/{client.account.key}")).status_code in (200, 404, 405)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_the_api_and_its_links_work_there(way: dict[str, Any]) -> None:
    async with reached(**way) as (browser, client):
        await client.imported({"contacts": [{"id": f"C/{n}"} for n in range(25)]})
        token = {"token": client.token}
        seen, link = [], f"{PREFIXED}/v2/contacts?limit=10"
        while link:
            answer = await browser.get(link, headers=token)
            assert answer.status_code == 200, answer.text
            seen += [one["id"] for one in answer.json()["list"]]
            link = answer.json()["_links"]["next"]
            assert link is None or link.startswith(f"{PREFIXED}/v2/contacts?")
        assert len(set(seen)) == 25
        assert (await browser.get(f"{PREFIXED}/contacts/C%2F3", headers=token)).status_code == 200
        entries = [one.path for one in client.account.journal]
        assert "/contacts/C%2F3" in entries


async def test_without_the_prefix_it_is_reached_too() -> None:
    async with reached(base_url=PREFIXED) as (_, client):
        assert (await client.connection.get("/docs")).status_code == 200
        assert (await client.connection.get("/_mock/ready")).status_code == 200
        assert (await client.connection.get("/casavix/docs")).status_code == 404
        assert (await client.connection.get("/other/docs")).status_code == 404


@pytest.mark.parametrize("prefix", ["/v2", "/docs", "/_mock/x"])
async def test_a_prefix_that_is_a_path_of_the_mock_is_not_taken_off(prefix: str) -> None:
    async with reached(base_url=f"http://public.test{prefix}") as (_, client):
        token = await client.log_in()
        assert (await client.connection.get("/v2/contacts", headers={"token": token})).status_code == 200
        assert (await client.connection.get("/docs")).status_code == 200


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ({}, "http://mock"),
        ({"X-Forwarded-Port": "8080"}, "http://mock:8080"),
        ({"X-Forwarded-Proto": "https", "X-Forwarded-Port": "443"}, "https://mock"),
        ({"X-Forwarded-Proto": "https", "X-Forwarded-Port": "8443"}, "https://mock:8443"),
        ({"X-Forwarded-Host": "a.test:1", "X-Forwarded-Port": "8443"}, "http://a.test:8443"),
        ({"X-Forwarded-Host": "a.test:8443"}, "http://a.test:8443"),
        ({"X-Forwarded-Host": "a.test, b.test", "X-Forwarded-Proto": "https, http"}, "https://a.test"),
        ({"X-Forwarded-Host": "[2001:db8::1]", "X-Forwarded-Port": "81"}, "http://[2001:db8::1]:81"),
        ({"X-Forwarded-Prefix": "a/b/"}, "http://mock/a/b"),
        ({"X-Forwarded-Prefix": "//evil.example"}, "http://mock/evil.example"),
        ({"X-Forwarded-Prefix": "/"}, "http://mock"),
        ({"X-Forwarded-Port": "no", "X-Forwarded-Proto": "javascript", "X-Forwarded-Host": 'a"b c'}, "http://mock"),
    ],
)
async def test_what_proxies_tell(headers: dict[str, str], address: str) -> None:
    async with Mock(forwarded=True).client() as client:
        (server,) = (await client.connection.get("/v2/openapi.json", headers=headers)).json()["servers"]
        assert server == {"url": f"{address}/v2"}
    async with Mock().client() as client:
        (server,) = (await client.connection.get("/v2/openapi.json", headers=headers)).json()["servers"]
        assert server == {"url": "/v2"}, "anybody can send these"


@pytest.mark.parametrize("accept", ["text/html,application/xhtml+xml,*/*;q=0.8", "*/*", "text/html"])
async def test_the_root_leads_a_browser_to_a_page(client: Client, accept: str) -> None:
    first = "/_mock/console/" if "text/html" in accept else "/docs"
    for path, leads in (("/", first), ("/docs/", "/docs")):
        for method in ("GET", "HEAD"):
            answer = await client.connection.request(method, path, headers={"accept": accept})
            assert (answer.status_code, answer.content) == (307, b"")
            assert urlsplit(urljoin(f"http://mock{path}", answer.headers["location"])).path == leads


async def test_the_root_is_no_operation_for_a_client(client: Client) -> None:
    answer = await client.connection.get("/", headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["rule"]) == (404, "operation-unknown")
    assert "/docs" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/docs", "/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js"])
async def test_pages_are_kept_from_what_is_not_their_own(client: Client, path: str) -> None:
    headers = (await client.connection.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    if path == "/docs":
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]


ORIGIN = "http://localhost:5173"
PREFLIGHT = {
    "Origin": ORIGIN,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "token,content-type",
}


def allowed(answer: httpx.Response) -> str | None:
    return answer.headers.get("access-control-allow-origin")


async def test_browsers_of_other_origins_are_not_answered_unless_it_is_said(client: Client) -> None:
    answer = await client.connection.options("/import", headers=PREFLIGHT)
    assert (answer.status_code, allowed(answer)) == (405, None)
    assert allowed(await client.connection.get("/jobs/x", headers={"Origin": ORIGIN})) is None


@pytest.mark.parametrize("origins", [(ORIGIN,), ("http://other.test", ORIGIN), ("*",)])
async def test_a_page_of_an_allowed_origin_can_call_the_api(origins: tuple[str, ...]) -> None:
    async with Mock(cors=origins, progress="immediate").client() as client:
        preflight = await client.connection.options("/import", headers=PREFLIGHT)
        assert preflight.status_code == 200
        assert allowed(preflight) in (ORIGIN, "*")
        assert "POST" in preflight.headers["access-control-allow-methods"]
        assert "token" in preflight.headers["access-control-allow-headers"].lower()
        token = await client.log_in()
        answer = await client.connection.post(
            "/import", json={"contacts": []}, headers={"Origin": ORIGIN, "token": token}
        )
        assert (answer.status_code, allowed(answer)) == (202, allowed(preflight))
        refused = await client.connection.get("/jobs/x", headers={"Origin": ORIGIN})
        assert (refused.status_code, allowed(refused)) == (401, allowed(preflight))
        assert "x-request-id" in refused.headers["access-control-expose-headers"].lower()


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://localhost:5173.evil.example", "https://localhost:5173", "null"]
)
async def test_pages_of_others_cannot(origin: str) -> None:
    async with Mock(cors=(ORIGIN,)).client() as client:
        assert (await client.connection.options("/import", headers={**PREFLIGHT, "Origin": origin})).status_code == 400
        assert allowed(await client.connection.get("/jobs/x", headers={"Origin": origin})) is None


@pytest.mark.parametrize("origins", [(ORIGIN,), ("*",)])
async def test_the_control_plane_is_for_no_other_origin(origins: tuple[str, ...]) -> None:
    async with Mock(cors=origins).client() as client:
        for method in ("OPTIONS", "POST"):
            answer = await client.connection.request(method, "/_mock/reset", headers=PREFLIGHT)
            assert (answer.status_code, allowed(answer)) == (403, None)


@pytest.mark.parametrize(("kind", "raised"), [("reset", ConnectionResetError), ("lost-response", ConnectionResetError)])
async def test_faults_break_connections_of_browsers_too(kind: str, raised: type[Exception]) -> None:
    async with Mock(cors=("*",)).client() as client:
        token = await client.log_in()
        client.account.faults.add(Fault(operation="getJob", effect=Effect(kind=kind)))
        with pytest.raises(raised):
            await client.connection.get("/jobs/x", headers={"token": token, "Origin": ORIGIN})
