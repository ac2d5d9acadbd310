"""The profile file: guesses about casavi, and defaults for the options of the command line."""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from casavi_contracts import spec
from casavi_mock.cli.options import (
    Decorator,
    added,
    key_option,
    listen_options,
    nearest,
    option,
    secret_option,
    server_options,
)
from casavi_mock.cli.server_options import server_options as serve_options
from casavi_mock.errors import ConfigurationError
from casavi_mock.server import textfiles

TABLES = ("assumptions", *spec.FILES, "server")
_TABLES = ", ".join(f"[{name}]" for name in TABLES)

PLAIN = ("host", "port", "control-token")
"""Settings by which a running server is found and steered."""


class Profile(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions of click
    """A TOML file with the tables `[assumptions]`, `[overlay]`, `[evidence]` and `[server]`.

    The second and the third name files; what stands in them takes the place of the tables.

    Args:
        only: Settings that give defaults to other options; None for all that the command has.
        lenient: Whether what is wrong is kept for a report: then the profile is a `BrokenProfile`.
    """

    name = "file"

    def __init__(self, *, only: Iterable[str] | None = None, lenient: bool = False) -> None:
        self._only = None if only is None else frozenset(only)
        self._lenient = lenient

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Mapping[str, Any]:
        """Returns the parsed profile; its table `[server]` gives defaults to the other options."""
        if isinstance(value, Mapping):
            return value
        try:
            profile = _parsed(str(value))
            if ctx is not None:
                faults = setting_faults(profile.get("server", {})) if self._lenient else []
                _give_defaults({} if faults else profile.get("server", {}), ctx, self._only)
                if faults:
                    return BrokenProfile("\n".join(faults))
        except ConfigurationError as error:
            if self._lenient:
                return BrokenProfile(str(error))
            raise
        return profile


class BrokenProfile(dict[str, Any]):
    """An empty profile in the place of one that cannot be used.

    Args:
        reason: What is wrong with it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


def _parsed(path: str) -> dict[str, Any]:
    """Returns a profile that has no unknown tables and settings.

    Raises:
        ConfigurationError: It cannot be read, or has some; all of them are named.
    """
    try:
        profile = tomllib.loads(textfiles.read(path).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{path}: not valid TOML: {error}") from None
    wrong = [
        f"unknown table [{name}]{nearest(name, TABLES)}; possible are {_TABLES}"
        for name in sorted(profile.keys() - set(TABLES))
    ]
    wrong += [f"[{name}] has to be a table" for name in TABLES if not isinstance(profile.get(name, {}), dict)]
    if not wrong:
        known = known_settings()
        unknown = sorted(profile.get("server", {}).keys() - known)
        wrong += [f"unknown setting {name!r} in [server]{nearest(name, known)}" for name in unknown]
        if unknown:
            wrong.append(f"possible settings are: {', '.join(sorted(known))}")
    if wrong:
        raise ConfigurationError("\n  ".join([f"{path}: {wrong[0]}", *wrong[1:]]))
    try:
        return _beside(path, profile) | spec.read_files(Path(path), profile)
    except spec.ProfileError as error:
        raise ConfigurationError(str(error)) from None


def _beside(path: str, profile: dict[str, Any]) -> dict[str, Any]:
    """Returns a profile whose file of durations is named from here, and not from its own folder."""
    table = profile.get("server", {})
    named = table.get("job-durations")
    if not isinstance(named, str):
        return profile
    return profile | {"server": table | {"job-durations": str(Path(path).parent / named)}}


def _give_defaults(table: Mapping[str, Any], ctx: click.Context, only: frozenset[str] | None) -> None:
    known = {name.removeprefix("--") for p in ctx.command.params for name in p.opts if name.startswith("--")}
    chosen = known if only is None else known & only
    ctx.default_map = {name.replace("-", "_"): value for name, value in table.items() if name in chosen}


def _profile_option(help_text: str, **kind: Any) -> Decorator:
    return option("--profile", type=Profile(**kind), is_eager=True, show_default=False, help=help_text)


profile_option = _profile_option(
    "TOML file: [assumptions] and [overlay] say what casavi is like, [server] sets defaults of these options."
)
server_profile_option = _profile_option("TOML file of the server, whose [server] tells where it is.", only=PLAIN)
lenient_profile_option = _profile_option("TOML file to look at, and the server's settings in it.", lenient=True)


def connection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds what a verb wants that asks a server: profile, host, port, key and secret."""
    return added(command, profile_option, *server_options, key_option, secret_option)


def listening_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds what a verb wants that listens: profile, host, port, key and secret."""
    return added(command, profile_option, *listen_options, key_option, secret_option)


def doctor_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of what looks whether a server can listen; it reports a broken profile."""
    return added(command, lenient_profile_option, *listen_options, key_option, secret_option)


def known_settings() -> set[str]:
    """Returns the settings that a profile's table `[server]` may hold: the options of `serve`."""
    return {*_settings()}


def setting_faults(table: Mapping[str, Any]) -> list[str]:
    """Returns what is wrong with the values in a profile's table `[server]`, a sentence each."""
    faults, known = [], _settings()
    ctx = click.Context(click.Command("serve"))
    for name, value in table.items():
        try:
            known[name].process_value(ctx, value)
        except click.BadParameter as error:
            faults.append(f"setting {name!r} in [server]: {error.message}")
    return faults


def _settings() -> dict[str, click.Parameter]:
    @listening_options
    @serve_options
    def declared() -> None:
        """Holds the options; nobody calls it."""

    parameters = click.command(declared).params
    named = {name.removeprefix("--"): p for p in parameters for name in p.opts if name.startswith("--")}
    return {name: p for name, p in named.items() if name != "profile"}
