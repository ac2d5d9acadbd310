"""Health, readiness, the served contract document and its reader; and what is left when the server ends."""

import asyncio
import re
import subprocess
import sys
import threading
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

from casavi_fixtures import load_portfolio
from casavi_mock.domain.jobs import Progress
from casavi_mock.version import __version__
from tests.support.client import PLAIN, Client
from tests.support.contract import resolve_pointer
from tests.support.server import Mock, shared_mock


async def test_health_counts_what_is_held() -> None:
    async with Mock(progress=Progress(progress="immediate")).client() as client:
        empty = await client.health()
        assert (empty["status"], empty["version"], empty["accounts"]) == ("ok", __version__, 1)
        assert set(empty["records"].values()) == {0}
        assert empty["jobs"] == {"kept": 0, "unfinished": 0, "dropped": 0, "refused": 0}
        job = await client.imported(load_portfolio("small-house"))
        health = await client.health()
        assert health["records"] == {entity: counts["created"] for entity, counts in job["counts"].items()}
        assert health["jobs"]["kept"] == 1
        assert health["journal"]["kept"] == 3  # log-in, import, job


async def test_ready_when_the_worker_runs() -> None:
    mock = Mock()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(mock.app), base_url="http://mock") as connection:
        before = await connection.get("/_mock/ready")
        assert (before.status_code, before.json()["status"]) == (503, "starting")
        async with mock.app.running():
            during = await connection.get("/_mock/ready")
            assert (during.status_code, during.json()["status"]) == (200, "ready")
            assert all(during.json()["parts"].values())
        assert (await connection.get("/_mock/ready")).status_code == 503


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/_mock/nothing", 404),
        ("GET", "/_mock/health/", 404),
        ("POST", "/_mock/health", 405),
        ("DELETE", "/_mock/ready", 405),
        ("GET", "/_mock", 404),
    ],
)
async def test_refusals_of_the_control_plane(client: Client, method: str, path: str, status: int) -> None:
    response = await client.connection.request(method, path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == status


async def test_the_served_document_is_the_applied_one() -> None:
    async with shared_mock(import_path="/v1/import-data").client() as client:
        served = (await client.request("GET", "/openapi.json")).json()
        assert served == client.mock.settings.document
        assert "/v1/import-data" in served["paths"]
        second = (await client.request("GET", "/v2/openapi.json")).json()
        assert second == client.mock.contract.second.document  # type: ignore[union-attr]
        assert second["servers"] == [{"url": "/v2"}]
        assert "/v1/import-data" in second["paths"]


async def test_the_served_document_is_valid(client: Client) -> None:
    for path in ("/openapi.json", "/v2/openapi.json"):
        OpenAPIV30SpecValidator((await client.request("GET", path)).json()).validate()


class References(HTMLParser):
    """Collects what a page loads or links to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [
            value or ""
            for name, value in attrs
            if name in ("src", "href", "action", "data", "content") and "/" in (value or "")
        ]


async def test_docs_load_from_this_server_alone(client: Client) -> None:
    page = await client.request("GET", "/docs")
    assert page.status_code == 200
    assert not re.search(r"(https?:)?//[a-z0-9]", page.text, re.IGNORECASE), "an address outside the server"
    references = References()
    references.feed(page.text)
    assert len(references.found) == 4
    kinds = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "png": "image/png"}
    for reference in references.found:
        assert reference.startswith("docs/"), "whatever stands in front of /docs stands in front of these"
        asset = await client.request("GET", f"/{reference}")
        assert (asset.status_code, asset.headers["content-type"]) == (200, kinds[reference.rpartition(".")[2]])
        assert len(asset.content) > 100
        assert "max-age" in asset.headers["cache-control"]
        assert (await client.request("HEAD", f"/{reference}")).content == b""
    assert all(f'"{path}"' in page.text for path in ("openapi.json", "v2/openapi.json", "_mock/openapi.json"))
    assert "url(http" not in (await client.request("GET", "/docs/swagger-ui.css")).text


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/v2/openapi.json", "/docs/swagger-ui.css"])
async def test_pages_are_only_read(client: Client, path: str) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert (await client.request(method, path)).status_code == 404


async def test_evidence_is_part_of_the_served_document(client: Client) -> None:
    for place in ("/v2/openapi.json", "/openapi.json"):
        document = (await client.request("GET", place)).json()
        for path, item in document["paths"].items():
            for operation in item.values():
                assert operation["x-evidence"], path
    assert resolve_pointer(document, "/x-rules/missing-reference/evidence") == "documented"


def alive(threads: set[threading.Thread]) -> list[str]:
    """Names of the threads that do not end, though they may take a moment for it."""
    for thread in threads:
        thread.join(60)
    return [thread.name for thread in threads if thread.is_alive()]


async def other_tasks() -> set[str]:
    await asyncio.sleep(0)
    return {task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()}


async def test_no_task_is_left() -> None:
    before = await other_tasks()
    mock = Mock()
    async with mock.client() as client:
        await client.send(load_portfolio("small-house"))  # and do not wait for its end
        await client.health()
        assert await other_tasks() > before
    assert await other_tasks() == before


async def test_no_thread_is_left() -> None:
    before = set(threading.enumerate())
    mock = Mock(progress=Progress(progress="immediate"))
    async with mock.client() as client:
        await client.imported(load_portfolio("small-house"))
        await client.health()
    assert alive(set(threading.enumerate()) - before) == []


async def test_the_server_can_run_again() -> None:
    mock = Mock(progress=Progress(progress="immediate"))
    account = None
    for turn in range(3):
        async with mock.client() as client:
            account = account or client.account
            client.account = account
            await client.health()
            job = await client.imported({"contacts": [{"id": f"C-{turn}"}]})
            assert job["counts"]["contacts"]["created"] == 1


async def test_what_was_waiting_when_the_server_ended_goes_on_afterwards() -> None:
    mock = Mock()
    async with mock.client() as client:
        job_id = (await client.send(load_portfolio("small-house"))).json()["jobId"]
    async with mock.client() as other:
        other.account, other.token = client.account, client.token
        assert (await other.finished(job_id))["status"] == "completed"


def test_a_live_server_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    with Mock().listening() as live:
        assert httpx.get(f"{live.url}/_mock/ready", timeout=60, verify=PLAIN).status_code == 200
    assert alive(set(threading.enumerate()) - before) == []


async def test_a_job_that_cannot_be_run_harms_no_other(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    mock = Mock(progress=Progress(progress="time", job_seconds=0))
    async with mock.client() as client:
        other = client.another()

        def fails(max_records: int) -> bool:
            raise RuntimeError("a bug")

        monkeypatch.setattr(client.account, "run_due", fails)
        await client.send({"contacts": []})
        for _ in range(200):  # the worker comes to it, and would come again and again
            await asyncio.sleep(0)
        told = sum("could not be run" in record.getMessage() for record in caplog.records)
        assert 1 <= told <= 3
        assert (await other.imported({"contacts": [{"id": "C-1"}]}))["status"] == "completed"
        response = await client.connection.get("/jobs/x", headers={"token": client.token})
        assert (response.status_code, response.json()["rule"]) == (500, "internal-error")
        assert response.headers["x-request-id"] in response.json()["detail"]
        assert "a bug" not in response.text


async def test_an_exchange_is_in_the_journal_before_its_answer_is_out(client: Client) -> None:
    """Otherwise whoever asks for the journal right after an answer would miss it now and then."""
    token = await client.log_in()
    known = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        async def watched(message: Any) -> None:
            last = client.account.journal.last
            known.append((message["type"], last.path if last else None))
            await send(message)

        await client.mock.app(scope, receive, watched)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://mock") as connection:
        await connection.get("/jobs/x", headers={"token": token})
    assert known == [("http.response.start", "/jobs/x"), ("http.response.body", "/jobs/x")]


UNDER_WAY = """
import asyncio
import sys
import httpx
from casavi_mock.server.app import MockApp, new_registry
from casavi_mock.accounts import Settings

async def main():
    app = MockApp(new_registry(Settings.from_profile()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mock") as connection:
        async with app.running():
            asked = asyncio.create_task(connection.get("/_mock/health"))
            await asyncio.sleep(0)
        print((await asked).status_code, any(name.startswith("casavi_mock.console") for name in sys.modules))

asyncio.run(main())
"""


def test_a_question_under_way_does_not_keep_the_server_from_ending() -> None:
    """In a process of its own, since a server that hangs here cannot be ended otherwise."""
    done = subprocess.run([sys.executable, "-c", UNDER_WAY], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.strip(), done.returncode) == ("200 False", 0), done.stderr  # and nobody has loaded the console
