"""The hook of the suite: what cannot be told on a command line."""

from collections.abc import Mapping
from typing import Any, TypedDict

import pytest


class Told(TypedDict, total=False):
    """What a plugin or a `conftest.py` may tell the suite."""

    application: Any
    """An ASGI application that is judged in this process, in place of a server at an address."""
    variables: Mapping[str, str]
    """Values in place of those of environment variables, such as `CASAVI_API_SECRET`."""
    profile: Mapping[str, Any]
    """Values of assumptions by name, in place of a profile file."""
    overlay: Mapping[str, Any]
    """A parsed OpenAPI Overlay, where there is one."""
    evidence: Mapping[str, Any]
    """Parsed evidence, where there is some."""
    command: str
    """With which a case is judged again, up to the name of its file."""


@pytest.hookspec(firstresult=True)
def pytest_casavi_given(config: pytest.Config) -> Told | None:
    """Tells the suite what cannot be told on a command line."""
