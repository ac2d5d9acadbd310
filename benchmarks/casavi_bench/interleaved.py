"""What all servers are measured at: start, memory, small requests, large imports."""

import threading
import time
from collections.abc import Callable, Sequence

from casavi_bench.bodies import portfolio, spoiled
from casavi_bench.load import Bounds, Load, run_load
from casavi_bench.measurement import percentile
from casavi_bench.operations import FRESH, SMALL, Caller, Small, logged_in
from casavi_bench.run import SETTLE_SECONDS, Run
from casavi_bench.server import Kind, Server, ServerError

CELLS = [(operation, 16) for operation in SMALL] + [
    (operation, 64) for operation in SMALL if operation.name != "refresh"
]
BULK = (1_000, 10_000)
WARM = Bounds(seconds=5, requests=3_000)
"""Before each cell."""
COMPILED = Bounds(seconds=15, requests=60_000)
"""Before the first cell of each operation, for engines that compile what runs often: a log-in of openapi-backend took 146 µs
over its first 8,000 requests, 92 µs after 60,000."""

POLL_SECONDS = 0.001
"""Pause of another client between two look-ups."""
EXECUTED_SECONDS = 60.0
_LOOK_SECONDS = 0.005


def measure_round(run: Run, kinds: Sequence[Kind], parts: set[str]) -> None:
    """Measures all servers once, each cell with all of them in turn."""
    with run.started(kinds) as servers:
        for server in servers:
            run.take(server.kind.name, "start", {"wall_ms": server.start_seconds * 1000})
        time.sleep(SETTLE_SECONDS)
        _take_memory(run, servers, "idle")
        if "small" in parts:
            _compile(run, [server for server in servers if server.kind.compiles and "small" in server.kind.parts])
            for operation, connections in CELLS:
                _measure_cell(run, [s for s in servers if "small" in s.kind.parts], operation, connections)
            _take_memory(run, servers, "after small requests")
        if "bulk" in parts:
            for count in BULK:
                _measure_bulk(run, [s for s in servers if "bulk" in s.kind.parts], count)
            _take_memory(run, servers, "after large imports")


def _take_memory(run: Run, servers: Sequence[Server], when: str) -> None:
    for server in servers:
        if server.kind.name not in run.missing:
            with run.excused(server.kind):
                run.take(server.kind.name, f"memory {when}", {"mb": server.resident_mb()})


def _compile(run: Run, servers: Sequence[Server]) -> None:
    for server in servers:
        for operation in SMALL:
            run.tell(f"round {run.round + 1}: warming up {server.kind.name}: {operation.title}")
            with run.excused(server.kind), logged_in(server) as caller:
                _loaded(server, operation, caller, 16, COMPILED)


def _measure_cell(run: Run, servers: Sequence[Server], operation: Small, connections: int) -> None:
    for server in run.turns(servers):
        run.tell(f"round {run.round + 1}: {operation.title}, {connections} connections, {server.kind.name}")
        with run.excused(server.kind):
            with logged_in(server) as caller:
                _loaded(server, operation, caller, connections, WARM)
                before = server.cpu_seconds()
                load = _loaded(server, operation, caller, connections, Bounds(seconds=run.options.seconds))
                spent = server.cpu_seconds() - before
            run.take(server.kind.name, f"{operation.name}/{connections}", _values(load, spent))


def _loaded(server: Server, operation: Small, caller: Caller, connections: int, bounds: Bounds) -> Load:
    requests = operation.prepared(caller)
    return run_load(server.port, connections, requests, operation.status, bounds)


def _values(load: Load, spent: float) -> dict[str, float]:
    return {
        "cpu_us": spent / len(load.latencies) * 1e6,
        "per_second": load.per_second,
        "p50_ms": percentile(load.latencies, 50) * 1000,
        "p99_ms": percentile(load.latencies, 99) * 1000,
    }


