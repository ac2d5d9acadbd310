"""The jobs of the account, as a test sees them: looking at one does not count as a poll of the client."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from pytest_casavi.errors import NothingThere, WaitTimeout, told
from pytest_casavi.handle.job_queue import Queue
from pytest_casavi.handle.moments import parsed, parsed_or_none
from pytest_casavi.handle.requests import Request, Requests
from pytest_casavi.handle.waiting import WAIT_SECONDS as ARRIVAL_SECONDS
from pytest_casavi.handle.waiting import Deadline, beside, pause
from pytest_casavi.steering import Steering

__tracebackhide__ = told

WAIT_SECONDS = 10.0
"""How long `wait` waits if nothing else is said."""

_LEAST_PAUSE = 0.002  # twice as long as the shortest time that the clock shows
_LONGEST_PAUSE = 0.05
_SHOWN = 5


class Progress(NamedTuple):
    """How far a job has come."""

    processed: int
    total: int


@dataclass(frozen=True, slots=True)
class Missing:
    """The record that another one refers to, and that is not there."""

    entity: str
    id: str | None


@dataclass(frozen=True, slots=True)
class JobError:
    """Why one record of an import was refused."""

    entity: str
    id: str | None
    """Reference id of the record; None where it has none."""
    pointer: str
    """JSON pointer into the request."""
    rule: str
    evidence: str
    message: str
    missing: Missing | None
    """The record that is missing, or that was refused first."""


@dataclass(frozen=True, slots=True)
class JobWarning:
    """Something in an import that was left out."""

    pointer: str
    rule: str
    message: str
    count: int


class Jobs:
    """The jobs of the account, the oldest first.

    Args:
        steering: Reaches the account.
        requests: What was asked of the account.
    """

    def __init__(self, steering: Steering, requests: Requests) -> None:
        self._steering = steering
        self._requests = requests

    def __repr__(self) -> str:
        return "<the jobs of a casavi account>"

    def __len__(self) -> int:
        return int(self._steering.ask("listJobs", query={"limit": 1})["count"])

    def __iter__(self) -> Iterator["Job"]:
        return iter(self.all)

    def __contains__(self, job_id: object) -> bool:
        return any(job.id == job_id for job in self.all)

    def __getitem__(self, job: str | int) -> "Job":
        """Returns a job by its id, or by its place: 0 is the first, -1 the last.

        Raises:
            pytest_casavi.NothingThere: There is no such job.
        """
        known = self.all
        found = known[job] if isinstance(job, int) and -len(known) <= job < len(known) else None
        found = found or next((one for one in known if one.id == job), None)
        if found is None:
            raise NothingThere(f"There is no job {job!r}. {_listed(known)}")
        return found

    @property
    def all(self) -> list["Job"]:
        """All jobs that can be read, the oldest first."""
        lines = self._steering.ask("listJobs", query={"limit": 1_000_000})["jobs"]
        return [self._job(line["id"]) for line in reversed(lines)]

    @property
    def last(self) -> "Job":
        """The newest job: that which there is now, or, while there is none, the one that can be waited for."""
        return self._job(self._newest())

    @property
    def next(self) -> "NextJob":
        """The next job that starts, to decide what becomes of it."""
        return NextJob(self._steering)

    def wait(self, count: int = 1, timeout: float = ARRIVAL_SECONDS) -> list["Job"]:
        """Waits until there are so many jobs and they have ended, and returns all that there are.

        Args:
            count: How many, at least.
            timeout: Seconds of the wall clock, for all of them together.

        Raises:
            pytest_casavi.WaitTimeout: There are fewer in time, or one has not ended; the text shows what there is.
        """
        deadline = Deadline(timeout)
        if not deadline.until(lambda: len(self) >= count):
            raise WaitTimeout(f"{len(self)} of {count} jobs within {timeout:g} s.\n{self._requests.listing()}")
        for job in self.all[:count]:
            job.wait(deadline.left)
        return self.all

    async def done(self, count: int = 1, timeout: float = ARRIVAL_SECONDS) -> list["Job"]:  # noqa: ASYNC109  # as wait
        """Waits as `wait` does, while the loop of the test goes on."""
        return await beside(self.wait, count, timeout)

    def _newest(self) -> str | None:
        lines = self._steering.ask("listJobs", query={"limit": 1})["jobs"]
        return str(lines[0]["id"]) if lines else None

    def _job(self, job_id: str | None) -> "Job":
        return Job(self._steering, job_id, self._requests, self._newest)


class _Decidable:
    """A job of which a test can decide what becomes of it."""

    def fail(self) -> None:
        """Lets it fail, with what is left of its records refused: at once if it is the first in the queue."""
        self._force("failed")

    def complete(self) -> None:
        """Lets it end as its records have it: at once if it is the first in the queue, or else when its turn comes."""
        self._force("completed")

    def stall(self) -> None:
        """Lets it stay active, and those behind it waiting, until something else is decided."""
        self._force("stalled")

    def _force(self, outcome: str) -> None:
        raise NotImplementedError


class NextJob(_Decidable):
    """The next job that starts.

    Args:
        steering: Reaches the account.
    """

    def __init__(self, steering: Steering) -> None:
        self._steering = steering

    def __repr__(self) -> str:
        return "<the next job that starts>"

    def _force(self, outcome: str) -> None:
        self._steering.ask("forceNextJob", body={"outcome": outcome})


class Job(_Decidable):
    """One job. Everything about it is as it is at the moment it is asked for.

    Args:
        steering: Reaches the account.
        job_id: Its id; None for the first that comes.
        requests: What was asked of the account.
        newest: Returns the id of the newest job, None if there is none.
    """

    def __init__(
        self, steering: Steering, job_id: str | None, requests: Requests, newest: Callable[[], str | None]
    ) -> None:
        self._steering = steering
        self._requests = requests
        self._newest = newest
        self._final: Any = None
        self._id = job_id

    def __repr__(self) -> str:
        return f"<Job {self._id}>" if self._known() else "<a job that there is not yet>"

    @property
    def id(self) -> str:
        """Its id.

        Raises:
            pytest_casavi.NothingThere: There is no job yet.
        """
        if not self._known():
            raise NothingThere(f"There is no job: no import was accepted.\n{self._requests.listing()}")
        return str(self._id)

    def _known(self) -> bool:
        if self._id is None:
            self._id = self._newest()
        return self._id is not None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Job) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def status(self) -> str:
        """What clients see: `waiting`, `active`, `completed`, `failed`, unless a profile gives other names."""
        return str(self.json["status"])

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self.json["finishedAt"] is not None

    @property
    def progress(self) -> Progress:
        """How many of its records are done."""
        return Progress(**self.json["progress"])

    @property
    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """How many records were `created`, `updated`, `unchanged`, `refused`, by entity."""
        counts: Mapping[str, Mapping[str, int]] = self.json["counts"]
        return counts

    @property
    def errors(self) -> list[JobError]:
        """Why records were refused, one error for each."""
        return [
            JobError(**{**error, "missing": Missing(**error["missing"]) if error["missing"] else None})
            for error in self.json["errors"]
        ]

    @property
    def warnings(self) -> list[JobWarning]:
        """What was left out, such as unknown fields."""
        return [JobWarning(**warning) for warning in self.json["warnings"]]

    @property
    def created_at(self) -> datetime:
        """When it was accepted, by the clock of the account."""
        return parsed(self.json["createdAt"])

    @property
    def started_at(self) -> datetime | None:
        """When it became active; None if it has not."""
        return parsed_or_none(self.json["startedAt"])

    @property
    def finished_at(self) -> datetime | None:
        """When it ended; None if it has not."""
        return parsed_or_none(self.json["finishedAt"])

    @property
    def request(self) -> Request:
        """The import from which it came."""
        return self._requests.to("importMasterData").where(job=self.id).first

    @property
    def json(self) -> Any:
        """Everything about it as a client is shown it, and in `state` the mock's own name of its status."""
        if self._final is not None:
            return self._final
        view = self._steering.ask("getJob", path={"id": self.id})
        if view["finishedAt"] is not None:
            self._final = view
        return view

    def wait(self, timeout: float = WAIT_SECONDS) -> "Job":
        """Waits until it has ended, and returns it. One that does not exist yet may come meanwhile.

        If the clock goes by itself and the job with it, this waits by the wall clock, until the moment at which the job
        is due. If nobody else would move the job (time is frozen, the queue is held, progress is manual), nothing is
        waited for: the jobs in front of it and itself are ended at the present moment, as by `casavi.queue.step()`.

        Args:
            timeout: Seconds of the wall clock.

        Raises:
            pytest_casavi.WaitTimeout: It has not ended in time, or stalls; the text shows the queue.
        """
        deadline, seen = Deadline(timeout), None
        if not deadline.until(self._known):
            raise WaitTimeout(f"No import was accepted within {timeout:g} s.\n{self._requests.listing()}")
        while not self.ended:
            now, due = self._outlook()
            if due is None or now == seen:  # the system's own clock may stand still in a test, too
                self._step()
            elif left := deadline.left:
                pause(min(max(due, _LEAST_PAUSE), _LONGEST_PAUSE, left))
                seen = now
            else:
                raise WaitTimeout(f"Job {self.id} has not ended within {timeout:g} s.\n{self._picture()}")
        return self

    async def done(self, timeout: float = WAIT_SECONDS) -> "Job":  # noqa: ASYNC109  # as wait
        """Waits as `wait` does, while the loop of the test goes on."""
        return await beside(self.wait, timeout)

    def _force(self, outcome: str) -> None:
        self._steering.ask("forceJob", path={"id": self.id}, body={"outcome": outcome})

    def _outlook(self) -> tuple[str, float | None]:
        """Returns the time, and the seconds until something is to happen by itself, None if nothing is."""
        queue = self._steering.ask("getQueue")
        return self._steering.ask("getClock")["now"], queue["nextDueSeconds"]

    def _step(self) -> None:
        """Ends the first job in the queue, which nobody else would move."""
        if not self._steering.ask("stepQueue", body={"what": "job"})["moved"] and not self.ended:
            what = "a job stalls until it is decided what becomes of it: .complete(), .fail()"
            raise WaitTimeout(f"Job {self.id} will not end: {what}.\n{self._picture()}")

    def _picture(self) -> str:
        return Queue(self._steering).picture()


def _listed(jobs: list[Job]) -> str:
    if not jobs:
        return "There is none at all."
    more = f" and {len(jobs) - _SHOWN} older" if len(jobs) > _SHOWN else ""
    return f"There are: {', '.join(job.id for job in jobs[-_SHOWN:])}{more}."
