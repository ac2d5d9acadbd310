"""A run for people at a terminal: what is wrong first, then the rest in few lines."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from casavi_contracts.report.report import Report, job_states, profile_lines
from casavi_contracts.report.results import Promise, Row
from casavi_contracts.report.text import AGAIN, paragraphs
from casavi_contracts.verdict import Outcome

COLOURS = {
    Outcome.HOLDS: "green",
    Outcome.BROKEN: "bold red",
    Outcome.REFUTED: "yellow",
    Outcome.NOT_JUDGED: "magenta",
    Outcome.NOT_APPLICABLE: "dim",
}
"""By verdict."""

SLOWEST = 5
"""Operations and laws that are listed as the slowest."""


def print_report(report: Report, console: Console) -> None:
    """Prints a run.

    Args:
        report: What came of it.
        console: Where to.
    """
    for part in parts(report):
        console.print(part, crop=False)
        console.print()
    console.print(Text(closing(report), style="bold" if report.exit_code == 0 else "bold red"))


def parts(report: Report) -> Iterator[RenderableType]:
    """Yields the sections of the report."""
    results = report.results
    for outcome, title in (
        (Outcome.BROKEN, "Broken: promises that do not hold"),
        (Outcome.REFUTED, "Assumptions refuted: guesses about casavi that do not hold here"),
    ):
        rows = results.rows(outcome)
        if rows:
            yield Group(_title(title, len(rows), COLOURS[outcome]), _table(rows), *_details(rows, report))
    lines = profile_lines(report)
    if lines:
        yield Group(
            Text("A profile that makes the mock behave so", style="bold"),
            *(Text(f"  {line}", no_wrap=True, overflow="ignore") for line in ("[assumptions]", *lines)),
            Text(_because(report)),
        )
    for outcome, title in (
        (Outcome.NOT_JUDGED, "Not judged"),
        (Outcome.NOT_APPLICABLE, "Not applicable"),
    ):
        rows = results.rows(outcome)
        if rows and not report.planned:
            yield Group(_title(title, len(rows), COLOURS[outcome]), *_reasons(rows))
    held = results.rows(Outcome.HOLDS)
    if held:
        yield Group(_title("Holds", len(held), COLOURS[Outcome.HOLDS]), _folded(held))
    if report.results.judged:
        yield _time(report)
        yield _coverage(report)


def _because(report: Report) -> str:
    stuck = report.results.count(Outcome.NOT_JUDGED)
    if not stuck:
        return "  Give it to the mock and to the check: --profile FILE."
    return (
        f"  Give it to the check (--profile FILE), to judge the {_number(stuck, 'law')} that could not be judged too."
    )


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
    head = Text.assemble("  ", (first.name, "cyan"), f"  ({evidence})")
    return Group(head, Padding(Text(first.sentence), (0, 0, 0, 4)))


def closing(report: Report) -> str:
    """Returns the whole run in a few sentences, the last ones that are printed."""
    if report.planned:
        return f"This was a plan; nothing was judged. {_number(report.requests, 'request')} were sent."
    counts = {outcome: report.results.count(outcome) for outcome in Outcome}
    told = ", ".join(f"{count} {_words(outcome, count)}" for outcome, count in counts.items() if count)
    sent = ", ".join(
        (_number(report.requests, "request"), _number(report.writes, "import"), _number(report.records, "record"))
    )
    laws = _number(len(report.results), "law")
    sentences = [
        f"Of {laws}: {told or 'nothing was judged'}. {sent}, {report.timings.total:.1f} s, seed {report.seed}."
    ]
    if report.pauses:
        sentences.append(f"Waited {report.waited:.0f} s; the target asked for it {report.pauses} times.")
    if report.stopped:
        sentences.append(f"The run ended early: {report.stopped}.")
    return " ".join(sentences)


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _words(outcome: Outcome, count: int) -> str:
    return {Outcome.HOLDS: "holds" if count == 1 else "hold"}.get(outcome, str(outcome))


def _title(text: str, count: int, style: str) -> Text:
    return Text(f"{text} ({count})", style=style)


def _table(rows: Sequence[Row]) -> RenderableType:
    """Returns the table of law, version, evidence and verdict."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("law", overflow="fold")
    for name in ("version", "evidence", "verdict"):
        table.add_column(name, no_wrap=True)
    for row in rows:
        table.add_row(
            row.promise.name,
            row.promise.version,
            row.findings[0].evidence if row.findings else row.promise.evidence,
            Text(str(row.outcome), style=COLOURS[row.outcome]),
        )
    return Padding(table, (0, 0, 0, 2))


def _details(rows: Sequence[Row], report: Report) -> Iterator[RenderableType]:
    for row in rows:
        yield Text()
        yield Text(f"  {row.promise.name} [{row.promise.version}]", style=COLOURS[row.outcome])
        for paragraph in paragraphs(row, report):
            if paragraph.startswith(AGAIN):
                yield Text(f"    {paragraph}", no_wrap=True, overflow="ignore")
            else:
                yield Padding(_aligned(paragraph), (0, 0, 0, 4))


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
    """Yields each reason with the laws that it holds for."""
    by_reason: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_reason[row.reason].append(row)
    for reason, of_it in by_reason.items():
        yield Text(f"  because {reason}:")
        yield Padding(Text(", ".join(_names(of_it))), (0, 0, 0, 4))


def _names(rows: Iterable[Row]) -> list[str]:
    versions: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        versions[row.promise.name].append(row.promise.version)
    return [f"{name} [{', '.join(of_it)}]" for name, of_it in versions.items()]


def _folded(rows: Iterable[Row]) -> RenderableType:
    """Returns a line for each group of laws."""
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.promise.group].append(row)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("about")
    for name in ("laws", "cases", "requests", "seconds"):
        table.add_column(name, justify="right")
    table.add_column("evidence", overflow="fold")
    for group, of_it in groups.items():
        verdicts = [row.verdict for row in of_it if row.verdict]
        evidence: defaultdict[str, int] = defaultdict(int)
        for row in of_it:
            evidence[row.promise.evidence] += 1
        table.add_row(
            group,
            str(len(of_it)),
            f"{sum(verdict.examples for verdict in verdicts):,}",
            f"{sum(verdict.requests for verdict in verdicts):,}",
            f"{sum(verdict.seconds for verdict in verdicts):.1f}",
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
    verdicts = sorted((row.verdict for row in report.results if row.verdict), key=lambda verdict: -verdict.seconds)
    laws = ", ".join(
        f"{verdict.law} [{verdict.version}] {verdict.seconds:.1f} s"
        for verdict in verdicts[:SLOWEST]
        if verdict.seconds >= 0.05
    )
    if laws:
        told.append(Padding(Text(f"slowest laws: {laws}"), (0, 0, 0, 2)))
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
    """Returns how many laws saw each state of a job, those states included that none saw."""
    laws = job_states(report)
    table = _columns("laws that saw a job", *dict.fromkeys(state for _, state in laws))
    for version in report.versions:
        counts = (len(seen) for (of, _), seen in laws.items() if of == version)
        table.add_row(version, *map(str, counts))
    return table
