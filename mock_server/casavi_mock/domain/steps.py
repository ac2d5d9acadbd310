"""Long work cut into short steps: a generator that yields after each step and returns the result at its end."""

from collections import deque
from collections.abc import Generator, Iterator
from typing import Generic, TypeVar

Result = TypeVar("Result")

Steps = Generator[None, None, Result]
"""A generator: each `next` does one step; what it returns is the result of all of them."""


class Work(Generic[Result]):
    """Steps as an iterator that keeps their result.

    Args:
        steps: The work.
    """

    result: Result
    """Set when the iteration has ended."""

    def __init__(self, steps: Steps[Result]) -> None:
        self._steps = steps

    def __iter__(self) -> Iterator[None]:
        self.result = yield from self._steps


def at_once(steps: Steps[Result]) -> Result:
    """Runs all steps without a pause and returns their result."""
    work = Work(steps)
    deque(work, maxlen=0)
    return work.result
