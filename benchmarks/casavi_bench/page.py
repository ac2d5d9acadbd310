"""docs/reference/performance.md and its picture, made from the results of a run and from nothing else."""

import hashlib
import io
from collections.abc import Iterator, Sequence
from typing import Any

from casavi_bench import kinds
from casavi_bench.kinds import OURS
from casavi_bench.measure import BULK, CHECK, END_TO_END, FIXTURE, IDLE, MEANWHILE, START
from casavi_bench.operations import SMALL
from casavi_bench.results import Results

NOISE = 1.3
"""A ratio below it is no difference: the same server, measured as if it were two, gives as much."""

LOG_IN, LOOK_UP, IMPORT = (operation.title for operation in SMALL)
RATIOS = (
    (LOG_IN, "connexion", 0.55), (LOOK_UP, "connexion", 0.55), (IMPORT, "connexion", 0.55),
    (LOG_IN, "prism", 0.6), (LOOK_UP, "prism", 0.6), (IMPORT, "prism", 0.85),
    (LOG_IN, "scalar", 1.3), (LOOK_UP, "scalar", 1.3), (IMPORT, "scalar", 1.3),
    (LOG_IN, "starlette", 4), (LOOK_UP, "starlette", 4), (IMPORT, "starlette", 5),
    (START, "connexion-mock", 1.1),
)  # fmt: skip
"""Targets: figure, whom it is compared with, and the greatest ratio."""
AMOUNTS = ((IDLE, 75e6), (MEANWHILE, 0.05), (FIXTURE, 0.0004), (CHECK, 10.0))
"""Targets: figure of our server, and the greatest value, in bytes or seconds."""

COLUMNS = (START, IDLE, END_TO_END, BULK, MEANWHILE, LOG_IN, LOOK_UP, IMPORT)
PANELS = (LOG_IN, LOOK_UP, IMPORT, END_TO_END, BULK, START)

HOW = f"""\
- All figures are of one machine, over the loopback interface, with the load on the same processors. Read ratios, taken
  round by round within this run: median, and in brackets the lowest and the highest. A ratio below {NOISE:g} is no difference.
- Each server is started again for *start* and *idle memory*. For the rest all run side by side and take their turns in an
  order that is drawn for each figure. Servers on Node and Java compile what runs often: each gets up to 40,000 requests of
  each kind before its first value, and every server 1,000 before each value.
- *log in*, *look up a job* and *import 1 contact* are processor time of a request at 16 connections. *End to end* is the time from
  sending an import until its job was seen to have ended; a peer's job has ended from the beginning.
- The mock is measured as a user starts it, with `--progress immediate`, so that work is measured and not waiting.
- Not measured: a network, TLS, a container, other systems, several processes, peers after hours."""


def names(results: Results) -> list[str]:
    """Returns the servers that took part, ours first."""
    return [name for name in (OURS, *kinds.NAMES) if name in results.titles]


def page(results: Results) -> str:
    """Returns the page."""
    return "\n".join(_parts(results)).rstrip() + "\n"


def _parts(results: Results) -> Iterator[str]:
    about = results.about
    yield "# Performance\n"
    yield "<!-- Made by `make bench ARGS=--publish` from benchmarks/results.json. Do not edit. -->\n"
    yield (
        f"Measured on {about['date']}, commit `{about['revision']}`, {about['rounds']} rounds in {about['minutes']} minutes on "
        f"{about['cpu_model_name']}, {about['cpu_count']} processors, Python {about['python_version']}; load average "
        f"{about['load_before']} before, {about['load_after']} after.\n"
    )
    yield "![Processor time, imports and start, beside other servers](../performance.svg)\n"
    yield "## Figures\n"
    yield from _figures(results)
    yield f"\nA test with the fixture `casavi` takes {shown(results, OURS, FIXTURE)} more than an empty one; `casavi-mock check"
    yield f"--quick` takes {shown(results, OURS, CHECK)} of processor time.\n"
    yield "## Targets\n"
    yield from _targets(results)
    yield "\n## What each one does\n"
    lacks = {kinds.OURS: kinds.ours().lacks} | {peer.name: peer.lacks for peer in kinds.ALL}
    yield from (f"- **{results.titles[name]}** lacks {lacks[name]}." if name == OURS else
                f"- **{results.titles[name]}**: {lacks[name]}." for name in names(results))  # fmt: skip
    yield from (f"- **{name}** was left out: {why}." for name, why in results.missing.items())
    yield "\n## How it is measured\n"
    yield HOW


