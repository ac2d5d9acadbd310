"""What was sent, and what the server must hold because of it."""

from collections import Counter
from dataclasses import dataclass, field

STRANGERS = "no account"
"""Whose exchanges are those that belong to no account."""

SHOWN = 30
"""How many of the things that went wrong are kept word for word."""


@dataclass(slots=True)
class Ledger:
    """The client's side of all counts; an owner is the key of an account, or `STRANGERS`."""

    patience_seconds: float = 10.0
    """How long the server waits for the headers of a request."""
    exchanges: Counter[str] = field(default_factory=Counter)
    """What must be in the journal of each owner, or counted there as dropped."""
    imports: Counter[str] = field(default_factory=Counter)
    """Imports that were accepted, answered or not."""
    records: Counter[str] = field(default_factory=Counter)
    """Records in them."""
    statuses: Counter[int] = field(default_factory=Counter)
    """Answers by status; 0 is an answer that never came."""
    done: Counter[str] = field(default_factory=Counter)
    """What was done, by name."""
    slow: Counter[str] = field(default_factory=Counter)
    """Connections that the server ended since `headers` or `body` came too slowly."""
    perhaps_slow: int = 0
    """Slow connections that the client ended: the server may have been first."""
    huge: int = 0
    """Bodies of 100 MB that are under way."""
    failures: int = 0
    """What was not as it should be."""
    shown: list[str] = field(default_factory=list)
    """The first of them, word for word."""

    @property
    def requests(self) -> int:
        """How many requests were sent to the vendor's API and have an end."""
        return sum(self.statuses.values())

    def wrong(self, what: str) -> None:
        """Notes that something was not as it should be."""
        self.failures += 1
        if len(self.shown) < SHOWN:
            self.shown.append(what)

    def forget(self, owner: str) -> None:
        """An account was closed, or began anew."""
        for counts in (self.exchanges, self.imports, self.records):
            counts.pop(owner, None)
