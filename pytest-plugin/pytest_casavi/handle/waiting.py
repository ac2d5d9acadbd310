"""How a test waits for a client that works beside it: in a thread, in another process, in a loop."""

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from casavi_mock.system import monotonic, sleep

Result = TypeVar("Result")

WAIT_SECONDS = 5.0
"""How long a test waits for what does not exist yet, if nothing else is said."""

_PAUSE_SECONDS = 0.005


class Deadline:
    """The end of a wait, by a clock that no test replaces.

    Args:
        seconds: How long, from now on.
    """

    def __init__(self, seconds: float) -> None:
        self._end = monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left; 0 when it is over."""
        return max(self._end - monotonic(), 0.0)

    def until(self, reached: Callable[[], bool]) -> bool:
        """Waits until something holds; returns whether it does."""
        while not reached():
            if not self.left:
                return False
            pause(min(_PAUSE_SECONDS, self.left))
        return True


def pause(seconds: float) -> None:
    """Waits so many seconds of the wall clock; where threads are none, the others get their turn meanwhile."""
    gevent = sys.modules.get("gevent.monkey")
    eventlet = sys.modules.get("eventlet.patcher")
    if (gevent and gevent.is_module_patched("time")) or (eventlet and eventlet.is_monkey_patched("time")):
        time.sleep(seconds)
    else:
        sleep(seconds)


async def beside(wait: Callable[..., Result], *arguments: object, **named: object) -> Result:
    """Waits in a thread, so that the loop of the test goes on, whichever it is and whatever clock it has."""
    from anyio import to_thread

    return await to_thread.run_sync(partial(wait, *arguments, **named), abandon_on_cancel=True)
