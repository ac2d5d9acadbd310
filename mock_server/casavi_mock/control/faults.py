"""Verbs that plan faults."""

from typing import Any

from casavi_mock.control.call import Call, Handler, Reply, nothing, reply
from casavi_mock.control.problems import refusing
from casavi_mock.domain.faults import Effect, Fault, FaultView


def list_faults(call: Call) -> Reply:
    """Lists the faults and how often each has struck."""
    account = call.account
    with account.lock:
        return reply({"faults": [_view(seen) for seen in account.faults.list()]})


def add(call: Call) -> Reply:
    """Plans a fault."""
    account, body = call.account, call.body
    came = body["effect"]
    effect = Effect(
        kind=came["kind"],
        status=came.get("status"),
        retry_after_seconds=came.get("retryAfterSeconds"),
        body=came.get("body"),
        headers=tuple(_header(line) for line in came.get("headers", ())),
        seconds=came.get("seconds"),
        bytes_per_second=came.get("bytesPerSecond"),
        **{name: came.get(name) for name in ("entity", "id", "rule")},
    )
    with refusing(400, "/operation"):  # it does not go together with the effect; the document has checked all else
        calls = {name: body[name] for name in ("first", "times", "when") if name in body}
        fault = Fault(operation=body["operation"], effect=effect, **calls)
    with account.lock:
        with refusing(409):  # there are too many
            fault_id = account.faults.add(fault)
        account.note_decision()
        (seen,) = (seen for seen in account.faults.list() if seen.id == fault_id)
    return reply(_view(seen), 201)


def clear(call: Call) -> Reply:
    """Forgets all faults."""
    account = call.account
    with account.lock:
        number = len(account.faults)
        account.faults.clear()
        account.note_decision()
    return reply({"removed": number})


def remove(call: Call) -> Reply:
    """Forgets one fault."""
    account = call.account
    with account.lock, refusing(404, "id"):
        account.faults.remove(call.path["id"])
        account.note_decision()
    return nothing()


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()


def _view(seen: FaultView) -> dict[str, Any]:
    fault, effect = seen.fault, seen.fault.effect
    return {
        "id": seen.id,
        "operation": fault.operation,
        "first": fault.first,
        "times": fault.times,
        "when": fault.when,
        "effect": {
            "kind": effect.kind,
            "status": effect.status,
            "retryAfterSeconds": effect.retry_after_seconds,
            "body": effect.body,
            "headers": [f"{name}: {value}" for name, value in effect.headers],
            "seconds": effect.seconds,
            "bytesPerSecond": effect.bytes_per_second,
            "entity": effect.entity,
            "id": effect.id,
            "rule": effect.rule,
        },
        "calls": seen.calls,
        "hits": seen.hits,
        "over": seen.over,
    }


HANDLERS: dict[str, Handler] = {
    "listFaults": list_faults,
    "addFault": add,
    "putFault": add,
    "clearFaults": clear,
    "removeFault": remove,
}
