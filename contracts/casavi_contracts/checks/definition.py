"""What a check is: a promise of the API, and how it is judged."""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Protocol

from hypothesis import settings
from hypothesis import strategies as st

from casavi_contracts.context import Context
from casavi_contracts.contract import VERSIONS, Contract
from casavi_contracts.http.exchange import Recorder
from casavi_contracts.http.target import Capability, Target

Body = Callable[[Context, Any], None]
"""Judges one case: returns if the check holds, raises `casavi_contracts.failures.Broken` if not."""

Cases = Callable[[Contract], st.SearchStrategy[Any]]
"""Makes the cases of a check: JSON values, so that one can be written down and judged again."""


class Search(Protocol):
    """Looks for a case that breaks a check."""

    def __call__(
        self, target: Target, contract: Contract, judge: Callable[[Any], None], *, how: settings, seed: int
    ) -> None:
        """Judges cases, smaller ones after one that breaks the check.

        Args:
            target: The server under judgement.
            contract: The contract of one version.
            judge: Judges a case; raises `casavi_contracts.failures.Broken` if it breaks the check.
            how: How many cases are judged, and what of them is kept: nothing.
            seed: From which the cases follow.

        Raises:
            casavi_contracts.failures.Broken: As the smallest case raised it.
        """


def no_case(contract: Contract) -> st.SearchStrategy[Any]:
    """Returns the one case of checks that have nothing to vary."""
    return st.none()


@dataclass(frozen=True, slots=True)
class Check:
    """A promise of the API, and how it is judged."""

    name: str
    sentence: str
    """What is promised, in one sentence."""
    evidence: str
    """How sure it is that casavi promises it, in the words of the contract document; in a version whose operations are
    less sure it counts as less."""
    source: str
    """Section of the facts page."""
    body: Body = field(repr=False)
    assumption: str | None = None
    """The assumption that is refuted if it does not hold; every check that is `assumed` names one."""
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
    """Whether it judges what the other checks have seen, and so comes after them."""
    search: Search | None = field(default=None, repr=False)
    """Finds cases in place of `cases`, where they do not come from one strategy."""
    told: Callable[[Any], Iterable[str]] | None = field(default=None, repr=False)
    """Tells a case in lines for people, where JSON is hard to read."""
    listens: Callable[[Recorder, Contract], object] | None = field(default=None, repr=False)
    """Makes a check that comes last hear of everything; called before each is judged, and then does nothing more."""

    alone: bool = False
    """Whether just one case is drawn; then it is not the simplest one, which says little."""
    subject: str = ""
    """What it is about, where several checks share one function: the name of that function, as `--only` takes it."""

    def evidence_in(self, contract: Contract) -> str:
        """Returns the evidence in one version."""
        return contract.evidence_of(self.evidence, self.operations)


def check(
    *,
    documented: str | None = None,
    client: str | None = None,
    third_party: str | None = None,
    inferred: str | None = None,
    assumed: str | None = None,
    source: str = "",
    assumption: str | None = None,
    **fields: Any,
) -> Callable[[Callable[..., None]], Check]:
    """Makes a check of a function: its name is the function's, the promise is the first paragraph of its docstring.

    Exactly one kind of evidence is given, with the section of the facts page, or whatever names the source; for
    `assumed` it is the name of the assumption, and the section is `source`. The function gets a `Context`, and a case
    if it takes a second argument.

    Args:
        documented: The vendor says so.
        client: A client of the vendor's API rests on it.
        third_party: Somebody else says so.
        inferred: It follows from what is known.
        assumed: It is a guess, with this name in the register.
        source: Section of the facts page for a guess.
        assumption: The guess that is refuted if it does not hold, where it is more than a guess itself.
        fields: Further fields of `Check`: `operations`, `needs`, `versions`, `cases` with `examples`, `each`.

    Raises:
        TypeError: The evidence is missing or given twice, or the function has no docstring.

    Example:
        >>> @check(inferred="5", needs=(Capability.WRITE,))
        ... def empty_import_creates_nothing(ctx):
        ...     \"\"\"An import of nothing creates nothing.\"\"\"
        ...     job = ctx.account.imported({"contacts": []})
        ...     ctx.expect(job["counts"]["contacts"]["created"] == 0, "no contact", "one")
        >>> empty_import_creates_nothing.name
        'empty-import-creates-nothing'
    """
    known = _evidence(
        documented=documented, client=client, third_party=third_party, inferred=inferred, assumed=assumed,
        source=source, assumption=assumption,
    )  # fmt: skip
    return lambda function: _made(function, **known, **fields)


