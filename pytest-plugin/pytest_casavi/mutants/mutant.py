"""What a mutant is, and where those come from that are not in the catalogue."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Literal

from pytest_casavi.errors import offered
from pytest_casavi.mutants.exchange import Request, Response

Respond = Callable[[Request, Response], Response]
Ask = Callable[[Request], Request | Response]

GROUP = "casavi_mutants"
"""Entry points by which a distribution brings mutants of its own."""

HEALTHY = "healthy"
"""The name of the vendor that is right."""

Verdict = Literal["noticed", "tolerated", "unnoticed", "not reached"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A vendor that is wrong, or only unusual, in one way."""

    name: str
    says: str
    """What this vendor does, in a sentence."""
    legal: bool
    """Whether a correct client has to take it."""
    needs: str = "asks for something that it changes"
    """What a test does that meets it; completes `a test that …`."""
    ask: Ask | None = None
    """Changes a request before the mock sees it, or answers in its place."""
    respond: Respond | None = None
    """Changes the answer."""


def own(found: Iterable[Any]) -> list[Mutant]:
    """Returns the mutants that a project defines.

    Args:
        found: What its hooks return and its entry points name: functions `(request, response) -> response`, `Mutant`,
            or lists, tuples and dicts by name of them.

    Raises:
        pytest.UsageError: Something is none of these, or two have one name.
    """
    mutants = [mutant for thing in found for mutant in _each(thing, None)]
    names = [mutant.name for mutant in mutants]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise _usage_error(f"several mutants have the name {doubled[0]!r}")
    return mutants


def _each(thing: Any, name: str | None) -> Iterable[Mutant]:
    if isinstance(thing, Mutant):
        yield thing
    elif isinstance(thing, Mapping):
        for key, value in thing.items():
            yield from _each(value, str(key))
    elif isinstance(thing, list | tuple | set | frozenset):
        for value in thing:
            yield from _each(value, None)
    elif callable(thing):
        called = name or str(getattr(thing, "__name__", type(thing).__name__))
        says = (getattr(thing, "__doc__", None) or "").strip().partition("\n")[0] or "A mutant of this project."
        legal = bool(getattr(thing, "legal", False))
        yield Mutant(name=called.replace("_", "-"), says=says, legal=legal, respond=thing)
    elif thing is not None:
        raise _usage_error(
            f"a mutant is a function (request, response) -> response or a pytest_casavi.mutants.Mutant, got {thing!r}"
        )


def from_entry_points() -> list[Any]:
    """Returns what entry points of the group `casavi_mutants` name, by their names."""
    return [{entry.name: entry.load()} for entry in entry_points(group=GROUP)]


def chosen(wanted: str, known: Mapping[str, Mutant]) -> list[Mutant]:
    """Returns the mutants that an option names.

    Args:
        wanted: Names with commas, which may end in `*`; or `all`.
        known: All that there are.

    Raises:
        pytest.UsageError: There is none of such a name.
    """
    if wanted == "all":
        return list(known.values())
    names: dict[str, None] = {}
    for name in filter(None, wanted.replace(",", " ").split()):
        matching = [one for one in known if one == name or (name.endswith("*") and one.startswith(name[:-1]))]
        if not matching:
            raise _usage_error(f"--casavi-mutants: there is no mutant {name!r}. {offered(repr(name), tuple(known))}")
        names |= dict.fromkeys(matching)
    return [known[name] for name in names]


def _usage_error(text: str) -> Exception:
    """Returns an error of whoever runs the tests; the mock in a process of its own knows no pytest."""
    import pytest

    return pytest.UsageError(text)
