"""Every page and every button of the console in a real browser: hostile data, both widths, both schemes, axe."""

import json
import socketserver
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import expect

from casavi_mock.domain.model import Secret
from tests.browser import chromium
from tests.browser.chromium import Browser, Watched
from tests.support.server import CONTROL_TOKEN, Live, Mock

pytestmark = pytest.mark.slow

HOSTILE = ("<script>alert(1)</script>", "\u202eevil\u202c\u2066", "x" * 5000, '" onload="alert(1)')

BUTTONS = {
    "/accounts/close", "/accounts/open", "/clock/1-day", "/clock/1-hour", "/clock/1-minute", "/clock/advance",
    "/clock/freeze", "/clock/set", "/clock/unfreeze", "/faults/add", "/faults/clear", "/faults/remove", "/import",
    "/jobs/ID/outcome", "/jobs/next/outcome", "/journal/clear", "/queue/drain", "/queue/hold", "/queue/progress",
    "/queue/release", "/queue/step-job", "/queue/step-record", "/snapshots/delete", "/snapshots/restore",
    "/snapshots/save", "/state/expire-tokens", "/state/load", "/state/reset",
}  # fmt: skip
"""Where the buttons of the console lead to; log-in and log-out have a test of their own."""

ONLY_COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
"""What axe looks at where width and scheme are another pair of those that it looks at as a whole."""

MAX_PAINT_MS = 2_000
"""Generous, as machines of tests are busy; what is promised is 200 ms."""


def hostile() -> dict[str, Any]:
    """A portfolio whose ids are what a browser must not obey; one unit in it is refused."""
    return {
        "contacts": [{"id": f"C{name}", "lastName": name} for name in HOSTILE],
        "properties": [
            {
                "id": f"P{name}",
                "name": name,
                "addresses": [
                    {
                        "street": name,
                        "units": [
                            {
                                "id": f"U{name}",
                                "name": name,
                                "contracts": [{"contactId": f"C{name}" if place else f"nobody{name}", "type": "OWNER"}],
                            }
                        ],
                    }
                ],
            }
            for place, name in enumerate(HOSTILE)
        ],
    }


def pressed(seen: Watched) -> set[str]:
    """Where forms were sent to, the ids of jobs left out."""
    return {"/jobs/ID/outcome" if path.startswith("/jobs/") and "next" not in path else path for path in seen.posted}


def imported(seen: Watched, portfolio: Any) -> str:
    """Imports by the form; returns the path of the job."""
    seen.go("/import").get_by_label("Body of the import").fill(json.dumps(portfolio, ensure_ascii=False))
    seen.press("Import")
    return seen.page.url.removeprefix(seen.console)


def test_every_button_once_with_hostile_data(seen: Watched, live: Live) -> None:
    page = seen.page
    job = imported(seen, hostile())
    for button in ("Hold the queue", "Step a record", "Release the queue", "Step a job"):
        seen.press(button)
    imported(seen, {"contacts": []})
    seen.press("Force: stall")
    seen.press("Force: complete")
    seen.go("/jobs")
    seen.press("Drain")
    seen.press("Let it fail")
    page.get_by_label("Seconds a job").fill("2")
    seen.press("Set")
    seen.go("/clock")
    for button in (
        "Stop it now",
        "Let it run",
        "+1 minute",
        "+1 hour",
        "+1 day",
        "Move on",
        "Move there",
        "Stop it there",
    ):
        seen.press(button)
    seen.go("/faults?kind=status").get_by_label("status (needed)").fill("503")
    seen.press("Plan it")
    seen.press("Forget fault-1")
    seen.go("/faults?kind=job-fails")
    seen.press("Plan it")
    seen.press("Forget all")
    seen.go("/state").get_by_label("Name").fill(HOSTILE[0])
    for button in ("Keep what is stored now", f"Restore {HOSTILE[0]}", f"Forget {HOSTILE[0]}", "End all tokens"):
        seen.press(button)
    every_page_is_sound(seen, job)
    seen.go("/journal")
    seen.press("Empty the journal")
    seen.go("/state")
    seen.press("Reset the account")
    seen.go("/records").get_by_label("Sample").select_option("small-house")
    seen.press("Load")
    expect(page.get_by_text("WEG Ahornallee")).to_be_visible()
    file = {"name": "x.json", "mimeType": "application/json", "buffer": b'{"contacts": [{"id": "C-file"}]}'}
    seen.go("/import").get_by_label("or a file").set_input_files(file)  # type: ignore[arg-type]
    seen.press("Import")
    live.mock.time.advance(seconds=60)
    seen.go("/records?entity=contacts&text=c-file")
    expect(page.get_by_role("link", name="C-file")).to_be_visible()
    accounts(seen)
    assert pressed(seen) == BUTTONS
    assert endpoints(live, seen.posted) == commands(live) - {"log_in", "log_out"}, (
        "a command that no button was pressed for"
    )


def commands(live: Live) -> set[str]:
    """The endpoints of the console that change something."""
    return {rule.endpoint for rule in console_of(live).url_map.iter_rules() if "POST" in (rule.methods or ())}


def endpoints(live: Live, posted: set[str]) -> set[str]:
    """The endpoints behind paths that forms were sent to."""
    urls = console_of(live).url_map.bind("mock")
    return {urls.match(f"/console{path}", "POST")[0] for path in posted}


def console_of(live: Live) -> Flask:
    """The Flask application of the console, which was asked for before."""
    flask = live.mock.app._console._flask
    assert flask is not None
    return flask


