"""Hooks of the suite: what cannot be told on a command line."""

from collections.abc import Mapping
from typing import Any

import pytest


@pytest.hookspec(firstresult=True)
def pytest_casavi_application(config: pytest.Config) -> Any:
    """Returns an ASGI application that is judged in this process, in place of a server at an address."""


@pytest.hookspec(firstresult=True)
def pytest_casavi_variables(config: pytest.Config) -> Mapping[str, str] | None:
    """Returns values in place of environment variables, such as `CASAVI_API_SECRET`."""


@pytest.hookspec(firstresult=True)
def pytest_casavi_profile(config: pytest.Config) -> Mapping[str, Any] | None:
    """Returns values of assumptions by name, in place of a profile file."""
