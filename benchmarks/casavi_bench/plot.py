"""docs/performance.svg, made from a report."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from casavi_bench.kinds import OURS
from casavi_bench.report import Report

OUR_COLOUR, OTHER_COLOUR, FLOOR_COLOUR = "#0969da", "#8c959f", "#d0d7de"
FLOORS = frozenset({"starlette"})
"""Drawn paler, as they do none of the work."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One part of the plot: a bar for each server."""

    title: str
    bars: Sequence[tuple[str, float]]
    """Name and value, smallest first."""


PANELS = (
    ("log in, µs of processor time", "log-in/16", "cpu_us"),
    ("look up a job, µs", "job/16", "cpu_us"),
    ("import 1 contact, µs", "import-1/16", "cpu_us"),
    ("import 10,000 contacts, answered, ms", "import-10000", "answered_ms"),
    ("slowest look-up meanwhile, ms", "import-10000", "look_up_slowest_ms"),
    ("start to the first 200, ms", "start", "wall_ms"),
)


def panels(report: Report) -> list[Panel]:
    """Returns what the plot shows: medians, smallest first; panels without values are left out."""
    made = []
    for title, operation, metric in PANELS:
        found = {one.name: report.found.summary(one.name, operation, metric) for one in report.participants}
        bars = sorted(((name, value.median) for name, value in found.items() if value), key=lambda bar: bar[1])
        if bars:
            made.append(Panel(title, bars))
    return made


def digest(report: Report) -> str:
    """Returns a mark of what the plot shows, which stands in the file: a plot of other values has another."""
    return hashlib.sha256(repr(panels(report)).encode()).hexdigest()[:16]


def svg(report: Report) -> str:
    """Returns the plot."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    sink = io.StringIO()
    settings = {"svg.hashsalt": "casavi-mock", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9}
    with mpl.rc_context(settings):
        figure = drawn(report)
        what = {"Date": None, "Creator": None, "Title": "casavi-mock beside its peers", "Description": digest(report)}
        figure.savefig(sink, format="svg", metadata=what, facecolor="white")
        plt.close(figure)
    return "\n".join(line.rstrip() for line in sink.getvalue().splitlines()) + "\n"


def drawn(report: Report) -> Any:
    """Returns the plot as a figure of matplotlib."""
    from matplotlib import pyplot as plt

    shown = panels(report)
    figure, places = plt.subplots(2, 3, figsize=(11, 5.2), layout="constrained")
    for place, panel in zip(places.flat, shown, strict=False):
        _draw(place, panel)
    for place in list(places.flat)[len(shown) :]:
        place.set_visible(False)
    figure.supxlabel(f"shorter is better · {report.date} · {report.machine['cpu']}", fontsize=8, color="#57606a")
    return figure


def _draw(place: Any, panel: Panel) -> None:
    names, values = [name for name, _ in panel.bars], [value for _, value in panel.bars]
    drawn = place.barh(names, values, color=[_colour(name) for name in names], height=0.7)
    place.bar_label(drawn, labels=[f"{value:,.0f}" for value in values], padding=3, fontsize=8)
    place.set_title(panel.title, loc="left", fontsize=9, fontweight="bold")
    place.invert_yaxis()
    place.margins(x=0.18)
    place.xaxis.set_visible(False)
    place.spines[["top", "right", "bottom"]].set_visible(False)
    place.tick_params(left=False)
    for label in place.get_yticklabels():
        label.set_fontweight("bold" if label.get_text() == OURS else "normal")


def _colour(name: str) -> str:
    if name == OURS:
        return OUR_COLOUR
    return FLOOR_COLOUR if name in FLOORS else OTHER_COLOUR
