"""No secret stands in journal or log, in whatever form a client sends it; and what is no secret is shown as it came."""

import base64
import gc
import json
import logging
import re
import sys
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import pytest

from casavi_mock.domain.journal import Exchange
from casavi_mock.journal import recorder
from casavi_mock.journal.redaction import Credentials, Redaction, known, nothing_hidden, tokens_in
from tests.support.client import Client
from tests.support.server import SECRET, Mock

FORMS: dict[str, Callable[[str], str]] = {
    "raw": lambda text: text,
    "in other text": lambda text: f"some-{text}-more",
    "JSON-escaped": lambda text: json.dumps(text)[1:-1],
    "JSON-escaped, every character": lambda text: "".join(f"\\u{ord(c):04x}" for c in text),
    "percent-encoded": quote,
    "percent-encoded, every byte": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "percent-encoded three times": lambda text: quote(quote(quote(text))),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 behind one byte": lambda text: base64.b64encode(b"u" + text.encode() + b"?").decode(),
    "base64 behind two bytes": lambda text: base64.b64encode(b"u:" + text.encode()).decode().rstrip("="),
    "base64 behind other text": lambda text: "xY" + base64.b64encode(b"key:" + text.encode() + b":key").decode() + "Z",
}
"""What a client may make of a secret."""

SECRETS = ("token", "former token", "token of another", "key", "secret", "odd secret")


async def places(client: Client, spelled: str) -> None:
    """Sends a text to every place where it may end up in the journal."""
    headers = {"token": client.token, "content-type": "application/json"}
    address = quote(spelled, safe="%=")
    send = client.connection.request
    await send("GET", "/contacts", headers={**headers, "x-any": spelled.encode()})
    await send("GET", f"/jobs/{address}", headers=headers)
    await send("GET", f"/contacts?page=0&note={address}", headers=headers)
    await send("GET", f"/some/{address}/where", headers=headers)
    for body in ('{"contacts":[{"id":"C1","lastName":"%s"}]}', '{"contacts":[{"id":"%s"}]}', '{"contacts":"%s"}', "%s"):
        await send("POST", "/import", content=(body % spelled).encode(), headers=headers)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("what", SECRETS)
