"""What the journal tells of exchanges, and that no token and no secret is in it, wherever a client puts them."""

import gc
import json
import logging
import tracemalloc
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from casavi_mock.cli.logs import EXCHANGES
from casavi_mock.domain.journal import Exchange, Journal
from casavi_mock.domain.model import Secret
from casavi_mock.journal.recorder import MAX_HEADERS, MAX_NAMED
from casavi_mock.journal.redaction import REDACTED, Redaction, members_view, without_members
from casavi_mock.messages.request import KEPT_BYTES
from tests.support.client import Client
from tests.support.server import Mock, shared_mock
from tests.support.traffic import vendor

PERSON = {"id": "C1", "type": "OWNER"}


def last(client: Client) -> Exchange:
    found = client.account.journal.last
    assert found is not None
    return found


async def send(client: Client, method: str, path: str, **options: Any) -> httpx.Response:
    """Sends without holding the answer against the contract: what is sent here is often out of bounds."""
    return await client.connection.request(method, path, **options)


# What is told


async def test_an_import_and_a_look_at_its_job(client: Client) -> None:
    response = await client.send({"contacts": [{"id": "C1", "nick": "x"}], "properties": []})
    told = last(client)
    assert (told.operation, told.status, told.path, told.query) == (
        "importMasterData",
        response.status_code,
        "/import",
        "",
    )
    assert told.job_id in response.text
    assert json.loads(told.request_body)["contacts"][0]["id"] == "C1"
    assert (told.request_bytes, told.response_body) == (len(response.request.content), response.content)
    assert told.provides == (("contacts", "C1"),)
    assert told.unknown_fields == ("/contacts/0/nick",)
    assert dict(told.response_headers)[b"x-request-id"] == response.headers["x-request-id"].encode()
    assert dict(told.response_headers)[b"content-length"] == response.headers["content-length"].encode()
    assert told.at == told.server_at == client.account.clock.now()
    job = await client.job(str(told.job_id))
    look = last(client)
    assert (look.operation, look.job_id, look.job_status, look.job_final) == (
        "getJob",
        told.job_id,
        job["status"],
        True,
    )
    assert client.account.journal.find(job=told.job_id) == [told, look]
    assert told.fingerprint
    assert look.fingerprint is None


async def test_what_a_job_refused_is_told(client: Client) -> None:
    role = {"contactId": "C9", "propertyId": "P1", "roleName": "caretaker", "roleType": "external"}
    body = {"properties": [{"id": "P1"}], "responsibilities": [role]}
    response = await client.send(body)
    assert response.is_success, response.text
    sent = last(client)
    assert set(sent.refers) == {("contacts", "C9"), ("properties", "P1")}
    await client.job(str(sent.job_id))
    assert last(client).missing == (("contacts", "C9"),)
    assert last(client).refused == (("responsibilities", None),)


async def test_log_in_and_refresh_show_names_alone(client: Client) -> None:
    token = await client.log_in()
    log_in = last(client)
    shown = {"key": REDACTED, "secret": REDACTED}
    assert json.loads(log_in.request_body) == shown
    answer = json.loads(log_in.response_body)
    assert answer["token"] == REDACTED
    assert log_in.token_until == client.account.clock.now() + timedelta(days=30)
    assert answer["expiresAt"][:10] == log_in.token_until.isoformat()[:10]
    await client.post("/refresh", {"apiKey": client.account.key, "token": token})
    refresh = last(client)
    assert json.loads(refresh.request_body) == {"apiKey": REDACTED, "token": REDACTED}
    assert REDACTED in refresh.response_body.decode()
    assert refresh.token != log_in.token


async def test_marks_tell_which_token_was_used(client: Client) -> None:
    await client.log_in()
    given = last(client).token
    await client.request("GET", "/jobs/x", headers={"token": client.token})
    assert last(client).token == given
    assert given not in (None, client.token)


async def test_fingerprints_tell_the_same_from_different(client: Client) -> None:
    for name in ("C1", "C1", "C2"):
        await client.send({"contacts": [{**PERSON, "id": name}]})
    one, same, other = (exchange.fingerprint for exchange in client.account.journal.find(operation="importMasterData"))
    assert one == same != other


