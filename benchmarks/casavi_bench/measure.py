"""Measures: what a user feels of our server and its peers, round after round, all of them in turn."""

import contextlib
import functools
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from casavi_bench import kinds, node, results
from casavi_bench.bodies import portfolio, small_imports
from casavi_bench.load import Bounds, run_load
from casavi_bench.operations import FRESH, SMALL, Caller, Small, logged_in
from casavi_bench.results import Results
from casavi_bench.server import Kind, Server, ServerError, running

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
CONNECTIONS = 16
CELL = Bounds(seconds=0.8)
WARM = Bounds(seconds=1, requests=1_000)
"""Before each cell."""
COMPILED = Bounds(seconds=8, requests=40_000)
"""Once for each operation, before the first cell of an engine that compiles what runs often."""

SMALL_IMPORTS = 100
CONTACTS = 10_000
EXECUTED_SECONDS = 60.0
SETTLE_SECONDS = 0.3
"""Before memory is looked at."""
_LOOK_SECONDS = 0.001

START, IDLE = "start", "idle memory"
END_TO_END, BULK, MEANWHILE = "small import end to end", "10,000 contacts end to end", "slowest look-up meanwhile"
FIXTURE, CHECK = "fixture overhead per test", "check --quick, processor time"


class Bench:
    """A run under way.

    Args:
        folder: Takes what the servers write.
        seed: Of the order in which servers take their turns.
        tell: Told of each step.
    """

    def __init__(self, folder: Path, seed: int, tell: Callable[[str], None]) -> None:
        self.results = Results(about=results.about(ROOT))
        self._folder = folder
        self._random = random.Random(seed)
        self._tell = tell

    def measure(self, rounds: int, peers: Collection[str], cache: Path) -> Results:
        """Measures, and returns what was found.

        Args:
            rounds: How many values each figure gets.
            peers: Whom beside ours, some of `casavi_bench.kinds.NAMES`.
            cache: Where the peers from npm are, or come.

        Raises:
            ServerError: Our server failed.
        """
        began = time.monotonic()
        participants = self._participants(peers, cache)
        self.results.titles.update({kind.name: kind.title for kind in participants})
        for _ in range(rounds):
            self._starts(participants)
            self._fixture()
        self._check()  # once: its processor time hardly varies, and it takes as long as all the rest of a round
        with self._started([kind for kind in participants if not kind.only_start]) as servers:
            self._compile([server for server in servers if server.kind.compiles])
            for _ in range(rounds):
                for operation in SMALL:
                    self._each(servers, operation.title, functools.partial(self._cell, operation))
                self._each(servers, END_TO_END, self._small_imports)
                self._each(servers, BULK, self._bulk)
        self.results.about |= {"minutes": round((time.monotonic() - began) / 60, 1), "rounds": rounds}
        self.results.about["load_after"] = round(os.getloadavg()[0], 2)
        return self.results

    def _participants(self, names: Collection[str], cache: Path) -> list[Kind]:
        document = self._document()
        folder, binary = cache / "node", "node"
        npm = [peer.name for peer in kinds.ALL if peer.name in names and peer.npm]
        if npm:
            self._tell("peers from npm")
            try:
                binary = node.binary(node.installed(folder))
            except node.NoNode as error:
                self.results.missing.update(dict.fromkeys(npm, str(error)))
        found = [kinds.ours()]
        for peer in kinds.ALL:
            if peer.name in names and peer.name not in self.results.missing:
                try:
                    found.append(peer.kind(document, folder, binary))
                except LookupError as error:
                    self.results.missing[peer.name] = str(error)
        return found

    def _document(self) -> Path:
        """Returns the contract that our server publishes; all peers get this one."""
        with self._alone(kinds.ours()) as server, logged_in(server) as caller:
            status, raw = caller.call("GET", "/openapi.json")
        if status != 200:
            raise ServerError(f"{kinds.OURS} answered {status} to GET /openapi.json")
        path = self._folder / "openapi.json"
        path.write_bytes(raw)
        return path

    def _starts(self, participants: Sequence[Kind]) -> None:
        for kind in self._turns(participants):
            self._tell(f"start, {kind.name}")
            with self._excused(kind), self._alone(kind) as server:
                self.results.take(kind.name, START, server.start_seconds)
                time.sleep(SETTLE_SECONDS)
                self.results.take(kind.name, IDLE, server.resident_bytes())

    def _fixture(self) -> None:
        """Measures a test with the fixture, and one without, in a session of their own."""
        self._tell(FIXTURE)
        command = [sys.executable, str(kinds.PEERS / "plugin_session.py")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise ServerError(f"the session of the fixture ended with {done.returncode}: {done.stderr[-300:]}")
        self.results.take(kinds.OURS, FIXTURE, float(done.stdout.split()[-1]))

    def _check(self) -> None:
        self._tell(CHECK)
        command = [sys.executable, "-m", "casavi_mock", "check", "--quick", "-q", "--seed", "1"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, timeout=600, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            raise ServerError(f"check --quick ended with {done.returncode}: {done.stdout[-300:]}{done.stderr[-300:]}")
        self.results.take(kinds.OURS, CHECK, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    def _compile(self, servers: Sequence[Server]) -> None:
        """Lets engines that compile what runs often do so."""
        for server in servers:
            for operation in SMALL:
                self._tell(f"warming up {server.kind.name}: {operation.title}")
                with self._excused(server.kind), logged_in(server) as caller:
                    _loaded(server, operation, caller, COMPILED)

    def _each(self, servers: Sequence[Server], what: str, measure: Callable[[Server], None]) -> None:
        for server in self._turns(servers):
            if server.kind.name not in self.results.missing:
                self._tell(f"{what}, {server.kind.name}")
                with self._excused(server.kind):
                    measure(server)

    def _cell(self, operation: Small, server: Server) -> None:
        with logged_in(server) as caller:
            _loaded(server, operation, caller, WARM)
            before = server.cpu_seconds()
            requests = _loaded(server, operation, caller, CELL)
            self.results.take(server.kind.name, operation.title, (server.cpu_seconds() - before) / requests)

    def _small_imports(self, server: Server) -> None:
        bodies = small_imports(next(FRESH))
        with logged_in(server) as caller:
            walls = [_timed_import(caller, next(bodies)) for _ in range(SMALL_IMPORTS)]
        self.results.take(server.kind.name, END_TO_END, statistics.median(walls))

    def _bulk(self, server: Server) -> None:
        """Imports many contacts: alone, and while another client looks up a job of its own."""
        with logged_in(server) as importing, logged_in(server) as looking:
            self.results.take(server.kind.name, BULK, _timed_import(importing, portfolio(next(FRESH), CONTACTS)))
            job = looking.submit(portfolio(next(FRESH), 1))
            body = portfolio(next(FRESH), CONTACTS)
            slowest = max(_looking_up(looking, job, lambda: _timed_import(importing, body)))
            self.results.take(server.kind.name, MEANWHILE, slowest)

    def _turns(self, takers: Sequence[T]) -> list[T]:
        return self._random.sample(takers, len(takers))

    @contextlib.contextmanager
    def _excused(self, kind: Kind) -> Iterator[None]:
        """Lets a peer fail: it is left out from here, with the reason. Ours may not."""
        try:
            yield
        except (ServerError, OSError) as error:
            if kind.name == kinds.OURS:
                raise
            self.results.missing[kind.name] = " ".join(str(error).split())[:200]
            self._tell(f"{kind.name} is left out: {error}"[:200])

    @contextlib.contextmanager
    def _started(self, participants: Sequence[Kind]) -> Iterator[list[Server]]:
        with contextlib.ExitStack() as stack:
            servers = []
            for kind in participants:
                if kind.name not in self.results.missing:
                    with self._excused(kind):
                        servers.append(stack.enter_context(self._alone(kind)))
            yield servers

    def _alone(self, kind: Kind) -> contextlib.AbstractContextManager[Server]:
        return running(kind, self._folder / f"{kind.name}.log")


def run(rounds: int, seed: int, peers: Collection[str], cache: Path, tell: Callable[[str], None]) -> Results:
    """Measures in a folder that is gone afterwards; see `Bench.measure`."""
    with tempfile.TemporaryDirectory(prefix="casavi-bench-") as folder:
        return Bench(Path(folder), seed, tell).measure(rounds, peers, cache)


def _loaded(server: Server, operation: Small, caller: Caller, bounds: Bounds) -> int:
    """Loads a server, and returns how many requests it answered."""
    load = run_load(server.port, CONNECTIONS, operation.prepared(caller), operation.status, bounds)
    return len(load.latencies)


def _timed_import(caller: Caller, body: bytes) -> float:
    """Returns the seconds from sending an import until its job was seen to have ended.

    Raises:
        ServerError: The job did not end in time, or not well.
    """
    started = time.perf_counter()
    job = caller.submit(body)
    deadline = started + EXECUTED_SECONDS
    while (status := caller.good("GET", f"/jobs/{job}")["status"]) in ("waiting", "active"):
        if time.perf_counter() > deadline:
            raise ServerError(f"{caller.name}: an import is {status} after {EXECUTED_SECONDS:g} seconds")
        time.sleep(_LOOK_SECONDS)
    return time.perf_counter() - started


def _looking_up(looking: Caller, job: str, work: Callable[[], object]) -> list[float]:
    """Returns how long each look-up took while a thread did some work, in seconds.

    Raises:
        ServerError: The work or a look-up failed.
    """
    failed: list[Exception] = []

    def working() -> None:
        try:
            work()
        except (ServerError, OSError) as error:
            failed.append(error)

    thread = threading.Thread(target=working)
    thread.start()
    latencies: list[float] = []
    try:
        while thread.is_alive() or not latencies:
            started = time.perf_counter()
            looking.good("GET", f"/jobs/{job}")
            latencies.append(time.perf_counter() - started)
            time.sleep(_LOOK_SECONDS)
    finally:
        thread.join()
    if failed:
        raise ServerError(str(failed[0]))
    return latencies
