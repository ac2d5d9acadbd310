"""What is costly to have, and not always needed: made when it is first asked for."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Something that is made once, in a thread, so that only those wait who asked for it.

    Args:
        make: Makes it.
        name: Of the thread.
    """

    def __init__(self, make: Callable[[], T], name: str) -> None:
        self._make = make
        self._name = name
        self._lock = threading.Lock()
        self._made: T | None = None

    async def get(self) -> T:
        """Returns it."""
        if self._made is not None:
            return self._made
        with ThreadPoolExecutor(1, self._name) as maker:  # asyncio's own would keep its thread
            return await asyncio.get_running_loop().run_in_executor(maker, self._make_once)

    def _make_once(self) -> T:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made
