"""Work that is cut into steps, so that whoever does it may do something else in between."""

from collections import deque
from collections.abc import Generator, Iterator
from typing import Generic, TypeVar

Result = TypeVar("Result")

Steps = Generator[None, None, Result]
"""Does a step each time it is asked for the next, and returns what they come to."""


class Work(Generic[Result]):
    """Steps to iterate over, and what they came to when all of them are done."""

    result: Result

    def __init__(self, steps: Steps[Result]) -> None:
        self._steps = steps

    def __iter__(self) -> Iterator[None]:
        self.result = yield from self._steps


def at_once(steps: Steps[Result]) -> Result:
    """Does steps without pauses, and returns what they come to."""
    work = Work(steps)
    deque(work, maxlen=0)
    return work.result
