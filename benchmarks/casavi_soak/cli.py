"""The command line of the soak."""

import json
import sys
import tempfile
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table

from casavi_soak.load import Plan
from casavi_soak.process import SoakError
from casavi_soak.run import Findings, soak

TELL_EVERY = 10
PIPED_WIDTH = 140
_WORDS = {True: "[green]holds[/]", False: "[red]does not hold[/]", None: "[yellow]not judged[/]"}


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--seconds", type=click.FloatRange(1, 86_400), default=180.0, show_default=True, help="Length of the load."
)
@click.option("--connections", type=click.IntRange(9, 120), default=64, show_default=True, help="How many there are.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of all choices; times differ all the same.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="For logs, state and findings.  [default: a temporary one, kept if something does not hold]",
)
def main(seconds: float, connections: int, seed: int, folder: Path | None) -> None:
    """Set the mock under fire, and judge what is left of it. Exits with 1 if something does not hold."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
    if not Path("/proc/self/fd").is_dir():
        raise click.ClickException("Open files and memory of the server are read from /proc, which only Linux has.")
    where = folder or Path(tempfile.mkdtemp(prefix="casavi-soak-"))
    where.mkdir(parents=True, exist_ok=True)
    for left in where.glob("state.db*"):
        left.unlink()
    lines = 0

    def tell(line: str) -> None:
        nonlocal lines
        lines += 1
        if " of " not in line or lines % TELL_EVERY == 1:
            console.print(line, soft_wrap=True)

    try:
        findings = soak(Plan(connections=connections, seconds=seconds, seed=seed), where, tell)
    except SoakError as error:
        raise click.ClickException(f"{error}\nLogs are in {where}.") from None
    (where / "findings.json").write_text(json.dumps(_as_json(findings, seed), indent=2) + "\n")
    _show(console, findings)
    console.print(f"Repeat with: make soak ARGS='--seconds {seconds:g} --connections {connections} --seed {seed}'")
    console.print(f"Logs, state and findings are in {where}.")
    sys.exit(0 if findings.good else 1)


def _show(console: Console, findings: Findings) -> None:
    ledger = findings.ledger
    console.print("Done: " + ", ".join(f"{number:,} {name}" for name, number in ledger.done.most_common()))
    answers = (f"{number:,} × {status or 'none'}" for status, number in sorted(ledger.statuses.items()))
    console.print("Answers: " + ", ".join(answers))
    console.print(f"Connections, as the server counted them: {json.dumps(findings.health.get('connections'))}")
    table = Table(box=box.SIMPLE)
    for column in ("what", "verdict", "found"):
        table.add_column(column, overflow="fold")
    for verdict in findings.verdicts:
        table.add_row(verdict.what, _WORDS[verdict.good], verdict.found)
    console.print(table)
    for line in ledger.shown:
        console.print(f"  {line}", markup=False, soft_wrap=True)


def _as_json(findings: Findings, seed: int) -> dict[str, object]:
    ledger = findings.ledger
    return {
        "seed": seed,
        "good": findings.good,
        "verdicts": [{"what": each.what, "good": each.good, "found": each.found} for each in findings.verdicts],
        "statuses": ledger.statuses,
        "done": ledger.done,
        "surprises": ledger.shown,
        "residentMb": [[round(sample.seconds, 1), round(sample.resident_mb, 1)] for sample in findings.samples],
        "health": findings.health,
    }
