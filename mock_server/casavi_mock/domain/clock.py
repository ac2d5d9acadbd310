"""Time as the domain sees it: aware, in UTC, and never going backwards by command, except where all begins anew."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

LATEST = datetime(9000, 1, 1, tzinfo=UTC)
"""As far as a clock goes by command; what is reckoned from there still has a date."""


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
        if self._frozen_at is not None:
            return self._frozen_at
        now = self._source()
        if now.tzinfo is not UTC:
            now = now.astimezone(UTC)
        return now + self._shift if self._shift else now

    def freeze(self, at: datetime | None = None) -> None:
        """Stops time, now or at a later moment.

        Raises:
            ClockError: `at` is naive, lies in the past of this clock or too far in the future.
        """
        now = self.now()
        self._frozen_at = _checked(at, now) if at else now

    def unfreeze(self) -> None:
        """Lets time go on from where it stands; it does not make up for the time that it stood still."""
        if self._frozen_at is not None:
            self._shift = self._frozen_at - self._source().astimezone(UTC)
            self._frozen_at = None

    def reset(self) -> None:
        """Shows what the source says; that may be back, so it is for an account that begins anew."""
        self._shift = timedelta()
        self._frozen_at = None

    def set(self, moment: datetime) -> None:
        """Moves the clock forward to a moment.

        Raises:
            ClockError: The moment is naive, lies in the past of this clock or too far in the future.
        """
        self._move(moment, self.now())

    def advance(self, step: timedelta) -> None:
        """Moves the clock forward by a step.

        Raises:
            ClockError: The step is negative or too long.
        """
        now = self.now()
        try:
            moment = now + step
        except OverflowError:
            raise ClockError(f"a step of {step.days} days leads beyond the calendar") from None
        self._move(moment, now)

    def _move(self, moment: datetime, now: datetime) -> None:
        step = _checked(moment, now) - now
        if self._frozen_at is None:
            self._shift += step
        else:
            self._frozen_at += step


def _checked(moment: datetime, now: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ClockError(f"{moment.isoformat()} has no time zone; give one, such as {moment.isoformat()}Z")
    if moment < now:
        raise ClockError(f"the clock cannot go back from {timestamp(now)} to {moment.isoformat()}")
    if moment > LATEST:
        raise ClockError(f"the clock cannot go beyond {timestamp(LATEST)}")
    return moment.astimezone(UTC)


def timestamp(moment: datetime) -> str:
    """Returns a moment in UTC as casavi writes it: `YYYY-MM-DDThh:mm:ss.sssZ`. Source: facts page, section 3.2."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"
