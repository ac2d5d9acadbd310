"""Accounts: what each holds, and how one is opened and closed."""

from typing import Any

from flask import Blueprint, make_response, request

from casavi_fixtures import portfolio_names
from casavi_mock.accounts import Account
from casavi_mock.console.page import PER_PAGE, account_or_none, clock_version, desk, go, number, say, show, unchanged
from casavi_mock.control.call import held
from casavi_mock.control.problems import Problem

pages = Blueprint("accounts", __name__)


@pages.get("/accounts")
def accounts() -> Any:
    """Lists the accounts."""
    return show("accounts.html", **_listed(), samples=portfolio_names())


@pages.get("/accounts/rows")
def rows() -> Any:
    """The list alone, for a page that looks whether something has changed."""
    version = _version(number("from"))
    return unchanged(version) or show("accounts-rows.html", **_listed())


@pages.post("/accounts/open")
def open_account() -> Any:
    """Opens an account. What was made up of its credentials goes into a file, and is on no page."""
    given = {name: request.form[name] for name in ("key", "secret", "load") if request.form.get(name)}
    opened = desk().ask("createAccount", body=given)
    if "key" in given and "secret" in given:
        say(f"Account {opened['number']} is open.")
        return go("accounts.accounts")
    text = f"CASAVI_API_KEY={opened['key']}\nCASAVI_API_SECRET={opened['secret']}\n"
    answer = make_response(text)
    answer.headers["Content-Type"] = "text/plain; charset=utf-8"
    answer.headers["Content-Disposition"] = f"attachment; filename=account-{opened['number']}.env"
    return answer


@pages.post("/accounts/close")
def close() -> Any:
    """Closes an account."""
    name = request.form.get("name")
    if not name:
        raise Problem(400, "Which account?", "name", "the name of an account", "nothing")
    closed = desk().find(name)
    assert closed is not None, "a name finds an account or raises"
    desk().ask("deleteAccount", path={"key": closed.key})
    say("The account is closed.")
    return go("accounts.accounts", account=None if name == request.args.get("account") else request.args.get("account"))


def _row(number: int, one: Account) -> dict[str, Any]:
    return {
        "number": number,
        "name": desk().name_of(one),
        "account": one,
        "default": one is desk().plane.registry.default,
        "records": held(one),
        "violations": len(desk().violations(one)),
        "now": one.clock.now(),
    }


def _shown(start: int) -> list[tuple[int, Account]]:
    return [pair for place, pair in enumerate(desk().accounts()) if start <= place < start + PER_PAGE]


def _listed() -> dict[str, Any]:
    start = number("from")
    return {
        "rows": [_row(*pair) for pair in _shown(start)],
        "count": len(desk().plane.registry),
        "start": start,
        "per_page": PER_PAGE,
        "version": _version(start),
        "chosen": account_or_none(),
    }


def _version(start: int) -> str:
    parts: list[tuple[object, ...]] = [
        (number, len(one.queue), one.queue.unfinished, one.queue.done, one.store.total, one.journal.last_number)
        for number, one in _shown(start)
    ]
    parts += [(clock_version(one), len(one.journal)) for _, one in _shown(start)]
    return f"{hash((len(desk().plane.registry), *parts)) & 0xFFFFFFFFFF:x}"
