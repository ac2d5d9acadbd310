"""How values are shown: nothing that could steer a page, nothing without end, and always a way to the whole."""

import re
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from markupsafe import Markup, escape

from casavi_mock.domain.clock import timestamp
from casavi_mock.domain.journal import printable
from casavi_mock.domain.model import Key

_CODE = re.compile("`([^`]*)`")

SHORT = 60
"""Characters of a value in a list."""

MAX_INLINE = 8_000
"""Bytes that the whole texts of a page may take together; of what is longer, a file has the whole."""

MAX_FOLDED = 12_000
"""Bytes that the members of a folded JSON text may take in a page; of more, a file has the whole."""


def short(value: object, most: int = SHORT) -> str:
    """Returns a value as it fits into a list: without characters that cannot be seen, and cut."""
    text = str(value)
    shown = printable(text[:most])
    if len(shown) > 2 * most:  # characters that cannot be seen are told by their numbers
        return f"{shown[: 2 * most]}…"
    return shown if len(text) <= most else f"{shown}…"


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


def body_text(text: str) -> Markup:
    """Returns a text as it stands between two tags; quotes, of which JSON is full, take one character there."""
    return Markup(str(escape(text)).replace("&#34;", '"').replace("&#39;", "'"))  # noqa: S704  # all else is escaped


def with_code(text: str) -> Markup:
    """Returns a text of the mock's own with what stands between backticks as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704  # escaped before


def weight(text: str) -> int:
    """Returns how many bytes a text takes in a page, at most."""
    return len(body_text(text).encode(errors="replace"))


@dataclass
class Room:
    """How many bytes of whole texts a page still has room for."""

    left: int = MAX_INLINE

    def take(self, text: str) -> bool:
        """Returns whether a text may stand on the page as a whole."""
        needed = weight(printable(text)) if len(text) <= self.left else self.left + 1
        if needed > self.left:
            return False
        self.left -= needed
        return True


@dataclass
class Node:
    """A member of a JSON text, to be folded."""

    name: str
    text: str
    """What is seen of it: the value, or how many members it has."""
    kind: str
    """`many`, `text` or `other`; `cut` for those that there was no room for."""
    inside: list["Node"] = field(default_factory=list)
    open: bool = False


_CUT = Node("", "", "cut")
_MARKUP_BYTES = 70
"""What a member takes beside its texts."""


def folded(body: bytes) -> Node | None:
    """Returns a JSON text as nodes, those on the outside first as long as there is room; None if it is none."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    root = _node("", value, 0)
    left = MAX_FOLDED
    waiting = deque([(root, value, 0)])
    while waiting:
        node, members, depth = waiting.popleft()
        if not isinstance(members, dict | list):
            continue
        for name, member in members.items() if isinstance(members, dict) else enumerate(members):
            inner = _node(str(name), member, depth + 1)
            left -= _MARKUP_BYTES + weight(inner.name + inner.text)
            if left < 0:
                node.inside.append(_CUT)
                break
            node.inside.append(inner)
            waiting.append((inner, member, depth + 1))
    return root


def _node(name: str, value: Any, depth: int) -> Node:
    if isinstance(value, dict | list):
        what = "{…}" if isinstance(value, dict) else "[…]"
        return Node(short(name), f"{what} {len(value)}", "many", open=depth < 2)
    text = orjson.dumps(value).decode()
    return Node(short(name), short(text, 120), "text" if isinstance(value, str) else "other")


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
