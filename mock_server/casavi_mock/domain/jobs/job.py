"""One job: how jobs move on, how many of its records came to which end, and how it is kept when it has ended."""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from casavi_mock.domain.importing import Importer
from casavi_mock.domain.model import ENTITIES, TRANSITIONS, JobState, Outcome, RecordError, RecordWarning
from casavi_mock.errors import Unsteerable

PROGRESS = ("immediate", "time", "manual")
"""The ways in which jobs move on."""

OUTCOMES = ("completed", "failed", "stalled")
"""What a job can be forced to become."""

_ENDS = tuple(Outcome)
_NAMES = tuple(str(outcome) for outcome in _ENDS)
_WIDTH = len(_ENDS)
_ROWS = {entity: row * _WIDTH for row, entity in enumerate(ENTITIES)}
_COLUMNS = {outcome: column for column, outcome in enumerate(_ENDS)}
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_UNIT = timedelta(microseconds=1)
_STATES = tuple(JobState)
_HEAD = struct.Struct("<qqqB")
"""When it was created, started and finished; its state."""
_COUNT = struct.Struct("<BI")
"""A place in the counts, and the number there; places without one are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How jobs move on."""

    progress: str = "time"
    """`immediate`: at once. `time`: by the clock. `manual`: by so many polls, or an explicit step."""
    job_seconds: float = 0.2
    """Progress `time`: seconds that every job takes."""
    record_seconds: float = 0.0
    """Progress `time`: seconds that every record adds."""
    polls: int = 1
    """Progress `manual`: polls that move a job from one state to the next; 0 leaves it to explicit steps."""

    @property
    def immediate(self) -> bool:
        """Whether jobs end when they are taken."""
        return self.progress == "immediate"

    @property
    def manual(self) -> bool:
        """Whether polls and steps move jobs, and not the clock."""
        return self.progress == "manual"


class Counts(Mapping[str, Mapping[Outcome, int]]):
    """Numbers of records by entity and outcome; what one entity has is read, not changed.

    Args:
        numbers: Those that are not zero, by the place that they have in `numbers`.
    """

    __slots__ = ("_numbers",)

    def __init__(self, numbers: Mapping[int, int] | None = None) -> None:
        self._numbers = [0] * (_WIDTH * len(ENTITIES))
        for place, number in (numbers or {}).items():
            self._numbers[place] = number

    def __getitem__(self, entity: str) -> dict[Outcome, int]:
        row = _ROWS[entity]
        return dict(zip(_ENDS, self._numbers[row : row + _WIDTH], strict=True))

    def __iter__(self) -> Iterator[str]:
        return iter(ENTITIES)

    def __len__(self) -> int:
        return len(ENTITIES)

    @property
    def numbers(self) -> tuple[int, ...]:
        """All numbers, in an order that stays the same."""
        return tuple(self._numbers)

    def add(self, entity: str, outcome: Outcome, number: int = 1) -> None:
        """Counts so many records."""
        self._numbers[_ROWS[entity] + _COLUMNS[outcome]] += number

    def totals(self) -> dict[str, int]:
        """Returns how many records came to which end, of all entities; ends to which none came are left out."""
        numbers = self._numbers
        return {name: total for column, name in enumerate(_NAMES) if (total := sum(numbers[column::_WIDTH]))}

    def view(self) -> dict[str, dict[str, int]]:
        """Returns the numbers under the names that clients see."""
        numbers = self._numbers
        return {entity: dict(zip(_NAMES, numbers[row : row + _WIDTH], strict=True)) for entity, row in _ROWS.items()}


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
    """From when its records are reckoned; later than its start if it was held, or began under another progress."""
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
    refused_at: list[int] = field(default_factory=list)
    """Of each error, the place of its record in the plan, until the job has ended."""

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

    def refuse(self, error: RecordError) -> None:
        """Notes that the next of its records is refused."""
        self.errors.append(error)
        self.refused_at.append(self.processed)

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


Ended = Job | bytes
"""An ended job as it is kept: packed, or itself where it has more to tell than moments and numbers."""


def checked_outcome(outcome: str) -> str:
    """Returns the outcome.

    Raises:
        casavi_mock.errors.Unsteerable: There is no such outcome.
    """
    if outcome not in OUTCOMES:
        raise Unsteerable(f"A job cannot be forced to be {outcome[:100]!r}.", OUTCOMES)
    return outcome


def packed(job: Job) -> Ended:
    """Returns an ended job as it is to be kept."""
    if job.errors or job.warnings or job.forced is not None:
        return job
    assert job.started_at is not None and job.finished_at is not None, "it has ended"  # noqa: PT018
    moments = [(moment - _ZERO) // _UNIT for moment in (job.created_at, job.started_at, job.finished_at)]
    counts = [_COUNT.pack(place, number) for place, number in enumerate(job.counts.numbers) if number]
    return _HEAD.pack(*moments, _STATES.index(job.state)) + b"".join(counts)


def unpacked(job_id: str, kept: Ended) -> Job:
    """Returns an ended job.

    Args:
        job_id: Its id.
        kept: What `packed` made of it.
    """
    if isinstance(kept, Job):
        return kept
    created, started, finished, state = _HEAD.unpack_from(kept)
    counts = Counts(dict(_COUNT.iter_unpack(kept[_HEAD.size :])))
    total = sum(counts.numbers)  # without errors, every record is counted
    created_at, started_at, finished_at = _moment(created), _moment(started), _moment(finished)
    return Job(
        id=job_id,
        created_at=created_at,
        total=total,
        warnings=[],
        state=_STATES[state],
        started_at=started_at,
        runs_from=started_at,
        ends_at=finished_at,
        finished_at=finished_at,
        touched_at=finished_at,
        processed=total,
        counts=counts,
    )


def end_of(kept: Ended) -> datetime | None:
    """Returns when an ended job ended."""
    return kept.finished_at if isinstance(kept, Job) else _moment(_HEAD.unpack_from(kept)[2])


def errors_of(kept: Ended) -> int:
    """Returns how many errors an ended job holds."""
    return len(kept.errors) if isinstance(kept, Job) else 0


def _moment(number: int) -> datetime:
    return _ZERO + timedelta(microseconds=number)
