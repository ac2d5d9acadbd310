"""Verbs about accounts and what they hold."""

from typing import Any

import click

from casavi_mock.cli.control.client import Control, Grouped, connected, counted, print_table, write
from casavi_mock.cli.options import CONTEXT


@click.command(context_settings=CONTEXT)
@connected
def reset(mock: Control) -> None:
    """Go back to what the account held at the start.

    \b
    Examples:
      casavi-mock control reset
    """
    answer = mock.ask("reset", method="POST")
    mock.done(answer, f"reset; it holds {counted(answer['records'])}")


@click.group(context_settings=CONTEXT)
def state() -> None:
    """Everything that is stored, as a portfolio file.

    \b
    Examples:
      casavi-mock control state get before.json
      casavi-mock control state put before.json
    """


@state.command("get")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True), default="-")
@connected
def get_state(mock: Control, file: str) -> None:
    """Write the state to a FILE (- for standard output).

    \b
    Examples:
      casavi-mock control state get before.json
      casavi-mock control state get | jq .contacts
    """
    write(file, mock.send("GET", "state").content)


@state.command("put")
@click.argument("file", type=click.File("rb"))
@connected
def put_state(mock: Control, file: Any) -> None:
    """Put the state in a FILE (- for standard input) in the place of all that is stored.

    \b
    Examples:
      casavi-mock control state put before.json
    """
    answer = mock.send("PUT", "state", raw=file.read()).json()
    mock.done(answer, f"it holds {counted(answer['records'])}")


@click.command(context_settings=CONTEXT)
@click.argument("file", type=click.File("rb"))
@connected
def load(mock: Control, file: Any) -> None:
    """Import the portfolio in a FILE (- for standard input) at once: all of it or nothing, without a job.

    \b
    Examples:
      casavi-mock data show small-house | casavi-mock control load -
    """
    answer = mock.send("POST", "state", raw=file.read()).json()
    mock.done(answer, f"it holds {counted(answer['records'])}")


@click.group(cls=Grouped, usual="list", context_settings=CONTEXT)
def snapshot() -> None:
    """Keep what is stored under a name, and go back to it.

    \b
    Examples:
      casavi-mock control snapshot save before
      casavi-mock control snapshot restore before
    """


@snapshot.command("save")
@click.argument("name")
@connected
def save_snapshot(mock: Control, name: str) -> None:
    """Keep what is stored now under a NAME."""
    mock.done(mock.ask("snapshots", name, method="PUT"), f"saved {name}")


@snapshot.command("restore")
@click.argument("name")
@connected
def restore_snapshot(mock: Control, name: str) -> None:
    """Go back to the snapshot with that NAME."""
    answer = mock.ask("snapshots", name, "restore", method="POST")
    mock.done(answer, f"restored {name}; it holds {counted(answer['records'])}")


@snapshot.command("list")
@connected
def list_snapshots(mock: Control) -> None:
    """List the snapshots."""
    columns = ("name", "at", "records")

    def people(answer: Any) -> None:
        rows = [[line.get(name) for name in columns] for line in answer["snapshots"]]
        print_table(columns, rows, empty="no snapshots")

    mock.show(mock.ask("snapshots"), people)


@snapshot.command("delete")
@click.argument("name")
@connected
def delete_snapshot(mock: Control, name: str) -> None:
    """Forget the snapshot with that NAME."""
    mock.done(mock.ask("snapshots", name, method="DELETE"), f"deleted {name}")


@click.group(cls=Grouped, usual="list", context_settings=CONTEXT)
def accounts() -> None:
    """Open and close accounts.

    \b
    Examples:
      casavi-mock control accounts
      casavi-mock control accounts create --load small-house
      casavi-mock control accounts delete KEY
    """


@accounts.command("list")
@connected
def list_accounts(mock: Control) -> None:
    """List the accounts; keys are half of the credentials and are not shown."""

    def people(answer: Any) -> None:
        rows = [
            (line["number"], line["default"], counted(line["records"]), line["jobs"], line["exchanges"])
            for line in answer["accounts"]
        ]
        print_table(("number", "default", "records", "jobs", "requests"), rows, empty="no accounts")

    mock.show(mock.ask("accounts"), people)


@accounts.command("create")
@click.option("--key", help="API key.  [default: made up]")
@click.option("--secret", help="API secret.  [default: made up]")
@click.option("--load", metavar="SAMPLE", help="Name of a sample portfolio to begin with.")
@connected
def create_account(mock: Control, **given: str | None) -> None:
    """Open an account and print its key and secret; they are not shown again."""
    body = {name: value for name, value in given.items() if value is not None}
    answer = mock.ask("accounts", method="POST", body=body)
    mock.show(answer, lambda seen: click.echo(f"key {seen['key']}\nsecret {seen['secret']}"))


@accounts.command("delete")
@click.argument("key")
@connected
def delete_account(mock: Control, key: str) -> None:
    """Close the account with that KEY, with everything in it."""
    mock.done(mock.ask("accounts", key, method="DELETE"), "deleted")


COMMANDS = (reset, state, load, snapshot, accounts)
