"""Jobs and their queue."""

from casavi_mock.domain.jobs.counts import Counts
from casavi_mock.domain.jobs.job import MODES, OUTCOMES, Job, Progress, checked_outcome
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
