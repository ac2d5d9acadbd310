"""Parses a long body piece by piece: between two pieces others can be served, and no piece takes long.

Nothing is scanned twice to find where records end. A slice is cut where a record seems to end, and parsed as an array
of its own. If that works, the cut was right: lists of elements that are valid one by one are valid in a row, and JSON
can be read in one way only. If it does not, the parser's own position tells whether the cut was wrong (it stumbled at
the end of the slice) or the body is (it stumbled before).
"""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import orjson

SLICE_BYTES = 100_000
"""How much is parsed at a time: half a millisecond of work with its check. Larger slices are not faster in all."""

MAX_MEMBERS = 1_000
"""Members that the body may have at its top; a body with more is no portfolio, and not worth the pauses."""

MAX_INSIDE = 500_000
"""Objects and lists in one value, such as a record; ten other values count as one. It is looked at in one go."""

_GROWTH = 4
_UNSURE = 16
"""Bytes at the end of a piece that may be half of a token, such as `tr` or one half of a surrogate pair."""

_BLANK = re.compile(rb"[ \t\n\r]*")
_BETWEEN_RECORDS = re.compile(rb"\}[ \t\n\r]*,[ \t\n\r]*\{")
_CONTENT_AFTER = "unexpected content after document"
_END = -1


class Malformed(Exception):
    """The body is not JSON.

    Args:
        position: Where, in bytes from its beginning.
        reason: What the parser says.
    """

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(reason)
        self.position = position
        self.reason = reason


class Overfull(Exception):
    """A value holds more objects and lists than can be looked at in one go."""


class Unsliceable(Exception):
    """The body has too many members for a portfolio."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A body that is no object. Of an array it holds nothing: its slices follow, and it is refused for what it is."""

    value: Any


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the body that is not read in slices. If its name came before, this one counts."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Opening:
    """From here on slices of an array come. If its name came before, this one counts."""

    name: str


@dataclass(frozen=True, slots=True)
class Slice:
    """Some elements of the array that opened last."""

    values: list[Any]
    text: bytes
    """What they were parsed from, as an array of its own."""


Piece = Whole | Member | Opening | Slice


def pieces(raw: bytes | bytearray, arrays: Container[str]) -> Iterator[Piece]:
    """Yields a body piece by piece.

    Args:
        raw: The body.
        arrays: Names of the members that are read in slices, if they are arrays.

    Raises:
        Malformed: It is not JSON. What came of it before is good.
        Overfull: There is too much inside of one value.
        Unsliceable: It has too many members.
    """
    text = _Text(raw)
    first = text.next()
    if first == ord("{"):
        text.above = 1
        yield from _members(text, arrays)
        text.above = 0
    elif first == ord("["):
        yield Whole([])
        yield from text.elements()
    else:
        yield Whole(text.value(b""))
    if text.next() != _END:
        text.fail(b"{}")


def _members(text: "_Text", arrays: Container[str]) -> Iterator[Piece]:
    text.at += 1
    if text.next() == ord("}"):
        text.at += 1
        return
    before = b"{"
    for _ in range(MAX_MEMBERS):
        since = text.at
        if text.next() != ord('"'):
            text.fail(before, since)
        name = text.value(before)
        if text.next() != ord(":"):
            text.fail(b'{""')
        text.at += 1
        if text.next() == ord("[") and name in arrays:
            yield Opening(name)
            yield from text.elements()
        else:
            yield Member(name, text.value(b'{"":'))
        after = text.next()
        if after not in (ord(","), ord("}")):
            text.fail(b'{"":[]')
        text.at += 1
        if after == ord("}"):
            return
        before = b'{"":0,'
    raise Unsliceable


