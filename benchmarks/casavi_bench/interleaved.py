"""What all servers are measured at: start, memory, small requests, large imports."""

import threading
import time
from collections.abc import Sequence

from casavi_bench.bodies import portfolio
from casavi_bench.kinds import OURS
from casavi_bench.load import Bounds, Load, run_load
from casavi_bench.measurement import percentile
from casavi_bench.operations import FRESH, SMALL, Caller, Small
from casavi_bench.run import SETTLE_SECONDS, Run
from casavi_bench.server import Kind, Server, ServerError

CELLS = [(operation, 16) for operation in SMALL] + [(operation, 64) for operation in SMALL if operation.name != "refresh"]
BULK = (1_000, 10_000)
WARM_SECONDS = 0.25
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


def _measure_cell(run: Run, servers: Sequence[Server], operation: Small, connections: int) -> None:
    for server in run.turns(servers):
        run.tell(f"round {run.round + 1}: {operation.title}, {connections} connections, {server.kind.name}")
        with run.excused(server.kind):
            caller = Caller(server)
            try:
                caller.log_in()
                _loaded(server, operation, caller, connections, WARM_SECONDS)
                before = server.cpu_seconds()
                load = _loaded(server, operation, caller, connections, run.options.seconds)
                spent = server.cpu_seconds() - before
            finally:
                caller.close()
            run.take(server.kind.name, f"{operation.name}/{connections}", _values(load, spent))


def _loaded(server: Server, operation: Small, caller: Caller, connections: int, seconds: float) -> Load:
    requests = operation.prepared(caller)
    return run_load(server.port, connections, requests, operation.status, Bounds(seconds=seconds))


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


def lone_imports(server: Server, count: int, repeats: int) -> dict[str, float]:
    """Imports so many contacts while nobody else asks for anything.

    Returns:
        Medians of `answered_ms` and `executed_ms`; `cpu_ms` of one import, executed.
    """
    caller = Caller(server)
    caller.log_in()
    answered, executed = [], []
    spent = 0.0
    try:
        for _ in range(repeats):
            body = portfolio(next(FRESH), count)
            before = server.cpu_seconds()
            first, last = timed_import(caller, body, wait=server.kind.executes)
            spent += server.cpu_seconds() - before
            answered.append(first)
            executed.append(last)
    finally:
        caller.close()
    values = {"answered_ms": percentile(answered, 50) * 1000, "cpu_ms": spent / repeats * 1000}
    return values | ({"executed_ms": percentile(executed, 50) * 1000} if server.kind.executes else {})


def timed_import(caller: Caller, body: bytes, *, wait: bool) -> tuple[float, float]:
    """Imports, and returns the seconds until the answer, and until the job had ended.

    Raises:
        ServerError: The job did not end in time, or not well.
    """
    started = time.perf_counter()
    job = caller.submit(body)
    answered = time.perf_counter() - started
    while wait and (status := caller.good("GET", f"/jobs/{job}")["status"]) != "completed":
        if status == "failed" or time.perf_counter() - started > EXECUTED_SECONDS:
            raise ServerError(f"{caller.name}: the import is {status} after {time.perf_counter() - started:.0f} seconds")
        time.sleep(_LOOK_SECONDS)
    return answered, time.perf_counter() - started


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
    importing, looking = Caller(server), Caller(server)
    importing.log_in()
    looking.token = importing.token
    job = looking.submit(portfolio(next(FRESH), 1))
    failed: list[Exception] = []

    def work() -> None:
        try:
            timed_import(importing, body, wait=server.kind.executes)
        except (ServerError, OSError) as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    latencies = []
    try:
        while thread.is_alive() or not latencies:
            started = time.perf_counter()
            looking.good("GET", f"/jobs/{job}")
            latencies.append(time.perf_counter() - started)
            time.sleep(POLL_SECONDS)
    finally:
        thread.join()
        importing.close()
        looking.close()
    if failed:
        raise ServerError(str(failed[0]))
    return latencies
