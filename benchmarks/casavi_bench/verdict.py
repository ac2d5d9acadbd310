"""Judges measured values by a bar: met, not met, or not measured. Nothing here knows what was measured."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from casavi_bench.measurement import Measurements, Summary

NOISE = 1.3
"""Two values of this machine whose ratio is smaller are no different; the same server measured twice gives that."""

NOT_MEASURED = "not measured"

Key = tuple[str, str, str]
"""Server, operation and metric."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about a bar."""

    measured: str
    met: bool | None
    """None if it was not measured."""
    close: bool = False
    """Whether the value is so near to the bar that another run may find otherwise."""

    @property
    def verdict(self) -> str:
        """The finding in a word or two."""
        if self.met is None:
            return NOT_MEASURED
        return ("met" if self.met else "not met") + (", close" if self.close else "")


Judge = Callable[[Measurements], Finding]

UNKNOWN = Finding("", None)


def ratio_at_most(limit: float, over: Key, under: Key) -> Judge:
    """Judges that one value is at most so many times another of the same round, by the median of the rounds."""
    return lambda found: _judged(found.ratio(over, under), limit, " ×", at_most=True)


def ratio_at_least(limit: float, over: Key, under: Key) -> Judge:
    """Judges that one value is at least so many times another of the same round, by the median of the rounds."""
    return lambda found: _judged(found.ratio(over, under), limit, " ×", at_most=False)


def value_at_most(limit: float, unit: str, key: Key) -> Judge:
    """Judges that a value is at most so much, by the median of the rounds."""
    return lambda found: _judged(found.summary(*key), limit, f" {unit}", at_most=True)


def every(parts: Mapping[str, Judge]) -> Judge:
    """Judges that several bars are all met; of those that could not be measured nothing is said."""

    def judge(found: Measurements) -> Finding:
        findings = {name: part(found) for name, part in parts.items()}
        known = {name: finding for name, finding in findings.items() if finding.met is not None}
        if not known:
            return UNKNOWN
        unmet = [finding for finding in known.values() if not finding.met]
        measured = "; ".join(f"{name} {finding.measured}" for name, finding in known.items())
        if unmet:
            return Finding(measured, met=False, close=all(finding.close for finding in unmet))
        if len(known) < len(findings):
            return Finding(f"{measured}; the rest {NOT_MEASURED}", met=None)
        return Finding(measured, met=True, close=any(finding.close for finding in known.values()))

    return judge


def first_known(*judges: Judge) -> Judge:
    """Judges by the first of several ways for which there are values."""

    def judge(found: Measurements) -> Finding:
        findings = (one(found) for one in judges)
        return next((finding for finding in findings if finding.met is not None), UNKNOWN)

    return judge


def _judged(value: Summary | None, limit: float, unit: str, *, at_most: bool) -> Finding:
    if value is None:
        return UNKNOWN
    met = value.median <= limit if at_most else value.median >= limit
    middle = value.median
    close = limit > 0 and middle > 0 and max(middle / limit, limit / middle) < NOISE
    return Finding(_shown(value, unit), met, close)


def _shown(value: Summary, unit: str) -> str:
    text = f"{short(value.median)}{unit}"
    return text if value.count == 1 else f"{text} ({short(value.low)}–{short(value.high)})"


def short(value: float) -> str:
    """Returns a number with the digits that mean something here."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
