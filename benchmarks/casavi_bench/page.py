"""docs/performance.md, made from a report and from nothing else."""

from collections.abc import Iterator

from casavi_bench.bars import judged
from casavi_bench.kinds import OURS
from casavi_bench.report import Report
from casavi_bench.tables import Table, bar_table, tables
from casavi_bench.verdict import NOISE, short

HOW = f"""\
- **Ratios, not times.** All figures are of one machine, over the loopback interface, with the load generator on the same
  processors and other programs beside it. Another machine gives other times; ratios within one run are what holds.
- **One run, in turn.** All servers run at once, each in its own process. For every cell (an operation, a number of
  connections) they are loaded one after the other, in an order that is drawn anew; the first 3,000 requests do not count, and before that servers whose engine compiles what
  runs often get up to 60,000 requests of each kind. All cells are a round, and each round starts the servers anew. Tables show medians over the rounds, ratios are taken within each round,
  and in brackets stand the lowest and the highest.
- **Processor time** is user and system time of the server's process, and of those that it started, from the operating system's
  accounting, divided by the requests. It hardly depends on what else the machine does.
- **A ratio below {NOISE:g} is no difference.** The same server, measured as if it were two, gives as much. A verdict is marked
  *close* if the value lies within {NOISE:g} × of its bar: another run may find otherwise.
- **The mock is measured as a user starts it**: `casavi-mock serve --progress immediate`, everything else by default. It checks
  bodies against the contract and tokens against the account, writes its journal and a log line for each job, and imports
  records. `--progress immediate` leaves out the 0.2 seconds that a job waits by default, so that work is measured and not waiting.
- **Peers** get the document that the mock publishes at `/openapi.json`. Where a library needs operations from its user, they are
  small, keep state by hand, and are in `benchmarks/peers/`."""

OUTDATED = """\
> **These figures flatter the mock; read them as a first look.** They were taken before two things changed.
>
> - *Peers were cold.* Before each cell 3,000 requests were discarded, and an engine that compiles what runs often is not at
>   its speed by then. Against warm peers, measured on 2026-11-29 on a quiet machine of the same size in two and three rounds,
>   the mock of that day took 2.7 × the processor time of openapi-backend for a log-in, where the tables below say 0.94 ×;
>   1.9 × for a look-up, 3.1 × for a small import. Against the other peers it took 0.73, 0.73 and 0.97 × Scalar, 0.33, 0.34 and
>   0.63 × Prism, 0.38, 0.32 and 0.37 × connexion by hand, 3.3, 2.5 and 4.0 × bare Starlette.
> - *connexion routes every request now.* Until then it got only what a table of the mock's own did not know, and was loaded
>   when it was first needed. So start and idle memory are told too small here.
>
> A run that is published from now on warms such engines up first, and this note goes with it.
"""

FOUND = """\
What was profiled and changed until here, and what stands in the way of the bars that are not met:

- **A small request** is spread over some 60 calls of the mock's own for an import and 40 for a look-up, none of which
  takes a tenth of it.
- **Large imports.** Half of the time went into a regular expression that looked for depth before anything was parsed,
  and a tenth of a second into the garbage collector once many records were stored. Bodies are now parsed and checked
  in portions with a schema that knows depth, and records are stored so that the collector has nothing to walk through.
- **Pauses.** The event loop pauses for some milliseconds at most while 10,000 contacts are imported. One record or
  one text of many megabytes still is parsed in one go: a document of 50 MB keeps others waiting for half a second.
- **Growth before the bounds are reached** was the journal for the most part: orjson leaves some 4,000 bytes behind a short
  text, and a journal of 1,000 answers kept them. What is left is an ended job with its id (about 200 bytes, up to 10,000
  of them) and an exchange (about 1,100 bytes, up to 1,000).
"""

NOT_MEASURED = """\
- **WireMock**: needs Java. Two wishes compare with its fixed answers: log-in and look-up at 0.9 × of its processor time.
- **Speed across a network**, TLS, a container, other systems than the one above, and PyPy.
- **Several processes**: the mock is one process, and so is each peer.
- **Peers after hours**: growth was measured of the mock alone."""


def page(report: Report) -> str:
    """Returns the page."""
    return "\n".join(_parts(report)).rstrip() + "\n"


def _parts(report: Report) -> Iterator[str]:
    yield "# Performance\n"
    yield "<!-- Made by `make bench ARGS=--publish` from benchmarks/results.json. Do not edit. -->\n"
    yield _when(report)
    if "warm_requests" not in report.options:
        yield OUTDATED
    yield "![Processor time, large imports, start and memory, beside other servers](performance.svg)\n"
    yield "## Bars\n"
    yield _in_short(report)
    yield _markdown(bar_table(report))
    yield "## What was found\n"
    yield FOUND
    yield "## Measured\n"
    for table in tables(report):
        yield f"### {table.title}\n"
        yield _markdown(table)
        if table.note:
            yield f"{table.note}\n"
    yield "## What they do not do\n"
    yield _markdown(_lacks(report))
    yield "## How it was measured, and how to read it\n"
    yield f"{HOW}\n"
    yield "## What was not measured\n"
    yield f"{NOT_MEASURED}"
    yield from (f"- **{report.title(name)}**, or not wholly: {reason}" for name, reason in report.missing.items())
    if not report.found.summary(OURS, "plugin", "closed_ms"):
        yield "- **The pytest plugin**: the bars of fixtures are judged by an account closed over HTTP, and by the server ended."
    if "million" not in report.options["parts"]:
        yield "- **1,000,000 contacts**: `make bench ARGS=--million` does."
    yield "\n## Again\n"
    yield "```sh\nmake bench                              # about a quarter of an hour"
    yield 'make bench ARGS="--quick"               # a look, in a few minutes'
    yield 'make bench ARGS="--million --publish"   # and makes this page anew\n```'


def _when(report: Report) -> str:
    machine = report.machine
    node = f", Node {machine['node']}" if "node" in machine else ""
    loads = f"{short(min(report.loads))} to {short(max(report.loads))}"
    others = f"{min(report.others):.0%} to {max(report.others):.0%}"
    return (
        f"Measured on {report.date}, commit `{report.revision or 'unknown'}`, in {report.minutes:.0f} minutes: "
        f"{report.options['rounds']} rounds on {machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB, "
        f"{machine['system']}, {machine['python']}{node}. Other programs took {others} of the processors during the rounds; "
        f"load average at the beginning of each: {loads}.\n"
    )


def _in_short(report: Report) -> str:
    demands = [finding.met for bar, finding in judged(report.found) if not bar.stretch]
    met, unmet, unknown = (sum(verdict is kind for verdict in demands) for kind in (True, False, None))
    return (
        f"Of {len(demands)} bars {met} are met, {unmet} are not, {unknown} could not be measured. "
        "What is marked as a wish does not count. All checking, state and journal are on.\n"
    )


def _lacks(report: Report) -> Table:
    table = Table("", ["server", "what it does not do of what the mock does"], prose=True)
    for one in report.participants:
        table.rows.append([one.title if one.name != OURS else f"**{one.title}**", one.lacks])
    return table


def _markdown(table: Table) -> str:
    lines = ["| " + " | ".join(table.columns) + " |"]
    lines.append(
        "|" + "|".join("---" if number == 0 or table.prose else "---:" for number in range(len(table.columns))) + "|"
    )
    lines += ["| " + " | ".join(row) + " |" for row in table.rows]
    return "\n".join(lines) + "\n"
