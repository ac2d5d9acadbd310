"""What is kept of usual exchanges, against what is kept of any: the journal must not tell the difference."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

import pytest

from casavi_mock.domain.journal import Exchange
from casavi_mock.domain.model import Secret
from casavi_mock.journal import recorder
from casavi_mock.journal.plain import PlainExchange
from tests.support.client import Client
from tests.support.server import Mock

PERSON = {"id": "C1", "lastName": "Müller"}
DIFFERENT = ("number", "request_id", "duration_ms", "job_id")
"""What differs between any two exchanges."""


@pytest.fixture(name="client")
def _client(client: Client) -> Client:
    """A client with credentials as they usually are; those of other tests look for trouble."""
    client.account = client.mock.account("the-secret-of-an-account")
    return client


Calls = Callable[[Client], Awaitable[Any]]


async def log_in(client: Client) -> None:
    await client.request("POST", "/authenticate", json=client.credentials)


async def refresh(client: Client) -> None:
    await client.request("POST", "/refresh", json={"apiKey": client.account.key, "token": client.token})


async def send(client: Client) -> None:
    body = {"contacts": [PERSON], "responsibilities": [{**RESPONSIBILITY, "contactId": "C1"}]}
    await client.request("POST", "/import", content=json.dumps(body, ensure_ascii=False), headers=as_json(client))


async def look_up(client: Client) -> None:
    job = await client.send({"contacts": [{"id": "C1"}]})
    await client.request("GET", f"/jobs/{job.json()['jobId']}", headers={"token": client.token})


async def read(client: Client) -> None:
    await client.request("GET", "/contacts", headers={"token": client.token, "x-what": "this-and-that-and-more"})


RESPONSIBILITY = {"propertyId": "P1", "roleName": "x", "roleType": "internal"}
USUAL: list[Calls] = [log_in, refresh, send, look_up, read]


def as_json(client: Client) -> dict[str, str]:
    return {"content-type": "application/json", "token": client.token}


def last(client: Client) -> Exchange:
    found = client.account.journal.last
    assert found is not None
    return found


def plain(client: Client) -> bool:
    """Whether the last exchange is kept as it came."""
    return isinstance(client.account.journal._entries[-1], PlainExchange)


@pytest.mark.parametrize("calls", USUAL, ids=lambda calls: calls.__name__)
async def test_usual_exchanges_are_told_like_any(client: Client, calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    await client.log_in()
    await calls(client)
    assert plain(client)
    usual = last(client)
    await client.log_in()
    monkeypatch.setattr(recorder, "in_usual_places", lambda *args: False)
    await calls(client)
    assert not plain(client)
    assert told(usual) == told(last(client))


def told(exchange: Exchange) -> dict[str, Any]:
    """What does not differ between an exchange and the same again."""
    told = {name: value for name, value in asdict(exchange).items() if name not in DIFFERENT}
    headers = {name: value for name, value in exchange.response_headers if name != b"x-request-id"}
    told["response_headers"] = headers
    told["token"] = exchange.token is not None  # another one each time
    if exchange.job_id is not None:
        told["path"] = exchange.path.replace(exchange.job_id, "JOB")
        told["response_body"] = re.sub(rb"\d+", b"0", exchange.response_body.replace(exchange.job_id.encode(), b"JOB"))
    return told


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("GET", "/contacts?page=0", {}),
        ("GET", "/contacts/C1", {}),
        ("HEAD", "/contacts", {}),
        ("GET", "/jobs/unknown", {}),
        ("GET", "/contacts", {"headers": {"x-what": "{key}"}}),
        ("GET", "/contacts", {"headers": {"x-what": "{secret}"}}),
        ("GET", "/contacts", {"headers": {"x-what": "a {token} b"}}),
        ("GET", "/contacts", {"headers": {"authorization": "{token}"}}),
        ("POST", "/import", {"content": '{{"contacts": [{{"id": "{key}"}}]}}'}),
        ("POST", "/import", {"content": '{{"contacts": [{{"id": "x", "token": "y"}}]}}'}),
        ("POST", "/import", {"content": '{{"contacts": [{{"id": "a\\\\"b"}}]}}'}),
        ("POST", "/import", {"content": '{{"contacts": [{{"id": "x", "note": "' + "x" * 20_000 + '"}}]}}'}),
        ("POST", "/import", {"content": '{{"contacts": 1}}'}),
    ],
)
async def test_others_are_looked_at_more_closely(
    client: Client, method: str, path: str, options: dict[str, Any]
) -> None:
    token = await client.log_in()
    secrets = {"key": client.account.key, "secret": client.account.secret.reveal(), "token": token}
    headers = {name: value.format(**secrets) for name, value in options.get("headers", {}).items()}
    content = options.get("content", "").format(**secrets)
    sent = {"content-type": "application/json", "token": token, "accept": "x-a-b-c-d", **headers}
    await client.connection.request(method, path, content=content, headers=sent)
    assert last(client).operation is not None
    assert not plain(client)
    for secret in secrets.values():
        assert secret not in repr(last(client))


async def test_a_log_in_that_brings_a_token_is_looked_at_more_closely(client: Client) -> None:
    token = await client.log_in()
    await client.request("POST", "/authenticate", json=client.credentials, headers={"token": token})
    assert not plain(client)
    assert token not in repr(last(client))


@pytest.mark.parametrize("secret", ["short", "not-ascii-\N{LATIN SMALL LETTER U WITH DIAERESIS}-at-all"])
async def test_credentials_that_may_be_words_are_looked_for_more_closely(secret: str) -> None:
    mock = Mock()
    async with mock.client() as client:
        client.account = mock.registry.create("the-key-of-an-account", Secret(secret))
        await client.log_in()
        assert not plain(client)


async def test_tokens_of_others_in_headers_are_hidden(client: Client) -> None:
    other = client.another()
    token = await other.log_in()
    await client.log_in()
    for spelled in (token, token.upper()):
        await client.request("GET", "/contacts", headers={"token": client.token, "x-what": f"a {spelled}"})
        assert not plain(client)
        assert spelled not in repr(last(client))
