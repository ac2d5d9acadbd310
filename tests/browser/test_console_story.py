"""What somebody does with the console who has read nothing: in a real browser, against a real server."""

import contextlib
import re

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import Watched
from tests.support.server import Live

FLAWED = "import the small house with one flaw"


def test_why_a_flat_was_refused(seen: Watched, live: Live) -> None:
    """The smoke: from the address of the mock to the reason of a refusal."""
    page = seen.page
    page.goto(live.url)
    assert page.url == f"{seen.console}/"
    page.get_by_role("link", name=FLAWED).click()
    seen.press("Import")
    seen.press("Stop the clock", "#strip")
    expect(page.locator("#strip")).to_contain_text("stopped")
    seen.press("Step a record")
    expect(page.get_by_text("1 of 22 records")).to_be_visible()
    seen.press("Drain")
    expect(page.locator("#refusals-title")).to_have_text("1 refusal")
    refusal = page.locator(".refusal")
    expect(refusal).to_contain_text("104/001")
    expect(refusal).to_contain_text("missing-reference")
    expect(refusal).to_contain_text("Import contacts 'C-999' first")


@pytest.mark.slow
def test_half_a_job_and_the_next_one_that_fails_as_a_test(seen: Watched, live: Live) -> None:
    page = seen.page
    seen.go("/jobs")
    seen.press("Stop the clock", "#strip")
    page.get_by_role("link", name=FLAWED).click()
    seen.press("Import")
    seen.page.get_by_role("link", name="Clock").click()
    expect(page.get_by_text("a job ends").or_(page.get_by_text("a job that waits ends"))).to_be_visible()
    page.get_by_label("By", exact=True).fill("2.5")
    seen.press("Move on")
    page.get_by_role("link", name="Jobs").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text(re.compile(r"\b1[01]/22"))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile(r"1[01] of 22 records"))).to_be_visible()
    page.get_by_role("link", name="Jobs").click()
    seen.press("Drain")
    seen.press("Let it fail")
    page.get_by_role("link", name="Import…").click()
    page.get_by_label("Body of the import").fill('{"contacts": [{"id": "C-1"}]}')
    seen.press("Import")
    seen.press("+1 h", "#strip")
    expect(page.locator("#job .chip").first).to_have_text("failed")
    page.get_by_role("link", name="its request").click()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy as pytest test").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "casavi.jobs.next.fail()" in copied
    assert "assert job.status == 'failed'" in copied
    compile(copied, "test_copied.py", "exec")


@pytest.mark.slow
def test_a_list_is_live_and_the_journal_does_not_move(seen: Watched, live: Live) -> None:
    page = seen.page
    seen.go("/journal")
    account = live.mock.registry.default
    assert account is not None
    with contextlib.closing(page.context.new_page()) as other:
        other.goto(f"{seen.console}/import")
        other.get_by_label("Body of the import").fill('{"contacts": [{"id": "C-1"}]}')
        other.locator("main").get_by_role("button", name="Import").click()
        other.wait_for_url("**/jobs/*")
    expect(page.get_by_role("link", name="1 new: show it")).to_be_visible()
    assert page.locator("[data-row]").count() == 0
    page.get_by_role("link", name="1 new: show it").click()
    expect(page.locator("[data-row]")).to_have_count(1)
    seen.go("/jobs")
    account.drain()
    expect(page.locator("#list .chip").first).to_have_text("completed")


@pytest.mark.slow
def test_keys(seen: Watched, live: Live) -> None:
    page = seen.go("/assumptions")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).not_to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_label("Text")).to_be_focused()
    page.keyboard.type("j?")
    expect(page.get_by_label("Text")).to_have_value("j?")
    seen.go("/assumptions")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("[data-row]").first).to_be_focused()
