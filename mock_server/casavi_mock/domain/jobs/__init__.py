"""Jobs and their queue."""

from casavi_mock.domain.jobs.job import MODES, OUTCOMES, Counts, Job, Progress, checked_outcome
from casavi_mock.domain.jobs.line import TICK, JobQueue, QueueFull, QueueLimits

__all__ = [
    "MODES",
    "OUTCOMES",
    "TICK",
    "Counts",
    "Job",
    "JobQueue",
    "Progress",
    "QueueFull",
    "QueueLimits",
    "checked_outcome",
]
