"""What a run says about assumptions, written as a profile."""

from dataclasses import dataclass
from datetime import datetime

from casavi_contracts.failures import CouldNotRun
from casavi_contracts.observe import live
from casavi_contracts.observe.live import LiveCalls
from casavi_contracts.observe.output import UnwritableError
from casavi_contracts.outcome import Outcome
from casavi_contracts.report import Report, Row
from casavi_contracts.suite.settings import Settings


@dataclass(frozen=True, slots=True)
class _Judged:
    """One row of the report, as evidence."""

    row: Row

    @property
    def name(self) -> str:
        return self.row.promise.name

    @property
    def assumption(self) -> str | None:
        return self.row.promise.assumption

    @property
    def passed(self) -> bool:
        return self.row.outcome is Outcome.PASSED

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(finding.profile for finding in self.row.findings if finding.profile)


def calibrate(calls: LiveCalls, report: Report, settings: Settings) -> str:
    """Writes what a run says into the folder of the settings, and returns a sentence about it.

    Raises:
        CouldNotRun: It cannot be written.
    """
    assert settings.calibrate is not None, "asked before"
    started = datetime.fromisoformat(report.started_at)
    profile = {"assumptions": settings.profile, "overlay": settings.overlay, "evidence": settings.evidence}
    found = live.calibration_of(calls, map(_Judged, report.results), profile, started)
    try:
        return f"calibrate: {live.write(found, settings.calibrate)}"
    except UnwritableError as error:
        raise CouldNotRun(str(error)) from error
