"""Log-in, refresh and tokens over HTTP."""

import json
import logging
import re
from datetime import datetime, timedelta

import pytest

from tests.support.client import Client
from tests.support.server import Mock, shared_mock


def without_id(body: bytes) -> bytes:
    """An error body without the only part that may differ between two equal refusals."""
    return re.sub(rb'"requestId":"[^"]*"', b"", body)


async def test_log_in_answers_token_and_expiry(client: Client) -> None:
    response = await client.post("/authenticate", client.credentials)
    assert response.status_code == 200
    body = response.json()
    assert set(body) == {"token", "expiresAt"}
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", body["token"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["expiresAt"])
    assert datetime.fromisoformat(body["expiresAt"]) == client.mock.time() + timedelta(days=30)
    assert "deprecation" not in response.headers


async def test_expiry_has_no_milliseconds_if_the_profile_says_so() -> None:
    async with shared_mock(expires_at_format="seconds").client() as client:
        body = (await client.post("/authenticate", client.credentials)).json()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body["expiresAt"])


async def test_expiry_follows_the_lifetime_of_the_profile() -> None:
    async with shared_mock(token_lifetime_days=0.5).client() as client:
        body = (await client.post("/authenticate", client.credentials)).json()
        assert datetime.fromisoformat(body["expiresAt"]) == client.mock.time() + timedelta(hours=12)


@pytest.mark.parametrize("email", [{}, {"email": "joe.smith@acme.com"}, {"email": ""}])
async def test_deprecated_parameters_are_mapped_and_told(client: Client, email: dict[str, str]) -> None:
    credentials = client.credentials
    old = {"apiKey": credentials["key"], "password": credentials["secret"], **email}
    response = await client.post("/authenticate", old)
    assert response.status_code == 200
    assert response.headers["deprecation"] == "true"
    last = client.account.journal.last
    assert last is not None
    assert "deprecated parameters" in last.notes[0]
    assert last.operation == "authenticate"
    assert last.status == 200
    client.token = response.json()["token"]
    assert (await client.send({"contacts": []})).status_code == 202


async def test_right_new_names_win_over_wrong_old_ones(client: Client) -> None:
    body = {**client.credentials, "apiKey": "no", "password": "no"}
    response = await client.post("/authenticate", body)
    assert response.status_code == 200
    assert "deprecation" not in response.headers


@pytest.mark.parametrize(("choice", "status"), [("old-names-win", 401), ("refuse", 400)])
async def test_mixed_credentials_follow_the_profile(choice: str, status: int) -> None:
    async with shared_mock(mixed_credentials=choice).client() as client:
        body = {**client.credentials, "apiKey": "no", "password": "no"}
        response = await client.post("/authenticate", body)
        assert response.status_code == status
        assert response.json()["rule"] == {401: "credentials-wrong", 400: "mixed-credentials"}[status]


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": 5, "secret": 7},
        {"key": [], "secret": {}},
        {"key": "", "secret": "x"},
        {"key": None, "secret": None},
        {"key": "some", "secret": [1]},
    ],
)
async def test_unusable_new_names_beside_whole_old_ones(client: Client, wrong: dict[str, object]) -> None:
    """The body satisfies the deprecated alternative of the contract, so it is that one which counts."""
    credentials = client.credentials
    body = {**wrong, "apiKey": credentials["key"], "password": credentials["secret"]}
    response = await client.post("/authenticate", body)
    assert response.status_code == 200
    assert response.headers["deprecation"] == "true"


@pytest.mark.parametrize("choice", ["new-names-win", "old-names-win"])
async def test_unusable_old_names_beside_whole_new_ones(choice: str) -> None:
    async with shared_mock(mixed_credentials=choice).client() as client:
        for old in ({"apiKey": 5, "password": 7}, {"apiKey": [], "password": {}}, {"apiKey": "", "password": ""}):
            assert (await client.post("/authenticate", {**client.credentials, **old})).status_code == 200


async def test_nothing_tells_whether_a_key_exists(client: Client) -> None:
    key = client.account.key
    answers = []
    for tried_key, tried_secret in [(key, "wrong"), ("no-such-key", "wrong"), (key, ""), ("x" * 5000, "y" * 5000)]:
        for names in (("key", "secret"), ("apiKey", "password")):
            response = await client.post("/authenticate", dict(zip(names, (tried_key, tried_secret), strict=True)))
            assert response.status_code == 401
            assert response.json()["rule"] == "credentials-wrong"
            answers.append((without_id(response.content), sorted(set(response.headers) - {"x-request-id"})))
    assert all(answer == answers[0] for answer in answers)


