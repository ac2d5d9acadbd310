"""Sets defects into the domain, at random and one at a time, and says how many the unit tests find: `make mutate`.

mutmut makes the mutants, picks the tests that reach each of them, runs them side by side and ends those that hang. It
can neither draw a sample nor be told which mutants do the same as the original; this module does.

mutmut changes the bodies of functions without a decorator. It leaves out properties, constants and the defaults of
dataclasses; for them there is branch coverage alone.
"""

import argparse
import contextlib
import io
import os
import random
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".mutmut_cache"
"""Where mutmut works; made anew each time, so that nothing that is left over from another run counts."""
LINKS = {
    "casavi_mock": "mock_server/casavi_mock",
    "tests": "tests",
    "benchmarks": "benchmarks",
    "pyproject.toml": "pyproject.toml",
}
"""mutmut takes the path of a module for its name, so the package must not stand in another folder, as it does here."""
FOUND = frozenset({"killed", "timeout", "segfault", "caught by type check"})
MISSED = frozenset({"survived", "no tests"})


@dataclass(frozen=True, slots=True)
class Change:
    """What a mutant changes, in words that stay the same when code around it changes."""

    function: str
    """Its name, that of its class before it."""
    was: str
    """The lines that go, without indentation and line breaks."""
    becomes: str
    """The lines that come."""
    module: str = field(default="", compare=False)
    """Where the function is now: a path inside the domain."""

    @classmethod
    def from_diff(cls, function: str, diff: str, module: str) -> "Change":
        """Returns the change that a unified diff shows."""
        lines = diff.partition("\n@@")[2].splitlines()
        was, becomes = (" ".join(line[1:].strip() for line in lines if line.startswith(mark)) for mark in "-+")
        return cls(function, was, becomes, module)

    def __str__(self) -> str:
        return f"{self.module}: {self.function}\n  - {self.was}\n  + {self.becomes}"


@dataclass(frozen=True, slots=True)
class Result:
    """How a sample fared."""

    killed: int
    survivors: tuple[Change, ...]
    equivalents: Mapping[Change, str]
    """Changes that no test can see, each with the reason."""

    @property
    def share(self) -> float:
        """Percentage of all mutants that were killed; equivalent ones count as survivors."""
        return 100 * self.killed / (self.killed + len(self.survivors))

    def __str__(self) -> str:
        known = sum(change in self.equivalents for change in self.survivors)
        shown = [f"{change}\n  = {self.equivalents.get(change, 'NOT YET LOOKED AT')}" for change in self.survivors]
        total = (
            f"{self.killed} of {self.killed + len(self.survivors)} mutants killed ({self.share:.1f} %), "
            f"{len(self.survivors)} survived, {known} of them equivalent"
        )
        return "\n".join([*shown, total])


def equivalents() -> dict[Change, str]:
    """Returns the mutants that are known to do the same as the original, each with the reason."""
    table = tomllib.loads(Path(__file__).with_name("equivalents.toml").read_text())
    return {Change(entry["function"], entry["was"], entry["becomes"]): entry["reason"] for entry in table["equivalent"]}


def make_mutants(workers: int) -> dict[str, str]:
    """Makes all mutants of the domain, and returns the path of the module for the name of each."""
    from mutmut.__main__ import create_mutants
    from mutmut.mutation.data import SourceFileMutationData
    from mutmut.utils.file_utils import copy_src_dir, walk_mutatable_files

    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    for link, target in LINKS.items():
        (FOLDER / link).symlink_to(ROOT / target)
    os.chdir(FOLDER)  # all of mutmut's paths are relative
    copy_src_dir()
    with contextlib.redirect_stdout(io.StringIO()):  # it shows the path of every module
        create_mutants(workers)
    found = {}
    for path in walk_mutatable_files():
        data = SourceFileMutationData(path=path)
        data.load()
        found |= dict.fromkeys(data.exit_code_by_key, str(path))
    return found


def drawn(names: Iterable[str], number: int, seed: int) -> list[str]:
    """Returns a random sample; it stays nearly the same when some of the mutants come or go."""
    return sorted(names, key=lambda name: random.Random(f"{seed} {name}").random())[:number]


def run(names: Iterable[str], workers: int) -> None:
    """Runs the unit tests for each of these mutants.

    Raises:
        SystemExit: mutmut gave up, as it does when the tests fail without any mutant.
    """
    command = [Path(sys.executable).with_name("mutmut"), "run", "--max-children", str(workers), *names]
    log = FOLDER / "mutmut.log"
    with log.open("w") as output:
        done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        said = f"all it said is in {log.relative_to(ROOT)}"
        raise SystemExit(f"{log.read_text()[-3000:]}\nmutmut ended with {done.returncode}; {said}")


def judge(names: Mapping[str, str]) -> Result:
    """Reads what became of these mutants.

    Raises:
        SystemExit: Nothing can be said of some of them.
    """
    from mutmut.mutation.data import SourceFileMutationData
    from mutmut.mutation.diff_apply import get_diff_for_mutant
    from mutmut.stats import status_by_exit_code
    from mutmut.utils.format_utils import orig_function_and_class_names_from_key

    codes: dict[str, int | None] = {}
    for path in sorted(set(names.values())):
        data = SourceFileMutationData(path=path)
        data.load()
        codes |= data.exit_code_by_key
    statuses = {name: status_by_exit_code[codes[name]] for name in names}
    unclear = [f"{name}: {status}" for name, status in statuses.items() if status not in FOUND | MISSED]
    if unclear:
        raise SystemExit("\n".join(["Nothing can be said of", *unclear]))
    survivors = []
    for name in sorted(name for name, status in statuses.items() if status in MISSED):
        function, owner = orig_function_and_class_names_from_key(name)
        module = names[name].removeprefix("casavi_mock/domain/")
        place = f"{owner}.{function}" if owner else function
        survivors.append(Change.from_diff(place, get_diff_for_mutant(name, path=names[name]), module))
    return Result(len(names) - len(survivors), tuple(survivors), equivalents())


def main() -> None:
    """Draws a sample, runs it and shows what survived; ends with 1 if too few mutants were killed."""
    parser = argparse.ArgumentParser(prog="make mutate", description=main.__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the sample: the same seed, the same mutants (1)")
    parser.add_argument("--mutants", type=int, default=300, help="how many (300)")
    parser.add_argument("--least", type=float, default=92, help="percentage that has to be killed (92)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="mutants at a time (one a core)")
    chosen = parser.parse_args()
    modules = make_mutants(chosen.workers)
    names = drawn(modules, chosen.mutants, chosen.seed)
    print(f"{len(names)} of {len(modules)} mutants, seed {chosen.seed}; this takes some minutes", flush=True)
    run(names, chosen.workers)
    result = judge({name: modules[name] for name in names})
    print(result)
    sys.exit(result.share < chosen.least)


if __name__ == "__main__":
    main()
