"""Checks about what becomes of a record that comes another time."""

from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

from casavi_contracts.checks.definition import Check, check, checks, row
from casavi_contracts.context import Context
from casavi_contracts.contract import Contract
from casavi_contracts.expect.histories import BEGIN, LOOK, SEND, History, Step, Steps
from casavi_contracts.expect.observing import LISTS, accepted, expect_job, expect_read, own
from casavi_contracts.http.target import Capability
from casavi_contracts.model import Account, same, shown
from casavi_contracts.strategies import master_data, variant

WRITES = (Capability.WRITE,)

_SIZES = {"contacts": (1, 3), "properties": (0, 2), "units": (0, 3), "documents": (0, 2), "responsibilities": (0, 2)}


def _portfolios(contract: Contract) -> st.SearchStrategy[Any]:
    return master_data(contract, sizes=_SIZES)


@check(inferred="8.1", operations=("importMasterData",), needs=WRITES, cases=_portfolios, examples=8)
def repetition_changes_nothing(ctx: Context, case: Any) -> None:
    """The same request again changes nothing."""
    portfolio, account = ctx.names.own(case), Account(ctx.contract)
    accepted(ctx, account, portfolio)
    ctx.account.imported(portfolio)
    before = _all(ctx)
    expected = accepted(ctx, account, portfolio)
    job = ctx.account.imported(portfolio)
    after = _all(ctx)
    for entity, records in before.items():
        ids = [record["id"] for record in records]
        again = [record["id"] for record in after[entity]]
        ctx.expect(ids == again, f"the same {entity} as before, {shown(ids)}", shown(again))
        for one, other in zip(records, after[entity], strict=True):
            changed = [name for name in one if name not in other or not same(one[name], other[name])]
            ctx.expect(not changed, f"{entity} {shown(one['id'])} as before", f"others: {changed}")
    expect_job(ctx, job, expected)


def _all(ctx: Context) -> dict[str, list[dict[str, Any]]]:
    return {entity: own(ctx, entity) for entity in LISTS[ctx.contract.version]}


@check(inferred="8.1", operations=("importMasterData",), needs=WRITES, cases=_portfolios, examples=8)
def same_id_updates_the_record(ctx: Context, case: Any) -> None:
    """A record that comes with the id of a stored one changes that one; it is no second one."""
    account = Account(ctx.contract)
    numbers = {}
    for edit in ("same", "edited"):
        portfolio = ctx.names.own(variant(case, edit))
        expected = accepted(ctx, account, portfolio)
        job = ctx.account.imported(portfolio)
        expect_read(ctx, account)
        expect_job(ctx, job, expected)
        numbers[edit] = {record["id"]: record.get("internalId") for record in own(ctx, "contacts")}
    ctx.expect(
        numbers["edited"] == numbers["same"], f"the same internal ids, {numbers['same']}", f"{numbers['edited']}"
    )


def _named(ctx: Context, portfolio: dict[str, Any]) -> dict[str, Any]:
    if ctx.contract.values["contact-name-required"]:
        for contact in portfolio["contacts"]:
            contact["lastName"] = "Muster"
    return portfolio