def _evidence(*, source: str, assumption: str | None, **kinds: str | None) -> dict[str, str | None]:
    """Returns evidence, source and assumption of a check."""
    given = [(kind.replace("_", "-"), text) for kind, text in kinds.items() if text is not None]
    if len(given) != 1:
        raise TypeError(f"a check has exactly one kind of evidence: {', '.join(kinds)}")
    ((evidence, text),) = given
    guess = evidence == "assumed"
    return {"evidence": evidence, "source": source if guess else text, "assumption": text if guess else assumption}


@dataclass(frozen=True, slots=True)
class Row:
    """One of several checks that share a function."""

    name: str
    sentence: str
    given: Any
    """What the function gets for this row."""
    fields: Mapping[str, Any]


def row(name: str, sentence: str, given: Any, **fields: Any) -> Row:
    """Returns a row of `checks`.

    Args:
        name: The check's own, as reports and `--only` call it.
        sentence: What is promised, in one sentence.
        given: What the function gets for this row, after the context.
        fields: As for `check`; they count before those that all rows share.
    """
    return Row(name, sentence, given, fields)


def checks(*rows: Row, **shared: Any) -> Callable[[Callable[..., None]], tuple[Check, ...]]:
    """Makes several checks of one function, each with a name, a sentence, evidence and cases of its own.

    The function gets a `Context` and what the row gives; a case if it takes a third argument, and the check itself if
    it takes a fourth. Its own name is the subject, by which `--only` chooses all of its rows.

    Args:
        rows: The checks.
        shared: What they have in common, as for `check`.
    """

    def made(function: Callable[..., None]) -> tuple[Check, ...]:
        subject = function.__name__.replace("_", "-")
        return tuple(_of_row(one, function, subject, {**shared, **one.fields}) for one in rows)

    return made


def _of_row(one: Row, function: Callable[..., None], subject: str, fields: dict[str, Any]) -> Check:
    further = len(inspect.signature(function).parameters) - _OF_A_ROW

    @functools.wraps(function)
    def body(ctx: Context, case: Any) -> None:
        function(ctx, one.given, *(case, made)[:further])

    kinds = {kind: fields.pop(kind, None) for kind in _KINDS}
    known = _evidence(source=fields.pop("source", ""), assumption=fields.pop("assumption", None), **kinds)
    made = Check(name=one.name, sentence=one.sentence, body=body, subject=subject, **known, **fields)  # type: ignore[arg-type]
    return made


_KINDS = ("documented", "client", "third_party", "inferred", "assumed")
_OF_A_ROW = 2
"""Arguments that the function of several checks takes at least."""


def _made(function: Callable[..., None], **fields: Any) -> Check:
    sentence = " ".join((function.__doc__ or "").partition("\n\n")[0].split())
    if not sentence:
        raise TypeError(f"{function.__name__} has no docstring that says what is promised")
    name = function.__name__.replace("_", "-")
    return Check(name=name, sentence=sentence, body=_with_case(function), **fields)


def _with_case(function: Callable[..., None]) -> Body:
    if len(inspect.signature(function).parameters) > 1:
        return function

    @functools.wraps(function)
    def without(ctx: Context, case: Any) -> None:
        function(ctx)

    return without


def checks_of(module: ModuleType) -> tuple[Check, ...]:
    """Returns every check that a module defines, in the order in which they stand there."""
    made = (value if isinstance(value, tuple) else (value,) for value in vars(module).values())
    return tuple(
        one for several in made for one in several
        if isinstance(one, Check) and one.body.__module__ == module.__name__
    )  # fmt: skip
