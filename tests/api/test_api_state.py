"""A server that keeps its state: what it answers is saved before, and what it cannot save it does not promise."""

import base64
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from casavi_mock.domain.model import Secret
from casavi_mock.state import writer
from casavi_mock.state.keeper import StateOptions
from tests.support.client import Client
from tests.support.server import GIVEN, Mock

CONTACT = {"contacts": [{"id": "C-1", "firstName": "Eva"}]}
BEHIND = 1_000.0


@contextmanager
def kept(file: Path, *, journal: bool = False, accounts: int = 1, **options: Any) -> Iterator[Mock]:
    """A mock that keeps its state in a file; what may come later is saved at its end alone."""
    state = StateOptions(path=str(file), behind_seconds=BEHIND, journal=journal)
    mock = Mock(state=state, accounts=accounts, **options)
    assert mock.keeper is not None
    try:
        yield mock
    finally:
        mock.keeper.close()


@asynccontextmanager
async def client_of(mock: Mock) -> AsyncIterator[Client]:
    """A client of the first account."""
    async with (
        mock.app.running(),
        httpx.AsyncClient(transport=httpx.ASGITransport(mock.app), base_url="http://mock") as connection,
    ):
        account = mock.registry.default
        assert account is not None
        yield Client(mock, connection, account)


def killed(file: Path, folder: Path) -> Path:
    """What a server that is killed now would leave."""
    folder.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(f"{file}{suffix}", folder / f"a.db{suffix}")
    return folder / "a.db"


def full_disk(mock: Mock, *, full: bool = True) -> None:
    """Leaves the file of a mock no room, or room again."""
    assert mock.keeper is not None
    pages = mock.keeper._connection.execute("PRAGMA page_count").fetchone()[0] if full else 1_000_000
    mock.keeper._connection.execute(f"PRAGMA max_page_count = {pages}")


@pytest.mark.parametrize("contacts", [1, 1_500])
async def test_an_import_is_saved_before_its_answer_comes(tmp_path: Path, contacts: int) -> None:
    body = {"contacts": [{"id": f"C-{number}", "firstName": "Eva"} for number in range(contacts)]}
    with kept(tmp_path / "a.db") as mock:
        async with client_of(mock) as client:
            await client.log_in()
            job = (await client.post("/import", body, token=client.token)).json()["jobId"]
            left = killed(tmp_path / "a.db", tmp_path / "left")
            mock.time.advance(seconds=5)
            told = (await client.get(f"/jobs/{job}")).json()
            while told["status"] != "completed":
                told = (await client.get(f"/jobs/{job}")).json()

    with kept(left) as again:
        again.time.advance(seconds=5)
        async with client_of(again) as client:
            client.token = (await client.post("/authenticate", client.credentials)).json()["token"]
            found = (await client.get(f"/jobs/{job}")).json()
            while found["status"] != "completed":
                found = (await client.get(f"/jobs/{job}")).json()
            assert found == told
            assert again.registry.default is not None
            assert again.registry.default.store.count("contacts") == contacts


async def test_a_token_of_an_earlier_run_is_good_and_never_shown(tmp_path: Path) -> None:
    with kept(tmp_path / "a.db") as mock:
        async with client_of(mock) as client:
            token = await client.log_in()

    with kept(tmp_path / "a.db") as again:
        async with client_of(again) as client:
            client.token = token
            assert (await client.get("/contacts")).status_code == 200
            await client.request("GET", f"/contacts?page=0&token={token}", headers={"token": token})
            told = (await client.connection.get("/_mock/requests")).text
            assert token not in told
            refreshed = await client.post("/refresh", {"apiKey": client.account.key, "token": token})
            assert refreshed.status_code == 200
            assert refreshed.json()["token"] != token
    assert token.encode() not in (tmp_path / "a.db").read_bytes()


async def test_an_account_of_an_earlier_run_is_known_by_its_digest(tmp_path: Path) -> None:
    with kept(tmp_path / "a.db") as mock:
        mock.registry.create("another-key-of-an-account", Secret("another-secret-of-an-account"))

    with kept(tmp_path / "a.db") as again:
        async with client_of(again) as client:
            wrong = {"key": "another-key-of-an-account", "secret": "a-wrong-secret"}
            assert (await client.post("/authenticate", wrong)).status_code == 401
            right = {"key": "another-key-of-an-account", "secret": "another-secret-of-an-account"}
            assert (await client.post("/authenticate", right)).status_code == 200
            assert (await client.post("/authenticate", wrong)).status_code == 401
            assert (await client.post("/authenticate", right)).status_code == 200
    content = (tmp_path / "a.db").read_bytes()
    assert b"another-secret-of-an-account" not in content
    assert GIVEN[0].secret.encode() not in content


