"""How fast a run may send, and how long it waits when it is asked to."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from casavi_contracts.failures import CouldNotRun

MAX_PAUSE = 120.0
"""Seconds that a run waits at most because it was asked to; for longer ones it ends."""

FIRST_PAUSE = 1.0
"""Seconds to wait when the server says that it is too much, but not for how long; doubled each time."""


class TooMuchPatience(CouldNotRun):
    """The server wants to be left alone for longer than a run waits."""


class Pace:
    """Lets requests through one by one, not faster than so many in a second.

    Args:
        rate: Requests in a second; None for as fast as they come.
        clock: Returns seconds that only go forward.
        sleep: Waits for so many seconds.
    """

    def __init__(self, rate: float | None, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._interval = 1 / rate if rate else 0.0
        self._clock = clock
        self._sleep = sleep
        self._next = -math.inf
        self.waited = 0.0
        """Seconds that requests waited."""
        self.pauses = 0
        """How often the server asked to wait."""

    def keep(self) -> None:
        """Waits until the next request may be sent."""
        if self._interval:
            now = self._clock()
            self._wait(self._next - now)
            self._next = max(now, self._next) + self._interval

    def pause(self, seconds: float) -> None:
        """Waits because the server asked for it.

        Raises:
            TooMuchPatience: It asked for too long.
        """
        if seconds > MAX_PAUSE:
            raise TooMuchPatience(
                f"the server asks to wait {seconds:,.0f} s (429 with Retry-After), and a run waits {MAX_PAUSE:g} s "
                "at most; run again later, or slower with --rate"
            )
        self.pauses += 1
        self._wait(seconds)

    def _wait(self, seconds: float) -> None:
        if seconds > 0:
            self.waited += seconds
            self._sleep(seconds)


def retry_after(value: str | None, now: datetime) -> float | None:
    """Returns for how many seconds a header `Retry-After` asks to wait: a number or a date (RFC 9110, 10.2.3).

    Args:
        value: Of the header.
        now: The present, aware.

    Returns:
        None if there is no such header, or one that says nothing.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    if date.tzinfo is None:  # a zone of -0000; it is UTC all the same
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - now).total_seconds())
