"""`casavi-mock import`: sends a file and follows its job to the end."""

import sys
import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from casavi_contracts import spec
from casavi_mock.cli.client import ApiError, Client, Routes
from casavi_mock.cli.options import CONTEXT, Number, credentials, server_url, url_option
from casavi_mock.cli.profiles import connection_options
from casavi_mock.cli.tables import print_table
from casavi_mock.cli.text import echo_json, shown
from casavi_mock.errors import ConfigurationError
from casavi_mock.server.textfiles import HEAD_BYTES, mark_length, read

FIRST_PAUSE_SECONDS = 0.1
"""Between the import and the first look at its job; each pause is twice as long as the one before it."""

POLL_SECONDS = 1.0
"""Between two looks at a job at most; a real API would not like it faster for long."""

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
      casavi-mock import portfolio.json --url https://api.example.com --timeout 3600
    """
    body = _body(file)
    name, hidden = credentials(key, secret)
    console = Console(stderr=True, highlight=False, markup=False)
    try:
        address = server_url(url, host, port, said=_said)
        with Client(address, name, hidden, _routes(profile or {})) as client:
            client.log_in()
            job_id = _send(client, body, console)
            if not wait:
                told = client.redacted(job_id)
                if as_json:
                    echo_json({"jobId": told}, indent=False)
                else:
                    click.echo(shown(told))
                return
            followed = _follow(client, job_id, timeout, console)
            job, refused = client.redacted(followed), client.refused(followed)
    except ApiError as error:
        raise ConfigurationError(str(error)) from error
    if as_json:
        echo_json(job)
    else:
        _print(job)
    sys.exit(1 if refused else 0)


def _said(name: str) -> bool:
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


def _body(file: str) -> Path | bytes:
    """Returns what is sent: a file as it is, or the whole of what is no file that could be read twice."""
    path = Path(file)
    if file != "-" and path.is_file():
        try:
            with path.open("rb") as stream:
                marked = mark_length(stream.read(HEAD_BYTES), file)
        except OSError as error:
            raise ConfigurationError(f"{file}: {error.strerror}") from None
        return read(path) if marked else path
    if file != "-":
        return read(path)
    try:
        content = sys.stdin.buffer.read()
    except OSError as error:
        raise ConfigurationError(f"standard input: {error.strerror}") from None
    return content[mark_length(content, "standard input") :]


def _routes(profile: Mapping[str, Any]) -> Routes:
    try:
        found = spec.contract_documents(profile.get("assumptions"), profile.get("overlay"), versions=("v1",))
    except spec.ProfileError as error:
        raise ConfigurationError(str(error)) from error
    document = found.by_version["v1"]
    return Routes(
        import_path=found.values["import-path"],
        answers=spec.shapes_of(document),
        states=spec.job_states(document),
    )


def _send(client: Client, body: Path | bytes, console: Console) -> str:
    size = len(body) if isinstance(body, bytes) else body.stat().st_size
    columns = (TextColumn("sending  "), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=size)
        return client.send_import(body, lambda sent: bar.update(task, completed=sent))


def _follow(client: Client, job_id: str, timeout: float, console: Console) -> dict[str, Any]:
    deadline = time.monotonic() + timeout
    columns = (TextColumn("{task.description:9}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("waiting", total=None)
        for look in count():
            time.sleep(max(min(pause_seconds(look), deadline - time.monotonic()), 0))
            job = client.job(job_id)
            state = shown(client.redacted(shown(job.get("status"))))
            processed, total = _progress(job)
            bar.update(task, description=state, completed=processed, total=total)
            if client.ended(job):
                return job
            if time.monotonic() >= deadline:
                raise ApiError(f"job {shown(client.redacted(job_id))} is still {state!r} after {timeout:g} seconds")
    raise AssertionError("it looks for ever")


def pause_seconds(look: int) -> float:
    """Returns how long to wait before a look at a job.

    Args:
        look: Its number, from 0.
    """
    return min(FIRST_PAUSE_SECONDS * 2.0 ** min(look, 10), POLL_SECONDS)


def _progress(job: Mapping[str, Any]) -> tuple[int, int | None]:
    """Returns how many records are done, and of how many, as far as the server tells."""
    progress = job.get("progress")
    told = progress if isinstance(progress, dict) else {}
    processed, total = told.get("processed"), told.get("total")
    return processed if isinstance(processed, int) else 0, total if isinstance(total, int) else None


def _print(job: Mapping[str, Any]) -> None:
    click.echo(f"job {shown(job.get('id'))} {shown(job.get('status'))}")
    _print_counts(job.get("counts") or {"together": job.get("sums")})
    for title, rows in (("refused", job.get("errors")), ("left out", job.get("warnings"))):
        if not isinstance(rows, list) or not rows:
            continue
        click.echo(f"\n{len(rows)} {title}")
        named = [row if isinstance(row, dict) else {"message": row} for row in rows[:_SHOWN]]
        cells = [[shown(row.get(name, "")) for name in ("pointer", "rule", "message")] for row in named]
        print_table(("where", "rule", "why"), cells, whole=("rule",))
        if len(rows) > _SHOWN:
            click.echo(f"and {len(rows) - _SHOWN} more; --json prints them all")


def _print_counts(counts: object) -> None:
    outcomes = ("created", "updated", "unchanged", "refused")
    rows = [
        [shown(entity), *(shown(numbers.get(outcome, 0)) for outcome in outcomes)]
        for entity, numbers in (counts if isinstance(counts, dict) else {}).items()
        if isinstance(numbers, dict)
    ]
    if rows:
        print_table(("", *outcomes), rows, right=outcomes)
