"""What is costly to have, and not always needed: made when it is first asked for."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Something that is made once, in a thread, so that only those wait who asked for it; all wait for the same.

    Args:
        make: Makes it; tried again for the next who asks if it fails.
        name: Of the thread.
    """

    def __init__(self, make: Callable[[], T], name: str) -> None:
        self._make = make
        self._name = name
        self._lock = threading.Lock()
        self._making: Future[T] | None = None

    async def get(self) -> T:
        """Returns it; raises what its making raises."""
        with self._lock:
            if self._making is None or (self._making.done() and self._making.exception()):
                self._making = self._begun()
            making = self._making
        if making.done():
            return making.result()
        return await asyncio.shield(asyncio.wrap_future(making))  # who gives up takes it from nobody else

    def _begun(self) -> Future[T]:
        maker = ThreadPoolExecutor(1, self._name)
        making = maker.submit(self._make)
        maker.shutdown(wait=False)  # the thread ends when it is made; asyncio's own would stay
        return making
