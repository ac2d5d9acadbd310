"""The load: so many connections, each with choices of its own."""

import asyncio
import contextlib
import itertools
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from casavi_soak import hostile, passing, steady
from casavi_soak.client import Client
from casavi_soak.keeper import Keeper, Kept
from casavi_soak.ledger import Ledger
from casavi_soak.process import Process, Sample, SoakError
from casavi_soak.wire import Wire

KEEPER = ("soak-keeper", "the secret of the keeper")
SHARED = tuple((f"soak-shared-{number}", f"the secret of {number}") for number in range(8))
ATTACKED = tuple((f"soak-attacked-{number}", f"the secret of attacked {number}") for number in range(2))
"""Accounts whose clients mean no good."""

SAMPLE_SECONDS = 0.5
HUGE_EVERY_SECONDS = 30.0
"""Seconds between two bodies of 100 MB."""
END_SECONDS = 120.0
"""How long what is under way may take when the load is over."""

SLOW = 4
"""Connections that are slow, if there are enough."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What load there is."""

    connections: int
    seconds: float
    seed: int


class Load:
    """Everybody who talks to the server.

    Args:
        process: The server.
        plan: What load there is.
        ledger: Takes down what was sent and what came.
        kept: Takes down what must be in the state.
    """

    def __init__(self, process: Process, plan: Plan, ledger: Ledger, kept: Kept) -> None:
        self.samples: list[Sample] = []
        self._process = process
        self._plan = plan
        self._ledger = ledger
        self._kept = kept
        self._stop = asyncio.Event()
        self._wires: list[Wire] = []

    async def open_accounts(self) -> None:
        """Opens the accounts that stay, where there are none yet."""
        wire = Wire(self._process.port, self._ledger)
        for key, secret in (*SHARED, *ATTACKED):
            await wire.control("POST", "/accounts", body={"key": key, "secret": secret}, expected=(201,))
        wire.close()

    async def run(self, tell: Tell) -> None:
        """Goes on for as long as planned, and lets everybody finish what is under way.

        Raises:
            SoakError: The server is gone, or somebody does not come to an end.
        """
        async with self.going_on() as (workers, slow):
            started = time.monotonic()
            while (over := time.monotonic() - started) < self._plan.seconds:
                await asyncio.sleep(SAMPLE_SECONDS)
                if self._process.exit_code() is not None:
                    raise SoakError(f"the server ended with {self._process.exit_code()} under load")
                for task in (*workers, *slow):
                    if task.done():
                        task.result()  # raises what was not foreseen
                self.samples.append(Sample(over, self._process.resident_mb(), quiet=self._ledger.huge == 0))
                tell(self._progress(over))
            self._stop.set()
            done, late = await asyncio.wait(workers, timeout=END_SECONDS)
            if late:
                raise SoakError(f"{len(late)} clients do not come to an end")
            for worker in done:
                worker.result()

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[tuple[list[asyncio.Task[None]], list[asyncio.Task[None]]]]:
        """Runs the clients until the end of the block; yields those that end when they are told, and slow ones."""
        workers = [asyncio.create_task(work) for work in self._clients()]
        slow = [asyncio.create_task(work) for work in self._slow_clients()]
        try:
            yield workers, slow
        finally:
            self._stop.set()
            for task in (*workers, *slow):
                task.cancel()
            await asyncio.gather(*workers, *slow, return_exceptions=True)
            for wire in self._wires:
                wire.close()

    def _progress(self, over: float) -> str:
        ledger = self._ledger
        return (
            f"{over:4.0f} of {self._plan.seconds:g} s  {ledger.requests:,} requests  "
            f"{sum(ledger.imports.values()):,} imports  {self.samples[-1].resident_mb:.0f} MB  "
            f"{ledger.failures} surprises"
        )

    def _wire(self) -> Wire:
        wire = Wire(self._process.port, self._ledger)
        self._wires.append(wire)
        return wire

    def _chance(self, number: int) -> random.Random:
        return random.Random(f"{self._plan.seed} {number}")

    def _clients(self) -> list[Coroutine[Any, Any, None]]:
        """Returns the clients: one keeps records, one in eight comes and goes, one in eight means no good."""
        number = self._plan.connections - min(SLOW, self._plan.connections // 8)
        clients: list[Coroutine[Any, Any, None]] = [Keeper(Client(self._wire(), *KEEPER), self._kept).run(self._stop)]
        for index in range(1, number):
            chance = self._chance(index)
            if index % 8 == 1:
                clients.append(self._come_and_go(index, chance))
            elif index % 8 == 2:
                clients.append(self._again(ATTACKED[index % len(ATTACKED)], chance, hostile.one_step))
            elif index == 3:
                clients.append(self._send_huge_bodies(chance))
            else:
                clients.append(self._again(SHARED[index % len(SHARED)], chance, steady.one_step))
        return clients

    def _slow_clients(self) -> list[Coroutine[Any, Any, None]]:
        number = min(SLOW, self._plan.connections // 8)
        return [self._again(ATTACKED[0], self._chance(-index - 1), hostile.slow) for index in range(number)]

    async def _again(
        self,
        account: tuple[str, str],
        chance: random.Random,
        step: Callable[[Client, random.Random], Awaitable[None]],
    ) -> None:
        client = Client(self._wire(), *account)
        await client.log_in()
        while not self._stop.is_set():
            await step(client, chance)

    async def _come_and_go(self, index: int, chance: random.Random) -> None:
        wire = self._wire()
        for number in itertools.count():
            if self._stop.is_set():
                return
            await passing.one_account(wire, chance, f"soak-passing-{index}-{number}")

    async def _send_huge_bodies(self, chance: random.Random) -> None:
        client = Client(self._wire(), *ATTACKED[0])
        await client.log_in()
        while not self._stop.is_set():
            self._ledger.done["huge"] += 1
            self._ledger.huge += 1
            try:
                await hostile.huge(client, chance)
            finally:
                self._ledger.huge -= 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), HUGE_EVERY_SECONDS)
