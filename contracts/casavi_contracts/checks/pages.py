"""Checks about lists, page by page."""

from collections.abc import Iterator
from typing import Any

from casavi_contracts.checks.definition import check
from casavi_contracts.context import Context
from casavi_contracts.contract import Contract
from casavi_contracts.expect.calls import NOBODY, lists
from casavi_contracts.expect.observing import LISTS, check_form
from casavi_contracts.expect.refusals import refused
from casavi_contracts.expect.stock import (
    FIRST,
    Record,
    Stock,
    ids_of,
    page_size,
    query_marks,
    records_of,
    several_pages,
    walked,
)
from casavi_contracts.http.target import Capability

WRITES = (Capability.WRITE,)

FAR = 1_000_000_000
"""The highest page that the contract takes."""

_TRIES = 3
"""Walks through a list of a busy account until one is found during which nobody imported anything."""


@check(third_party="5")
def lists_can_be_read(ctx: Context) -> None:
    """Every list can be read, with each of its parameters, be there records or none."""
    for operation in lists(ctx.contract):
        for query in ("", *_queries(ctx.contract, operation)):
            answer = ctx.account.send(operation, query=query)
            marks = query_marks(ctx.contract, query)
            ctx.expect(answer.ok, f"{operation} with {query!r} to succeed", f"status {answer.status}", **marks)
            check_form(ctx, operation, answer)


def _queries(contract: Contract, operation: str) -> Iterator[str]:
    """Yields queries with one parameter each."""
    for name, schema in contract.query_parameters(operation).items():
        values = {"boolean": ("true", "false"), "integer": (schema.get("minimum", 0),)}.get(schema["type"], (NOBODY,))
        for value in ("2024-01-31T23:59:59.999Z",) if schema.get("format") == "date-time" else values:
            yield f"{name}={value}"


@check(inferred="5", needs=WRITES)
def page_walk_returns_every_record_once(ctx: Context) -> None:
    """Whoever walks through the pages of a list gets every record once, however many there are."""
    stock = Stock(ctx)
    boundary = _to_full_page(ctx)
    sizes = (0, 1, boundary, boundary + 1, boundary + several_pages(ctx.contract))
    for size in sizes:
        stock.grow(size)
        for entity, operation in stock.lists():
            briefly = ctx.shared and size != sizes[-1]
            seen = ctx.listed(ctx.account, operation) if briefly else walked(ctx.account, operation)
            stock.expect(entity, seen)


@check(inferred="5", needs=WRITES, records=1_010)
def long_list_is_whole(ctx: Context) -> None:
    """A list of more than a thousand records can be walked through to its end, and says how long it is."""
    stock, version = Stock(ctx), ctx.contract.version
    for size in _LONG_AT_AN_ACCOUNT if ctx.shared else _LONG:
        stock.grow(size)
    for entity, operation in stock.some_lists():
        seen = walked(ctx.account, operation)
        stock.expect(entity, seen)
        if version == "v1":
            told = ctx.account.page(operation, f"{ctx.contract.page_parameter}=0")
            ctx.expect(told["count"] >= len(seen), f"a count of {len(seen)} records", f"{told['count']}")


_LONG = (250, 500, 750, 1_010)
"""How many records there are after each import: in the end more than a thousand, where many a limit lies."""

_LONG_AT_AN_ACCOUNT = (150,)
"""The same where records stay and have a budget: this is judged when lists are long anyway."""


def _to_full_page(ctx: Context) -> int:
    """Returns how many contacts are lacking until the last page is full; at least one."""
    size = page_size(ctx.contract)
    return size - len(walked(ctx.account, LISTS[ctx.contract.version]["contacts"])) % size


@check(inferred="5", needs=WRITES)
def pages_are_full_but_the_last(ctx: Context) -> None:
    """A page has as many records as assumed; only the last one may have fewer."""
    version, size = ctx.contract.version, page_size(ctx.contract)
    assumption = f"{version}-page-size"
    marks: dict[str, Any] = {
        "assumption": assumption,
        "evidence": ctx.contract.assumptions[assumption].evidence,
    }
    stock = Stock(ctx)
    stock.grow(size + 1)
    for _, operation in stock.lists():
        lengths = [len(page) for page in ctx.account.walk(operation)]
        for length in lengths[:-1]:
            ctx.expect(length == size, f"{size} records on a page", f"{length}", value=lengths[0], **marks)
        fits = 1 <= lengths[-1] <= size
        ctx.expect(fits, f"1 to {size} records on the last page", f"{lengths[-1]}", **marks)


@check(third_party="5.1", operations=("getContacts",), needs=WRITES, versions=("v1",))
def counts_of_a_list_add_up(ctx: Context) -> None:
    """A page tells its own number, how many records there are on all pages, and how many pages that makes."""
    stock = Stock(ctx)
    boundary = _to_full_page(ctx)
    for size in (0, 1, boundary, boundary + 1):
        stock.grow(size)
        _expect_counts(ctx, _quiet_pages(ctx))


