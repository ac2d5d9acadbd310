"""What only our server is measured at: pages, reset, accounts, pauses, growth, very large imports, its end."""

import functools
import json
import statistics
import time
from collections.abc import Callable

from casavi_bench.bodies import contact, portfolio, spoiled
from casavi_bench.interleaved import lone_imports, looking_up, looking_up_during, timed_import, until_executed
from casavi_bench.kinds import HEARTBEAT, OURS, ours
from casavi_bench.load import Bounds, Requests, run_load
from casavi_bench.measurement import percentile, slope
from casavi_bench.operations import Caller, logged_in, repeating, request
from casavi_bench.run import Run
from casavi_bench.server import Server, ServerError, running

PORTION = 10_000
PAGE_SIZE = 25
PAGE_REPEATS = 2_000
RESETS = 5
ACCOUNTS = 50
GROWTH_STEP = 5_000
BOUND_IMPORTS = 20_000
"""After so many, journal (1,000) and jobs (10,000) are at their bounds."""

BEFORE_BOUND_IMPORTS = 10_000


def measure_pauses(run: Run) -> None:
    """Measures the longest pauses of the event loop during large imports, from inside."""
    log = run.folder / "pauses.log"
    log.unlink(missing_ok=True)
    with running(ours(script=HEARTBEAT), log) as server:
        began = time.monotonic()
        lone_imports(server, PORTION, run.options.bulk_repeats)
        ended = time.monotonic()
    pauses = [json.loads(line)["pause"] for line in log.read_text().splitlines() if line.startswith('{"pause"')]
    during = [pause for pause in pauses if began <= pause["at"] <= ended] or [{"wall_ms": 0.0, "cpu_ms": 0.0}]
    longest = {f"pause_{what}_ms": max(pause[f"{what}_ms"] for pause in during) for what in ("wall", "cpu")}
    run.take(OURS, f"import-{PORTION}", longest)


def measure_reading(run: Run) -> None:
    """Measures pages and resets of an account with many contacts."""
    with run.alone(ours()) as server, logged_in(server) as caller:
        empty = server.resident_mb()
        fill(caller, run.options.contacts)
        held = {
            "mb": server.resident_mb(),
            "bytes_per_contact": (server.resident_mb() - empty) * 1e6 / run.options.contacts,
        }
        run.take(OURS, "contacts", held)
        take_pages(run, server, caller, run.options.contacts, "page")
        run.take(OURS, "reset", _resets(caller))


def fill(caller: Caller, contacts: int) -> None:
    """Imports so many contacts, and waits until they are there."""
    for start in range(0, contacts, PORTION):
        timed_import(caller, portfolio(start, min(PORTION, contacts - start)), wait=True)


