"""Every assumption that a profile can change does change something, and no policy hides behind another name."""

import ast
import dataclasses
import functools
from pathlib import Path
from typing import Any

import pytest

from casavi_contracts import spec
from casavi_mock.domain.policy import Policy
from tests.support.assumptions import other_values

SERVER = Path(__file__).parents[2] / "mock_server" / "casavi_mock"
POLICY = SERVER / "domain" / "policy.py"

REGISTER = spec.assumptions(spec.load_document())
FIELDS = {place.name: place.name.replace("_", "-") for place in dataclasses.fields(Policy)}


def attributes(tree: ast.AST) -> set[str]:
    """Names of all attributes that are read in a syntax tree."""
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)}


@functools.cache
def fields_that_are_read() -> set[str]:
    """Fields of the policy that code outside reads, directly or through one of the policy's own properties."""
    outside: set[str] = set()
    for path in SERVER.rglob("*.py"):
        if path != POLICY:
            outside |= attributes(ast.parse(path.read_text()))
    read = outside & set(FIELDS)
    for node in ast.walk(ast.parse(POLICY.read_text())):
        if isinstance(node, ast.FunctionDef) and node.name in outside:
            read |= attributes(node) & set(FIELDS)
    return read


def changes_the_document(name: str, value: Any) -> bool:
    """Whether a value of one assumption changes more of the document than its own entry in the register."""
    return rest_of_the_document({name: value}) != _unchanged()


@functools.cache
def _unchanged() -> dict[str, Any]:
    return rest_of_the_document({})


def rest_of_the_document(profile: dict[str, Any]) -> dict[str, Any]:
    """What a profile makes of the documents, without the register."""
    documents = spec.contract_documents(profile).by_version
    return {
        version: {name: value for name, value in document.items() if name != "x-assumptions"}
        for version, document in documents.items()
    }


def test_fields_of_the_policy_are_assumptions() -> None:
    assert set(FIELDS.values()) - set(REGISTER) == set(), "enter these under x-assumptions in manager-v1.yaml"


def test_every_field_of_the_policy_is_read() -> None:
    assert set(FIELDS) - fields_that_are_read() == set(), "no code reads these fields of the policy"


@pytest.mark.parametrize("name", REGISTER)
def test_an_assumption_with_a_choice_changes_something(name: str) -> None:
    entry = REGISTER[name]
    others = other_values(entry)
    if not others:
        assert entry.schema == {"enum": [entry.value]}
        assert entry.other.startswith(("By an overlay of ", "Nothing else can be expressed, since ")), (
            f"{name!r} has one value: say by `other` how else another answer can be expressed, or why none can be"
        )
        return
    read = {FIELDS[place] for place in fields_that_are_read()}
    assert name in read or any(changes_the_document(name, value) for value in others), (
        f"another value of {name!r} changes nothing: add a field of that name to Policy, or let apply_profile change the "
        "document"
    )


@pytest.mark.parametrize("name", REGISTER)
def test_the_register_takes_its_own_values(name: str) -> None:
    assert spec.resolve_profile(REGISTER, {name: REGISTER[name].value})[name] == REGISTER[name].value
