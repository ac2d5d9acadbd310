"""Pauses in long work, so that other clients are answered meanwhile."""

import asyncio

from casavi_mock.domain.steps import Result, Steps, Work


async def in_pauses(steps: Steps[Result]) -> Result:
    """Does steps with a pause for others after each, and returns what they come to."""
    work = Work(steps)
    for _ in work:
        await asyncio.sleep(0)
    return work.result