def _quiet_pages(ctx: Context) -> list[Record]:
    """Returns the pages of a list and the one behind them, if possible at a time when nobody else imports."""
    name = ctx.contract.page_parameter
    for _ in range(_TRIES):
        pages = [ctx.account.page("getContacts", f"{name}=0")]
        for number in range(1, pages[0]["pageCount"] + 1):
            answer = ctx.account.send("getContacts", query=f"{name}={number}")
            if answer.ok or number < pages[0]["pageCount"]:  # what lies behind the last page is another check
                pages.append(ctx.account.page("getContacts", f"{name}={number}"))
        if pages[0]["count"] == pages[-1]["count"]:
            break
    return pages


def _expect_counts(ctx: Context, pages: list[Record]) -> None:
    records = sum(len(page["content"]) for page in pages)
    filled = sum(1 for page in pages if page["content"])
    # That an empty list has no page is a guess: its first page would lie behind the last.
    empty: Any = {} if records else {"evidence": "assumed", "assumption": "out-of-range-page"}
    for number, page in enumerate(pages):
        ctx.expect(page["page"] == number, f"page {number} to be called so", f"{page['page']}")
        ctx.expect(page["count"] == records, f"a count of {records} on page {number}", f"{page['count']}")
        seen = page["pageCount"]
        ctx.expect(seen == filled, f"a pageCount of {filled} with {records} records", f"{seen}", **empty)


@check(inferred="5", needs=WRITES)
def first_page_is_the_default(ctx: Context) -> None:
    """Without a number the first page is answered."""
    first, name = FIRST[ctx.contract.version], ctx.contract.page_parameter
    marks = query_marks(ctx.contract, f"{name}={first}")
    stock = Stock(ctx)
    stock.grow(page_size(ctx.contract) + 1)
    for _, operation in stock.lists():
        default, numbered, second = (
            ids_of(records_of(ctx.account.page(operation, query)))
            for query in ("", f"{name}={first}", f"{name}={first + 1}")
        )
        ctx.expect(default == numbered, f"page {first} of {operation} without a number", "another page", **marks)
        ctx.expect(not set(default) & set(second), f"other records on page {first + 1}", "the same", **marks)


@check(assumed="out-of-range-page", source="15", needs=WRITES)
def page_beyond_the_end_is_empty(ctx: Context) -> None:
    """Beyond the last page there are empty ones, or none, as assumed."""
    first = FIRST[ctx.contract.version]
    stock = Stock(ctx)
    stock.grow(1)
    for _, operation in stock.some_lists():
        pages = sum(1 for _ in ctx.account.walk(operation))
        for number in (first + pages, first + pages + 1, FAR):
            answer = ctx.account.send(operation, query=f"{ctx.contract.page_parameter}={number}")
            if ctx.contract.values["out-of-range-page"] == "not-found":
                refused(ctx, answer, "page-unknown", f"page {number} of {pages}")
                continue
            ctx.expect(answer.ok, f"an empty page {number} of {pages}", f"status {answer.status}")
            check_form(ctx, operation, answer)
            page = answer.json
            ctx.expect(not records_of(page), f"no records on page {number} of {pages}", f"{len(records_of(page))}")
            told = page.get("page", number)
            ctx.expect(told == number, f"page {number} to be called so", f"{told}")
            link = page["_links"]["next"] if "_links" in page else None
            ctx.expect(link is None, "no link beyond the end", "one")


@check(assumed="sort-order", source="15", needs=WRITES)
def lists_are_in_the_order_of_creation(ctx: Context) -> None:
    """Lists are in the order in which records were created; a change moves none."""
    stock, order = Stock(ctx), (5, 1, 3, 0, 4)
    for number in order:
        ctx.account.imported(stock.portfolio([number]))
    for changed in ([], [order[0]], [order[2], order[1]]):
        if changed:
            ctx.account.imported(stock.portfolio(changed, name="Beispiel"))
        for entity, operation in stock.lists():
            seen = ids_of(ctx.listed(ctx.account, operation))
            wanted = stock.ids(entity, order)
            local = [[ctx.names.local(id_) for id_ in ids] for ids in (wanted, seen)]
            ctx.expect(seen == wanted, f"{entity} in the order {local[0]}", f"{local[1]}")


@check(assumed="sort-order", source="15", needs=WRITES)
def imports_between_pages_lose_nothing(ctx: Context) -> None:
    """An import between two pages of a walk makes the walk neither lose nor repeat a record that was there before."""
    size = page_size(ctx.contract)
    stock = Stock(ctx)
    stock.grow(size + 2)
    for entity, operation in stock.some_lists():
        there = stock.size
        pages = ctx.account.walk(operation)
        seen = next(pages)
        ctx.account.imported(stock.portfolio([0, size, there - 1], name=f"Beispiel {entity}"))
        stock.grow(there + 2)
        seen += [record for page in pages for record in page]
        new = {*stock.ids(entity, range(there, stock.size))}
        stock.expect(entity, [record for record in seen if record["id"] not in new], range(there))
