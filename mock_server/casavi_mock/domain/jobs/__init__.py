"""Jobs and their queue."""

from casavi_mock.domain.jobs.durations import Durations
from casavi_mock.domain.jobs.job import OUTCOMES, PROGRESS, Counts, Job, Progress, checked_outcome
from casavi_mock.domain.jobs.limits import QueueFull, QueueLimits
from casavi_mock.domain.jobs.line import TICK, JobQueue

__all__ = [
    "OUTCOMES",
    "PROGRESS",
    "TICK",
    "Counts",
    "Durations",
    "Job",
    "JobQueue",
    "Progress",
    "QueueFull",
    "QueueLimits",
    "checked_outcome",
]
