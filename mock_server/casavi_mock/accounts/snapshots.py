"""What an account was at a moment, to go back to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from casavi_mock.domain.faults import FaultBook
from casavi_mock.domain.jobs import JobQueue
from casavi_mock.domain.model import ENTITIES
from casavi_mock.domain.store import Store
from casavi_mock.domain.tokens import TokenBook
from casavi_mock.errors import Unsteerable

MAX_NAME = 100
"""Characters of a snapshot's name."""


@dataclass(frozen=True, slots=True)
class SnapshotInfo:
    """What the control plane tells of a snapshot: its name, its time, and numbers of what is in it."""

    name: str
    at: datetime
    """When it was taken, by the account's clock."""
    records: Mapping[str, int]
    """How many there are, by entity."""
    jobs: int
    tokens: int
    faults: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Copies of an account's parts at one moment; whoever restores it copies them again."""

    at: datetime
    store: Store
    queue: JobQueue
    tokens: TokenBook
    faults: FaultBook

    def info(self, name: str) -> SnapshotInfo:
        """Returns what is told of it under a name."""
        return SnapshotInfo(
            name,
            self.at,
            {entity: self.store.count(entity) for entity in ENTITIES},
            len(self.queue),
            len(self.tokens),
            len(self.faults),
        )


class Snapshots:
    """The snapshots of one account by name, in the order in which they were taken.

    Args:
        max_kept: How many there may be.
    """

    __slots__ = ("_max_kept", "_snapshots")

    def __init__(self, max_kept: int) -> None:
        self._max_kept = max_kept
        self._snapshots: dict[str, Snapshot] = {}

    def check(self, name: str) -> None:
        """Checks that a snapshot can be added under a name.

        Raises:
            Unsteerable: The name cannot be used, or there are as many snapshots as there may be.
        """
        if not 0 < len(name) <= MAX_NAME:
            raise Unsteerable(f"The name of a snapshot has 1 to {MAX_NAME} characters, not {len(name)}.")
        if name not in self._snapshots and len(self._snapshots) >= self._max_kept:
            raise Unsteerable(f"There are {self._max_kept} snapshots, as many as there may be; delete one first.")

    def add(self, name: str, snapshot: Snapshot) -> SnapshotInfo:
        """Adds a snapshot, in the place of one of the same name."""
        self.check(name)
        self._snapshots.pop(name, None)
        self._snapshots[name] = snapshot
        return snapshot.info(name)

    def get(self, name: str) -> Snapshot:
        """Returns a snapshot.

        Raises:
            Unsteerable: There is none of that name.
        """
        if name not in self._snapshots:
            raise Unsteerable(f"There is no snapshot {name[:MAX_NAME]!r}.", tuple(self._snapshots))
        return self._snapshots[name]

    def find(self, name: str) -> Snapshot | None:
        """Returns a snapshot, or None."""
        return self._snapshots.get(name)

    def delete(self, name: str) -> None:
        """Forgets a snapshot.

        Raises:
            Unsteerable: There is none of that name.
        """
        self.get(name)
        del self._snapshots[name]

    def list(self) -> list[SnapshotInfo]:
        """Returns what is told of each snapshot, the oldest first."""
        return [snapshot.info(name) for name, snapshot in self._snapshots.items()]
