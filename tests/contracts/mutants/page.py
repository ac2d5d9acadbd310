"""Makes the tables of the checks and of the mutants.

python -m tests.contracts.mutants.page                        # docs/reference/checks.md
python -m tests.contracts.mutants.page --mutants mutants.md   # every mutant, judged: which check finds it, and when
"""

import argparse
import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from casavi_contracts.checks import CHECKS, Check
from casavi_contracts.contract import VERSIONS
from tests.contracts.mutants.finding import examples
from tests.contracts.mutants.mutant import Mutant
from tests.contracts.mutants.register import FAMILIES
from tests.support.kit import contract

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "checks.md"

Found = Callable[[Mutant], Mapping[str, int]]
"""Returns how many examples it took to find a mutant, by version."""


def checks_table() -> str:
    """Returns the table of all checks, by what they are about."""
    return "\n\n".join(
        f"### {title}\n\n{_table(_CHECK_HEAD, map(_check_row, checks))}" for title, checks in _groups().items()
    )


def mutants_table(found: Found) -> str:
    """Returns the table of all mutants, by what they are wrong about.

    Args:
        found: How many examples it took.
    """
    return "\n\n".join(
        f"### {title}\n\n{_table(_MUTANT_HEAD, (_mutant_row(one, found(one)) for one in family))}"
        for title, family in FAMILIES.items()
    )


def replaced(page: str, name: str, content: str) -> str:
    """Returns a page with another generated part.

    Args:
        page: The page.
        name: Of the part, as its marks name it.
        content: What stands between the marks.

    Raises:
        ValueError: The page has no such part.
    """
    begin, end = f"<!-- {name}: made by make docs -->", f"<!-- end of {name} -->"
    changed, times = re.subn(
        f"(?s)({re.escape(begin)}\n).*?({re.escape(end)})", lambda found: f"{found[1]}\n{content}\n\n{found[2]}", page
    )
    if times != 1:
        raise ValueError(f"the page has {times} parts called {name}, not one")
    return changed


def part(page: str, name: str) -> str:
    """Returns what a page has in a generated part."""
    return page.partition(f"<!-- {name}: made by make docs -->\n")[2].partition(f"<!-- end of {name} -->")[0].strip()


def _groups() -> dict[str, list[Check]]:
    groups: dict[str, list[Check]] = {}
    for check in CHECKS:
        title = (
            (sys.modules[check.body.__module__].__doc__ or "").splitlines()[0].rstrip(".").removeprefix("Checks about ")
        )
        groups.setdefault(title[:1].upper() + title[1:], []).append(check)
    return groups


_CHECK_HEAD = ("check", "what is promised", "v1", "v2", "source", "assumption", "needs")
_MUTANT_HEAD = ("mutant", "what it does wrong", "found by", "examples")


def _check_row(check: Check) -> Iterator[str]:
    yield f"`{check.name}`" + (f" of `{check.subject}`" if check.subject else "")
    yield check.sentence
    for version in VERSIONS:
        there = version in check.versions and set(check.operations) <= set(contract(version).operations)
        yield check.evidence_in(contract(version)) if there else ""
    yield check.source
    yield f"`{check.assumption}`" if check.assumption else ""
    yield ", ".join(check.needs)


def _mutant_row(mutant: Mutant, found: Mapping[str, int]) -> Iterator[str]:
    yield f"`{mutant.name}`"
    yield mutant.sentence
    yield f"`{mutant.check}`"
    yield ", ".join(f"{version} {number}" for version, number in found.items())


def _table(head: tuple[str, ...], rows: Iterable[Iterator[str]]) -> str:
    lines = [_line(iter(head)), _line(iter(["---"] * len(head)))]
    return "\n".join([*lines, *map(_line, rows)])


def _line(cells: Iterator[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main(arguments: list[str] | None = None) -> None:
    """Writes the page, or the file that is asked for."""
    parser = argparse.ArgumentParser(description="Makes the tables of the checks and of the mutants.")
    parser.add_argument("--mutants", type=Path, metavar="FILE", help="write every mutant into this file instead")
    file = parser.parse_args(arguments).mutants
    if file is None:
        PAGE.write_text(replaced(PAGE.read_text(), "checks", checks_table()))
        return
    logging.disable(logging.CRITICAL)  # what the servers refuse is what is wanted here
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"# Mutants of the kit\n\n{mutants_table(examples)}\n")


if __name__ == "__main__":
    main()
