"""`casavi-mock env`: the settings that a client needs."""

import shlex

import click

from casavi_mock.cli.options import CONTEXT, credentials, local_url
from casavi_mock.cli.profiles import connection_options

_FORMS = {
    "sh": lambda name, value: f"export {name}={shlex.quote(value)}",
    "fish": lambda name, value: f"set -gx {name} {shlex.quote(value)}",
    "powershell": lambda name, value: f"$env:{name} = '{value.replace(chr(39), chr(39) * 2)}'",
    "dotenv": lambda name, value: f"{name}={value}",
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
    for name, value in values.items():
        click.echo(_FORMS[shell](name, value))
