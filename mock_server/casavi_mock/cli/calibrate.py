"""`casavi-mock calibrate`: what a user has of the vendor, against what is guessed here. It sends nothing."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import orjson
from rich.table import Table
from rich.text import Text

from casavi_contracts import spec
from casavi_contracts.observe import calibration as reading
from casavi_contracts.observe import output
from casavi_contracts.observe.calibration import Calibration
from casavi_contracts.observe.files import UnreadableError
from casavi_contracts.observe.sights import CONFIRMED, CONTRADICTORY, DOCUMENT, NARROWED, REFUTED, UNSEEN, Finding
from casavi_mock.cli.options import CONTEXT
from casavi_mock.cli.profiles import profile_option
from casavi_mock.cli.tables import console
from casavi_mock.cli.text import shown
from casavi_mock.errors import ConfigurationError

_WIDTH = 80
_SHOWN = 20
"""Things that the mock does not have and that are listed; of more only the number is told."""

_ORDER = (REFUTED, NARROWED, CONTRADICTORY, CONFIRMED)


@click.command("calibrate", context_settings=CONTEXT)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@profile_option
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the report as JSON.")
@click.option(
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for profile.toml, overlay.yaml and evidence.json.",
)
@click.option("--force", is_flag=True, help="Overwrite files there that this command did not write.")
def calibrate(
    files: Sequence[Path], profile: Mapping[str, Any] | None, json_file: Path | None, folder: Path | None, force: bool
) -> None:
    """Read what you have of casavi, and say which guesses are right. Nothing is sent, nothing is fetched.

    FILE is casavi's OpenAPI document (2.0, 3.0 or 3.1, as JSON or YAML) or recorded traffic (HAR); give several
    at once if you have them. Exit code 0: nothing new; 1: a guess is refuted; 2: unreadable, or nothing comparable.

    \b
    Examples:
      casavi-mock calibrate casavi-openapi.json
      casavi-mock calibrate traffic.har casavi-openapi.json --output casavi
      casavi-mock serve --profile casavi/profile.toml
    """
    try:
        given = profile or {}
        found = reading.calibrate(files, given.get("assumptions", {}), given.get("overlay"), given.get("evidence"))
        if folder is not None:
            output.write_folder(found, folder, force=force)
        if json_file is not None:
            output.write_report(found, json_file)
    except (UnreadableError, reading.IncomparableError, output.UnwritableError, spec.ProfileError) as error:
        raise ConfigurationError(shown(str(error))) from error
    show(found)
    if folder is not None:
        click.echo(f"\nStart a mock that behaves so: casavi-mock serve --profile {shown(str(folder / output.PROFILE))}")
    sys.exit(1 if found.refuted else 0)


def show(found: Calibration) -> None:
    """Prints what was found, in 80 columns."""
    out = console()
    if not out.is_terminal:
        out.width = _WIDTH
    table = Table(pad_edge=False, box=None, width=min(out.width, 110))
    table.add_column("guess", no_wrap=True)
    for heading, ratio in (("ours", 14), ("theirs", 18), ("evidence", 19)):
        table.add_column(heading, ratio=ratio, overflow="fold")
    only = found.sources[0] if len(found.sources) == 1 else None
    for verdict in _ORDER:
        for finding in found.by_verdict(verdict):
            table.add_row(finding.name, _value(finding.ours), _theirs(finding, found), _evidence(finding, only))
    out.print(table)
    counts = [f"{len(found.by_verdict(verdict))} {verdict}" for verdict in (*_ORDER, UNSEEN)]
    out.print(f"\n{len(found.findings)} guesses: {', '.join(counts)}.", soft_wrap=False)
    _list(out.print, "Contradictions:", [f"{f.name}: {', '.join(f.against)}" for f in found.findings if f.against])
    _list(
        out.print,
        "What the mock does not have:",
        [f"{extra.kind} {extra.name}{f' of {extra.place}' if extra.place else ''}" for extra in found.extras],
    )
    _list(out.print, "Notes:", found.notes)


def _list(echo: Any, heading: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    echo(f"\n{heading}")
    for line in lines[:_SHOWN]:
        echo(Text(f"  {shown(line)}", overflow="fold"))
    if len(lines) > _SHOWN:
        echo(f"  and {len(lines) - _SHOWN} more; --json FILE has all")


def _value(value: Any) -> Text:
    if isinstance(value, list):
        return Text(_texts(value))
    return Text(shown(value if isinstance(value, str) else orjson.dumps(value).decode()))


def _theirs(finding: Finding, found: Calibration) -> Text:
    if finding.verdict == CONFIRMED:
        return Text("the same")
    if finding.verdict == CONTRADICTORY:
        return Text("contradictory", style="bold")
    if finding.verdict == NARROWED:
        return Text("one of " + _texts(finding.candidates), style="bold")
    by = "" if finding.expressible else " (overlay)" if found.followed(finding) else " (told, not followed)"
    return Text(_value(finding.theirs).plain + by, style="bold")


def _texts(values: Iterable[Any]) -> str:
    return ", ".join(_value(value).plain for value in values)


def _evidence(finding: Finding, only: str | None) -> Text:
    if finding.kind == DOCUMENT:
        more = f" and {finding.count - 1} more" if finding.count > 1 else ""
        return Text("the document" if finding.verdict == CONFIRMED else shown(f"{finding.places[0]}{more}"))
    days = sorted({at.date().isoformat() for at in (finding.first, finding.last) if at is not None})
    odd = f", {len(finding.against)} against" if finding.against and finding.verdict != CONTRADICTORY else ""
    when = f", {' to '.join(days)}" if days else ""
    where = "" if finding.verdict == CONFIRMED else f"; {finding.places[0].removesuffix(f' of {only}')}"
    return Text(shown(f"{finding.count} seen{odd}{when}{where}"))
