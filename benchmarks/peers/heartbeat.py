"""Starts `casavi-mock` as always, with one more task in its event loop that tells of each of its pauses.

    python benchmarks/heartbeat.py serve --port 4227

For each turn of the loop that comes late, standard output gets a line of JSON: when it ended (`time.monotonic`, the same
clock in every process of the machine), how long it was by the wall clock, and how much processor time the loop's own
thread spent in it. Of a pause that another program caused, the thread has spent little.
"""

import asyncio
import json
import sys
import time

import uvicorn

from casavi_mock.cli import main

EVERY_SECONDS = 0.001
TOLD_FROM_SECONDS = 0.002


async def heartbeat() -> None:
    """Tells of pauses until the loop ends."""
    wall, cpu = time.monotonic(), time.thread_time()
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        now, spent = time.monotonic(), time.thread_time()
        if now - wall - EVERY_SECONDS > TOLD_FROM_SECONDS:
            pause = {"at": now, "wall_ms": (now - wall - EVERY_SECONDS) * 1000, "cpu_ms": (spent - cpu) * 1000}
            sys.stdout.write(json.dumps({"pause": pause}) + "\n")
            sys.stdout.flush()
        wall, cpu = now, spent


class Watched(uvicorn.Server):
    """A server with a heartbeat."""

    async def startup(self, sockets: list[object] | None = None) -> None:
        """Starts to answer requests."""
        self.heart = asyncio.get_running_loop().create_task(heartbeat())
        await super().startup(sockets)  # type: ignore[arg-type]


if __name__ == "__main__":
    uvicorn.Server = Watched  # type: ignore[misc]  # before the mock derives its own from it
    sys.argv[0] = "casavi-mock"
    main()
