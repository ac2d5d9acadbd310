"""Chromium for the tests of the console; without one they are skipped, and say so."""

from collections.abc import Iterator

import pytest

from casavi_mock.domain.jobs import Progress
from tests.browser import chromium
from tests.browser.chromium import Browser, Watched
from tests.support.server import Live, Mock


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Chromium, for one test: as long as Playwright is there, no other event loop can run in this thread."""
    if chromium.path() is None:
        pytest.skip(f"there is no Chromium on this machine ({', '.join(chromium.NAMES)}, or CHROMIUM=/path)")
    with chromium.started() as browser:
        yield browser


@pytest.fixture
def live() -> Iterator[Live]:
    """A mock at a port, with one account; its time moves when it is told to, so that no test depends on load."""
    mock = Mock(progress=Progress(job_seconds=5))
    mock.account()
    with mock.listening() as live:
        yield live


@pytest.fixture
def seen(browser: Browser, live: Live) -> Iterator[Watched]:
    """The console before a person; at the end the browser has had nothing to complain of."""
    with chromium.watched(browser, live.url) as seen:
        yield seen
    assert seen.complaints == []
