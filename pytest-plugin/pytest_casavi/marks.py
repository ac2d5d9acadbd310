"""The marker `casavi`: what one test wants of its account."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pytest_casavi.config import FAIL_ON, PROGRESS, QUEUE
from pytest_casavi.errors import offered

SIGNATURE = (
    "casavi(*, allow=[], fail_on='warning', load=None, progress='immediate', job_seconds=0.2, record_seconds=0, "
    "polls=1, poll_seconds=1, freeze=False)"
)

HELP = (
    f"{SIGNATURE}: what a test wants of its casavi account. "
    "allow: names of rules about clients that its client may break; "
    "fail_on: the least severity that fails it ('note', 'warning', 'error', 'never'); "
    "load: sample portfolio, file or document that the account holds from the start; "
    "progress: how jobs move on ('immediate', 'time', 'manual'), with job_seconds and record_seconds, or polls; "
    "poll_seconds: how long a client should wait between two looks at a job; "
    "freeze: True or a later moment, to begin with a clock that stands still."
)

EVERYWHERE = "casavi_everywhere"

HELP_EVERYWHERE = (
    f"{EVERYWHERE}(*, faults=['503', '429-date', 'lost-response', 'reset', 'slow'], errors=[]): runs a test once, and "
    "then with each of these faults at each call that it made. In the end the records must be those of the run without "
    "a fault, or the client must have raised one of these errors (of none, any but those of a failed test)."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What the markers of a test say; None where they say nothing."""

    allow: frozenset[str] = frozenset()
    fail_on: str | None = None
    load: str | Path | Mapping[str, Any] | None = None
    progress: str | None = None
    job_seconds: float | None = None
    record_seconds: float | None = None
    polls: int | None = None
    poll_seconds: float | None = None
    freeze: bool | str | datetime | None = None

    @property
    def queue(self) -> dict[str, Any]:
        """How jobs move on, as far as the test says it, as the control plane takes it."""
        return {name: value for name in QUEUE if (value := getattr(self, name)) is not None}


ARGUMENTS = tuple(place.name for place in fields(Marks))


def read(marks: Iterable[pytest.Mark], where: str) -> Marks:
    """Returns what markers say together: the nearest wins, what is allowed adds up.

    Args:
        marks: The nearest first.
        where: What they stand at, for errors.

    Raises:
        pytest.UsageError: An argument is unknown or impossible.
    """
    said: dict[str, Any] = {}
    allowed: frozenset[str] = frozenset()
    for mark in marks:
        given = dict(mark.kwargs)
        _check_names(mark, where)
        allowed |= names_of_rules(given.pop("allow", ()), f"{where}: @pytest.mark.casavi(allow=…)")
        said = {**given, **said}
    _check_values(said, where)
    return Marks(allow=allowed, **said)


def names_of_rules(given: Any, where: str) -> frozenset[str]:
    """Returns names of rules about clients.

    Args:
        given: A name or several.
        where: Who names them, for errors.

    Raises:
        pytest.UsageError: There is no such rule; the text lists them.
    """
    names = (given,) if isinstance(given, str) else given
    try:
        found = frozenset(names)
    except TypeError:
        raise pytest.UsageError(f"{where}: expected names of rules about clients, got {given!r}") from None
    if found:
        from casavi_mock.domain.violations import RULES

        if unknown := sorted(map(repr, found - set(RULES))):
            raise pytest.UsageError(
                f"{where}: there is no rule {', '.join(unknown)}. {offered(unknown[0], tuple(RULES))}"
            )
    return found


def _check_names(mark: pytest.Mark, where: str) -> None:
    if mark.args:
        raise pytest.UsageError(
            f"{where}: @pytest.mark.casavi takes named arguments alone, got {mark.args[0]!r}. "
            f"Possible: {', '.join(ARGUMENTS)}"
        )
    if unknown := sorted(set(mark.kwargs) - set(ARGUMENTS)):
        raise pytest.UsageError(
            f"{where}: @pytest.mark.casavi knows no argument {', '.join(map(repr, unknown))}. "
            f"Possible: {', '.join(ARGUMENTS)}"
        )


def _check_values(said: Mapping[str, Any], where: str) -> None:
    for name, possible in (("fail_on", FAIL_ON), ("progress", PROGRESS)):
        if name in said and said[name] not in possible:
            raise pytest.UsageError(
                f"{where}: @pytest.mark.casavi({name}={said[name]!r}). Possible: {', '.join(map(repr, possible))}"
            )
    for name in ("job_seconds", "record_seconds", "polls", "poll_seconds"):
        value = said.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
            raise pytest.UsageError(f"{where}: @pytest.mark.casavi({name}={value!r}): expected a number from 0")
    for name, kinds in (("load", (str, Path, Mapping)), ("freeze", (bool, str, datetime))):
        if name in said and not isinstance(said[name], kinds):
            expected = ", ".join(kind.__name__ for kind in kinds)
            raise pytest.UsageError(f"{where}: @pytest.mark.casavi({name}=…): expected {expected}, got {said[name]!r}")