def take_pages(run: Run, server: Server, caller: Caller, contacts: int, name: str) -> None:
    """Measures first and last pages, version by version."""
    last = -(-contacts // PAGE_SIZE)
    pages = {
        "v1-first": "/contacts?page=0",
        "v1-last": f"/contacts?page={last - 1}",
        "v2-first": "/v2/contacts?page=1",
        "v2-last": f"/v2/contacts?page={last}",
    }
    for page, path in pages.items():
        caller.good("GET", path)
        raw = request("GET", path, token=caller.token)
        before = server.cpu_seconds()
        load = run_load(server.port, 1, repeating(raw), 200, Bounds(seconds=20, requests=PAGE_REPEATS))
        spent = server.cpu_seconds() - before
        cpu_us = spent / len(load.latencies) * 1e6
        run.take(OURS, f"{name}/{page}", {"cpu_us": cpu_us, "p50_ms": percentile(load.latencies, 50) * 1000})


def _resets(caller: Caller) -> dict[str, float]:
    walls, next_walls = [], []
    for _ in range(RESETS):
        fill(caller, PORTION)
        walls.append(_timed(lambda: caller.good("POST", "/_mock/reset")))
        next_walls.append(_timed(caller.log_in))
    return {
        "wall_ms": statistics.median(walls) * 1000,
        "slowest_ms": max(walls) * 1000,
        "next_slowest_ms": max(next_walls) * 1000,
    }


def measure_accounts(run: Run) -> None:
    """Measures accounts: opened by the control plane, asked a first time, closed. Then the end of the server."""
    opened, first, closed = [], [], []
    with run.alone(ours()) as server, logged_in(server) as caller:
        before = server.cpu_seconds()
        for number in range(ACCOUNTS):
            path = f"/_mock/accounts/bench-{number}"
            body = json.dumps({"key": f"bench-{number}", "secret": "bench-secret"}).encode()
            started = time.perf_counter()
            caller.good("POST", "/_mock/accounts", body)
            opened.append(time.perf_counter() - started)
            caller.log_in(body)
            first.append(time.perf_counter() - started)
            closed.append(_timed(functools.partial(caller.good, "DELETE", path)))
        spent = server.cpu_seconds() - before
        values = {"opened_ms": opened, "first_answer_ms": first, "closed_ms": closed}
        medians = {name: statistics.median(times) * 1000 for name, times in values.items()}
        run.take(OURS, "account", medians | {"cpu_ms": spent / ACCOUNTS * 1000})
        run.take(OURS, "stop", {"wall_ms": server.stop() * 1000})


def measure_strays(run: Run) -> None:
    """Measures the first requests for a path that the contract does not have, and what they cost another client."""
    with run.alone(ours()) as server, logged_in(server) as stray, logged_in(server) as looking:
        job = looking.submit(portfolio(0, 1))
        walls: list[float] = []
        latencies = looking_up_during(lambda: walls.append(_timed(lambda: _stray(stray))), looking, job)
        values = {"first_ms": walls[0], "look_up_slowest_ms": max(latencies), "next_ms": _timed(lambda: _stray(stray))}
        run.take(OURS, "stray", {name: seconds * 1000 for name, seconds in values.items()})
        run.take(OURS, "stray", {"mb": server.resident_mb()})


def _stray(caller: Caller) -> None:
    status, raw = caller.call("GET", "/nothing")
    if status != 404:
        raise ServerError(f"an unknown path, and the answer is {status}: {raw[:300]!r}")


def measure_big(run: Run) -> None:
    """Measures an import of tens of thousands of contacts, good and with its last contact wrong."""
    count = run.options.big_contacts
    with run.alone(ours()) as server, logged_in(server) as caller:
        name = f"import-{count}"
        body = portfolio(0, count)
        status, raw = caller.call("POST", "/import", body)
        run.take(OURS, name, {"status": status, "mb": len(body) / 1e6})
        if status != 202:
            return
        until_executed(caller, json.loads(raw)["jobId"])
        run.take(OURS, name, lone_imports(server, count, 1))
        run.take(OURS, name, {"look_up_slowest_ms": max(looking_up(server, portfolio(count, count))) * 1000})
        run.take(OURS, name, {"after_mb": server.resident_mb()})
        for size in (PORTION, count):
            run.take(OURS, f"import-{size}-spoiled", _refusal(caller, size))


def _refusal(caller: Caller, count: int) -> dict[str, float]:
    body = spoiled(count)
    started = time.perf_counter()
    status, raw = caller.call("POST", "/import", body)
    wall = time.perf_counter() - started
    pointers = [error["pointer"] for error in json.loads(raw).get("errors", ())]
    if status != 400 or pointers != [f"/contacts/{count - 1}/lastName"]:
        raise ServerError(f"the last of {count} contacts is wrong, and the answer is {status}: {raw[:300]!r}")
    return {"answered_ms": wall * 1000}


def measure_growth(run: Run) -> None:
    """Measures what memory grows by in many small imports of the same 1,000 contacts, each changed every time."""
    versions = iter(range(1, 1_000_000_000))

    def body() -> bytes:
        version = next(versions)
        return json.dumps({"contacts": [contact(version % 1_000, version)]}, ensure_ascii=False).encode()

    with run.alone(ours()) as server, logged_in(server) as caller:
        fill(caller, 1_000)
        points = [(0, server.resident_mb())]

        def requests() -> Requests:
            return lambda answer: request("POST", "/import", body(), caller.token)

        for done in range(GROWTH_STEP, run.options.growth_imports + 1, GROWTH_STEP):
            run.check_time()
            run.tell(f"{done:,} of {run.options.growth_imports:,} small imports")
            run_load(server.port, 16, requests, 202, Bounds(seconds=120, requests=GROWTH_STEP))
            points.append((done, server.resident_mb()))
        early = [(n, mb) for n, mb in points if n <= BEFORE_BOUND_IMPORTS]
        late = [(n, mb) for n, mb in points if n >= BOUND_IMPORTS]
        values = {"mb_at_start": points[0][1], "mb_at_end": points[-1][1], "imports": float(points[-1][0])}
        values["bytes_before_bound"] = slope(early) * 1e6
        if len(late) > 2:
            values["bytes_at_bound"] = slope(late) * 1e6
        run.take(OURS, "growth", values)


def measure_million(run: Run, contacts: int = 1_000_000) -> None:
    """Measures 1,000,000 contacts in 100 requests."""
    with run.alone(ours()) as server, logged_in(server) as caller:
        empty, spent, walls = server.resident_mb(), [], []
        for start in range(0, contacts, PORTION):
            run.check_time()
            run.tell(f"{start:,} of {contacts:,} contacts")
            body = portfolio(start, PORTION)
            before = server.cpu_seconds()
            walls.append(timed_import(caller, body, wait=True)[1])
            spent.append(server.cpu_seconds() - before)
        tenth = max(len(spent) // 10, 1)
        first, last = statistics.median(spent[:tenth]), statistics.median(spent[-tenth:])
        run.take(OURS, "million", {"first_cpu_ms": first * 1000, "last_cpu_ms": last * 1000, "seconds": sum(walls)})
        run.take(OURS, "million", {"bytes_per_contact": (server.resident_mb() - empty) * 1e6 / contacts})
        run.take(OURS, "million", {"look_up_slowest_ms": max(looking_up(server, portfolio(contacts, PORTION))) * 1000})
        take_pages(run, server, caller, contacts, "million-page")


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
