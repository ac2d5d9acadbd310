"""`casavi-mock env`: the settings that a client needs."""

import re
import shlex
import sys

import click

from casavi_mock.cli.options import CONTEXT, EXAMPLE_KEY, EXAMPLE_SECRET, credentials, local_url
from casavi_mock.cli.profiles import connection_options


def _fish(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _powershell(value: str) -> str:
    """Returns a text in single quotes; PowerShell takes typographic ones for the same."""
    if value.isprintable():
        return "'" + re.sub("(['\u2018-\u201b])", r"\1\1", value) + "'"
    escaped = re.sub('([`$"\u201c-\u201e])', r"`\1", value).replace("\n", "`n").replace("\r", "`r").replace("\t", "`t")
    return f'"{escaped}"'


def _dotenv(value: str) -> str:
    """Returns a text that Docker Compose, python-dotenv, dotenv of Node and a shell read alike.

    In single quotes nothing has a meaning; a text with such a quote in it stands in double ones.
    """
    if re.fullmatch(r"[\w./:@%+,-]+", value, re.ASCII):
        return value
    if "'" not in value and not value.endswith("\\") and "\\\\" not in value and "\n" not in value:
        return f"'{value}'"
    return '"' + re.sub(r'(["$`\\])', r"\\\1", value).replace("\n", r"\n") + '"'


_FORMS = {
    "sh": lambda name, value: f"export {name}={shlex.quote(value)}",
    "fish": lambda name, value: f"set -gx {name} {_fish(value)}",
    "powershell": lambda name, value: f"$env:{name} = {_powershell(value)}",
    "dotenv": lambda name, value: f"{name}={_dotenv(value)}",
}


@click.command(context_settings=CONTEXT)
@connection_options
@click.option("--shell", type=click.Choice(list(_FORMS)), default="sh", show_default=True, help="For which shell.")
def env(profile: object, host: str, port: int, key: str | None, secret: str | None, shell: str) -> None:
    """Print the exports that a client of the mock needs.

    \b
    Examples:
      eval "$(casavi-mock env)"
      casavi-mock env --shell dotenv > .env
    """
    key, hidden = credentials(key, secret)
    values = {
        "CASAVI_URL": local_url(host, port),
        "CASAVI_API_KEY": key,
        "CASAVI_API_SECRET": hidden.reveal(),
    }
    lines = "".join(f"{_FORMS[shell](name, value)}\n" for name, value in values.items())
    # Exactly the bytes of the value, whatever the encoding of the locale has for them.
    click.echo(lines if sys.stdout.isatty() else lines.encode(errors="surrogateescape"), nl=False)
    example = key == EXAMPLE_KEY and hidden.reveal() == EXAMPLE_SECRET
    account = "the example of casavi's documentation" if example else "as given"
    click.echo(f"casavi-mock: the mock is at {values['CASAVI_URL']}, the account is {account}", err=True)
