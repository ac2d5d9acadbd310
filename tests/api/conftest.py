import logging
from collections.abc import AsyncIterator, Iterator

import pytest

from casavi_mock.domain.jobs import Progress
from tests.support.client import Client
from tests.support.server import Live, Mock, shared_mock
from tests.support.wire import Wire


@pytest.fixture(autouse=True)
def heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the mock tell what servers that run for other tests keep quiet."""
    monkeypatch.setattr(logging.getLogger("casavi_mock.exchanges"), "filters", [])


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A client of a new account on a shared server whose jobs run at once."""
    async with shared_mock().client() as client:
        yield client


@pytest.fixture
async def timed() -> AsyncIterator[Client]:
    """A client of a server of its own, whose jobs take time."""
    async with Mock().client() as client:
        yield client


@pytest.fixture(scope="session")
def live() -> Iterator[Live]:
    """A server at a real port; tests open accounts of their own."""
    with Mock(progress=Progress(progress="immediate")).listening() as live:
        yield live


@pytest.fixture
def wire(live: Live) -> Iterator[Wire]:
    wire = Wire(live)
    yield wire
    wire.socket.close()
