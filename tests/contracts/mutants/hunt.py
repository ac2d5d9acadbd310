"""Judges mutants by all checks and says which of them no check finds: `python -m tests.contracts.mutants.hunt --help`."""

import argparse
import json
import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from casavi_contracts.checks import CHECKS, Check
from tests.contracts.mutants.judging import healthy, kills
from tests.contracts.mutants.mutant import Mutant
from tests.contracts.mutants.register import MUTANTS
from tests.contracts.mutants.sweeping import in_likely_order, remember, remembered, survivors, sweep
from tests.support.server import Mock

Line = dict[str, Any]


class Hunter:
    """Judges mutants one after the other; checks that found the latest ones, or like ones of the sweep, come first.

    Args:
        mock: The healthy server.
        checks: Which are judged.
        every: Whether all checks are judged, also when one has found the mutant.
    """

    def __init__(self, mock: Mock, checks: Sequence[Check], *, every: bool) -> None:
        self._mock = mock
        self._checks = list(checks)
        self._every = every
        self.memory = remembered()
        """The check that finds each mutant of the sweep."""

    def hunt(self, mutant: Mutant, version: str, seed: int) -> Line:
        """Returns what came of a mutant in a version."""
        started = time.perf_counter()
        checks = self._in_order(mutant)
        found = kills(self._mock, mutant.make(), checks, version, seed=seed, first=not self._every)
        strong = [kill for kill in found if kill.strong]
        if strong:
            self._checks.sort(key=lambda check: check.name != strong[0].check)
        if not mutant.check and not self._every:
            self.memory.pop(mutant.name, None)
            if strong:
                self.memory[mutant.name] = strong[0].check
        return {
            "mutant": mutant.name,
            "version": version,
            "seed": seed,
            "found": bool(strong),
            "seconds": round(time.perf_counter() - started, 3),
            "kills": [asdict(kill) for kill in (found if self._every else strong or found)],
        }

    def _in_order(self, mutant: Mutant) -> list[Check]:
        if mutant.check:
            return sorted(self._checks, key=lambda check: (check.last, check.name != mutant.check))
        return [check for check in in_likely_order(mutant, self.memory) if check in self._checks]


def main() -> int:
    """Hunts, writes what was found as JSON lines, and returns 1 if a mutant was not found."""
    options = _parser().parse_args()
    logging.disable(logging.CRITICAL)
    checks = [check for check in CHECKS if not options.checks or check.name in options.checks]
    hunter = Hunter(healthy(options.progress, options.polls), checks, every=options.all)
    lines = []
    with options.output.open("a") as output:
        for mutant, version in _chosen(options):
            for seed in options.seeds:
                lines.append(hunter.hunt(mutant, version, seed))
                output.write(json.dumps(lines[-1]) + "\n")
                output.flush()
                if not lines[-1]["found"]:
                    sys.stdout.write(f"{mutant.name} {version} seed {seed}: not found in {lines[-1]['seconds']} s\n")
    if options.remember:
        remember(hunter.memory)
    missed = sum(not line["found"] for line in lines)
    sys.stdout.write(f"{missed} of {len(lines)} not found\n")
    return 1 if missed else 0


def _chosen(options: argparse.Namespace) -> list[tuple[Mutant, str]]:
    known: list[Mutant] = [*sweep().values()] if options.sweep else [*MUTANTS]
    if options.sweep and not options.survivors:
        listed = {mutant.name for mutant in survivors()}
        known = [mutant for mutant in known if mutant.name not in listed]
    named = [m for m in known if any(text in m.name for text in options.mutants or [""]) and not m.sockets]
    chosen = [(mutant, version) for mutant in named for version in mutant.versions]
    if options.missed_in:
        before = [json.loads(line) for line in options.missed_in.read_text().splitlines()]
        found = {(line["mutant"], line["version"]) for line in before if line["found"]}
        chosen = [(mutant, version) for mutant, version in chosen if (mutant.name, version) not in found]
    return chosen[options.part :: options.parts]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hunt", description=__doc__)
    parser.add_argument("mutants", nargs="*", help="parts of their names; all if none")
    parser.add_argument("--sweep", action="store_true", help="mutants made from the contract in place of those by hand")
    parser.add_argument("--survivors", action="store_true", help="with --sweep: also those listed as found by no check")
    parser.add_argument("--remember", action="store_true", help="with --sweep: write the list of checks that find them")
    parser.add_argument("--missed-in", type=Path, help="only those that were not found according to this output")
    parser.add_argument("--checks", nargs="*", default=[], help="their names; all if none")
    parser.add_argument("--seeds", nargs="*", type=int, default=[0])
    parser.add_argument("--all", action="store_true", help="go on after the first check that finds a mutant")
    parser.add_argument("--progress", default="time", choices=("immediate", "time", "manual"))
    parser.add_argument("--polls", type=int, default=1, help="looks until a job moves on, under progress manual")
    parser.add_argument("--part", type=int, default=0)
    parser.add_argument("--parts", type=int, default=1, help="judge only every so many-th, from the part on")
    parser.add_argument("--output", type=Path, default=Path("hunt.jsonl"))
    return parser


if __name__ == "__main__":
    sys.exit(main())
