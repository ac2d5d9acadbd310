"""What the checks look at, and what they have in common: an observed client, findings, and how both are worded."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from casavi_mock.domain.journal import Exchange
from casavi_mock.domain.violations.rules import Criteria
from casavi_mock.domain.violations.steering import Steering

AUTHENTICATE, REFRESH, IMPORT, JOB = "authenticate", "refreshToken", "importMasterData", "getJob"

_SHOWN = 5
"""Records, fields and the like that a detail names."""

Record = tuple[str, str | None]
"""Entity and reference id."""


class Finding(NamedTuple):
    """Where a rule is broken, and how."""

    numbers: tuple[int, ...]
    detail: str


class Observed(NamedTuple):
    """What is known of a client, of its account, and of the test around both."""

    exchanges: Sequence[Exchange]
    """Those of the account, the oldest first."""
    criteria: Criteria
    steering: Steering
    """What the test did to the account itself."""
    job_ended: Callable[[str], bool | None]
    """Returns whether the job with an id has ended; None if it is gone."""


def accepted(exchanges: Sequence[Exchange]) -> Iterator[Exchange]:
    """Yields the imports that became jobs."""
    for exchange in exchanges:
        if exchange.operation == IMPORT and exchange.succeeded and exchange.job_id is not None:
            yield exchange


def gap(one: Exchange, other: Exchange) -> timedelta:
    """Returns the time between two exchanges, by the clock that shows more of it.

    That of the account may stand still; that of the server knows nothing of time set forward.
    """
    between = other.at - one.at
    if one.server_at is None or other.server_at is None:
        return between
    return max(between, other.server_at - one.server_at)


def found(members: Sequence[Exchange], detail: str) -> Finding:
    """Returns a finding at several exchanges."""
    return Finding(tuple(exchange.number for exchange in members), detail)


def records(named: Sequence[Record]) -> str:
    """Returns a text that names records."""
    return listed(f"{entity} {name!r}" for entity, name in named)


def listed(texts: Iterable[str]) -> str:
    """Returns a text that names the first of several things, and how many more there are."""
    shown = list(texts)
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more


def times(number: int, one: str, many: str | None = None) -> str:
    """Returns a number with what it counts."""
    return f"{number} {one if number == 1 else many or one + 's'}"
