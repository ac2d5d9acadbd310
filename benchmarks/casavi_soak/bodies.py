"""What is imported: always the same ids, so that an account grows to a size and no further."""

import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from casavi_fixtures import contact, property_, responsibility

BIG = 2_000
"""Contacts of a big import."""


@dataclass(frozen=True, slots=True)
class Body:
    """An import."""

    content: bytes
    records: int


def _body(document: Mapping[str, Sequence[Mapping[str, Any]]]) -> Body:
    return Body(json.dumps(document, ensure_ascii=False).encode(), sum(len(records) for records in document.values()))


def contacts(numbers: Iterable[int], version: int) -> Body:
    """Returns an import of contacts.

    Args:
        numbers: Which ones.
        version: It stands in their notes, so that another version changes them.
    """
    return _body({"contacts": [_contact(number, version) for number in numbers]})


def house(number: int, version: int) -> Body:
    """Returns an import of a property, two contacts and what they are to it."""
    people = [_contact(2 * number, version), _contact(2 * number + 1, version)]
    place = property_(id=f"P-{number}", name=f"Haus {number}, Stand {version}")
    roles = [responsibility(propertyId=f"P-{number}", contactId=person["id"]) for person in people]
    return _body({"contacts": people, "properties": [place], "responsibilities": roles})


def broken_house(number: int) -> Body:
    """Returns an import in which one record of three refers to what there is not."""
    roles = [responsibility(propertyId="there is none", contactId=f"C-{number}")]
    return _body({"contacts": [_contact(number, 0), _contact(number + 1, 0)], "responsibilities": roles})


@functools.lru_cache(maxsize=4)
def many(version: int) -> Body:
    """Returns an import of `BIG` contacts."""
    return contacts(range(BIG), version)


def _contact(number: int, version: int) -> dict[str, Any]:
    return contact(
        id=f"C-{number}",
        firstName="Erika",
        lastName=f"Mustermann-Schröder {number}",
        email=f"erika.{number}@example.com",
        note=f"v{version}",
        customFields={"Wohnfläche": 85.5, "Stand": version},
    )
