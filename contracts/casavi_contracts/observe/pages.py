"""Pages of lists, whatever their members are called: records, how many there are, and where the next page is."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from casavi_contracts.observe.roles import plain

COUNT = re.compile(r"(?:count|total|totalcount|totalelements|totalitems|totalrecords|records|elements|size)")
NUMBER = re.compile(r"(?:page|number|pagenumber|current|currentpage|pageno|pageindex|index)")
PAGES = re.compile(r"(?:pages|pagecount|totalpages|lastpage|numberofpages|pagestotal)")
NEXT = re.compile(r"(?:next|nextpage|nextlink|nexturl|nexthref)")
"""What members are called, as `plain` writes names."""

_MAX_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list."""

    records: list[Any] | None
    count: int | None
    number: int | None
    pages: int | None
    next: str | None


def page_of(got: Any) -> Page:
    """Returns what an answer says as a page; what it does not say is None."""
    if isinstance(got, list):
        return Page(got, None, None, None, None)
    leaves = [*_leaves(got, 0)]
    numbers = [(name, value) for name, value in leaves if type(value) is int]
    return Page(
        next((value for _, value in leaves if isinstance(value, list)), None),
        _first(numbers, COUNT),
        _first(numbers, NUMBER),
        _first(numbers, PAGES),
        next((v for n, v in leaves if NEXT.fullmatch(n) and isinstance(v, str) and v.startswith(("http", "/"))), None),
    )


def _first(numbers: list[tuple[str, int]], word: re.Pattern[str]) -> int | None:
    return next((value for name, value in numbers if word.fullmatch(name)), None)


def _leaves(got: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """Yields the members of an object and of objects in it; one of an object called `next` is called so, too."""
    for name, value in got.items() if isinstance(got, Mapping) else ():
        if isinstance(value, Mapping) and depth < _MAX_DEPTH:
            for inner, leaf in _leaves(value, depth + 1):
                yield (plain(name) if NEXT.fullmatch(plain(name)) else inner), leaf
        else:
            yield plain(name), value
