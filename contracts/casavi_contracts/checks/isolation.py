"""Checks about two accounts that see nothing of each other."""

import json
from typing import Any

from casavi_contracts import spec
from casavi_contracts.checks.definition import check
from casavi_contracts.context import Context
from casavi_contracts.expect.calls import NOBODY, is_good, lists, one_of, read, single_records
from casavi_contracts.failures import Broken
from casavi_contracts.http.client import Client
from casavi_contracts.http.exchange import Answer
from casavi_contracts.http.target import Capability
from casavi_contracts.promises import Named

NEEDS = (Capability.WRITE, Capability.TWO_ACCOUNTS)

_VARYING = frozenset({"date", "x-request-id", "content-length"})
"""Headers that tell nothing of what was asked for."""

ROUNDS = 3
"""How often two clients take turns."""


def _house(name: str) -> dict[str, Any]:
    """Returns a small portfolio; its ids are always the same, its contents belong to somebody."""
    unit = {"id": "P-1/1", "name": f"Flat of {name}", "contracts": [{"contactId": "C-1", "type": "RENTER"}]}
    return {
        "contacts": [{"id": "C-1", "lastName": name, "email": f"{name}@example.com"}],
        "properties": [{"id": "P-1", "name": f"House of {name}", "addresses": [{"street": name, "units": [unit]}]}],
        "responsibilities": [{"propertyId": "P-1", "contactId": "C-1", "roleName": name, "roleType": "internal"}],
    }


@check(assumed="foreign-records", source="8.8", operations=("getJob",), needs=NEEDS)
def foreign_job_is_unknown(ctx: Context) -> None:
    """A job of another account is answered exactly as one that does not exist."""
    job = ctx.account.submit(ctx.names.own(_house("one")))
    for _ in range(2):  # while it runs, and when it has ended and its owner has looked at it
        foreign = ctx.other.send("getJob", jobId=job)
        unknown = ctx.other.send("getJob", jobId=_alike(job))
        _expect_alike(ctx, foreign, unknown, "a job of another account", (job, _alike(job)))
        ctx.account.finish(job)


@check(inferred="1", assumption="foreign-records", needs=NEEDS)
def foreign_records_are_unknown(ctx: Context) -> None:
    """A record of another account is in no list, and is answered by its id exactly as one that does not exist."""
    ctx.other.log_in()
    house = _house("one")
    ctx.account.imported(ctx.names.own(house))
    for operation in lists(ctx.contract):
        mine, others = (ctx.listed(client, operation) for client in (ctx.account, ctx.other))
        ctx.expect(
            len(mine) == 1,
            f"one record of its own in {operation}",
            f"{len(mine)}",
            check=Named.IMPORTED_RECORDS_ARE_STORED,
        )
        ctx.expect(not others, f"no record of the other account in {operation}", f"{len(others)}", always=True)
    for operation in single_records(ctx.contract):
        reference = one_of(ctx, operation, house)
        ctx.expect(read(ctx.account, operation, reference).ok, f"{operation} of its own record", "a refusal")
        foreign = read(ctx.other, operation, reference)
        unknown = read(ctx.other, operation, NOBODY)
        _expect_alike(ctx, foreign, unknown, f"a foreign record of {operation}", (reference, NOBODY))


@check(inferred="1", needs=NEEDS)
def same_ids_stay_apart(ctx: Context) -> None:
    """Two accounts may use the same reference ids; each keeps its own records, whatever the other one sends."""
    owners = {"one": ctx.account, "other": ctx.other}
    for client in owners.values():
        client.log_in()
    for name, client in owners.items():
        job = client.imported(ctx.names.own(_house(name)))
        created = spec.summed(job, "created")
        ctx.expect(created == 4, "4 records created in each account", f"{created}")
    before = _seen(ctx, ctx.other)
    ctx.account.imported(ctx.names.own({"contacts": [{"id": "C-1", "lastName": "changed"}]}))
    ctx.expect(_seen(ctx, ctx.other) == before, "nothing to change in the other account", "a change")
    for name, client in owners.items():
        for operation in lists(ctx.contract):
            text = json.dumps(ctx.listed(client, operation))
            strange = next(other for other in owners if other != name)
            found = any(f"{word}{strange}" in text for word in ("House of ", "Flat of ", '"lastName": "'))
            ctx.expect(not found, f"nothing of the other account in {operation}", "its contents")


