"""Pauses in long work, so that other clients are answered meanwhile."""

import asyncio

from casavi_mock.domain.steps import Result, Steps


async def in_pauses(steps: Steps[Result]) -> Result:
    """Does steps with a pause for others after each, and returns what they come to."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result
        await asyncio.sleep(0)
