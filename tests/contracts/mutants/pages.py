"""Lists page by page: records lost or repeated, numbers wrong."""

from collections.abc import Callable
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tests.contracts.mutants.mutant import V1, V2, mutant
from tests.contracts.mutants.toolkit import LISTS, change, on, page, put
from tests.support.tamper import Forward, Request, Response, Tamper

V2_LISTS = ("listContacts", "listUnits", "listProperties")
PAGES = on(*LISTS).good()
V1_PAGES = on("getContacts").good()


def _without(*names: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda told: {name: value for name, value in told.items() if name not in names}


class LastPageDropped:
    """Version 2 ends the walk one page early."""

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        following = (response.json or {}).get("_links", {}).get("next") if request.operation in V2_LISTS else None
        if not response.ok or following is None:
            return response
        after = urlsplit(following)
        ahead = await forward(request.but(path=after.path, query=after.query))
        if ahead.ok and ahead.json["_links"]["next"] is None:
            return response.with_json({**response.json, "_links": {"next": None}})
        return response


class OverlappingPages:
    """The first record of a page is the last one of the page before.

    Args:
        operations: The lists in which that is so.
    """

    def __init__(self) -> None:
        self._last: dict[str, Any] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        if request.operation not in LISTS or not response.ok:
            return response
        first = not request.query or "page=0" in request.query
        key = f"{request.token} {request.path}"
        body = response.json
        name = "content" if "content" in body else "list"
        repeated = [] if first or key not in self._last else [self._last[key]]
        if body[name]:
            self._last[key] = body[name][-1]
        return response.with_json({**body, name: [*repeated, *body[name]]}) if repeated and body[name] else response


class BeyondIsLast:
    """Beyond the end stands the last page again."""

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        if request.operation not in LISTS or not response.ok or "page=" not in request.query:
            return response
        body = response.json
        if body.get("content") == [] and body["pageCount"]:
            return await forward(request.but(query=f"page={body['pageCount'] - 1}"))
        if body.get("list") == []:
            return await forward(request.but(query=""))
        return response


class Shorter:
    """Pages have ten records: walks of version 1 take the numbers that belong to that.

    Args:
        size: Records on a page.
        whole: Whether the further records come on further pages; otherwise they are lost.
    """

    def __init__(self, size: int) -> None:
        self._size = size

    async def __call__(self, request: Request, forward: Forward) -> Response:
        if request.operation != "getContacts":
            return await forward(request)
        wanted = dict(parse_qsl(request.query)).get("page", "0")
        if not wanted.isdigit() or len(wanted) > 6:
            return await forward(request)
        first = await forward(request.but(query=""))
        if not first.ok:
            return first
        everything: list[Any] = []
        for number in range(first.json["pageCount"]):
            everything += (await forward(request.but(query=f"page={number}"))).json["content"]
        begin = int(wanted) * self._size
        return first.with_json(
            {
                "count": len(everything),
                "page": int(wanted),
                "pageCount": -(-len(everything) // self._size),
                "content": everything[begin : begin + self._size],
            }
        )


class NewestFirst:
    """Lists begin with the record that was created last, so that an import moves all others."""

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        if request.operation not in LISTS or not response.ok:
            return response
        asked = {name: value for name, value in parse_qsl(request.query) if name != "after"}
        first = 0 if request.version == "v1" else 1
        number = int(asked.pop("page", first)) - first
        records = (await self._all(request, forward, asked, first))[::-1]
        here = records[25 * number : 25 * (number + 1)]
        if request.version == "v1":
            return response.with_json({**response.json, "content": here})
        address = f"http://{request.headers.get('host', 'mock')}{request.path}"
        link = f"{address}?{urlencode({**asked, 'page': number + 2})}" if len(records) > 25 * (number + 1) else None
        return response.with_json({"list": here, "_links": {"next": link}})

    async def _all(self, request: Request, forward: Forward, asked: dict[str, str], first: int) -> list[Any]:
        records: list[Any] = []
        for number in count(first):
            body = (await forward(request.but(query=urlencode({**asked, "page": number})))).json
            found = body["content" if "content" in body else "list"]
            if not found:
                break
            records += found
        return records


def shorter(size: int) -> Callable[[], Tamper]:
    """Returns a maker of `Shorter`."""
    return lambda: Shorter(size)


def _one_shorter(body: Any) -> Any:
    """The last record of a page comes on the next one."""
    link = body["_links"]["next"]
    if link is None:
        return body
    parts = urlsplit(link)
    query = dict(parse_qsl(parts.query))
    query["after"] = str(int(query["after"]) - 1)
    return {"list": body["list"][:-1], "_links": {"next": urlunsplit(parts._replace(query=urlencode(query)))}}


def _counted_back(query: dict[str, str]) -> dict[str, str]:
    number = query.get("page", "")
    if "after" in query or not number.isdigit() or not 1 < int(number) < 1_000:
        return query
    return {**query, "after": str(25 * (int(number) - 1) - 1)}


def _number_wanted(_: Request, response: Response) -> Response:
    return Response(400, response.headers, b'{"title": "Which page?"}')


def _beyond_missing(_: Request, response: Response) -> Response:
    return Response(404, response.headers, b'{"title": "No such page"}')


MUTANTS = (
    mutant(
        "pages-lose-their-last-record",
        "Every page lacks its last record.",
        PAGES.answer(page(lambda rs: rs[:-1])),
        check="page-walk-returns-every-record-once",
    ),
    mutant(
        "pages-lose-one-of-many",
        "A full page lacks its last record.",
        PAGES.answer(page(lambda rs: rs[:24])),
        check="page-walk-returns-every-record-once",
    ),
    mutant(
        "pages-lose-their-first-record",
        "A page of more than one record lacks its first.",
        PAGES.answer(page(lambda rs: rs[1:] if len(rs) > 1 else rs)),
        check="page-walk-returns-every-record-once",
    ),
    mutant(
        "pages-repeat-a-record",
        "Every page has its first record twice.",
        PAGES.answer(page(lambda rs: rs[:1] + rs)),
        check="page-walk-returns-every-record-once",
    ),
    mutant(
        "pages-overlap",
        "A page begins with the last record of the page before.",
        OverlappingPages,
        check="page-walk-returns-every-record-once",
    ),
    mutant(
        "pages-in-reverse",
        "The records of a page are in reverse.",
        PAGES.answer(page(lambda rs: rs[::-1])),
        check="lists-are-in-the-order-of-creation",
    ),
    mutant(
        "pages-sorted-by-id",
        "The records of a page are sorted by their ids.",
        PAGES.answer(page(lambda rs: sorted(rs, key=lambda r: r["id"]))),
        check="lists-are-in-the-order-of-creation",
    ),
    mutant(
        "pages-swap-two-records",
        "The first two records of a page change places.",
        PAGES.answer(page(lambda rs: [*rs[1:2], *rs[:1], *rs[2:]])),
        check="lists-are-in-the-order-of-creation",
    ),
    mutant(
        "pages-always-empty",
        "Lists are empty.",
        PAGES.answer(page(lambda rs: [])),
        check="page-walk-returns-every-record-once",
    ),
    mutant(
        "page-number-ignored",
        "Version 1 answers the first page whatever is asked for.",
        on("getContacts").query(_without("page")),
        check="page-walk-returns-every-record-once",
        versions=V1,
    ),
    mutant(
        "page-number-ignored-in-version-2",
        "Version 2 answers the first page whatever is asked for.",
        on(*V2_LISTS).query(_without("page", "after")),
        check="page-walk-returns-every-record-once",
        versions=V2,
    ),
    mutant(
        "page-counted-from-one",
        "Version 1 counts pages from 1.",
        on("getContacts")
        .query(
            lambda q: (
                {**q, "page": str(int(q["page"]) - 1)}
                if q.get("page", "0").isdigit() and int(q.get("page", "0")) > 0
                else q
            )
        )
        .good()
        .answer(change("page", lambda n: n + 1)),
        check="first-page-is-the-default",
        versions=V1,
    ),
    mutant(
        "page-counted-from-zero",
        "Version 2 counts pages from 0.",
        on(*V2_LISTS).query(
            lambda q: {**q, "page": str(int(q["page"]) + 1)} if q.get("page", "x").isdigit() and "after" not in q else q
        ),
        check="first-page-is-the-default",
        versions=V2,
    ),
    mutant(
        "page-number-told-wrong",
        "The number of the page is told one too high.",
        V1_PAGES.answer(change("page", lambda n: n + 1)),
        check="counts-of-a-list-add-up",
        versions=V1,
    ),
    mutant(
        "page-number-told-zero",
        "Every page is called the first.",
        V1_PAGES.answer(put("page", 0)),
        check="counts-of-a-list-add-up",
        versions=V1,
    ),
    mutant(
        "last-page-dropped",
        "The last page of several is not counted.",
        V1_PAGES.answer(change("pageCount", lambda n: n - 1 if n > 1 else n)),
        check="page-walk-returns-every-record-once",
        versions=V1,
    ),
    mutant(
        "last-page-dropped-in-version-2",
        "The walk ends one page early.",
        LastPageDropped,
        check="page-walk-returns-every-record-once",
        versions=V2,
    ),
    mutant(
        "page-count-one-more",
        "One page more is counted than there is.",
        V1_PAGES.answer(change("pageCount", lambda n: n + 1)),
        check="counts-of-a-list-add-up",
        versions=V1,
    ),
    mutant(
        "page-count-of-records",
        "As many pages are counted as there are records.",
        V1_PAGES.answer(lambda b: {**b, "pageCount": b["count"]}),
        check="counts-of-a-list-add-up",
        versions=V1,
    ),
    mutant(
        "page-count-at-least-one",
        "An empty list has one page.",
        V1_PAGES.answer(change("pageCount", lambda n: max(n, 1))),
        check="counts-of-a-list-add-up",
        versions=V1,
    ),
    mutant(
        "count-of-the-page",
        "The count is that of the records on the page.",
        V1_PAGES.answer(lambda b: {**b, "count": len(b["content"])}),
        check="counts-of-a-list-add-up",
        versions=V1,
    ),
    mutant(
        "count-one-more",
        "One record more is counted than there is.",
        V1_PAGES.answer(change("count", lambda n: n + 1)),
        check="counts-of-a-list-add-up",
        versions=V1,
    ),
    mutant(
        "count-one-less",
        "One record less is counted than there is.",
        V1_PAGES.answer(change("count", lambda n: max(n - 1, 0))),
        check="counts-of-a-list-add-up",
        versions=V1,
    ),
    mutant(
        "page-size-ten",
        "Pages of version 1 have ten records.",
        shorter(10),
        check="pages-are-full-but-the-last",
        versions=V1,
    ),
    mutant(
        "page-size-fifty",
        "Pages of version 1 have fifty records.",
        shorter(50),
        check="pages-are-full-but-the-last",
        versions=V1,
    ),
    mutant(
        "beyond-the-end-is-404",
        "A page beyond the end is answered with 404.",
        PAGES.asking(lambda r: "page=" in r.query)
        .answering(lambda b: [] in (b.get("content"), b.get("list")))
        .then(_beyond_missing),
        check="page-beyond-the-end-is-empty",
    ),
    mutant(
        "beyond-the-end-is-the-last-page",
        "Beyond the end stands a page that was there already.",
        BeyondIsLast,
        check="page-beyond-the-end-is-empty",
    ),
    mutant(
        "lists-want-a-page-number",
        "A list is refused without the number of a page.",
        PAGES.asking(lambda r: "page=" not in r.query).then(_number_wanted),
        check="lists-can-be-read",
    ),
    mutant(
        "page-size-one-less",
        "Pages of version 2 have one record less.",
        on(*V2_LISTS).good().answer(_one_shorter),
        check="pages-are-full-but-the-last",
        versions=V2,
    ),
    mutant(
        "pages-newest-first",
        "Lists begin with the newest record, so that an import moves all others.",
        NewestFirst,
        check="imports-between-pages-lose-nothing",
    ),
    mutant(
        "pages-counted-overlap",
        "A page that is asked for by its number begins one record early.",
        on(*V2_LISTS).query(_counted_back),
        check="page-number-and-link-agree",
        versions=V2,
    ),
)
