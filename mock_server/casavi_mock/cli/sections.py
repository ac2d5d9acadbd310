"""Help in sections: what one needs first, and bounds only when somebody asks for them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

_ALL = "casavi_mock.cli.sections.all"


class Sectioned(click.Command):
    """A command whose options stand in sections.

    Args:
        sections: Names of parameters by the title of their section; what is in none stands at the end.
        apart: Titles of those that are shown by `--help-limits` alone.
        settings: As for `click.Command`.
    """

    def __init__(
        self, *words: Any, sections: Mapping[str, Sequence[str]], apart: Sequence[str] = (), **settings: Any
    ) -> None:
        super().__init__(*words, **settings)
        self._sections = sections
        self._apart = frozenset(apart)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the options, section by section."""
        records = {p.name: record for p in self.get_params(ctx) if (record := p.get_help_record(ctx))}
        left = dict(records)
        chosen = self._apart if ctx.meta.get(_ALL) else self._sections.keys() - self._apart
        for title, names in self._sections.items():
            rows = [left.pop(name) for name in names if name in left]
            if rows and title in chosen:
                with formatter.section(title):
                    formatter.write_dl(rows)
        if left and not ctx.meta.get(_ALL):
            with formatter.section("Help"):
                formatter.write_dl([*left.values()])


def help_limits_option() -> Callable[..., Any]:
    """Returns the option that shows the sections that are apart."""

    def show(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            ctx.meta[_ALL] = True
            click.echo(ctx.get_help())
            ctx.exit()

    return click.option(
        "--help-limits", is_flag=True, is_eager=True, expose_value=False, callback=show,
        help="Show the bounds on what clients can make grow, and end.",
    )  # fmt: skip
