"""Tables: as wide as they need to be in files and pipes, and in a terminal without breaking what is an id."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDEST = 1_000_000
"""Columns of what is no terminal."""

_LEAST = 12
"""Columns below which a text of several words cannot be read."""


def console() -> Console:
    """Returns standard output; a terminal has its width, anything else has room for every line."""
    out = Console(highlight=False, markup=False, emoji=False)
    if not out.is_terminal:
        out.width = _WIDEST
    return out


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str | Text]],
    *,
    whole: Iterable[str] = (),
    right: Iterable[str] = (),
    empty: str = "",
) -> None:
    """Prints rows below their columns.

    Where a terminal is too narrow even when all other columns are broken, each row becomes a paragraph.

    Args:
        columns: Their headings; without any heading that is not empty, the line of headings is left out.
        rows: A text for each column.
        whole: Columns that are useless when they are broken, such as ids.
        right: Columns of numbers.
        empty: What is printed if there are no rows.
    """
    out = console()
    table = Table(*columns, pad_edge=False, box=None, show_header=any(columns))
    for column in table.columns:
        column.no_wrap = column.header in {*whole}
        column.justify = "right" if column.header in {*right} else "left"
    cells = [[value if isinstance(value, Text) else Text(value) for value in row] for row in rows]
    for row in cells:
        for cell in row:
            cell.overflow = "fold"
        table.add_row(*row)
    if not cells:
        out.print(empty)
    elif _least(columns, cells, {*whole}) <= out.width:
        out.print(table)
    else:
        _print_paragraphs(out, columns, cells)


def _least(columns: Sequence[str], cells: Sequence[Sequence[Text]], whole: set[str]) -> int:
    """Returns the columns of a terminal that a table needs, so that nothing is broken that has to stay whole."""
    needed = len(columns) - 1  # the gaps
    for place, name in enumerate(columns):
        longest = max(len(name), *(row[place].cell_len for row in cells))
        needed += longest if name in whole else min(longest, _LEAST)
    return needed


def _print_paragraphs(out: Console, columns: Sequence[str], cells: Sequence[Sequence[Text]]) -> None:
    for number, row in enumerate(cells):
        if number:
            out.print()
        for name, cell in zip(columns, row, strict=True):
            if cell.plain:
                line = Text.assemble(f"{name}: " if name else "", cell)
                out.print(line, soft_wrap=True)
