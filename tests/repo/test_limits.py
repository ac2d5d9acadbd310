"""The page of limits tells the defaults that the code has."""

import importlib
import re
from dataclasses import fields
from typing import Any

import click
import pytest

from casavi_contracts import spec
from casavi_mock.accounts import Limits, own_register
from casavi_mock.cli.limits import ASSUMPTIONS
from casavi_mock.cli.serve import serve
from casavi_mock.control.document import read_document
from casavi_mock.domain.jobs import Progress
from casavi_mock.server.options import ConnectionLimits
from tests.support.pages import read

PAGE = read("reference/limits")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")]
OPTIONS = {
    f"--{place.name.replace('_', '-')}": place.default
    for kind in (Progress, Limits, ConnectionLimits)
    for place in fields(kind)
    if place.name != "progress"
}


def row(name: str) -> list[str]:
    (found,) = (cells for cells in ROWS if len(cells) > 2 and name in re.findall(r"`([^`]+)`", cells[2]))
    return found


def constant(dotted: str) -> Any:
    """The value behind a dotted name."""
    module, _, name = dotted.rpartition(".")
    return getattr(importlib.import_module(module), name)


def written(value: float) -> str:
    """A number as the page writes it."""
    return f"{int(value):,}" if value == int(value) else f"{value:g}"


@pytest.mark.parametrize("dotted", re.findall(r"`(casavi_mock\.[\w.]+)`", PAGE))
def test_constants(dotted: str) -> None:
    assert row(dotted)[1] == f"{constant(dotted):,}"


@pytest.mark.parametrize(("schema", "field"), re.findall(r"schema `(\w+)`, `(\w+)`", PAGE))
def test_bounds_of_the_control_plane(schema: str, field: str) -> None:
    bound = read_document()["components"]["schemas"][schema]["properties"][field]["maximum"]
    assert row(schema)[1] == f"{bound:,}"


@pytest.mark.parametrize("name", re.findall(r"assumption `([\w-]+)`", PAGE))
def test_assumptions(name: str) -> None:
    assert row(name)[1] == f"{spec.load_document()['x-assumptions'][name]['value']:,}"


@pytest.mark.parametrize("name", OPTIONS)
def test_options(name: str) -> None:
    assert row(name)[1] == written(OPTIONS[name])


@pytest.mark.parametrize("name", [*OPTIONS, *(f"--{name}" for name in ASSUMPTIONS)])
def test_options_exist_and_are_variables_too(name: str) -> None:
    (found,) = (option for option in serve.params if name in option.opts)
    assert isinstance(found, click.Option)
    assert found.envvar in row(name)[2]
    if name in OPTIONS:
        assert found.default == OPTIONS[name]


@pytest.mark.parametrize("name", ASSUMPTIONS)
def test_help_tells_the_value_of_an_assumption(name: str) -> None:
    assert ASSUMPTIONS[name][1].endswith(f"[default: {spec.load_document()['x-assumptions'][name]['value']}]")


def test_every_rule_on_the_page_exists() -> None:
    rules = {*spec.rules(spec.load_document()), *own_register().rules}
    named = {name for cells in ROWS if len(cells) > 3 for name in re.findall(r"`([a-z-]+)`", cells[3]) if "-" in name}
    assert named - rules == set()
