"""Remembers what a test did to an account itself, so that its client is not blamed for the consequences."""

from bisect import bisect_left
from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Command(StrEnum):
    """Kinds of commands of a test that change what its client sees next."""

    JOBS = "jobs"  # decides how jobs go on: hold, release, step, drain, force, change the progress
    CLOCK = "clock"  # moves or stops the time of the account


class Steering:
    """The commands of a test to one account, in the order in which they came.

    A command is placed between two exchanges of the journal: by the number of the last one before it. The owner sees to
    it that no two threads are in here at once.

    Args:
        max_kept: Commands of each kind, and jobs, that are remembered; beyond, the oldest are forgotten.
    """

    __slots__ = ("_commands", "_max_kept", "_read")

    def __init__(self, max_kept: int) -> None:
        self._max_kept = max_kept
        self._commands: dict[Command, list[int]] = {kind: [] for kind in Command}
        self._read: dict[str, None] = {}  # a dict keeps their order

    def note(self, kind: Command, number: int) -> None:
        """Remembers a command.

        Args:
            kind: What it changed.
            number: Number of the last exchange before it; never less than that of an earlier command.
        """
        numbers = self._commands[kind]
        if numbers[-1:] != [number]:
            numbers.append(number)
        if len(numbers) > self._max_kept:
            del numbers[0]

    def note_read(self, job_id: str) -> None:
        """Remembers that the test read a job, or decided what becomes of it."""
        self._read.pop(job_id, None)
        self._read[job_id] = None
        if len(self._read) > self._max_kept:
            del self._read[next(iter(self._read))]

    def kept(self) -> dict[str, list[int] | list[str]]:
        """Returns what is remembered, for another run of the server."""
        return {**{str(kind): numbers.copy() for kind, numbers in self._commands.items()}, "read": [*self._read]}

    def resume(self, kept: Mapping[str, list[Any]]) -> None:
        """Takes back what was remembered."""
        for kind in Command:
            self._commands[kind] = [*kept[kind]]
        self._read = dict.fromkeys(kept["read"])

    def has_read(self, job_id: str) -> bool:
        """Returns whether the test read a job, or decided what becomes of it."""
        return job_id in self._read

    def between(self, kind: Command, first: int, last: int) -> bool:
        """Returns whether a command came after one exchange and before a later one.

        Args:
            kind: What it changed.
            first: Number of the earlier exchange.
            last: Number of the later exchange.
        """
        numbers = self._commands[kind]
        place = bisect_left(numbers, first)
        return place < len(numbers) and numbers[place] < last
