"""Makes a sequence smaller that breaks a check: fewer commands first, then less in each.

Hypothesis could do it too, but it tries hundreds of sequences, and a target that is not in this process takes its time
over each. What a command is, is known here; so a few dozen are enough.
"""

import copy
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from casavi_contracts.contract import Contract
from casavi_contracts.failures import Broken
from casavi_contracts.stateful.commands import Command

Sequence = list[Command]
Playing = Callable[[Sequence], Broken | None]
"""Plays a sequence, and returns how a check is broken, None if none is."""

Path = tuple[str | int, ...]

_IMPORTS = ("import", "fill")


def smallest(commands: Sequence, broken: Broken, judge: Playing, contract: Contract) -> Broken:
    """Returns what the smallest sequence shows that breaks the same check.

    Args:
        commands: A sequence that breaks a check.
        broken: What it has shown.
        judge: Plays a smaller one.
        contract: Tells whether an import is still as right or as wrong as it was.
    """
    search = _Search(list(broken.case or commands), broken, judge)
    for number in (1, 2):
        search.offer(_kept(search.best, range(len(search.best) - number, len(search.best))))
    while _shorten(search):
        pass
    search.offer([{**command, "account": 0} if "account" in command else command for command in search.best])
    for number in range(len(search.best)):
        _lessen(search, number, contract)
    return search.broken


class _Search:
    """The smallest sequence until now."""

    def __init__(self, commands: Sequence, broken: Broken, judge: Playing) -> None:
        self.best = commands
        self.broken = broken
        self._judge = judge

    def offer(self, commands: Sequence) -> bool:
        """Takes a sequence if it breaks the same check; returns whether it does."""
        if not commands or commands == self.best:
            return False
        found = self._judge(commands)
        if found is None or found.check != self.broken.check:
            return False
        self.best, self.broken = list(found.case or commands), found
        return True


def _shorten(search: _Search) -> bool:
    """Leaves out each command, the last one first; returns whether the sequence got shorter."""
    before = len(search.best)
    for number in reversed(range(before)):
        search.offer(_kept(search.best, (other for other in range(len(search.best)) if other != number)))
    return len(search.best) < before


def _kept(commands: Sequence, numbers: Iterable[int]) -> Sequence:
    """Returns some of the commands; looks at imports that are gone go too."""
    kept = {number for number in numbers if number >= 0}
    renumbered: dict[int, int] = {}
    imports = 0
    result: Sequence = []
    for number, command in enumerate(commands):
        if command["do"] in _IMPORTS:
            if number in kept:
                renumbered[imports] = len(renumbered)
            imports += 1
        if number in kept and command["do"] == "poll":
            if command["import"] in renumbered:
                result.append({**command, "import": renumbered[command["import"]]})
        elif number in kept:
            result.append(command)
    return result


def _lessen(search: _Search, number: int, contract: Contract) -> None:
    """Takes out of one command what is not needed."""
    command: Command = search.best[number] if number < len(search.best) else {"do": "nothing"}
    if command["do"] == "fill":
        any(search.offer(_with(search.best, number, {"count": count})) for count in _counts(command["count"]))
    elif command.get("token"):
        any(search.offer(_with(search.best, number, {"token": token})) for token in range(command["token"]))
    elif command["do"] == "import":
        valid = contract.request_is_valid("importMasterData", command["portfolio"])
        for path in [*_paths(command["portfolio"])]:
            portfolio = _without(search.best[number]["portfolio"], path)
            if portfolio is not None and contract.request_is_valid("importMasterData", portfolio) == valid:
                search.offer(_with(search.best, number, {"portfolio": portfolio}))
            if number >= len(search.best):
                return


def _counts(count: int) -> list[int]:
    return sorted({1, count // 4, count // 2, count - 1} - {0, count})


def _with(commands: Sequence, number: int, members: dict[str, Any]) -> Sequence:
    before = {name: member for name, member in commands[number].items() if name != "note"}
    changed = {**before, **members}
    return [*commands[:number], changed, *commands[number + 1 :]]


def _paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yields the path of everything in a portfolio, what contains others first, the last in a list first."""
    members = list(value.items()) if isinstance(value, dict) else []
    items = list(enumerate(value))[::-1] if isinstance(value, list) else []
    yield from ((*path, name) for name, _ in (*members, *items))
    for name, member in (*members, *items):
        yield from _paths(member, (*path, name))


def _without(portfolio: Any, path: Path) -> Any:
    """Returns a portfolio without what is at a path, None if nothing is there any more."""
    changed = copy.deepcopy(portfolio)
    place = changed
    try:
        for name in path[:-1]:
            place = place[name]
        del place[path[-1]]
    except (LookupError, TypeError):
        return None
    return changed
