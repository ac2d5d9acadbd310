"""What the suite judges, one after the other."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Protocol

from casavi_contracts.contract import Contract
from casavi_contracts.failures import CouldNotRun
from casavi_contracts.laws import LAWS, Law
from casavi_contracts.report import Promise
from casavi_contracts.verdict import Verdict

if TYPE_CHECKING:
    from casavi_contracts.suite.bench import Bench


class Task(Protocol):
    """Something to judge in one version of the API."""

    @property
    def name(self) -> str:
        """As it is called by `--only`."""

    @property
    def version(self) -> str:
        """Of the API."""

    def promise(self, contract: Contract) -> Promise:
        """Returns what is promised, by the contract of its version."""

    def judge(self, bench: "Bench") -> Verdict:
        """Returns what came of it."""


@dataclass(frozen=True, slots=True)
class LawTask:
    """A law in one version."""

    law: Law
    version: str

    @property
    def name(self) -> str:
        """The law's."""
        return self.law.name

    def promise(self, contract: Contract) -> Promise:
        """Returns the law as the report shows it."""
        law = self.law
        group = law.check.__module__.rpartition(".")[2]
        evidence = law.evidence_in(contract)
        return Promise(law.name, self.version, law.sentence, evidence, group, law.source, law.assumption)

    def judge(self, bench: "Bench") -> Verdict:
        """Judges the law."""
        return bench.judge(self.version).judge(self.law)


def tasks(versions: Sequence[str], only: Sequence[str], max_examples: int | None) -> list[Task]:
    """Returns what is to be judged, in order: those laws last that judge what the others have seen.

    Args:
        versions: Versions of the API.
        only: Names or patterns; everything if empty.
        max_examples: Cases of each law that has something to vary; each law's own number if None.

    Raises:
        CouldNotRun: A name or a pattern fits nothing.
    """
    for pattern in only:
        if not any(fnmatchcase(law.name, pattern) for law in LAWS):
            raise CouldNotRun(_unknown(pattern))
    chosen = [law for law in LAWS if not only or any(fnmatchcase(law.name, pattern) for pattern in only)]
    return [
        LawTask(_deep(law, max_examples), version)
        for law in sorted(chosen, key=lambda law: law.last)
        for version in versions
    ]


def names() -> Iterator[str]:
    """Yields everything that `--only` can name."""
    yield from (law.name for law in LAWS)


def _deep(law: Law, max_examples: int | None) -> Law:
    return law if max_examples is None or law.examples == 1 else replace(law, examples=max_examples)


def _unknown(pattern: str) -> str:
    close = difflib.get_close_matches(pattern, list(names()), n=3)
    hint = f"did you mean {' or '.join(close)}?" if close else "casavi-mock check --list shows them all"
    return f"there is no law {pattern!r}; {hint}"
