"""Checks about clients that ask at the same time."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from casavi_contracts.checks.definition import check
from casavi_contracts.checks.refresh import ask
from casavi_contracts.context import Context
from casavi_contracts.expect.calls import is_good, lists, signed_in
from casavi_contracts.expect.moments import moment_of
from casavi_contracts.expect.observing import JOB, check_form
from casavi_contracts.http.client import Client
from casavi_contracts.http.exchange import Answer
from casavi_contracts.http.target import Capability

WRITES = (Capability.WRITE,)
IMPORTS = ("importMasterData", "getJob")

_CLIENTS = 6
"""Clients that ask at the same time."""

_REFRESHES = 10
"""Refreshes of one token at the same time."""

_FEW = 3
"""Clients, and refreshes, where each request counts."""

_TEXTS = ("firstName", "lastName", "companyName", "street", "city", "note", "email")
"""Fields of a contact that all say which edition it is."""


@check(inferred="8.1", operations=IMPORTS, needs=WRITES)
def imports_at_the_same_time_are_all_done(ctx: Context) -> None:
    """Of imports that are sent at the same time each has a job of its own, and each is done."""
    bodies = [
        {"contacts": [{"id": f"C{number}-{n}", "lastName": f"import {number}"} for n in range(3)]}
        for number in range(_clients(ctx))
    ]
    jobs = _imported_together(ctx, bodies)
    ctx.expect(len({*jobs}) == len(jobs), f"{len(jobs)} different jobs", f"{len({*jobs})}")
    for job in jobs:
        created = ctx.account.finish(job)["counts"]["contacts"]["created"]
        ctx.expect(created == 3, "3 contacts created by each job", f"{created}", **JOB)
    listed = [(one["id"], one["lastName"]) for one in ctx.listed(ctx.account, lists(ctx.contract)[0])]
    for body in bodies:
        for contact in body["contacts"]:
            wanted = (ctx.names.id(contact["id"]), contact["lastName"])
            count = listed.count(wanted)
            ctx.expect(count == 1, f"contact {contact['id']} of {contact['lastName']} once", f"{count} times")


@check(inferred="8.1", operations=IMPORTS, needs=WRITES)
def imports_of_the_same_record_take_turns(ctx: Context) -> None:
    """Of imports of one record at the same time one creates it, and it ends as one of them left it, wholly."""
    jobs = _imported_together(ctx, [_edition(number) for number in range(_clients(ctx))])
    ended = [ctx.account.finish(job) for job in jobs]
    created = sum(job["counts"]["contacts"]["created"] for job in ended)
    ctx.expect(created == 1, "one job that has created the contact", f"{created}", **JOB)
    starts = [moment_of(ctx, job, "startedAt") for job in ended]
    (contact,) = ctx.listed(ctx.account, lists(ctx.contract)[0]) or ({},)
    number = _whole(ctx, contact)
    latest = [place for place, start in enumerate(starts) if start == max(filter(None, starts), default=None)]
    ctx.expect(number in latest, f"the contact as one of the imports {latest} left it", f"import {number}")


@check(inferred="8.1", operations=IMPORTS, needs=WRITES)
def reads_during_imports_are_whole(ctx: Context) -> None:
    """Whoever reads a record while imports change it sees it as one of them left it, and never parts of two."""
    ctx.account.imported(ctx.names.own(_edition(0)))
    _list(ctx.account)
    for first in (1, 1 + _clients(ctx)):
        bodies = [ctx.names.own(_edition(number)) for number in range(first, first + _clients(ctx) // 2)]
        sends = [_import(ctx.account, body) for body in bodies]
        sends += [lambda: _list(ctx.account) for _ in range(_clients(ctx))]
        answers = ctx.target.together(sends)
        jobs = [ctx.account.job_id(answer, body) for answer, body in zip(answers, bodies, strict=False)]
        for answer in answers[len(bodies) :]:
            ctx.expect(answer.ok, "a page while imports are done", f"status {answer.status}")
            for record in answer.json.get("content", answer.json.get("list", ())):
                if ctx.names.mine(record["id"]):
                    _whole(ctx, record)
        for job in jobs:
            ctx.account.finish(job)


@check(assumed="refresh-revokes-old-token", source="2.3", operations=("refreshToken",))
def one_token_is_refreshed_once(ctx: Context) -> None:
    """Of refreshes of one token at the same time one succeeds, if a refresh ends the token that it is given."""
    client = signed_in(ctx)
    token, refreshes = client.token, _FEW if ctx.shared else _REFRESHES
    answers = ctx.target.together([lambda: ask(client, token) for _ in range(refreshes)])
    tokens = [answer.json["token"] for answer in answers if answer.ok]
    for text in tokens:
        ctx.target.recorder.redact.learn(text)
    revokes = ctx.contract.values["refresh-revokes-old-token"]
    wanted = 1 if revokes else refreshes
    ctx.expect(len(tokens) == wanted, f"{wanted} of {refreshes} refreshes to succeed", f"{len(tokens)}", value=False)
    for answer in answers:
        check_form(ctx, "refreshToken", answer)
    good = [is_good(client, text) for text in tokens]
    ctx.expect(all(good) and len({*tokens}) == len(tokens), "good tokens, each another one", f"{good}")
    if revokes:
        ctx.expect(not is_good(client, token), "the old token to be over", "it is good")


@check(assumed="several-tokens", source="15", operations=("authenticate",))
def log_ins_at_the_same_time_give_tokens_of_their_own(ctx: Context) -> None:
    """Clients that log in at the same time get a token each, and each of them is good."""
    clients = [ctx.fresh() for _ in range(_clients(ctx))]
    told = ctx.target.together([client.log_in for client in clients])
    tokens = {answer["token"] for answer in told}
    ctx.expect(len(tokens) == len(clients), f"{len(clients)} different tokens", f"{len(tokens)}")
    if ctx.contract.values["several-tokens"] == "all-valid":
        good = Counter(is_good(client, client.token) for client in clients)
        ctx.expect(good[True] == _clients(ctx), f"{len(clients)} good tokens", f"{good[True]}")


@check(inferred="8.8", operations=IMPORTS, needs=WRITES)
def polls_at_the_same_time_agree(ctx: Context) -> None:
    """Whoever looks at a job at the same time as others sees that job, and nobody sees it go back."""
    rank = {name: state.rank for name, state in ctx.contract.states.items()}
    job, before = ctx.account.submit(ctx.names.own(_edition(0))), 0
    several = ctx.contract.values["several-tokens"] == "all-valid"
    ready = [ctx.account, ctx.fresh() if several else ctx.account]
    for client in ready:
        client.token  # noqa: B018  # logs in, which threads must not do
    for _ in range(3):
        answers = ctx.target.together(
            [lambda client=ready[n % 2]: client.send("getJob", jobId=job) for n in range(_clients(ctx))]  # type: ignore[misc]
        )
        for answer in answers:
            ctx.expect(answer.ok, "the job to be known to everybody", f"status {answer.status}")
            check_form(ctx, "getJob", answer)
            ctx.expect(answer.json["id"] == job, "the job that was asked for", "another one", **JOB)
        seen = [rank.get(answer.json["status"], 0) for answer in answers]
        ctx.expect(min(seen) >= before, "no job that goes back", f"{[answer.json['status'] for answer in answers]}")
        before = max(seen)
        if ctx.account.clock:
            ctx.clock.advance(1)
    ctx.account.finish(job)


@check(inferred="1", needs=(Capability.WRITE, Capability.TWO_ACCOUNTS))
def accounts_at_the_same_time_stay_apart(ctx: Context) -> None:
    """Two accounts that import and read at the same time get answers about their own records alone."""
    owners = {0: ctx.account, 1: ctx.other}
    for client in owners.values():
        client.log_in()
    bodies = {number: ctx.names.own(_edition(number)) for number in owners}
    answers = ctx.target.together([_import(client, bodies[number]) for number, client in owners.items()])
    jobs = [owners[number].job_id(answer, bodies[number]) for number, answer in enumerate(answers)]
    for number, client in owners.items():
        client.finish(jobs[number])
    for _ in range(2):
        order = [number % 2 for number in range(_clients(ctx))]
        pages = ctx.target.together(
            [lambda number=number: _list(owners[number]) for number in order]  # type: ignore[misc]
        )
        for number, page in zip(order, pages, strict=True):
            own = f"edition {number}"
            strange = [text for text in json.dumps(page.json).split('"') if text.startswith("edition ") and text != own]
            ctx.expect(page.ok, "a page of its own records for each account", f"status {page.status}")
            if ctx.target.shared:
                continue  # other cases have left their editions there
            ctx.expect(not strange, f"{own} alone in account {number + 1}", f"{strange[:1]}", always=True)
            told = own in json.dumps(page.json) or page.shape is not None  # others may not show it
            ctx.expect(told, f"{own} in account {number + 1}", "nothing of it")


def _clients(ctx: Context) -> int:
    return _FEW if ctx.shared else _CLIENTS


def _edition(number: int) -> dict[str, Any]:
    """Returns a contact whose texts all say which edition it is."""
    return {"contacts": [{"id": "C", **dict.fromkeys(_TEXTS, f"edition {number}")}]}


def _whole(ctx: Context, record: dict[str, Any]) -> int:
    """Returns the number of the edition that a contact has; all of its texts have to say the same."""
    told = {value for value in record.values() if isinstance(value, str) and value.startswith("edition ")}
    ctx.expect(len(told) == 1, "a contact of one edition", f"{sorted(told)}")
    return int(told.pop().removeprefix("edition "))


def _import(client: Client, body: dict[str, Any]) -> Callable[[], Answer]:
    client.token  # noqa: B018  # logs in, which threads must not do
    return lambda: client.send("importMasterData", body=body)


def _imported_together(ctx: Context, bodies: list[dict[str, Any]]) -> list[str]:
    """Sends imports at the same time and returns the ids of their jobs."""
    own = [ctx.names.own(body) for body in bodies]
    answers = ctx.target.together([_import(ctx.account, body) for body in own])
    for answer in answers:
        ctx.expect(answer.ok, "imports at the same time to be accepted", f"status {answer.status}")
    return [ctx.account.job_id(answer, body) for answer, body in zip(answers, own, strict=True)]


def _list(client: Client) -> Answer:
    """Returns the first page of contacts."""
    return client.send(lists(client.contract)[0])
