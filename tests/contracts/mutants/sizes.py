"""Lists and imports that are whole as long as there are few records."""

from typing import Any
from urllib.parse import parse_qsl

from tests.contracts.mutants.mutant import V1, mutant
from tests.contracts.mutants.toolkit import LISTS, on
from tests.support.tamper import Forward, Request, Response

SIZE = 25
"""Records on a page."""


def _number(request: Request) -> int:
    """The number of the page that is asked for, counted from 0; one that is none counts as 0."""
    first = 0 if request.version == "v1" else 1
    asked = dict(parse_qsl(request.query)).get("page", f"{first}")
    return int(asked) - first if asked.isdigit() else 0


class Ending:
    """Ends long lists early.

    Args:
        limit: Records that a list has at most.
        longer: How many more there have to be for that.
        counting: Whether version 1 tells how many are left; otherwise it tells how many there are.
    """

    def __init__(self, limit: int, *, longer: int = 0, counting: bool = True) -> None:
        self._limit = limit
        self._longer = longer
        self._counting = counting

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        if request.operation not in LISTS or not response.ok:
            return response
        begin, body = _number(request) * SIZE, response.json
        if request.version == "v2":
            if begin + SIZE < self._limit:
                return response
            return response.with_json({**body, "_links": {**body["_links"], "next": None}})
        if body["count"] <= self._limit + self._longer:
            return response
        content = body["content"][: max(0, self._limit - begin)]
        told = self._limit if self._counting else body["count"]
        return response.with_json({**body, "count": told, "pageCount": -(-self._limit // SIZE), "content": content})


class WithoutTheLastPage:
    """Drops the last page of a list that is longer than so many records.

    Args:
        limit: How long it may be.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        if request.operation not in LISTS or not response.ok:
            return response
        body, number = response.json, _number(request)
        if request.version == "v1":
            if body["count"] <= self._limit:
                return response
            last = body["pageCount"] - 1
            content = [] if number == last else body["content"]
            return response.with_json({**body, "pageCount": last, "content": content})
        link = body["_links"]["next"]
        if link is None or (number + 1) * SIZE < self._limit:
            return response
        path, _, query = link.partition("://")[2].partition("/")[2].partition("?")
        following = await forward(request.but(path=f"/{path}", query=query))
        if following.ok and following.json["_links"]["next"] is None:
            return response.with_json({**body, "_links": {**body["_links"], "next": None}})
        return response


def _cut(limit: int, *names: str) -> Any:
    """Returns an edit that leaves so many of each of these arrays, wherever they stand."""

    def cut(value: Any) -> Any:
        if isinstance(value, list):
            return [cut(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {
            name: cut(member[:limit] if name in names and isinstance(member, list) else member)
            for name, member in value.items()
        }

    return cut


MUTANTS = (
    mutant(
        "lists-and-counts-stop-at-300",
        "A list has at most 300 records, and says so.",
        lambda: Ending(300),
        check="long-list-is-whole",
    ),
    mutant(
        "lists-stop-at-1000",
        "A list has at most 1,000 records, though version 1 counts them all.",
        lambda: Ending(1_000, counting=False),
        check="long-list-is-whole",
    ),
    mutant(
        "last-page-of-a-list-over-1000-missing",
        "A list of more than 1,000 records lacks its last page.",
        lambda: WithoutTheLastPage(1_000),
        check="long-list-is-whole",
    ),
    mutant(
        "count-stops-at-300",
        "Version 1 counts at most 300 records; the pages are all there.",
        on("getContacts").good().answer(lambda body: {**body, "count": min(body["count"], 300)}),
        check="long-list-is-whole",
        versions=V1,
    ),
    mutant(
        "import-over-1000-loses-its-tail",
        "Of a request only the first 1,000 contacts are imported.",
        on("importMasterData").request(_cut(1_000, "contacts")),
        check="large-import-is-whole",
    ),
    mutant(
        "units-over-1000-are-lost",
        "Of the units at an address only the first 1,000 are imported.",
        on("importMasterData").request(_cut(1_000, "units")),
        check="large-import-is-whole",
    ),
)
