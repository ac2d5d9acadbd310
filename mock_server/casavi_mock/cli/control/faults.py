"""Verbs that plan faults."""

from typing import Any

import click

from casavi_mock.cli.control.client import Control, Grouped, connected, print_table
from casavi_mock.cli.options import CONTEXT, Number
from casavi_mock.domain.faults import KINDS


@click.group(cls=Grouped, usual="list", context_settings=CONTEXT)
def faults() -> None:
    """Let calls go wrong: the n-th call of an operation, so many times, always in the same way.

    \b
    Examples:
      casavi-mock control faults add importMasterData --status 503 --retry-after 2
      casavi-mock control faults add getJob --seconds 10 --first 3 --times 1
      casavi-mock control faults add importMasterData --kind lost-response --times 1
      casavi-mock control faults
      casavi-mock control faults clear
    """


@faults.command("list")
@connected
def list_faults(mock: Control) -> None:
    """List the faults, and how often each has struck."""
    mock.show(mock.ask("faults"), _print)


@faults.command("add")
@click.argument("operation")
@click.option(
    "--kind",
    type=click.Choice(list(KINDS)),
    help="What happens.  [default: status with --status, delay with --seconds]",
)
@click.option("--first", type=click.IntRange(1), help="The first call that it strikes.  [default: 1]")
@click.option("--times", type=click.IntRange(1), help="How many calls it strikes.  [default: for ever]")
@click.option("--status", type=click.IntRange(400, 599), help="`status`: the answer's status.")
@click.option("--retry-after", type=click.IntRange(0), help="`status`: seconds in the header Retry-After.")
@click.option("--seconds", type=Number(0), help="`delay`: seconds.")
@connected
def add_fault(
    mock: Control,
    operation: str,
    kind: str | None,
    first: int | None,
    times: int | None,
    status: int | None,
    retry_after: int | None,
    seconds: float | None,
) -> None:
    """Plan a fault for an OPERATION (an operationId, or * for all)."""
    kind = kind or ("status" if status is not None else "delay" if seconds is not None else None)
    if kind is None:
        raise click.UsageError(f"say what happens: --status, --seconds, or --kind with one of {', '.join(KINDS)}")
    effect = _given(kind=kind, status=status, retryAfterSeconds=retry_after, seconds=seconds)
    body = _given(operation=operation, first=first, times=times, effect=effect)
    answer = mock.ask("faults", method="POST", body=body)
    mock.done(answer, str(answer["id"]))


@faults.command("remove")
@click.argument("fault_id", metavar="ID")
@connected
def remove_fault(mock: Control, fault_id: str) -> None:
    """Forget the fault with that ID."""
    mock.done(mock.ask("faults", fault_id, method="DELETE"), f"removed {fault_id}")


@faults.command("clear")
@connected
def clear_faults(mock: Control) -> None:
    """Forget all faults."""
    answer = mock.ask("faults", method="DELETE")
    mock.done(answer, f"removed {answer['removed']}")


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _print(answer: Any) -> None:
    rows = [
        (line["id"], line["operation"], _calls(line), _effect(line["effect"]), f"{line['hits']} of {line['calls']}")
        for line in answer["faults"]
    ]
    print_table(("id", "operation", "calls", "effect", "struck"), rows, empty="no faults")


def _calls(line: Any) -> str:
    first, times = line["first"], line["times"]
    return f"from {first}" if times is None else str(first) if times == 1 else f"{first} to {first + times - 1}"


def _effect(effect: Any) -> str:
    parts = [effect["kind"]]
    parts += [str(effect["status"])] if effect["status"] is not None else []
    parts += [f"Retry-After {effect['retryAfterSeconds']}"] if effect["retryAfterSeconds"] is not None else []
    parts += [f"{effect['seconds']:g} seconds"] if effect["seconds"] is not None else []
    return " ".join(parts)


COMMANDS = (faults,)
