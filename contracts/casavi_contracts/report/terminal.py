"""A run for people at a terminal: what is wrong first, then the rest in few lines."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from casavi_contracts.outcome import Finding, Outcome
from casavi_contracts.report.causes import Cause, causes
from casavi_contracts.report.report import Report, job_states, profile_lines
from casavi_contracts.report.results import Promise, Row, sameness
from casavi_contracts.report.text import AGAIN, cut, exchange_lines, grounds

COLOURS = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "bold red",
    Outcome.REFUTED: "yellow",
    Outcome.BLOCKED: "magenta",
    Outcome.SKIPPED: "dim",
}
"""By result."""

SLOWEST = 5
"""Operations and checks that are listed as the slowest."""

DETAILED = 6
"""Causes that are told in full; the others get a line, and the reports have everything."""

LISTED = 12
"""Causes that get a line."""

SHOWN = 240
"""Characters of what was expected or observed."""

NAMED = 3
"""Checks that are named where there are more of them."""


def print_report(report: Report, console: Console, *, brief: bool = False) -> None:
    """Prints a run.

    Args:
        report: What came of it.
        console: Where to; at a terminal also what went well, the times and the coverage are printed.
        brief: Whether each cause gets but a line.
    """
    for part in parts(report, brief=brief, whole=console.is_terminal):
        console.print(part, crop=False)
        console.print()
    for line in closing_lines(report):
        console.print(
            Text(line, style="bold" if report.exit_code == 0 else "bold red"),
            crop=False,
            soft_wrap=not console.is_terminal,
        )


def parts(report: Report, *, brief: bool = False, whole: bool = True) -> Iterator[RenderableType]:
    """Yields the sections of the report.

    Args:
        report: What came of a run.
        brief: Whether each cause gets but a line.
        whole: Whether times, coverage and what passed are told too.
    """
    results = report.results
    yield from _causes(report, brief=brief)
    lines = profile_lines(report)
    if lines and not brief:
        yield Group(
            Text("A profile that makes the mock behave so", style="bold"),
            *(Text(f"  {line}", no_wrap=True, overflow="ignore") for line in ("[assumptions]", *lines[:LISTED])),
            Text(_because(report)),
        )
    for outcome in (Outcome.BLOCKED, Outcome.SKIPPED):
        rows = results.rows(outcome)
        if rows and not report.planned and not brief:
            yield Group(_title(str(outcome).capitalize(), len(rows), COLOURS[outcome]), *_reasons(rows))
    passed = results.rows(Outcome.PASSED)
    if passed and whole and not brief:
        yield Group(_title("Passed", len(passed), COLOURS[Outcome.PASSED]), _folded(passed))
    if report.results.judged and whole and not brief:
        yield _time(report)
        yield _coverage(report)


def _causes(report: Report, *, brief: bool) -> Iterator[RenderableType]:
    """Yields what fails or is refuted, by its cause; the first names what is gravest."""
    found = causes(report.results)
    for outcome, title in (
        (Outcome.FAILED, "Failed: promises that do not hold"),
        (Outcome.REFUTED, "Refuted: guesses about casavi that do not hold here"),
    ):
        of_it = [cause for cause in found if cause.outcome is outcome]
        if not of_it:
            continue
        told = 0 if brief else max(0, DETAILED - sum(cause.outcome is not outcome for cause in found[:DETAILED]))
        checks = len(report.results.rows(outcome))
        yield Group(
            _title(title, checks, COLOURS[outcome]),
            *(line for cause in of_it[:told] for line in _detail(cause, report)),
            *(Text(f"  {_line(cause)}", style=COLOURS[outcome]) for cause in of_it[told : told + LISTED]),
            *_further(len(of_it) - told - LISTED),
        )


def _further(count: int) -> Iterator[RenderableType]:
    if count > 0:
        yield Text(f"  and {count} further causes; the reports have them all (--json, --html)")


def _line(cause: Cause) -> str:
    head, others = cause.head, cause.others()
    more = f"; fails with it: {_some(others)}" if others else ""
    return cut(f"{head.promise.name} [{', '.join(cause.versions)}] ({cause.evidence}){more}", SHOWN)


def _detail(cause: Cause, report: Report) -> Iterator[RenderableType]:
    """Yields a cause in few lines: what was promised, what was seen, and how to see it again."""
    row = cause.head
    finding = row.findings[0]
    yield Text()
    head = f"  {row.promise.name} [{', '.join(cause.versions)}]  ({finding.evidence}{_source(row)})"
    yield Text(head, style=COLOURS[cause.outcome])
    yield Padding(Text(cut(row.promise.sentence, SHOWN)), (0, 0, 0, 4))
    yield Padding(_aligned("\n".join(_told(cause, finding, row))), (0, 0, 0, 4))
    command = report.replay_command(finding)
    if command:
        yield Text(f"    {AGAIN}{command}", no_wrap=True, overflow="ignore")


def _told(cause: Cause, finding: Finding, row: Row) -> Iterator[str]:
    """Yields lines with a head of nine columns."""
    yield f"expected  {cut(finding.expected, SHOWN)}"
    yield f"observed  {cut(finding.observed, SHOWN)}"
    seers = [name for name in row.seers.get(sameness(finding), []) if name != finding.check]
    if seers:
        yield f"seen by   {_some(seers)}"
    if cause.others():
        yield f"and so    {_some(cause.others())}"
    yield from grounds(finding, SHOWN, SHOWN, STEPS)
    for exchange in finding.exchanges[-1:]:
        yield from exchange_lines(exchange, SHOWN)


STEPS = 5
"""The latest steps of a sequence that are told."""


def _source(row: Row) -> str:
    return f", facts {row.promise.source}" if row.promise.source else ""


def _some(names: Sequence[str]) -> str:
    """Returns the first names, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"


