"""Checks about what comes before what: inside a request it never matters, across requests it does."""

from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

from casavi_contracts import spec
from casavi_contracts.checks.definition import check
from casavi_contracts.checks.rules import violating
from casavi_contracts.context import Context, Names
from casavi_contracts.contract import Contract
from casavi_contracts.expect.histories import History
from casavi_contracts.expect.observing import JOB, accepted, expect_job, expect_read, imported
from casavi_contracts.expect.outcomes import expect_same, outcome, permuted
from casavi_contracts.model import Account, shown
from casavi_contracts.strategies import NASTY, PLAIN, master_data, master_data_violating
from casavi_contracts.target import Capability

WRITES = (Capability.WRITE,)
IMPORTS = ("importMasterData",)

_LINKED = {
    "contacts": (1, 3),
    "properties": (1, 2),
    "units": (1, 3),
    "responsibilities": (0, 2),
    "documents": (0, 2),
}


def _linked(contract: Contract) -> st.SearchStrategy[Any]:
    return master_data(contract, sizes=_LINKED)


def _flawed(contract: Contract) -> st.SearchStrategy[Any]:
    return master_data_violating("missing-reference", contract).map(lambda violation: violation["portfolio"])


@check(
    documented="8.1",
    operations=IMPORTS,
    needs=WRITES,
    cases=lambda contract: st.fixed_dictionaries(
        {"portfolio": _linked(contract) | _flawed(contract), "order": st.integers(0, 9_999)}
    ),
    examples=10,
)
def order_inside_a_request_does_not_matter(ctx: Context, case: Any) -> None:
    """Whatever the order of records, arrays and members in a request, the same is imported, and the same is
    refused.
    """
    one, other = _two(ctx)
    first = outcome(ctx, one, [ctx.account.imported(one.own(case["portfolio"]))])
    shuffled = permuted(case["portfolio"], case["order"])
    second = outcome(ctx, other, [ctx.account.imported(other.own(shuffled))])
    expect_same(ctx, first, second, "in another order")


def _two(ctx: Context) -> tuple[Names, Names]:
    return Names(f"{ctx.names.prefix}1-"), Names(f"{ctx.names.prefix}2-")


@check(documented="8.1", operations=IMPORTS, needs=WRITES, cases=_linked, examples=9)
def contacts_may_stand_after_what_names_them(ctx: Context, case: Any) -> None:
    """A request whose contacts and properties stand behind everything that names them is imported as a whole."""
    names = ("responsibilities", "properties", "contacts")
    portfolio = ctx.names.own({name: case[name] for name in names if name in case})
    account = Account(ctx.contract)
    expected = accepted(ctx, account, portfolio)
    job = ctx.account.imported(portfolio)
    ctx.expect(job["errors"] == [], "no record to be refused", shown(job["errors"]))
    expect_read(ctx, account)
    expect_job(ctx, job, expected)


@check(documented="8.1", operations=IMPORTS, needs=WRITES, cases=_linked, examples=6)
def split_in_dependency_order_does_not_matter(ctx: Context, case: Any) -> None:
    """Sent in several requests, contacts and properties before what names them, the same is imported."""
    one, other = _two(ctx)
    whole = outcome(ctx, one, [ctx.account.imported(one.own(case))])
    jobs = [ctx.account.imported(other.own(part)) for part in _parts(case)]
    expect_same(ctx, whole, outcome(ctx, other, jobs), "in several requests")