def _everywhere(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a contact, a property and a unit that have the same custom fields."""
    more = {"customFields": dict(fields)}
    unit = {"id": "U", **more}
    home = {"id": "P", "name": "Musterhaus", "addresses": [{"street": "Main street 14", "units": [unit]}], **more}
    return {"contacts": [{"id": "C", "lastName": "Muster", **more}], "properties": [home]}


def _let_to(tenants: str) -> dict[str, Any]:
    """Returns a unit that is let to some of three people, and another that is let to nobody."""
    contracts = [{"id": f"V{id_}", "contactId": id_, "type": "RENTER", "startDate": "2024-01-01"} for id_ in tenants]
    units = [{"id": "U", "name": "Flat", "contracts": contracts}, {"id": "W", "name": "Flat"}]
    return {
        "contacts": [{"id": id_, "lastName": f"Muster {id_}"} for id_ in "ABC"],
        "properties": [{"id": "P", "name": "x", "addresses": [{"street": "Main street 14", "units": units}]}],
    }


_OF_A_DOCUMENT = {
    "title": ("House rules", "Prices"),
    "fileName": ("house-rules.pdf", "prices.pdf"),
    "type": ("Rules", "Lists"),
    "contentType": ("application/pdf", "text/plain"),
    "contactId": ("A", "B"),
}
"""Two values of every field of a document but its content. No operation reads them, so only counts show a change."""


def _house(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns a house with documents, and a flat in it with the same ones under other ids."""
    flat = {"id": "U", "documents": [{**document, "id": f"{document['id']} of the flat"} for document in documents]}
    addresses = [{"street": "Main street 14", "units": [flat]}]
    return {"properties": [{"id": "P", "name": "Musterhaus", "addresses": addresses, "documents": documents}]}


def _bare(ctx: Context, case: Any) -> Iterator[Step]:
    full = {**case, "contacts": [{"lastName": "Muster", "city": "x", **contact} for contact in case["contacts"]]}
    yield BEGIN, full
    yield SEND, _named(ctx, variant(full, "bare"))


def _cleared(ctx: Context, case: Any) -> Iterator[Step]:
    full = {**case, "contacts": [{**contact, "lastName": "Muster", "city": "x"} for contact in case["contacts"]]}
    yield BEGIN, full
    yield SEND, _named(ctx, variant(full, "cleared"))


def _merged(ctx: Context, case: Any) -> Iterator[Step]:
    yield BEGIN, _everywhere({"stays": "x", "Area": 85.1, "goes": True, "Stra\u00dfe / Nr.": " "})
    for fields in (
        {"Area": 85.25, "goes": None, "comes": False, "Stra\u00dfe / Nr.": ""},
        {},
        {"Area": "85.25", "comes": 0},
    ):
        yield SEND, _everywhere(fields)
        yield LOOK, None


def _thinned(ctx: Context, case: Any) -> Iterator[Step]:
    yield BEGIN, case
    yield SEND, variant(case, "thinned")
    yield SEND, {"contacts": case["contacts"][-1:]}
    yield SEND, {"contacts": []}


def _moved(ctx: Context, case: Any) -> Iterator[Step]:
    yield BEGIN, case
    yield SEND, variant(case, "moved")


def _tenants(ctx: Context, case: Any) -> Iterator[Step]:
    yield BEGIN, _let_to("AB")
    for tenants in ("B", "BC", "CB", "", "A"):
        yield SEND, _let_to(tenants)
        yield LOOK, None


def _documents(ctx: Context, case: Any) -> Iterator[Step]:
    for content in ctx.briefly(("SGFsbG8=", "SGFs\r\nbG8=", "SGFsbG8h", None, "SGFsbG8h", ""), 3):
        document = {"id": "D", "title": "House rules", **({} if content is None else {"content": content})}
        yield SEND, _house([document])
        yield LOOK, None
    yield BEGIN, {"contacts": [{"id": id_, "lastName": f"Muster {id_}"} for id_ in "AB"]}
    for name, (value, other) in ctx.briefly(_OF_A_DOCUMENT.items(), 2):
        for fields in ({}, {name: None}, {name: value}, {name: other}, {name: None}):
            yield SEND, _house([{"id": f"D {name}", **fields}])
        yield LOOK, None


_LISTS = ("importMasterData", "listContacts", "listUnits", "listProperties")


@checks(
    row("omitted-fields-stay", "A field that is not sent stays as it is.",
        _bare, assumed="upsert", cases=_portfolios, examples=8),
    row("null-clears-a-field", "A field that is sent as null is cleared.",
        _cleared, assumed="null-clears", cases=_portfolios, examples=8),
    row("custom-fields-are-merged-by-name",
        "Custom fields that are not sent stay; those that are sent get the new value, and null clears one.",
        _merged, assumed="custom-fields", source="8.7", operations=_LISTS, versions=("v2",)),
    row("omitted-records-stay", "A stored record that a later import does not mention stays as it is.",
        _thinned, assumed="missing-records", cases=_portfolios, examples=6),
    row("unit-moves-with-its-property",
        "A unit that comes in another property or at another address stands there afterwards, and nowhere else.",
        _moved, inferred="9.4", assumption="unit-id-scope", examples=5, versions=("v2",),
        operations=("importMasterData", "listUnits", "listProperties"),
        cases=lambda contract: master_data(contract, sizes={**_SIZES, "properties": (2, 3), "units": (1, 3)})),
    row("contracts-come-and-go-with-their-unit", "The contracts of a unit are those that came with it last.",
        _tenants, assumed="import-model-nesting", source="8.5", versions=("v2",),
        operations=("importMasterData", "listUnits", "listContacts")),
    row("new-content-of-a-document-is-noticed",
        "A document with other content or fields than before is updated; the same, however broken into lines, is not.",
        _documents, assumed="import-model-nesting", source="8.7", operations=("importMasterData", "getJob")),
    source="8.1",
    operations=("importMasterData",),
    needs=WRITES,
)  # fmt: skip
def upsert(ctx: Context, steps: Steps, case: Any, check: Check) -> None:
    """What comes another time changes what is stored, as far as it says something new."""
    History(ctx, check.assumption or "", check.evidence_in(ctx.contract)).tell(steps(ctx, case))