@pytest.mark.parametrize("form", ["plain", "base64", "escaped", "latin-1"])
async def test_a_secret_that_is_known_by_its_digest_is_hidden_too(tmp_path: Path, form: str) -> None:
    secret = "another-sécret-of-an-account"
    credentials = {"key": "another-key-of-an-account", "secret": secret}
    with kept(tmp_path / "a.db") as mock:
        mock.registry.create(credentials["key"], Secret(secret))
        async with client_of(mock) as client:
            token = (await client.post("/authenticate", credentials)).json()["token"]

    with kept(tmp_path / "a.db", journal=True) as again:
        async with client_of(again) as client:
            told = {
                "plain": secret,
                "base64": base64.b64encode(secret.encode()).decode(),
                "escaped": "".join(f"\\u{ord(one):04x}" for one in secret),
                "latin-1": "nothing",
            }[form]
            body = f'{{"contacts": [{{"id": "C-1", "firstName": "{told}"}}]}}'.encode()
            headers = {"x-note": secret.encode("latin-1")} if form == "latin-1" else {}
            assert (await client.post("/import", body, token=token, headers=headers)).status_code == 202
            account = again.registry.get(credentials["key"])
            assert account is not None
            (exchange,) = account.journal
    assert told not in exchange.request_body.decode() or form == "latin-1"
    assert all(secret.encode("latin-1") not in value for _, value in exchange.request_headers)
    assert account.secret.reveal() == secret


async def test_what_cannot_be_saved_is_not_promised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "RETRY_SECONDS", 0.01)
    large = {"contacts": [{"id": "C-2", "firstName": "x" * 20_000}]}
    with kept(tmp_path / "a.db", progress="immediate") as mock:
        async with client_of(mock) as client:
            await client.log_in()
            await client.post("/import", CONTACT, token=client.token)
            full_disk(mock)

            # Straight to the server: this status is the mock's own affair, and stands in no contract.
            send = client.connection.post
            headers = {"token": client.token}
            refused = await send("/import", json=large, headers=headers)

            assert refused.status_code == 503
            assert refused.json()["rule"] == "state-unsaved"
            assert "disk is full" in refused.json()["detail"]
            assert refused.headers["retry-after"] == "1"
            assert (await client.get("/contacts")).status_code == 200  # nothing new is promised by that
            assert (await send("/authenticate", json=client.credentials)).status_code == 503
            assert (await send("/import", json=CONTACT, headers=headers)).status_code == 503
            verb = await send("/_mock/queue/hold")
            assert (verb.status_code, "cannot be saved" in verb.json()["detail"]) == (503, True)
            health = (await client.connection.get("/_mock/health")).json()
            assert health["status"] == "degraded"
            assert "disk is full" in health["state"]["trouble"]

            full_disk(mock, full=False)
            assert mock.keeper is not None
            while mock.keeper.wait() is not None:
                pass
            assert (await client.post("/import", large, token=client.token)).status_code == 202
            health = (await client.connection.get("/_mock/health")).json()
            assert (health["status"], health["state"]["trouble"]) == ("ok", None)


async def test_the_journal_is_kept_if_that_is_wanted(tmp_path: Path) -> None:
    with kept(tmp_path / "a.db", journal=True) as mock:
        async with client_of(mock) as client:
            await client.log_in()
            await client.post("/import", {"contacts": [{"id": "C-1", "unknown": 1}]}, token=client.token)
            assert (await client.connection.post("/_mock/queue/drain")).status_code == 200
            before = (await client.connection.get("/_mock/requests")).json()
            assert mock.registry.default is not None
            exchanges = list(mock.registry.default.journal)

    with kept(tmp_path / "a.db", journal=True) as again:
        async with client_of(again) as client:
            assert (await client.connection.get("/_mock/requests")).json() == before
            assert again.registry.default is not None
            assert list(again.registry.default.journal) == exchanges

    with kept(tmp_path / "a.db", journal=True) as again:
        async with client_of(again) as client:
            assert (await client.connection.delete("/_mock/requests")).status_code == 200
            left = killed(tmp_path / "a.db", tmp_path / "left")
    with kept(left, journal=True) as cleared:
        assert cleared.registry.default is not None
        assert len(cleared.registry.default.journal) == 0

    with kept(tmp_path / "a.db") as third:
        assert third.registry.default is not None
        assert len(third.registry.default.journal) == 0
