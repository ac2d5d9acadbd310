"""The worker ends when it is told to, whatever happens at the same moment."""

import asyncio

import pytest

from casavi_mock.domain.jobs import Progress
from casavi_mock.server.worker import Worker
from tests.support.server import Mock

PATIENCE = 60
"""Seconds; only a worker that never ends takes them."""


@pytest.mark.parametrize("turns", range(6))
async def test_it_ends_although_it_is_woken_just_then(turns: int) -> None:
    mock = Mock(progress=Progress(progress="time", job_seconds=1_000))
    async with mock.client() as client:
        await client.send({"contacts": []})
    worker = Worker(mock.registry)
    worker.start()
    for _ in range(10):  # it comes to rest, until the job is due
        await asyncio.sleep(0)
    mock.registry.wake()
    for _ in range(turns):
        await asyncio.sleep(0)
    ended = asyncio.ensure_future(worker.stop())
    done, _ = await asyncio.wait([ended], timeout=PATIENCE)
    assert done
