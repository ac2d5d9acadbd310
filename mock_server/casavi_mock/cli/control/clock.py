"""Verbs about time, and what is known about the server."""

from typing import Any

import click

from casavi_mock.cli.control.client import Control, Grouped, connected, print_table
from casavi_mock.cli.options import CONTEXT, Number
from casavi_mock.errors import ConfigurationError


@click.group(cls=Grouped, usual="now", context_settings=CONTEXT)
def clock() -> None:
    """Show and move the time of an account. It never goes back, except with `control reset`.

    \b
    Examples:
      casavi-mock control clock
      casavi-mock control clock freeze
      casavi-mock control clock advance --days 31
      casavi-mock control clock set 2030-01-01T00:00:00Z
    """


@clock.command("now")
@connected
def now(mock: Control) -> None:
    """Show the time."""
    mock.show(mock.ask("clock"), _print)


@clock.command("freeze")
@click.option("--at", metavar="MOMENT", help="A later moment, such as 2030-01-01T00:00:00Z.  [default: now]")
@connected
def freeze(mock: Control, at: str | None) -> None:
    """Stop time."""
    mock.show(mock.ask("clock", "freeze", method="POST", body={"at": at} if at else {}), _print)


@clock.command("unfreeze")
@connected
def unfreeze(mock: Control) -> None:
    """Let time run again."""
    mock.show(mock.ask("clock", "unfreeze", method="POST"), _print)


@clock.command("set")
@click.argument("to", metavar="MOMENT")
@connected
def set_clock(mock: Control, to: str) -> None:
    """Move time forward to a MOMENT, such as 2030-01-01T00:00:00Z."""
    mock.show(mock.ask("clock", "set", method="POST", body={"to": to}), _print)


@clock.command("advance")
@click.option("--days", type=Number(0))
@click.option("--hours", type=Number(0))
@click.option("--minutes", type=Number(0))
@click.option("--seconds", type=Number(0))
@connected
def advance(mock: Control, **step: float | None) -> None:
    """Move time forward by a step; what is due by then has happened afterwards."""
    named = {name: value for name, value in step.items() if value is not None}
    if not named:
        raise ConfigurationError("say how far: --days, --hours, --minutes or --seconds")
    mock.show(mock.ask("clock", "advance", method="POST", body=named), _print)


def _print(seen: Any) -> None:
    click.echo(f"{seen['now']}{' (frozen)' if seen['frozen'] else ''}")


@click.command("expire-tokens", context_settings=CONTEXT)
@connected
def expire_tokens(mock: Control) -> None:
    """End every token of the account; the next request with one of them is refused as expired.

    \b
    Examples:
      casavi-mock control expire-tokens
    """
    answer = mock.ask("tokens", "expire", method="POST")
    mock.done(answer, f"{answer['expired']} tokens expired")


@click.command("token", context_settings=CONTEXT)
@connected
def token(mock: Control) -> None:
    """Print a new token of the account, without a log-in that the journal would tell of.

    \b
    Examples:
      curl http://127.0.0.1:4227/contacts -H "token: $(casavi-mock control token)"
    """
    answer = mock.ask("tokens", method="POST")
    mock.show(answer, lambda seen: click.echo(seen["token"]))


@click.command("assumptions", context_settings=CONTEXT)
@connected
def assumptions(mock: Control) -> None:
    """Show what the running mock guesses about casavi.

    \b
    Examples:
      casavi-mock control assumptions
    """

    def people(answer: Any) -> None:
        rows = [
            (line["name"], str(line["value"]), "" if line["value"] == line["default"] else "changed", line["question"])
            for line in answer["assumptions"]
        ]
        print_table(("assumption", "value", "", "question"), rows, empty="no assumptions")

    mock.show(mock.ask("assumptions"), people)


COMMANDS = (clock, token, expire_tokens, assumptions)
