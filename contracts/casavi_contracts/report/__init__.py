"""What came of a run, gathered while it goes on and told at its end."""

from casavi_contracts.report import files, progress, replay, terminal
from casavi_contracts.report.report import Report
from casavi_contracts.report.results import KEPT, Promise, Results, Row
from casavi_contracts.report.timings import Timings

__all__ = ["KEPT", "Promise", "Report", "Results", "Row", "Timings", "files", "progress", "replay", "terminal"]
