"""Verbs about what an account holds: reset, state, snapshots."""

from typing import Any

from casavi_mock.accounts import SnapshotInfo
from casavi_mock.control.asked import Asked, Handler, Reply, held, nothing, reply
from casavi_mock.control.problems import Problem, refusing
from casavi_mock.domain.clock import timestamp
from casavi_mock.domain.ordering import plan
from casavi_mock.errors import Unsteerable
from casavi_mock.handlers.imports import load_whole


def reset(asked: Asked) -> Reply:
    """Goes back to what the account held at the start."""
    account = asked.account
    account.reset()
    return reply({"records": held(account)})


def get_state(asked: Asked) -> Reply:
    """Returns everything that is stored as a portfolio document."""
    return reply(asked.account.state())


def put_state(asked: Asked) -> Reply:
    """Puts a state in the place of everything that is stored."""
    account = asked.account
    try:
        account.put_state(asked.body)
    except Unsteerable as error:
        if account.queue.unfinished:
            raise Problem(409, error.what, possible=["POST /_mock/queue/drain"]) from None
        raise Problem(409, error.what, "", "records that can be stored together", "others") from None
    return reply({"records": held(account)})


def load_portfolio(asked: Asked) -> Reply:
    """Imports a portfolio at once, all of it or nothing."""
    account = asked.account
    portfolio = {name: value for name, value in asked.body.items() if name != "_mock"}
    with refusing(409, ""):
        load_whole(account, plan(portfolio, account.settings.shape))
    return reply({"records": held(account)})


def list_snapshots(asked: Asked) -> Reply:
    """Lists the snapshots."""
    return reply({"snapshots": [_snapshot(info) for info in asked.account.snapshots()]})


def save_snapshot(asked: Asked) -> Reply:
    """Keeps what is stored now under a name."""
    with refusing(409, "name"):
        asked.account.snapshot(asked.path["name"])
    return list_snapshots(asked)


def restore_snapshot(asked: Asked) -> Reply:
    """Goes back to a snapshot."""
    account = asked.account
    with refusing(404, "name"):
        account.restore(asked.path["name"])
    return reply({"records": held(account)})


def delete_snapshot(asked: Asked) -> Reply:
    """Forgets a snapshot."""
    with refusing(404, "name"):
        asked.account.delete_snapshot(asked.path["name"])
    return nothing()


def _snapshot(info: SnapshotInfo) -> dict[str, Any]:
    return {
        "name": info.name,
        "at": timestamp(info.at),
        "records": dict(info.records),
        "jobs": info.jobs,
        "tokens": info.tokens,
        "faults": info.faults,
    }


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
