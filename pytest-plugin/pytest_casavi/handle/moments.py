"""Moments as the control plane writes and reads them."""

from datetime import datetime


def parsed(text: str) -> datetime:
    """Returns a moment, aware."""
    return datetime.fromisoformat(text)


def parsed_or_none(text: str | None) -> datetime | None:
    """Returns a moment, aware, or None where there is none."""
    return None if text is None else parsed(text)


def written(moment: datetime | str) -> str:
    """Returns a moment as the control plane reads it; a text goes as it is."""
    return moment if isinstance(moment, str) else moment.isoformat()
