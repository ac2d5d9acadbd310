"""Judges mutants by groups of checks, and compares two such runs: `python -m tests.contracts.mutants.matrix --help`.

A change of the form of checks must lose no kill. Every mutant is judged by all checks that stand in the module of the
check that has to find it, and the file says which of them find it. A second run judges the same pairs.
"""

import argparse
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

from casavi_contracts.checks import CHECKS, Check
from casavi_contracts.failures import BudgetSpent, CouldNotRun
from tests.contracts.mutants.finding import judged_by
from tests.contracts.mutants.judging import BY_NAME, FAILING
from tests.contracts.mutants.mutant import Mutant
from tests.contracts.mutants.register import MUTANTS

Matrix = dict[str, dict[str, list[str]]]
"""By mutant and version, as `mutant version`, the names of the checks that find it and of those that do not."""

FOUND, MISSED = "found", "missed"


def group(check: Check) -> list[Check]:
    """Returns the checks that stand in the same module; one that looks at all answers stands alone."""
    if check.last:
        return [check]
    return [one for one in CHECKS if one.body.__module__ == check.body.__module__ and not one.last]


def checks_for(mutant: Mutant, version: str, like: Matrix | None) -> list[Check]:
    """Returns the checks by which a mutant is judged: those of an earlier run, or of the group of its own check."""
    if like is None:
        return [check for check in group(BY_NAME[mutant.check]) if version in check.versions]
    row = like.get(f"{mutant.name} {version}", {FOUND: [], MISSED: []})
    return [BY_NAME[name] for name in (*row[FOUND], *row[MISSED]) if name in BY_NAME]


def matrix(mutants: list[Mutant], like: Matrix | None = None) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """Yields the rows of a matrix.

    Args:
        mutants: Whatever is judged.
        like: An earlier matrix, whose pairs are judged again.
    """
    for mutant in mutants:
        for version in mutant.versions:
            row: dict[str, list[str]] = {FOUND: [], MISSED: []}
            for check in checks_for(mutant, version, like):
                row[FOUND if _found(mutant, check, version) else MISSED].append(check.name)
            yield f"{mutant.name} {version}", row


def lost(before: Matrix, after: Matrix) -> list[str]:
    """Returns the kills of one matrix that another one lacks, as `mutant version check`."""
    return [
        f"{name} {check}"
        for name, row in before.items()
        for check in row[FOUND]
        if check not in after.get(name, {FOUND: []})[FOUND]
    ]


def _found(mutant: Mutant, check: Check, version: str) -> bool:
    try:
        return judged_by(mutant, check, version).outcome in FAILING
    except (CouldNotRun, BudgetSpent, RuntimeError):  # some mutants cannot stand what other checks send
        return False


def main() -> int:
    """Judges or compares; returns 1 if the second matrix lacks a kill of the first."""
    options = _parser().parse_args()
    if options.compare:
        before, after = (json.loads(path.read_text()) for path in options.compare)
        gone, new = lost(before, after), lost(after, before)
        sys.stdout.writelines(f"lost: {line}\n" for line in gone)
        kills = sum(len(row[FOUND]) for row in before.values())
        sys.stdout.write(f"{len(gone)} of {kills} kills are lost, {len(new)} are new\n")
        return 1 if gone else 0
    logging.disable(logging.CRITICAL)
    like = json.loads(options.like.read_text()) if options.like else None
    known = [mutant for mutant in MUTANTS if not mutant.sockets and mutant.check in (options.checks or BY_NAME)]
    rows = dict(matrix(known[options.part :: options.parts], like))
    lines = (f"{json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items())
    options.output.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="matrix", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("matrix.json"))
    parser.add_argument("--like", type=Path, help="an earlier matrix, whose pairs are judged again")
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("BEFORE", "AFTER"), help="judge nothing, compare")
    parser.add_argument("--checks", nargs="*", help="judge only the mutants that these checks have to find")
    parser.add_argument("--part", type=int, default=0)
    parser.add_argument("--parts", type=int, default=1, help="judge only every so many-th mutant, from the part on")
    return parser


if __name__ == "__main__":
    sys.exit(main())
