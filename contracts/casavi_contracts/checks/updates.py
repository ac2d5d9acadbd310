"""Checks about what becomes of a record that comes another time."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from casavi_contracts.checks.definition import check
from casavi_contracts.context import Context
from casavi_contracts.contract import Contract
from casavi_contracts.expect.histories import History
from casavi_contracts.expect.observing import LISTS, accepted, expect_job, expect_read, own
from casavi_contracts.model import Account, same, shown
from casavi_contracts.strategies import master_data, variant
from casavi_contracts.target import Capability

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


@check(assumed="upsert", source="8.1", operations=("importMasterData",), needs=WRITES, cases=_portfolios, examples=8)
def omitted_fields_stay(ctx: Context, case: Any) -> None:
    """A field that is not sent stays as it is."""
    history = History(ctx, "upsert")
    full = {**case, "contacts": [{"lastName": "Muster", "city": "x", **contact} for contact in case["contacts"]]}
    history.begin(full)
    history.send(_named(ctx, variant(full, "bare")))
    history.expect()


@check(
    assumed="null-clears",
    source="8.1",
    operations=("importMasterData",),
    needs=WRITES,
    cases=_portfolios,
    examples=8,
)
def null_clears_a_field(ctx: Context, case: Any) -> None:
    """A field that is sent as null is cleared."""
    history = History(ctx, "null-clears")
    full = {**case, "contacts": [{**contact, "lastName": "Muster", "city": "x"} for contact in case["contacts"]]}
    history.begin(full)
    history.send(_named(ctx, variant(full, "cleared")))
    history.expect()


def _named(ctx: Context, portfolio: dict[str, Any]) -> dict[str, Any]:
    if ctx.contract.values["contact-name-required"]:
        for contact in portfolio["contacts"]:
            contact["lastName"] = "Muster"
    return portfolio


@check(
    assumed="custom-fields",
    source="8.7",
    operations=("importMasterData", "listContacts", "listUnits", "listProperties"),
    needs=WRITES,
    versions=("v2",),
)
def custom_fields_are_merged_by_name(ctx: Context) -> None:
    """Custom fields that are not sent stay; those that are sent get the new value, and null clears one."""
    history = History(ctx, "custom-fields")
    history.begin(_everywhere({"stays": "x", "Area": 85.1, "goes": True, "Stra\u00dfe / Nr.": " "}))
    for fields in (
        {"Area": 85.25, "goes": None, "comes": False, "Stra\u00dfe / Nr.": ""},
        {},
        {"Area": "85.25", "comes": 0},
    ):
        history.send(_everywhere(fields))
        history.expect()


def _everywhere(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a contact, a property and a unit that have the same custom fields."""
    more = {"customFields": dict(fields)}
    unit = {"id": "U", **more}
    home = {"id": "P", "name": "Musterhaus", "addresses": [{"street": "Main street 14", "units": [unit]}], **more}
    return {"contacts": [{"id": "C", "lastName": "Muster", **more}], "properties": [home]}


@check(
    assumed="missing-records",
    source="8.1",
    operations=("importMasterData",),
    needs=WRITES,
    cases=_portfolios,
    examples=6,
)
def omitted_records_stay(ctx: Context, case: Any) -> None:
    """A stored record that a later import does not mention stays as it is."""
    history = History(ctx, "missing-records")
    history.begin(case)
    history.send(variant(case, "thinned"))
    history.send({"contacts": case["contacts"][-1:]})
    history.send({"contacts": []})
    history.expect()


@check(
    inferred="9.4",
    assumption="unit-id-scope",
    operations=("importMasterData", "listUnits", "listProperties"),
    needs=WRITES,
    versions=("v2",),
    cases=lambda contract: master_data(contract, sizes={**_SIZES, "properties": (2, 3), "units": (1, 3)}),
    examples=5,
)
def unit_moves_with_its_property(ctx: Context, case: Any) -> None:
    """A unit that comes in another property or at another address stands there afterwards, and nowhere else."""
    history = History(ctx, "unit-id-scope", ctx.contract.evidence_of("inferred", ("importMasterData",)))
    history.begin(case)
    history.send(variant(case, "moved"))
    history.expect()


@check(
    assumed="import-model-nesting",
    source="8.5",
    operations=("importMasterData", "listUnits", "listContacts"),
    needs=WRITES,
    versions=("v2",),
)
def contracts_come_and_go_with_their_unit(ctx: Context) -> None:
    """The contracts of a unit are those that came with it last."""
    history = History(ctx, "import-model-nesting")
    history.begin(_let_to("AB"))
    for tenants in ("B", "BC", "CB", "", "A"):
        history.send(_let_to(tenants))
        history.expect()


def _let_to(tenants: str) -> dict[str, Any]:
    """Returns a unit that is let to some of three people, and another that is let to nobody."""
    contracts = [{"id": f"V{id_}", "contactId": id_, "type": "RENTER", "startDate": "2024-01-01"} for id_ in tenants]
    units = [{"id": "U", "name": "Flat", "contracts": contracts}, {"id": "W", "name": "Flat"}]
    return {
        "contacts": [{"id": id_, "lastName": f"Muster {id_}"} for id_ in "ABC"],
        "properties": [{"id": "P", "name": "x", "addresses": [{"street": "Main street 14", "units": units}]}],
    }


@check(assumed="import-model-nesting", source="8.7", operations=("importMasterData", "getJob"), needs=WRITES)
def new_content_of_a_document_is_noticed(ctx: Context) -> None:
    """A document with other content or fields than before is updated; the same, however broken into lines, is not."""
    history = History(ctx, "import-model-nesting")
    for content in ctx.briefly(("SGFsbG8=", "SGFs\r\nbG8=", "SGFsbG8h", None, "SGFsbG8h", ""), 3):
        document = {"id": "D", "title": "House rules", **({} if content is None else {"content": content})}
        history.send(_house([document]))
        history.expect()
    history.begin({"contacts": [{"id": id_, "lastName": f"Muster {id_}"} for id_ in "AB"]})
    for name, (value, other) in ctx.briefly(_OF_A_DOCUMENT.items(), 2):
        for fields in ({}, {name: None}, {name: value}, {name: other}, {name: None}):
            history.send(_house([{"id": f"D {name}", **fields}]))
        history.expect()


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
