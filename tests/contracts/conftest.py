"""What tests of the kit share."""

from collections.abc import Iterator

import pytest

from casavi_contracts.apart import hypothesis_apart


@pytest.fixture(scope="session", autouse=True)
def cases_of_a_run() -> Iterator[None]:
    """Draws the cases that a run draws: the same for a seed, whatever modules other tests have loaded before."""
    with hypothesis_apart():
        yield