@check(inferred="1", needs=NEEDS)
def accounts_can_take_turns(ctx: Context) -> None:
    """Requests of two accounts may follow each other in any order; each is answered with its own account's records."""
    owners = {"one": ctx.account, "other": ctx.other}
    for client in owners.values():
        client.log_in()
    ctx.expect(ctx.account.token != ctx.other.token, "a token of its own for each account", "the same one")
    for name, client in owners.items():
        good = is_good(client, client.token)
        ctx.expect(good, f"the token of the {name} to stay good when another account logs in", "it is refused")
    jobs = {name: client.submit(ctx.names.own(_house(name))) for name, client in owners.items()}
    for name, client in owners.items():
        known = client.send("getJob", jobId=jobs[name])
        ctx.expect(known.ok, f"the job of the {name} to be known to it", f"status {known.status}")
    for name, client in owners.items():
        client.finish(jobs[name])
    for _ in range(ROUNDS):
        for operation in lists(ctx.contract):
            for name, client in owners.items():
                text = json.dumps(ctx.listed(client, operation))
                same = ctx.contract.shapes[operation].same  # others may not show what tells the accounts apart
                ctx.expect(
                    name in text or not same, f"{operation} to show the account's own records", "others, or none"
                )
        for name, client in owners.items():
            seen = client.job(jobs[name])
            ctx.expect(seen["id"] == jobs[name], "the account's own job", "another one")


@check(inferred="8.1", operations=("importMasterData", "getJob"), needs=NEEDS)
def references_stay_in_their_account(ctx: Context) -> None:
    """A record cannot refer to one that only another account has."""
    house = _house("one")
    ctx.account.imported(ctx.names.own({"contacts": house["contacts"]}))
    job = ctx.other.imported(ctx.names.own({"properties": house["properties"]}))
    refusals = [(error["rule"], error["missing"]) for error in job["errors"]]
    wanted = [("missing-reference", {"entity": "contacts", "id": ctx.names.id("C-1")})]
    ctx.expect(refusals == wanted, "the unit to be refused for its missing contact", repr(refusals))


@check(assumed="job-object", source="8.1", operations=("importMasterData", "getJob"), needs=(*NEEDS, Capability.CLOCK))
def accounts_do_not_wait_for_each_other(ctx: Context) -> None:
    """Each account has a queue and a time of its own: jobs of one do not wait for those of another."""
    ctx.clock.freeze()
    slow = ctx.account.submit(ctx.names.own(_house("one")))
    try:
        ctx.other.imported(ctx.names.own(_house("other")))
    except Broken as late:
        raise Broken(f"{late.expected}, while another account has one", late.observed) from late
    ctx.account.finish(slow)


def _alike(job: str) -> str:
    """Returns an id of the same form that no job has."""
    return "".join({"0": "f", "f": "0", "a": "b", "b": "a"}.get(character, character) for character in job)[::-1]


def _seen(ctx: Context, client: Client) -> str:
    return json.dumps([ctx.listed(client, operation) for operation in lists(ctx.contract)], sort_keys=True)


def _expect_alike(ctx: Context, one: Answer, other: Answer, what: str, ids: tuple[str, str]) -> None:
    """Demands that nobody can tell two answers apart; each may quote the id that was asked for."""
    ctx.expect(not (one.ok and not other.ok), f"{what} to be refused", f"status {one.status}", always=True)
    ctx.expect(one.status == other.status, f"{what} to be answered with {other.status}", f"status {one.status}")
    for name in sorted({*one.headers, *other.headers} - _VARYING):
        same = one.headers.get(name) == other.headers.get(name)
        ctx.expect(same, f"{what} to have the same header {name} as an unknown one", "another one")
    bodies = [_unquoted(answer, id_) for answer, id_ in zip((one, other), ids, strict=True)]
    ctx.expect(bodies[0] == bodies[1], f"{what} to have the same body as an unknown one", "another one")


def _unquoted(answer: Answer, id_: str) -> Any:
    body = answer.json if answer.body else None
    if not isinstance(body, dict):
        return body
    return {
        name: value.replace(id_, "the id") if isinstance(value, str) else value
        for name, value in body.items()
        if name != "requestId"
    }
