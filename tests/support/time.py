"""The time of tests: it stands still until a test moves it, or passes by a step whenever somebody looks."""  # noqa: A005  # only ever imported as `tests.support.time`

from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 5, 8, tzinfo=UTC)


class FakeTime:
    """A source of time that no clock drives.

    Args:
        now: The moment at which it begins, aware.
        step: How far each look moves it; for servers that only tell "later" apart from "at the same moment".
    """

    def __init__(self, now: datetime = START, *, step: timedelta = timedelta(0)) -> None:
        self.now = now
        self._step = step

    def __call__(self) -> datetime:
        """Returns the moment."""
        now = self.now
        self.now += self._step
        return now

    def advance(self, **step: float) -> None:
        """Moves time forward; arguments as those of `timedelta`."""
        self.now += timedelta(**step)
