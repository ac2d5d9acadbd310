"""What can go wrong when a test steers the mock.

CasaviError
├── CannotSteer    the mock refuses to do what a test asks of it
├── NothingThere   there is no job, record or request of the kind that was asked for
└── WaitTimeout    a job did not end
"""

from collections.abc import Sequence
from typing import Any


class CasaviError(Exception):
    """Root of all errors of this package."""


class CannotSteer(CasaviError, ValueError):
    """The mock refuses to do what a test asks of it; the text says why and what is possible.

    Args:
        what: Why, as a sentence.
        possible: What could be said instead, if that can be listed.
    """

    def __init__(self, what: str, possible: Sequence[str] = ()) -> None:
        super().__init__(f"{what} Possible: {', '.join(possible)}." if possible else what)


class NothingThere(CasaviError, LookupError):
    """There is nothing of the kind that was asked for; the text says what there is."""


class WaitTimeout(CasaviError, TimeoutError):
    """A job did not end; the text shows the queue."""


def told(excinfo: Any) -> bool:
    """Whether an exception tells a test what is wrong, so that a traceback may end where the test asked for it.

    Modules in which such exceptions are raised name it `__tracebackhide__`, as pytest wants it.

    Args:
        excinfo: The exception as pytest keeps it.
    """
    return isinstance(excinfo.value, CasaviError | AssertionError | TypeError)
