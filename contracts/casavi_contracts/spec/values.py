"""The values that were read in an answer: they tell what is not shown from what is missing."""

from collections.abc import Mapping
from typing import Any, Protocol

from casavi_contracts.spec.roles import OUTCOMES

_ENTITIES = ("contacts", "properties", "units", "responsibilities", "documents")


class Shown(Protocol):
    """Knows what a document shows of an answer."""

    def hides(self, root: str, path: tuple[str, ...]) -> bool:
        """Whether there is such a value, and neither it nor anything in it is shown."""

    def check(self, root: str, path: tuple[str, ...]) -> None:
        """Raises `NotShown` for a value that is not shown."""

    def items_of(self, root: str, path: tuple[str, ...]) -> str:
        """Returns the root of the items of a list; none if they are single values, or it is no list."""


class NotShown(Exception):
    """A value is asked for that the document does not show.

    Args:
        role: Which.
    """

    def __init__(self, role: str) -> None:
        super().__init__(f"the contract document shows no {role}")
        self.role = role


class Values(dict[str, Any]):
    """Values that were read; knows which of them are not shown.

    Args:
        values: Those that were.
        shape: Knows what is shown.
        root: What they are values of.
        path: Where they stand among those.
        strict: Whether `get` raises `NotShown` too for what is not shown; otherwise it is absent there.
    """

    def __init__(
        self, values: Mapping[str, Any], shape: Shown, root: str, path: tuple[str, ...], *, strict: bool
    ) -> None:
        super().__init__({name: _wrapped(value, shape, root, (*path, name), strict) for name, value in values.items()})
        self._about = shape, root, path
        self._strict = strict

    def get(self, name: str, default: Any = None) -> Any:
        """Returns a value, or the default where it is missing.

        Raises:
            NotShown: It is not shown, and the values are strict.
        """
        if self._strict and name not in self:
            shape, root, path = self._about
            shape.check(root, (*path, name))
        return super().get(name, default)

    def hides(self, path: tuple[str, ...]) -> bool:
        """Whether a value in it is one that the document does not show."""
        shape, root, here = self._about
        return shape.hides(root, (*here, *path))

    def __missing__(self, name: str) -> Any:
        shape, root, path = self._about
        shape.check(root, (*path, name))
        raise KeyError(name)


def _wrapped(value: Any, shape: Shown, root: str, path: tuple[str, ...], strict: bool) -> Any:
    if isinstance(value, dict):
        return Values(value, shape, root, path, strict=strict)
    if isinstance(value, list) and (items := shape.items_of(root, path)):
        return [Values(one, shape, items, (), strict=strict) if isinstance(one, dict) else one for one in value]
    return value


def hides(values: Any, *path: str) -> bool:
    """Whether a value is one that the document does not show."""
    return isinstance(values, Values) and values.hides(path)


def counts_of(job: Mapping[str, Any]) -> Mapping[str, Mapping[str, int]]:
    """Returns what became of the records of a job, by kind and outcome.

    Raises:
        NotShown: The document does not show all of it.
    """
    if not isinstance(job, Values):
        counts: Mapping[str, Mapping[str, int]] = job["counts"]
        return counts
    return {entity: {name: job["counts"][entity][name] for name in OUTCOMES} for entity in _ENTITIES}


def summed(job: Mapping[str, Any], outcome: str) -> int:
    """Returns how many records of a job came to an end.

    Args:
        job: Its values.
        outcome: `created`, `updated`, `unchanged` or `refused`.

    Raises:
        NotShown: The document does not show it.
    """
    if isinstance(job, Values):
        if not job.hides(("sums", outcome)):
            return int(job["sums"][outcome])
        return sum(int(job["counts"][entity][outcome]) for entity in _ENTITIES)
    return sum(outcomes[outcome] for outcomes in job["counts"].values())
