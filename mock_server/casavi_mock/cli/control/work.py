"""Verbs about jobs and their queue."""

from typing import Any

import click

from casavi_mock.cli.control.client import Control, connected, print_table
from casavi_mock.cli.options import CONTEXT, Number
from casavi_mock.domain.jobs import MODES, OUTCOMES
from casavi_mock.errors import ConfigurationError


@click.command(context_settings=CONTEXT)
@click.argument("job_id", metavar="[ID]", required=False)
@connected
def jobs(mock: Control, job_id: str | None) -> None:
    """List the jobs, newest first, or show the one with that ID.

    \b
    Examples:
      casavi-mock control jobs
      casavi-mock control jobs 0b9ad0a4-3b0f-4d5a-9d2c-1f4f4a3a0d11 --json
    """
    if job_id is None:
        mock.show(mock.ask("jobs"), _print_jobs)
    else:
        mock.show(mock.ask("jobs", job_id), _print_job)


def _print_jobs(answer: Any) -> None:
    rows = [
        (
            job["id"],
            job["state"],
            job["createdAt"],
            "{processed}/{total}".format(**job["progress"]),
            job["errorCount"],
        )
        for job in answer["jobs"]
    ]
    print_table(("id", "state", "created", "records", "refused"), rows, empty="no jobs")


def _print_job(job: Any) -> None:
    rows = [(name, job[name]) for name in ("id", "state", "status", "createdAt", "startedAt", "finishedAt")]
    rows.append(("records", f"{job['progress']['processed']} of {job['progress']['total']}"))
    print_table(("", ""), rows, empty="")
    for name in ("errors", "warnings"):
        if job[name]:
            lines = [(line["pointer"], line["rule"], line["message"]) for line in job[name]]
            print_table((name, "rule", "why"), lines, empty="")


@click.command(context_settings=CONTEXT)
@click.argument("job", metavar="JOB|next")
@click.argument("outcome", type=click.Choice(OUTCOMES))
@connected
def outcome(mock: Control, job: str, outcome: str) -> None:
    """Decide how a JOB, or the next one that starts, ends. A stalled one stays active until told otherwise.

    \b
    Examples:
      casavi-mock control outcome next failed
      casavi-mock control outcome 0b9ad0a4-3b0f-4d5a-9d2c-1f4f4a3a0d11 stalled
    """
    mock.done(mock.ask("jobs", job, "outcome", method="POST", body={"outcome": outcome}), f"{job}: {outcome}")


@click.command(context_settings=CONTEXT)
@connected
def queue(mock: Control) -> None:
    """Show whether the queue is held, and what waits in it."""
    mock.show(mock.ask("queue"), _print_queue)


@click.command(context_settings=CONTEXT)
@connected
def hold(mock: Control) -> None:
    """Take jobs, and do not move them until the queue is released."""
    mock.show(mock.ask("queue", "hold", method="POST"), _print_queue)


@click.command(context_settings=CONTEXT)
@connected
def release(mock: Control) -> None:
    """Let jobs move again."""
    mock.show(mock.ask("queue", "release", method="POST"), _print_queue)


def _print_queue(queue: Any) -> None:
    click.echo(
        f"{'held' if queue['held'] else 'running'}; {queue['unfinished']} jobs unfinished; "
        f"{_transitions_line(queue['transitions'])}"
    )


@click.command(context_settings=CONTEXT)
@click.argument("what", type=click.Choice(["job", "record"]), default="job")
@connected
def step(mock: Control, what: str) -> None:
    """Move the first unfinished job, to its end or by one record.

    \b
    Examples:
      casavi-mock control step
      casavi-mock control step record
    """
    answer = mock.ask("queue", "step", method="POST", body={"what": what})
    mock.done(answer, "moved" if answer["moved"] else "there is nothing to move")


@click.command(context_settings=CONTEXT)
@connected
def drain(mock: Control) -> None:
    """Run every unfinished job to its end, at once."""
    answer = mock.ask("queue", "drain", method="POST")
    mock.done(answer, f"{answer['ended']} jobs ended")


@click.command(context_settings=CONTEXT)
@click.argument("mode", type=click.Choice([*MODES, "default"]), required=False)
@click.option("--seconds", type=Number(0), help="`time`: seconds for each job.")
@click.option("--record-seconds", type=Number(0), help="`time`: seconds for each record.")
@click.option("--times", type=click.IntRange(0), help="`manual`: polls from one state to the next; 0 for steps alone.")
@connected
def transitions(
    mock: Control, mode: str | None, seconds: float | None, record_seconds: float | None, times: int | None
) -> None:
    """Show or change how jobs move on; `default` is as the server was started.

    \b
    Examples:
      casavi-mock control transitions
      casavi-mock control transitions manual --times 2
      casavi-mock control transitions time --seconds 5 --record-seconds 0.01
    """
    values = {"seconds": seconds, "recordSeconds": record_seconds, "times": times}
    named = {name: value for name, value in values.items() if value is not None}
    if mode in (None, "default") and named:
        raise ConfigurationError(f"name a mode to set {', '.join(named)}: {', '.join(MODES)}")
    if mode is None:
        answer = mock.ask("transitions")
    elif mode == "default":
        answer = mock.ask("transitions", method="DELETE")
    else:
        answer = mock.ask("transitions", method="PUT", body={"progression": mode, **named})
    mock.show(answer, lambda seen: click.echo(_transitions_line(seen)))


def _transitions_line(seen: Any) -> str:
    if seen["progression"] == "time":
        return f"time: {seen['seconds']:g} seconds for a job, {seen['recordSeconds']:g} for a record"
    return f"manual: {seen['times']} polls from state to state" if seen["progression"] == "manual" else "immediate"


COMMANDS = (jobs, outcome, queue, hold, release, step, drain, transitions)
