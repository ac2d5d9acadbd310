"""Work that is cut into steps, so that whoever does it may do something else in between."""

from collections.abc import Generator
from typing import TypeVar

Result = TypeVar("Result")

Steps = Generator[None, None, Result]
"""Does a step each time it is asked for the next, and returns what they come to."""


def at_once(steps: Steps[Result]) -> Result:
    """Does steps without pauses, and returns what they come to."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result
