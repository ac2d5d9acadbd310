"""Verbs about what was asked, and how well."""

import sys
from typing import Any

import click

from casavi_mock.cli.control.client import Control, connected, print_table, shown, write
from casavi_mock.cli.options import CONTEXT, Number

_NUMBERS = 10
"""Requests that a violation names at most."""

_COLOURS = {"error": "red", "warning": "yellow"}


@click.command(context_settings=CONTEXT)
@click.option("--operation", help="An operationId, such as importMasterData.")
@click.option("--status", type=int, help="Status of the answer.")
@click.option("--job", help="Id of a job: its import, and the looks at it.")
@click.option("--rule", help="The rule by which requests were refused.")
@click.option("--since", help="A moment, or the number of an exchange.")
@click.option("--limit", type=int, help="The latest so many.")
@click.option("--har", metavar="FILE", type=click.Path(dir_okay=False, allow_dash=True), help="Write a HAR file.")
@click.option("--clear", is_flag=True, help="Empty the journal afterwards.")
@connected
def requests(mock: Control, har: str | None, clear: bool, **filters: Any) -> None:
    """Show what was asked and answered.

    \b
    Examples:
      casavi-mock control requests --operation importMasterData
      casavi-mock control requests --status 401 --json
      casavi-mock control requests --har journal.har
    """
    if har:
        write(har, mock.send("GET", "requests", query={**filters, "format": "har"}).content)
    else:
        mock.show(mock.ask("requests", query=filters), _print_requests)
    if clear:
        mock.ask("requests", method="DELETE")


def _print_requests(answer: Any) -> None:
    columns = ("number", "at", "status", "method", "path", "rule", "injected")
    print_table(columns, [[line.get(name) for name in columns] for line in answer["requests"]], empty="no requests")
    if answer["dropped"]:
        click.echo(f"{answer['dropped']} older ones were dropped")


@click.command(context_settings=CONTEXT)
@click.option("--poll-seconds", type=Number(0), help="Looks at a job may follow each other so fast.")
@click.option("--allow", metavar="RULE", multiple=True, help="A rule that is not judged; several times for several.")
@click.option("--junit", metavar="FILE", type=click.Path(dir_okay=False, allow_dash=True), help="Write JUnit XML.")
@click.option("--sarif", metavar="FILE", type=click.Path(dir_okay=False, allow_dash=True), help="Write SARIF.")
@connected
def violations(
    mock: Control, poll_seconds: float | None, allow: tuple[str, ...], junit: str | None, sarif: str | None
) -> None:
    """Show what the client under test did wrong. Exit code 1 if there is an error or a warning.

    \b
    Examples:
      casavi-mock control violations
      casavi-mock control violations --allow polls-too-fast --junit violations.xml --sarif violations.sarif
    """
    query = {"poll-seconds": poll_seconds, "allow": ",".join(allow) or None}
    for form, file in (("junit", junit), ("sarif", sarif)):
        if file:
            write(file, mock.send("GET", "violations", query={**query, "format": form}).content)
    answer = mock.ask("violations", query=query)
    if "-" not in (junit, sarif):
        mock.show(answer, _print_violations)
    sys.exit(1 if any(line["severity"] in ("error", "warning") for line in answer["violations"]) else 0)


def _print_violations(answer: Any) -> None:
    """Prints a paragraph for each; sentences in the columns of a table are hard to read."""
    for line in answer["violations"]:
        numbers = ", ".join(map(str, line["exchanges"][:_NUMBERS]))
        more = ", …" if len(line["exchanges"]) > _NUMBERS else ""
        click.secho(line["severity"], fg=_COLOURS.get(line["severity"]), nl=False)
        click.echo(f"  {line['rule']}  (request {numbers}{more})")
        click.echo(click.wrap_text(shown(f"{line['detail']} {line['advice']}"), 100, "  ", "  "))
    if not answer["violations"]:
        click.echo("no violations")


COMMANDS = (requests, violations)
