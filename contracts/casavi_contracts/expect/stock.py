"""Records of a context in any number, for checks that read lists page by page."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from casavi_contracts.context import Context
from casavi_contracts.contract import Contract
from casavi_contracts.expect.observing import LISTS, expect_ids
from casavi_contracts.http.client import Client

Record = dict[str, Any]

FIRST = {"v1": 0, "v2": 1}
"""By version, the number of the first page. Source: facts page, sections 5.1 and 5.2."""

CONTRACTS = 2
"""Contracts of a unit that is let; one of them is over."""

_LETTERS = {"contacts": "C", "properties": "P", "units": "U"}
_GUESSED = {"role": "role-filter", "modifiedAfter": "modified-after", "after": "next-link-parameters"}
"""By parameter, what its values rest on; of the others clients are known that send them."""
_MODERATE = 100
"""Records on a page up to which a check fills several pages."""


def page_size(contract: Contract) -> int:
    """Returns how many records the contract says that a page has."""
    size: int = contract.values[f"{contract.version}-page-size"]
    return size


def query_marks(contract: Contract, query: str) -> Mapping[str, Any]:
    """Returns what is known of a query, as far as it is less than of lists without one, in the words of `Broken`."""
    names = [name for name, _ in parse_qsl(query, keep_blank_values=True)]
    assumptions = [_GUESSED[name] for name in names if name in _GUESSED]
    if contract.version == "v1" and contract.page_parameter in names:
        assumptions.append("page-parameter")
    return {"evidence": "assumed", "assumption": assumptions[0]} if assumptions else {}


def several_pages(contract: Contract) -> int:
    """Returns a number of records for more than three pages; if pages are large, for more than one."""
    size = page_size(contract)
    return 3 * size + 2 if size <= _MODERATE else size + 2


def records_of(page: Record) -> list[Record]:
    """Returns the records of a page, in either version."""
    records: list[Record] = page["content" if "content" in page else "list"]
    return records


def ids_of(records: Iterable[Record]) -> list[str]:
    """Returns the reference ids of records, in their order."""
    return [record["id"] for record in records]


class Stock:
    """As many records of a context as are wanted, the same number in every list that its version has.

    Their numbers count from 0. Every second contact is a renter, the others are owners.

    Args:
        ctx: The context.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self.size = 0
        """How many of each kind there are."""

    def grow(self, size: int) -> None:
        """Imports as many as are lacking."""
        if size > self.size:
            self._ctx.account.imported(self.portfolio(range(self.size, size)))
            self.size = size

    def portfolio(self, numbers: Iterable[int], *, name: str = "Muster", let: bool = True) -> Record:
        """Returns records by their numbers, under the names of the context.

        Args:
            numbers: Their numbers.
            name: What they are called.
            let: Whether the units have a contract.
        """
        chosen = list(numbers)
        made: Record = {"contacts": [{"id": f"C{n}", "lastName": f"{name} {n}"} for n in chosen]}
        if "units" in LISTS[self._ctx.contract.version]:
            made["properties"] = [_house(n, name, let=let) for n in chosen]
        return self._ctx.names.own(made)

    def ids(self, entity: str, numbers: Iterable[int] | None = None) -> list[str]:
        """Returns reference ids of records by their numbers, those of all if none are given."""
        chosen = range(self.size) if numbers is None else numbers
        return [self._ctx.names.id(f"{_LETTERS[entity]}{n}") for n in chosen]

    def expect(self, entity: str, seen: list[Record], numbers: Iterable[int] | None = None, **more: Any) -> None:
        """Breaks the check unless some records are just those with certain numbers, each once.

        Args:
            entity: What they are.
            seen: Records of a list; those of others may be among them, but none of them twice.
            numbers: All if none are given.
            more: As for `casavi_contracts.failures.Broken`.
        """
        ids = ids_of(seen)
        expect_ids(self._ctx, entity, [*filter(self._ctx.names.mine, ids)], self.ids(entity, numbers), **more)
        self._ctx.expect(len(set(ids)) == len(ids), f"every one of the {entity} once", "one of them twice", **more)

    def lists(self) -> Iterator[tuple[str, str]]:
        """Yields entity and operation of every list of the version."""
        yield from LISTS[self._ctx.contract.version].items()

    def some_lists(self) -> list[tuple[str, str]]:
        """Returns those lists that a check walks through which needs whole walks; one if the account is shared."""
        return [*self.lists()][: 1 if self._ctx.shared else None]


def _house(number: int, name: str, *, let: bool) -> Record:
    type_ = "OWNER" if number % 2 else "RENTER"
    over = {"id": f"E{number}", "contactId": f"C{number}", "endDate": "2001-12-31"}
    contracts = [{"id": f"V{number}", "contactId": f"C{number}", "type": type_}, over] if let else []
    unit = {"id": f"U{number}", "name": f"{name} {number}", "contracts": contracts}
    return {
        "id": f"P{number}",
        "name": f"{name} {number}",
        "addresses": [{"street": "Main street 14", "units": [unit]}],
    }


def walked(client: Client, operation: str, query: str = "") -> list[Record]:
    """Returns all records of a list, in the order of the list."""
    return [record for page in client.walk(operation, query) for record in page]
