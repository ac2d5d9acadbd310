"""What the mock takes from the system: time, pauses and randomness, bound once, when this module is loaded.

The mock may run in a thread of a process whose tests replace all of that. The pytest plugin loads this module when
pytest starts, before any test can. What is kept here are partial objects, since libraries that freeze the time replace
the functions that they know in every module; and the clock is asked by its number, since they replace those without.
"""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

monotonic: Callable[[], float] = (
    partial(time.clock_gettime, time.CLOCK_MONOTONIC)
    if hasattr(time, "CLOCK_MONOTONIC")
    else partial(time.monotonic)  # Windows has no other
)
"""Returns seconds that never go back, from an arbitrary moment on."""

sleep: Callable[[float], None] = partial(time.sleep)
"""Waits so many seconds."""

entropy: Callable[[int], bytes] = partial(os.urandom)
"""Returns so many bytes that nobody can guess."""

_BEGIN = datetime.fromtimestamp(time.time(), UTC), monotonic()


def steady_now() -> datetime:
    """Returns the time, aware, in UTC: that of the system when this was loaded, and what has passed since.

    It does not follow a system whose time is set, frozen or shifted.
    """
    moment, since = _BEGIN
    return moment + timedelta(seconds=monotonic() - since)
