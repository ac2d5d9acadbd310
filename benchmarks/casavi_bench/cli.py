"""The command line of the bench."""

import signal
import sys
from pathlib import Path
from types import FrameType

import click

from casavi_bench import kinds, results
from casavi_bench.measure import ROOT, run
from casavi_bench.page import page, svg
from casavi_bench.server import ServerError

CACHE = ROOT / ".bench_cache"
RESULTS = ROOT / "benchmarks" / "results.json"
PAGE = ROOT / "docs" / "reference" / "performance.md"
PICTURE = ROOT / "docs" / "performance.svg"
ROUNDS = 3


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rounds", type=click.IntRange(1, 50), default=ROUNDS, show_default=True, help="Values of each figure.")
@click.option("--peer", "peers", type=click.Choice(kinds.NAMES), multiple=True, help="Only beside these; repeatable.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the order in which servers take their turns.")
@click.option("--publish", is_flag=True, help="Write benchmarks/results.json, the page and its picture.")
@click.option(
    "--from", "file", type=click.Path(path_type=Path, dir_okay=False), help="Show these results; measure nothing."
)
def main(rounds: int, peers: tuple[str, ...], seed: int, publish: bool, file: Path | None) -> None:
    """Measure the mock beside its peers, and show what was found.

    The results are a file of pyperf: `pyperf compare_to OLD NEW` compares two of them.
    """
    signal.signal(signal.SIGTERM, _end)
    try:
        found = results.load(file) if file else run(rounds, seed, peers or kinds.NAMES, CACHE, _tell)
    except (ServerError, results.ResultsError) as error:
        raise click.ClickException(str(error)) from None
    if not file:
        CACHE.mkdir(exist_ok=True)
        found.save(CACHE / "bench.json")
    if publish:
        found.save(RESULTS)
        PAGE.write_text(page(found), encoding="utf-8")
        PICTURE.write_text(svg(found), encoding="utf-8")
    click.echo(page(found))


def _tell(text: str) -> None:
    click.echo(text, err=True)


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)  # so that the servers are ended on the way out
