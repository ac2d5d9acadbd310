"""What is sent fits the contract, so that a server that checks has to read all of it."""

import json

import jsonschema_rs
import pytest

from casavi_bench.bodies import contact, portfolio
from casavi_contracts.spec import load_document


@pytest.fixture(scope="module")
def schemas() -> dict[str, object]:
    document = load_document()
    return {"components": document["components"]}


def satisfies(schemas: dict[str, object], body: bytes) -> bool:
    validator = jsonschema_rs.Draft4Validator({"$ref": "#/components/schemas/MasterData", **schemas})
    return validator.is_valid(json.loads(body))


def test_a_portfolio_satisfies_the_contract(schemas: dict[str, object]) -> None:
    assert satisfies(schemas, portfolio(7, 50))


def test_a_contact_has_every_field_that_the_contract_knows(schemas: dict[str, object]) -> None:
    known = schemas["components"]["schemas"]["Contact"]["properties"]  # type: ignore[index]
    assert set(contact(1)) == set(known)


def test_another_version_of_a_contact_is_another_contact_under_the_same_id() -> None:
    first, second = contact(3, 1), contact(3, 2)
    assert first["id"] == second["id"]
    assert first != second
