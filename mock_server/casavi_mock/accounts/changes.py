"""What has changed of an account since it was saved, where somebody saves it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from casavi_mock.domain.model import Key


class Accepted(NamedTuple):
    """An import as it was taken into the queue: enough to take it again."""

    number: int
    """That of the job in its queue."""
    id: str
    created_at: datetime
    size: int
    forced: str | None
    body: bytes | bytearray
    ordered: Mapping[tuple[str, Key], str]
    """Records that are refused by command, and the rule for each."""


class Changes:
    """What has changed of an account; whoever changes it holds the lock of the account, and says so here.

    What a client or a test decides has to be saved before it is answered: it is counted in `revision`. What follows
    from that by the rules, such as the records of a job, would come out the same if it were reckoned again, and is
    saved a little later.

    Args:
        notify: Called after every change; with True if it has to be saved before it is answered.
        trouble: Returns why nothing can be saved at present; None if it can.
    """

    __slots__ = (
        "_notify",
        "accepted",
        "closed",
        "ended",
        "errors",
        "exchange",
        "faults",
        "forced",
        "full",
        "revision",
        "saved",
        "seed",
        "snapshots",
        "trouble",
        "whole",
    )

    def __init__(self, notify: Callable[[bool], None], trouble: Callable[[], str | None]) -> None:
        self._notify = notify
        self.trouble = trouble
        self.revision = 0
        """Goes up with every change that has to be saved before it is answered."""
        self.saved = 0
        """The revision that is saved."""
        self.accepted: list[Accepted] = []
        self.forced: list[tuple[int, str]] = []
        """Number and outcome of waiting jobs that were told what becomes of them."""
        self.snapshots: dict[str, None] = {}
        """Names of snapshots that were taken or deleted."""
        self.seed = False
        """Whether there are other records to which a reset goes back."""
        self.whole = True
        """Whether all parts of the account are others than before."""
        self.full = True
        """Whether more changed than imports, tokens and faults."""
        self.closed = False
        """Whether there is no such account any more."""
        self.ended = 0
        """How many jobs had ended when it was saved."""
        self.errors = (0, 0)
        """The number of the job that ran, and how many errors of it are saved."""
        self.faults = -1
        """The revision of the faults that is saved."""
        self.exchange = 0
        """The number of the last exchange of the journal that is saved."""

    def decided(self, *, full: bool = True) -> None:
        """Notes a change that has to be saved before it is answered.

        Args:
            full: Whether it is more than an import, a token or a fault.
        """
        self.revision += 1
        self.full |= full
        self._notify(True)  # its only argument

    def followed(self) -> None:
        """Notes that something may have followed from what was decided."""
        self._notify(False)  # its only argument

    def exchanged(self) -> None:
        """Notes that all parts of the account are others: what was noted of the former ones is past."""
        self.accepted, self.forced = [], []
        self.whole = True
        self.decided()
