"""The pytest plugin of casavi-mock: a fresh account of the mock for each test.

Everything is imported when it is asked for, since every pytest run of a project loads this package.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_casavi.config import CasaviConfig
    from pytest_casavi.errors import CannotSteer, CasaviError, NothingThere, WaitTimeout
    from pytest_casavi.factory import MakeCasavi
    from pytest_casavi.handle.account import Casavi
    from pytest_casavi.handle.jobs import Job
    from pytest_casavi.handle.records import Record
    from pytest_casavi.handle.requests import Request
    from pytest_casavi.handle.violations import Violation
    from pytest_casavi.session import CasaviServer

__all__ = [
    "CannotSteer",
    "Casavi",
    "CasaviConfig",
    "CasaviError",
    "CasaviServer",
    "Job",
    "MakeCasavi",
    "NothingThere",
    "Record",
    "Request",
    "Violation",
    "WaitTimeout",
]

_HOMES = {
    "CannotSteer": "errors",
    "Casavi": "handle.account",
    "CasaviConfig": "config",
    "CasaviError": "errors",
    "CasaviServer": "session",
    "Job": "handle.jobs",
    "MakeCasavi": "factory",
    "NothingThere": "errors",
    "Record": "handle.records",
    "Request": "handle.requests",
    "Violation": "handle.violations",
    "WaitTimeout": "errors",
}


def __getattr__(name: str) -> Any:
    """Imports what is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
