"""Dates of contracts: which moment they are, and how they are read. Source: assumption `contract-date-format`."""

import re
from datetime import UTC, datetime

FORMAT = "contract-date-format"
"""The assumption about how they are read."""

_DAY = 10
"""Characters of a date without a time."""

_POINTER = re.compile(r".*/contracts/\d+/(startDate|endDate)")


def as_read(text: str | None, form: str) -> str | None:
    """Returns how a date that was sent is read.

    Args:
        text: As it was sent.
        form: A value of the assumption.
    """
    if text is None or form == "as-sent":
        return text
    if form == "date":
        return text[:_DAY]
    return moment(text).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """Returns the moment that a date means, that of a day its beginning in UTC.

    Raises:
        ValueError: It is no date.
    """
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def means_the_same(pointer: str, expected: object, observed: object) -> bool:
    """Whether a difference is only one of spelling: the same moment, or its day, where a date of a contract stands."""
    if not (isinstance(expected, str) and isinstance(observed, str) and _POINTER.fullmatch(pointer)):
        return False
    try:
        return observed == expected[:_DAY] or moment(observed) == moment(expected)
    except (ValueError, OverflowError):
        return False
