"""The options by which a running mock is found; every group and every command takes them, wherever they stand."""

from typing import Any

import click
from click.core import ParameterSource

from casavi_mock.cli.control.client import Client
from casavi_mock.cli.options import Decorator, host_option, local_url, option, port_option, url_option
from casavi_mock.domain.model import Secret

_GIVEN = "casavi_mock.cli.control"

_OPTIONS: tuple[Decorator, ...] = (
    url_option,
    host_option,
    port_option,
    click.option("--account", metavar="KEY", help="API key of the account.  [default: the first one]"),
    option("--control-token", show_default=False, help="What the server wants to know before it obeys."),
    click.option("--json", "as_json", is_flag=True, help="Print what was answered as JSON."),
)


def connection_options() -> list[click.Parameter]:
    """Returns the options, for one group or command."""

    def declared() -> None:
        """Holds the options; nobody calls it."""

    for add in reversed(_OPTIONS):
        declared = add(declared)
    parameters = click.command(declared).params
    for parameter in parameters:
        parameter.expose_value, parameter.callback = False, _remember
    return parameters


def client_of(ctx: click.Context) -> Client:
    """Returns the client for what was said at any level of the command line."""
    given = ctx.meta[_GIVEN]
    token = Secret(given["control_token"]) if given["control_token"] else None
    return Client(given["url"] or local_url(given["host"], given["port"]), given["account"], token)


def as_json(ctx: click.Context) -> bool:
    """Whether answers are printed as JSON."""
    return bool(ctx.meta[_GIVEN]["as_json"])


def _remember(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Keeps a value; what stands on the command line beats what another level took from the environment."""
    name = str(parameter.name)
    given = ctx.meta.setdefault(_GIVEN, {})
    if name not in given or ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
        given[name] = value
