"""Checks about links from page to page, and about filtered lists. Only version 2 has them."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlsplit

from casavi_contracts.checks.definition import check
from casavi_contracts.context import Context
from casavi_contracts.expect.observing import ALL_CONTRACTS, V2_LISTS, check_form
from casavi_contracts.expect.stock import CONTRACTS, Record, Stock, ids_of, page_size, query_marks, records_of, walked
from casavi_contracts.failures import Unshown
from casavi_contracts.http.exchange import Answer
from casavi_contracts.http.target import Capability

WRITES = (Capability.WRITE,)
V2 = ("v2",)

LONG_AGO = "modifiedAfter=2000-01-01T00%3A00%3A00.000Z"
"""A filter that leaves everything, and whose value has to be encoded."""

CHANGED = "Beispiel"
"""What records are called that were changed."""


@check(inferred="6", operations=V2_LISTS, needs=WRITES, versions=V2)
def filtered_walk_returns_every_match_once(ctx: Context) -> None:
    """Whoever walks through the pages of a filtered list gets every record once that matches, and no other."""
    stock, half, since = _changed_by_half(ctx)
    everybody, renters = range(2 * half), range(0, 2 * half, 2)
    changed = range(half) if since else everybody
    since = since or LONG_AGO
    for entity, query, numbers in ctx.briefly(
        (
            ("contacts", "isRegistered=false&isInvited=false", everybody),
            ("contacts", "isRegistered=true", ()),
            ("units", ALL_CONTRACTS, everybody),
            ("units", f"{ALL_CONTRACTS}&{since}", changed),
            ("properties", since, changed),
            ("contacts", since, changed),
            ("contacts", "role=RENTER", renters),
            ("contacts", f"role=RENTER&{since}", [number for number in changed if number in renters]),
        ),
        4,
    ):
        operation, marks = dict(stock.lists())[entity], query_marks(ctx.contract, query)
        answer = ctx.account.send(operation, query=query)
        ctx.expect(answer.ok, f"{entity} with {query}", f"status {answer.status}", **marks)
        stock.expect(entity, walked(ctx.account, operation, query), numbers, **marks)


@check(client="5.2", operations=V2_LISTS, needs=WRITES, versions=V2)
def next_link_is_followed_as_it_is(ctx: Context) -> None:
    """The link to the next page is a complete address of the same server; followed as it is, it leads there each
    time.
    """
    stock = Stock(ctx)
    stock.grow(page_size(ctx.contract) + 1)
    for entity, operation in stock.lists():
        for query in ("", LONG_AGO):
            first, link = _first_page(ctx, operation, query)
            once, again = (ctx.account.get(link, as_it_is=True) for _ in range(2))
            for answer in (once, again):
                _expect_page(ctx, operation, answer)
            ctx.expect(once.json == again.json, "the same page when the link is followed again", "another one")
            ids, before = ids_of(records_of(once.json)), set(ids_of(records_of(first)))
            ctx.expect(bool(ids), f"{entity} on the next page", "none")
            ctx.expect(not before & set(ids), f"{entity} that were not on the page before", "the same again")
            own = {*stock.ids(entity)}
            strange = [id_ for id_ in ids if ctx.names.mine(id_) and id_ not in own]
            ctx.expect(not strange, f"{entity} on the next page of {entity}", f"other records, such as {strange[:1]}")
            _expect_ways_on(ctx, operation, once)


_FURTHER = 3
"""Pages behind the second one to which links are followed; a real account may have hundreds."""


def _expect_ways_on(ctx: Context, operation: str, answer: Answer) -> None:
    """Follows the links of a few further pages: what the last one has must be a link or null."""
    for _ in range(_FURTHER):
        link = answer.json["_links"]["next"]
        if link is None:
            return
        answer = ctx.account.get(link, as_it_is=True)
        _expect_page(ctx, operation, answer)


def _first_page(ctx: Context, operation: str, query: str) -> tuple[Record, str]:
    """Returns the first of several pages and its link."""
    answer = ctx.account.send(operation, query=query)
    marks = query_marks(ctx.contract, query)
    ctx.expect(answer.ok, f"a page of {operation} with {query}", f"status {answer.status}", **marks)
    check_form(ctx, operation, answer)
    link = answer.json["_links"]["next"]
    ctx.expect(bool(link), "a link to the next page, since there are more records than on one", "none")
    return answer.json, link


def _expect_page(ctx: Context, operation: str, answer: Answer) -> None:
    ctx.expect(answer.ok, "a link that leads to a page", f"status {answer.status}")
    wrong = [*ctx.contract.deviations(operation, answer.status, answer.headers, answer.body)]
    ctx.expect(not wrong, f"a link that leads to a page of {operation}", "something of another form")


@check(client="5.2", operations=V2_LISTS, needs=WRITES, versions=V2)
def next_link_keeps_the_filters(ctx: Context) -> None:
    """The link to the next page already contains the filters: what it leads to is filtered as the first page was."""
    _, _, since = _changed_by_half(ctx)
    lists = [
        ("listContacts", "role=RENTER", _is_let),
        ("listUnits", ALL_CONTRACTS, _shows_all_contracts),
        *((operation, since, _is_changed) for operation in V2_LISTS if since),
        ("listUnits", f"{ALL_CONTRACTS}&{LONG_AGO}", _shows_all_contracts),
    ]
    for operation, query, fits in lists:
        first, link = _first_page(ctx, operation, query)
        answer = ctx.account.get(link)
        _expect_page(ctx, operation, answer)
        pages = [[one for one in records_of(page) if ctx.names.mine(one["id"])] for page in (first, answer.json)]
        if all(map(fits, pages[0])):  # otherwise the filter means something else, and another check says so
            strange = [ctx.names.local(record["id"]) for record in pages[1] if not fits(record)]
            ctx.expect(not strange, f"the next page of {operation} by {query} as the first", f"{strange[:3]} on it")


def _changed_by_half(ctx: Context) -> tuple[Stock, int, str | None]:
    """Returns a stock of several pages whose first half was changed, that half, and a filter by the time of that."""
    stock, half = Stock(ctx), page_size(ctx.contract) + 2
    stock.grow(2 * half)
    since = _since_now(ctx)
    ctx.account.imported(stock.portfolio(range(half), name=CHANGED))
    return stock, half, since


def _is_let(contact: Record) -> bool:
    return any(contract.get("type") == "RENTER" for contract in contact["contracts"])


def _shows_all_contracts(unit: Record) -> bool:
    return len(unit["contracts"]) == CONTRACTS


def _is_changed(record: Record) -> bool:
    return CHANGED in (record.get("lastName") or record.get("name") or "")


def _since_now(ctx: Context) -> str | None:
    """Returns the filter by the present moment; None where nobody can tell the time of the target."""
    clock = ctx.account.clock
    if clock is None:
        return None
    clock.advance(1)
    now = datetime.fromisoformat(clock.now()).astimezone(UTC).isoformat(timespec="milliseconds")
    clock.advance(1)
    return f"modifiedAfter={quote(now, safe='')}"


@check(assumed="next-link-parameters", source="5.2", operations=V2_LISTS, needs=WRITES, versions=V2)
def next_link_carries_page_and_position(ctx: Context) -> None:
    """Besides the filters as they were sent, the link carries the number of the next page, the position, and no
    more.
    """
    stock = Stock(ctx)
    stock.grow(page_size(ctx.contract) + 1)
    for _, operation in stock.lists():
        filters = f"isInvited=false&{LONG_AGO}" if operation == "listContacts" else LONG_AGO
        for query, number in ((filters, 2), (f"page=1&{filters}", 2), ("", 2)):
            _, link = _first_page(ctx, operation, query)
            carried = parse_qsl(urlsplit(link).query, keep_blank_values=True)
            for name, value in parse_qsl(query):
                if name != "page":
                    ctx.expect(carried.count((name, value)) == 1, f"{name}={value} once in the link", "not so")
            names = sorted(name for name, _ in carried)
            position = {"after"} if ctx.contract.values["next-link-parameters"] == "page-and-position" else set()
            wanted = sorted({"page", *position, *(name for name, _ in parse_qsl(query))})
            ctx.expect(names == wanted, f"{wanted} in the link", f"{names}")
            told = dict(carried)
            ctx.expect(told["page"] == f"{number}", f"page={number} in the link", f"page={told['page']}")
            ctx.expect(
                not position or told["after"].isdigit(),
                "a position in the link that is a number",
                repr(told.get("after")),
            )


@check(client="5.2", operations=V2_LISTS, needs=WRITES, versions=V2)
def last_page_has_no_link(ctx: Context) -> None:
    """The link of the last page is null, also where that page is full or the list is empty."""
    stock, size = Stock(ctx), page_size(ctx.contract)
    _expect_end(ctx, "listContacts", "")
    boundary = size - len(walked(ctx.account, "listContacts")) % size
    for number, query in ((boundary, ""), (boundary + 1, LONG_AGO)):
        stock.grow(number)
        for _, operation in stock.lists():
            _expect_end(ctx, operation, query)


def _expect_end(ctx: Context, operation: str, query: str) -> None:
    """Breaks the check if a link is anything but null and does not lead to further records."""
    answer = ctx.account.send(operation, query=query)
    marks = query_marks(ctx.contract, query)
    ctx.expect(answer.ok, f"a page of {operation}", f"status {answer.status}", **marks)
    before: set[str] = set()
    while True:
        page = answer.json
        ids, link = set(ids_of(records_of(page))), page["_links"]["next"]
        ctx.expect(not before or not ids <= before, "further records behind a link", "none")
        if link is None:
            return
        ctx.expect(link != "", "null as the link of the last page", "an empty text")
        before |= ids
        answer = ctx.account.get(link)
        ctx.expect(answer.ok and records_of(answer.json) != [], "records behind a link that is not null", "none")


@check(inferred="5.2", operations=V2_LISTS, needs=WRITES, versions=V2)
def page_number_and_link_agree(ctx: Context) -> None:
    """To count pages gives the same pages as to follow the links."""
    stock = Stock(ctx)
    stock.grow(page_size(ctx.contract) + 2)
    for _, operation in stock.some_lists():
        for query in ("", ALL_CONTRACTS if operation == "listUnits" else LONG_AGO):
            linked = [ids_of(page) for page in ctx.account.walk(operation, query)]
            numbered = [*enumerate(linked, 1)]
            for number, ids in numbered[:2] + numbered[2:][-2:] if ctx.shared else numbered:
                page = ctx.account.page(operation, f"page={number}{query and '&' + query}")
                counted = ids_of(records_of(page))
                ctx.expect(counted == ids, f"page {number} of {operation} as by the links", "other records")


@check(assumed="next-link-parameters", source="5.2", operations=("listContacts",), needs=WRITES, versions=V2)
def next_link_goes_on_where_the_page_ended(ctx: Context) -> None:
    """The link leads on from the position where the page ended: an import that changes what matches loses nothing."""
    if ctx.contract.values["next-link-parameters"] == "page":
        raise Unshown("the link to the next page carries no position")
    stock = Stock(ctx)
    stock.grow(2 * page_size(ctx.contract) + 8)
    seen: list[Record] = []
    moved = False
    for page in ctx.account.walk("listContacts", "role=RENTER"):
        seen += page
        there = ids_of(page)
        own = [number for number in range(0, stock.size, 2) if stock.ids("contacts", [number])[0] in there]
        if own and not moved:  # some that were seen match no more, so those behind them move up
            ctx.account.imported(stock.portfolio(own[:3], let=False))
            moved = True
    stock.expect("contacts", seen, range(0, stock.size, 2))


@check(inferred="1", operations=V2_LISTS, needs=(Capability.WRITE, Capability.TWO_ACCOUNTS), versions=V2)
def next_link_opens_no_other_account(ctx: Context) -> None:
    """A link shows the records of the account whose token is sent, whoever was given it."""
    stock = Stock(ctx)
    stock.grow(page_size(ctx.contract) + 1)
    for entity, operation in stock.lists():
        _, link = _first_page(ctx, operation, "")
        answer = ctx.other.get(link)
        seen = ids_of(records_of(answer.json)) if answer.ok else []
        foreign = [ctx.names.local(id_) for id_ in seen if ctx.names.mine(id_)]
        ctx.expect(not foreign, f"no {entity} of another account behind a link", f"{foreign[:3]}")
