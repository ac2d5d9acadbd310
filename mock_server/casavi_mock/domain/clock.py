"""Time as the domain sees it: aware, in UTC, and never going backwards by command."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class ClockError(ValueError):
    """A clock was told something impossible."""


class Clock:
    """The time of one account: the given source, shifted, or frozen.

    Args:
        source: Returns the current time, aware.
    """

    __slots__ = ("_frozen_at", "_shift", "_source")

    def __init__(self, source: Callable[[], datetime]) -> None:
        self._source = source
        self._shift = timedelta()
        self._frozen_at: datetime | None = None

    @property
    def frozen(self) -> bool:
        """Whether time stands still until it is advanced."""
        return self._frozen_at is not None

    def now(self) -> datetime:
        """Returns the current time of this account, aware, in UTC."""
        return self._frozen_at or self._source() + self._shift

    def freeze(self, at: datetime | None = None) -> None:
        """Stops time, now or at a later moment.

        Raises:
            ClockError: `at` is naive or lies in the past of this clock.
        """
        self._frozen_at = self._checked(at) if at else self.now()

    def set(self, moment: datetime) -> None:
        """Moves the clock forward to a moment.

        Raises:
            ClockError: The moment is naive or lies in the past of this clock.
        """
        moment = self._checked(moment)
        if self.frozen:
            self._frozen_at = moment
        else:
            self._shift += moment - self.now()

    def advance(self, step: timedelta) -> None:
        """Moves the clock forward by a step.

        Raises:
            ClockError: The step is negative.
        """
        self.set(self.now() + step)

    def _checked(self, moment: datetime) -> datetime:
        if moment.tzinfo is None:
            raise ClockError(f"{moment.isoformat()} has no time zone; give one, such as {moment.isoformat()}Z")
        if moment < self.now():
            raise ClockError(f"the clock cannot go back from {timestamp(self.now())} to {timestamp(moment)}")
        return moment.astimezone(UTC)


def timestamp(moment: datetime) -> str:
    """Returns a moment as casavi writes it: `YYYY-MM-DDThh:mm:ss.sssZ`. Source: facts page, section 3.2."""
    return f"{moment.strftime('%Y-%m-%dT%H:%M:%S')}.{moment.microsecond // 1000:03d}Z"
