"""What a failed test tells of its accounts: sections of its report, and files."""

import re
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

import pytest

from pytest_casavi.backends.loop_thread import SOCKETS
from pytest_casavi.errors import CasaviError
from pytest_casavi.factory import Opened
from pytest_casavi.files import write
from pytest_casavi.handle.requests import Request, under_way
from pytest_casavi.handle.violations import described

_SHOWN_REQUESTS = 50
_SHOWN_JOBS = 20
_SHOWN_ERRORS = 5


def complete(report: pytest.TestReport, accounts: Collection[Opened], wide: Collection[Opened] = ()) -> None:
    """Adds the journals and the timelines of jobs to the report of a failed test; writes files if asked.

    Whatever goes wrong here is told in the report: it must not hide why the test failed.

    Args:
        report: The report.
        accounts: Those of the test.
        wide: Those of a wider scope that it has used.
    """
    if re.search("Socket(Connect)?BlockedError", str(report.longrepr)):
        report.sections.append(("casavi: sockets", SOCKETS))
    steered = [opened for opened in (*accounts, *wide) if opened.account.controlled]
    judged = "casavi: the client violates" in str(report.longrepr)
    for number, opened in enumerate(steered, 1):
        whose = "casavi" if len(steered) == 1 else f"casavi {number}"
        whose += " (of a wider scope)" if opened in wide else ""
        try:
            report.sections += [(f"{whose}: {title}", text) for title, text in _sections(opened, judged=judged)]
            if opened.report_dir is not None:
                report.sections.append((f"{whose}: files", write(opened.report_dir, report, opened, number)))
        except Exception as error:  # noqa: BLE001  # see above
            report.sections.append((f"{whose}: requests", f"They cannot be told: {type(error).__name__}: {error}"))


def close(report: pytest.TestReport, accounts: Collection[Opened]) -> None:
    """Closes the accounts of a test, with everything in them. One that cannot be closed is an error of its teardown.

    Args:
        report: That of the teardown.
        accounts: Those of the test.
    """
    for opened in accounts:
        try:
            opened.close()
        except CasaviError as error:
            trouble = f"casavi: an account of this test could not be closed. {error}"
            if report.failed:
                report.sections.append(("casavi: accounts", trouble))
            else:
                report.outcome, report.longrepr = "failed", trouble


def _sections(opened: Opened, *, judged: bool) -> Iterator[tuple[str, str]]:
    steering = opened.account.steering
    views = steering.ask("listRequests", query={"limit": _SHOWN_REQUESTS})
    lines = [line for view in views["requests"] for line in _told(Request(view))]
    hidden = views["count"] + views["dropped"] - len(views["requests"])
    if hidden:
        lines.insert(0, f"({hidden} older ones)")
    lines += under_way(views)
    yield "requests", "\n".join(lines or ["Nothing was asked of this account."])
    if jobs := opened.casavi.jobs.all:
        yield "jobs", "\n".join(line for job in jobs[-_SHOWN_JOBS:] for line in _timeline(job.json))
    if not judged and (violations := opened.casavi.violations):
        yield "violations", described(violations, opened.criteria.grave(violations))


def _told(request: Request) -> Iterator[str]:
    yield request.line
    if request.detail:
        yield f"    {request.detail}"


def _timeline(job: Any) -> Iterator[str]:
    progress = job["progress"]
    yield f"{job['id']}  {job['status']}  {progress['processed']} of {progress['total']} records"
    created = datetime.fromisoformat(job["createdAt"])
    times = [f"created {job['createdAt']}"]
    for name, word in (("startedAt", "started"), ("finishedAt", "ended")):
        if job[name] is not None:
            times.append(f"{word} +{(datetime.fromisoformat(job[name]) - created).total_seconds():.3f} s")
    yield f"    {', '.join(times)}"
    for entity, counts in job["counts"].items():
        told = ", ".join(f"{number} {outcome}" for outcome, number in counts.items() if number)
        if told:
            yield f"    {entity}: {told}"
    for error in job["errors"][:_SHOWN_ERRORS]:
        yield f"    {error['pointer']}: {error['message']} [{error['rule']}]"
    if len(job["errors"]) > _SHOWN_ERRORS:
        yield f"    and {len(job['errors']) - _SHOWN_ERRORS} more errors"
    for warning in job["warnings"][:_SHOWN_ERRORS]:
        yield f"    {warning['pointer']}: {warning['message']} [{warning['rule']}]"
