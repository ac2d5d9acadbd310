"""A check that does not hold, in plain text: for reports of other tools, and for the terminal."""

import json
from collections.abc import Iterator, Sequence

from casavi_contracts.http.exchange import Exchange
from casavi_contracts.outcome import Finding
from casavi_contracts.report.report import Report
from casavi_contracts.report.results import Row, sameness

AGAIN = "again:  "
"""Begins the line with the command that judges a case again; it is never broken, so that it can be copied."""

SHOWN_EXCHANGES = 6
"""The latest exchanges of a case; all of them are in the reports."""

SHOWN_FINDINGS = 3
"""Findings of one check; the others are in the reports."""

SHOWN_BODY = 400
"""Characters of a body."""

SHOWN_STEP = 300
"""Characters of a step of a case; the whole of it is in its file."""

SHOWN_CASE = 1_000
"""Characters of a case; the whole of it is in its file."""


def paragraphs(row: Row, report: Report) -> Iterator[str]:
    """Yields what is to be said of a check that does not hold."""
    if row.promise.sentence:
        yield row.promise.sentence
    for finding in row.findings[:SHOWN_FINDINGS]:
        yield "\n".join(lines(finding, row.seers.get(sameness(finding), [])))
        command = report.replay_command(finding)
        if command:
            yield f"{AGAIN}{command}"
    if len(row.findings) > SHOWN_FINDINGS:
        yield f"{len(row.findings) - SHOWN_FINDINGS} further findings are in the reports (--json, --html)."


def lines(finding: Finding, seers: Sequence[str] = ()) -> Iterator[str]:
    """Yields what was expected, what was seen instead, and what shows it.

    Args:
        finding: What was found.
        seers: The checks that have found the same.
    """
    yield f"expected  {cut(finding.expected, SHOWN_CASE)}"
    yield f"observed  {cut(finding.observed, SHOWN_CASE)}"
    others = [name for name in seers if name != finding.check]
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        yield f"seen by   {others[0]}{more}"
    yield from grounds(finding, SHOWN_CASE, SHOWN_STEP)
    yield from _exchanges(finding)


def grounds(finding: Finding, case: int, step: int, latest: int | None = None) -> Iterator[str]:
    """Yields what a finding rests on, and the case that shows it.

    Args:
        finding: What was found.
        case: Characters of the case that are shown.
        step: Characters of a step that are shown.
        latest: How many of the steps are shown; all of them if None.
    """
    if finding.assumption:
        yield f"rests on  the assumption {finding.assumption}"
        if finding.profile:
            yield f"profile   {finding.profile}"
    if finding.steps:
        hidden = 0 if latest is None else max(len(finding.steps) - latest, 0)
        if hidden:
            yield f"steps     {hidden} earlier ones are in the reports (--json, --html)"
        numbered = enumerate(finding.steps[hidden:], hidden + 1)
        yield from (f"step {number:<4} {cut(text, step)}" for number, text in numbered)
    elif finding.case is not None:
        yield f"case      {cut(json.dumps(finding.case, ensure_ascii=True), case)}"


def _exchanges(finding: Finding) -> Iterator[str]:
    hidden = len(finding.exchanges) - SHOWN_EXCHANGES
    if hidden > 0:
        yield f"requests  {hidden} earlier ones are in the reports (--json, --html)"
    for exchange in finding.exchanges[-SHOWN_EXCHANGES:]:
        yield from exchange_lines(exchange)


def exchange_lines(exchange: Exchange, most: int = SHOWN_BODY) -> Iterator[str]:
    """Yields a request and its answer.

    Args:
        exchange: What was sent and answered.
        most: Characters that are shown of each part.
    """
    status = exchange.status if exchange.status is not None else "no answer"
    yield f"  {cut(exchange.method, most)} {cut(exchange.path, most)} -> {status}"
    if exchange.request_body:
        yield f"    sent      {cut(exchange.request_body, most)}"
    if exchange.response_body:
        yield f"    answered  {cut(exchange.response_body, most)}"


def cut(text: str, length: int) -> str:
    """Returns the beginning of a text, on one line, with nothing in it that could steer a terminal."""
    text = "".join(character if character.isprintable() else repr(character)[1:-1] for character in text[: length + 1])
    return text if len(text) <= length else f"{text[:length]}…"
