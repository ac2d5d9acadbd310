"""Parses a long body in parts: between two parts others can be served, and no part takes long.

A value of up to `PART_BYTES` is never divided. What is longer opens, comes as parts that hold some of its elements or
members, and closes. Each part is cut where a value ends and parsed as a list or an object of its own; since lists of
elements that are valid one by one are valid in a row, the parts are valid exactly if the body is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from casavi_mock.bodies.malformed import Malformed, byte_position

PART_BYTES = 32_000
"""How much is looked at in one step. Larger parts are not faster in all."""

LONG_BYTES = 1_000_000
"""Length from which a text is parsed in steps, too. Names, numbers and blanks may not be as long."""

MAX_LEVELS = 1_024
"""Levels that the parser takes."""

_LIST, _OBJECT = ord("["), ord("{")
_CLOSING = {_LIST: b"]", _OBJECT: b"}"}
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_TO_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|%b)*+(["\[\]{}]?)' % _STRING, re.DOTALL)
_STRING_OR_COMMA = re.compile(rb"%b|," % _STRING, re.DOTALL)
_NAME = re.compile(rb"(%b)[ \t\n\r]*:[ \t\n\r]*\Z" % _STRING, re.DOTALL)
_BETWEEN_RECORDS = re.compile(rb"([}\]](?:[ \t\n\r]*+[}\]])*+)[ \t\n\r]*+,[ \t\n\r]*+[{\[]")
_IN_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_BLANK = b" \t\n\r"
_BLANKS = re.compile(rb"[ \t\n\r]*+")
_HALF_PAIR_BYTES = 12
"""A character beyond the first 65,536, written as two escapes, is as long as that."""


class Overfull(Exception):
    """There is more in one value than can be looked at in short steps."""


@dataclass(frozen=True, slots=True)
class Opens:
    """A list or an object that is too long for one part begins.

    `value` is an empty one, and `name` the member's, if it stands in an object. If the name came before, this counts.
    """

    name: str | None
    value: list[Any] | dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """Some elements or members of what opened last and has not closed yet; `text` is what they were parsed from."""

    value: list[Any] | dict[str, Any]
    text: bytes


@dataclass(frozen=True, slots=True)
class Closes:
    """What opened last ends."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """The whole body is neither list nor object."""

    value: Any


Event = Opens | Part | Closes | Scalar | None
"""None is a step without a result."""


@dataclass(slots=True)
class _Open:
    kind: int
    first: bool = True
    """Whether nothing was read of it yet."""
    deep: bool = False
    """Whether its elements seem to hold others."""


class Parts:
    """The parts of a body, in order.

    Args:
        raw: The body. Of a blank one there are none.

    Raises:
        Malformed: It is not JSON. What came of it before is good.
        Overfull: There is a name, a number or a blank that is too long.
    """

    def __init__(self, raw: bytes | bytearray) -> None:
        self._raw = raw
        self._at = 0
        """All before it was told."""
        self._seen = 0
        """All between the two was looked at for brackets."""
        self._open: list[_Open] = []
        self._inner: list[int] = []
        """Where lists and objects begin that stand between the two and are not closed there."""
        self._closed = 0
        """Where the last of those ended that are."""

    def __iter__(self) -> Iterator[Event]:
        yield from self._skip_blanks()
        if self._at == len(self._raw):
            return
        if self._raw[self._at] not in _CLOSING:
            yield from self._only_scalar()
        else:
            yield self._opened(self._raw[self._at], None, self._at)
            while self._open:
                yield from self._next()
        yield from self._skip_blanks()
        if self._at < len(self._raw):
            raise self._failure(b"{}", self._at)

    def _next(self) -> Iterator[Event]:
        """Looks for where the next part ends, and tells it."""
        record = self._guessed()
        if record is not None:
            yield record
            return
        limit, growth = self._at + PART_BYTES, PART_BYTES
        while True:
            found = self._look(limit)
            if found is not None:
                yield from found
                return
            if self._inner:
                yield from self._divided(self._inner.pop(0))
                return
            cut = self._comma()
            if cut is not None:
                yield self._part(cut, b",", closes=False)
                self._at = self._closed = cut + 1
                return
            if limit - self._at >= LONG_BYTES:
                yield from self._long_string()
                return
            limit += growth
            growth *= 2
            yield None

    def _guessed(self) -> Part | None:
        """Returns a part that ends between two records, if the guess where that is is right; it nearly always is."""
        if self._open[-1].kind != _LIST or self._seen > self._at or self._raw[self._at : self._at + 1] == b"]":
            return None
        container = self._open[-1]
        for deep in (True,) if container.deep else (False, True):
            end = self._between(deep=deep)
            if end is None:
                return None
            text = b"[" + self._raw[self._at : end] + b"]"
            try:
                values = orjson.loads(text)
            except orjson.JSONDecodeError:
                continue
            container.first, container.deep = False, deep
            self._at = self._seen = self._closed = self._raw.index(b",", end) + 1
            return Part(values, text)
        return None

    def _between(self, *, deep: bool) -> int | None:
        """Returns where a record seems to end: anywhere, or where most is closed at once, if records hold others."""
        least = self._at + PART_BYTES
        if deep:
            ends = _BETWEEN_RECORDS.finditer(self._raw, least, least + PART_BYTES)
            found = max(ends, key=lambda match: len(match[1].translate(None, _BLANK)), default=None)
        else:
            found = _BETWEEN_RECORDS.search(self._raw, least, least + PART_BYTES)
        return None if found is None else found.end(1)

    def _look(self, limit: int) -> list[Event] | None:
        """Looks for brackets up to a limit; returns what is to be told if the innermost open value closes before."""
        while self._seen < limit:
            match = _TO_BRACKET.match(self._raw, self._seen, limit)
            assert match is not None, "it matches nothing, too"
            bracket = match[1]
            if bracket in (b"", b'"'):
                self._seen = match.end() - len(bracket)
                if limit >= len(self._raw):
                    raise self._failure(self._before(), self._at, len(self._raw))
                return None
            self._seen = match.end()
            if bracket in b"[{":
                self._inner.append(self._seen - 1)
                if len(self._open) + len(self._inner) > MAX_LEVELS:
                    raise Malformed(self._seen, "depth limit exceeded")
            elif self._inner:
                self._inner.pop()
                self._closed = self._seen
            else:
                return self._close(bracket)
        return None

    def _close(self, bracket: bytes) -> list[Event]:
        end = self._seen - 1
        part = self._part(end, bracket, closes=True)
        self._open.pop()
        self._at = self._closed = self._seen
        told: list[Event] = [part, Closes()] if part.value else [Closes()]
        if self._open:
            self._after_value()
        return told

    def _after_value(self) -> None:
        """Moves behind the comma that follows; another part of the same value is to come, or its end."""
        self._open[-1].first = False
        blank = _BLANKS.match(self._raw, self._at, self._at + LONG_BYTES)
        assert blank is not None, "it matches nothing, too"
        end = blank.end()
        following = self._raw[end : end + 1]
        if following and following in _BLANK:
            raise Overfull
        if following == b",":
            self._at = self._closed = end + 1
            self._seen = max(self._seen, self._at)
        elif following == _CLOSING[self._open[-1].kind]:
            self._at = self._seen = end
            self._open[-1].first = True  # nothing more has to follow
        else:
            raise self._failure(b"[[]" if self._open[-1].kind == _LIST else b'{"":[]', self._at, end)

    def _part(self, end: int, following: bytes, *, closes: bool) -> Part:
        """Returns the elements or members up to a position, where a comma or a closing bracket stands."""
        container = self._open[-1]
        closing = _CLOSING[container.kind]
        inside = self._raw[self._at : end]
        empty = not inside.strip(_BLANK)
        if (closes and following != closing) or (empty and not (closes and container.first)):
            raise self._failure(self._before(), self._at, end)
        text = bytes((container.kind,)) + inside + closing
        value = self._parsed(text, end)
        container.first = False
        return Part(value, text)

    def _parsed(self, text: bytes, end: int) -> Any:
        """Parses a text that stands for what ends at a position."""
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            raise self._failure(self._before(), self._at, end) from None

    def _divided(self, start: int) -> Iterator[Event]:
        """Tells what stands before an inner value, and opens that."""
        before, name = self._leading(start, self._raw[start : start + 1])
        if before is not None:
            yield before
        yield self._opened(self._raw[start], name, start)

    def _opened(self, kind: int, name: str | None, start: int) -> Opens:
        self._open.append(_Open(kind))
        self._at = start + 1
        self._seen, self._closed = max(self._seen, self._at), max(self._closed, self._at)
        return Opens(name, [] if kind == _LIST else {})

    def _leading(self, start: int, sign: bytes | bytearray) -> tuple[Part | None, str | None]:
        """Returns what stands before a value that begins at a position, and the value's name."""
        container = self._open[-1]
        closing = _CLOSING[container.kind]
        inside = self._raw[self._at : start]
        stand_in = {b"[": b"[]", b"{": b"{}"}.get(bytes(sign), b'""')
        text = bytes((container.kind,)) + inside + stand_in + closing
        value = self._parsed(text, start)
        name = None
        if isinstance(value, dict):
            found = _NAME.search(inside)
            assert found is not None, "the parser found one"
            name = orjson.loads(found[1])
            del value[name]
            inside = inside[: found.start()]
        else:
            value.pop()
        text = bytes((container.kind,)) + inside.rstrip(_BLANK).removesuffix(b",") + closing
        container.first = False
        return (Part(value, text) if value else None), name

    def _comma(self) -> int | None:
        """Returns where a comma stands between two elements or members, before where no more is known."""
        if b'"' not in self._raw[self._closed : self._seen]:
            cut = self._raw.rfind(b",", self._closed, self._seen)
            return None if cut < 0 else cut
        last = None
        for found in _STRING_OR_COMMA.finditer(self._raw, self._closed, self._seen):
            if found[0] == b",":
                last = found.start()
        return last

    def _long_string(self) -> Iterator[Event]:
        """Parses a text that is very long, in steps."""
        start = self._seen
        value = self._raw[start : start + 1] == b'"'
        if self._open[-1].kind == _OBJECT:
            value = value and self._raw[self._at : start].rstrip(_BLANK).endswith(b":")
        if not value:
            raise Overfull
        before, name = self._leading(start, b'"')
        if before is not None:
            yield before
        self._at = start
        text: list[str] = []
        for piece in self._pieces_of_string():
            text.append(piece)
            yield None
        whole = "".join(text)
        yield Part([whole] if name is None else {name: whole}, b"")
        self._after_value()

    def _pieces_of_string(self) -> Iterator[str]:
        """Yields a text piece by piece, and moves behind it."""
        self._at += 1
        ended = False
        while not ended:
            match = _IN_STRING.match(self._raw, self._at, self._at + LONG_BYTES // 8)
            assert match is not None, "it matches nothing, too"
            end = match.end()
            ended = self._raw[end : end + 1] == b'"'
            if not ended and end + 2 >= len(self._raw):
                raise self._failure(b'"', self._at, len(self._raw))
            text, end = self._string(end, sure=ended)
            self._at = end
            yield text
        self._at = self._seen = self._closed = self._at + 1

    def _string(self, end: int, *, sure: bool) -> tuple[str, int]:
        """Parses a piece of a text that ends at a position, or, if that may cut a character, a little before."""
        for cut in range(end, end - (1 if sure else _HALF_PAIR_BYTES), -1):
            try:
                return orjson.loads(b'"' + self._raw[self._at : cut] + b'"'), cut
            except orjson.JSONDecodeError:
                continue
        raise self._failure(b'"', self._at, end)

    def _only_scalar(self) -> Iterator[Event]:
        text = self._raw[self._at : self._at + LONG_BYTES]
        try:
            yield Scalar(orjson.loads(text))
        except orjson.JSONDecodeError as error:
            position = byte_position(error)
            over = position > len(text) - _HALF_PAIR_BYTES or "not valid UTF-8" in error.msg
            if len(text) == LONG_BYTES and over:
                raise Overfull from None
            raise Malformed(self._at + position, error.msg) from None
        self._at += len(text)
        if self._raw[self._at : self._at + 1].strip(_BLANK):  # a number goes on
            raise Overfull

    def _skip_blanks(self) -> Iterator[Event]:
        while self._at < len(self._raw):
            piece = self._raw[self._at : self._at + LONG_BYTES // 8]
            blanks = len(piece) - len(piece.lstrip(_BLANK))
            self._at += blanks
            if blanks < len(piece):
                return
            yield None

    def _before(self) -> bytes:
        """Returns in short what stands before what is looked at."""
        container = self._open[-1]
        if container.kind == _LIST:
            return b"[" if container.first else b"[0,"
        return b"{" if container.first else b'{"":0,'

    def _failure(self, before: bytes, start: int, end: int | None = None) -> Malformed:
        """Returns what the parser says to a text.

        Args:
            before: What may stand before it, in short.
            start: Where it begins.
            end: Where it surely has failed.
        """
        end = (start if end is None else end) + 64
        # The end may cut a character. If the body is not UTF-8 elsewhere, that is found before this is told.
        text = before + self._raw[start:end].decode("utf-8", "ignore").encode()
        try:
            orjson.loads(text)
        except orjson.JSONDecodeError as error:
            return Malformed(start + byte_position(error) - len(before), error.msg)
        return Malformed(start, "it is not UTF-8")
