"""The page of limits tells the defaults that the code has."""

import importlib
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from casavi_contracts import spec
from casavi_mock.domain.jobs import Progress
from casavi_mock.world import Limits

PAGE = (Path(__file__).parents[2] / "docs" / "limits.md").read_text()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")]
OPTIONS = {f"--{place.name.replace('_', '-')}": place.default for place in fields(Progress) if place.name != "mode"}


def row(name: str) -> list[str]:
    (found,) = (cells for cells in ROWS if len(cells) > 2 and name in re.findall(r"`([^`]+)`", cells[2]))
    return found


def constant(dotted: str) -> Any:
    """The value behind a dotted name; of a field of a dataclass, its default."""
    module, _, name = dotted.rpartition(".")
    if module.endswith(".Limits"):
        return {place.name: place.default for place in fields(Limits)}[name]
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("dotted", re.findall(r"`(casavi_mock\.[\w.]+)`", PAGE))
def test_constants(dotted: str) -> None:
    assert row(dotted)[1] == f"{constant(dotted):,}"


@pytest.mark.parametrize("name", re.findall(r"assumption `([\w-]+)`", PAGE))
def test_assumptions(name: str) -> None:
    assert row(name)[1] == f"{spec.load_document()['x-assumptions'][name]['value']:,}"


@pytest.mark.parametrize("name", OPTIONS)
def test_options(name: str) -> None:
    assert row(name)[1] == f"{OPTIONS[name]:g}"


def test_every_limit_is_told() -> None:
    assert [place.name for place in fields(Limits) if f"Limits.{place.name}`" not in PAGE] == []


def test_every_rule_on_the_page_exists() -> None:
    rules = set(spec.rules(spec.load_document()))
    named = {name for cells in ROWS if len(cells) > 3 for name in re.findall(r"`([a-z-]+)`", cells[3]) if "-" in name}
    assert named - rules == set()
