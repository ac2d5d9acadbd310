"""Jobs and their queue."""

from casavi_mock.domain.jobs.job import OUTCOMES, PROGRESS, Counts, Job, Progress, checked_outcome
from casavi_mock.domain.jobs.line import TICK, JobQueue, QueueFull, QueueLimits

__all__ = [
    "OUTCOMES",
    "PROGRESS",
    "TICK",
    "Counts",
    "Job",
    "JobQueue",
    "Progress",
    "QueueFull",
    "QueueLimits",
    "checked_outcome",
]
