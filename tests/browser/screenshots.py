"""Makes the pictures of docs/how-to/console.md: `make screenshots`, with a Chromium on this machine."""

import sys
from pathlib import Path

from casavi_mock.domain.jobs import Progress
from tests.browser import chromium
from tests.browser.chromium import Watched
from tests.support.server import Mock

FOLDER = Path(__file__).parents[2] / "docs" / "console"
MAX_BYTES = 100_000


def main() -> None:
    """Goes through a job, and takes a picture of each thing that the page tells of."""
    if chromium.path() is None:
        sys.exit(f"there is no Chromium on this machine ({', '.join(chromium.NAMES)}, or CHROMIUM=/path)")
    FOLDER.mkdir(exist_ok=True)
    mock = Mock(progress=Progress(job_seconds=5))
    mock.account()
    with mock.listening() as live, chromium.started() as browser:
        with chromium.watched(browser, live.url, width=900, height=620) as seen:
            _half_a_job(seen)
            taken(seen, "jobs")
            seen.press("Drain")
            seen.page.locator("[data-row]").first.click()
            taken(seen, "refusal")
            seen.go("/clock")
            taken(seen, "clock")
        with chromium.watched(browser, live.url, width=400, height=700, scheme="dark") as seen:
            seen.go("/journal/1")
            taken(seen, "exchange-narrow-dark")


def _half_a_job(seen: Watched) -> None:
    seen.go("/jobs")
    seen.press("Stop the clock", "#strip")
    seen.page.get_by_role("link", name="import the small house with one flaw").click()
    seen.press("Import")
    seen.go("/clock").get_by_label("By", exact=True).fill("2.5")
    seen.press("Move on")
    seen.go("/jobs")


def taken(seen: Watched, name: str) -> None:
    """Takes a picture of what fits into the window."""
    path = FOLDER / f"{name}.png"
    seen.page.screenshot(path=path)
    assert path.stat().st_size < MAX_BYTES, path


if __name__ == "__main__":
    main()
