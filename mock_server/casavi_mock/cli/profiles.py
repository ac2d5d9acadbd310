"""The profile file: guesses about casavi, and defaults for the options of the command line."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from casavi_mock.cli.options import host_option, key_option, option, port_option, secret_option
from casavi_mock.cli.server_options import server_options
from casavi_mock.errors import ConfigurationError


class Profile(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions of click
    """A TOML file with the tables `[assumptions]` and `[server]`."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Mapping[str, Any]:
        """Returns the parsed profile; its table `[server]` gives defaults to the other options."""
        if isinstance(value, Mapping):
            return value
        try:
            profile = tomllib.loads(Path(value).read_text(encoding="utf-8"))
        except OSError as error:
            self.fail(f"{value}: {error.strerror}", param, ctx)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            self.fail(f"{value}: not valid TOML: {error}", param, ctx)
        unknown = sorted(profile.keys() - {"assumptions", "server"})
        if unknown:
            self.fail(f"{value}: unknown table [{unknown[0]}]; possible are [assumptions] and [server]", param, ctx)
        if ctx is not None:
            _give_defaults(value, profile.get("server", {}), ctx)
        return profile


def _give_defaults(path: str, table: Mapping[str, Any], ctx: click.Context) -> None:
    known = {name.removeprefix("--") for p in ctx.command.params for name in p.opts if name.startswith("--")}
    everywhere = known_settings()
    unknown = sorted(table.keys() - everywhere)
    if unknown:
        possible = ", ".join(sorted(everywhere))
        raise ConfigurationError(f"{path}: unknown setting {unknown[0]!r} in [server]; possible are: {possible}")
    ctx.default_map = {name.replace("-", "_"): value for name, value in table.items() if name in known}


profile_option = option(
    "--profile",
    type=Profile(),
    is_eager=True,
    show_default=False,
    help="TOML file: [assumptions] overrides guesses about casavi, [server] sets defaults of these options.",
)


def connection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds what every verb wants that has to do with one server: profile, host, port, key and secret."""
    for add in (secret_option, key_option, port_option, host_option, profile_option):  # the last one is shown first
        command = add(command)
    return command


def known_settings() -> set[str]:
    """Returns the settings that a profile's table `[server]` may hold: the options of `serve`."""

    @connection_options
    @server_options
    def declared() -> None:
        """Holds the options; nobody calls it."""

    parameters = click.command(declared).params
    return {name.removeprefix("--") for p in parameters for name in p.opts if name.startswith("--")} - {"profile"}