def _because(report: Report) -> str:
    stuck = report.results.count(Outcome.BLOCKED)
    if not stuck:
        return "  Give it to the mock and to the check: --profile FILE."
    return f"  Give it to the check (--profile FILE), to judge what is blocked too ({stuck})."


def listing(promises: Iterable[Promise]) -> RenderableType:
    """Returns what can be judged, group by group."""
    groups: defaultdict[str, dict[str, list[Promise]]] = defaultdict(dict)
    for promise in promises:
        groups[promise.group].setdefault(promise.name, []).append(promise)
    return Group(
        *(
            Group(Text(group, style="bold"), *(_listed(of_one) for of_one in of_it.values()), Text())
            for group, of_it in groups.items()
        )
    )


def _listed(promises: Sequence[Promise]) -> RenderableType:
    first = promises[0]
    evidence = ", ".join(f"{promise.version} {promise.evidence}" for promise in promises)
    subject = f"; {first.subject}" if first.subject else ""
    head = Text.assemble("  ", (first.name, "cyan"), f"  ({evidence}{subject})")
    return Group(head, Padding(Text(first.sentence), (0, 0, 0, 4)))


def closing(report: Report) -> str:
    """Returns the whole run in a few sentences, the last ones that are printed."""
    return " ".join(closing_lines(report))


def closing_lines(report: Report) -> Iterator[str]:
    """Yields what was sent, what states were seen, and on the last line what came of it and what that rests on."""
    if report.planned:
        yield f"This was a dry run; nothing was judged. {_number(report.requests, 'request')} were sent."
        return
    sent = ", ".join(
        (_number(report.requests, "request"), _number(report.writes, "import"), _number(report.records, "record"))
    )
    pauses = f" Waited {report.waited:.0f} s; the target asked for it {report.pauses} times." if report.pauses else ""
    yield f"{sent}, {report.timings.total:.1f} s, seed {report.seed}.{pauses}"
    if report.stopped:
        yield f"The run ended early: {report.stopped}."
    never = report.never()
    if never and report.results.judged:
        yield f"Never seen: {', '.join(never)}. The checks say nothing about that."
    yield f"Of {_number(len(report.results), 'check')}: {_counted(report)}"


def _counted(report: Report) -> str:
    counts = {outcome: report.results.count(outcome) for outcome in Outcome}
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count) or "nothing was judged"
    passed = report.results.rows(Outcome.PASSED)
    if not passed:
        return f"{told}."
    word = sum(row.promise.evidence not in _GUESSES for row in passed)
    verb, guesses = "rests" if word == 1 else "rest", len(passed) - word
    return f"{told}; {word} {verb} on casavi's or its clients' word, {guesses} on our guesses"


_GUESSES = frozenset({"inferred", "assumed"})
"""Evidence that is nobody's word."""


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _title(text: str, count: int, style: str) -> Text:
    return Text(f"{text} ({count})", style=style)


def _aligned(paragraph: str) -> RenderableType:
    """Returns a paragraph whose lines are wrapped below their second column."""
    if "\n" not in paragraph:
        return Text(paragraph)
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for line in paragraph.split("\n"):
        head, text = (line[:9].strip(), line[10:]) if not line.startswith("  ") else ("", line.strip())
        table.add_row(Text(head, style="dim"), Text(text))
    return table