async def test_no_form_of_a_secret_is_shown(what: str, form: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    mock = Mock()
    async with mock.client() as client:
        client.account = mock.account(SECRET if what == "odd secret" else "the-secret-of-an-account")
        secrets = {"token of another": await client.another().log_in(), "former token": await client.log_in()}
        secrets |= {"token": await client.log_in(), "key": client.account.key}
        text = secrets.get(what, client.account.secret.reveal())
        spelled = FORMS[form](text)
        await places(client, spelled)
        exchanges = [*client.account.journal, *mock.registry.strangers]
    assert len(exchanges) == 10
    logged = [record.getMessage() + repr(vars(record)) for record in caplog.records if record.name[:6] == "casavi"]
    shown = "\n".join([*map(texts, exchanges), *logged])
    core = base64.b64encode(text.encode()).decode()[:-4]
    spellings = {text, json.dumps(text)[1:-1], quote(text), spelled, quote(spelled, safe="%="), core}
    assert [hidden for hidden in spellings if hidden in shown] == []


def texts(exchange: Exchange) -> str:
    """Everything that an exchange shows, as text."""
    parts = [exchange.request_body, exchange.response_body]
    parts += [part for header in exchange.request_headers for part in header]
    return repr(exchange) + "\n".join(part.decode(errors="replace") for part in parts)


PERSON = {"id": "C1", "lastName": "Müller"}
Calls = Callable[[Client], Awaitable[Any]]


async def log_in(client: Client) -> None:
    await client.request("POST", "/authenticate", json=client.credentials)


async def refresh(client: Client) -> None:
    await client.request("POST", "/refresh", json={"apiKey": client.account.key, "token": client.token})


async def send(client: Client) -> None:
    role = {"propertyId": "P1", "roleName": "x", "roleType": "internal", "contactId": "C1"}
    content = json.dumps({"contacts": [PERSON], "responsibilities": [role]}, ensure_ascii=False)
    headers = {"content-type": "application/json", "token": client.token}
    await client.request("POST", "/import", content=content, headers=headers)


async def look_up(client: Client) -> None:
    job = await client.send({"contacts": [{"id": "C1"}]})
    await client.request("GET", f"/jobs/{job.json()['jobId']}", headers={"token": client.token})


async def read(client: Client) -> None:
    await client.request("GET", "/contacts", headers={"token": client.token, "x-what": "this-and-that-and-more"})


@pytest.mark.parametrize("calls", [log_in, refresh, send, look_up, read], ids=lambda calls: calls.__name__)
async def test_a_close_look_tells_what_a_quick_one_tells(
    client: Client, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nearly all exchanges hold nothing to hide, and that is told fast; the journal must not tell the difference."""
    looks: list[bool] = []

    def looked(*arguments: Any, quotes: bool) -> bool:
        looks.append(nothing_hidden(*arguments, quotes=quotes))
        return looks[-1]

    client.account = client.mock.account("the-secret-of-an-account")  # others look for trouble
    monkeypatch.setattr(recorder, "nothing_hidden", looked)
    await client.log_in()
    await calls(client)
    assert looks
    assert all(looks)
    quick = client.account.journal.last
    await client.log_in()
    monkeypatch.setattr(recorder, "nothing_hidden", lambda *arguments, quotes: False)
    await calls(client)
    close = client.account.journal.last
    assert quick is not None
    assert close is not None
    assert told(quick) == told(close)


def told(exchange: Exchange) -> dict[str, Any]:
    """What does not differ between an exchange and the same again."""
    different = ("number", "request_id", "duration_ms", "job_id")
    told = {name: value for name, value in exchange._asdict().items() if name not in different}
    told["response_headers"] = {name: value for name, value in exchange.response_headers if name != b"x-request-id"}
    told["token"] = exchange.token is not None  # another one each time
    if exchange.job_id is not None:
        told["path"] = exchange.path.replace(exchange.job_id, "JOB")
        told["response_body"] = re.sub(rb"\d+", b"0", exchange.response_body.replace(exchange.job_id.encode(), b"JOB"))
    return told


def test_tokens_are_found_wherever_base64_begins() -> None:
    """A quick look goes by what two hyphens of a UUID become, so tokens have to be UUIDs."""
    mock = Mock()
    account = mock.account()
    for _ in range(30):
        token = account.tokens.issue(mock.time.now).text.reveal()
        for before in range(4):
            raw = b'{"a":"' + base64.b64encode(b"x" * before + token.encode()) + b'"}'
            shown = {"path": "/", "request_headers": (), "request_body": raw, "response_body": b""}
            assert not nothing_hidden(shown, Credentials((), ()), mock.registry.issued, quotes=True)
            assert tokens_in(raw, mock.registry.issued) == [token]
            assert token not in repr(Redaction((), mock.registry.issued, raw).shown(raw))
            assert Redaction((), mock.registry.issued, raw).shown(raw) == b'{"a":"[redacted]"}'


def test_what_is_long_is_no_token() -> None:
    """Documents come in base64, and nearly all of it looks a little like something."""
    raw = base64.b64encode(bytes(range(256)) * 40)
    assert tokens_in(raw, Mock().registry.issued) == []
    assert Redaction([known("the-key-of-an-account")], (), raw).shown(raw) == raw


@pytest.mark.parametrize("text", ["the-key-of-an-account", "s3cr3t-äöü-of-this", 'with "quotes" and \\ in it'])
def test_beginnings_that_are_quoted_or_cut_are_hidden(text: str) -> None:
    redaction = Redaction([known(text)], (), b"")
    form = text.encode()
    for length in range(8, len(form) - 2):
        assert redaction.shown(b"got " + form[:length] + b"|more", quotes=True) == b"got [redacted]|more"
        assert redaction.shown(b"_" * 20 + form[:length], cut=True) == b"_" * 20 + b"[redacted]"
    assert redaction.shown(b"got " + form[:7] + b".") == b"got " + form[:7] + b"."


async def test_a_wrong_key_takes_as_many_steps_as_a_wrong_secret() -> None:
    """Otherwise the time of a refusal tells which keys there are; counted, since times differ on every machine."""
    async with Mock().client() as client:
        for _ in range(20):
            client.mock.account()
        right = client.account.secret.reveal()
        steps = []
        for key, secret in (
            (client.account.key, right[::-1]),
            (client.account.key[::-1], right),
            (client.account.key[::-1], right[::-1]),
        ):
            body = {"key": key, "secret": secret}
            assert (await client.connection.post("/authenticate", json=body)).status_code == 401
            calls = 0

            def count(frame: object, event: str, argument: object) -> None:
                nonlocal calls
                calls += event in ("call", "c_call")

            gc.disable()  # libraries let it call functions of theirs
            sys.setprofile(count)
            try:
                await client.connection.post("/authenticate", json=body)
            finally:
                sys.setprofile(None)
                gc.enable()
            steps.append(calls)
        assert max(steps) - min(steps) <= 4, steps
