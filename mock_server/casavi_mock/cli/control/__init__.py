"""`casavi-mock control`: reads and steers a running mock."""

import click

from casavi_mock.cli.control import clock, data, faults, journal, work
from casavi_mock.cli.options import CONTEXT

__all__ = ["control"]


@click.group(context_settings=CONTEXT)
def control() -> None:
    """Read and steer a running mock. Every verb takes --url or --host and --port, --account KEY, and --json.

    Exit code 0: done; 1: there are violations; 2: it could not be done.

    \b
    Examples:
      casavi-mock control reset
      casavi-mock control clock advance --days 31
      casavi-mock control faults add importMasterData --kind status --status 503 --times 2
      casavi-mock control violations --junit violations.xml
      casavi-mock control state get before.json --account KEY
    """


for command in (*data.COMMANDS, *journal.COMMANDS, *work.COMMANDS, *clock.COMMANDS, *faults.COMMANDS):
    control.add_command(command)
