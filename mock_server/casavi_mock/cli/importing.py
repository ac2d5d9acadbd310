"""`casavi-mock import`: sends a file and follows its job to the end."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from casavi_contracts import spec
from casavi_mock.cli.client import ApiError, Client, Routes
from casavi_mock.cli.options import CONTEXT, Number, credentials, local_url, url_option
from casavi_mock.cli.profiles import connection_options
from casavi_mock.errors import ConfigurationError

POLL_SECONDS = 1.0
"""Between two looks at a job; a real API would not like it faster."""

_SHOWN = 20
"""Refused records and warnings that are listed at most."""


@click.command("import", context_settings=CONTEXT)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@url_option
@connection_options
@click.option("--wait/--no-wait", default=True, show_default=True, help="Follow the job to its end.")
@click.option("--timeout", type=Number(0), default=600, show_default=True, help="Seconds to follow the job.")
@click.option("--json", "as_json", is_flag=True, help="Print the job as JSON to standard output.")
def import_(
    file: str,
    profile: Mapping[str, Any] | None,
    url: str | None,
    host: str,
    port: int,
    key: str | None,
    secret: str | None,
    wait: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Import a FILE (- for standard input) over HTTP, and print what became of it.

    Exit code 0: everything was imported; 1: records were refused; 2: it could not be done.

    \b
    Examples:
      casavi-mock import portfolio.json
      casavi-mock data show small-house | casavi-mock import -
      casavi-mock import portfolio.json --url https://api.example.com --key … --secret … --timeout 3600
    """
    body = sys.stdin.buffer.read() if file == "-" else Path(file)
    name, hidden = credentials(key, secret)
    console = Console(stderr=True, highlight=False)
    try:
        with Client(url or local_url(host, port), name, hidden, _routes(profile or {})) as client:
            client.log_in()
            job_id = _send(client, body, console)
            if not wait:
                click.echo(orjson.dumps({"jobId": job_id}).decode() if as_json else job_id)
                return
            job = _follow(client, job_id, timeout, console)
    except ApiError as error:
        raise ConfigurationError(str(error)) from error
    if as_json:
        click.echo(orjson.dumps(job, option=orjson.OPT_INDENT_2).decode())
    else:
        _print(job, Console(highlight=False))
    sys.exit(1 if job.get("errors") else 0)


def _routes(profile: Mapping[str, Any]) -> Routes:
    document = spec.load_document()
    try:
        values = spec.resolve_profile(spec.assumptions(document), profile.get("assumptions", {}))
    except spec.ProfileError as error:
        raise ConfigurationError(str(error)) from error
    states = spec.job_states(document, values["job-status-names"]).values()
    return Routes(
        import_path=values["import-path"],
        job_id_field=values["job-id-field"],
        final_states=frozenset(state.name for state in states if state.final),
    )


def _send(client: Client, body: Path | bytes, console: Console) -> str:
    size = len(body) if isinstance(body, bytes) else body.stat().st_size
    columns = (TextColumn("sending  "), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=size)
        return client.send_import(body, lambda sent: bar.update(task, completed=sent))


def _follow(client: Client, job_id: str, timeout: float, console: Console) -> dict[str, Any]:
    deadline = time.monotonic() + timeout
    columns = (TextColumn("{task.description:9}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("waiting", total=None)
        while True:
            job = client.job(job_id)
            progress = job.get("progress") or {}
            bar.update(
                task,
                description=str(job.get("status")),
                completed=progress.get("processed", 0),
                total=progress.get("total"),
            )
            if client.ended(job):
                return job
            if time.monotonic() >= deadline:
                raise ApiError(f"job {job_id} is still {job.get('status')!r} after {timeout:g} seconds")
            time.sleep(POLL_SECONDS)


def _print(job: Mapping[str, Any], console: Console) -> None:
    console.print(f"job {job['id']} {job['status']}", markup=False)
    _print_counts(job.get("counts") or {}, console)
    errors, warnings = job.get("errors") or [], job.get("warnings") or []
    for title, rows in (("refused", errors), ("left out", warnings)):
        if not rows:
            continue
        table = Table(
            "where", "rule", "why", title=f"{len(rows)} {title}", title_justify="left", pad_edge=False, box=None
        )
        table.columns[0].overflow = table.columns[2].overflow = "fold"
        table.columns[1].no_wrap = True
        for row in rows[:_SHOWN]:
            table.add_row(*(str(row.get(name, "")) for name in ("pointer", "rule", "message")))
        console.print()
        console.print(table, markup=False)
        if len(rows) > _SHOWN:
            console.print(f"and {len(rows) - _SHOWN} more; --json prints them all")


def _print_counts(counts: Mapping[str, Mapping[str, int]], console: Console) -> None:
    outcomes = ("created", "updated", "unchanged", "refused")
    table = Table("", *outcomes, pad_edge=False, box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for entity, numbers in counts.items():
        table.add_row(entity, *(str(numbers.get(outcome, 0)) for outcome in outcomes))
    console.print(table)
