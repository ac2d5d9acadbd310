"""What can go wrong when a test steers the mock.

CasaviError
├── CannotSteer    the mock refuses to do what a test asks of it
├── NothingThere   there is no job, record or request of the kind that was asked for
└── WaitTimeout    a job did not end
"""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

_ALL = 16
"""Names that are listed without a choice."""
_NEAREST = 3

_OTHERS = ("pytest_", "_pytest", "pluggy", "anyio", "contextlib")
"""Beginnings of the names of modules that are no test's: this plugin, pytest, and others that call fixtures."""


class CasaviError(Exception):
    """Root of all errors of this package."""


class CannotSteer(CasaviError, ValueError):
    """The mock refuses to do what a test asks of it; the text says why and what is possible.

    Args:
        what: Why, as a sentence.
        possible: What could be said instead, if that can be listed.
    """

    def __init__(self, what: str, possible: Sequence[str] = ()) -> None:
        super().__init__(f"{what} {offered(what, possible)}" if possible else what)


def offered(what: str, possible: Sequence[str]) -> str:
    """Returns a sentence that names what could be said instead: all of it, or, of very much, what is nearest.

    Args:
        what: A text that quotes what was said.
        possible: What could be said.
    """
    quoted = re.search(r"'([^']*)'", what)
    if len(possible) <= _ALL or quoted is None:
        return f"Possible: {', '.join(possible)}."
    near = get_close_matches(quoted[1], possible, _NEAREST, cutoff=0.4)
    if near:
        return f"Did you mean {' or '.join(map(repr, near))}? There are {len(possible) - len(near)} more."
    return f"Possible: {', '.join(possible[:_NEAREST])} and {len(possible) - _NEAREST} more."


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


def end_in_the_test(error: BaseException) -> bool:
    """Cuts the frames of the plugin off the end of a traceback, so that it, and a debugger, end where the test asked.

    Args:
        error: What was raised.

    Returns:
        Whether anything is left that is not the plugin's or pytest's.
    """
    trace, last, own = error.__traceback__, None, False
    while trace is not None:
        home = str(trace.tb_frame.f_globals.get("__name__", ""))
        if not home.startswith(_OTHERS):
            last, own = trace, True
        trace = trace.tb_next
    if last is not None:
        last.tb_next = None
    return own
