"""`casavi-mock health`: asks a running mock. Light, since a container calls it every few seconds."""

import json
import sys
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from queue import Empty, SimpleQueue
from threading import Thread

import click

from casavi_contracts.http.network import UnusableVariable, proxy_for, trusted
from casavi_mock.cli.options import CONTEXT, Number, Plain, local_url, server_options
from casavi_mock.cli.profiles import server_profile_option
from casavi_mock.domain.journal import printable

_TIMEOUT_SECONDS = 2.0
_PAUSE_SECONDS = 0.1
_MOST_BYTES = 10_000
"""Of an answer; that of a mock has fewer than a hundred."""


@click.command(context_settings=CONTEXT)
@server_profile_option
@server_options[0]
@server_options[1]
@click.option("--url", cls=Plain, help="Address of the mock, in place of host and port.")
@click.option(
    "--wait", "wait_seconds", type=Number(0), default=0, help="Wait up to this many seconds until it is ready."
)
@click.option("--quiet", "-q", is_flag=True, help="Print nothing.")
def health(profile: object, host: str, port: int, url: str | None, wait_seconds: float, quiet: bool) -> None:
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
        click.echo(printable(f"{address}: {problem or 'ready'}"), err=bool(problem))
    sys.exit(1 if problem else 0)


def problem_at(address: str) -> str | None:
    """Returns why the mock is not ready, or None."""
    if not address.startswith(("http://", "https://")):
        return "not an http address"
    # A server may answer bit by bit for ever, and the library's time is for each bit.
    came: SimpleQueue[str | None] = SimpleQueue()
    Thread(target=lambda: came.put(_asked(address)), daemon=True).start()
    try:
        return came.get(timeout=2 * _TIMEOUT_SECONDS)
    except Empty:
        return "no whole answer in time"


def _asked(address: str) -> str | None:
    try:
        with _opener(address).open(address, timeout=_TIMEOUT_SECONDS) as answer:
            return None if _says_ready(answer.read(_MOST_BYTES)) else "it is no mock that answers"
    except urllib.error.HTTPError as error:
        return f"answered {error.code}"
    except UnusableVariable as error:
        return str(error)
    except (OSError, HTTPException, ValueError) as error:
        return str(getattr(error, "reason", error)) or type(error).__name__


def _says_ready(body: bytes) -> bool:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and said.get("status") == "ready"


def _opener(address: str) -> urllib.request.OpenerDirector:
    """Returns what sends a request to an address, by the proxy that leads there.

    Raises:
        UnusableVariable: The environment does not say how.
    """
    scheme, proxy = address.partition(":")[0], proxy_for(address)
    if proxy and proxy.startswith("socks"):
        raise UnusableVariable("the proxy of the environment is one for SOCKS, which this command does not speak")
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({scheme: proxy} if proxy else {})]
    if scheme == "https":
        handlers.append(urllib.request.HTTPSHandler(context=trusted(address)))
    return urllib.request.build_opener(*handlers)
