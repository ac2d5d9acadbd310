"""Walks through lists page by page, and from where the records of a context begin.

On a real account all checks share one account, which grows; to read it from its beginning each time would cost more
requests than everything else together. Records are listed in the order of their creation (assumption `sort-order`), so
those of a context stand behind what was there when it began. Whether that is so is looked at before it is relied on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl

from casavi_contracts import spec
from casavi_contracts.contract import Contract
from casavi_contracts.failures import Broken
from casavi_contracts.http.exchange import Answer
from casavi_contracts.http.target import Credentials
from casavi_contracts.promises import Named

MAX_PAGES = 2_000
"""Pages of one walk; a list that does not end is no list."""

WALK = Named.PAGE_WALK_RETURNS_EVERY_RECORD_ONCE
COUNTS = Named.COUNTS_OF_A_LIST_ADD_UP
LINK = Named.NEXT_LINK_IS_FOLLOWED_AS_IT_IS
KEPT_FILTERS = Named.NEXT_LINK_KEEPS_THE_FILTERS
REGISTRATION = Named.REGISTRATION_FILTERS_LEAVE_THOSE_WHOSE_FIELD_SAYS_SO
"""The checks to blame for a walk that goes wrong."""

_SEEN_FILTERS = ("isRegistered", "isInvited")
"""Filters by a field that every record shows."""

Mark = int | str
"""Where a page is: its number in version 1, its address in version 2."""

Place = tuple[str, str, str, str]
"""A list: key of the account, version, operation, query."""


class Reader(Protocol):
    """A client of one account, in one version."""

    contract: Contract
    credentials: Credentials

    def page(self, operation: str, query: str = "") -> dict[str, Any]:
        """Returns one page of a list."""

    def checked(self, answer: Answer, operation: str) -> dict[str, Any]:
        """Returns the page in an answer."""

    def get(self, address: str) -> Answer:
        """Follows an address that the target has given."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a walk."""

    records: list[dict[str, Any]]
    mark: Mark | None
    """Where it is; None for the first page of version 2, which needs no address."""


def pages(
    client: Reader, operation: str, query: str = "", start: Mark | None = None, *, strict: bool = True
) -> Iterator[Page]:
    """Yields the pages of a list.

    Args:
        client: Who reads.
        operation: The `operationId`.
        query: Filters, encoded.
        start: The page to begin with; the first if None.
        strict: Whether numbers, counts, filters and records that come twice are looked at too, so that a check which
            rests on the walk is not blamed for them. Checks about pages do that themselves.

    Raises:
        casavi_contracts.failures.Broken: A page cannot be read, the walk does not lead on, or it is not as it should
            be; the check is named that is about that.
    """
    if client.contract.version == "v1":
        found = _by_number(client, operation, query, start if isinstance(start, int) else 0, strict=strict)
    else:
        found = _by_link(client, operation, query, start if isinstance(start, str) else None)
    yield from _looked_at(found, query) if strict else found


def _by_number(client: Reader, operation: str, query: str, start: int, *, strict: bool) -> Iterator[Page]:
    for page in range(start, start + MAX_PAGES):
        seen = client.page(operation, f"{client.contract.page_parameter}={page}{query and '&' + query}")
        if strict and not spec.hides(seen, "page") and seen["page"] != page:
            raise Broken(f"page {page} to be called so", f"{seen['page']}", check=COUNTS)
        yield Page(seen["content"], page)
        if page + 1 >= _page_count(client, seen, page):
            return
        if not seen["content"]:
            raise Broken(
                "records on every page but the last", f"none on page {page} of {seen['pageCount']}", check=WALK
            )
    raise Broken("a list to end", f"more than {MAX_PAGES} pages", check=WALK)


def _page_count(client: Reader, seen: dict[str, Any], page: int) -> int:
    """Returns how many pages a list has; where that is not told, one more than this, unless this is not full."""
    if not spec.hides(seen, "pageCount"):
        return int(seen["pageCount"])
    size: int = client.contract.values["v1-page-size"]
    return page + 2 if len(seen["content"]) >= size else page + 1


