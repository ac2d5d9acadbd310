"""Checks about when what was imported shows, and in which version."""

from collections.abc import Callable, Sequence
from typing import Any

from casavi_contracts.checks.definition import check, checks, row
from casavi_contracts.checks.jobs import IMPORT, portfolios
from casavi_contracts.checks.reading import distinct
from casavi_contracts.context import Context
from casavi_contracts.expect.histories import in_version
from casavi_contracts.expect.observing import (
    ALL_CONTRACTS,
    LISTS,
    SINGLES,
    Record,
    accepted,
    expect_job,
    expect_read,
    expect_record,
    own,
    pause,
    predicted,
    read_single,
    single,
)
from casavi_contracts.http.client import Client
from casavi_contracts.http.target import Capability
from casavi_contracts.model import Account, same, shown
from casavi_contracts.strategies import variant

WRITES = (Capability.WRITE,)

_EDITIONS = 4
"""How often records change while they are read."""

_LOOKS = 3
"""How often the same is read."""


@check(inferred="8.1", needs=WRITES)
def reads_show_the_latest_state(ctx: Context) -> None:
    """A read after the end of an import shows what came of it, each time, and whatever was read before."""
    account, client = Account(ctx.contract), ctx.account
    for reference in ("C", "P"):
        answer = read_single(client, ctx.names.id(reference))
        ctx.expect(not answer.ok, "a record that was not imported yet to be unknown", f"status {answer.status}")
    for number in ctx.briefly(range(_EDITIONS), 2):
        edition = ctx.names.own(_edition(number))
        accepted(ctx, account, edition)
        client.imported(edition)
        for _ in ctx.briefly(range(_LOOKS), 2):
            _expect_latest(ctx, account, number)


def _expect_latest(ctx: Context, account: Account, number: int) -> None:
    """Breaks the check unless lists, filtered lists and single records are as the model says."""
    expect_read(ctx, account)
    entity = SINGLES[ctx.contract.version][0]
    for reference, expected in predicted(ctx, account)[entity].items():
        expect_record(ctx, entity, single(ctx, reference), expected)
    if ctx.contract.version == "v2":
        for role, edition in (("OWNER", 0), ("RENTER", 1)):
            found = [ctx.names.local(record["id"]) for record in own(ctx, "contacts", f"role={role}")]
            wanted = ["C"] if number % 2 == edition else []
            ctx.expect(found == wanted, f"the contacts {wanted} with the role {role}", f"{found}")


def _edition(number: int) -> Record:
    """Returns an import in which the same records are others each time, and some are new."""
    terms = {"contactId": "C", "type": ("OWNER", "RENTER")[number % 2]}
    units = [{"id": "U", "name": f"flat {number}", "contracts": [terms]}, {"id": f"U{number}"}]
    home = {"id": "P", "name": f"house {number}", "addresses": [{"street": "x", "units": units}]}
    return {
        "contacts": [{"id": "C", "lastName": f"name {number}"}, {"id": f"C{number}", "lastName": "x"}],
        "properties": [home, {"id": f"P{number}", "name": "x"}],
    }


def _drawn(case: Any) -> list[Record]:
    people = case.get("contacts", [])
    return [
        {**case, "contacts": [*people, {"id": "its own", "lastName": name}]}
        for name in ("first edition", "second edition")
    ]


@checks(
    row("reading-has-no-effect",
        "To read changes nothing: lists, single records and ended jobs show the same again.",
        (_drawn, (60,)), inferred="8.8", operations=IMPORT, cases=portfolios, examples=4),
    row("reading-changes-nothing",
        "However often it is read, the same is read, and the next import finds everything as it was.",
        (lambda case: [_edition(0)] * 2, (0,) * _LOOKS), inferred="5"),
    needs=WRITES,
)  # fmt: skip
def reading_is_harmless(ctx: Context, given: tuple[Callable[[Any], list[Record]], Sequence[int]], case: Any) -> None:
    """What was read is read again, as often as anybody looks, and is not imported anew."""
    editions, pauses = given
    account, sent = Account(ctx.contract), [ctx.names.own(edition) for edition in editions(case)]
    for portfolio in sent:
        accepted(ctx, account, portfolio)
    jobs = [ctx.account.submit(portfolio) for portfolio in sent]
    for job in jobs:
        ctx.account.finish(job)
    first = _all(ctx, jobs)
    for seconds in pauses:
        pause(ctx, seconds)  # in which effects of reading would show
        again = _all(ctx, jobs)
        for what, seen in first.items():
            ctx.expect(same(seen, again[what]), f"the same {what} as before, {shown(seen)}", shown(again[what]))
    expected = accepted(ctx, account, sent[-1])
    expect_job(ctx, ctx.account.imported(sent[-1]), expected)


def _all(ctx: Context, jobs: list[str]) -> dict[str, Any]:
    """Returns jobs and all records of the context, those of every list and those that can be read alone."""
    seen = {
        entity: own(ctx, entity, ALL_CONTRACTS if entity == "units" else "") for entity in LISTS[ctx.contract.version]
    }
    entity = SINGLES[ctx.contract.version][0]
    ended = {f"job {number}": ctx.account.job(job) for number, job in enumerate(jobs, 1)}
    return {**seen, **ended, f"{entity} one by one": [single(ctx, record["id"]) for record in seen[entity]]}


@check(
    inferred="1",
    assumption="v2-twins",
    operations=("importMasterData",),
    needs=WRITES,
    each=lambda contract: (True, False),
)
def versions_show_the_same_records(ctx: Context, case: Any) -> None:
    """Both versions show the same account: what was imported or changed through one is read through the other too."""
    account, here = Account(ctx.contract), ctx.account
    version = "v2" if ctx.contract.version == "v1" else "v1"
    there = Client(ctx.target, in_version(ctx.contract, version), here.credentials)
    first, second = (here, there) if case else (there, here)
    cleared = "edited" if ctx.contract.values["contact-name-required"] else "cleared"
    edits = (("same", first), ("edited", second), (cleared, first), ("same", second))
    for edit, client in edits[:2] if ctx.shared else edits:
        edition = ctx.names.own(variant(distinct(ctx.contract), edit))
        accepted(ctx, account, edition)
        client.imported(edition)
        for reader in (here, there):
            expect_read(ctx, account, reader, evidence="inferred")
        _expect_alike(ctx, own(ctx, "contacts", client=here), own(ctx, "contacts", client=there))


def _expect_alike(ctx: Context, one: list[Record], other: list[Record]) -> None:
    """Breaks the check unless contacts are the same in what both versions show."""
    names = {"company": "companyName", "companyName": "company"}
    for contact, twin in zip(one, other, strict=True):
        for name, value in contact.items():
            told = twin.get(names.get(name, name), value)
            what = f"{name} of contact {shown(ctx.names.local(contact['id']))}"
            ctx.expect(same(value, told), f"{what} to be {shown(value)} in both versions", shown(told))
