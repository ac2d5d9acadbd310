"""Timers of a server's connections that fire when a test says so, however busy the machine is."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from casavi_mock.server import serving
from casavi_mock.server.protocol import BoundedProtocol

PATIENCE = 60.0
"""Seconds; only what hangs takes them."""


class Timer:
    """One call that is to be made later."""

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        self.seconds = seconds
        self.call = call
        self.over = False

    def cancel(self) -> None:
        """Takes it back."""
        self.over = True


class Timers:
    """The timers of all connections of a server; tests tell them apart by their seconds."""

    def __init__(self) -> None:
        self._set: list[Timer] = []
        self._changed = threading.Condition()
        self._loop: Any = None

    def steer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Lets the connections of servers that start from now on set their timers here."""
        timers = self

        class Steered(BoundedProtocol):
            def __init__(self, *arguments: Any, **others: Any) -> None:
                super().__init__(*arguments, **others)
                self.loop = _Loop(self.loop, timers)  # type: ignore[assignment]  # stands in for it

        monkeypatch.setattr(serving, "BoundedProtocol", Steered)

    def call_later(self, loop: Any, seconds: float, call: Callable[[], None]) -> Timer:
        """Sets a timer."""
        timer = Timer(seconds, call)
        with self._changed:
            self._loop = loop
            self._set.append(timer)
            self._changed.notify_all()
        return timer

    def wait_for(self, seconds: float, times: int = 1) -> None:
        """Waits until a timer of so many seconds was set so many times in all."""

        def there() -> bool:
            return sum(timer.seconds == seconds for timer in self._set) >= times

        with self._changed:
            assert self._changed.wait_for(there, PATIENCE), [timer.seconds for timer in self._set]

    def fire(self, seconds: float) -> None:
        """Lets the time of all timers of so many seconds be over, and waits until they have fired."""
        done = threading.Event()

        def fire() -> None:
            with self._changed:
                due = [timer for timer in self._set if timer.seconds == seconds and not timer.over]
            for timer in due:
                timer.over = True
                timer.call()
            done.set()

        self._loop.call_soon_threadsafe(fire)
        assert done.wait(PATIENCE)


class _Loop:
    """The loop of a connection but for its timers."""

    def __init__(self, loop: Any, timers: Timers) -> None:
        self._loop = loop
        self._timers = timers

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    def call_later(self, seconds: float, callback: Callable[..., None], *arguments: Any) -> Timer:
        return self._timers.call_later(self._loop, seconds, lambda: callback(*arguments))
