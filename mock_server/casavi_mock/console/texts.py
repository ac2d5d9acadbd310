"""How values are shown: nothing that could steer a page, nothing without end, and always a way to the whole."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from casavi_mock.domain.clock import timestamp
from casavi_mock.domain.journal import printable
from casavi_mock.domain.model import Key

SHORT = 60
"""Characters of a value in a list."""

MAX_INLINE = 16_000
"""Characters that the whole texts of a page may take together; of what is longer, a file has the whole."""

MAX_NODES = 250
"""Members of a JSON text that are shown folded; of more, a file has the whole."""


def short(value: object, most: int = SHORT) -> str:
    """Returns a value as it fits into a list: without characters that cannot be seen, and cut."""
    text = str(value)
    return printable(text) if len(text) <= most else f"{printable(text[:most])}…"


def counted(number: int, what: str) -> str:
    """Returns a number of things, such as `1 job` or `1,000 jobs`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def bytes_text(number: int) -> str:
    """Returns a number of bytes for people."""
    return (
        f"{number} B"
        if number < 1000
        else f"{number / 1000:.1f} kB"
        if number < 1_000_000
        else f"{number / 1e6:.1f} MB"
    )


def moment_text(moment: datetime | None) -> str:
    """Returns a moment as casavi writes it; a dash if there is none."""
    return "–" if moment is None else timestamp(moment)


def span_text(span: timedelta | float | None) -> str:
    """Returns a length of time for people; a dash if there is none."""
    if span is None:
        return "–"
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.3g} s"
    if seconds < 7200:
        return f"{seconds / 60:.3g} min"
    return f"{seconds / 3600:.3g} h" if seconds < 172_800 else f"{seconds / 86_400:.3g} days"


def key_text(key: Key) -> str:
    """Returns by what a record is found, as one text."""
    return key if isinstance(key, str) else " · ".join(key)


@dataclass
class Room:
    """How many characters of whole texts a page still has room for."""

    left: int = MAX_INLINE

    def take(self, text: str) -> bool:
        """Returns whether a text may stand on the page as a whole."""
        if len(text) > self.left:
            return False
        self.left -= len(text)
        return True


@dataclass
class Node:
    """A member of a JSON text, to be folded."""

    name: str
    text: str
    """What is seen of it: the value, or how many members it has."""
    kind: str
    inside: list["Node"] = field(default_factory=list)
    open: bool = False


def folded(body: bytes) -> tuple[Node | None, bool]:
    """Returns a JSON text as nodes, None if it is none; and whether all of it is there."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None, False
    left = [MAX_NODES]
    node = _node("", value, left, 0)
    return node, left[0] > 0


def _node(name: str, value: Any, left: list[int], depth: int) -> Node:
    left[0] -= 1
    if isinstance(value, dict | list):
        what = "{…}" if isinstance(value, dict) else "[…]"
        node = Node(short(name), f"{what} {len(value)}", "many", open=depth < 2)
        node.inside = list(_inside(value, left, depth))
        return node
    if isinstance(value, str):
        return Node(short(name), short(orjson.dumps(value).decode(), 120), "text")
    return Node(short(name), orjson.dumps(value).decode(), "other")


def _inside(value: Mapping[str, Any] | list[Any], left: list[int], depth: int) -> Iterator[Node]:
    members = value.items() if isinstance(value, Mapping) else ((str(n), one) for n, one in enumerate(value))
    for name, member in members:
        if left[0] <= 0:
            yield Node("", "more", "cut")
            return
        yield _node(name, member, left, depth + 1)


def pretty(body: bytes) -> str:
    """Returns a body as text, JSON with line breaks."""
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return body.decode(errors="replace")


def at_pointer(value: Any, pointer: str) -> Any:
    """Returns what stands at a JSON pointer.

    Raises:
        LookupError: Nothing does.
    """
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            if not (name.isascii() and name.isdecimal()) or len(name) > 9:
                raise LookupError(name)
            value = value[int(name)]
        elif not isinstance(value, dict) or name not in value:
            raise LookupError(name)
        else:
            value = value[name]
    return value
