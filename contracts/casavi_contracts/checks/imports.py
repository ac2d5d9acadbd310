"""Checks about the import."""

from collections.abc import Callable, Iterator, Mapping
from itertools import cycle
from typing import Any

from hypothesis import strategies as st

from casavi_contracts.checks.definition import check, checks, row
from casavi_contracts.checks.rules import violating
from casavi_contracts.context import Context
from casavi_contracts.contract import Contract
from casavi_contracts.expect.observing import (
    accepted,
    check_form,
    expect_job,
    expect_read,
    expect_refused,
    imported,
    own,
    pause,
)
from casavi_contracts.http.target import Capability
from casavi_contracts.model import Account
from casavi_contracts.strategies import EDITS, master_data, master_data_violating, variant
from casavi_contracts.strategies.alphabet import ODD_IDS, ODD_TEXTS

WRITES = (Capability.WRITE,)

_LARGE = 1_100
"""Contacts of a large import, and units: more than a thousand, and with their notes more bytes than servers read at
once."""

_LARGE_ENOUGH = 110
"""Contacts of one at an account whose records stay: five pages."""

_LITTLE: tuple[dict[str, Any], ...] = (
    {"contacts": []},
    {"properties": []},
    {"contacts": [], "properties": [], "responsibilities": []},
    {"contacts": [{"id": "A", "lastName": "Muster", "note": None, "customFields": None}]},
    {"contacts": [{"id": "A", "lastName": "Muster", "customFields": {}}], "properties": []},
    {"properties": [{"id": "A", "name": "Musterhaus", "addresses": []}]},
)


def _anything(contract: Contract) -> st.SearchStrategy[Any]:
    return master_data(contract)


@check(
    documented="8.1",
    operations=("importMasterData",),
    needs=WRITES,
    cases=lambda contract: st.sampled_from(_LITTLE) | master_data(contract) | violating("missing-reference")(contract),
    examples=16,
)
def valid_import_is_accepted(ctx: Context, case: Any) -> None:
    """A request that satisfies the contract is accepted, however little is in it, and whatever ids and texts it
    has.
    """
    portfolio = ctx.names.own(case)
    client = ctx.account
    jobs = [client.submit(portfolio)]
    for when in ("while the first is not done", "when the first is done"):
        answer = client.send("importMasterData", body=portfolio)
        ctx.expect(answer.ok, f"the same request to be accepted again, {when}", f"status {answer.status}")
        check_form(ctx, "importMasterData", answer)
        jobs.append(client.job_id(answer, portfolio))
        client.finish(jobs[0])
    for job in jobs:
        client.finish(job)


def _free() -> dict[str, Any]:
    """Returns contacts and units with all the ids and texts that have broken software before."""
    texts = cycle(ODD_TEXTS)
    fields = ("firstName", "lastName", "companyName", "title", "street", "note")
    contacts = [{"id": id_, **{field: next(texts) for field in fields}} for id_ in ODD_IDS]
    units = [
        {"id": id_, "name": next(texts), "customFields": {next(texts): next(texts)}, "contracts": [{"contactId": id_}]}
        for id_ in ODD_IDS
    ]
    addresses = [{"street": text, "units": units if number == 0 else []} for number, text in enumerate(ODD_TEXTS)]
    return {"contacts": contacts, "properties": [{"id": "P", "name": next(texts), "addresses": addresses}]}


