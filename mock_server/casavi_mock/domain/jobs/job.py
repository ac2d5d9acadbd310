"""One job, and how jobs move on."""

from dataclasses import dataclass, field
from datetime import datetime

from casavi_mock.domain.importing import Importer
from casavi_mock.domain.jobs.counts import Counts
from casavi_mock.domain.model import TRANSITIONS, JobState, RecordError, RecordWarning
from casavi_mock.errors import Unsteerable

MODES = ("immediate", "time", "manual")

OUTCOMES = ("completed", "failed", "stalled")
"""What a job can be forced to become."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How jobs move on."""

    mode: str = "time"
    """`immediate`: at once. `time`: by the clock. `manual`: by so many polls, or an explicit step."""
    job_seconds: float = 0.2
    """In mode `time`: seconds that every job takes."""
    record_seconds: float = 0.0
    """In mode `time`: seconds that every record adds."""
    polls: int = 1
    """In mode `manual`: polls that move a job from one state to the next; 0 leaves it to explicit steps."""


@dataclass(slots=True, eq=False)
class Job:
    """One import on its way."""

    id: str
    created_at: datetime
    total: int
    """Records in the request."""
    warnings: list[RecordWarning]
    state: JobState = JobState.WAITING
    started_at: datetime | None = None
    runs_from: datetime | None = None
    """From when its records are reckoned; later than its start if it was held, or began in another mode."""
    ends_at: datetime | None = None
    """When it is due to end; None while that is not settled."""
    finished_at: datetime | None = None
    touched_at: datetime | None = None
    """When it last moved; nothing of it happens earlier."""
    processed: int = 0
    counts: Counts = field(default_factory=Counts)
    errors: list[RecordError] = field(default_factory=list)
    importer: Importer | None = None
    """Holds the request until the job has ended."""
    forced: str | None = None
    """One of `OUTCOMES`, by command."""
    size: int = 0
    """Length of what it imports, in bytes."""

    @property
    def ended(self) -> bool:
        """Whether the state is final."""
        return self.finished_at is not None

    def move(self, state: JobState) -> None:
        """Changes the state.

        Raises:
            ValueError: The state cannot follow the present one.
        """
        if state not in TRANSITIONS[self.state]:
            raise ValueError(f"a job cannot go from {self.state} to {state}")
        self.state = state

    @property
    def stalled(self) -> bool:
        """Whether it stays active until it is told otherwise."""
        return self.forced == "stalled" and self.state is JobState.ACTIVE

    def records_due(self, now: datetime) -> int:
        """Returns how many records should be done by a moment; a job that is to fail does none."""
        if self.runs_from is None or self.ends_at is None or self.forced == "failed":
            return 0
        if now >= self.ends_at:
            return self.total
        if now <= self.runs_from:  # the system's clock was set back
            return 0
        return int(self.total * ((now - self.runs_from) / (self.ends_at - self.runs_from)))


def checked_outcome(outcome: str) -> str:
    """Returns the outcome.

    Raises:
        casavi_mock.errors.Unsteerable: There is no such outcome.
    """
    if outcome not in OUTCOMES:
        raise Unsteerable(f"A job cannot be forced to be {outcome[:100]!r}.", OUTCOMES)
    return outcome
