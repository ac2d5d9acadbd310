"""What a test puts into an account beside its client: records and tokens, without a trace in the journal."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from casavi_fixtures import load_portfolio
from tests.support.client import Client
from tests.support.server import shared_mock

FLAT = {"id": "U-1", "contracts": [{"contactId": "C-1", "type": "RENTER"}]}
HOUSE = {"id": "P-1", "name": "x", "addresses": [{"street": "x", "units": [FLAT]}]}


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with shared_mock().client() as client:
        yield client


async def ask(client: Client, method: str, path: str, body: Any = None) -> httpx.Response:
    headers = {"X-Mock-Key": client.account.key}
    return await client.connection.request(method, f"/_mock{path}", json=body, headers=headers)


async def test_a_portfolio_is_loaded_on_top_of_what_is_there(client: Client) -> None:
    await client.imported({"contacts": [{"id": "C-9", "lastName": "Smith", "note": "kept"}]})
    before = len(client.account.journal)
    answer = await ask(client, "POST", "/state", load_portfolio("small-house"))
    assert answer.status_code == 200
    assert answer.json()["records"]["units"] == 6
    assert client.account.store.get("contacts", "C-9").fields["note"] == "kept"
    assert (len(client.account.journal), len(client.account.jobs())) == (before, 1)


async def test_a_state_is_loaded_without_its_history(client: Client) -> None:
    state = (await ask(client, "GET", "/state")).json()
    assert (await ask(client, "POST", "/state", {**state, "contacts": [{"id": "C-1"}]})).status_code == 200
    assert client.account.store.has("contacts", "C-1")


async def test_all_of_a_portfolio_is_loaded_or_nothing(client: Client) -> None:
    answer = await ask(client, "POST", "/state", {"properties": [HOUSE]})
    assert answer.status_code == 409
    assert "contactId names contacts 'C-1'" in answer.json()["detail"]
    assert client.account.store.count("properties") == 0
    assert (await ask(client, "POST", "/state", {"contacts": [{"id": 1}]})).json()["where"] == "/contacts/0/id"
    assert (await ask(client, "POST", "/state", {})).status_code == 400


async def test_a_portfolio_is_loaded_while_a_job_waits(client: Client) -> None:
    """Into the same records that the job goes on with."""
    client.account.hold()
    job = (await client.send({"properties": [HOUSE]})).json()["jobId"]
    assert (await ask(client, "POST", "/state", {"contacts": [{"id": "C-1"}]})).status_code == 200
    client.account.release()
    assert (await client.finished(job))["errors"] == []


async def test_a_token_is_issued(client: Client) -> None:
    answer = await ask(client, "POST", "/tokens")
    assert answer.status_code == 201
    read = await client.request("GET", "/contacts", headers={"token": answer.json()["token"]})
    assert read.status_code == 200
    assert [exchange.operation for exchange in client.account.journal] == ["getContacts"]
    told = await client.post("/authenticate", client.credentials)
    assert answer.json()["expiresAt"] == told.json()["expiresAt"]


async def test_an_issued_token_is_not_told(client: Client) -> None:
    token = (await ask(client, "POST", "/tokens")).json()["token"]
    await client.request("GET", f"/contacts?note={token}", headers={"token": token})
    assert token not in (await ask(client, "GET", "/requests")).text
