"""What a person reads of a record that was refused: it names the record, and what is the matter."""

from typing import Any

import pytest

from casavi_fixtures import address, contact, contract, document, property_, responsibility, unit
from tests.support.accounts import Bench

LONELY = responsibility(propertyId="P-1", contactId="C-1", roleName="Hausmeister")


def house(*units: dict[str, Any], **others: Any) -> dict[str, Any]:
    return property_(id="P-1", addresses=[address(units=list(units))], **others)


MESSAGES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "the same id twice": (
        {"contacts": [contact(id="C-1"), contact(id="C-1")]},
        ["id 'C-1' occurs more than once among the contacts of this request; none of them is imported"],
    ),
    "the same identity twice": (
        {"contacts": [contact(id="C-1")], "properties": [house()], "responsibilities": [LONELY, LONELY]},
        [
            "the same propertyId, contactId, roleName occurs more than once among the responsibilities of this request; none of them is imported"
        ],
    ),
    "nothing that it refers to": (
        {"responsibilities": [LONELY]},
        ["propertyId names properties 'P-1', which is neither stored nor in this request"],
    ),
    "a refused one that it refers to": (
        {"contacts": [contact(id="C-1")] * 2, "properties": [house()], "responsibilities": [LONELY]},
        [
            "id 'C-1' occurs more than once among the contacts of this request; none of them is imported",
            "contactId names contacts 'C-1', which was refused because of contacts 'C-1'",
        ],
    ),
    "a refused one that it lies in": (
        {"properties": [house(unit(id="U-1")), house(unit(id="U-2"))]},
        [
            "id 'P-1' occurs more than once among the properties of this request; none of them is imported",
            "it lies inside properties 'P-1', which was refused",
        ],
    ),
    "the same contract twice": (
        {
            "contacts": [contact(id="C-1")],
            "properties": [house(unit(contracts=[contract(id="K", contactId="C-1")] * 2))],
        },
        ["two contracts of this unit have the id 'K'"],
    ),
    "a contract that ends early": (
        {
            "contacts": [contact(id="C-1")],
            "properties": [
                house(unit(contracts=[contract(contactId="C-1", startDate="2024-01-02", endDate="2024-01-01")]))
            ],
        },
        ["endDate 2024-01-01 lies before startDate 2024-01-02"],
    ),
    "a content that is none": (
        {"properties": [house(documents=[document(content="?")])]},
        ["the content is not base64: incorrect padding"],
    ),
    "a content that is too long": (
        {"properties": [house(documents=[document(content="A" * 2000)])]},
        ["the content has 1500 bytes, the limit is 1000 bytes (0.001 MB)"],
    ),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_a_refusal_says_what_is_the_matter(case: str) -> None:
    body, messages = MESSAGES[case]
    profile = {"document-max-mb": 0.001} if case.endswith("too long") else {}
    told = dict.fromkeys(error.message for error in Bench(profile).take(body).errors)  # twins are told the same
    assert list(told) == messages


def test_a_full_account_says_how_much_it_holds() -> None:
    bench = Bench({"record-limit": 1})
    job = bench.take({"contacts": [contact(id="C-1"), contact(id="C-2")]})
    assert [error.message for error in job.errors] == ["the account holds 1 records, as many as it may"]
