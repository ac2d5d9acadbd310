"""Checks about rules by which single records are refused, or single values taken."""

from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

from casavi_contracts import spec
from casavi_contracts.checks.definition import Cases, check
from casavi_contracts.context import Context, Names
from casavi_contracts.contract import Contract
from casavi_contracts.expect.histories import History
from casavi_contracts.expect.observing import expect_read, expect_refused, imported, own
from casavi_contracts.model import Account
from casavi_contracts.strategies import master_data_violating, violable_rules
from casavi_contracts.target import Capability
from casavi_fixtures import Broken as Document
from casavi_fixtures import broken_names, load_broken

WRITES = (Capability.WRITE,)


def violating(rule: str) -> Cases:
    """Returns the cases of a check about a rule; under a profile that switches it off, the model knows what follows."""

    def cases(contract: Contract) -> st.SearchStrategy[Any]:
        on = rule in violable_rules(contract)
        return master_data_violating(rule, contract if on else None).map(lambda violation: violation["portfolio"])

    return cases


@check(
    assumed="duplicate-ids",
    source="15",
    operations=("importMasterData", "getJob"),
    needs=WRITES,
    cases=violating("duplicate-id"),
    examples=12,
)
def duplicate_ids_are_refused(ctx: Context, case: Any) -> None:
    """Of records with the same id in one request none is imported, and each is named."""
    _judge(ctx, case, "duplicate-ids")


@check(
    assumed="contract-period",
    source="8.5",
    operations=("importMasterData", "getJob"),
    needs=WRITES,
    cases=violating("contract-period-invalid"),
    examples=6,
)
def contract_must_not_end_before_it_starts(ctx: Context, case: Any) -> None:
    """A unit with a contract that ends before it starts is refused, and named."""
    _judge(ctx, case, "contract-period")


@check(
    assumed="import-model-nesting",
    source="8.7",
    operations=("importMasterData", "getJob"),
    needs=WRITES,
    cases=violating("document-content-invalid"),
    examples=8,
)
def content_of_a_document_is_base64(ctx: Context, case: Any) -> None:
    """A document whose content is not base64 is refused, and named."""
    _judge(ctx, case, "import-model-nesting")


@check(
    assumed="unknown-fields",
    source="8",
    operations=("importMasterData", "getJob"),
    needs=WRITES,
    cases=violating("unknown-field"),
    examples=10,
)
def unknown_fields_are_reported_and_kept_out(ctx: Context, case: Any) -> None:
    """A field that the contract does not know is left out, and the job says so."""
    _judge(ctx, case, "unknown-fields")
    for record in own(ctx, "contacts"):
        ctx.expect("nickname" not in record, "no field that the contract does not know", "nickname")


@check(assumed="unknown-fields", source="8", operations=("importMasterData", "getJob"), needs=WRITES)
def every_unknown_field_is_counted(ctx: Context) -> None:
    """A field that the contract does not know is reported with its first place, and counted wherever it stands."""
    strange: dict[str, Any] = {"nickname": "x", "a/b~c": 1, "~1": None}
    contracts = [{"contactId": "C0", "nickname": 1}, {"contactId": "C1", **strange}]
    unit = {"id": "U", "contracts": contracts, "documents": [{"id": "D0"}, {"id": "D1", **strange}], **strange}
    papers = [{"id": "D2"}, {"id": "D3", "stamp": "x"}]
    homes = [
        {
            "id": "P",
            "name": "x",
            "addresses": [{"street": "x", "units": [unit], "a/b~c": 2}],
            "documents": papers,
            **strange,
        },
        {"id": "Q", "name": "x", "nickname": ["x"]},
    ]
    people = [{"id": f"C{number}", "lastName": "x", **(strange if number else {})} for number in range(3)]
    _judge(ctx, {"contacts": people, "properties": homes, "x/y": {}}, "unknown-fields")


@check(assumed="property-postal-code", source="8.4", operations=("importMasterData",), needs=WRITES)
def postal_code_of_a_property_is_text_or_number(ctx: Context) -> None:
    """The postal code of a property may come as a text or as a number; it is read as a text, with its leading
    zeros.
    """
    history = History(ctx, "property-postal-code")
    for number, code in enumerate(("80331", 80331, "01067", 1067, "SW1A 1AA", 0)):
        history.send({"properties": [{"id": f"P{number}", "name": "Musterhaus", "postalCode": code}]})
    history.expect()


@check(assumed="contract-dates", source="3.2", operations=("importMasterData",), needs=WRITES)
def dates_of_a_contract_are_dates_or_date_times(ctx: Context) -> None:
    """Start and end of a contract may come as dates or as date-times, and are read as the moments that they mean."""
    _expect_dates(History(ctx, "contract-dates"), _MOMENTS)


@check(assumed="contract-date-format", source="3.2", operations=("importMasterData",), needs=WRITES, versions=("v2",))
def dates_of_contracts_read_in_one_form(ctx: Context) -> None:
    """However the dates of a contract were sent, they are read in the form that is assumed."""
    days_alone = ctx.contract.values["contract-dates"] == "date"
    _expect_dates(History(ctx, "contract-date-format"), _MOMENTS[:1] if days_alone else _MOMENTS)


_MOMENTS = ("2024-02-29", "2024-01-01T00:00:00Z", "2023-12-31T23:00:00.000Z", "2024-07-01T00:00:00+02:00", None)


def _expect_dates(history: History, moments: Iterable[str | None]) -> None:
    for number, start in enumerate(moments):
        contract = {"contactId": "C", "type": "OWNER", "startDate": start, "endDate": "2099-12-31"}
        history.send(_with_unit({"id": f"U{number}", "contracts": [contract]}))
    history.expect()


def _with_unit(unit: Mapping[str, Any]) -> dict[str, Any]:
    home = {"id": "P", "name": "Musterhaus", "addresses": [{"street": "Main street 14", "units": [unit]}]}
    return {"contacts": [{"id": "C", "lastName": "Muster"}], "properties": [home]}


@check(assumed="document-type-levels", source="8.7", operations=("importMasterData",), needs=WRITES)
def type_of_a_document_has_so_many_levels(ctx: Context) -> None:
    """The type of a document is a path of at most as many levels as assumed; a deeper one is refused before the
    answer.
    """
    levels = ctx.contract.values["document-type-levels"]
    history = History(ctx, "document-type-levels")
    for depth in (1, levels, levels + 1):
        document = {"id": f"D{depth}", "type": "/".join(f"level {n}" for n in range(depth))}
        history.send({"properties": [{"id": "P", "name": "Musterhaus", "documents": [document]}]})
    history.expect()


@check(assumed="job-object", source="8.8", operations=("importMasterData", "getJob"), needs=WRITES)
def flawed_documents_get_what_was_worked_out(ctx: Context) -> None:
    """Of each of the flawed documents that come with the kit, those records are refused that were worked out by
    hand.
    """
    account = Account(ctx.contract)
    for number, name in ctx.briefly(enumerate(broken_names()), 12):
        if name != "document-too-large":  # 67 MB are too much for an account that others use too
            _judge_document(ctx, account, Names(f"{ctx.names.prefix}{number}-"), load_broken(name))
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


def _judge(ctx: Context, case: Any, assumption: str) -> None:
    history = History(ctx, assumption)
    history.send(case)
    history.expect()
