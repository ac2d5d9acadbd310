"""Entries of the registers are whole: what is missing or misspelt is named, with its entry and its file."""

import copy
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest

from casavi_contracts import spec
from casavi_contracts.spec import document as spec_document
from casavi_mock.accounts import own_register

Entry = dict[str, Any]

VENDOR: Entry = spec.load_document()
OWN: Entry = spec.parse_yaml(files("casavi_mock").joinpath("mock-register.yaml").read_bytes())
RULE: Entry = {"title": "T", "status": 400, "evidence": "assumed", "source": "4", "assumption": "upsert"}
ASSUMPTION: Entry = copy.deepcopy(VENDOR["x-assumptions"]["upsert"])


def rule(**changes: Any) -> str:
    """What is said about a rule with some members changed; those that are None are taken out."""
    return said(lambda entry: spec.rules_of({"a-rule": entry}, "a.yaml", {"upsert"}), RULE, changes)


def assumption(**changes: Any) -> str:
    """What is said about an assumption, likewise."""
    return said(lambda entry: spec.assumptions_of({"a-guess": entry}, "a.yaml"), ASSUMPTION, changes)


def said(read: Callable[[Entry], object], entry: Entry, changes: Entry) -> str:
    changed = {name: value for name, value in {**entry, **changes}.items() if value is not None}
    with pytest.raises(spec.RegisterError) as caught:
        read(changed)
    return str(caught.value)


@pytest.mark.parametrize("member", ["title", "evidence", "source"])
def test_a_member_that_a_rule_lacks_is_named(member: str) -> None:
    assert rule(**{member: None}) == f"a.yaml: rule 'a-rule' lacks the member {member!r}"
    assert rule(**{member: ""}) == f"a.yaml: rule 'a-rule' lacks the member {member!r}"


@pytest.mark.parametrize("member", ["question", "value", "schema", "evidence", "source", "reason", "check"])
def test_a_member_that_an_assumption_lacks_is_named(member: str) -> None:
    assert assumption(**{member: None}) == f"a.yaml: assumption 'a-guess' lacks the member {member!r}"


@pytest.mark.parametrize(
    ("member", "hint"),
    [("x-evidence", "evidence"), ("titel", "title"), ("x-assumption", "assumption"), ("asumption", "assumption")],
)
def test_a_misspelt_member_is_named_with_the_right_one(member: str, hint: str) -> None:
    assert rule(**{member: "assumed"}) == (
        f"a.yaml: rule 'a-rule' has a member {member!r} that nobody reads; did you mean {hint!r}?"
    )


def test_a_member_that_nobody_knows_is_named_with_all_that_there_are() -> None:
    assert assumption(colour="red").endswith(
        "'colour' that nobody reads; it may have question, value, schema, evidence, source, reason, check, other, observed"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (rule(evidence="certain"), "evidence is 'certain'; possible: documented, observed, mirror,"),
        (rule(source=8.1), "source is 8.1, which is of the wrong kind"),
        (rule(status=200), "status is 200, not one from 400 to 599"),
        (rule(status="400"), "status is '400', which is of the wrong kind"),
        (rule(assumption="no-such"), "rests on the assumption 'no-such', and there is none of that name"),
        (rule(assumption=["upsert", "no-such"]), "rests on the assumption 'no-such', and"),
        (assumption(evidence="certain"), "evidence is 'certain'; possible: documented, observed, mirror,"),
        (assumption(value="both"), 'value is \'both\'; possible: "merge", "replace"'),
        (assumption(schema={"type": "string"}), "its schema has to be an enum, a boolean, a text with a pattern,"),
        (assumption(schema={"enum": ["merge"], "type": 7}), "its schema has to be an enum,"),
    ],
    ids=lambda text: text[:40],
)
def test_an_impossible_member_is_named(text: str, told: str) -> None:
    assert told in text


def test_what_is_wrong_in_a_contract_document_is_told_with_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spec_document, "parse_yaml", lambda text: {**VENDOR, "x-rules": {"a-rule": {"title": "T"}}})
    spec_document._whole.cache_clear()
    spec_document._parsed.cache_clear()
    with pytest.raises(spec.RegisterError, match=r"manager-v1.yaml: rule 'a-rule' lacks the member 'evidence'"):
        spec.load_document()


def test_both_registers_have_entries_of_the_same_form() -> None:
    for ours, theirs in (("rules", "x-rules"), ("assumptions", "x-assumptions")):
        members = {member for entry in VENDOR[theirs].values() for member in entry}
        assert {member for entry in OWN[ours].values() for member in entry} <= members
        assert OWN[ours].keys() & VENDOR[theirs].keys() == set()


def test_the_mock_claims_nothing_of_casavi_by_its_own_register() -> None:
    register = own_register()
    entries = [*register.rules.values(), *register.assumptions.values()]
    assert {entry.evidence for entry in entries} == {"assumed"}
    assert {entry.schema["enum"] == [entry.value] for entry in register.assumptions.values()} == {True}


def test_every_assumption_of_the_mock_itself_is_used() -> None:
    named = [entry["assumption"] for entry in OWN["rules"].values()]
    assert set(OWN["assumptions"]) <= {
        name for names in named for name in ([names] if isinstance(names, str) else names)
    }


def test_the_contract_knows_nothing_of_the_mock_itself() -> None:
    assert {name for name, entry in VENDOR["x-rules"].items() if entry.get("status", 400) >= 500} == set()
