"""An event loop in a thread of this process: what tests replace does not reach it, and no start waits for ever."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from functools import partial
from typing import Any

from casavi_mock.system import monotonic
from pytest_casavi.errors import CannotSteer, CasaviError

try:
    import uvloop
except ImportError:  # on Windows
    uvloop = None  # type: ignore[assignment]

START_SECONDS = 30.0
STOP_SECONDS = 5.0

_GREEN = (("gevent.monkey", "is_module_patched", "threading"), ("eventlet.patcher", "is_monkey_patched", "thread"))
"""Modules of libraries that replace threads, and how they are asked whether they did."""

PROCESS = "Run the mock in a process of its own: --casavi-backend=process."

_native_id = partial(threading.get_native_id)
_run_in = asyncio.run_coroutine_threadsafe


class SteadyLoop(asyncio.SelectorEventLoop):
    """The standard library's loop, whose time passes though a test stops that of the process."""

    def time(self) -> float:
        """Returns seconds that never go back."""
        return monotonic()


class _Thread(threading.Thread):
    """Bound to the class that there is now."""


_Event = partial(threading.Event)


class LoopThread:
    """A loop in a thread of its own. It runs one coroutine, and those that other threads hand to it meanwhile.

    Args:
        name: Of the thread.

    Raises:
        CannotSteer: There are no real threads in this process.
    """

    def __init__(self, name: str) -> None:
        refuse_green_threads()
        self.pid = os.getpid()
        self._name = name
        self._ended = _Event()
        self._ready = _Event()
        self._error: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: _Thread | None = None

    def start(self, main: Callable[[Callable[[], None]], Coroutine[Any, Any, None]]) -> None:
        """Starts, and returns when it is ready.

        Args:
            main: Returns the coroutine; it is given what to call when it is ready.

        Raises:
            CasaviError: It fails, or does not become ready in time; the text says why.
        """
        self._thread = _Thread(target=self._run, args=(main,), name=self._name, daemon=True)
        self._thread.start()
        if not self._ready.wait(START_SECONDS):
            raise CasaviError(f"casavi-mock is not ready within {START_SECONDS:g} s. {PROCESS}")
        if (error := self._error) is not None:
            raise CasaviError(f"casavi-mock does not start: {_text(error)}.{_hint(error)}") from error

    def submit(self, coroutine: Coroutine[Any, Any, Any]) -> "Future[Any]":
        """Runs a coroutine in the loop; returns what its result will be in."""
        assert self._loop is not None, "it was started"
        return _run_in(coroutine, self._loop)

    def join(self) -> bool:
        """Waits until the coroutine has ended, but not for ever; returns whether it has."""
        if self._thread is None or self.pid != os.getpid():  # a forked child has no such thread
            return True
        self._ended.wait(STOP_SECONDS)
        self._thread.join(STOP_SECONDS)
        return not self._thread.is_alive()

    def _run(self, main: Callable[[Callable[[], None]], Coroutine[Any, Any, None]]) -> None:
        loop: asyncio.AbstractEventLoop | None = None
        try:
            loop = self._loop = uvloop.new_event_loop() if uvloop else SteadyLoop()
            loop.run_until_complete(main(self._ready.set))
            if not self._ready.is_set():
                self._error = RuntimeError("it ended before it was ready")
        except BaseException as error:  # noqa: BLE001  # told to whoever waits for it
            self._error = error
        finally:
            if loop is not None:
                _close(loop)
            self._ended.set()
            self._ready.set()


def refuse_green_threads() -> None:
    """Raises if what this process calls threads are none.

    Raises:
        CannotSteer: A library has replaced them; the text says what helps.
    """
    for module, asks, name in _GREEN:
        library = sys.modules.get(module)
        if library is not None and getattr(library, asks)(name):
            raise CannotSteer(
                f"{module.partition('.')[0]} has replaced the threads of this process, so no server can run beside "
                f"a test. {PROCESS}"
            )
    ids: list[int] = []
    thread = _Thread(target=lambda: ids.append(_native_id()), name="casavi-mock trial", daemon=True)
    thread.start()
    thread.join(STOP_SECONDS)
    if ids in ([], [_native_id()]):
        raise CannotSteer(f"Something has replaced the threads of this process, so no server can run in one. {PROCESS}")


def refuse_fork(pid: int) -> None:
    """Raises if a thread that was started in a process does not run in this one.

    Args:
        pid: The process.

    Raises:
        CannotSteer: This process was forked from it.
    """
    if pid != os.getpid():
        raise CannotSteer(f"This process was forked from the one in which the mock runs in a thread. {PROCESS}")


def _close(loop: asyncio.AbstractEventLoop) -> None:
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def _text(error: BaseException) -> str:
    text = str(error).rstrip(".")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _hint(error: BaseException) -> str:
    """Returns what helps where a test run must not use sockets, with a blank in front; empty for other errors."""
    if type(error).__name__ not in ("SocketBlockedError", "SocketConnectBlockedError"):
        return ""
    return f" {SOCKETS}"


SOCKETS = (
    "pytest-socket lets nothing through: add --allow-hosts=127.0.0.1, or run --casavi-backend=inprocess with "
    "--allow-unix-socket."
)
"""What helps where a run must not use sockets."""
