"""A sound portfolio into which a flaw is put."""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

from casavi_contracts.strategies.portfolios import address_at
from casavi_contracts.strategies.records import Record, Records


class Scene:
    """Adds records to a portfolio at places that are drawn, and tells where they stand afterwards.

    Args:
        draw: Draws.
        records: Strategies of records.
        portfolio: A sound portfolio; it is changed.
    """

    def __init__(self, draw: st.DrawFn, records: Records, portfolio: Record) -> None:
        self.draw = draw
        self.records = records
        self.portfolio = portfolio
        self._made = 0
        self._taken = set(_ids(portfolio))

    @property
    def profile(self) -> Mapping[str, Any]:
        """Values of all assumptions by name."""
        return self.records.values.profile

    def pick(self, options: Any) -> Any:
        """Draws one of these."""
        return self.draw(st.sampled_from(options))

    # Sound records, at any place among the others of their kind.

    def contact(self) -> Record:
        """Adds a contact."""
        return self._added("contacts", self.records.contact(self.draw))

    def property(self) -> Record:
        """Adds a property."""
        return self._added("properties", self.records.property(self.draw))

    def unit(self, home: Record | None = None) -> Record:
        """Adds a unit without contracts, to a property or to a new one."""
        unit = {**self.records.unit(self.draw), "id": self.new_id()}
        unit.pop("contracts", None)
        address = address_at(home or self.property(), self.draw(self.records.values.texts))
        self.insert(address.setdefault("units", []), unit)
        return unit

    def contract(self, unit: Record, contact_id: str) -> Record:
        """Adds a contract to a unit."""
        contract = {**self.records.contract(self.draw), "contactId": contact_id}
        contract.pop("id", None)
        self.insert(unit.setdefault("contracts", []), contract)
        return contract

    def document(self, home: Record) -> Record:
        """Adds a document for everybody to a property or unit."""
        document = {**self.records.document(self.draw), "id": self.new_id()}
        document.pop("contactId", None)
        self.insert(home.setdefault("documents", []), document)
        return document

    def responsibility(self, property_id: str, contact_id: str) -> Record:
        """Adds a responsibility."""
        one = {**self.records.responsibility(self.draw), "propertyId": property_id, "contactId": contact_id}
        self.insert(self.portfolio.setdefault("responsibilities", []), one)
        return one

    def twin(self, records: list[Any], record: Record) -> Record:
        """Adds a second record like one, with the same id."""
        return self.insert(records, dict(record))

    def insert(self, records: list[Any], record: Record) -> Record:
        """Adds a record at any place of a list."""
        records.insert(self.draw(st.integers(0, len(records))), record)
        return record

    def _added(self, entity: str, record: Record) -> Record:
        return self.insert(self.portfolio.setdefault(entity, []), {**record, "id": self.new_id()})

    # Ids.

    def new_id(self) -> str:
        """Returns an id that no other record has."""
        drawn = self.draw(self.records.values.ids)
        while True:
            self._made += 1
            if (id_ := f"{drawn}#{self._made}") not in self._taken:
                return id_

    def missing_id(self, entity: str) -> str:
        """Returns an id that no record of the portfolio has, if possible one that looks like another's."""
        known = [record["id"] for record in self.portfolio.get(entity, [])]
        alike = [text for id_ in known for text in _alike(id_) if text not in known]
        return str(self.pick([self.new_id(), *alike]))

    # Places.

    def pointer(self, target: Any) -> str:
        """Returns the JSON pointer of an object that stands in the portfolio."""
        found = _path(self.portfolio, target)
        assert found is not None, "only what was put there is asked for"
        return found


def _ids(place: Any) -> Iterator[str]:
    """Yields every reference id in a portfolio."""
    if isinstance(place, list):
        for item in place:
            yield from _ids(item)
    elif isinstance(place, dict):
        if isinstance(place.get("id"), str):
            yield place["id"]
        for member in place.values():
            yield from _ids(member)


def _alike(id_: str) -> list[str]:
    forms = {unicodedata.normalize(form, id_) for form in ("NFC", "NFD", "NFKC")}
    return sorted({*forms, id_.swapcase(), f"{id_} ", id_.strip(), id_.lstrip("0")} - {id_, ""})


def _path(place: Any, target: Any) -> str | None:
    if place is target:
        return ""
    members = place.items() if isinstance(place, dict) else enumerate(place) if isinstance(place, list) else ()
    for name, member in members:
        below = _path(member, target)
        if below is not None:
            return f"/{escaped(str(name))}{below}"
    return None


def escaped(name: str) -> str:
    """Returns a member name as it stands in a JSON pointer. Source: RFC 6901."""
    return name.replace("~", "~0").replace("/", "~1")
