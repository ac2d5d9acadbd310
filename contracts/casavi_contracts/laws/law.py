"""What a law is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from hypothesis import settings
from hypothesis import strategies as st

from casavi_contracts.contract import VERSIONS, Contract
from casavi_contracts.exchange import Recorder
from casavi_contracts.target import Capability, Target
from casavi_contracts.trial import Trial

Check = Callable[[Trial, Any], None]
"""Judges one case: returns if the law holds, raises `casavi_contracts.failures.Broken` if not."""

Cases = Callable[[Contract], st.SearchStrategy[Any]]
"""Makes the cases of a law: JSON values, so that one can be written down and judged again."""


class Search(Protocol):
    """Looks for a case that breaks a law."""

    def __call__(
        self, target: Target, contract: Contract, judge: Callable[[Any], None], *, how: settings, seed: int
    ) -> None:
        """Judges cases, smaller ones after one that breaks the law.

        Args:
            target: The server under judgement.
            contract: The contract of one version.
            judge: Judges a case; raises `casavi_contracts.failures.Broken` if it breaks the law.
            how: How many cases are judged, and what of them is kept: nothing.
            seed: From which the cases follow.

        Raises:
            casavi_contracts.failures.Broken: As the smallest case raised it.
        """


def no_case(contract: Contract) -> st.SearchStrategy[Any]:
    """Returns the one case of laws that have nothing to vary."""
    return st.none()


@dataclass(frozen=True, slots=True)
class Law:
    """A promise of the API, and how it is judged."""

    name: str
    sentence: str
    """What is promised, in one sentence."""
    evidence: str
    """How sure it is that casavi promises it, in the words of the contract document; in a version whose operations are
    less sure it counts as less."""
    source: str
    """Section of the facts page."""
    check: Check = field(repr=False)
    assumption: str | None = None
    """The assumption that is refuted if it does not hold; every law that is `assumed` names one."""
    operations: tuple[str, ...] = ()
    """The `operationId`s it is about."""
    needs: tuple[Capability, ...] = ()
    cases: Cases = field(default=no_case, repr=False)
    examples: int = 10
    """Cases at the default depth."""
    each: Callable[[Contract], Iterable[Any]] | None = field(default=None, repr=False)
    """Makes a list of cases in place of `cases`; each of them is judged, at every depth."""
    versions: tuple[str, ...] = VERSIONS
    records: int = 0
    """How many records it creates, where those are so many that lists become long."""
    last: bool = False
    """Whether it judges what the other laws have seen, and so comes after them."""
    search: Search | None = field(default=None, repr=False)
    """Finds cases in place of `cases`, where they do not come from one strategy."""
    told: Callable[[Any], Iterable[str]] | None = field(default=None, repr=False)
    """Tells a case in lines for people, where JSON is hard to read."""
    listens: Callable[[Recorder, Contract], object] | None = field(default=None, repr=False)
    """Makes a law that comes last hear of everything; called before each law is judged, and then does nothing more."""

    alone: bool = False
    """Whether just one case is drawn; then it is not the simplest one, which says little."""

    def evidence_in(self, contract: Contract) -> str:
        """Returns the evidence in one version."""
        return contract.evidence_of(self.evidence, self.operations)


def law(name: str, sentence: str, **fields: Any) -> Callable[[Check], Law]:
    """Makes a law of the function that checks it.

    Args:
        name: As the law is called.
        sentence: What is promised.
        fields: Further fields of `Law`.
    """
    return lambda check: Law(name=name, sentence=sentence, check=check, **fields)
