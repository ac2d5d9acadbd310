"""Counts what code does, where a time would differ from run to run."""

import gc
import sys
from collections.abc import Callable
from typing import Any


def calls(look: Callable[[], object]) -> int:
    """How many functions are entered and left by what is called.

    The garbage collector waits meanwhile: it may run at any allocation, and libraries let it call functions of theirs.
    """
    count = 0

    def profile(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += 1

    collects = gc.isenabled()
    gc.disable()
    sys.setprofile(profile)
    try:
        look()
    finally:
        sys.setprofile(None)
        if collects:
            gc.enable()
    return count
