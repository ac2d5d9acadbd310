"""The walk through a list blames the check about pages for what is wrong with pages."""

import json
from typing import Any

import pytest

from casavi_contracts.checks import CHECKS
from casavi_contracts.failures import Broken
from casavi_contracts.http.exchange import Answer
from casavi_contracts.http.target import Credentials
from casavi_contracts.http.walking import COUNTS, KEPT_FILTERS, LINK, REGISTRATION, WALK, pages
from tests.support import kit

Page = dict[str, Any]


class Shelf:
    """A client that reads pages from a list.

    Args:
        version: Of the API.
        of: The pages.
        status: With which a link is answered.
    """

    def __init__(self, version: str, of: list[Page], status: int = 200) -> None:
        self.contract = kit.contract(version)
        self.credentials = Credentials("k", "s")
        self._pages = of
        self._status = status

    def page(self, operation: str, query: str = "") -> Page:
        return self._pages[int(query.partition("page=")[2].partition("&")[0] or 0)]

    def get(self, address: str) -> Answer:
        return Answer(self._status, {}, json.dumps(self._pages[int(address[-1])]).encode())

    def checked(self, answer: Answer, operation: str) -> Page:
        found: Page = answer.json
        return found


def person(id_: str, internal: int = 1, *, registered: bool = False) -> Page:
    return {"id": id_, "internalId": internal, "isRegistered": registered}


def numbered(number: int, of: int, *records: Page) -> Page:
    return {"page": number, "count": 2, "pageCount": of, "content": [*records]}


def linked(link: int | None, *records: Page) -> Page:
    return {"list": [*records], "_links": {"next": link if link is None else f"http://x/{link}"}}


A, B = person("A"), person("B", 2)


@pytest.mark.parametrize(
    ("shelf", "query", "blamed"),
    [
        (Shelf("v1", [numbered(1, 1, A)]), "", COUNTS),
        (Shelf("v1", [numbered(0, 2, A), numbered(1, 2, dict(A))]), "", WALK),
        (Shelf("v1", [numbered(0, 3, A), numbered(1, 3)]), "", WALK),
        (Shelf("v2", [linked(1, A), linked(None, A)]), "", WALK),
        (Shelf("v2", [linked(1, A), linked(1, B)]), "", WALK),
        (Shelf("v2", [linked(1, A), linked(None, B)], 404), "", LINK),
        (Shelf("v2", [linked(None, A)]), "isRegistered=true", REGISTRATION),
        (Shelf("v2", [linked(1, A), linked(None, person("B", registered=True))]), "isRegistered=false", KEPT_FILTERS),
    ],
    ids=["number", "twice", "empty", "twice by links", "in a circle", "dead link", "filter", "filter behind a link"],
)
def test_the_check_about_it_is_named(shelf: Shelf, query: str, blamed: str) -> None:
    with pytest.raises(Broken) as raised:
        list(pages(shelf, "listContacts", query))
    assert raised.value.check == blamed
    assert blamed in {check.name for check in CHECKS}


def test_two_records_of_one_id_are_no_fault_of_pages() -> None:
    both = [linked(1, A), linked(None, person("A", 2))]
    assert [page.records for page in pages(Shelf("v2", both), "listContacts")] == [[A], [person("A", 2)]]


def test_checks_about_pages_look_for_themselves() -> None:
    twice = Shelf("v1", [numbered(5, 2, A), numbered(5, 2, dict(A))])
    assert [page.records for page in pages(twice, "getContacts", strict=False)] == [[A], [A]]
