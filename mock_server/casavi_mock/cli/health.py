"""`casavi-mock health`: asks a running mock. Light, since a container calls it every few seconds."""

import sys
import time
import urllib.error
import urllib.request

import click

from casavi_mock.cli.options import CONTEXT, Number, host_option, local_url, port_option

_TIMEOUT_SECONDS = 2.0
_PAUSE_SECONDS = 0.1


@click.command(context_settings=CONTEXT)
@host_option
@port_option
@click.option("--url", help="Address of the mock, in place of host and port.")
@click.option("--wait", "wait_seconds", type=Number(0), default=0, help="Wait so many seconds until it is ready.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing.")
def health(host: str, port: int, url: str | None, wait_seconds: float, quiet: bool) -> None:
    """Ask a running mock whether it is ready; exit code 0 or 1.

    \b
    Examples:
      casavi-mock health
      casavi-mock health --wait 30 && pytest
    """
    address = f"{(url or local_url(host, port)).rstrip('/')}/_mock/ready"
    deadline = time.monotonic() + wait_seconds
    while (problem := problem_at(address)) and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)
    if not quiet:
        click.echo(f"{address}: {problem or 'ready'}", err=bool(problem))
    sys.exit(1 if problem else 0)


def problem_at(address: str) -> str | None:
    """Returns why the mock is not ready, or None."""
    if not address.startswith(("http://", "https://")):
        return "not an http address"
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_SECONDS):  # noqa: S310  # the scheme was checked
            return None
    except urllib.error.HTTPError as error:
        return f"answered {error.code}"
    except OSError as error:
        return str(getattr(error, "reason", error))
