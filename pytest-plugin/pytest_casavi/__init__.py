"""The pytest plugin of casavi-mock: a fresh account of the mock for each test.

Everything is imported when it is asked for, since every pytest run of a project loads this package.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_casavi.config import CasaviConfig
    from pytest_casavi.errors import CannotSteer, CasaviError, NothingThere, WaitTimeout
    from pytest_casavi.factory import MakeCasavi
    from pytest_casavi.handle.account import Casavi, Snapshot
    from pytest_casavi.handle.clock import Clock
    from pytest_casavi.handle.faults import Fault, FaultPlan
    from pytest_casavi.handle.job_queue import Queue
    from pytest_casavi.handle.jobs import Job, JobError, JobWarning
    from pytest_casavi.handle.records import Record
    from pytest_casavi.handle.requests import Exchange, Request
    from pytest_casavi.handle.violations import Violation
    from pytest_casavi.names import Operation, Rule
    from pytest_casavi.session import CasaviServer

__all__ = [
    "CannotSteer",
    "Casavi",
    "CasaviConfig",
    "CasaviError",
    "CasaviServer",
    "Clock",
    "Exchange",
    "Fault",
    "FaultPlan",
    "Job",
    "JobError",
    "JobWarning",
    "MakeCasavi",
    "NothingThere",
    "Operation",
    "Queue",
    "Record",
    "Request",
    "Rule",
    "Snapshot",
    "Violation",
    "WaitTimeout",
]

_HOMES = {
    "CannotSteer": "errors",
    "Casavi": "handle.account",
    "CasaviConfig": "config",
    "CasaviError": "errors",
    "CasaviServer": "session",
    "Clock": "handle.clock",
    "Exchange": "handle.requests",
    "Fault": "handle.faults",
    "FaultPlan": "handle.faults",
    "Job": "handle.jobs",
    "JobError": "handle.jobs",
    "JobWarning": "handle.jobs",
    "MakeCasavi": "factory",
    "NothingThere": "errors",
    "Operation": "names",
    "Queue": "handle.job_queue",
    "Record": "handle.records",
    "Request": "handle.requests",
    "Rule": "names",
    "Snapshot": "handle.account",
    "Violation": "handle.violations",
    "WaitTimeout": "errors",
}


def __getattr__(name: str) -> Any:
    """Imports what is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
