"""Everything that can go wrong, with data; texts for people are made where they are shown.

CasaviMockError
├── Refused              a request is refused by a named rule
├── Unsteerable          a command to the mock itself cannot be done
└── ConfigurationError   the mock cannot start as it was told to
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class CasaviMockError(Exception):
    """Root of all errors of this package."""


class ConfigurationError(CasaviMockError):
    """An option, a profile or a portfolio file is unusable; the text says where and what to do."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One place in a request body that does not satisfy the contract."""

    pointer: str
    """JSON pointer into the body; empty for the body as a whole."""
    expected: str
    got: str
    line: int | None = None
    """1-based, only where the body could not be parsed."""
    column: int | None = None

    @property
    def message(self) -> str:
        """The sentence for a person."""
        return f"expected {self.expected}, got {self.got}"

    def view(self) -> dict[str, Any]:
        """Returns it as a member of `errors` in an error body."""
        view: dict[str, Any] = {
            "pointer": self.pointer,
            "expected": self.expected,
            "got": self.got,
            "message": self.message,
        }
        if self.line is not None:
            view["line"], view["column"] = self.line, self.column
        return view


@dataclass
class Refused(CasaviMockError):
    """A request is refused.

    `rule` is a name in the contract's register of rules, which gives status, title and evidence.
    """

    rule: str
    detail: str
    errors: tuple[FieldError, ...] = ()
    error_count: int = 0
    """How many errors there are, where `errors` shows only the first."""
    headers: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further members of the error body."""

    def __str__(self) -> str:
        return f"{self.rule}: {self.detail}"


@dataclass
class Unsteerable(CasaviMockError):
    """A command to the mock itself cannot be done: it names what there is not, or asks for the impossible."""

    what: str
    """What cannot be done and why, as one sentence."""
    possible: tuple[str, ...] = ()
    """What can be said instead, if that can be listed."""

    def __str__(self) -> str:
        return f"{self.what} Possible: {', '.join(self.possible)}." if self.possible else self.what