async def test_refusals_tell_rule_detail_and_places(client: Client) -> None:
    response = await client.send({"contacts": 1})
    told = last(client)
    assert (told.rule, told.status, told.pointers) == ("schema-violation", 400, ("/contacts",))
    assert told.evidence == response.json()["evidence"]
    assert told.detail == response.json()["detail"]


async def test_a_token_that_is_no_good_any_more_has_an_owner(client: Client) -> None:
    """Otherwise nobody could tell by an account's journal that its client let the token expire."""
    await client.log_in()
    client.account.clock.advance(timedelta(days=31))
    assert (await client.request("GET", "/jobs/x", headers={"token": client.token})).status_code == 401
    assert last(client).rule == "token-expired"


@pytest.mark.parametrize(
    ("headers", "form"),
    [
        ({"token": "Bearer {}"}, "bearer"),
        ({"token": "bearer {}"}, "bearer"),
        ({"authorization": "Bearer {}"}, "authorization"),
        ({"authorization": "{}"}, "authorization"),
        ({"token": "{}", "authorization": "Token {}"}, "authorization"),
        ({"token": "{}", "authorization": "Basic dXNlcg=="}, None),
        ({"authorization": "Token {}"}, "authorization"),
        ({"token": "{}"}, None),
    ],
)
async def test_form_of_the_token(client: Client, headers: dict[str, str], form: str | None) -> None:
    token = await client.log_in()
    await client.request("GET", "/jobs/x", headers={name: value.format(token) for name, value in headers.items()})
    assert last(client).path == "/jobs/x"
    assert last(client).token_form == form
    assert token not in repr(last(client))


async def test_all_headers_are_told_as_they_came(client: Client) -> None:
    await client.log_in()
    headers = [("token", client.token), ("x-a", "1"), ("x-a", "2"), ("x-language", "de")]
    await send(client, "GET", "/jobs/x", headers=headers)
    told = last(client).request_headers
    assert [value for name, value in told if name == b"x-a"] == [b"1", b"2"]
    assert (b"x-language", b"de") in told
    assert (b"token", REDACTED.encode()) in told


async def test_other_texts_of_the_shape_of_a_token_stay(client: Client) -> None:
    """Ids of other systems look like tokens; only those that are known are hidden."""
    await client.log_in()
    trace = "0b1c2d3e-0000-4000-8000-0123456789ab"
    await send(client, "GET", f"/jobs/{trace}?id={trace}", headers={"token": client.token, "x-trace": trace})
    told = last(client)
    assert (told.path, told.query, told.job_id) == (f"/jobs/{trace}", f"id={trace}", trace)
    assert (b"x-trace", trace.encode()) in told.request_headers


async def test_head_has_no_body(client: Client) -> None:
    job = await client.imported({"contacts": [PERSON]})
    response = await client.request("HEAD", f"/jobs/{job['id']}", headers={"token": client.token})
    assert response.status_code == 200
    assert (last(client).response_body, last(client).operation) == (b"", "getJob")
    assert last(client).response_bytes > 0


async def test_bodies_headers_and_addresses_are_cut(client: Client) -> None:
    many = {"contacts": [{**PERSON, "id": f"C{number}"} for number in range(2_000)]}
    await client.send(many)
    told = last(client)
    assert len(told.request_body) == KEPT_BYTES < told.request_bytes
    await client.job(str(told.job_id))
    assert len(last(client).response_body) <= KEPT_BYTES
    headers = [("token", client.token), ("x-long", "x" * 50_000), *((f"x-{n}", "1") for n in range(200))]
    await send(client, "GET", f"/jobs/{'y' * 9_000}/{'z' * 9_000}?a={'x' * 9_000}&b={'x' * 9_000}", headers=headers)
    told = last(client)
    assert len(told.request_headers) == MAX_HEADERS
    assert told.size < 10_000
    assert (told.path, told.query) == ("/jobs/…", "&…")
    await send(client, "GET", f"/jobs/{'y' * 9_000}", headers={"token": client.token})
    assert len(last(client).job_id or "") < 1_000