class _Text:
    """A JSON text and a position in it."""

    __slots__ = ("above", "at", "raw")

    def __init__(self, raw: bytes | bytearray) -> None:
        self.raw = raw
        self.at = 0
        self.above = 0
        """Levels around what is parsed here, which the parser does not see."""

    def next(self) -> int:
        """Moves to the next byte that is not blank, and returns it."""
        blank = _BLANK.match(self.raw, self.at)
        assert blank is not None, "it matches nothing too"
        self.at = blank.end()
        return self.raw[self.at] if self.at < len(self.raw) else _END

    def fail(self, before: bytes, since: int | None = None) -> NoReturn:
        """Raises what a parser says to what stands here.

        Args:
            before: What may stand before it, in short.
            since: Where that ends, if blanks stand between.
        """
        end = self.at + 64
        self.at = self.at if since is None else since
        text = before + self.raw[self.at : end].decode("utf-8", "ignore").encode()
        try:
            orjson.loads(text)
        except orjson.JSONDecodeError as error:
            self._raise(error, text, len(before))
        raise AssertionError("a parser objects, or it would not have come to this")

    def value(self, before: bytes) -> Any:
        """Parses the value that stands here and moves behind it.

        Args:
            before: What may stand before it, in short.
        """
        size = SLICE_BYTES
        while True:
            end = self._whole_character(self.at + size)
            text = bytes(self.raw[self.at : end])
            _check_inside(text, size)
            try:
                value = orjson.loads(text)
            except orjson.JSONDecodeError as error:
                position = byte_position(error)
                if error.msg == _CONTENT_AFTER:
                    self.at += position
                    return orjson.loads(text[:position])
                sure = position < len(text) - _UNSURE and "infinity" not in error.msg
                if sure or end == len(self.raw):
                    if position == 0 and before:
                        self.fail(before)
                    self._raise(error, text, 0)
            else:
                if end == len(self.raw):
                    self.at = end
                    return value
            size *= _GROWTH

    def elements(self) -> Iterator[Slice]:
        """Parses the array that begins here slice by slice, and moves behind it."""
        self.at += 1
        before, size = b"[", SLICE_BYTES
        while True:
            cut = self._cut(size)
            text = before + self.raw[self.at : cut] + (b"" if cut is None else b"]")
            _check_inside(text, size)
            try:
                values = orjson.loads(text)
                over = cut is None
                end = len(text) - (0 if over else 1)
            except orjson.JSONDecodeError as error:
                end = byte_position(error)
                over = error.msg == _CONTENT_AFTER
                if not over:
                    if cut is None or end < len(text) - 1:
                        self._raise(error, text, len(before))
                    size *= _GROWTH
                    continue
                text = text[:end]
                values = orjson.loads(text)
            self.at += end - len(before)
            if len(before) > 1:  # a number stands for what came before
                del values[0]
                text = b"[" + text[len(before) :]
            yield Slice(values, text)
            if over:
                return
            self.next()
            self.at += 1  # the comma
            before, size = b"[0,", SLICE_BYTES

    def _cut(self, size: int) -> int | None:
        """Returns where a slice of about that size could end, before a comma; None if it is the rest of the body."""
        least = self.at + size
        if least >= len(self.raw):
            return None
        found = _BETWEEN_RECORDS.search(self.raw, least, least + size)
        if found is not None:
            return found.start() + 1
        comma = self.raw.rfind(b",", self.at + 1, least)
        return None if comma < 0 else comma

    def _whole_character(self, end: int) -> int:
        while end < len(self.raw) and self.raw[end] & 0xC0 == 0x80:
            end += 1
        return min(end, len(self.raw))

    def _raise(self, error: orjson.JSONDecodeError, text: bytes, before: int) -> NoReturn:
        if self.above and "depth limit" in error.msg:
            deeper = b"[" * self.above + text
            try:
                orjson.loads(deeper)
            except orjson.JSONDecodeError as found:
                error, text, before = found, deeper, before + self.above
        raise Malformed(self.at + byte_position(error) - before, error.msg) from None


def _check_inside(text: bytes, size: int) -> None:
    # A text of the usual size has no room for so many.
    if size > SLICE_BYTES and text.count(b"{") + text.count(b"[") + text.count(b",") // 10 > MAX_INSIDE:
        raise Overfull


def byte_position(error: orjson.JSONDecodeError) -> int:
    """Returns where the parser stumbled, in bytes; of a text that is not UTF-8 it does not say."""
    return error.pos if error.doc.isascii() else len(error.doc[: error.pos].encode())
