"""Many clients on many accounts at once: nothing is lost, nothing is crossed, the counts add up."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from casavi_mock.domain.faults import Effect, Fault
from casavi_mock.domain.jobs import Progress
from casavi_mock.domain.model import Secret
from tests.support.client import PLAIN
from tests.support.server import Live, Mock

ACCOUNTS = 16
IMPORTS = 16


@pytest.fixture
def live() -> Iterator[Live]:
    mock = Mock(progress=Progress(progress="immediate"))
    for number in range(ACCOUNTS):
        account = mock.registry.create(f"key-{number}", Secret(f"secret-{number}"))
        if number % 2:
            account.faults.add(
                Fault(operation="importMasterData", first=3, times=5, effect=Effect(kind="status", status=503))
            )
            account.faults.add(
                Fault(operation="importMasterData", first=12, times=3, effect=Effect(kind="lost-response"))
            )
            account.faults.add(Fault(operation="getJob", first=2, times=4, effect=Effect(kind="status", status=500)))
    with mock.listening() as running:
        yield running


async def one_client(url: str, number: int) -> tuple[int, int]:
    """Imports one contact after the other, each again until it was accepted; returns accepted and lost answers."""
    lost = accepted = 0
    limits = httpx.Limits(max_connections=2)
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits, verify=PLAIN) as client:
        answer = await client.post("/authenticate", json={"key": f"key-{number}", "secret": f"secret-{number}"})
        client.headers["token"] = answer.json()["token"]
        for turn in range(IMPORTS):
            while True:
                try:
                    answer = await client.post("/import", json={"contacts": [{"id": f"{number}/{turn}"}]})
                except httpx.TransportError:
                    lost += 1
                    continue
                if answer.status_code == 202:
                    break
            accepted += 1
        while True:
            last = await client.get(f"/jobs/{answer.json()['jobId']}")
            if last.is_success and last.json()["status"] == "completed":
                return accepted, lost


async def test_sixteen_clients_on_sixteen_accounts(live: Live) -> None:
    results = await asyncio.gather(*(one_client(live.url, number) for number in range(ACCOUNTS)))

    registry = live.mock.registry
    for number, (accepted, lost) in enumerate(results):
        account = registry.get(f"key-{number}")
        assert account is not None
        jobs = account.jobs()
        assert accepted == IMPORTS
        assert lost == (3 if number % 2 else 0)
        assert len(jobs) == accepted + lost, "a lost answer is a job all the same"
        assert {str(record.key) for record in account.store.records("contacts")} == {
            f"{number}/{n}" for n in range(IMPORTS)
        }
        counts = [sum(by.values()) for job in jobs for by in [job.counts["contacts"]]]
        assert counts == [1] * len(jobs)
