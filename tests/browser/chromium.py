"""Chromium as a person has it before them: pages of a live console, and what the browser said of them."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTHS = (1280, 400)
SCHEMES = ("light", "dark")


def path() -> str | None:
    """Where this machine has a Chromium; None if it has none. Playwright's own would have to be downloaded."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextlib.contextmanager
def started() -> Iterator[Browser]:
    """Runs Chromium without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path(), args=["--no-sandbox"], timeout=60_000)
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """A page, and everything that the browser had to complain of, or asked elsewhere for.

    Args:
        ctx: Where its cookies are.
        url: The address of the mock.
    """

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.url = url
        self.console = f"{url}/_mock/console"
        self.complaints: list[str] = []
        self.posted: set[str] = set()
        self.page: Page = context.new_page()
        self.page.set_default_timeout(20_000)
        self.page.on("console", lambda said: self._complain(said.type, said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self._complain("error", f"dialog: {dialog.message}"))
        self.page.on("request", self._asked)

    def go(self, path: str) -> Page:
        """Opens a page of the console."""
        self.page.goto(f"{self.console}{path}")
        return self.page

    def press(self, name: str, within: str = "main") -> None:
        """Presses a button, and waits for the page that follows."""
        button = self.page.locator(within).get_by_role("button", name=name, exact=True).first
        with self.page.expect_navigation():
            button.click()

    def text(self) -> str:
        """What a person can read on the page."""
        return self.page.locator("body").inner_text()

    def _complain(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(f"{self.page.url}: {text}")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:")):
            self.complaints.append(f"asked for {request.url}")
        if request.method == "POST":
            self.posted.add(request.url.removeprefix(self.console).partition("?")[0])


@contextlib.contextmanager
def watched(
    browser: Browser, url: str, *, width: int = 1280, height: int = 800, scheme: str = "light"
) -> Iterator[Watched]:
    """Yields a page of a browser that knows nothing yet."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
    try:
        yield Watched(context, url)
    finally:
        context.close()
