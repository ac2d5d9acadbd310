"""Hooks that a project may implement in its conftest files."""

from typing import Any

import pytest


@pytest.hookspec
def pytest_casavi_mutants(config: pytest.Config) -> Any:
    """Returns mutants of the project, for `pytest --casavi-mutants`.

    A mutant is a function `(request, response) -> response`, or a `pytest_casavi.mutants.Mutant`; a list, a tuple or a
    dict by name holds several.
    """
