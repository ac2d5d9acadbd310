"""The command line of the bench."""

import contextlib
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table as RichTable

from casavi_bench import report as reports
from casavi_bench.kinds import PEER_NAMES
from casavi_bench.page import page
from casavi_bench.report import Report, ReportError
from casavi_bench.run import Options
from casavi_bench.server import ServerError
from casavi_bench.session import DEFAULT_PARTS, PARTS, ROOT, measured
from casavi_bench.tables import Table, bar_table, tables

CACHE = ROOT / ".bench_cache"
RESULTS = ROOT / "benchmarks" / "results.json"
PAGE = ROOT / "docs" / "performance.md"
PLOT = ROOT / "docs" / "performance.svg"
PUBLISHED_ROUNDS = 5
QUICK = {"rounds": 2, "seconds": 0.3, "growth_imports": 40_000, "bulk_repeats": 1}

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 120}
PIPED_WIDTH = 160
console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)


class Names(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions of click
    """Some of the names that there are, with commas between them."""

    name = "NAME,…"

    def __init__(self, known: tuple[str, ...]) -> None:
        self._known = known

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Returns the names."""
        if isinstance(value, tuple):
            return value
        names = tuple(name.strip() for name in str(value).split(",") if name.strip())
        unknown = [name for name in names if name not in self._known]
        if unknown:
            self.fail(f"there is no {', '.join(unknown)}; there are: {', '.join(self._known)}", param, ctx)
        return names


@click.group(context_settings=CONTEXT)
def main() -> None:
    """Measure the mock beside its peers, and show what was found."""


@main.command()
@click.option("--rounds", type=click.IntRange(1, 50), help="Rounds; medians are taken over them.  [default: 5]")
@click.option("--quick", is_flag=True, help="Two short rounds: a look, not a measurement.")
@click.option(
    "--only", type=Names(PARTS), default=DEFAULT_PARTS, help=f"Parts: {', '.join(PARTS)}.  [default: all but million]"
)
@click.option(
    "--peers", type=Names(PEER_NAMES), default=PEER_NAMES, help=f"Peers: {', '.join(PEER_NAMES)}.  [default: all]"
)
@click.option("--million", is_flag=True, help="A million contacts too; takes some minutes.")
@click.option(
    "--json",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=CACHE / "bench.json",
    help="Where the results go.  [default: .bench_cache/bench.json]",
)
@click.option("--seed", type=int, default=1, help="Of the order in which servers take their turns.  [default: 1]")
@click.option("--publish", is_flag=True, help="Put results, page and plot into the repository.")
def run(
    rounds: int | None,
    quick: bool,
    only: tuple[str, ...],
    peers: tuple[str, ...],
    million: bool,
    file: Path,
    seed: int,
    publish: bool,
) -> None:
    """Measure, print tables, and write a JSON file, a page and a plot."""
    given: dict[str, Any] = {"seed": seed} | (QUICK if quick else {}) | ({"rounds": rounds} if rounds else {})
    options = Options(**given)
    parts = {*only, *(["million"] if million else [])}
    if publish:
        _check_publishable(quick, options, parts, peers)
    _measured(options, parts, peers).save(file)
    found = _read(file)  # rounded as it is written, so that whoever makes page or plot of the file gets the same
    _print(found)
    _write(found, file.with_suffix(".md"), file.with_suffix(".svg"))
    console.print(f"Results are in {file}, page and plot beside it.")
    if publish:
        found.save(RESULTS)
        _write(found, PAGE, PLOT)
        console.print(f"Published: {', '.join(str(path.relative_to(ROOT)) for path in (RESULTS, PAGE, PLOT))}")


@main.command()
@click.argument("file", type=click.Path(path_type=Path), default=RESULTS)
def show(file: Path) -> None:
    """Print the tables of a JSON FILE; of the published results if none is given."""
    _print(_read(file))


@main.command("page")
@click.argument("file", type=click.Path(path_type=Path), default=RESULTS)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=PAGE,
    help="[default: docs/performance.md]",
)
def write_page(file: Path, output: Path) -> None:
    """Make the page from a JSON FILE; from the published results if none is given."""
    output.write_text(page(_read(file)))


@main.command("plot")
@click.argument("file", type=click.Path(path_type=Path), default=RESULTS)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=PLOT,
    help="[default: docs/performance.svg]",
)
def write_plot(file: Path, output: Path) -> None:
    """Make the plot from a JSON FILE; from the published results if none is given."""
    _plot(_read(file), output)


def _measured(options: Options, parts: set[str], peers: tuple[str, ...]) -> Report:
    with (
        tempfile.TemporaryDirectory(prefix="casavi-bench-") as folder,
        console.status("") as status,
        _ended_by_signals(),
    ):
        try:
            return measured(options, parts, peers, CACHE, Path(folder), status.update)
        except ServerError as error:
            logs = _kept_logs(Path(folder))
            raise click.ClickException(f"{error}\nWhat the servers wrote is in {logs}.") from None


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Lets SIGTERM and SIGHUP end the block like Ctrl-C does, so that servers are ended too."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGINT)

    wanted = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: interrupt, signal.SIGHUP: interrupt}
    before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _check_publishable(quick: bool, options: Options, parts: set[str], peers: tuple[str, ...]) -> None:
    if quick or options.rounds < PUBLISHED_ROUNDS or not {*DEFAULT_PARTS} <= parts or {*peers} != {*PEER_NAMES}:
        raise click.UsageError(
            f"only a whole run of at least {PUBLISHED_ROUNDS} rounds, with all parts and peers, is published"
        )


def _read(file: Path) -> Report:
    try:
        return reports.load(file)
    except ReportError as error:
        raise click.ClickException(str(error)) from None


def _write(report: Report, page_file: Path, plot_file: Path) -> None:
    page_file.write_text(page(report))
    _plot(report, plot_file)


def _plot(report: Report, output: Path) -> None:
    from casavi_bench.plot import svg

    output.write_text(svg(report))


def _print(report: Report) -> None:
    for table in [*tables(report), bar_table(report, unmeasured=False)]:
        console.print(_rich(table))
        console.print()
    for name, reason in report.missing.items():
        console.print(f"{report.title(name)} was not measured, or not wholly: {reason}", markup=False)


def _rich(table: Table) -> RichTable:
    made = RichTable(
        title=table.title, caption=table.note or None, box=box.SIMPLE_HEAD, title_justify="left", caption_justify="left"
    )
    for number, column in enumerate(table.columns):
        made.add_column(column, justify="left" if number == 0 or table.prose else "right", overflow="fold")
    for row in table.rows:
        made.add_row(*row)
    return made


def _kept_logs(folder: Path) -> Path:
    kept = CACHE / "logs"
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(folder, kept)
    return kept
