"""Options that several verbs share. Flags beat environment variables, those beat the profile file."""

import math
import socket
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any

import click

from casavi_mock.domain.model import Secret
from casavi_mock.errors import ConfigurationError

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}

DEFAULT_PORT = 4227
EXAMPLE_KEY = "04523b90-9ee1-49f7-af31-b1f24efe84ad"
EXAMPLE_SECRET = "ksdasji0-sf818-nfn81-ms9a-ams9d9a9as"  # noqa: S105  # printed as the example in casavi's documentation

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Plain(click.Option):
    """An option whose text holds no control character, wherever it comes from: a key with a line end is no key."""

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """Returns the value; an error names the option and its variable, and never repeats the text."""
        paths = isinstance(self.type, click.Path | click.File)
        for text in value if isinstance(value, tuple | list) else (value,):
            if isinstance(text, str) and (trouble := _trouble(text, self.name == "secret", paths)):
                raise click.BadParameter(trouble, ctx=ctx, param=self)
        return super().process_value(ctx, value)


def _trouble(text: str, several_lines: bool, path: bool) -> str | None:
    """Returns what is wrong with the text of an option; None if nothing is."""
    for place, character in enumerate(text):
        if (character < " " or "\x7f" <= character <= "\x9f") and not (several_lines and character in "\n\t"):
            where = "at its end" if place == len(text) - 1 else f"as character {place + 1}"
            hint = "; was it written on Windows?" if character == "\r" else ""
            return f"it has a control character ({character!r}) {where}{hint}"
        if "\ud800" <= character <= "\udfff" and not path:
            return "it has bytes that are no UTF-8"
    return None


def option(name: str, *more: str, envvar: str | list[str] | None = None, **settings: Any) -> Decorator:
    """Returns an option that is an environment variable `CASAVI_MOCK_…` too, and shows it in its help.

    Args:
        name: Name of the option, such as `--log-level`.
        more: Short forms.
        envvar: Names of variables in place of the usual one.
        settings: As for `click.option`.
    """
    variable = "CASAVI_MOCK_" + name.removeprefix("--").split("/")[0].replace("-", "_").upper()
    settings.setdefault("show_default", True)
    settings.setdefault("cls", Plain)
    return click.option(name, *more, envvar=envvar or variable, show_envvar=True, **settings)


class Number(click.FloatRange):
    """A number within bounds. `nan` lies within all of them and `inf` in many, so both are refused by name."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Returns the number."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


class Host(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions of click
    """A name or an address; one of IPv6 with brackets or without."""

    name = "HOST"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Returns it without brackets."""
        text = str(value).strip()
        host = text[1:-1] if text.startswith("[") and text.endswith("]") else text
        if any(character in "/[]@?# " for character in host) or host.count(":") == 1:
            self.fail(f"{text!r}: give a name or an address alone, such as localhost, 0.0.0.0 or ::1", param, ctx)
        return host


def _host_option(text: str) -> Decorator:
    return option("--host", "-H", type=Host(), default="127.0.0.1", help=text)


def _port_option(text: str) -> Decorator:
    return option(
        "--port",
        "-p",
        type=click.IntRange(0, 65535),
        default=DEFAULT_PORT,
        envvar=["CASAVI_MOCK_PORT", "PORT"],
        help=text,
    )


listen_options = (
    _host_option("Address to listen at; `0.0.0.0` and `::` are all."),
    _port_option("Port to listen at, 0 for any free one."),
)
server_options = (_host_option("Address of the server."), _port_option("Port of the server."))

key_option = option(
    "--key", envvar="CASAVI_API_KEY", show_default=False, help="API key.  [default: the documentation's example]"
)
secret_option = option(
    "--secret",
    envvar="CASAVI_API_SECRET",
    show_default=False,
    help="API secret.  [default: the documentation's example]",
)
url_option = option(
    "--url",
    envvar="CASAVI_URL",
    show_default=False,
    help="Address of the server.  [default: by --host and --port]",
)


def credentials(key: str | None, secret: str | None) -> tuple[str, Secret]:
    """Returns key and secret, casavi's example for both if neither is given.

    Raises:
        ConfigurationError: Only one of the two is given.
    """
    if bool(key) != bool(secret):
        missing = "secret (--secret, CASAVI_API_SECRET)" if key else "key (--key, CASAVI_API_KEY)"
        raise ConfigurationError(f"the API {missing} is missing; give both key and secret, or neither")
    return key or EXAMPLE_KEY, Secret(secret or EXAMPLE_SECRET)


def local_url(host: str, port: int) -> str:
    """Returns the address at which a server on this machine can be reached."""
    if host in ("0.0.0.0", ""):  # listens everywhere, and so here
        host = "127.0.0.1"
    elif host == "::":
        host = "127.0.0.1" if socket.has_dualstack_ipv6() else "::1"
    return f"http://{bracketed(host)}:{port}"


def bracketed(host: str) -> str:
    """Returns a host as it stands in an address."""
    return f"[{host.replace('%', '%25')}]" if ":" in host else host


def server_url(url: str | None, host: str, port: int, *, said: Callable[[str], bool]) -> str:
    """Returns the address of the server that a command is for: what stands on the command line beats a variable.

    Args:
        url: The option `--url`.
        host: The option `--host`.
        port: The option `--port`.
        said: Whether an option, by its name, stands on the command line.
    """
    if url and (said("url") or not (said("host") or said("port"))):
        return url
    return local_url(host, port)


def nearest(name: str, known: Iterable[str]) -> str:
    """Returns a suggestion in place of a name that is not known, as the end of a sentence; empty if none is near."""
    found = get_close_matches(name, list(known), 1)
    return f"; did you mean {found[0]!r}?" if found else ""


class Suggesting(click.Group):
    """A group that suggests the command that was meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Returns the command that arguments name, and what is left of them."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            found = get_close_matches(args[0], self.list_commands(ctx), 1) if args else []
            if not found or not error.format_message().startswith("No such command"):
                raise
            message = f"No such command {args[0]!r}. Did you mean {found[0]!r}?"
            raise click.UsageError(message, error.ctx) from None


def added(command: Callable[..., Any], *options: Decorator) -> Callable[..., Any]:
    """Returns a command with more options, which its help shows in this order."""
    for add in reversed(options):  # the last one is shown first
        command = add(command)
    return command


def budget_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds what bounds a run at a real account: requests, imports, records, and how fast."""
    return added(
        command,
        click.option("--budget-requests", type=click.IntRange(1), help="Send at most this many requests."),
        click.option("--budget-writes", type=click.IntRange(0), help="Send at most this many imports."),
        click.option("--budget-records", type=click.IntRange(0), help="Send at most this many records."),
        click.option("--rate", type=Number(0.01), help="Send at most this many requests in a second."),
    )
