"""Parameters of tests, some of which are for `make test-all` alone."""

from collections.abc import Iterable
from typing import Any

import pytest

COSTLY = "mid-size"
"""The sample portfolio with thousands of records; under a tracer it takes seconds."""


def by_cost(names: Iterable[str]) -> list[Any]:
    """Returns names of sample portfolios as parameters; the large one is marked slow."""
    return [pytest.param(name, marks=pytest.mark.slow) if name == COSTLY else name for name in names]
