"""What every page is made with: the desk, the account that is meant, and how to go on after a command."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from flask import current_app, flash, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from casavi_mock.accounts import Account
from casavi_mock.console.desk import Desk
from casavi_mock.control.problems import Problem
from casavi_mock.handlers.jobs import RECORDS_BEFORE_ANSWER

PER_PAGE = 50
"""Rows of a list."""

MAX_NOTE = 300
"""Characters of what is said after a command; it travels in a cookie."""


def desk() -> Desk:
    """Returns the desk of this server."""
    found: Desk = current_app.extensions["casavi_mock.desk"]
    return found


def account() -> Account:
    """Returns the account that the page is about.

    Raises:
        Problem: There is none.
    """
    found = account_or_none()
    if found is None:
        raise Problem(404, "This server has no account yet. Open one on the page Accounts.")
    return found


def account_or_none() -> Account | None:
    """Returns the account that the page is about, None if the server has none."""
    if "account" not in g:
        g.account = desk().find(request.args.get("account"))
        if g.account is not None and g.account.queue.unfinished:
            g.account.run_due(RECORDS_BEFORE_ANSWER)  # what is due by the clock has happened, whoever is busy elsewhere
    found: Account | None = g.account
    return found


def number(name: str, default: int = 0, most: int = 10**15) -> int:
    """Returns a number of the query; the default if there is none, or something else in its place."""
    text = request.args.get(name, "")
    return min(int(text), most) if text.isascii() and text.isdecimal() and len(text) < 17 else default


def show(template: str, **values: Any) -> str:
    """Returns a page or a part of one."""
    return render_template(template, **values)


def unchanged(version: object) -> Response | None:
    """Returns the answer for a page that asks again and has the newest already, which then leaves all as it is."""
    return make_response("", 204) if request.args.get("seen") == str(version) else None


def say(text: str) -> None:
    """Tells on the next page what a command did."""
    flash(text if len(text) <= MAX_NOTE else f"{text[:MAX_NOTE]}…")


def go(endpoint: str, **values: Any) -> Response:
    """Returns the way to a page, after a command."""
    return redirect(url_for(endpoint, **values), 303)


def go_back(endpoint: str) -> Response:
    """Returns the way back to the page that a command came from; to another one if it does not say."""
    asked = request.form.get("back", "")
    path = path_of(asked)
    if path and path.startswith(f"{request.script_root}/console/") and asked.startswith(path):
        return redirect(asked, 303)
    return go(endpoint)


def path_of(address: str) -> str | None:
    """Returns the path of an address, None if it is none or leads out of this server in the eyes of some browser."""
    try:
        path = urlsplit(address).path
    except ValueError:
        return None
    return None if "//" in path or "\\" in address else path


def clock_version(of: Account) -> str:
    """Returns a text that is another one when the clock of an account was stopped, started or moved."""
    now = of.clock.now()
    return now.isoformat() if of.clock.frozen else f"{round((now - datetime.now(UTC)).total_seconds() / 2)}"