async def test_nothing_tells_on_refresh_whether_a_key_exists(client: Client) -> None:
    other = client.another()
    token = await client.log_in()
    bodies = [{"apiKey": other.account.key, "token": token}, {"apiKey": "no-such-key", "token": token}]
    foreign = [await client.post("/refresh", body) for body in bodies]
    assert {response.status_code for response in foreign} == {401}
    assert {response.json()["rule"] for response in foreign} == {"token-foreign"}
    assert len({without_id(response.content) for response in foreign}) == 1
    bodies = [{"apiKey": key, "token": "made-up"} for key in (client.account.key, "no-such-key")]
    unknown = [await client.post("/refresh", body) for body in bodies]
    assert {response.json()["rule"] for response in unknown} == {"token-unknown"}
    assert len({without_id(response.content) for response in unknown}) == 1
    # the right owner has lost nothing by it
    assert (await client.post("/refresh", {"apiKey": client.account.key, "token": token})).status_code == 200


async def refusals_of_a_token(client: Client, token: str | None) -> set[str]:
    """Asks everything that needs a token, and returns the rules by which it was refused."""
    headers = {} if token is None else {"token": token}
    answers = [
        await client.request("GET", "/jobs/any", headers=headers),
        await client.request("HEAD", "/jobs/any", headers=headers),
        await client.post("/import", {"contacts": []}, token=token),
        await client.post("/import", b"not json, which does not matter", token=token),
    ]
    assert {answer.status_code for answer in answers} == {401}
    return {answer.json()["rule"] for answer in answers if answer.request.method != "HEAD"}


async def test_token_missing(client: Client) -> None:
    assert await refusals_of_a_token(client, None) == {"token-missing"}
    assert await refusals_of_a_token(client, "") == {"token-missing"}
    token = await client.log_in()
    response = await client.request("GET", "/jobs/any", headers={"Authorization": f"Bearer {token}"})
    assert response.json()["rule"] == "token-missing"
    assert "Authorization" in response.json()["detail"]


async def test_token_unknown(client: Client) -> None:
    token = await client.log_in()
    for wrong in ("made-up", token[:-1], token + "x", token.upper() + "Z", "x" * 20_000):
        assert await refusals_of_a_token(client, wrong) == {"token-unknown"}
    response = await client.request("GET", "/jobs/any", headers={"token": f"Bearer {token}"})
    assert response.json()["rule"] == "token-unknown"
    assert "Bearer" in response.json()["detail"]


async def test_token_expires_at_the_very_moment(timed: Client) -> None:
    token = await timed.log_in()
    timed.mock.time.advance(days=30, milliseconds=-1)
    assert (await timed.send({"contacts": []})).status_code == 202
    timed.mock.time.advance(milliseconds=1)
    assert await refusals_of_a_token(timed, token) == {"token-expired"}
    response = await timed.post("/refresh", {"apiKey": timed.account.key, "token": token})
    assert response.status_code == 401
    assert response.json()["rule"] == "token-expired"


async def test_an_expired_token_is_refreshed_if_the_profile_says_so() -> None:
    async with Mock({"refresh-accepts-expired-token": True}).client() as client:
        token = await client.log_in()
        client.mock.time.advance(days=31)
        assert (await client.post("/refresh", {"apiKey": client.account.key, "token": token})).status_code == 200


async def test_token_revoked_by_refresh(client: Client) -> None:
    old = await client.log_in()
    response = await client.post("/refresh", {"apiKey": client.account.key, "token": old})
    assert response.status_code == 200
    assert set(response.json()) == {"token", "expiresAt"}
    new = response.json()["token"]
    assert new != old
    assert await refusals_of_a_token(client, old) == {"token-revoked"}
    again = await client.post("/refresh", {"apiKey": client.account.key, "token": old})
    assert again.json()["rule"] == "token-revoked"
    client.token = new
    assert (await client.send({"contacts": []})).status_code == 202


async def test_a_refresh_leaves_the_old_token_if_the_profile_says_so() -> None:
    async with shared_mock(refresh_revokes_old_token=False).client() as client:
        old = await client.log_in()
        await client.post("/refresh", {"apiKey": client.account.key, "token": old})
        assert (await client.send({"contacts": []})).status_code == 202


async def test_several_tokens_live_side_by_side(client: Client) -> None:
    first, second = await client.log_in(), await client.log_in()
    assert first != second
    for token in (first, second):
        assert (await client.post("/import", {"contacts": []}, token=token)).status_code == 202


