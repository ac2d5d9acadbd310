"""Parts of the large sample portfolio, where all of it takes seconds."""

from typing import Any

import pytest

from casavi_fixtures import load_portfolio
from tests.support.marks import COSTLY

PARTS = pytest.mark.parametrize("parts", [6, pytest.param(1, marks=pytest.mark.slow)])
"""A sixth is still long enough to be read in parts; all of it is for `make test-all`."""


def part_of_large_portfolio(parts: int) -> dict[str, Any]:
    """Returns every so many-th property of the large sample, with the contacts and responsibilities that belong to it.

    Args:
        parts: Of how many parts this is one; 1 is the whole portfolio, with contacts that belong to nothing.
    """
    body = load_portfolio(COSTLY)
    if parts == 1:
        return body
    properties = body["properties"][::parts]
    units = [unit for one in properties for address in one["addresses"] for unit in address.get("units", ())]
    houses = {one["id"] for one in properties}
    responsibilities = [role for role in body["responsibilities"] if role["propertyId"] in houses]
    named = {role["contactId"] for role in responsibilities}
    named |= {lease["contactId"] for unit in units for lease in unit.get("contracts", ())}
    named |= {paper.get("contactId") for holder in (*properties, *units) for paper in holder.get("documents", ())}
    contacts = [contact for contact in body["contacts"] if contact["id"] in named]
    return {"contacts": contacts, "properties": properties, "responsibilities": responsibilities}
