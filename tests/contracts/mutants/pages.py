"""Lists page by page: records lost or repeated, numbers wrong."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.contracts.mutants.mutant import V1, V2, mutant
from tests.contracts.mutants.toolkit import LISTS, change, on, page, put
from tests.contracts.mutants.wire import Forward, Request, Response, Tamper

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


def shorter(size: int) -> Callable[[], Tamper]:
    """Returns a maker of `Shorter`."""
    return lambda: Shorter(size)


def _beyond_missing(_: Request, response: Response) -> Response:
    return Response(404, response.headers, b'{"title": "No such page"}')


MUTANTS = (
    mutant(
        "pages-lose-their-last-record",
        "Every page lacks its last record.",
        PAGES.answer(page(lambda rs: rs[:-1])),
        law="?",
    ),
    mutant(
        "pages-lose-one-of-many", "A full page lacks its last record.", PAGES.answer(page(lambda rs: rs[:24])), law="?"
    ),
    mutant(
        "pages-lose-their-first-record",
        "A page of more than one record lacks its first.",
        PAGES.answer(page(lambda rs: rs[1:] if len(rs) > 1 else rs)),
        law="?",
    ),
    mutant(
        "pages-repeat-a-record",
        "Every page has its first record twice.",
        PAGES.answer(page(lambda rs: rs[:1] + rs)),
        law="?",
    ),
    mutant("pages-overlap", "A page begins with the last record of the page before.", OverlappingPages, law="?"),
    mutant(
        "pages-in-reverse", "The records of a page are in reverse.", PAGES.answer(page(lambda rs: rs[::-1])), law="?"
    ),
    mutant(
        "pages-sorted-by-id",
        "The records of a page are sorted by their ids.",
        PAGES.answer(page(lambda rs: sorted(rs, key=lambda r: r["id"]))),
        law="?",
    ),
    mutant(
        "pages-swap-two-records",
        "The first two records of a page change places.",
        PAGES.answer(page(lambda rs: [*rs[1:2], *rs[:1], *rs[2:]])),
        law="?",
    ),
    mutant("pages-always-empty", "Lists are empty.", PAGES.answer(page(lambda rs: [])), law="?"),
    mutant(
        "page-number-ignored",
        "Version 1 answers the first page whatever is asked for.",
        on("getContacts").query(_without("page")),
        law="?",
        versions=V1,
    ),
    mutant(
        "page-number-ignored-in-version-2",
        "Version 2 answers the first page whatever is asked for.",
        on(*V2_LISTS).query(_without("page", "after")),
        law="?",
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
        law="?",
        versions=V1,
    ),
    mutant(
        "page-counted-from-zero",
        "Version 2 counts pages from 0.",
        on(*V2_LISTS).query(
            lambda q: {**q, "page": str(int(q["page"]) + 1)} if q.get("page", "x").isdigit() and "after" not in q else q
        ),
        law="?",
        versions=V2,
    ),
    mutant(
        "page-number-told-wrong",
        "The number of the page is told one too high.",
        V1_PAGES.answer(change("page", lambda n: n + 1)),
        law="?",
        versions=V1,
    ),
    mutant(
        "page-number-told-zero",
        "Every page is called the first.",
        V1_PAGES.answer(put("page", 0)),
        law="?",
        versions=V1,
    ),
    mutant(
        "last-page-dropped",
        "The last page of several is not counted.",
        V1_PAGES.answer(change("pageCount", lambda n: n - 1 if n > 1 else n)),
        law="?",
        versions=V1,
    ),
    mutant("last-page-dropped-in-version-2", "The walk ends one page early.", LastPageDropped, law="?", versions=V2),
    mutant(
        "page-count-one-more",
        "One page more is counted than there is.",
        V1_PAGES.answer(change("pageCount", lambda n: n + 1)),
        law="?",
        versions=V1,
    ),
    mutant(
        "page-count-of-records",
        "As many pages are counted as there are records.",
        V1_PAGES.answer(lambda b: {**b, "pageCount": b["count"]}),
        law="?",
        versions=V1,
    ),
    mutant(
        "page-count-at-least-one",
        "An empty list has one page.",
        V1_PAGES.answer(change("pageCount", lambda n: max(n, 1))),
        law="?",
        versions=V1,
    ),
    mutant(
        "count-of-the-page",
        "The count is that of the records on the page.",
        V1_PAGES.answer(lambda b: {**b, "count": len(b["content"])}),
        law="?",
        versions=V1,
    ),
    mutant(
        "count-one-more",
        "One record more is counted than there is.",
        V1_PAGES.answer(change("count", lambda n: n + 1)),
        law="?",
        versions=V1,
    ),
    mutant(
        "count-one-less",
        "One record less is counted than there is.",
        V1_PAGES.answer(change("count", lambda n: max(n - 1, 0))),
        law="?",
        versions=V1,
    ),
    mutant("page-size-ten", "Pages of version 1 have ten records.", shorter(10), law="?", versions=V1),
    mutant("page-size-fifty", "Pages of version 1 have fifty records.", shorter(50), law="?", versions=V1),
    mutant(
        "beyond-the-end-is-404",
        "A page beyond the end is answered with 404.",
        PAGES.asking(lambda r: "page=" in r.query)
        .answering(lambda b: [] in (b.get("content"), b.get("list")))
        .then(_beyond_missing),
        law="?",
    ),
    mutant(
        "beyond-the-end-is-the-last-page", "Beyond the end stands a page that was there already.", BeyondIsLast, law="?"
    ),
)
