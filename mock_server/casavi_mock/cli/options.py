"""Options that several verbs share. Flags beat environment variables, those beat the profile file."""

import math
from collections.abc import Callable
from typing import Any

import click

from casavi_mock.domain.model import Secret
from casavi_mock.errors import ConfigurationError

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}

DEFAULT_PORT = 4227
EXAMPLE_KEY = "04523b90-9ee1-49f7-af31-b1f24efe84ad"
EXAMPLE_SECRET = "ksdasji0-sf818-nfn81-ms9a-ams9d9a9as"  # noqa: S105  # printed as the example in casavi's documentation

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


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
    return click.option(name, *more, envvar=envvar or variable, show_envvar=True, **settings)


class Number(click.FloatRange):
    """A number within bounds. `nan` lies within all of them and `inf` in many, so both are refused by name."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Returns the number."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


host_option = option("--host", "-H", default="127.0.0.1", help="Address at which the mock listens.")

port_option = option(
    "--port",
    "-p",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    envvar=["CASAVI_MOCK_PORT", "PORT"],
    help="Port at which it listens; `serve` takes any free one for 0.",
)

key_option = click.option(
    "--key", envvar="CASAVI_API_KEY", show_envvar=True, help="API key.  [default: the documentation's example]"
)
secret_option = click.option(
    "--secret", envvar="CASAVI_API_SECRET", show_envvar=True, help="API secret.  [default: the documentation's example]"
)
url_option = click.option(
    "--url", envvar="CASAVI_URL", show_envvar=True, help="Address of the API.  [default: the mock on this machine]"
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
    if host in ("0.0.0.0", "::", ""):  # listens everywhere, and so here
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
