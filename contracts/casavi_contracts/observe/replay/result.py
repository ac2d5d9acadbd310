"""What came of a replay: differences by cause, what was left out and why, and which of them are accepted."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from casavi_contracts.failures import CouldNotRun
from casavi_contracts.observe.replay.forms import Found

LISTED = 10
"""Numbers of entries that a difference remembers."""

MAX_ACCEPTED_BYTES = 1_000_000


@dataclass(slots=True)
class Difference:
    """One cause: the same place of the same answer, however often it differs."""

    name: str
    """Stable: what a file of accepted differences names."""
    title: str
    """The operation, or method and path."""
    status: int
    """That was recorded."""
    found: Found
    """As it was seen first."""
    count: int = 0
    entries: list[int] = field(default_factory=list)
    """Numbers of the first entries that show it."""
    reason: str | None = None
    """Why it is accepted; None if it is not."""


@dataclass(slots=True)
class Case:
    """One request of the recording."""

    number: int
    title: str
    names: tuple[str, ...] = ()
    """Differences that it shows."""
    left_out: str | None = None
    """Why it was not compared."""


@dataclass(slots=True)
class Result:
    """A replay, or a comparison of two recordings."""

    recording: str
    target: str
    verdict: str
    """What a difference means: `mock wrong` or `vendor changed`."""
    compared: int = 0
    """Answers that were compared."""
    cases: list[Case] = field(default_factory=list)
    differences: dict[str, Difference] = field(default_factory=dict)
    left_out: dict[str, list[int]] = field(default_factory=dict)
    """Numbers of entries that could not be reissued or compared, by reason."""
    stale: tuple[str, ...] = ()
    """Accepted differences that do not occur any more."""
    notes: list[str] = field(default_factory=list)
    stopped: str = ""
    """Why it ended early; empty if it did not."""

    @property
    def unaccepted(self) -> list[Difference]:
        """Differences that nobody has accepted."""
        return [one for one in self.differences.values() if one.reason is None]

    @property
    def exit_code(self) -> int:
        """0 for no difference, 1 for some, 2 if nothing could be compared."""
        if not self.compared:
            return 2
        return 1 if self.unaccepted or self.stale or self.stopped else 0

    def leave_out(self, number: int, title: str, reason: str) -> None:
        """Notes that a request was not compared."""
        self.left_out.setdefault(reason, []).append(number)
        self.cases.append(Case(number, title, left_out=reason))

    def take(self, number: int, title: str, status: int, found: list[Found]) -> None:
        """Notes what a comparison has found, nothing included."""
        self.compared += 1
        names = dict.fromkeys(self._difference(number, title, status, one) for one in found)
        self.cases.append(Case(number, title, tuple(names)))

    def _difference(self, number: int, title: str, status: int, found: Found) -> str:
        name = " ".join(part for part in (title, str(status or ""), found.place or "/", found.kind) if part)
        one = self.differences.setdefault(name, Difference(name, title, status, found))
        if number not in one.entries[-1:]:
            one.count += 1
            if len(one.entries) < LISTED:
                one.entries.append(number)
        return name

    def accept(self, accepted: Mapping[str, str]) -> None:
        """Marks the differences that are accepted, and notes those that do not occur any more.

        Args:
            accepted: Reasons by the names of differences.
        """
        for name, reason in accepted.items():
            if name in self.differences:
                self.differences[name].reason = reason
        self.stale = tuple(name for name in accepted if name not in self.differences)


def read_accepted(path: Path) -> dict[str, str]:
    """Returns the reasons in a file of accepted differences, by name.

    Raises:
        CouldNotRun: It cannot be read, or an entry has no name, no reason, or comes twice.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_ACCEPTED_BYTES + 1)
    except OSError as error:
        raise CouldNotRun(f"{path}: cannot be read: {error.strerror}") from error
    if len(raw) > MAX_ACCEPTED_BYTES:
        raise CouldNotRun(f"{path}: more than {MAX_ACCEPTED_BYTES:,} bytes")
    try:
        document: dict[str, Any] = tomllib.loads(raw.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CouldNotRun(f"{path}: not valid TOML: {error}") from None
    unknown = sorted(document.keys() - {"accepted"})
    if unknown:
        raise CouldNotRun(f"{path}: unknown {unknown[0]!r}; entries are [[accepted]] with name and reason")
    entries = document.get("accepted", [])
    if not isinstance(entries, list):
        raise CouldNotRun(f"{path}: `accepted` is no list; write [[accepted]] before each entry")
    found: dict[str, str] = {}
    for number, entry in enumerate(entries, 1):
        name, reason = _entry(path, number, entry)
        if name in found:
            raise CouldNotRun(f"{path}: entry {number}: {name!r} comes twice")
        found[name] = reason
    return found


def _entry(path: Path, number: int, entry: Any) -> tuple[str, str]:
    where = f"{path}: entry {number}"
    if not isinstance(entry, dict):
        raise CouldNotRun(f"{where}: is no table; write [[accepted]] before it")
    unknown = sorted(entry.keys() - {"name", "reason"})
    if unknown:
        raise CouldNotRun(f"{where}: unknown member {unknown[0]!r}; possible are name and reason")
    for member in ("name", "reason"):
        if not isinstance(entry.get(member), str) or not entry[member].strip():
            raise CouldNotRun(f"{where}: has no {member}; each difference is accepted by its name, for a reason")
    return " ".join(entry["name"].split()), entry["reason"].strip()