def accounts(seen: Watched) -> None:
    """Opens accounts with and without own credentials, and closes one."""
    page = seen.go("/accounts")
    with page.expect_download() as download:
        page.get_by_role("button", name="Open an account").click()
    assert download.value.suggested_filename == "account-2.env"
    expect(page.get_by_role("link", name="Account 2", exact=True)).to_be_visible()
    page.get_by_label("Key", exact=True).fill("a-key")
    page.get_by_label("Secret").fill("a-secret")
    seen.press("Open an account")
    assert "a-key" not in page.content()
    page.get_by_role("link", name="Account 3", exact=True).click()
    expect(page.locator("#strip")).to_contain_text("Account 3")
    page.get_by_role("link", name="Accounts", exact=True).click()
    seen.press("Close account 3")
    expect(page.get_by_text("2 accounts")).to_be_visible()


def pages(job: str) -> list[str]:
    """Every page, with what is in it."""
    kinds = ("contacts", "properties", "units", "responsibilities", "documents")
    return [
        *("/accounts", "/jobs", job, "/import", "/import?sample=small-house", "/clock", "/journal", "/journal/1"),
        *("/faults?kind=status", "/faults?kind=drip", "/violations", "/assumptions", "/state", "/nothing"),
        *(f"/records?entity={kind}" for kind in kinds),
        *(f"/records/{kind}/{number}" for kind in ("contacts", "properties") for number in (0, 2)),
    ]


def every_page_is_sound(seen: Watched, job: str) -> None:
    """No page is obeyed by the browser where it quotes, wider than the window, or long in coming."""
    for path in pages(job):
        page = seen.go(path)
        told = page.evaluate(
            "[document.documentElement.scrollWidth, performance.getEntriesByType('navigation')[0].duration]"
        )
        assert told[0] <= 1280, path
        assert told[1] < MAX_PAINT_MS, path
        assert page.locator("main script, main style, main img, [onload]").count() == 0, path
        assert page.locator("h1").count() == 1, path
    seen.complaints[:] = [one for one in seen.complaints if "/nothing" not in one]  # the browser tells of each 404


@pytest.mark.parametrize("scheme", chromium.SCHEMES)
@pytest.mark.parametrize("width", chromium.WIDTHS)
def test_everybody_can_use_it(
    browser: Browser, live: Live, width: int, scheme: str, request: pytest.FixtureRequest
) -> None:
    """Axe finds nothing serious, nothing is wider than the window; pictures are left in pytest's cache."""
    assert request.config.cache is not None
    pictures = Path(request.config.cache.mkdir("console"))
    with chromium.watched(browser, live.url, width=width, scheme=scheme) as seen:
        job = imported(seen, hostile())
        seen.press("Drain")
        seen.go("/faults?kind=job-stalls")
        seen.press("Plan it")
        for number, path in enumerate(pages(job)):
            page = seen.go(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            page.set_viewport_size({"width": width * 3 // 4, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= max(width * 3 // 4, 320), path
            page.set_viewport_size({"width": width, "height": 800})
            rules = {} if (width, scheme) in ((1280, "light"), (400, "dark")) else ONLY_COLOURS
            found = Axe().run(page, options=rules).response["violations"]
            grave = {
                one["id"]: one["nodes"][0]["html"][:300] for one in found if one["impact"] in ("serious", "critical")
            }
            assert grave == {}, path
            page.screenshot(path=pictures / f"{width}-{scheme}-{number:02}.png")


def test_a_control_token_is_asked_for_once(browser: Browser) -> None:
    mock = Mock(accounts=1, control_token=Secret(CONTROL_TOKEN))
    with mock.listening() as live, chromium.watched(browser, live.url) as seen:
        page = seen.go("/clock")
        assert "Account 1" not in seen.text()
        assert Axe().run(page).response["violations"] == []
        page.get_by_label("Control token").fill("another")
        seen.press("Log in")
        expect(page.get_by_role("alert").last).to_contain_text("not the control token")
        page.get_by_label("Control token").fill(CONTROL_TOKEN)
        seen.press("Log in")
        seen.go("/clock")
        assert page.evaluate("document.cookie") == ""
        (cookie,) = seen.page.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        seen.press("Stop it now")
        seen.press("Log out", "header")
        seen.go("/clock")
        assert "Account 1" not in seen.text()


class Foreign(BaseHTTPRequestHandler):
    """A page of another origin that tries to steer the mock."""

    address = ""

    def do_GET(self) -> None:
        body = f"""<!doctype html><title>x</title><form method="post" action="{self.address}/_mock/console/state/reset">
            <button>go</button></form><iframe src="{self.address}/_mock/console/jobs"></iframe>
            <a href="{self.address}/_mock/console/jobs">look</a>"""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *arguments: Any) -> None:
        pass


def test_a_page_of_another_origin_steers_nothing(browser: Browser, live: Live) -> None:
    account = live.mock.registry.default
    assert account is not None
    account.journal.clear()
    account.snapshot("kept")
    account.freeze()
    Foreign.address = live.url
    with socketserver.TCPServer(("127.0.0.1", 0), Foreign) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"http://localhost:{other.server_address[1]}/")
        assert "Jobs" not in page.frames[1].content()
        page.get_by_role("button", name="go").click()
        expect(page.get_by_text("another origin").first).to_be_visible()
        assert account.clock.frozen, "it was not reset"
        page.go_back()
        page.get_by_role("link", name="look").click()
        expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
        context.close()
        other.shutdown()


def test_an_idle_page_costs_next_to_nothing(browser: Browser, live: Live) -> None:
    """What a page asks for by itself is answered by nothing, as long as nothing has changed."""
    with chromium.watched(browser, live.url) as seen:
        page = seen.go("/jobs")
        for _ in range(2):
            with page.expect_response(lambda answer: "/jobs/rows" in answer.url) as told:
                pass
            assert told.value.status == 204
