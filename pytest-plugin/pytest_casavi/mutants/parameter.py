"""The mutant at work as a fixture; a plugin of the runs at mutants alone."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def _casavi_mutant(request: pytest.FixtureRequest) -> str | None:
    """The mutant at work. Fixtures that reach the mock depend on it, so they are set up anew for another one."""
    name: str | None = getattr(request, "param", None)
    return name