def _whole() -> dict[str, Any]:
    """Returns a portfolio with many and with few of whatever belongs to a record, absent and empty values included."""
    custom = {"text": "x", "number": 85.1, "whole": 7, "yes": True, "no": False, "empty": "", "long": "x" * 1_000}
    contracts = [{"contactId": "A"}, {"id": "V", "contactId": "B", "type": "OWNER", "startDate": "2024-01-01"}]
    units = [
        {"id": "U1", "contracts": contracts, "customFields": custom, "documents": [{"id": "D1", "type": None}]},
        {"id": "U2", "contracts": [], "customFields": {}, "documents": []},
        {"id": "U3", "name": None, "customFields": None},
    ]
    role = {"propertyId": "P1", "contactId": "A", "roleName": "Caretaker", "roleType": "internal"}
    return {
        "contacts": [
            {"id": "A", "lastName": "Muster", "email": None, "customFields": custom},
            {"id": "B", "lastName": "Muster", "city": "", "customFields": {}},
            {"id": "C", "companyName": "Muster", "preferredWayOfContact": None, "customFields": None},
        ],
        "properties": [
            {"id": "P1", "addresses": [{"street": "x", "units": units}, {"street": "y"}], "documents": [{"id": "D2"}]},
            {"id": "P2", "addresses": [], "documents": [], "customFields": {}},
            {"id": "P3", "name": None, "customFields": custom},
        ],
        "responsibilities": [role, {**role, "contactId": "B"}, {**role, "roleName": "Board", "roleType": "external"}],
    }


@check(assumed="required-fields", source="8.3", operations=("importMasterData",), needs=WRITES)
def record_needs_only_its_id(ctx: Context) -> None:
    """Only what identifies or links a record is required."""
    contact = ctx.names.own({"contacts": [{"id": "C"}]})
    named = ctx.contract.values["contact-name-required"]
    status = ctx.account.send("importMasterData", body=contact).status
    ctx.expect(
        (status >= 400) == named,
        f"a contact without a name to be {'refused' if named else 'accepted'}",
        f"status {status}",
        assumption="contact-name-required",
        value=not named,
    )
    for whole in (
        {"properties": [{"id": "P"}]},
        {
            "properties": [
                {"id": "P", "addresses": [{"street": "x", "units": [{"id": "U"}]}], "documents": [{"id": "D"}]}
            ]
        },
    ):
        answer = ctx.account.send("importMasterData", body=ctx.names.own(whole))
        ctx.expect(answer.ok, f"{whole} to be accepted", f"status {answer.status}")


@check(inferred="8.8", operations=("importMasterData", "getJob"), needs=WRITES, cases=_anything, examples=6)
def accepted_job_ends(ctx: Context, case: Any) -> None:
    """Every accepted job ends within the time that was allowed for it."""
    job = ctx.account.imported(ctx.names.own(case))
    ctx.expect(job["status"] in ctx.contract.final_states, "a final state", job["status"])


@check(
    assumed="job-object",
    source="8.8",
    operations=("importMasterData", "getJob"),
    needs=WRITES,
    cases=lambda contract: st.fixed_dictionaries(
        {"portfolio": master_data(contract), "edits": st.lists(st.sampled_from(sorted(EDITS)), max_size=2)}
    ),
    examples=10,
)
def job_counts_every_record(ctx: Context, case: Any) -> None:
    """A job says of every record of its request whether it was created, updated or found unchanged."""
    account = Account(ctx.contract)
    portfolio = ctx.names.own(case["portfolio"])
    for sent in (portfolio, *(variant(portfolio, edit) for edit in case["edits"])):
        imported(ctx, account, sent)


@check(
    assumed="error-statuses",
    source="4",
    operations=("importMasterData",),
    needs=WRITES,
    cases=lambda contract: master_data_violating("schema-violation", contract),
    examples=25,
)
def invalid_import_is_refused(ctx: Context, case: Any) -> None:
    """A request that does not satisfy the contract is refused before the answer, and the answer names the place."""
    expect_refused(ctx, ctx.names.own(case["portfolio"]), case["pointers"])
    expect_read(ctx, Account(ctx.contract), assumption="error-statuses", evidence="assumed")


