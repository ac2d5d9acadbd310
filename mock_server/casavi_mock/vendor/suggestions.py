"""What a client may have meant whose path leads nowhere."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from urllib.parse import unquote

MAX_LENGTH = 200
"""Characters of a path that are looked at."""

_MAX_SEGMENTS = 8
_CLOSE = 0.75
"""How like two segments have to be, from 0 to 1."""


def did_you_mean(path: str, known: Iterable[str]) -> str:
    """Returns a question that names the known path which is most like another one; empty if none is like it.

    Args:
        path: As it was sent.
        known: The paths that there are, with parameters in braces.
    """
    segments = [part.partition(";")[0] for part in re.split(r"[/\\]+", unquote(path[:MAX_LENGTH]).strip()) if part]
    segments = [part.strip().lower() for part in segments if part not in (".", "..")][:_MAX_SEGMENTS]
    best, found = 0.0, ""
    for template in sorted(known):
        parts = template.strip("/").split("/")
        # What stands in front may be a version or a prefix that there is not; less of it is better.
        for skipped in range(len(segments) - len(parts) + 1):
            likeness = _likeness(segments[skipped:], parts) - 0.01 * skipped
            if likeness > best:
                best, found = likeness, template
    return f" Did you mean {found}?" if found else ""


def _likeness(segments: list[str], parts: list[str]) -> float:
    """Returns how like a path is to a known one, from 0 to 1; 0 if they do not fit at all."""
    if len(segments) != len(parts):
        return 0.0
    fixed = [(one, part.lower()) for one, part in zip(segments, parts, strict=True) if not part.startswith("{")]
    ratios = [1.0 if one == part else SequenceMatcher(None, one, part).ratio() for one, part in fixed]
    return sum(ratios) / len(ratios) if ratios and min(ratios) >= _CLOSE else 0.0