def _measure_bulk(run: Run, servers: Sequence[Server], count: int) -> None:
    for server in run.turns(servers):
        run.tell(f"round {run.round + 1}: import of {count:,} contacts, {server.kind.name}")
        repeats = 1 if server.kind.slow_import else run.options.bulk_repeats
        with run.excused(server.kind):
            run.take(server.kind.name, f"import-{count}", lone_imports(server, count, repeats))
            if count == max(BULK):
                run.take(server.kind.name, f"import-{count}", watched_imports(server, count, repeats))
                run.take(server.kind.name, f"import-{count}", {"refuses_wrong": refuses_wrong(server, count)})


def lone_imports(server: Server, count: int, repeats: int) -> dict[str, float]:
    """Imports so many contacts while nobody else asks for anything.

    Returns:
        Medians of `answered_ms` and `executed_ms`; `cpu_ms` of one import, executed.
    """
    answered, executed = [], []
    spent = 0.0
    with logged_in(server) as caller:
        for _ in range(repeats):
            body = portfolio(next(FRESH), count)
            before = server.cpu_seconds()
            first, last = timed_import(caller, body, wait=server.kind.executes)
            spent += server.cpu_seconds() - before
            answered.append(first)
            executed.append(last)
    values = {"answered_ms": percentile(answered, 50) * 1000, "cpu_ms": spent / repeats * 1000}
    return values | ({"executed_ms": percentile(executed, 50) * 1000} if server.kind.executes else {})


def refuses_wrong(server: Server, count: int) -> float:
    """Returns 1 if an import is refused whose last contact does not satisfy the contract, 0 if it is taken."""
    with logged_in(server) as caller:
        status, _ = caller.call("POST", "/import", spoiled(count))
    return float(status in (400, 422))


def timed_import(caller: Caller, body: bytes, *, wait: bool) -> tuple[float, float]:
    """Imports, and returns the seconds until the answer, and until the job had ended.

    Raises:
        ServerError: The job did not end in time, or not well.
    """
    started = time.perf_counter()
    job = caller.submit(body)
    answered = time.perf_counter() - started
    if wait:
        until_executed(caller, job)
    return answered, time.perf_counter() - started


def until_executed(caller: Caller, job: str) -> None:
    """Waits until a job has ended.

    Raises:
        ServerError: It did not end in time, or not well.
    """
    deadline = time.monotonic() + EXECUTED_SECONDS
    while (status := caller.good("GET", f"/jobs/{job}")["status"]) != "completed":
        if status == "failed" or time.monotonic() > deadline:
            raise ServerError(f"{caller.name}: an import is {status} after at most {EXECUTED_SECONDS:g} seconds")
        time.sleep(_LOOK_SECONDS)


def watched_imports(server: Server, count: int, repeats: int) -> dict[str, float]:
    """Imports so many contacts while another client looks up a job of its own, again and again."""
    latencies: list[float] = []
    for _ in range(repeats):
        latencies += looking_up(server, portfolio(next(FRESH), count))
    return {
        "look_up_p50_ms": percentile(latencies, 50) * 1000,
        "look_up_p99_ms": percentile(latencies, 99) * 1000,
        "look_up_slowest_ms": max(latencies) * 1000,
    }


def looking_up(server: Server, body: bytes) -> list[float]:
    """Returns how long each look-up took while an import was under way, in seconds.

    The import is sent by a thread that waits for the system nearly all of its time, so that it does not slow down the
    look-ups.
    """
    with logged_in(server) as importing, logged_in(server) as looking:
        job = looking.submit(portfolio(next(FRESH), 1))
        return looking_up_during(lambda: timed_import(importing, body, wait=server.kind.executes), looking, job)


def looking_up_during(work: Callable[[], object], looking: Caller, job: str) -> list[float]:
    """Returns how long each look-up took while some work was done by a thread, in seconds.

    Args:
        work: Calls the server.
        looking: Another client.
        job: The job that it looks up.

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
            time.sleep(POLL_SECONDS)
    finally:
        thread.join()
    if failed:
        raise ServerError(str(failed[0]))
    return latencies
