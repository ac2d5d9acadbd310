"""Checks about rules by which single records are refused, or single values taken."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from hypothesis import strategies as st

from casavi_contracts import spec
from casavi_contracts.checks.definition import Cases, Check, check, checks, row
from casavi_contracts.context import Context, Names
from casavi_contracts.contract import Contract
from casavi_contracts.expect.histories import LOOK, SEND, History, Step, Steps
from casavi_contracts.expect.observing import expect_read, expect_refused, imported, own
from casavi_contracts.http.target import Capability
from casavi_contracts.model import Account
from casavi_contracts.strategies import master_data_violating, violable_rules
from casavi_fixtures import Broken as Document
from casavi_fixtures import broken_names, load_broken

WRITES = (Capability.WRITE,)
IMPORT = ("importMasterData",)


def violating(rule: str) -> Cases:
    """Returns the cases of a check about a rule; under a profile that switches it off, the model knows what follows."""

    def cases(contract: Contract) -> st.SearchStrategy[Any]:
        on = rule in violable_rules(contract)
        return master_data_violating(rule, contract if on else None).map(lambda violation: violation["portfolio"])

    return cases


_MOMENTS = ("2024-02-29", "2024-01-01T00:00:00Z", "2023-12-31T23:00:00.000Z", "2024-07-01T00:00:00+02:00", None)


def _with_unit(unit: Mapping[str, Any]) -> dict[str, Any]:
    home = {"id": "P", "name": "Musterhaus", "addresses": [{"street": "Main street 14", "units": [unit]}]}
    return {"contacts": [{"id": "C", "lastName": "Muster"}], "properties": [home]}


@check(assumed="job-object", source="8.8", operations=("importMasterData", "getJob"), needs=WRITES)
def flawed_documents_get_what_was_worked_out(ctx: Context) -> None:
    """Of each of the flawed documents that come with the kit, those records are refused that were worked out by
    hand.
    """
    account = Account(ctx.contract)
    for number, name in ctx.briefly(enumerate(broken_names()), 12):
        if name != "document-too-large":  # 67 MB are too much for an account that others use too
            _judge_document(ctx, account, Names(f"{ctx.names.prefix}{number}-", ctx.contract), load_broken(name))
    expect_read(ctx, account)


def _judge_document(ctx: Context, account: Account, names: Names, document: Document) -> None:
    rule = ctx.contract.rules[document.rule]
    marks = {"evidence": ctx.contract.evidence_of(rule.evidence, ("importMasterData",))}
    if document.before is not None:
        imported(ctx, account, names.own(document.before))
    body = names.own(document.document)
    if not ctx.contract.profile and document.status == 400:
        expect_refused(ctx, body, list(document.pointers))
        return
    job = imported(ctx, account, body)
    if not ctx.contract.profile:
        refused = sum(counts["refused"] for counts in document.counts.values())
        seen = spec.summed(job, "refused")
        ctx.expect(seen == refused, f"{refused} records of {document.name!r} to be refused", f"{seen}", **marks)


def _once(ctx: Context, case: Any) -> Iterator[Step]:
    yield SEND, case


def _kept_out(ctx: Context, case: Any) -> Iterator[Step]:
    yield SEND, case
    yield LOOK, None
    for record in own(ctx, "contacts"):
        ctx.expect("nickname" not in record, "no field that the contract does not know", "nickname")


def _strange(ctx: Context, case: Any) -> Iterator[Step]:
    strange: dict[str, Any] = {"nickname": "x", "a/b~c": 1, "~1": None}
    contracts = [{"contactId": "C0", "nickname": 1}, {"contactId": "C1", **strange}]
    unit = {"id": "U", "contracts": contracts, "documents": [{"id": "D0"}, {"id": "D1", **strange}], **strange}
    papers = [{"id": "D2"}, {"id": "D3", "stamp": "x"}]
    addresses = [{"street": "x", "units": [unit], "a/b~c": 2}]
    homes = [
        {"id": "P", "name": "x", "addresses": addresses, "documents": papers, **strange},
        {"id": "Q", "name": "x", "nickname": ["x"]},
    ]
    people = [{"id": f"C{number}", "lastName": "x", **(strange if number else {})} for number in range(3)]
    yield SEND, {"contacts": people, "properties": homes, "x/y": {}}


def _codes(ctx: Context, case: Any) -> Iterator[Step]:
    for number, code in enumerate(("80331", 80331, "01067", 1067, "SW1A 1AA", 0)):
        yield SEND, {"properties": [{"id": f"P{number}", "name": "Musterhaus", "postalCode": code}]}


def _dates(ctx: Context, case: Any) -> Iterator[Step]:
    for number, start in enumerate(_MOMENTS):
        contract = {"contactId": "C", "type": "OWNER", "startDate": start, "endDate": "2099-12-31"}
        yield SEND, _with_unit({"id": f"U{number}", "contracts": [contract]})


def _spelled(ctx: Context, case: Any) -> Iterator[Step]:
    days_alone = ctx.contract.values["contract-dates"] == "date"
    return islice(_dates(ctx, case), 1 if days_alone else None)


def _levels(ctx: Context, case: Any) -> Iterator[Step]:
    levels = ctx.contract.values["document-type-levels"]
    for depth in (1, levels, levels + 1):
        document = {"id": f"D{depth}", "type": "/".join(f"level {n}" for n in range(depth))}
        yield SEND, {"properties": [{"id": "P", "name": "Musterhaus", "documents": [document]}]}


@checks(
    row("duplicate-ids-are-refused",
        "Of records with the same id in one request none is imported, and each is named.",
        _once, assumed="duplicate-ids", source="15", cases=violating("duplicate-id"), examples=12),
    row("contract-must-not-end-before-it-starts",
        "A unit with a contract that ends before it starts is refused, and named.",
        _once, assumed="contract-period", source="8.5", cases=violating("contract-period-invalid"), examples=6),
    row("content-of-a-document-is-base64", "A document whose content is not base64 is refused, and named.",
        _once, assumed="import-model-nesting", source="8.7", cases=violating("document-content-invalid"), examples=8),
    row("unknown-fields-are-reported-and-kept-out",
        "A field that the contract does not know is left out, and the job says so.",
        _kept_out, assumed="unknown-fields", cases=violating("unknown-field"), examples=10),
    row("every-unknown-field-is-counted",
        "A field that the contract does not know is reported with its first place, and counted wherever it stands.",
        _strange, assumed="unknown-fields"),
    row("postal-code-of-a-property-is-text-or-number",
        "The postal code of a property may come as a text or as a number; it is read as a text, with its leading "
        "zeros.",
        _codes, assumed="property-postal-code", source="8.4", operations=IMPORT),
    row("dates-of-a-contract-are-dates-or-date-times",
        "Start and end of a contract may come as dates or as date-times, and are read as the moments that they mean.",
        _dates, assumed="contract-dates", source="3.2", operations=IMPORT),
    row("dates-of-contracts-read-in-one-form",
        "However the dates of a contract were sent, they are read in the form that is assumed.",
        _spelled, assumed="contract-date-format", source="3.2", operations=IMPORT, versions=("v2",)),
    row("type-of-a-document-has-so-many-levels",
        "The type of a document is a path of at most as many levels as assumed; a deeper one is refused before the "
        "answer.",
        _levels, assumed="document-type-levels", source="8.7", operations=IMPORT),
    source="8",
    operations=("importMasterData", "getJob"),
    needs=WRITES,
)  # fmt: skip
def record_rule(ctx: Context, steps: Steps, case: Any, check: Check) -> None:
    """A rule about single records or values is kept, and the job says where."""
    History(ctx, check.assumption or "", check.evidence_in(ctx.contract)).tell(steps(ctx, case))
