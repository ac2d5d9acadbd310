"""Tables: as wide as they need to be in files and pipes, and in a terminal without breaking what is an id."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

_GAP = 2
"""Columns between two columns of a table."""

_WIDEST = 1_000_000
"""Columns of what is no terminal."""


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

    Where a terminal is too narrow, texts are broken between words; a column whose words do not fit, such as an address,
    goes into lines below its row, where nothing is broken that somebody may want to copy.

    Args:
        columns: Their headings; without any heading that is not empty, the line of headings is left out.
        rows: A text for each column.
        whole: Columns that are not even broken between words, such as ids.
        right: Columns of numbers.
        empty: What is printed if there are no rows.
    """
    out = console()
    cells = [[value if isinstance(value, Text) else Text(value) for value in row] for row in rows]
    if not cells:
        out.print(empty)
        return
    natural = [max(len(name), *(row[place].cell_len for row in cells)) for place, name in enumerate(columns)]
    least = [
        natural[place] if name in {*whole} else max(len(name), *(_longest_word(row[place]) for row in cells))
        for place, name in enumerate(columns)
    ]
    kept, below = _placed(natural, least, out.width, [any(row[p].plain for row in cells) for p in range(len(columns))])
    widths = _widths([natural[place] for place in kept], [least[place] for place in kept], out.width)
    headings = [columns[place] for place in kept]
    justify = ["right" if columns[place] in {*right} else "left" for place in kept]
    groups = [[row] for row in cells] if below else [cells]
    for number, group in enumerate(groups):
        table = Table(pad_edge=False, box=None, show_header=any(headings) and number == 0)
        for heading, width, side in zip(headings, widths, justify, strict=True):
            table.add_column(heading, width=width, justify=side, overflow="fold")  # type: ignore[arg-type]  # a literal
        for row in group:
            table.add_row(*(row[place] for place in kept))
        out.print(table)
        for place in below:
            if group[0][place].plain:
                label = f"{columns[place]}: " if columns[place] else ""
                out.print(Text.assemble(f"  {label}", group[0][place]), soft_wrap=True)


def _longest_word(cell: Text) -> int:
    return max((cell_len(word) for word in cell.plain.split()), default=0)


def _placed(
    natural: Sequence[int], least: Sequence[int], width: int, used: Sequence[bool]
) -> tuple[list[int], list[int]]:
    """Returns which columns stand beside one another, and which below, so that nothing is broken.

    Args:
        natural: What the columns take unbroken.
        least: What they need at least.
        width: What there is.
        used: Whether anything stands in them; those without are left out when there is too little room.
    """
    kept = [*range(len(natural))]
    if sum(natural) + _GAP * (len(kept) - 1) <= width:
        return kept, []
    kept = [place for place in kept if used[place]] or kept[:1]
    below: list[int] = []
    while len(kept) > 1 and sum(least[place] for place in kept) + _GAP * (len(kept) - 1) > width:
        widest = max(kept, key=lambda place: least[place])
        kept.remove(widest)
        below.append(widest)
    return kept, sorted(below)


def _widths(natural: Sequence[int], least: Sequence[int], width: int) -> list[int]:
    """Returns how wide columns are: as they need, or what is left is shared by those that can be broken."""
    room = width - _GAP * (len(natural) - 1)
    widths = [*natural]
    while sum(widths) > room:
        place = max(range(len(widths)), key=lambda place: (widths[place] > least[place], widths[place]))
        if widths[place] <= least[place]:
            break
        widths[place] -= 1
    return widths
