"""Faults that are asked for: which calls of an account they strike, and what happens to those.

Nothing here is left to chance: a fault counts the calls of its operation, and strikes those that it was told to.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from casavi_mock.errors import Unsteerable

MAX_FAULTS = 100
"""Faults that an account may have at once."""

MAX_DELAY_SECONDS = 3_600
"""The longest delay of an answer."""

MAX_RETRY_AFTER_SECONDS = 1_000_000
"""The longest time in an injected `Retry-After`."""

ANY = "*"
"""Stands for every operation."""

IMPORT = "importMasterData"
"""The only operation that creates jobs."""

KINDS: dict[str, tuple[str, ...]] = {
    "status": ("status", "retry_after_seconds"),
    "delay": ("seconds",),
    "reset": (),
    "truncate": (),
    "lost-response": (),
    "job-fails": (),
    "job-stalls": (),
}
"""Kinds of effects, each with the fields that belong to it."""

JOB_KINDS = ("job-fails", "job-stalls")
"""Kinds that strike the job of an import, not its answer."""

_NEEDED = {"status": "status", "delay": "seconds"}
_BOUNDS = {
    "status": (400, 599),
    "retry_after_seconds": (0, MAX_RETRY_AFTER_SECONDS),
    "seconds": (0, MAX_DELAY_SECONDS),
}
_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What happens to a call that a fault strikes.

    Raises:
        Unsteerable: There is no such kind, a value is impossible, or a field does not belong to the kind.
    """

    kind: str
    """`status`: no work, an error instead. `delay`: work later. `reset`: no work, connection reset. `truncate`: work
    done, answer cut. `lost-response`: work done, no answer. `job-fails`, `job-stalls`: the import's job does that."""
    status: int | None = None
    """From 400 to 599."""
    retry_after_seconds: int | None = None
    seconds: float | None = None
    """How long the work is put off, by the wall clock."""

    def __post_init__(self) -> None:
        if self.kind not in tuple(KINDS):  # a tuple, as what came may not be hashable
            raise Unsteerable(f"There is no effect {_shown(self.kind)}.", tuple(KINDS))
        possible = KINDS[self.kind]
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if value is None:
                if name == _NEEDED.get(self.kind):
                    raise Unsteerable(f"The effect {self.kind!r} needs {name!r}.", possible)
            elif name not in possible:
                raise Unsteerable(f"{name!r} does not belong to the effect {self.kind!r}.", possible)
            else:
                _check_number(name, value, low, high, whole=name != "seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Which calls are struck, and how.

    Raises:
        Unsteerable: `first` or `times` is not a number from 1.
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
        _check_number("first", self.first, 1, None)
        if self.times is not None:
            _check_number("times", self.times, 1, None)

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
        operations: The contract's `operationId`s.
        max_faults: Faults that are kept; for one more, the oldest that is over goes.
    """

    __slots__ = ("_added", "_max_faults", "_operations", "planned")

    def __init__(self, operations: Iterable[str], max_faults: int = MAX_FAULTS) -> None:
        self._operations = tuple(operations)
        self._max_faults = max_faults
        self.planned: dict[str, FaultView] = {}
        """The faults by id; to be changed by the methods of this class alone."""
        self._added = 0

    def __len__(self) -> int:
        return len(self.planned)

    def add(self, fault: Fault) -> str:
        """Adds a fault and returns its id, which no other fault of this book ever had.

        Raises:
            Unsteerable: There is no such operation, it has no jobs to strike, or there are too many faults.
        """
        if fault.operation not in (*self._operations, ANY):
            raise Unsteerable(f"There is no operation {_shown(fault.operation)}.", (*self._operations, ANY))
        if fault.effect.kind in JOB_KINDS and fault.operation != IMPORT:
            raise Unsteerable(f"The effect {fault.effect.kind!r} needs an operation that creates jobs.", (IMPORT,))
        self._make_room()
        self._added += 1
        name = f"fault-{self._added}"
        self.planned[name] = FaultView(replace(fault, id=name), 0, 0)
        return name

    def list(self) -> Views:
        """Returns the faults in the order in which they are asked."""
        return [*self.planned.values()]

    def remove(self, fault_id: str) -> None:
        """Removes a fault.

        Raises:
            Unsteerable: There is no such fault.
        """
        if self.planned.pop(fault_id, None) is None:
            raise Unsteerable(f"There is no fault {_shown(fault_id)}.", tuple(self.planned))

    def clear(self) -> None:
        """Removes all faults."""
        self.planned.clear()

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
        return struck

    def _make_room(self) -> None:
        if len(self.planned) < self._max_faults:
            return
        for seen in self.planned.values():
            if seen.over:
                del self.planned[seen.id]
                return
        raise Unsteerable(f"There are {self._max_faults} faults, as many as there may be. Remove one first.")


def _check_number(name: str, value: Any, low: int, high: int | None, *, whole: bool = True) -> None:
    kinds = int if whole else (int, float)
    # A bool is a number to Python, but to nobody else.
    if isinstance(value, kinds) and not isinstance(value, bool) and low <= value and (high is None or value <= high):
        return
    bounds = f"from {low}" if high is None else f"from {low} to {high}"
    raise Unsteerable(
        f"{name!r} is a {'whole number' if whole else 'number'} {bounds}, not {_shown(value)}.", (bounds,)
    )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
