"""Checks about clients that ask at the same time."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from casavi_contracts.checks.definition import check
from casavi_contracts.checks.refresh import ask
from casavi_contracts.client import Client
from casavi_contracts.exchange import Answer
from casavi_contracts.expect.calls import is_good, lists, signed_in
from casavi_contracts.expect.moments import moment_of
from casavi_contracts.expect.observing import JOB, check_form
from casavi_contracts.target import Capability
from casavi_contracts.trial import Trial

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
def imports_at_the_same_time_are_all_done(trial: Trial) -> None:
    """Of imports that are sent at the same time each has a job of its own, and each is done."""
    bodies = [
        {"contacts": [{"id": f"C{number}-{n}", "lastName": f"import {number}"} for n in range(3)]}
        for number in range(_clients(trial))
    ]
    jobs = _imported_together(trial, bodies)
    trial.expect(len({*jobs}) == len(jobs), f"{len(jobs)} different jobs", f"{len({*jobs})}")
    for job in jobs:
        created = trial.account.finish(job)["counts"]["contacts"]["created"]
        trial.expect(created == 3, "3 contacts created by each job", f"{created}", **JOB)
    listed = [(one["id"], one["lastName"]) for one in trial.listed(trial.account, lists(trial.contract)[0])]
    for body in bodies:
        for contact in body["contacts"]:
            wanted = (trial.names.id(contact["id"]), contact["lastName"])
            count = listed.count(wanted)
            trial.expect(count == 1, f"contact {contact['id']} of {contact['lastName']} once", f"{count} times")


@check(inferred="8.1", operations=IMPORTS, needs=WRITES)
def imports_of_the_same_record_take_turns(trial: Trial) -> None:
    """Of imports of one record at the same time one creates it, and it ends as one of them left it, wholly."""
    jobs = _imported_together(trial, [_edition(number) for number in range(_clients(trial))])
    ended = [trial.account.finish(job) for job in jobs]
    created = sum(job["counts"]["contacts"]["created"] for job in ended)
    trial.expect(created == 1, "one job that has created the contact", f"{created}", **JOB)
    starts = [moment_of(trial, job, "startedAt") for job in ended]
    (contact,) = trial.listed(trial.account, lists(trial.contract)[0]) or ({},)
    number = _whole(trial, contact)
    latest = [place for place, start in enumerate(starts) if start == max(filter(None, starts), default=None)]
    trial.expect(number in latest, f"the contact as one of the imports {latest} left it", f"import {number}")


@check(inferred="8.1", operations=IMPORTS, needs=WRITES)
def reads_during_imports_are_whole(trial: Trial) -> None:
    """Whoever reads a record while imports change it sees it as one of them left it, and never parts of two."""
    trial.account.imported(trial.names.own(_edition(0)))
    _list(trial.account)
    for first in (1, 1 + _clients(trial)):
        bodies = [trial.names.own(_edition(number)) for number in range(first, first + _clients(trial) // 2)]
        sends = [_import(trial.account, body) for body in bodies]
        sends += [lambda: _list(trial.account) for _ in range(_clients(trial))]
        answers = trial.target.together(sends)
        jobs = [trial.account.job_id(answer, body) for answer, body in zip(answers, bodies, strict=False)]
        for answer in answers[len(bodies) :]:
            trial.expect(answer.ok, "a page while imports are done", f"status {answer.status}")
            for record in answer.json.get("content", answer.json.get("list", ())):
                if trial.names.mine(record["id"]):
                    _whole(trial, record)
        for job in jobs:
            trial.account.finish(job)


@check(assumed="refresh-revokes-old-token", source="2.3", operations=("refreshToken",))
def one_token_is_refreshed_once(trial: Trial) -> None:
    """Of refreshes of one token at the same time one succeeds, if a refresh ends the token that it is given."""
    client = signed_in(trial)
    token, refreshes = client.token, _FEW if trial.shared else _REFRESHES
    answers = trial.target.together([lambda: ask(client, token) for _ in range(refreshes)])
    tokens = [answer.json["token"] for answer in answers if answer.ok]
    for text in tokens:
        trial.target.recorder.redact.learn(text)
    revokes = trial.contract.values["refresh-revokes-old-token"]
    wanted = 1 if revokes else refreshes
    trial.expect(len(tokens) == wanted, f"{wanted} of {refreshes} refreshes to succeed", f"{len(tokens)}", value=False)
    for answer in answers:
        check_form(trial, "refreshToken", answer)
    good = [is_good(client, text) for text in tokens]
    trial.expect(all(good) and len({*tokens}) == len(tokens), "good tokens, each another one", f"{good}")
    if revokes:
        trial.expect(not is_good(client, token), "the old token to be over", "it is good")


@check(assumed="several-tokens", source="15", operations=("authenticate",))
def log_ins_at_the_same_time_give_tokens_of_their_own(trial: Trial) -> None:
    """Clients that log in at the same time get a token each, and each of them is good."""
    clients = [trial.fresh() for _ in range(_clients(trial))]
    told = trial.target.together([client.log_in for client in clients])
    tokens = {answer["token"] for answer in told}
    trial.expect(len(tokens) == len(clients), f"{len(clients)} different tokens", f"{len(tokens)}")
    if trial.contract.values["several-tokens"] == "all-valid":
        good = Counter(is_good(client, client.token) for client in clients)
        trial.expect(good[True] == _clients(trial), f"{len(clients)} good tokens", f"{good[True]}")


@check(inferred="8.8", operations=IMPORTS, needs=WRITES)
def polls_at_the_same_time_agree(trial: Trial) -> None:
    """Whoever looks at a job at the same time as others sees that job, and nobody sees it go back."""
    rank = {name: state.rank for name, state in trial.contract.states.items()}
    job, before = trial.account.submit(trial.names.own(_edition(0))), 0
    ready = [trial.account, trial.fresh()]
    for client in ready:
        client.token  # noqa: B018  # logs in, which threads must not do
    for _ in range(3):
        answers = trial.target.together(
            [lambda client=ready[n % 2]: client.send("getJob", jobId=job) for n in range(_clients(trial))]  # type: ignore[misc]
        )
        for answer in answers:
            trial.expect(answer.ok, "the job to be known to everybody", f"status {answer.status}")
            check_form(trial, "getJob", answer)
            trial.expect(answer.json["id"] == job, "the job that was asked for", "another one", **JOB)
        seen = [rank.get(answer.json["status"], 0) for answer in answers]
        trial.expect(min(seen) >= before, "no job that goes back", f"{[answer.json['status'] for answer in answers]}")
        before = max(seen)
        if trial.account.clock:
            trial.clock.advance(1)
    trial.account.finish(job)


@check(inferred="1", needs=(Capability.WRITE, Capability.TWO_ACCOUNTS))
def accounts_at_the_same_time_stay_apart(trial: Trial) -> None:
    """Two accounts that import and read at the same time get answers about their own records alone."""
    owners = {0: trial.account, 1: trial.other}
    for client in owners.values():
        client.log_in()
    bodies = {number: trial.names.own(_edition(number)) for number in owners}
    answers = trial.target.together([_import(client, bodies[number]) for number, client in owners.items()])
    jobs = [owners[number].job_id(answer, bodies[number]) for number, answer in enumerate(answers)]
    for number, client in owners.items():
        client.finish(jobs[number])
    for _ in range(2):
        order = [number % 2 for number in range(_clients(trial))]
        pages = trial.target.together(
            [lambda number=number: _list(owners[number]) for number in order]  # type: ignore[misc]
        )
        for number, page in zip(order, pages, strict=True):
            own = f"edition {number}"
            strange = [text for text in json.dumps(page.json).split('"') if text.startswith("edition ") and text != own]
            trial.expect(page.ok, "a page of its own records for each account", f"status {page.status}")
            if trial.target.shared:
                continue  # other trials have left their editions there
            trial.expect(not strange, f"{own} alone in account {number + 1}", f"{strange[:1]}", always=True)
            trial.expect(own in json.dumps(page.json), f"{own} in account {number + 1}", "nothing of it")


def _clients(trial: Trial) -> int:
    return _FEW if trial.shared else _CLIENTS


def _edition(number: int) -> dict[str, Any]:
    """Returns a contact whose texts all say which edition it is."""
    return {"contacts": [{"id": "C", **dict.fromkeys(_TEXTS, f"edition {number}")}]}


def _whole(trial: Trial, record: dict[str, Any]) -> int:
    """Returns the number of the edition that a contact has; all of its texts have to say the same."""
    told = {value for value in record.values() if isinstance(value, str) and value.startswith("edition ")}
    trial.expect(len(told) == 1, "a contact of one edition", f"{sorted(told)}")
    return int(told.pop().removeprefix("edition "))


def _import(client: Client, body: dict[str, Any]) -> Callable[[], Answer]:
    client.token  # noqa: B018  # logs in, which threads must not do
    return lambda: client.send("importMasterData", body=body)


def _imported_together(trial: Trial, bodies: list[dict[str, Any]]) -> list[str]:
    """Sends imports at the same time and returns the ids of their jobs."""
    own = [trial.names.own(body) for body in bodies]
    answers = trial.target.together([_import(trial.account, body) for body in own])
    for answer in answers:
        trial.expect(answer.ok, "imports at the same time to be accepted", f"status {answer.status}")
    return [trial.account.job_id(answer, body) for answer, body in zip(answers, own, strict=True)]


def _list(client: Client) -> Answer:
    """Returns the first page of contacts."""
    return client.send(lists(client.contract)[0])
