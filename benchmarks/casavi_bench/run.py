"""One run: all servers side by side, round after round, each cell with all of them in turn."""

import contextlib
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from casavi_bench import machine
from casavi_bench.measurement import Measurement, Measurements
from casavi_bench.server import Kind, Server, ServerError, running

LIMIT_SECONDS = 3600.0
"""No run takes longer."""

SETTLE_SECONDS = 0.3
"""Before memory is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is measured, and how long."""

    rounds: int = 5
    seconds: float = 0.8
    """Of each cell of small requests."""
    seed: int = 1
    """Of the order in which servers take their turns."""
    growth_imports: int = 100_000
    contacts: int = 100_000
    """Stored while pages are read."""
    bulk_repeats: int = 3
    big_contacts: int = 50_000
    million: bool = False


class Run:
    """A run under way: where values go, and who can no longer be measured.

    Args:
        options: What is measured.
        folder: Takes what the servers write.
        tell: Told of each step.
    """

    def __init__(self, options: Options, folder: Path, tell: Callable[[str], None] = lambda text: None) -> None:
        self.options = options
        self.folder = folder
        self.tell = tell
        self.found = Measurements()
        self.missing: dict[str, str] = {}
        """Why a server has no values, or not all."""
        self.loads: list[float] = []
        """Load average of the machine at the beginning of each round."""
        self.others: list[float] = []
        """Share of all processors that other programs took during each round."""
        self.round = 0
        self._random = random.Random(options.seed)
        self._started = time.monotonic()

    def take(self, server: str, operation: str, values: Mapping[str, float]) -> None:
        """Takes values in, by metric."""
        for metric, value in values.items():
            self.found.add(Measurement(server, operation, metric, self.round, value))

    def rounds(self) -> Iterator[int]:
        """Counts the rounds.

        Raises:
            ServerError: The run takes too long.
        """
        for number in range(self.options.rounds):
            self.round = number
            self.loads.append(os.getloadavg()[0])
            before = machine.times()
            yield number
            self.others.append(machine.share_of_others(before, machine.times()))
        self.round = 0

    def check_time(self) -> None:
        """Ends a run that takes too long.

        Raises:
            ServerError: It does.
        """
        if time.monotonic() - self._started > LIMIT_SECONDS:
            raise ServerError(f"the run took longer than {LIMIT_SECONDS:g} seconds and was ended")

    def turns(self, servers: Sequence[Server]) -> Iterator[Server]:
        """Yields the servers in another order each time, without those that failed."""
        self.check_time()
        order = list(servers)
        self._random.shuffle(order)
        yield from (server for server in order if server.kind.name not in self.missing)

    @contextlib.contextmanager
    def excused(self, kind: Kind) -> Iterator[None]:
        """Lets a peer fail: it is left out from here, with the reason. Ours may not."""
        try:
            yield
        except (ServerError, OSError) as error:
            if kind.essential:
                raise
            self.missing[kind.name] = str(error)[:300]
            self.tell(f"{kind.name} is left out: {error}"[:300])

    @contextlib.contextmanager
    def started(self, kinds: Sequence[Kind]) -> Iterator[list[Server]]:
        """Runs servers until the end of the block."""
        with contextlib.ExitStack() as stack:
            servers = []
            order = [kind for kind in kinds if kind.name not in self.missing]
            self._random.shuffle(order)
            for kind in order:
                self.tell(f"round {self.round + 1}: starting {kind.name}")
                with self.excused(kind):
                    servers.append(stack.enter_context(running(kind, self.folder / f"{kind.name}.log")))
            yield servers

    @contextlib.contextmanager
    def alone(self, kind: Kind) -> Iterator[Server]:
        """Runs one server until the end of the block."""
        with running(kind, self.folder / f"{kind.name}.log") as server:
            yield server
