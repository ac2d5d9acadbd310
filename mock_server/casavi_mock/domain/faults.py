"""Faults that are asked for: which calls of an account they strike, and what happens to those.

Nothing here is left to chance: a fault counts the calls of its operation, and strikes those that it was told to. Kinds,
fields and bounds are checked once, where a fault comes in: by the document of the control plane.
"""

import json
from collections.abc import Callable, Iterator, Mapping, MutableSequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from casavi_mock.errors import Unsteerable

MAX_FAULTS = 100
"""Faults that an account may have at once."""

ANY = "*"
"""Stands for every operation."""

IMPORT = "importMasterData"
"""The only operation that creates jobs."""

REFUSED = "record-refused"
"""The kind that strikes one record of an import, whatever else strikes the call."""

KINDS = ("status", "delay", "reset", "truncate", "lost-response", "drip", "job-fails", "job-stalls", REFUSED)
"""Kinds of effects."""

JOB_KINDS = ("job-fails", "job-stalls")
"""Kinds that strike the job of an import, not its answer."""

ORDERED_RULES = (
    "missing-reference", "duplicate-id", "contract-period-invalid", "document-content-invalid", "document-too-large",
    "account-full",
)  # fmt: skip
"""Rules by which a record can be refused on request."""

LISTS = {"contact": "contacts", "property": "properties", "unit": "units", "document": "documents"}
"""What records of a kind stand under in an import, by what one of them is called."""

_SHOWN = 100


class Asked:
    """What a call asks for, where a fault looks at that.

    Args:
        method: In upper case.
        path: As it was sent, percent-encoded.
        query: As it was sent, without the question mark.
        headers: By their names in lower case.
        body: All of it.
    """

    def __init__(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body

    @cached_property
    def json(self) -> Any:
        """The body as JSON; None if it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @cached_property
    def records(self) -> frozenset[tuple[str, Any]]:
        """The records of an import: the list in which each stands, and its id."""
        return frozenset(_records(self.json))


def _records(value: Any) -> Iterator[tuple[str, Any]]:
    for name, part in value.items() if isinstance(value, dict) else ():
        for one in part if isinstance(part, list) else ():
            if name in LISTS.values() and isinstance(one, dict) and isinstance(one.get("id"), str):
                yield name, one["id"]
            yield from _records(one)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What happens to a call that a fault strikes."""

    kind: str
    """`status`: no work, an error instead. `delay`: work later. `reset`: no work, connection reset. `truncate`: work
    done, answer cut. `lost-response`: work done, no answer. `drip`: work done, the answer comes slowly. `job-fails`,
    `job-stalls`: the import's job does that. `record-refused`: a record of the import is refused."""
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
    entity: str | None = None
    """Kind of the record that is refused, such as `units`."""
    id: str | None = None
    """Its reference id."""
    rule: str | None = None
    """The rule by which it is refused."""


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
    when: str | None = None
    """Which calls count at all: those of imports with a record, such as `contact=C-7`; all if None."""
    chooses: Callable[[Asked], object] | None = field(default=None, compare=False)
    """The same as a function, for a test in the process of the mock."""
    id: str = field(default="", compare=False)
    """Given when it is added."""

    def __post_init__(self) -> None:
        if self.effect.kind in (*JOB_KINDS, REFUSED) and self.operation != IMPORT:
            raise Unsteerable(f"The effect {self.effect.kind!r} needs an operation that creates jobs.", (IMPORT,))

    @property
    def looks(self) -> bool:
        """Whether it looks at what a call asks for."""
        return self.when is not None or self.chooses is not None or self.effect.kind == REFUSED

    def means(self, operation: str, asked: Asked | None) -> bool:
        """Whether a call counts for it.

        Args:
            operation: Its operation.
            asked: What it asks for; None if that is not known.
        """
        if self.operation not in (operation, ANY):
            return False
        if not self.looks:
            return True
        if asked is None:
            return False
        kind, _, id_ = (self.when or "").partition("=")
        wanted = {(LISTS[kind], id_)} if self.when is not None else set()
        if self.effect.kind == REFUSED:
            wanted.add((str(self.effect.entity), str(self.effect.id)))
        return wanted <= asked.records and (self.chooses is None or bool(self.chooses(asked)))

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

    def looks(self, operation: str) -> bool:
        """Whether some fault looks at what calls of an operation ask for."""
        return any(seen.fault.looks for seen in self.planned.values() if seen.fault.operation in (operation, ANY))

    def take(
        self, operation: str, asked: Asked | None = None, refusing: MutableSequence[Fault] | None = None
    ) -> Fault | None:
        """Returns the fault that takes effect on a call, or None; every fault that the call counts for counts it.

        Args:
            operation: What is called.
            asked: What it asks for; None if no fault looks at that.
            refusing: Is given the faults that refuse records of the call, beside the one that is returned.
        """
        struck: Fault | None = None
        for name, seen in self.planned.items():
            if not seen.fault.means(operation, asked):
                continue
            calls, refuses = seen.calls + 1, seen.fault.effect.kind == REFUSED
            hit = (refuses or struck is None) and seen.fault.strikes(calls)
            if hit and not refuses:
                struck = seen.fault
            elif hit and refusing is not None:
                refusing.append(seen.fault)
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
