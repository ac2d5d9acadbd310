"""Pauses in long work, so that other clients are answered meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from casavi_mock.domain.steps import Result, Steps, Work

_yield = asyncio.sleep  # bound here, as tests in this process may replace it

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class ClientGone(Exception):
    """The client went away before it was answered."""


async def in_pauses(steps: Steps[Result], receive: Receive | None = None) -> Result:
    """Runs steps, gives other tasks of the event loop their turn after each, and returns the result of the last.

    Args:
        steps: The work.
        receive: Where the request comes from, if its body was received: the next message is that the client has gone.

    Raises:
        ClientGone: The client went away; the rest of the work is left undone.
    """
    work = Work(steps)
    message: asyncio.Future[MutableMapping[str, Any]] | None = None
    try:
        for _ in work:
            if receive is not None and message is None:
                message = asyncio.ensure_future(receive())
            await _yield(0)
            if message is not None and message.done():
                if message.result()["type"] == "http.disconnect":
                    raise ClientGone
                message = None
    finally:
        if message is not None:
            message.cancel()
    return work.result