def _reasons(rows: Iterable[Row]) -> Iterator[RenderableType]:
    """Yields each reason with the checks that it holds for."""
    by_reason: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_reason[row.reason].append(row)
    for reason, of_it in by_reason.items():
        yield Text(f"  because {reason}:")
        yield Padding(Text(_some(_names(of_it))), (0, 0, 0, 4))


def _names(rows: Iterable[Row]) -> list[str]:
    versions: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        versions[row.promise.name].append(row.promise.version)
    return [f"{name} [{', '.join(of_it)}]" for name, of_it in versions.items()]


def _folded(rows: Iterable[Row]) -> RenderableType:
    """Returns a line for each group of checks."""
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.promise.group].append(row)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("about")
    for name in ("checks", "cases", "requests", "seconds"):
        table.add_column(name, justify="right")
    table.add_column("evidence", overflow="fold")
    for group, of_it in groups.items():
        results = [row.result for row in of_it if row.result]
        evidence: defaultdict[str, int] = defaultdict(int)
        for row in of_it:
            evidence[row.promise.evidence] += 1
        table.add_row(
            group,
            str(len(of_it)),
            f"{sum(result.examples for result in results):,}",
            f"{sum(result.requests for result in results):,}",
            f"{sum(result.seconds for result in results):.1f}",
            ", ".join(f"{count} {name}" for name, count in evidence.items()),
        )
    return Padding(table, (0, 0, 0, 2))


def _time(report: Report) -> RenderableType:
    timings = report.timings
    parts = ", ".join(
        f"{name} {seconds:.1f} s"
        for name, seconds in sorted(timings.parts.items(), key=lambda part: -part[1])
        if seconds >= 0.05
    )
    told: list[RenderableType] = [
        Text("Where the time went", style="bold"),
        Text(f"  {timings.total:.1f} s in all, {timings.answering:.1f} s of them waiting for answers"),
        Padding(Text(parts), (0, 0, 0, 2)),
    ]
    results = sorted((row.result for row in report.results if row.result), key=lambda result: -result.seconds)
    checks = ", ".join(
        f"{result.check} [{result.version}] {result.seconds:.1f} s"
        for result in results[:SLOWEST]
        if result.seconds >= 0.05
    )
    if checks:
        told.append(Padding(Text(f"slowest checks: {checks}"), (0, 0, 0, 2)))
    table = _columns("slowest operations", "mean, ms", "longest, ms", "requests")
    for one in timings.operations()[:SLOWEST]:
        times = f"{one.mean * 1000:.1f}", f"{one.slowest * 1000:.1f}", f"{one.requests:,}"
        table.add_row(Text(f"{one.operation} [{one.version}]"), *times)
    return Group(*told, Padding(table, (0, 0, 0, 2)))


def _columns(first: str, *numbers: str) -> Table:
    """Returns a table with a column of texts, then columns of numbers."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(first, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right")
    return table


def _coverage(report: Report) -> RenderableType:
    called = report.coverage.called()
    operations = _columns("operation", "calls")
    operations.add_column("answers", overflow="fold")
    operations.add_column("never seen", overflow="fold")
    for one in called:
        answers = ", ".join(f"{status}×{count:,}" for status, count in one.answers.items())
        odd = f" (not documented: {', '.join(one.undocumented)})" if one.undocumented else ""
        operations.add_row(
            Text(f"{one.operation} [{one.version}]"), f"{one.calls:,}", answers + odd, ", ".join(one.missing)
        )
    keywords = _columns("keywords of schemas", "in all", "satisfied", "violated", "never met")
    for side in ("request", "response"):
        for version, found in report.coverage.keywords(side).items():
            numbers = (found.total, found.valid, found.invalid, len(found.never))
            keywords.add_row(Text(f"{side}s [{version}]"), *(f"{number:,}" for number in numbers))
    reached = sum(one.calls > 0 for one in called)
    return Group(
        Text("What of the contract was met", style="bold"),
        Text(f"  {reached} of {len(called)} operations"),
        Padding(operations, (0, 0, 1, 2)),
        Padding(keywords, (0, 0, 1, 2)),
        Padding(_states(report), (0, 0, 0, 2)),
    )


def _states(report: Report) -> RenderableType:
    """Returns how many checks saw each state of a job, those states included that none saw."""
    checks = job_states(report)
    table = _columns("checks that saw a job", *dict.fromkeys(state for _, state in checks))
    for version in report.versions:
        counts = (len(seen) for (of, _), seen in checks.items() if of == version)
        table.add_row(version, *map(str, counts))
    return table
