"""`casavi-mock shards`: the configuration of an HAProxy in front of several servers."""

import base64
from importlib.resources import files
from typing import Any

import click

from casavi_mock.cli.access import SecretFile
from casavi_mock.cli.options import CONTEXT
from casavi_mock.cli.server_options import ControlToken
from casavi_mock.domain.model import Secret
from casavi_mock.domain.tokens import MARK

FILE = "shards.cfg"
"""The configuration, with names in double angle brackets for what is put in."""


class Servers(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions of click
    """Addresses of servers, with commas between."""

    name = "HOST:PORT,…"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Returns the addresses."""
        if isinstance(value, tuple):
            return value
        found = tuple(part.strip() for part in str(value).split(","))
        for address in found:
            host, _, port = address.rpartition(":")
            if not (host and host.isprintable() and not set(host) & set(" '\"\\/@") and port.isdecimal()):
                self.fail(f"{address}: give an address as HOST:PORT, such as mock-1:4227", param, ctx)
        if len(set(found)) < len(found):
            self.fail("an address stands there twice", param, ctx)
        return found


@click.command(context_settings=CONTEXT)
@click.option("--servers", type=Servers(), required=True, help="Addresses of the servers; their order counts.")
@click.option(
    "--shard-key-file",
    type=SecretFile(ControlToken(), single=True),
    required=True,
    envvar="CASAVI_MOCK_SHARD_KEY_FILE",
    help="File whose one line is the key of the shards.",
)
@click.option("--listen", default=":4227", show_default=True, metavar="HOST:PORT", help="Where HAProxy listens.")
def shards(servers: tuple[str, ...], shard_key_file: tuple[Secret, ...], listen: str) -> None:
    """Print the configuration of an HAProxy in front of several servers.

    Each account lives in one of them; every server is started with the same --shard-key-file.

    \b
    Examples:
      casavi-mock shards --servers mock-1:4227,mock-2:4227 --shard-key-file key.txt > haproxy.cfg
    """
    (shard_key,) = shard_key_file
    click.echo(configuration(servers, shard_key, listen), nl=False)


def configuration(servers: tuple[str, ...], shard_key: Secret, listen: str = ":4227") -> str:
    """Returns the configuration.

    Args:
        servers: Addresses of the servers; what an account is given to depends on their order.
        shard_key: The key of the shards.
        listen: Where HAProxy listens.
    """
    values = {
        "mark": str(MARK),
        "listen": listen,
        "key": base64.b64encode(shard_key.reveal().encode()).decode(),
        "lists": ", ".join(f"http://{address}/_mock/accounts" for address in servers),
        "servers": "\n".join(f"    server s{number} {address}" for number, address in enumerate(servers, 1)),
    }
    made = files("casavi_mock").joinpath(FILE).read_text()
    for name, value in values.items():
        made = made.replace(f"<<{name}>>", value)
    return made
