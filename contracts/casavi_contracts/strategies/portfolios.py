"""Portfolios whose references all lead somewhere."""

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st

from casavi_contracts.contract import Contract
from casavi_contracts.strategies.alphabet import NASTY, Alphabet
from casavi_contracts.strategies.records import Record, Records
from casavi_contracts.strategies.twins import ALIKE, make_alike
from casavi_contracts.strategies.values import Values

ENTITIES = ("contacts", "properties", "units", "responsibilities", "documents")
"""What a portfolio can hold."""

_NEEDS = {"units": ("properties",), "responsibilities": ("contacts", "properties"), "documents": ("properties",)}
_MOST = 3
_HOME = ""
"""Under this name a record says where it is to stand, until it stands there."""


def master_data(
    contract: Contract | None = None,
    *,
    entities: Collection[str] = ENTITIES,
    sizes: Mapping[str, tuple[int, int]] | None = None,
    alphabet: Alphabet = NASTY,
) -> st.SearchStrategy[Record]:
    """Returns a strategy of portfolios that an import has to accept, and to import as a whole.

    They satisfy the contract, no id occurs twice, every reference leads to a record of the same portfolio, no contract
    ends early, all documents are base64. They shrink to one record that has only its id.

    Args:
        contract: The contract with its profile; that of version 1 as assumed if none is given.
        entities: Which kinds of records there may be. Units and documents need properties, responsibilities need
            properties and contacts.
        sizes: Fewest and most records of a kind; by default at most three, and at least one of the first kind.
        alphabet: What ids and texts are drawn from.

    Raises:
        ValueError: The entities or sizes are impossible; the text says why.

    Example:
        >>> from hypothesis import given
        >>> @given(master_data(entities=["contacts"], sizes={"contacts": (2, 5)}))
        ... def test_my_client_sends_what_it_was_given(portfolio):
        ...     assert 2 <= len(portfolio["contacts"]) <= 5

    Source: facts page, section 8; what is assumed there is assumed here.
    """
    checked = _checked_sizes(frozenset(entities), sizes or {})
    for name, (least, _) in checked.items():
        if least > len(alphabet.ids):
            raise ValueError(f"{least} {name} need as many ids; the alphabet has {len(alphabet.ids)}")
    return _portfolios(Records(Values(alphabet, (contract or as_assumed()).values)), checked)


@lru_cache(maxsize=1)
def as_assumed() -> Contract:
    """Returns the contract of version 1 without a profile of the user's."""
    return Contract()


def _checked_sizes(entities: frozenset[str], given: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    _check_entities(entities, given)
    there = entities.union(*(_NEEDS.get(name, ()) for name in entities))
    sizes = {name: (0, _MOST if name in there else 0) for name in ENTITIES}
    for first in [name for name in ENTITIES if name in entities][:1]:
        sizes[first] = (1, _MOST)
    for name, (least, most) in given.items():
        if name not in there or not 0 <= least <= most:
            raise ValueError(f"impossible size of {name}: {least} to {most}")
        sizes[name] = (least, most)
    for name, others in _NEEDS.items():
        for needed in others if sizes[name][0] else ():
            sizes[needed] = (max(1, sizes[needed][0]), max(1, sizes[needed][1]))
    if not (sizes["contacts"][0] or sizes["properties"][0]):
        raise ValueError("a portfolio holds at least one record; let there be at least one contact or property")
    return sizes


def _check_entities(entities: frozenset[str], given: Mapping[str, Any]) -> None:
    for name in (*entities, *given):
        if name not in ENTITIES:
            raise ValueError(f"unknown entity {name!r}; possible are: {', '.join(ENTITIES)}")


def _portfolios(records: Records, sizes: Mapping[str, tuple[int, int]]) -> st.SearchStrategy[Record]:
    return st.tuples(
        _many(records.contact, sizes["contacts"]),
        _many(records.property, sizes["properties"]),
        _many(lambda draw: _housed(records, draw), sizes["units"]),
        _many(lambda draw: _filed(records, draw), sizes["documents"]),
        _many(records.responsibility, sizes["responsibilities"], key="roleName"),
        st.booleans(),
        st.sampled_from(_ALIKE) if records.values.wild else st.none(),
    ).map(_assembled)


_ALIKE = (None, None, *ALIKE)
"""In what way ids of two records are alike, if they are."""


def _many(
    make: Callable[[st.DrawFn], Record], size: tuple[int, int], key: str = "id"
) -> st.SearchStrategy[list[Record]]:
    one = st.composite(make)()
    return st.lists(one, min_size=size[0], max_size=size[1], unique_by=lambda record: record[key])


def _housed(records: Records, draw: st.DrawFn) -> Record:
    return {**records.unit(draw), _HOME: (draw(records.somebody), draw(records.values.texts))}


def _filed(records: Records, draw: st.DrawFn) -> Record:
    return {**records.document(draw), _HOME: (draw(records.somebody), "")}


def _assembled(drawn: tuple[Any, ...]) -> Record:
    """Puts records into each other, and real ids in the place of numbers."""
    contacts, properties, units, documents, responsibilities, with_empty, alike = drawn
    for records in (contacts, properties, units, documents) if alike else ():
        make_alike(records, alike)
    names = [contact["id"] for contact in contacts]
    homes = list(properties)
    for unit in units if properties else ():
        number, street = unit.pop(_HOME)
        _refer(unit, names)
        address_at(properties[number % len(properties)], street).setdefault("units", []).append(unit)
        homes.append(unit)
    for document in documents if homes else ():
        number, _ = document.pop(_HOME)
        _refer(document, names)
        homes[number % len(homes)].setdefault("documents", []).append(document)
    for one in responsibilities if names and properties else ():
        _refer(one, names)
        one["propertyId"] = properties[one["propertyId"] % len(properties)]["id"]
    links = responsibilities if names and properties else []
    whole = {"contacts": contacts, "properties": properties, "responsibilities": links}
    return {name: found for name, found in whole.items() if found or with_empty}


def _refer(record: Record, contacts: list[str]) -> None:
    number = record.get("contactId")
    if number is not None:
        record["contactId"] = contacts[number % len(contacts)] if contacts else None
    for contract in record.get("contracts", []) if contacts else ():
        _refer(contract, contacts)
    if record.get("contracts") and not contacts:
        record["contracts"] = []


def address_at(property_: Record, street: str) -> Record:
    """Returns the address of a property at a street; it is put there if there is none."""
    addresses = property_.setdefault("addresses", [])
    for address in addresses:
        if address["street"] == street:
            found: Record = address
            return found
    addresses.append({"street": street})
    made: Record = addresses[-1]
    return made
