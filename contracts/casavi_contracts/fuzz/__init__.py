"""Fuzzes a target by the contract documents, with schemathesis.

schemathesis itself is imported when a run begins; importing this package costs nothing.
"""

from casavi_contracts.fuzz.findings import FuzzFinding
from casavi_contracts.fuzz.run import fuzz, replay
from casavi_contracts.fuzz.settings import CONFIG, NAME, PHASES

__all__ = ["CONFIG", "NAME", "PHASES", "FuzzFinding", "fuzz", "replay"]