async def test_names_of_very_many_or_long_records_are_not_kept(client: Client) -> None:
    await client.send({"contacts": [{**PERSON, "id": f"{number}-{'x' * 3_000}"} for number in range(50)]})
    assert last(client).provides == ()
    assert last(client).size < 50_000


async def test_stays_small(client: Client) -> None:
    """The journal of an account has a bound in bytes."""
    client.account.journal = Journal(1_000, max_bytes=100_000)
    await client.log_in()
    for _ in range(20):
        await client.send({"contacts": [{**PERSON, "lastName": "x" * 15_000}]})
    assert client.account.journal.bytes_kept <= 100_000
    assert client.account.journal.dropped > 10


@pytest.mark.parametrize("key", ["k", "a-key-that-is-no-word"])
async def test_an_exchange_takes_no_more_memory_than_is_counted(key: str, caplog: pytest.LogCaptureFixture) -> None:
    """Secrets are looked for closely where the key may be a word, and such exchanges are kept in another form."""
    caplog.set_level(logging.WARNING, EXCHANGES)  # what the log of the tests keeps is no memory of the journal
    mock = Mock()
    async with mock.client() as client:
        client.account = mock.registry.create(key, Secret(f"{key}-and-its-secret"))
        journal = client.account.journal

        async def poll(times: int) -> None:
            for _ in range(times):
                await client.connection.get(f"/jobs/{job_id}", headers={"token": client.token})

        job_id = (await client.send({"contacts": [{"id": "C1"}]})).json()["jobId"]
        await poll(50)  # what is made once is there now
        counted = journal.bytes_kept
        tracemalloc.start()
        await poll(100)
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert taken < 1.5 * (journal.bytes_kept - counted)


# What is not told


class Hostile:
    """A client that puts its token, key and secret where they do not belong."""

    def __init__(self, client: Client, token: str) -> None:
        self.client = client
        self.token = token
        self.key, self.secret = client.account.key, client.account.secret.reveal()

    def hidden(self) -> set[str]:
        """Spellings of what must not be shown."""
        texts = {self.token, self.key, self.secret}
        ascii_ = {json.dumps(text)[1:-1] for text in texts}
        return texts | ascii_ | {repr(text)[1:-1] for text in texts} | {quote(text) for text in texts}

    def check(self, caplog: pytest.LogCaptureFixture) -> None:
        """Asserts that neither journal nor log shows any of it."""
        journals = (*self.client.account.journal, *self.client.mock.registry.strangers)
        shown = [repr(exchange) for exchange in journals]
        shown += [text for exchange in journals for text in texts(exchange)]
        shown += [record.getMessage() + repr(vars(record)) for record in caplog.records if record.name[:6] == "casavi"]
        assert shown
        for hidden in self.hidden():
            assert not [text for text in shown if hidden in text]


def texts(exchange: Exchange) -> list[str]:
    """What stands in an exchange in bytes, decoded in every way that somebody may try."""
    raw = [exchange.request_body, exchange.response_body]
    raw += [part for header in (*exchange.request_headers, *exchange.response_headers) for part in header]
    return [part.decode(code, "replace") for part in raw for code in ("utf-8", "latin-1")]


@pytest.fixture
async def hostile(client: Client, caplog: pytest.LogCaptureFixture) -> Hostile:
    caplog.set_level(logging.DEBUG)
    client.mock.registry.strangers.clear()
    return Hostile(client, await client.log_in())


