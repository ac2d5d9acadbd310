"""Portfolios as a test names them: a sample, a file, or a document."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_casavi.errors import CannotSteer, told

__tracebackhide__ = told

Portfolio = str | Path | Mapping[str, Any]
"""The name of a sample portfolio, a JSON file, or the body of an import."""


def document(portfolio: Portfolio) -> Any:
    """Returns the body of an import.

    Args:
        portfolio: Name of a sample, path of a file (as a `Path`), or the document itself.

    Raises:
        CannotSteer: There is no such sample or file, or it is no JSON.
    """
    if isinstance(portfolio, Mapping):
        return dict(portfolio)
    if isinstance(portfolio, Path):
        return _from_file(portfolio)
    from casavi_fixtures import load_portfolio, portfolio_names

    if portfolio not in portfolio_names():
        hint = " A file is given as a pathlib.Path." if Path(portfolio).exists() else ""
        raise CannotSteer(f"There is no sample portfolio {portfolio!r}.{hint}", portfolio_names())
    return load_portfolio(portfolio)


def _from_file(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise CannotSteer(f"{path}: {error.strerror}.") from None
    except ValueError as error:
        raise CannotSteer(f"{path}: not JSON: {error}.") from None
