"""The options by which a running mock is found; every group and every command takes them, wherever they stand."""

from typing import Any

import click
from click.core import ParameterSource

from casavi_mock.cli.control.client import Client
from casavi_mock.cli.options import Decorator, Plain, option, server_options, server_url, url_option
from casavi_mock.cli.profiles import server_profile_option
from casavi_mock.domain.model import Secret

_GIVEN = "casavi_mock.cli.control"
_SOURCES = "casavi_mock.cli.control.sources"

_NEARNESS = (
    ParameterSource.COMMANDLINE,
    ParameterSource.PROMPT,
    ParameterSource.ENVIRONMENT,
    ParameterSource.DEFAULT_MAP,
    ParameterSource.DEFAULT,
)
"""Where values come from, the nearest to the user first."""

_OPTIONS: tuple[Decorator, ...] = (
    url_option,
    server_profile_option,
    *server_options,
    click.option("--account", metavar="KEY", cls=Plain, help="API key of the account.  [default: the first one]"),
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
    said = ctx.meta[_SOURCES]
    token = Secret(given["control_token"]) if given["control_token"] else None
    url = server_url(
        given["url"], given["host"], given["port"], said=lambda name: said[name] is ParameterSource.COMMANDLINE
    )
    return Client(url, given["account"], token)


def as_json(ctx: click.Context) -> bool:
    """Whether answers are printed as JSON."""
    return bool(ctx.meta[_GIVEN]["as_json"])


def _remember(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Keeps a value; of two levels that counts whose value comes from nearer to the user."""
    name = str(parameter.name)
    given, sources = ctx.meta.setdefault(_GIVEN, {}), ctx.meta.setdefault(_SOURCES, {})
    source = ctx.get_parameter_source(name) or ParameterSource.DEFAULT
    if name not in given or _NEARNESS.index(source) <= _NEARNESS.index(sources[name]):
        given[name], sources[name] = value, source
