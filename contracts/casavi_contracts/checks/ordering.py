"""Checks about what comes before what: inside a request it never matters, across requests it does."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

from casavi_contracts import spec
from casavi_contracts.checks.definition import check, checks, row
from casavi_contracts.checks.rules import violating
from casavi_contracts.context import Context, Names
from casavi_contracts.contract import Contract
from casavi_contracts.expect.histories import History
from casavi_contracts.expect.observing import JOB, accepted, expect_job, expect_read, imported
from casavi_contracts.expect.outcomes import expect_same, outcome, permuted
from casavi_contracts.http.target import Capability
from casavi_contracts.model import Account, shown
from casavi_contracts.strategies import NASTY, PLAIN, master_data, master_data_violating

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


@checks(
    row("refused-reference-names-the-root",
        "A record that names a refused one is refused too, and names the record whose own fault it was.",
        None, cases=violating("refused-reference")),
    row("refused-parent-names-the-root",
        "A record that lies inside a refused one is refused too, and names the record whose own fault it was.",
        None, cases=violating("refused-parent")),
    inferred="8.1",
    assumption="partial-failure",
    operations=("importMasterData", "getJob"),
    needs=WRITES,
    examples=8,
)  # fmt: skip
def refusal_names_the_root(ctx: Context, given: None, case: Any) -> None:
    """What is refused because of another record names the one whose own fault it was."""
    account = Account(ctx.contract)
    imported(ctx, account, ctx.names.own(case))
    expect_read(ctx, account)


Twin = tuple[list[dict[str, Any]], str, Callable[[str], str]]
"""The same portfolio in other requests, what is other about them, and the id that one has in the first portfolio."""


def _permuted(case: Any) -> Twin:
    return [permuted(case["portfolio"], case["order"])], "in another order", str


def _split(case: Any) -> Twin:
    return [*_parts(case["portfolio"])], "in several requests", str


def _under_other_ids(case: Any) -> Twin:
    step = len(PLAIN.ids)
    odd = {id_: NASTY.ids[(case["shift"] + step * n) % len(NASTY.ids)] for n, id_ in enumerate(PLAIN.ids)}
    back = {f"!{name}": id_ for id_, name in odd.items()}
    renamed = _renamed(case["portfolio"], {id_: name for name, id_ in back.items()})
    return [renamed], "under other ids", lambda id_: back.get(id_, id_)


@checks(
    row("order-inside-a-request-does-not-matter",
        "Whatever the order of records, arrays and members in a request, the same is imported, and the same is "
        "refused.",
        _permuted, documented="8.1", examples=10,
        cases=lambda contract: _with(portfolio=_linked(contract) | _flawed(contract), order=st.integers(0, 9_999))),
    row("split-in-dependency-order-does-not-matter",
        "Sent in several requests, contacts and properties before what names them, the same is imported.",
        _split, documented="8.1", examples=6, cases=lambda contract: _with(portfolio=_linked(contract))),
    row("names-of-records-do-not-matter",
        "Whatever the reference ids are, the same is imported: they are free text of the customer.",
        _under_other_ids, documented="3.1", examples=8,
        cases=lambda contract: _with(
            portfolio=master_data(contract, sizes=_LINKED, alphabet=PLAIN), shift=st.integers(0, len(NASTY.ids) - 1))),
    operations=IMPORTS,
    needs=WRITES,
)  # fmt: skip
def order_does_not_matter(ctx: Context, twin: Callable[[Any], Twin], case: Any) -> None:
    """The same records give the same, in whatever order, requests and under whatever names they come."""
    one, other = (Names(f"{ctx.names.prefix}{number}-", ctx.contract) for number in (1, 2))
    first = outcome(ctx, one, [ctx.account.imported(one.own(case["portfolio"]))])
    requests, how, rename = twin(case)
    jobs = [ctx.account.imported(other.own(request)) for request in requests]
    expect_same(ctx, first, outcome(ctx, other, jobs, rename=rename), how)


def _with(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(parts)
