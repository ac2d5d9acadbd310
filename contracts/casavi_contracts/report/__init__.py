"""What came of a run, gathered while it goes on and told at its end."""

from casavi_contracts.report.results import Promise, Results, Row

__all__ = ["Promise", "Results", "Row"]
