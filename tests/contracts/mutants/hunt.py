"""Judges mutants by all laws and says which of them no law finds: `python -m tests.contracts.mutants.hunt --help`."""

import argparse
import json
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from casavi_contracts.laws import LAWS, Law
from tests.contracts.mutants.judging import healthy, kills
from tests.contracts.mutants.mutant import Mutant
from tests.contracts.mutants.register import MUTANTS
from tests.contracts.mutants.sweep import swept, swept_imports


def main() -> int:
    """Hunts, writes what was found as JSON lines, and returns 1 if a mutant was not found."""
    options = _parser().parse_args()
    logging.disable(logging.CRITICAL)
    known = [*swept(), *swept_imports()] if options.sweep else MUTANTS
    chosen = [m for m in known if any(text in m.name for text in options.mutants or [""]) and not m.sockets]
    survivors = 0
    say = sys.stdout.write
    with options.output.open("a") as output:
        for mutant in chosen:
            for seed in options.seeds:
                for line in hunt(mutant, seed, options):
                    output.write(json.dumps(line) + "\n")
                    output.flush()
                    if not line["found"]:
                        survivors += 1
                        say(
                            f"{mutant.name} {line['version']} seed {seed}: not found, in {line['seconds']:.1f} s" + "\n"
                        )
    say(f"{survivors} survivors among {len(chosen)} mutants\n")
    return 1 if survivors else 0


def hunt(mutant: Mutant, seed: int, options: argparse.Namespace) -> Iterator[dict[str, object]]:
    """Yields what came of a mutant in each version that is wrong."""
    app = healthy(options.mode, options.polls)
    for version in mutant.versions:
        started = time.perf_counter()
        laws = _ordered(mutant, options.laws)
        found = kills(app, mutant.make(), laws, version, seed=seed, first=not options.all)
        strong = [kill for kill in found if kill.strong]
        yield {
            "mutant": mutant.name,
            "version": version,
            "seed": seed,
            "found": bool(strong),
            "seconds": time.perf_counter() - started,
            "kills": [asdict(kill) for kill in (found if options.all else strong or found)],
        }


def _ordered(mutant: Mutant, wanted: Sequence[str]) -> list[Law]:
    """The law that has to find it first, those that judge what the others have seen last."""
    laws = [law for law in LAWS if not wanted or law.name in wanted]
    return sorted(laws, key=lambda law: (law.last, law.name != mutant.law))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hunt", description=__doc__)
    parser.add_argument("mutants", nargs="*", help="parts of their names; all if none")
    parser.add_argument("--sweep", action="store_true", help="mutants made from the contract in place of those by hand")
    parser.add_argument("--laws", nargs="*", default=[], help="their names; all if none")
    parser.add_argument("--seeds", nargs="*", type=int, default=[0])
    parser.add_argument("--all", action="store_true", help="go on after the first law that finds a mutant")
    parser.add_argument("--mode", default="time", choices=("immediate", "time", "manual"))
    parser.add_argument("--polls", type=int, default=1, help="looks until a job moves on, in mode manual")
    parser.add_argument("--output", type=Path, default=Path("hunt.jsonl"))
    return parser


if __name__ == "__main__":
    sys.exit(main())