PLACES = {
    "segment": "/jobs/{}",
    "segment of an unknown path": "/{}/x",
    "end of an unknown path": "/some/where/{}",
    "inside a segment": "/jobs/a-{}-b",
    "beside an encoded slash": "/jobs/a%2F{}",
    "member": "/jobs/x?page={}",
    "member named like it": "/jobs/x?access_token={}",
    "member named like it, encoded": "/jobs/x?%74oken={}",
    "name of a member": "/jobs/x?{}=1",
    "member without a name": "/jobs/x?{}",
    "inside a member": "/jobs/x?a=b-{}-c",
    "one of many members": "/jobs/x?a=1&b=2;c={}&d=3",
    "behind a fragment's sign": "/jobs/x?a=%23{}",
    "of a log-in": "/authenticate?secret={}",
    "of a log-in, in the path": "/authenticate/{}",
    "of an import": "/import?token={}",
    "near a cut": "/" + "x/" * 990 + "{}",
    "near the cut of an error text": "/" + "x" * 180 + "/{}",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("with_token", [True, False])
async def test_addresses_show_none(
    hostile: Hostile, caplog: pytest.LogCaptureFixture, place: str, with_token: bool
) -> None:
    """However often it was encoded, whether or not it is known whose request it is."""
    headers = {"token": hostile.token} if with_token else {}
    for text in (hostile.token, hostile.key, hostile.secret):
        for encodings in range(1, 4):
            encoded = text
            for _ in range(encodings):
                encoded = quote(encoded)
            await send(hostile.client, "GET", PLACES[place].format(encoded), headers=headers)
            await send(hostile.client, "POST", PLACES[place].format(encoded), headers=headers)
    hostile.check(caplog)
    journals = [*list(hostile.client.account.journal)[1:], *hostile.client.mock.registry.strangers]
    assert len(journals) == 18
    assert place == "near a cut" or all(exchange.token_in_url for exchange in journals)


async def test_addresses_without_secrets_are_shown_as_they_came(client: Client) -> None:
    await client.log_in()
    await send(client, "GET", "/jobs/a%20b?page=1&monkey=2&q=%C3%A4&empty=", headers={"token": client.token})
    told = last(client)
    assert (told.path, told.query, told.token_in_url) == (
        "/jobs/a b",
        f"page=1&monkey={REDACTED}&q=%C3%A4&empty=",
        False,
    )
    await send(client, "GET", "/jobs/x?token=", headers={"token": client.token})
    assert not last(client).token_in_url


async def test_a_token_of_another_spelling_is_one(hostile: Hostile, caplog: pytest.LogCaptureFixture) -> None:
    loud = hostile.token.upper()
    for path in (f"/jobs/{loud}", f"/jobs/x?a={loud}", f"/{loud}", f"/jobs/x{loud}x"):
        await send(hostile.client, "GET", path, headers={"x-other": loud})
        assert loud not in repr([*hostile.client.account.journal, *hostile.client.mock.registry.strangers])
    hostile.check(caplog)


HEADERS = {
    "token": "{}",
    "authorization": "Bearer {}",
    "cookie": "session={}",
    "x-api-key": "{}",
    "x-secret": "{}",
    "proxy-authorization": "Basic {}",
    "referer": "http://mock/jobs?a={}",
    "x-anything": "{}",
    "x-inside": "aaa{}bbb",
    "user-agent": "client/1.0 ({})",
    "content-type": "{}",
    "content-encoding": "{}",
    "x-long": "x" * 1_980 + "{}",
    "x-very-long": "{} " * 200 + "x" * 3_000,
}


@pytest.mark.parametrize("name", HEADERS)
async def test_headers_show_none(hostile: Hostile, caplog: pytest.LogCaptureFixture, name: str) -> None:
    """Without a token nobody can know whose key or secret it is, apart from names that tell."""
    own = {"token": hostile.token}
    for text, known in ((hostile.token, own), (hostile.key, own), (hostile.secret, own), (hostile.token, {})):
        value = HEADERS[name].format(*[text] * HEADERS[name].count("{}")).encode()
        for method, path in (("GET", "/jobs/x"), ("POST", "/import")):
            await send(hostile.client, method, path, headers={**known, name: value}, content=b"{}")
    hostile.check(caplog)


async def test_names_of_headers_show_none(hostile: Hostile, caplog: pytest.LogCaptureFixture) -> None:
    await send(hostile.client, "GET", "/jobs/x", headers={"token": hostile.token, f"x-{hostile.token}": "1"})
    await send(hostile.client, "GET", "/jobs/x", headers={f"x-{hostile.token}": "1"})
    hostile.check(caplog)


def bodies(text: str) -> list[bytes]:
    """Bodies of an import that hold a text: good ones, wrong ones, and such as are no JSON."""
    quoted, plain = json.dumps(text).encode(), json.dumps(text, ensure_ascii=False).encode()
    escaped = "".join(f"\\u{ord(c):04x}" for c in text).encode()
    return [
        b'{"contacts":[{"id":"C1","type":"OWNER","lastName":' + quoted + b"}]}",
        b'{"contacts":[{"id":"C1","type":"OWNER","lastName":' + plain + b"}]}",
        b'{"contacts":[{"id":"C1","type":"OWNER","lastName":"' + escaped + b'"}]}',
        b'{"contacts":[{"id":' + plain + b"}]}",
        b'{"contacts":' + plain + b"}",
        b'{"token":' + plain + b',"contacts":[]}',
        b'{"token" : ' + plain + b"}",
        b'{"contacts":[{"id":"C1",' + plain + b":1}]}",
        b"{" + plain + b":1}",
        b'{"contacts":[' + plain,
        text.encode(),
        b"\xff" + text.encode(),
        b'{"contacts":[],"a":"' + b"x" * (KEPT_BYTES - 40) + text.encode() + b'"}',
        b'{"contacts":[],"a":"' + b"x" * (KEPT_BYTES - 28) + text.encode() + b'"}',
        b'{"a":"' + text.encode() * 500 + b"x" * KEPT_BYTES + text.encode() + b'"}',
    ]


@pytest.mark.parametrize("what", ["token", "key", "secret"])
async def test_bodies_show_none(hostile: Hostile, caplog: pytest.LogCaptureFixture, what: str) -> None:
    for body in bodies(getattr(hostile, what)):
        await send(
            hostile.client,
            "POST",
            "/import",
            content=body,
            headers={"content-type": "application/json", "token": hostile.token},
        )
        job = last(hostile.client).job_id
        if job:
            await send(hostile.client, "GET", f"/jobs/{job}", headers={"token": hostile.token})
    hostile.check(caplog)


async def test_no_beginning_is_left_where_a_body_is_cut(hostile: Hostile) -> None:
    for text in (hostile.token, hostile.key, hostile.secret):
        for shift in range(4, 36, 3):
            body = b'{"a":"' + b"x" * (KEPT_BYTES - 6 - shift) + text.encode() + b'"}'
            headers = {"content-type": "application/json", "token": hostile.token}
            await send(hostile.client, "POST", "/import", content=body, headers=headers)
            assert text[:4].encode() not in last(hostile.client).request_body


async def test_a_foreign_token_in_a_member_of_that_name(client: Client) -> None:
    """Nobody knows it, its name tells."""
    body = b'{"contacts":[{"id":"C1","token":"some-text-of-elsewhere","password": "pass\\"word","secret":"cut'
    await client.log_in()
    await client.post("/import", body, token=client.token)
    shown = last(client).request_body.decode()
    assert shown == ('{"contacts":[{"id":"C1","token":"[redacted]","password": "[redacted]","secret":"[redacted]"')
    await send(client, "GET", "/jobs/x?access-token=some-text-of-elsewhere", headers={"token": client.token})
    assert "elsewhere" not in repr(last(client))


@pytest.mark.parametrize("path", ["/authenticate", "/refresh"])
async def test_log_ins_that_are_malformed_show_nothing(
    hostile: Hostile, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    for what in (hostile.token, hostile.key, hostile.secret):
        for body in [*bodies(what), json.dumps({"key": [what], what: what}).encode()]:
            await send(hostile.client, "POST", path, content=body, headers={"content-type": "application/json"})
    wrong = {"key": hostile.key, "secret": hostile.secret + "-no", hostile.secret: 1}
    await send(hostile.client, "POST", "/authenticate", json=wrong)
    hostile.check(caplog)


async def test_names_that_the_contract_does_not_know_are_not_shown(client: Client) -> None:
    body = {**client.credentials, client.account.secret.reveal(): 1, "other": 2}
    response = await send(client, "POST", "/authenticate", json=body)
    told = [*client.account.journal, *client.mock.registry.strangers][-1 if response.is_error else 0]
    assert client.account.secret.reveal() not in repr(told)
    assert members_view(("key", "x", "y")) == b'{"key": "[redacted]", "[unknown field]": "[redacted]"}'
    assert members_view(()) == b""


def test_a_token_in_a_body_is_found_by_the_name_of_its_member() -> None:
    shown = {"request_body": b'{"token":"cut', "response_body": b'{"token": "a\\"b", "expiresAt": "x"}'}
    without_members(shown)
    assert shown == {
        "request_body": b'{"token":"[redacted]"',
        "response_body": b'{"token": "[redacted]", "expiresAt": "x"}',
    }


async def test_short_credentials_are_hidden_where_they_stand_alone() -> None:
    """They may be words; a journal without any word would tell nothing."""
    mock = shared_mock()
    async with mock.client() as client:
        client.account = mock.registry.create("demo", Secret("test"))
        try:
            await client.log_in()
            body = b'{"contacts":[{"id":"demo","type":"OWNER","lastName":"demonstration","firstName":"test"}]}'
            await client.post("/import", body, token=client.token)
            assert last(client).request_body == (
                b'{"contacts":[{"id":"[redacted]","type":"OWNER","lastName":"demonstration","firstName":"[redacted]"}]}'
            )
            await send(client, "GET", "/jobs/demo?a=test&b=tested", headers={"token": client.token})
            assert (last(client).path, last(client).query) == ("/jobs/[redacted]", "a=[redacted]&b=tested")
        finally:
            mock.registry.delete("demo")


async def test_strangers_show_no_secret_of_any_account(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    mock = Mock()
    async with mock.client() as client:
        hostile = Hostile(client, "00000000-0000-4000-8000-000000000000")
        for path in (f"/{hostile.secret}", f"/a?b={quote(hostile.key)}", f"/jobs/{quote(hostile.secret)}"):
            await send(client, "GET", path, headers={"token": hostile.token})
        assert len(mock.registry.strangers) == 3
        hostile.check(caplog)


async def test_what_an_account_held_stays_hidden_after_it_is_gone() -> None:
    """Redaction happens when an exchange is written down, not when it is read."""
    mock = Mock()
    async with mock.client() as client:
        token = await client.log_in()
        await send(client, "GET", f"/jobs/{token}?a={token}", headers={"token": token})
        mock.registry.delete(client.account.key)
        assert token not in repr(list(client.account.journal))


async def test_a_secret_may_hold_what_divides_addresses() -> None:
    mock = Mock()
    async with mock.client() as client:
        client.account = mock.registry.create("a key of a test", Secret("long/secret&of=this;account"))
        token = await client.log_in()
        await send(
            client, "GET", "/jobs/long/secret&of=this;account?long/secret&of=this;account", headers={"token": token}
        )
        assert (last(client).path, last(client).query) == (REDACTED, REDACTED)
        await client.post("/import", b'{"contacts":[{"id":"C1"}],"x":"long\\/secret&of=this;account"}', token=token)
        assert last(client).request_body == REDACTED.encode()


async def test_ids_that_are_too_long_to_be_kept_are_not_looked_through(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To search an id of many megabytes for secrets would keep all other clients waiting."""
    searched: list[int] = []
    stands_in = Redaction.stands_in

    def counted(redaction: Redaction, raw: bytes) -> bool:
        searched.append(len(raw))
        return stands_in(redaction, raw)

    monkeypatch.setattr(Redaction, "stands_in", counted)
    for length in (MAX_NAMED, 3_000_000):
        searched.clear()
        assert (await client.send({"contacts": [{"id": "C" * length}]})).status_code == 202
        assert last(client).provides == ((("contacts", "C" * length),) if length == MAX_NAMED else ())
        assert sum(searched) <= 2 * MAX_NAMED


@pytest.mark.parametrize(
    "path", ["/contacts/a%2Fb", "/contacts/100%25", "/contacts/%C3%9C%20%2F%25%2F", "/contacts/a+b"]
)
def test_an_address_in_the_archive_is_the_one_that_was_asked_for(path: str) -> None:
    """A slash inside of an id stays inside of it, so that the request can be sent again, or copied."""
    with vendor({}) as client:
        client.log_in()
        client.ask("GET", path)
        (entry,) = [each for each in client.journal()["log"]["entries"] if each["request"]["method"] == "GET"]
    assert urlsplit(entry["request"]["url"]).path.replace("+", "%2B") == path.replace("+", "%2B")
