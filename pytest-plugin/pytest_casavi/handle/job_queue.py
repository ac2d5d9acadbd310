"""The queue of the account's jobs."""

from typing import TYPE_CHECKING, Any, Literal, Never, Self, cast

from pytest_casavi.errors import told
from pytest_casavi.steering import Steering

__tracebackhide__ = told

Progress = Literal["immediate", "time", "manual"]
"""How jobs move on: at once, by the clock, or by polls and steps."""

Step = Literal["job", "record"]

_SHOWN = 10


class _Chosen(str):
    """The name of a progress; tells whoever calls it, as was done once, what changes the progress now."""

    __slots__ = ()

    def __call__(self, *_: object, **__: object) -> Never:
        raise TypeError(
            "queue.progress tells how jobs move on, and "
            "queue.set(progress, job_seconds=, record_seconds=, polls=) changes it"
        )


class Queue:
    """The jobs that have not ended: whether and how they move on.

    Args:
        steering: Reaches the account.
    """

    def __init__(self, steering: Steering) -> None:
        self._steering = steering

    def __repr__(self) -> str:
        return "<the queue of a casavi account>"

    def __len__(self) -> int:
        return self.unfinished

    if not TYPE_CHECKING:  # a type checker shall go on finding what is not there

        def __getattr__(self, name: str) -> Never:
            hint = "; how jobs move on is `progress` now, and `set` changes it" if name == "mode" else ""
            raise AttributeError(f"the queue has no {name!r}{hint}", name=name, obj=self)

    def __bool__(self) -> bool:
        return True

    @property
    def unfinished(self) -> int:
        """How many jobs have not ended."""
        return int(self._view()["unfinished"])

    @property
    def held(self) -> bool:
        """Whether jobs stand still."""
        return bool(self._view()["held"])

    @property
    def progress(self) -> Progress:
        """How jobs move on."""
        return cast("Progress", _Chosen(self._view()["progress"]))

    @property
    def job_seconds(self) -> float:
        """Progress `time`: seconds that each job takes."""
        return float(self._view()["job_seconds"])

    @property
    def record_seconds(self) -> float:
        """Progress `time`: seconds that each record adds."""
        return float(self._view()["record_seconds"])

    @property
    def polls(self) -> int:
        """Progress `manual`: polls of the client from one state to the next."""
        return int(self._view()["polls"])

    def hold(self) -> "Held":
        """Lets jobs be taken and stand still, until they are released, stepped or drained.

        As a context (`with casavi.queue.hold():`) it releases them at its end.
        """
        self._steering.ask("holdQueue")
        return Held(self)

    def release(self) -> None:
        """Lets jobs move again."""
        self._steering.ask("releaseQueue")

    def step(self, what: Step = "job") -> bool:
        """Moves the first unfinished job at the present moment, even if the queue is held.

        Args:
            what: `job`, to its end; `record`, by one record, of which the last ends the job.

        Returns:
            Whether there was a job that could be moved; one that stalls cannot.
        """
        return bool(self._steering.ask("stepQueue", body={"what": what})["moved"])

    def drain(self) -> int:
        """Ends all jobs at the present moment, even if the queue is held; returns how many that were."""
        return int(self._steering.ask("drainQueue")["ended"])

    def set(
        self,
        progress: Progress,
        *,
        job_seconds: float | None = None,
        record_seconds: float | None = None,
        polls: int | None = None,
    ) -> None:
        """Decides how jobs move on from now on; what is not given is as the server was started.

        Args:
            progress: `immediate`: at once. `time`: by the account's clock. `manual`: by polls of the client, or steps.
            job_seconds: `time`: seconds that each job takes.
            record_seconds: `time`: seconds that each of its records adds.
            polls: `manual`: how many polls move a job from one state to the next; 0 leaves it to steps.

        Raises:
            pytest_casavi.CannotSteer: There is no such progress, or a number is impossible.
        """
        given = {"job_seconds": job_seconds, "record_seconds": record_seconds, "polls": polls}
        chosen = {name: value for name, value in given.items() if value is not None}
        self._steering.ask("putQueue", body={"progress": progress, **chosen})

    def picture(self) -> str:
        """Returns a text that shows what is in the queue, the first in turn first."""
        view = self._view()
        lines = self._steering.ask("listJobs", query={"limit": 1_000_000})["jobs"]
        waiting = [line for line in reversed(lines) if line["finishedAt"] is None]
        how = "held" if view["held"] else "not held"
        time = self._steering.ask("getClock")
        frozen = ", frozen" if time["frozen"] else ""
        progress = view["progress"]
        head = f"the queue at {time['now']}{frozen}: {how}, progress {progress!r}, {len(waiting)} unfinished"
        rows = [f"  {number}. {_row(line)}" for number, line in enumerate(waiting[:_SHOWN], 1)]
        more = [f"  and {len(waiting) - _SHOWN} more"] if len(waiting) > _SHOWN else []
        return "\n".join([head, *rows, *more])

    def _view(self) -> Any:
        return self._steering.ask("getQueue")


class Held:
    """A queue that stands still; at the end of a `with` it is released."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.release()


def _row(line: Any) -> str:
    done = f"{line['progress']['processed']} of {line['progress']['total']} records"
    return f"{line['id']} {line['status']}, {done}, created {line['createdAt']}"
