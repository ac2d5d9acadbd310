"""Every place that names a version of the project, or of Python, names the same."""

import importlib.metadata
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from casavi_mock import __version__

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CLASSIFIER = "Programming Language :: Python :: 3."
PYTHONS = [f"3.{line.removeprefix(CLASSIFIER)}" for line in PROJECT["project"]["classifiers"] if CLASSIFIER in line]


def workflow(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / name).read_text())
    return loaded


def test_the_newest_changelog_entry_is_this_version() -> None:
    headings = re.findall(r"(?m)^## \[?(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text())
    assert headings[0] == __version__
    assert len(headings) == len(set(headings))


def test_the_installed_distribution_has_this_version() -> None:
    assert importlib.metadata.version("casavi-mock") == __version__


def test_classifiers_are_the_pythons_that_the_project_runs_on() -> None:
    allowed = SpecifierSet(PROJECT["project"]["requires-python"])
    assert [int(version[2:]) for version in PYTHONS] == list(range(int(PYTHONS[0][2:]), int(PYTHONS[-1][2:]) + 1))
    assert all(version in allowed for version in PYTHONS)
    assert f"3.{int(PYTHONS[0][2:]) - 1}" not in allowed


def test_github_tests_every_python() -> None:
    assert workflow(".github/workflows/ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python"] == PYTHONS


def test_gitlab_tests_every_python() -> None:
    (matrix,) = workflow(".gitlab-ci.yml")["test"]["parallel"]["matrix"]
    assert matrix == {"PYTHON_VERSION": PYTHONS}


@pytest.mark.parametrize("tool", ["ruff", "mypy"])
def test_tools_check_for_the_oldest_python(tool: str) -> None:
    table = PROJECT["tool"][tool]
    named = table.get("python_version") or table["target-version"].replace("py3", "3.")
    assert named == PYTHONS[0]
