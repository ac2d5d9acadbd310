"""A run as JSON: for programs, and for the page.

The form is described by `report.schema.json` beside this module. `formatVersion` goes up when a member goes or changes
its meaning; new members may come at any time.
"""

import json
from typing import Any

from casavi_contracts.http.exchange import Exchange
from casavi_contracts.outcome import Finding, Outcome
from casavi_contracts.report.report import Report, job_states
from casavi_contracts.report.results import Row, sameness

FORMAT = "casavi-check-report"
FORMAT_VERSION = 3


def document(report: Report) -> dict[str, Any]:
    """Returns a run as JSON."""
    return {
        "format": FORMAT,
        "formatVersion": FORMAT_VERSION,
        "outcome": report.outcome,
        "exitCode": report.exit_code,
        "run": _run(report),
        "counts": {str(outcome): report.results.count(outcome) for outcome in Outcome},
        "checks": [_check(row, report) for row in report.results.rows()],
        "operations": [
            {
                "operation": spent.operation,
                "version": spent.version,
                "requests": spent.requests,
                "meanSeconds": round(spent.mean, 6),
                "slowestSeconds": round(spent.slowest, 6),
                "seconds": round(spent.seconds, 6),
            }
            for spent in report.timings.operations()
        ],
        "time": [{"part": name, "seconds": round(spent, 3)} for name, spent in report.timings.parts.items()],
        "coverage": _coverage(report),
    }


def dumped(report: Report) -> str:
    """Returns a run as JSON text."""
    return json.dumps(document(report), indent=2, ensure_ascii=False).encode(errors="replace").decode() + "\n"


def _run(report: Report) -> dict[str, Any]:
    return {
        "target": report.target,
        "isMock": report.is_mock,
        "versions": list(report.versions),
        "seed": report.seed,
        "profile": dict(report.profile),
        "prefix": report.prefix,
        "startedAt": report.started_at,
        "seconds": round(report.timings.total, 3),
        "secondsWaitingForTheTarget": round(report.timings.answering, 3),
        "requests": report.requests,
        "writes": report.writes,
        "records": report.records,
        "pauses": report.pauses,
        "secondsPaused": round(report.waited, 3),
        "tolerateAssumptions": report.tolerate,
        "command": report.command,
        "notes": list(report.notes),
        "stopped": report.stopped,
    }


def _check(row: Row, report: Report) -> dict[str, Any]:
    promise, result = row.promise, row.result
    return {
        "check": promise.name,
        "version": promise.version,
        "group": promise.group,
        "subject": promise.subject,
        "sentence": promise.sentence,
        "evidence": promise.evidence,
        "source": promise.source,
        "assumption": promise.assumption,
        "outcome": str(row.outcome),
        "reason": row.reason,
        "cases": result.examples if result else 0,
        "casesAtUsualDepth": (result.usual or result.examples) if result else 0,
        "requests": result.requests if result else 0,
        "seconds": round(result.seconds, 3) if result else 0.0,
        "jobStates": sorted(result.states) if result else [],
        "findings": [_finding(finding, row, report) for finding in row.findings],
    }


def _finding(finding: Finding, row: Row, report: Report) -> dict[str, Any]:
    return {
        "outcome": str(finding.outcome),
        "evidence": finding.evidence,
        "expected": finding.expected,
        "observed": finding.observed,
        "assumption": finding.assumption,
        "profile": finding.profile,
        "seenBy": row.seers.get(sameness(finding), []),
        "case": finding.case,
        "replay": report.replay_command(finding),
        "exchanges": [_exchange(exchange) for exchange in finding.exchanges],
    }


def _exchange(exchange: Exchange) -> dict[str, Any]:
    return {
        "number": exchange.number,
        "operation": exchange.operation,
        "method": exchange.method,
        "path": exchange.path,
        "requestHeaders": dict(exchange.request_headers),
        "requestBody": exchange.request_body,
        "status": exchange.status,
        "responseHeaders": dict(exchange.response_headers),
        "responseBody": exchange.response_body,
        "seconds": round(exchange.seconds, 6),
    }


def _coverage(report: Report) -> dict[str, Any]:
    return {
        "operations": [
            {
                "operation": called.operation,
                "version": called.version,
                "calls": called.calls,
                "answers": dict(called.answers),
                "documentedButNeverSeen": list(called.missing),
                "seenButNotDocumented": list(called.undocumented),
            }
            for called in report.coverage.called()
        ],
        "schemaKeywords": [
            {
                "version": version,
                "side": side,
                "keywords": keywords.total,
                "satisfied": keywords.valid,
                "violated": keywords.invalid,
                "never": list(keywords.never),
            }
            for side in ("request", "response")
            for version, keywords in report.coverage.keywords(side).items()
        ],
        "neverSeen": report.never(),
        "jobStates": [
            {"version": version, "state": state, "checks": checks}
            for (version, state), checks in job_states(report).items()
        ],
    }
