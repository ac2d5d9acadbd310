"""Links to the next page that lead astray."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tests.contracts.mutants.mutant import V2, mutant
from tests.contracts.mutants.toolkit import Edit, change, on, put
from tests.support.tamper import Forward, Request, Response

V2_LISTS = ("listContacts", "listUnits", "listProperties")
V2_PAGES = on(*V2_LISTS).good()


def link(edit: Callable[[Any], Any]) -> Edit:
    """Returns an edit of the link to the next page, where there is one."""
    return change("_links/next", lambda told: edit(told) if told else told)


def query(edit: Callable[[dict[str, str]], dict[str, str]]) -> Edit:
    """Returns an edit of the query of the link to the next page."""

    def edited(told: str) -> str:
        parts = urlsplit(told)
        return urlunsplit(parts._replace(query=urlencode(edit(dict(parse_qsl(parts.query, keep_blank_values=True))))))

    return link(edited)


def _without(*names: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda told: {name: value for name, value in told.items() if name not in names}


def _only(*names: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda told: {name: value for name, value in told.items() if name in names}


MUTANTS = (
    mutant(
        "link-loses-filters",
        "The link to the next page loses its filters.",
        V2_PAGES.answer(query(_only("page", "after"))),
        check="next-link-keeps-the-filters",
        versions=V2,
    ),
    mutant(
        "link-loses-moment",
        "The link to the next page loses the moment of modification.",
        V2_PAGES.answer(query(_without("modifiedAfter"))),
        check="next-link-keeps-the-filters",
        versions=V2,
    ),
    mutant(
        "link-loses-inactive-contracts",
        "The link to the next page of units loses the wish for all contracts.",
        V2_PAGES.answer(query(_without("includeInactiveContracts"))),
        check="next-link-keeps-the-filters",
        versions=V2,
    ),
    mutant(
        "link-loses-page-and-position",
        "The link to the next page leads to the first.",
        V2_PAGES.answer(query(_without("page", "after"))),
        check="page-walk-returns-every-record-once",
        versions=V2,
    ),
    mutant(
        "link-loses-page",
        "The link to the next page has no number.",
        V2_PAGES.answer(query(_without("page"))),
        check="next-link-carries-page-and-position",
        versions=V2,
    ),
    mutant(
        "link-loses-position",
        "The link to the next page has a number alone.",
        V2_PAGES.answer(query(_without("after"))),
        check="next-link-goes-on-where-the-page-ended",
        versions=V2,
    ),
    mutant(
        "link-number-stays",
        "The link to the next page has the number of this one.",
        V2_PAGES.answer(query(lambda q: {**q, "page": str(int(q["page"]) - 1)})),
        check="next-link-carries-page-and-position",
        versions=V2,
    ),
    mutant(
        "link-skips-a-record",
        "The link to the next page skips one record.",
        V2_PAGES.answer(query(lambda q: {**q, "after": str(int(q["after"]) + 1)})),
        check="page-walk-returns-every-record-once",
        versions=V2,
    ),
    mutant(
        "link-goes-back-a-record",
        "The link to the next page begins one record too early.",
        V2_PAGES.answer(query(lambda q: {**q, "after": str(max(0, int(q["after"]) - 1))})),
        check="page-walk-returns-every-record-once",
        versions=V2,
    ),
    mutant(
        "link-skips-a-page",
        "The link leads to the page after the next.",
        V2_PAGES.answer(query(lambda q: {**q, "after": str(int(q["after"]) + 25), "page": str(int(q["page"]) + 1)})),
        check="page-walk-returns-every-record-once",
        versions=V2,
    ),
    mutant(
        "link-to-version-1",
        "The link to the next page leads to version 1.",
        V2_PAGES.answer(link(lambda told: told.replace("/v2/", "/"))),
        check="next-link-is-followed-as-it-is",
        versions=V2,
    ),
    mutant(
        "link-to-another-list",
        "The link of properties leads to the units.",
        on("listProperties").good().answer(link(lambda told: told.replace("/properties", "/units"))),
        check="next-link-is-followed-as-it-is",
        versions=V2,
    ),
    mutant(
        "link-relative",
        "The link to the next page has no host.",
        V2_PAGES.answer(link(lambda told: urlunsplit(urlsplit(told)._replace(scheme="", netloc="")))),
        check="next-link-is-followed-as-it-is",
        versions=V2,
    ),
    mutant(
        "link-query-only",
        "The link to the next page is a query alone.",
        V2_PAGES.answer(link(lambda told: f"?{urlsplit(told).query}")),
        check="next-link-is-followed-as-it-is",
        versions=V2,
    ),
    mutant(
        "link-without-scheme",
        "The link to the next page has no scheme.",
        V2_PAGES.answer(link(lambda told: told.partition(":")[2])),
        check="next-link-is-followed-as-it-is",
        versions=V2,
    ),
    mutant(
        "link-to-another-host",
        "The link to the next page leads to a host that there is not.",
        V2_PAGES.answer(link(lambda told: urlunsplit(urlsplit(told)._replace(netloc="api.mycasavi.invalid")))),
        check="next-link-is-followed-as-it-is",
        versions=V2,
    ),
    mutant(
        "link-with-token",
        "The link to the next page carries the token.",
        V2_PAGES.then(lambda q, a: a.with_json(query(lambda told: {**told, "token": q.token})(a.json))),
        check="next-link-carries-page-and-position",
        versions=V2,
    ),
    mutant(
        "link-on-the-last-page",
        "The last page has a link to an empty one.",
        lambda: _NeverLast(),
        check="last-page-has-no-link",
        versions=V2,
    ),
    mutant(
        "link-to-itself",
        "The last page links to itself.",
        lambda: _ToItself(),
        check="last-page-has-no-link",
        versions=V2,
    ),
    mutant(
        "link-empty",
        "The link of the last page is an empty text.",
        V2_PAGES.answer(change("_links/next", lambda told: told or "")),
        check="last-page-has-no-link",
        versions=V2,
    ),
    mutant(
        "link-encoded-twice",
        "The query of the link is encoded twice.",
        V2_PAGES.answer(link(lambda told: told.replace("%", "%25"))),
        check="next-link-is-followed-as-it-is",
        versions=V2,
    ),
    mutant(
        "link-missing-where-filtered",
        "Filtered lists have no further page.",
        on(*V2_LISTS)
        .asking(lambda r: any(f"{n}=" in r.query for n in ("role", "isRegistered", "isInvited", "modifiedAfter")))
        .good()
        .answer(put("_links", {"next": None})),
        check="filtered-walk-returns-every-match-once",
        versions=V2,
    ),
    mutant(
        "last-link-is-no-address",
        "The last page has a text that is no address in place of no link.",
        V2_PAGES.answer(change("_links/next", lambda told: told or "none")),
        check="next-link-is-followed-as-it-is",
        versions=V2,
    ),
    mutant(
        "link-opens-the-account",
        "A link shows the records of whom it was given to, whoever follows it.",
        lambda: _Opening(),
        check="next-link-opens-no-other-account",
        versions=V2,
    ),
)


class _Opening:
    """A link is followed with the token of whom it was given to."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        asked = f"{request.path}?{request.query}"
        response = await forward(request.with_token(self._given[asked]) if asked in self._given else request)
        if request.operation in V2_LISTS and response.ok and response.json["_links"]["next"]:
            parts = urlsplit(response.json["_links"]["next"])
            self._given[f"{parts.path}?{parts.query}"] = request.token
        return response


class _NeverLast:
    """The last page has a link to a page beyond it."""

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        body = response.json
        if request.operation not in V2_LISTS or not response.ok or body["_links"]["next"] or not body["list"]:
            return response
        host = request.headers.get("host", "mock")
        return response.with_json({**body, "_links": {"next": f"http://{host}{request.path}?page=1000&after=1000000"}})


class _ToItself:
    """The last page links to itself."""

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        body = response.json
        if request.operation not in V2_LISTS or not response.ok or body["_links"]["next"]:
            return response
        address = f"http://{request.headers.get('host', 'mock')}{request.path}"
        return response.with_json(
            {**body, "_links": {"next": f"{address}?{request.query}" if request.query else address}}
        )
