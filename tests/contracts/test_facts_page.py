"""docs/reference/facts.md: whatever a check, a rule, an assumption or a place of the contract document cites, is a section there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from casavi_contracts import spec, stateful
from casavi_contracts.checks import CHECKS
from casavi_contracts.contract import VERSIONS
from casavi_contracts.fuzz.checks import CHECKS as CONVENTIONS
from tests.support.kit import contract

FACTS = Path(__file__).parents[2] / "docs" / "reference" / "facts.md"
HEADINGS = re.findall(r"(?m)^##+ (\d+(?:\.\d+)?)\.? (.+)$", FACTS.read_text())
SECTIONS = {number for number, _ in HEADINGS}


def cited() -> Iterator[tuple[str, str]]:
    """Yields whoever cites the page, and the section."""
    yield from ((check.name, check.source) for check in (*CHECKS, stateful.CHECK))
    yield from ((one.name, one.source) for one in CONVENTIONS)
    for version in VERSIONS:
        yield from ((rule.name, rule.source) for rule in contract(version).rules.values())
        yield from ((name, one.source) for name, one in contract(version).assumptions.items())
    yield from _in(spec.load_document(), "#")


def _in(node: Any, place: str) -> Iterator[tuple[str, str]]:
    """Yields every `x-source` of the contract document."""
    members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, member in members:
        if name == "x-source":
            yield place, str(member)
        else:
            yield from _in(member, f"{place}/{name}")


def test_every_source_is_a_section() -> None:
    found = [*cited()]
    assert len(found) > 300
    assert [(who, source) for who, source in found if source not in SECTIONS] == []


def test_sections_stand_there_once() -> None:
    assert len(HEADINGS) == len(SECTIONS)


def test_unknown_sections_are_none() -> None:
    assert not {"0.4", "8.9", "18"} & SECTIONS
