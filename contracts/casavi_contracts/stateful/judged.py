"""Sequences that were judged, each of them once."""

import json
from collections.abc import Callable
from typing import Any

from casavi_contracts.contract import Contract
from casavi_contracts.failures import Broken
from casavi_contracts.stateful.commands import Command
from casavi_contracts.stateful.smaller import smallest


class Judged:
    """Judges sequences, and makes the first one smaller that breaks a check.

    None is played twice: a target remembers. One that begins as another that has broken a check need not be played at
    all, it breaks it as well.

    Args:
        judge: Plays a sequence; raises `casavi_contracts.failures.Broken`.
        contract: The contract of the version.
    """

    def __init__(self, judge: Callable[[Any], None], contract: Contract) -> None:
        self._judge = judge
        self._contract = contract
        self._known: dict[str, Broken | None] = {}
        self._beginnings: dict[str, Broken] = {}

    def __call__(self, commands: list[Command]) -> None:
        """Judges a sequence.

        Raises:
            casavi_contracts.failures.Broken: It breaks a check; what is raised is about the smallest one that does.
        """
        text = _text(commands)
        if text not in self._known:
            broken = self._played(commands)
            self._known[text] = smallest(commands, broken, self._played, self._contract) if broken else None
        broken = self._known[text]
        if broken is not None:
            raise broken.with_traceback(None)  # always here: Hypothesis tells failures apart by their place

    def _played(self, commands: list[Command]) -> Broken | None:
        for number in range(1, len(commands) + 1):
            if broken := self._beginnings.get(_text(commands[:number])):
                return broken
        try:
            self._judge(commands)
        except Broken as broken:
            if broken.case is None:  # seen at the very end
                broken.case = list(commands)
            else:
                self._beginnings[_text(broken.case)] = broken
            return broken
        return None


def _text(commands: list[Command]) -> str:
    return json.dumps(commands, sort_keys=True)
