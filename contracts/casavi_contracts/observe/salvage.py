"""The beginning of a JSON text that was recorded in part: as many whole members and items as there are."""

import re
from typing import Any

import orjson

MAX_DEPTH = 100

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)


def salvaged(text: bytes) -> Any:
    """Returns the value that a cut text begins, without what is not whole at its end; None if nothing is left."""
    open_now: list[bytes] = []
    cut: tuple[int, bytes] | None = None
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token[:1] == b'"' and (len(token) == 1 or token[-1:] != b'"'):
            break  # the text ends inside it
        if token in b"[{" and len(token) == 1:
            open_now.append(b"]" if token == b"[" else b"}")
            if len(open_now) > MAX_DEPTH:
                return None
            cut = found.end(), b"".join(reversed(open_now))
        elif token in b"]}" and len(token) == 1:
            if not open_now:
                return None
            open_now.pop()
            cut = found.end(), b"".join(reversed(open_now))
        elif token == b",":
            cut = found.start(), b"".join(reversed(open_now))
    if cut is None:
        return None
    end, closing = cut
    try:
        return orjson.loads(text[:end] + closing)
    except ValueError:
        return None
