"""The time of the account."""

from datetime import datetime, timedelta
from typing import Any

from pytest_casavi.errors import told
from pytest_casavi.handle.moments import parsed, written
from pytest_casavi.steering import Steering

__tracebackhide__ = told


class Clock:
    """The time of the account, by which tokens end and jobs move. Everything due has happened when a method returns.

    It follows the system's time until a test moves it, and never goes back.

    Args:
        steering: Reaches the account.
    """

    def __init__(self, steering: Steering) -> None:
        self._steering = steering

    def __repr__(self) -> str:
        return "<the clock of a casavi account>"

    @property
    def now(self) -> datetime:
        """The time of the account, aware, in UTC."""
        return parsed(self._view()["now"])

    @property
    def frozen(self) -> bool:
        """Whether time stands still until it is moved."""
        return bool(self._view()["frozen"])

    def freeze(self, at: datetime | str | None = None) -> datetime:
        """Stops time, and returns it.

        Args:
            at: A later moment with its time zone, such as `2100-01-01T00:00:00Z`; now if not given.

        Raises:
            pytest_casavi.CannotSteer: The moment is past, or has no time zone.
        """
        return self._moved("freezeClock", {} if at is None else {"at": written(at)})

    def unfreeze(self) -> datetime:
        """Lets time go on from where it stands, and returns it."""
        return self._moved("unfreezeClock")

    def set(self, to: datetime | str) -> datetime:
        """Moves time forward to a moment, and returns it.

        Args:
            to: A moment with its time zone.

        Raises:
            pytest_casavi.CannotSteer: The moment is past, or has no time zone.
        """
        return self._moved("setClock", {"to": written(to)})

    def advance(
        self,
        step: timedelta | None = None,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
    ) -> datetime:
        """Moves time forward by a step, and returns it. Either a timedelta or its parts.

        Raises:
            TypeError: It is not said how far.
            pytest_casavi.CannotSteer: The step is negative.
        """
        parts = {"days": days, "hours": hours, "minutes": minutes, "seconds": seconds}
        if step is None and not any(parts.values()):
            raise TypeError("say how far: advance(days=31), or hours, minutes, seconds, or a timedelta")
        if step is not None:
            parts["seconds"] += step.total_seconds()
        return self._moved("advanceClock", parts)

    def _moved(self, verb: str, body: Any = None) -> datetime:
        return parsed(self._steering.ask(verb, body=body)["now"])

    def _view(self) -> Any:
        return self._steering.ask("getClock")
