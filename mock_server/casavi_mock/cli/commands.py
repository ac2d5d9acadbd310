"""The verbs of the command line; each is imported when it is called, so that the light ones start fast."""

import importlib
import sys
from typing import Any

import click

from casavi_mock.cli.options import CONTEXT, Suggesting
from casavi_mock.errors import ConfigurationError
from casavi_mock.version import __version__

VERBS = {
    "serve": "casavi_mock.cli.serve:serve",
    "import": "casavi_mock.cli.importing:import_",
    "check": "casavi_mock.cli.check:check",
    "mutants": "casavi_mock.cli.mutants:mutants",
    "replay": "casavi_mock.cli.replay:replay",
    "record": "casavi_mock.cli.record:record",
    "data": "casavi_mock.cli.data:data",
    "calibrate": "casavi_mock.cli.calibrate:calibrate",
    "assumptions": "casavi_mock.cli.assumptions:show_assumptions",
    "env": "casavi_mock.cli.env:env",
    "doctor": "casavi_mock.cli.doctor:doctor",
    "control": "casavi_mock.cli.control:control",
    "shards": "casavi_mock.cli.shards:shards",
    "health": "casavi_mock.cli.health:health",
    "completion": "casavi_mock.cli.completion:completion",
}


class Verbs(Suggesting):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the verbs in the order in which they are explained."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns a verb, or None."""
        if cmd_name not in VERBS:
            return None
        module, name = VERBS[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Runs a verb; what it cannot do ends with one clear line and exit code 2."""
        try:
            return super().invoke(ctx)
        except ConfigurationError as error:
            click.echo(f"casavi-mock: {error}", err=True)
            sys.exit(2)


@click.group(cls=Verbs, context_settings=CONTEXT)
@click.version_option(__version__, "--version", "-V", prog_name="casavi-mock")
def cli() -> None:
    """A mock of the casavi Manager API, for the development and the tests of a client.

    \b
    Examples:
      casavi-mock serve                         start at http://127.0.0.1:4227
      casavi-mock serve --load small-house      the same, with some records
      casavi-mock data generate | casavi-mock import -
      casavi-mock control clock advance --days 31   steer a running mock
      casavi-mock assumptions                   what of it is a guess
    """