@check(
    assumed="error-statuses",
    source="4",
    operations=("importMasterData",),
    needs=WRITES,
    each=lambda contract: ("last contact", "last unit", "last responsibility"),
    records=330,
)
def refused_import_leaves_no_trace(ctx: Context, case: Any) -> None:
    """Of a request that is refused nothing is stored, not even the records before the one that is wrong."""
    people = 10 if ctx.shared else 40
    sound, account = ctx.names.own(_estate(people)), Account(ctx.contract)
    spoilt = ctx.names.own(_estate(people))
    units = spoilt["properties"][0]["addresses"][0]["units"]
    if case == "last contact":
        spoilt["contacts"].append({"lastName": "without an id"})
        pointer = f"/contacts/{people}"
    elif case == "last unit":
        units.append({"id": 7})
        pointer = f"/properties/0/addresses/0/units/{people}/id"
    else:
        spoilt["responsibilities"].append({**spoilt["responsibilities"][-1], "roleType": "extern"})
        pointer = "/responsibilities/1/roleType"
    expect_refused(ctx, spoilt, [pointer])
    pause(ctx, 120)
    expect_read(ctx, account, assumption="error-statuses", evidence="assumed")
    # If anything had been stored, these would not all be new.
    imported(ctx, account, sound)
    expect_read(ctx, account)


def _estate(contacts: int, note: str = "") -> dict[str, Any]:
    """Returns a property with a unit for each contact."""
    people = [{"id": f"C{n}", "lastName": f"Muster {n}", "note": f"{n} {note}"} for n in range(contacts)]
    units = [
        {"id": f"U{n}", "name": f"Flat {n}", "contracts": [{"contactId": f"C{n}", "type": "RENTER"}]}
        for n in range(contacts)
    ]
    return {
        "contacts": people,
        "properties": [{"id": "P", "name": "Estate", "addresses": [{"street": "Main street 14", "units": units}]}],
        "responsibilities": [{"propertyId": "P", "contactId": "C0", "roleName": "Beirat", "roleType": "external"}],
    }


@check(documented="8.1", operations=("importMasterData",), needs=WRITES, cases=_anything, examples=16)
def imported_records_are_stored(ctx: Context, case: Any) -> None:
    """When a job has ended, the records of its request can be read."""
    portfolio, account = ctx.names.own(case), Account(ctx.contract)
    accepted(ctx, account, portfolio)
    ctx.account.imported(portfolio)
    contacts = [record["id"] for record in own(ctx, "contacts")]
    for contact in portfolio.get("contacts", ()):
        count = contacts.count(contact["id"])
        ctx.expect(count == 1, f"contact {contact['id']!a} once in the list", f"{count} times")
    expect_read(ctx, account)


def _parts(ctx: Context) -> Iterator[Mapping[str, Any]]:
    whole = _whole()
    yield from ({name: whole[name]} for name in ("contacts", "properties", "responsibilities"))
    yield whole


def _large(ctx: Context) -> Iterator[Mapping[str, Any]]:
    yield _estate(_LARGE_ENOUGH if ctx.shared else _LARGE, note="x" * 250)


@checks(
    row("ids-and-texts-are-free",
        "Reference ids and texts are free: whatever stands in them is taken, and read back as it was sent.",
        lambda ctx: iter([_free()]), documented="3.1", records=123),
    row("any-part-of-a-portfolio-may-come-alone",
        "Contacts, properties or responsibilities may come alone, with as many of what belongs to them, or with none.",
        _parts, assumed="required-fields", source="8.1"),
    row("large-import-is-whole", "Of a request with more than a thousand records every single one is imported.",
        _large, inferred="8.1", records=2_202),
    operations=("importMasterData",),
    needs=WRITES,
)  # fmt: skip
def import_is_accepted(ctx: Context, portfolios: Callable[[Context], Iterator[Mapping[str, Any]]]) -> None:
    """Whatever the contract allows is taken, and all of it is imported."""
    account, client = Account(ctx.contract), ctx.account
    for portfolio in portfolios(ctx):
        sent = ctx.names.own(portfolio)
        expected = accepted(ctx, account, sent)
        answer = client.send("importMasterData", body=sent)
        ctx.expect(answer.ok, f"a request of {_sizes(sent)} to be accepted", f"status {answer.status}")
        job = client.finish(client.job_id(answer, sent))
        expect_read(ctx, account)
        expect_job(ctx, job, expected)


def _sizes(portfolio: Mapping[str, Any]) -> str:
    return " and ".join(f"{len(records):,} {name}" for name, records in portfolio.items())
