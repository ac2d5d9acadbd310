"""The tables of a report, as rows of text; terminal and page show the same ones."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from casavi_bench.bars import judged
from casavi_bench.kinds import OURS
from casavi_bench.report import Report
from casavi_bench.verdict import short

ABSENT = "–"


@dataclass(frozen=True, slots=True)
class Table:
    """One table: what is in the first column says what the row is about."""

    title: str
    columns: Sequence[str]
    note: str = ""
    prose: bool = False
    """Whether its columns hold words rather than numbers."""
    rows: list[list[str]] = field(default_factory=list)


OPERATIONS = {
    "log-in": "log in",
    "refresh": "refresh",
    "job": "look up a job",
    "import-1": "import 1 contact",
}


def tables(report: Report) -> list[Table]:
    """Returns all tables with at least one row."""
    made = [
        processor_time(report),
        *(throughput(report, n) for n in (16, 64)),
        bulk(report),
        start(report),
        own(report),
    ]
    return [table for table in made if table.rows]


def processor_time(report: Report) -> Table:
    """Returns the processor time of small requests."""
    table = Table(
        "Processor time of a small request, µs",
        ["", *OPERATIONS.values()],
        "At 16 connections; user and system time of the server and of what it started.",
    )
    for server in _servers(report, [f"{name}/16" for name in OPERATIONS], "cpu_us"):
        cells = [_cell(report, server, f"{name}/16", "cpu_us") for name in OPERATIONS]
        table.rows.append([report.title(server), *cells])
    return table


def throughput(report: Report, connections: int) -> Table:
    """Returns requests a second and the 99th percentile."""
    shown = {name: title for name, title in OPERATIONS.items() if connections == 16 or name != "refresh"}
    table = Table(
        f"Requests a second at {connections} connections (99th percentile, ms)",
        ["", *shown.values()],
        "The load comes from the same machine: read it as ratios.",
    )
    for server in _servers(report, [f"{name}/{connections}" for name in shown], "per_second"):
        row = [report.title(server)]
        for name in shown:
            speed, slowest = (_cell(report, server, f"{name}/{connections}", m) for m in ("per_second", "p99_ms"))
            row.append(speed if speed == ABSENT else f"{speed} ({slowest})")
        table.rows.append(row)
    return table


def bulk(report: Report) -> Table:
    """Returns large imports."""
    columns = {
        "1,000 answered, ms": ("import-1000", "answered_ms"),
        "10,000 answered, ms": ("import-10000", "answered_ms"),
        "executed, ms": ("import-10000", "executed_ms"),
        "processor time, ms": ("import-10000", "cpu_ms"),
        "look-ups meanwhile, median, ms": ("import-10000", "look_up_p50_ms"),
        "99th percentile, ms": ("import-10000", "look_up_p99_ms"),
        "slowest, ms": ("import-10000", "look_up_slowest_ms"),
    }
    table = Table(
        "Large imports",
        ["", *columns, "last one wrong"],
        "The look-ups are another client's, one after the other with a pause of 1 ms, until the import has been answered; "
        "with casavi-mock until it has been executed. It holds some ten thousand contacts of earlier imports by then.",
    )
    for server in _servers(report, ["import-1000", "import-10000"], "answered_ms"):
        wrong = report.found.summary(server, "import-10000", "refuses_wrong")
        verdict = ABSENT if wrong is None else "refused" if wrong.low else "taken"
        table.rows.append(
            [report.title(server), *(_cell(report, server, *place) for place in columns.values()), verdict]
        )
    return table


def start(report: Report) -> Table:
    """Returns start and memory."""
    columns = {
        "start to the first 200, ms": ("start", "wall_ms"),
        "idle, MB": ("memory idle", "mb"),
        "after small requests, MB": ("memory after small requests", "mb"),
        "after large imports, MB": ("memory after large imports", "mb"),
    }
    note = "After its loads the mock holds what was imported; the others hold ids, or nothing."
    table = Table("Start and resident memory", ["", *columns], note)
    for server in _servers(report, ["start"], "wall_ms"):
        table.rows.append([report.title(server), *(_cell(report, server, *place) for place in columns.values())])
    return table


def own(report: Report) -> Table:
    """Returns what only our server was measured at."""
    table = Table("casavi-mock alone", ["", "median", "lowest", "highest", "rounds"])
    for title, operation, metric in OWN:
        found = report.found.summary(OURS, operation, metric)
        if found:
            row = [title, short(found.median), short(found.low), short(found.high), str(found.count)]
            table.rows.append(row)
    return table


def bar_table(report: Report, *, unmeasured: bool = True) -> Table:
    """Returns every bar with its verdict.

    Args:
        report: The run.
        unmeasured: Whether bars that were not measured have rows too.
    """
    bars = judged(report.found)
    shown = [(bar, finding) for bar, finding in bars if unmeasured or finding.met is not None]
    left_out = len(bars) - len(shown)
    note = f"{left_out} further bars were not measured." if left_out else ""
    table = Table("Bars", ["what", "bar", "measured", "verdict"], note, prose=True)
    for bar, finding in shown:
        wish = " (a wish)" if bar.stretch else ""
        table.rows.append([bar.what, bar.bar + wish, finding.measured or ABSENT, finding.verdict])
    return table


OWN = (
    ("longest pause of the event loop, 10,000 contacts, wall ms", "import-10000", "pause_wall_ms"),
    ("the same, processor time of the loop's thread, ms", "import-10000", "pause_cpu_ms"),
    ("10,000 contacts, the last one wrong: refused, ms", "import-10000-spoiled", "answered_ms"),
    ("50,000 contacts: length, MB", "import-50000", "mb"),
    ("50,000 contacts answered, ms", "import-50000", "answered_ms"),
    ("50,000 contacts executed, ms", "import-50000", "executed_ms"),
    ("50,000 contacts: slowest look-up meanwhile, ms", "import-50000", "look_up_slowest_ms"),
    ("50,000 contacts, the last one wrong: refused, ms", "import-50000-spoiled", "answered_ms"),
    ("100,000 contacts stored: memory, MB", "contacts", "mb"),
    ("memory of one contact, bytes", "contacts", "bytes_per_contact"),
    ("version 1, first page of 100,000 contacts, processor time, µs", "page/v1-first", "cpu_us"),
    ("version 1, last page, µs", "page/v1-last", "cpu_us"),
    ("version 2, first page, µs", "page/v2-first", "cpu_us"),
    ("version 2, last page, µs", "page/v2-last", "cpu_us"),
    ("reset of 10,000 to 110,000 contacts, over HTTP, ms", "reset", "wall_ms"),
    ("the slowest reset, ms", "reset", "slowest_ms"),
    ("the slowest log-in right after a reset, ms", "reset", "next_slowest_ms"),
    ("a new account, over HTTP, ms", "account", "opened_ms"),
    ("a new account to its first answer, ms", "account", "first_answer_ms"),
    ("an account closed, over HTTP, ms", "account", "closed_ms"),
    ("the idle server ended by SIGTERM, ms", "stop", "wall_ms"),
    ("the first request for an unknown path, ms", "stray", "first_ms"),
    ("slowest look-up by another client meanwhile, ms", "stray", "look_up_slowest_ms"),
    ("the second such request, ms", "stray", "next_ms"),
    ("memory after it, MB", "stray", "mb"),
    ("pytest plugin: a client with a fresh account set up for a test, ms", "plugin", "first_answer_ms"),
    ("pytest plugin: the same taken down, ms", "plugin", "closed_ms"),
    ("pytest plugin: the server ended with the session, ms", "plugin", "session_closed_ms"),
    ("small imports sent to see memory grow", "growth", "imports"),
    ("memory before them, MB", "growth", "mb_at_start"),
    ("memory after them, MB", "growth", "mb_at_end"),
    ("growth with each of the first 10,000, bytes", "growth", "bytes_before_bound"),
    ("growth with each from the 20,000th on, bytes", "growth", "bytes_at_bound"),
    ("1,000,000 contacts in 100 requests: executed, seconds", "million", "seconds"),
    ("processor time of one of the first ten requests, ms", "million", "first_cpu_ms"),
    ("processor time of one of the last ten requests, ms", "million", "last_cpu_ms"),
    ("memory of one of 1,000,000 contacts, bytes", "million", "bytes_per_contact"),
    ("slowest look-up during one more import of 10,000, ms", "million", "look_up_slowest_ms"),
    ("version 1, first page of 1,000,000 contacts, µs", "million-page/v1-first", "cpu_us"),
    ("version 1, last page, µs", "million-page/v1-last", "cpu_us"),
    ("version 2, first page of 1,000,000 contacts, µs", "million-page/v2-first", "cpu_us"),
    ("version 2, last page, µs", "million-page/v2-last", "cpu_us"),
)


def _servers(report: Report, operations: Sequence[str], metric: str) -> list[str]:
    measured = {server for operation in operations for server in report.found.servers(operation, metric)}
    return [one.name for one in report.participants if one.name in measured]


def _cell(report: Report, server: str, operation: str, metric: str) -> str:
    found = report.found.summary(server, operation, metric)
    return short(found.median) if found else ABSENT
