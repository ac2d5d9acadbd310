"""Snapshots, reset, and the state as a file."""

from typing import Any

from flask import Blueprint, make_response, request

from casavi_fixtures import portfolio_names
from casavi_mock.accounts import Account
from casavi_mock.console.page import account, desk, go, say, show
from casavi_mock.console.sending import sample_text
from casavi_mock.console.texts import counted
from casavi_mock.control.call import held
from casavi_mock.control.problems import Problem

pages = Blueprint("data", __name__)


@pages.get("/state")
def state() -> Any:
    """Snapshots, reset, and files."""
    of = account()
    snapshots = desk().ask("listSnapshots", of)["snapshots"]
    return show("state.html", snapshots=snapshots, held=held(of), samples=portfolio_names())


@pages.get("/state.json")
def export() -> Any:
    """Everything that is stored, as a file."""
    answer = make_response(desk().reply("getState", account()).body)
    answer.headers["Content-Type"] = "application/json"
    answer.headers["Content-Disposition"] = "attachment; filename=state.json"
    return answer


@pages.post("/state/load")
def load() -> Any:
    """Imports a portfolio at once, without a job; or puts a state in the place of everything."""
    of = account()
    verb = "putState" if request.form.get("how") == "replace" else "loadPortfolio"
    told = desk().ask(verb, of, body=_portfolio())
    _say_held(told["records"], "Replaced" if verb == "putState" else "Loaded")
    return go("records.records")


@pages.post("/state/reset")
def reset() -> Any:
    """Goes back to what the account held at the start."""
    _say_held(desk().ask("reset", account())["records"], "Reset")
    return go("data.state")


@pages.post("/state/expire-tokens")
def expire_tokens() -> Any:
    """Ends every token."""
    say(f"{counted(desk().ask('expireTokens', account())['expired'], 'token')} ended.")
    return go("data.state")


@pages.post("/snapshots/<what>")
def snapshots(what: str) -> Any:
    """Keeps what is stored under a name, goes back to it, or forgets it."""
    of: Account = account()
    name = request.form.get("name", "")
    if not name:
        raise Problem(400, "Which snapshot? Give it a name.", "name", "a name", "nothing")
    path = {"name": name}
    if what == "save":
        desk().ask("saveSnapshot", of, path=path)
        say("The snapshot is kept.")
    elif what == "restore":
        _say_held(desk().ask("restoreSnapshot", of, path=path)["records"], "Restored")
    elif what == "delete":
        desk().ask("deleteSnapshot", of, path=path)
        say("The snapshot is forgotten.")
    else:
        raise Problem(404, "The console has no such page.")
    return go("data.state")


def _portfolio() -> bytes:
    file = request.files.get("file")
    if file is not None and file.filename:
        return file.stream.read()
    if request.form.get("sample"):
        return sample_text(request.form["sample"]).encode()
    return request.form.get("text", "").encode()


def _say_held(records: dict[str, int], what: str) -> None:
    say(f"{what}. The account holds " + ", ".join(f"{number} {entity}" for entity, number in records.items()) + ".")