async def test_a_new_log_in_ends_older_tokens_if_the_profile_says_so() -> None:
    async with shared_mock(several_tokens="newest-only").client() as client:
        first, second = await client.log_in(), await client.log_in()
        assert await refusals_of_a_token(client, first) == {"token-revoked"}
        assert (await client.post("/import", {"contacts": []}, token=second)).status_code == 202


async def test_of_two_token_headers_that_differ_none_counts(client: Client) -> None:
    token = await client.log_in()
    for headers in ([("token", token), ("token", "x")], [("token", "x"), ("TOKEN", token)]):
        answer = await client.connection.get("/jobs/any", headers=headers)
        assert (answer.status_code, answer.json()["rule"]) == (400, "header-ambiguous")
    twice = [("token", token), ("token", token)]
    assert (await client.request("GET", "/jobs/any", headers=twice)).status_code == 404


async def test_tokens_are_distinct(client: Client) -> None:
    assert len({await client.log_in() for _ in range(200)}) == 200


def hostile_bodies(key: str, secret: str, token: str) -> list[bytes]:
    """Bodies that try to get a secret into an error text, a log line or a journal entry."""
    values: list[object] = [
        {"key": key, "secret": [secret]},
        {"key": [key], "secret": secret},
        {"key": {"a": key}, "secret": secret},
        {"key": key},
        {"secret": secret},
        {"key": key, "secret": secret + "?"},
        {"apiKey": key, "password": [secret], "email": 5},
        {"apiKey": key, "password": None},
        {"apiKey": [key], "token": [token]},
        {"apiKey": key, "token": token + "?"},
        {"apiKey": "other", "token": token},
        {"token": token},
        [key, secret, token],
        secret,
        {key: secret},
        {secret: key},
        {token: key, "apiKey": 1},
        {"key": key, "secret": {secret: token}},
        {secret: nested([], 80)},
    ]
    bodies = [json.dumps(value, ensure_ascii=False).encode() for value in values]
    text = json.dumps({"key": key, "secret": secret, "token": token}, ensure_ascii=False)
    quoted = json.dumps(secret, ensure_ascii=False)
    bodies += [
        text.replace(quoted, broken).encode() for broken in (secret, f"'{secret}'", f"{quoted} {secret}", "\\" + quoted)
    ]
    bodies += [
        text[: text.index(secret) + 3].encode(),
        secret.encode(),
        token.encode(),
        f"key={key}&secret={secret}".encode(),
    ]
    bodies += [
        text.encode("latin-1"),
        text.encode("utf-16"),
        b"\xef\xbb\xbf" + text.encode(),
        f"{{{secret}:1}}".encode(),
    ]
    return bodies


def nested(inside: object, levels: int) -> object:
    for _ in range(levels):
        inside = [inside]
    return inside


async def test_secrets_never_leave(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = await client.log_in()
    key, secret = client.account.key, client.account.secret.reveal()
    client.mock.registry.strangers.clear()
    answers = []
    for body in hostile_bodies(key, secret, token):
        for path in ("/authenticate", "/refresh"):
            answers.append(await client.post(path, body))
            answers.append(await client.post(path, body, headers={"content-type": "text/plain"}))
    for path in (f"/authenticate?key={key}&secret={secret}", f"/refresh?token={token}", f"/jobs/any?token={token}"):
        answers += [await client.request(method, path) for method in ("POST", "GET", "PATCH")]
    answers.append(await client.request("GET", "/jobs/any", headers={"token": f"Bearer {token}"}))
    answers.append(await client.request("GET", "/jobs/any", headers={"authorization": token}))
    assert {answer.status_code for answer in answers} <= {400, 401, 404, 405, 415}
    shown = [answer.text + repr(answer.headers) for answer in answers]
    journal = [repr(entry) for entry in (*client.account.journal, *client.mock.registry.strangers)]
    assert client.mock.registry.strangers.last
    logged = [record.getMessage() + repr(vars(record)) for record in caplog.records if record.name.startswith("casavi")]
    assert logged
    for hidden in (token, secret, secret[:8], secret[-8:], key, repr(secret)[1:-1], json.dumps(secret)[1:-1]):
        for text in (*shown, *journal, *logged):
            assert hidden not in text


async def test_secrets_never_leave_by_representations(client: Client) -> None:
    token = await client.log_in()
    known = client.mock.registry.issued.get(token)
    for value in (client.account, client.account.secret, known, client.mock.registry, client.account.tokens):
        for text in (repr(value), str(value)):
            assert token not in text
            assert client.account.secret.reveal() not in text