def _figures(results: Results) -> Iterator[str]:
    yield "| | " + " | ".join(COLUMNS) + " |"
    yield "|---|" + "---:|" * len(COLUMNS)
    for name in names(results):
        yield f"| {results.titles[name]} | " + " | ".join(shown(results, name, figure) for figure in COLUMNS) + " |"


def _targets(results: Results) -> Iterator[str]:
    yield "| what | target | measured | |"
    yield "|---|---|---|---|"
    for figure, other, most in RATIOS:
        title = results.titles.get(other, other)
        found = results.ratio(OURS, figure, other)
        told = "{:.2f} × ({:.2f}–{:.2f})".format(*found) if found else "not measured"
        yield f"| {figure} | ≤ {most:g} × {title} | {told} | {_verdict(found[0] if found else None, most)} |"
    for figure, limit in AMOUNTS:
        value = results.median(OURS, figure)
        yield f"| {figure} | ≤ {quantity(limit, figure)} | {shown(results, OURS, figure)} | {_verdict(value, limit)} |"


def _verdict(value: float | None, most: float) -> str:
    if value is None:
        return "unknown"
    close = ", close" if most / NOISE < value < most * NOISE else ""
    return f"{'met' if value <= most else 'not met'}{close}"


def shown(results: Results, server: str, figure: str) -> str:
    """Returns the median of a figure for a person; a dash if it was not measured."""
    value = results.median(server, figure)
    return "–" if value is None else quantity(value, figure)


def quantity(value: float, figure: str) -> str:
    """Returns a value of a figure with its unit."""
    if figure == IDLE:
        return f"{value / 1e6:,.0f} MB"
    for unit, seconds in (("s", 1.0), ("ms", 1e-3)):
        if value >= seconds:
            return f"{value / seconds:.3g} {unit}"
    return f"{value / 1e-6:,.0f} µs"


def panels(results: Results) -> list[tuple[str, list[tuple[str, float]]]]:
    """Returns what the picture shows: a title and a bar for each server, smallest first."""
    made = []
    for figure in PANELS:
        found = [(name, results.median(name, figure)) for name in names(results)]
        bars = sorted(((name, value) for name, value in found if value is not None), key=lambda bar: bar[1])
        if bars:
            made.append((figure, bars))
    return made


def digest(results: Results) -> str:
    """Returns a mark of what the picture shows, which stands in the file: a picture of other values has another."""
    return hashlib.sha256(repr(panels(results)).encode()).hexdigest()[:16]


def svg(results: Results) -> str:
    """Returns the picture."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    sink = io.StringIO()
    settings = {"svg.hashsalt": "casavi-mock", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9}
    with mpl.rc_context(settings):
        figure, places = plt.subplots(2, 3, figsize=(11, 5.2), layout="constrained")
        for place, (title, bars) in zip(places.flat, panels(results), strict=False):
            _draw(place, title, bars)
        figure.supxlabel("shorter is better", fontsize=8, color="#57606a")
        what = {"Date": None, "Creator": None, "Title": "casavi-mock beside its peers", "Description": digest(results)}
        figure.savefig(sink, format="svg", metadata=what, facecolor="white")
        plt.close(figure)
    return "\n".join(line.rstrip() for line in sink.getvalue().splitlines()) + "\n"


def _draw(place: Any, title: str, bars: Sequence[tuple[str, float]]) -> None:
    names, values = [name for name, _ in bars], [value for _, value in bars]
    colours = [{OURS: "#0969da", "starlette": "#d0d7de"}.get(name, "#8c959f") for name in names]
    drawn = place.barh(names, values, color=colours, height=0.7)
    place.bar_label(drawn, labels=[quantity(value, title) for value in values], padding=3, fontsize=8)
    place.set_title(title, loc="left", fontsize=9, fontweight="bold")
    place.invert_yaxis()
    place.margins(x=0.25)
    place.xaxis.set_visible(False)
    place.spines[["top", "right", "bottom"]].set_visible(False)
    place.tick_params(left=False)
