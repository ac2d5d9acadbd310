"""Moments as casavi writes them: ISO 8601 in UTC. Source: facts page, section 3.2."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from casavi_contracts.context import Context
from casavi_contracts.promises import Named

_FORMS = {
    "milliseconds": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII),
    "seconds": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII),
}
"""By the words of the assumption `expires-at-format`."""


def form(text: Any) -> str | None:
    """Returns in which form a moment is written, None if it is none."""
    if isinstance(text, str) and moment(text) is not None:
        return next(name for name, pattern in _FORMS.items() if pattern.fullmatch(text))
    return None


def moment(text: str) -> datetime | None:
    """Returns the moment of a text in one of the two forms, None if it has another one or is no moment."""
    if not any(pattern.fullmatch(text) for pattern in _FORMS.values()):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None


def moment_of(ctx: Context, job: Mapping[str, Any], name: str) -> datetime | None:
    """Returns a moment of a job; it has to be written as casavi writes all moments, which is documented."""
    text = job[name]
    if text is None:
        return None
    good = form(text) == "milliseconds"
    ctx.expect(good, f"{name} such as 2026-01-05T08:00:00.000Z", repr(text), check=Named.MOMENTS_ARE_ISO_8601_IN_UTC)
    return moment(text)


def now(ctx: Context) -> datetime:
    """Returns the time of the account; that of this machine where the account's cannot be asked for."""
    clock = ctx.account.clock
    told = moment(clock.now()) if clock else None
    return told or datetime.now(UTC)
