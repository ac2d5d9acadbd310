"""`casavi-mock data`: sample portfolios and generated ones."""

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from casavi_mock.cli.options import CONTEXT, Suggesting
from casavi_mock.cli.server_options import samples
from casavi_mock.errors import ConfigurationError


@click.group(cls=Suggesting, context_settings=CONTEXT)
def data() -> None:
    """Sample portfolios, and generated ones of any size."""


@data.command(context_settings=CONTEXT)
@click.option("--properties", "-n", type=click.IntRange(0), default=10, show_default=True, help="How many properties.")
@click.option("--seed", "-s", type=int, default=1, show_default=True, help="The same seed gives the same bytes.")
@click.option("--output", "-o", type=click.Path(dir_okay=False, writable=True), help="File; standard output otherwise.")
def generate(properties: int, seed: int, output: str | None) -> None:
    """Generate an import document: German addresses and names, realistic proportions.

    A property has about 25 units and 50 contacts. Large documents are written piece by piece.

    \b
    Examples:
      casavi-mock data generate --properties 3
      casavi-mock data generate -n 400 --seed 7 --output portfolio.json
    """
    from casavi_fixtures.generator import generate as pieces

    _write(pieces(properties, seed), output)


@data.command("list", context_settings=CONTEXT)
def list_() -> None:
    """List the sample portfolios."""
    from casavi_fixtures import load_portfolio, portfolio_names

    for name in portfolio_names():
        sizes = ", ".join(f"{len(records)} {kind}" for kind, records in load_portfolio(name).items())
        click.echo(f"{name:24}{sizes}")


@data.command(context_settings=CONTEXT)
@click.argument("name", shell_complete=samples)
@click.option("--output", "-o", type=click.Path(dir_okay=False, writable=True), help="File; standard output otherwise.")
def show(name: str, output: str | None) -> None:
    """Print a sample portfolio.

    \b
    Examples:
      casavi-mock data show small-house
      casavi-mock data show documentation-example | casavi-mock import -
    """
    from casavi_fixtures import UnknownPortfolio, portfolio_bytes

    try:
        content = portfolio_bytes(name)
    except UnknownPortfolio as error:
        raise ConfigurationError(str(error)) from None
    _write([content], output)


def _write(pieces: Iterable[bytes], output: str | None) -> None:
    if output is None:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    try:
        with Path(output).open("wb") as file:
            file.writelines(pieces)
            size = file.tell()
        click.echo(f"casavi-mock: wrote {output}, {size:,} bytes", err=True)
    except OSError as error:
        raise ConfigurationError(f"cannot write {output}: {error.strerror}") from error