def _by_link(client: Reader, operation: str, query: str, start: str | None) -> Iterator[Page]:
    seen = client.page(operation, query) if start is None else client.checked(client.get(start), operation)
    mark, followed = start, {start}
    for _ in range(MAX_PAGES):
        yield Page(seen["list"], mark)
        following = seen["_links"]["next"]
        if following is None:
            return
        if following in followed:
            raise Broken("every link to lead further", "one that was followed before", check=WALK)
        followed.add(following)
        answer = client.get(following)
        if not answer.ok:
            raise Broken("a link that leads to a page", f"status {answer.status}", check=LINK)
        mark, seen = following, client.checked(answer, operation)
    raise Broken("a list to end", f"more than {MAX_PAGES} pages", check=WALK)


def list_at(contract: Contract, address: str) -> str | None:
    """Returns the operation whose list an address leads to, None if to none."""
    path = address.partition("?")[0]
    return next((name for name, one in contract.operations.items() if path.endswith(one.path)), None)


def _looked_at(found: Iterator[Page], query: str) -> Iterator[Page]:
    """Yields pages whose records satisfy the filters that can be seen, and come once.

    Two records that share an id and nothing else are no fault of the pages.
    """
    known: dict[str, dict[str, Any]] = {}
    wanted = [(name, value) for name, value in parse_qsl(query) if name in _SEEN_FILTERS]
    for number, page in enumerate(found):
        for record in page.records:
            if known.setdefault(record["id"], record) == record and known[record["id"]] is not record:
                raise Broken("every record once in a list", f"{record['id']!r} twice", check=WALK)
            for name, value in wanted:
                if not spec.hides(record, name) and str(record.get(name)).lower() != value:
                    check = KEPT_FILTERS if number else REGISTRATION
                    raise Broken(f"records whose {name} is {value}", repr(record.get(name)), check=check)
        yield page


@dataclass(slots=True)
class Bookmarks:
    """The last page of each list, as far as it is known, for targets on which all cases share one account."""

    ends: dict[Place, Mark] = field(default_factory=dict)
    ordered: dict[tuple[str, str], bool] = field(default_factory=dict)
    """By version and operation, whether new records were seen to stand behind old ones."""

    tokens: dict[tuple[str, str], tuple[str, float]] = field(default_factory=dict)
    """By key and version, the token of a check that ended, and since when it is there."""
    toured: set[str] = field(default_factory=set)
    """Versions in which every operation was sent once for the checks that look at all answers."""

    def now(self) -> dict[Place, Mark]:
        """Returns the ends of all lists, for a context that begins."""
        return dict(self.ends)

    def read(
        self, client: Reader, operation: str, query: str, began: dict[Place, Mark], prefix: str
    ) -> list[dict[str, Any]]:
        """Returns the records of a context, in the order of the list.

        Args:
            client: Who reads.
            operation: The `operationId`.
            query: Filters, encoded.
            began: The ends when the context began; of a list that was not known then, its first page with such a record
                is entered.
            prefix: What the ids of the context begin with.
        """
        version = client.contract.version
        place = client.credentials.key, version, operation, query
        start = began.get(place)
        proven = self.ordered.get((version, operation))
        seen = [*pages(client, operation, query, start if proven else None)]
        if seen and seen[-1].mark is not None:
            self.ends[place] = seen[-1].mark
        if start is not None and proven is None:
            self._prove(seen, start, (version, operation), prefix)
        if start is None and seen:
            first = next((page for page in seen if _holds(page, prefix)), seen[-1])
            if first.mark is not None:
                began[place] = first.mark
        return [record for page in seen for record in page.records if record["id"].startswith(prefix)]

    def _prove(self, seen: list[Page], start: Mark, of: tuple[str, str], prefix: str) -> None:
        marks = [page.mark for page in seen]
        if start not in marks:
            self.ordered[of] = False
            return
        where = marks.index(start)
        own = [_holds(page, prefix) for page in seen]
        if where and any(own):
            self.ordered[of] = not any(own[:where])


def _holds(page: Page, prefix: str) -> bool:
    return any(record["id"].startswith(prefix) for record in page.records)
