"""No page of the console is longer than it may be, however much there is, and whatever it holds."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from casavi_mock.domain.journal import Exchange
from casavi_mock.domain.ordering import plan
from casavi_mock.messages.request import KEPT_BYTES
from tests.api.test_console import HOSTILE, ROOT, Console
from tests.support.client import Client
from tests.support.server import Mock


@pytest.fixture
async def full() -> AsyncIterator[Console]:
    """The console of an account of a server of its own that has many accounts."""
    mock = Mock()
    for _ in range(60):
        mock.account()
    async with mock.client() as client:
        await client.connection.get(f"{ROOT}/assets/icon.svg")
        yield Console(client)


def house(name: str, units: int, contracts: int) -> dict[str, Any]:
    """A house with many units, each with contracts; a contact of theirs is nowhere, if a name says so."""
    told = [
        {"id": f"{name}{n}", "contactId": f"C{name}", "type": "OWNER", "startDate": "2020-01-01"}
        for n in range(contracts)
    ]
    flats = [{"id": f"U{n}{name}", "name": name, "contracts": told} for n in range(units)]
    return {
        "contacts": [{"id": f"C{name}", "lastName": name, "note": name}],
        "properties": [{"id": f"P{name}", "name": name, "addresses": [{"street": name, "units": flats}]}],
    }


@pytest.mark.parametrize(
    "name",
    ["&" * 100, pytest.param(HOSTILE[3], marks=pytest.mark.slow), pytest.param("Müller", marks=pytest.mark.slow)],
    ids=["escaped", "long", "usual"],
)
async def test_much_of_everything(full: Console, name: str) -> None:
    account = full.account
    account.load(plan(house(name, 60, 5), account.settings.shape))
    for page in ("/records", "/records/properties/0", "/records/units/0", "/records/contacts/0"):
        await full.page(page)
    await full.page("/records", params={"entity": "units"})
    more = await full.page("/records/properties/0", params={"units": "15"})
    assert "More units" in more
    assert "More units" not in await full.page("/records/properties/0", params={"units": "45"})
    assert "More contracts" in await full.page("/records/contacts/0")
    assert "More contracts" in await full.page("/records/contacts/0", params={"contracts": "15"})
    assert "More contracts" not in await full.page("/records/contacts/0", params={"contracts": "285"})
    await full.page("/accounts")
    refused = house(name, 4, 2)
    del refused["contacts"]
    refused["properties"] *= 3
    answer = await full.client.send({**refused, "responsibilities": []})
    full.client.mock.time.advance(seconds=10)
    job = f"/jobs/{answer.json()['jobId']}"
    for page in (job, "/journal/2", "/violations", "/clock", "/jobs"):
        await full.page(page)
    kept = len(answer.request.content) <= KEPT_BYTES
    assert (await full.get("/import", params={"exchange": "2"})).status_code == (200 if kept else 409)
    assert "8 of " not in (await full.page(job, params={"from": "8"}))


async def test_a_journal_of_what_is_hostile(full: Console) -> None:
    account = full.account
    await full.client.log_in()
    last = account.journal.last
    assert isinstance(last, Exchange)
    for text in ("&" * 2000, "\u202e" * 2000):
        for _ in range(30):
            account.journal.add(
                last._replace(
                    number=account.journal.next_number(),
                    path=f"/{text}",
                    query=text,
                    operation=None,
                    detail=text,
                    status=404,
                    rule="operation-unknown",
                    request_headers=((text.encode("latin-1", "replace"), text.encode("latin-1", "replace")),) * 100,
                    pointers=(text,) * 50,
                    request_body=text.encode(),
                    request_bytes=len(text.encode()),
                    response_body=b'["' + text.encode() * 2 + b'"]',
                )
            )
        await full.page("/journal")
        await full.page(f"/journal/{account.journal.last_number}")
        await full.page("/violations")
        for which in ("curl", "test"):
            assert (await full.get(f"/journal/{account.journal.last_number}/{which}.txt")).status_code == 200


async def test_forms_are_bounded(client: Client) -> None:
    await client.connection.get(f"{ROOT}/")
    for path in ("/log-in", "/state/reset", "/snapshots/save"):
        answer = await client.connection.post(f"{ROOT}{path}", data={"name": "x" * 3_000_000})
        assert answer.status_code in (303, 413), path
    answer = await client.connection.post(f"{ROOT}/snapshots/save", data={"name": "x" * 3_000_000})
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")
