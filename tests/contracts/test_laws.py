"""The laws as a whole: the names by which others blame them, their assumptions, and where they are judged."""

import re
from pathlib import Path

import casavi_contracts
from casavi_contracts.contract import VERSIONS, Contract
from casavi_contracts.laws import LAWS
from casavi_contracts.suite.tasks import names

SOURCES = Path(casavi_contracts.__file__).parent.rglob("*.py")


def test_whoever_is_blamed_exists() -> None:
    known = {*names()}
    blamed = {name: path.name for path in SOURCES for name in re.findall(r'\blaw="([a-z0-9-]+)"', path.read_text())}
    assert len(blamed) > 5, "the pattern still finds them"
    assert {name: where for name, where in blamed.items() if name not in known} == {}


def test_what_is_assumed_names_its_assumption() -> None:
    register = Contract("v1").assumptions
    assert [law.name for law in LAWS if law.evidence == "assumed" and law.assumption not in register] == []


def test_every_law_is_judged_somewhere() -> None:
    contracts = [Contract(version) for version in VERSIONS]
    assert [
        law.name
        for law in LAWS
        if not any(one.version in law.versions and set(law.operations) <= set(one.operations) for one in contracts)
    ] == []
