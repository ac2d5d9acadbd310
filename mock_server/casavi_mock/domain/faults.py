"""Faults that are asked for: which calls of an account they strike, and what happens to those.

Nothing here is left to chance: a fault counts the calls of its operation, and strikes those that it was told to. Kinds,
fields and bounds are checked once, where a fault comes in: by the document of the control plane.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from casavi_mock.errors import Unsteerable

MAX_FAULTS = 100
"""Faults that an account may have at once."""

ANY = "*"
"""Stands for every operation."""

IMPORT = "importMasterData"
"""The only operation that creates jobs."""

KINDS = ("status", "delay", "reset", "truncate", "lost-response", "drip", "job-fails", "job-stalls")
"""Kinds of effects."""

JOB_KINDS = ("job-fails", "job-stalls")
"""Kinds that strike the job of an import, not its answer."""

_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What happens to a call that a fault strikes."""

    kind: str
    """`status`: no work, an error instead. `delay`: work later. `reset`: no work, connection reset. `truncate`: work
    done, answer cut. `lost-response`: work done, no answer. `drip`: work done, the answer comes slowly. `job-fails`,
    `job-stalls`: the import's job does that."""
    status: int | None = None
    """Of the answer, from 400 to 599."""
    retry_after_seconds: int | None = None
    """What the header `Retry-After` says."""
    body: str | None = None
    """Of the answer of `status`, in place of an error of casavi's form."""
    headers: tuple[tuple[str, str], ...] = ()
    """Further ones of that answer."""
    seconds: float | None = None
    """How long the work is put off, by the wall clock."""
    bytes_per_second: float | None = None
    """How fast the body of an answer comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Which calls are struck, and how.

    Raises:
        Unsteerable: The effect strikes jobs, and the operation creates none.
    """

    operation: str
    """An `operationId` of the contract, or `*` for every operation."""
    effect: Effect
    first: int = 1
    """The first call that is struck, counted from 1 since the fault was added."""
    times: int | None = None
    """How many calls in a row are struck; None for all that follow."""
    id: str = field(default="", compare=False)
    """Given when it is added."""

    def __post_init__(self) -> None:
        if self.effect.kind in JOB_KINDS and self.operation != IMPORT:
            raise Unsteerable(f"The effect {self.effect.kind!r} needs an operation that creates jobs.", (IMPORT,))

    def strikes(self, call: int) -> bool:
        """Whether the n-th call is struck, counted from 1."""
        return self.first <= call and (self.times is None or call < self.first + self.times)

    def over(self, calls: int) -> bool:
        """Whether no call can be struck any more after so many."""
        return self.times is not None and calls >= self.first + self.times - 1


@dataclass(frozen=True, slots=True)
class FaultView:
    """A fault and what has become of it."""

    fault: Fault
    calls: int
    """Calls of its operation since it was added."""
    hits: int
    """Calls in which it took effect; fewer than it strikes if an earlier fault was before it."""

    @property
    def id(self) -> str:
        """The fault's id."""
        return self.fault.id

    @property
    def over(self) -> bool:
        """Whether it can take effect no more."""
        return self.fault.over(self.calls)


Views = list[FaultView]
"""So called here, as `FaultBook.list` hides the type's own name."""


class FaultBook:
    """The faults of one account, in the order in which they were added.

    Threads that share it hold the account's lock.

    Args:
        max_faults: Faults that are kept; for one more, the oldest that is over goes.
    """

    __slots__ = ("_max_faults", "added", "planned", "revision")

    def __init__(self, max_faults: int = MAX_FAULTS) -> None:
        self._max_faults = max_faults
        self.planned: dict[str, FaultView] = {}
        """The faults by id; to be changed by the methods of this class alone."""
        self.added = 0
        """How many there ever were."""
        self.revision = 0
        """Goes up with every change."""

    def __len__(self) -> int:
        return len(self.planned)

    def add(self, fault: Fault) -> str:
        """Adds a fault and returns its id, which no other fault of this book ever had.

        Raises:
            Unsteerable: There are too many faults.
        """
        self._make_room()
        self.added += 1
        self.revision += 1
        name = f"fault-{self.added}"
        self.planned[name] = FaultView(replace(fault, id=name), 0, 0)
        return name

    def list(self) -> Views:
        """Returns the faults in the order in which they are asked."""
        return [*self.planned.values()]

    def resume(self, seen: Views, added: int) -> None:
        """Takes back the faults that were planned before, with what has become of them.

        Args:
            seen: The faults, in the order in which they are asked.
            added: How many there ever were.
        """
        self.planned = {one.id: one for one in seen}
        self.added = added

    def remove(self, fault_id: str) -> None:
        """Removes a fault.

        Raises:
            Unsteerable: There is no such fault.
        """
        if self.planned.pop(fault_id, None) is None:
            raise Unsteerable(f"There is no fault {_shown(fault_id)}.", tuple(self.planned))
        self.revision += 1

    def clear(self) -> None:
        """Removes all faults."""
        self.planned.clear()
        self.revision += 1

    def take(self, operation: str) -> Fault | None:
        """Returns the fault that takes effect on a call, or None; every fault of its operation counts the call."""
        struck: Fault | None = None
        for name, seen in self.planned.items():
            if seen.fault.operation not in (operation, ANY):
                continue
            calls = seen.calls + 1
            hit = struck is None and seen.fault.strikes(calls)
            if hit:
                struck = seen.fault
            self.planned[name] = FaultView(seen.fault, calls, seen.hits + hit)
            self.revision += 1
        return struck

    def _make_room(self) -> None:
        if len(self.planned) < self._max_faults:
            return
        for seen in self.planned.values():
            if seen.over:
                del self.planned[seen.id]
                return
        raise Unsteerable(f"There are {self._max_faults} faults, as many as there may be. Remove one first.")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
