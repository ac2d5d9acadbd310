"""Time as the domain sees it: aware, in UTC, and never going backwards, except where all begins anew."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

LATEST = datetime(9000, 1, 1, tzinfo=UTC)
"""As far as a clock goes by command; what is reckoned from there still has a date."""


class ClockError(ValueError):
    """A clock was told something impossible."""


class ClockFace(NamedTuple):
    """How a clock stands, so that it can go on in another run of the server."""

    shift: timedelta
    """By how much it is ahead of its source."""
    frozen_at: datetime | None
    latest: datetime | None
    """The latest moment that it showed while it was not frozen."""


class Clock:
    """The time of one account: the given source, shifted, or frozen. Several threads may ask for it at once.

    If the source goes back, as a system whose time is set, it goes on from the latest moment that it showed.

    Args:
        source: Returns the current time, aware.
    """

    __slots__ = ("_frozen_at", "_latest", "_lock", "_shift", "_source")

    def __init__(self, source: Callable[[], datetime]) -> None:
        self._source = source
        self._shift = timedelta()
        self._frozen_at: datetime | None = None
        self._latest: datetime | None = None
        self._lock = threading.Lock()

    @property
    def frozen(self) -> bool:
        """Whether time stands still until it is advanced."""
        return self._frozen_at is not None

    def now(self) -> datetime:
        """Returns the current time of this account, aware, in UTC."""
        if self._frozen_at is not None:
            return self._frozen_at
        with self._lock:
            now = self._source()
            if now.tzinfo is not UTC:
                now = now.astimezone(UTC)
            if self._shift:
                now += self._shift
            if self._latest is not None and now < self._latest:
                self._shift += self._latest - now
                now = self._latest
            self._latest = now
            return now

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
            self._latest, self._frozen_at = self._frozen_at, None

    def reset(self) -> None:
        """Shows what the source says; that may be back, so it is for an account that begins anew."""
        self._shift = timedelta()
        self._frozen_at = self._latest = None

    @property
    def face(self) -> ClockFace:
        """How it stands."""
        return ClockFace(self._shift, self._frozen_at, self._latest)

    def resume(self, face: ClockFace, least: datetime | None = None) -> None:
        """Goes on from where a clock stood: ahead of its source, or frozen; and never back.

        Args:
            face: How it stood.
            least: A moment that it has shown, perhaps later.
        """
        self._shift, self._frozen_at, latest = face
        moments = [moment for moment in (latest, least) if moment is not None]
        self._latest = max(moments) if moments else None

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
            self._latest = now + step
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
