"""Verbs about what an account holds: reset, state, snapshots."""

from dataclasses import asdict
from typing import Any

from casavi_mock.accounts import SnapshotInfo
from casavi_mock.control.call import Call, Handler, Reply, held, nothing, reply
from casavi_mock.control.problems import Problem, refusing
from casavi_mock.domain.clock import timestamp
from casavi_mock.domain.ordering import plan
from casavi_mock.errors import Unsteerable
from casavi_mock.handlers.imports import load_whole


def reset(call: Call) -> Reply:
    """Goes back to what the account held at the start."""
    account = call.account
    account.reset()
    return reply({"records": held(account)})


def get_state(call: Call) -> Reply:
    """Returns everything that is stored as a portfolio document."""
    return reply(call.account.state())


def put_state(call: Call) -> Reply:
    """Puts a state in the place of everything that is stored."""
    account = call.account
    try:
        account.put_state(call.body)
    except Unsteerable as error:
        if account.queue.unfinished:
            raise Problem(409, error.what, possible=["POST /_mock/queue/drain"]) from None
        raise Problem(409, error.what, "", "records that can be stored together", "others") from None
    return reply({"records": held(account)})


def load_portfolio(call: Call) -> Reply:
    """Imports a portfolio at once, all of it or nothing."""
    account = call.account
    portfolio = {name: value for name, value in call.body.items() if name != "_mock"}
    with refusing(409, ""):
        load_whole(account, plan(portfolio, account.settings.shape))
    return reply({"records": held(account)})


def list_snapshots(call: Call) -> Reply:
    """Lists the snapshots."""
    return reply({"snapshots": [_snapshot(info) for info in call.account.snapshots()]})


def save_snapshot(call: Call) -> Reply:
    """Keeps what is stored now under a name."""
    with refusing(409, "name"):
        call.account.snapshot(call.path["name"])
    return list_snapshots(call)


def restore_snapshot(call: Call) -> Reply:
    """Goes back to a snapshot."""
    account = call.account
    with refusing(404, "name"):
        account.restore(call.path["name"])
    return reply({"records": held(account)})


def delete_snapshot(call: Call) -> Reply:
    """Forgets a snapshot."""
    with refusing(404, "name"):
        call.account.delete_snapshot(call.path["name"])
    return nothing()


def _snapshot(info: SnapshotInfo) -> dict[str, Any]:
    return {**asdict(info), "at": timestamp(info.at)}


HANDLERS: dict[str, Handler] = {
    "reset": reset,
    "getState": get_state,
    "putState": put_state,
    "loadPortfolio": load_portfolio,
    "listSnapshots": list_snapshots,
    "saveSnapshot": save_snapshot,
    "restoreSnapshot": restore_snapshot,
    "deleteSnapshot": delete_snapshot,
}
