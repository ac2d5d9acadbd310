"""Looks a job up. Source: facts page, section 8.8; its form is an assumption, `job-object`."""

from collections.abc import Mapping
from typing import Any

from casavi_mock.accounts import Account
from casavi_mock.domain.clock import timestamp
from casavi_mock.domain.jobs import Job
from casavi_mock.domain.model import RecordError, RecordWarning
from casavi_mock.errors import Refused

RECORDS_BEFORE_ANSWER = 100
"""Records done at most while somebody waits for an answer."""


def look_up(account: Account, job_id: str) -> dict[str, Any]:
    """Returns a job as clients see it.

    Raises:
        Refused: This account has no such job; a job of another account is refused in the same words.
    """
    with account.lock:
        now = account.clock.now()
        unfinished = account.queue.unfinished
        if unfinished:
            # what is due by the clock has happened, even if the worker was busy elsewhere
            account.run_due(RECORDS_BEFORE_ANSWER)
        job = account.queue.find(job_id, now)
        if job is None:
            raise Refused("job-unknown", "This account has no job with the id that was asked for.")
        seen = view(job, account.settings.policy.job_status_names)
        if unfinished and not job.ended:
            account.poll()
        return seen


def view(job: Job, names: Mapping[str, str]) -> dict[str, Any]:
    """Returns a job as clients see it.

    Args:
        job: The job.
        names: What each state is called.
    """
    return {
        "id": job.id,
        "status": names[job.state],
        "createdAt": timestamp(job.created_at),
        "startedAt": timestamp(job.started_at) if job.started_at else None,
        "finishedAt": timestamp(job.finished_at) if job.finished_at else None,
        "progress": {"processed": job.processed, "total": job.total},
        "counts": job.counts.view(),
        "errors": list(map(_error_view, job.errors)),
        "warnings": list(map(_warning_view, job.warnings)),
    }


def _warning_view(warning: RecordWarning) -> dict[str, Any]:
    return {
        "pointer": warning.pointer,
        "rule": warning.rule,
        "message": warning.message,
        "count": warning.count,
    }


def _error_view(error: RecordError) -> dict[str, Any]:
    missing = {"entity": error.missing[0], "id": error.missing[1]} if error.missing else None
    return {
        "entity": error.entity,
        "id": error.id,
        "pointer": error.pointer,
        "rule": error.rule,
        "evidence": error.evidence,
        "message": error.message,
        "missing": missing,
    }
