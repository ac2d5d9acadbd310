"""Jobs and their queue."""

from casavi_mock.domain.jobs.job import MODES, OUTCOMES, Job, Progress, checked_outcome, counts_view
from casavi_mock.domain.jobs.line import TICK, JobQueue, QueueFull

__all__ = ["MODES", "OUTCOMES", "TICK", "Job", "JobQueue", "Progress", "QueueFull", "checked_outcome", "counts_view"]