def _parts(portfolio: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields requests with one kind of records each, the first record of a kind in one of its own."""
    for kind in ("contacts", "properties", "responsibilities"):
        records = portfolio.get(kind, [])
        for some in (records[:1], records[1:]):
            if some:
                yield {kind: some}


@check(
    documented="8.1",
    operations=("importMasterData", "getJob"),
    needs=WRITES,
    cases=violating("missing-reference"),
    examples=12,
)
def child_before_parent_is_refused_and_named(ctx: Context, case: Any) -> None:
    """A record whose reference leads nowhere is refused, and the job names exactly the record that is missing."""
    portfolio, account = ctx.names.own(case), Account(ctx.contract)
    expected = accepted(ctx, account, portfolio)
    job = ctx.account.imported(portfolio)
    refused = spec.summed(job, "refused")
    ctx.expect(refused > 0, f"a record to be refused: {shown(expected.errors)}", "all were taken")
    for error in expected.errors:
        named = [found["missing"] for found in job["errors"] if found["rule"] == error["rule"]]
        ctx.expect(error["missing"] in named, f"{shown(error['missing'])} to be named as missing", shown(named), **JOB)
    expect_read(ctx, account)
    expect_job(ctx, job, expected)


@check(
    assumed="partial-failure",
    source="8.8",
    operations=("importMasterData", "getJob"),
    needs=WRITES,
    cases=violating("missing-reference"),
    examples=6,
)
def rest_of_a_request_is_imported(ctx: Context, case: Any) -> None:
    """A record that is refused keeps no other one from being imported that does not depend on it."""
    history = History(ctx, "partial-failure")
    history.send(case)
    history.expect(jobs=False)


@check(documented="8.1", operations=IMPORTS, needs=WRITES, cases=_linked, examples=6)
def parent_first_then_the_same_succeeds(ctx: Context, case: Any) -> None:
    """What was refused for a missing record is imported when it is sent again after that record."""
    portfolio, account = ctx.names.own(case), Account(ctx.contract)
    without = {name: records for name, records in portfolio.items() if name != "contacts"}
    imported(ctx, account, without)
    imported(ctx, account, {"contacts": portfolio["contacts"]})
    expected = accepted(ctx, account, without)
    job = ctx.account.imported(without)
    ctx.expect(job["errors"] == [], "nothing to be refused any more", shown(job["errors"]))
    expect_read(ctx, account)
    expect_job(ctx, job, expected)


@check(
    inferred="8.1",
    assumption="partial-failure",
    operations=("importMasterData", "getJob"),
    needs=WRITES,
    cases=violating("refused-reference"),
    examples=8,
)
def refused_reference_names_the_root(ctx: Context, case: Any) -> None:
    """A record that names a refused one is refused too, and names the record whose own fault it was."""
    _expect_as_modelled(ctx, case)


@check(
    inferred="8.1",
    assumption="partial-failure",
    operations=("importMasterData", "getJob"),
    needs=WRITES,
    cases=violating("refused-parent"),
    examples=8,
)
def refused_parent_names_the_root(ctx: Context, case: Any) -> None:
    """A record that lies inside a refused one is refused too, and names the record whose own fault it was."""
    _expect_as_modelled(ctx, case)


def _expect_as_modelled(ctx: Context, case: Any) -> None:
    account = Account(ctx.contract)
    imported(ctx, account, ctx.names.own(case))
    expect_read(ctx, account)


@check(
    documented="3.1",
    operations=IMPORTS,
    needs=WRITES,
    cases=lambda contract: st.fixed_dictionaries(
        {
            "portfolio": master_data(contract, sizes=_LINKED, alphabet=PLAIN),
            "shift": st.integers(0, len(NASTY.ids) - 1),
        }
    ),
    examples=8,
)
def names_of_records_do_not_matter(ctx: Context, case: Any) -> None:
    """Whatever the reference ids are, the same is imported: they are free text of the customer."""
    one, other = _two(ctx)
    step = len(PLAIN.ids)
    odd = {id_: NASTY.ids[(case["shift"] + step * n) % len(NASTY.ids)] for n, id_ in enumerate(PLAIN.ids)}
    back = {f"!{name}": id_ for id_, name in odd.items()}
    first = outcome(ctx, one, [ctx.account.imported(one.own(case["portfolio"]))])
    renamed = _renamed(case["portfolio"], {id_: name for name, id_ in back.items()})
    job = ctx.account.imported(other.own(renamed))
    second = outcome(ctx, other, [job], rename=lambda id_: back.get(id_, id_))
    expect_same(ctx, first, second, "under other ids")


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: member
        if key == "customFields"
        else names.get(member, member)
        if key in ("id", "contactId", "propertyId") and isinstance(member, str)
        else _renamed(member, names)
        for key, member in value.items()
    }
