"""Looks a job up. Source: facts page, section 8.8; its form is an assumption, `job-object`."""

from typing import Any

from casavi_mock.accounts import Account, Settings
from casavi_mock.domain.clock import timestamp
from casavi_mock.domain.jobs import Job
from casavi_mock.domain.model import RecordError, RecordWarning
from casavi_mock.errors import Refused

RECORDS_BEFORE_ANSWER = 100
"""Records done at most while somebody waits for an answer."""


def look_up(account: Account, job_id: str) -> dict[str, Any]:
    """Returns the values of a job, as the shipped document shows them.

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
        settings = account.settings
        simple = settings.states.simple
        seen = view(job, settings.policy.job_status_names[job.state] if simple else status_of(job, settings))
        if unfinished and not job.ended:
            account.poll()
        return seen


def status_of(job: Job, settings: Settings) -> str:
    """Returns what clients are shown as the state of a job."""
    states = settings.states
    if states.simple:
        return settings.policy.job_status_names[job.state]
    share = job.processed / job.total if job.total else 0.0
    refused = sum(counts["refused"] for counts in job.counts.view().values())
    return states.shown(job.state, share=share, refused=refused, warned=len(job.warnings)).name


def view(job: Job, status: str) -> dict[str, Any]:
    """Returns the values of a job, as the shipped document shows them.

    Args:
        job: The job.
        status: What clients are shown as its state.
    """
    return {
        "id": job.id,
        "status": status,
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
