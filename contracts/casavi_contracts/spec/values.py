"""The values that were read in an answer: they tell what is not shown from what is missing."""

from collections.abc import Mapping
from typing import Any, Protocol

from casavi_contracts.spec.roles import OUTCOMES

_ENTITIES = ("contacts", "properties", "units", "responsibilities", "documents")


class Shown(Protocol):
    """Knows what a document shows of an answer."""

    def has(self, root: str, path: tuple[str, ...]) -> bool:
        """Whether a value, or something in it, is shown."""

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
    """Values that were read; knows which of them are not shown."""

    def __init__(self, values: Mapping[str, Any], shape: Shown, root: str, path: tuple[str, ...]) -> None:
        super().__init__({name: _wrapped(value, shape, root, (*path, name)) for name, value in values.items()})
        self._about = shape, root, path

    def hides(self, path: tuple[str, ...]) -> bool:
        """Whether a value in it is one that the document does not show."""
        shape, root, here = self._about
        return not shape.has(root, (*here, *path))

    def __missing__(self, name: str) -> Any:
        shape, root, path = self._about
        shape.check(root, (*path, name))
        raise KeyError(name)


def _wrapped(value: Any, shape: Shown, root: str, path: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return Values(value, shape, root, path)
    if isinstance(value, list) and (items := shape.items_of(root, path)):
        return [Values(one, shape, items, ()) if isinstance(one, dict) else one for one in value]
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
