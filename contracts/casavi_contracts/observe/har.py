"""Reads HTTP archives (HAR 1.2) of browsers, proxies and of the mock itself as data: bounded, and nothing is fetched.

Source: HTTP Archive format 1.2. What a tool leaves out, or writes in its own way, is read as far as it can be; what
cannot be read is left out and told.
"""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from casavi_contracts.observe.entries import Skipped, Unlike, recorded

MAX_BYTES = 512 * 1024 * 1024
"""Bytes of an archive that are read, after unpacking."""

MAX_ENTRIES = 100_000
"""Entries of an archive that are read."""

MAX_DEPTH = 200
"""Levels of nesting in an archive; those of browsers have about twelve."""

MAX_VALUES = 200_000
"""Members and values of one entry."""

MAX_EVENTS = 25_000_000
"""Members and values of a whole archive, also of what is not looked at."""

_PIECE = 8 * 1024 * 1024
"""Bytes that are read at once; of a long text the parser reads all pieces again with each piece."""

_LISTED = 5
"""Numbers of entries that a note names."""

_KEPT = frozenset({"startedDateTime", "time", "request", "response"})
"""Members of an entry that are looked at; browsers add stacks of calls that are longer than all of them."""

_STARTS = frozenset({"start_map", "start_array"})
_ENDS = frozenset({"end_map", "end_array"})

_OTHERS = {
    "openapi": "an OpenAPI document",
    "swagger": "an OpenAPI document",
    "item": "a Postman collection; send it through a recorder, or export the console of a browser",
    "requests": "no HTTP archive but another list of requests",
}
"""What a file is that has such a member at its top, where an archive has `log`."""


class ArchiveError(Exception):
    """A file is no archive that can be read; the text is one sentence that says which file and why."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One exchange as it was recorded."""

    number: int
    """Of its entry in the file, from 1."""
    started: datetime | None
    """Aware; None if the file does not say it, or says it without a time zone."""
    took_ms: float | None
    method: str
    host: str = field(repr=False)
    """In lower case, with its port unless that is the usual one; empty if the file does not say it."""
    path: str = field(repr=False)
    """Percent-encoded as it was recorded, without the query; begins with a slash."""
    query: tuple[tuple[str, str], ...] = field(repr=False)
    """Decoded, in its order."""
    request_headers: tuple[tuple[str, str], ...] = field(repr=False)
    """Names in lower case; one that came twice stands twice; without the pseudo headers of HTTP/2."""
    request_body: bytes | None = field(repr=False)
    """Without its content encoding; empty if there was none; None if it was not recorded."""
    request_whole: bool
    """Whether the body is there, and all of it."""
    status: int
    """0 if no answer was recorded."""
    response_headers: tuple[tuple[str, str], ...] = field(repr=False)
    response_body: bytes | None = field(repr=False)
    response_whole: bool


@dataclass(frozen=True, slots=True)
class Archive:
    """What an archive holds."""

    exchanges: tuple[Recorded, ...]
    """In the order of the file."""
    notes: tuple[str, ...] = ()
    """What was skipped or is not whole, counted, with the numbers of the first entries; without anything secret."""


def read_archive(path: Path | str, *, max_bytes: int = MAX_BYTES, max_entries: int = MAX_ENTRIES) -> Archive:
    """Reads an archive; one that breaks off is read as far as it goes, and a note says so.

    Args:
        path: The file; it may be compressed with gzip, and may begin with a byte order mark.
        max_bytes: Bytes to read at most, after unpacking.
        max_entries: Entries to read at most; a note says that there were more.

    Raises:
        ArchiveError: It cannot be opened, is no archive, is too large or nested too deeply.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            return _read(path, _Bounded(path, _plain(path, file), max_bytes), max_entries)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise ArchiveError(f"{path}: it begins like a file of gzip and cannot be unpacked") from error
    except OSError as error:
        raise ArchiveError(f"{path}: cannot be read: {error.strerror or error}") from error


def _plain(path: Path, file: BinaryIO) -> "BinaryIO | gzip.GzipFile":
    """Returns a file that begins with an archive's first byte, whatever it is packed in."""
    head = file.read(4)
    file.seek(0)
    if head[:2] == b"\x1f\x8b":
        return gzip.GzipFile(fileobj=file)
    if head[:4] == b"PK\x03\x04":
        raise ArchiveError(f"{path}: it is a ZIP file; unpack it and name the .har inside")
    if not head:
        raise ArchiveError(f"{path}: the file is empty")
    return file


class _Bounded:
    """A file that ends with an error if it is too long, and that is UTF-8 whatever it was.

    Args:
        path: For errors.
        file: What is read.
        most: Bytes.
    """

    def __init__(self, path: Path, file: "BinaryIO | gzip.GzipFile", most: int) -> None:
        self._path = path
        self._file = file
        self._left = most
        self._most = most
        self._decoder: codecs.IncrementalDecoder | None = None
        self._begun = False
        self.broken_off = False
        """Whether what it is packed in ended too early."""

    def read(self, size: int = -1) -> bytes:
        """Returns the next bytes, none at the end; asked for none, as the parser does to see what it gets, none."""
        if size == 0:
            return b""
        piece = self._next(size)
        self._left -= len(piece)
        if self._left < 0:
            raise ArchiveError(
                f"{self._path}: more than {self._most:,} bytes; record less at once, or leave out what is not the API's"
            )
        if not self._begun:
            self._begun = True
            piece = self._without_mark(piece)
        if self._decoder is None:
            return piece
        text = self._decoder.decode(piece, final=not piece)
        return text.encode(errors="replace") or (self.read(size) if piece else b"")

    def _next(self, size: int) -> bytes:
        """Returns bytes up to a size; those too that come before a packed file breaks off."""
        if not isinstance(self._file, gzip.GzipFile):
            return self._file.read(size)
        piece = bytearray()
        try:
            while len(piece) < size and (more := self._file.read1(size - len(piece))):
                piece += more
        except (EOFError, zlib.error, gzip.BadGzipFile):
            if not self._begun and not piece:
                raise
            self.broken_off = True
        return bytes(piece)

    def _without_mark(self, piece: bytes) -> bytes:
        if piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            self._decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")
        return piece.removeprefix(codecs.BOM_UTF8)


class _Notes:
    """Counts what is not as it should be, by reason."""

    def __init__(self) -> None:
        self._numbers: dict[str, list[int]] = {}
        self._counts: dict[str, int] = {}

    def add(self, reason: str, number: int) -> None:
        """Counts an entry."""
        self._counts[reason] = self._counts.get(reason, 0) + 1
        listed = self._numbers.setdefault(reason, [])
        if len(listed) < _LISTED:
            listed.append(number)

    def told(self) -> Iterator[str]:
        """Yields one line for each reason."""
        for reason, count in self._counts.items():
            numbers = ", ".join(map(str, self._numbers[reason]))
            more = ", …" if count > _LISTED else ""
            yield f"{count} {'entry' if count == 1 else 'entries'} {reason} (number {numbers}{more})"


def _read(path: Path, file: _Bounded, max_entries: int) -> Archive:
    exchanges: list[Recorded] = []
    notes = _Notes()
    parsing = _Parsing(path)
    end: list[str] = []
    try:
        for number, entry in enumerate(parsing.entries(file), start=1):
            if number > max_entries:
                end.append(f"only the first {max_entries:,} entries were read; there are more")
                break
            _take(number, entry, exchanges, notes)
    except _Broken as broken:
        if not parsing.begun:
            raise ArchiveError(f"{path}: {parsing.unlike(str(broken))}") from None
        where = "ends" if broken.early or file.broken_off else "is broken"
        end.append(f"the file {where} after entry {parsing.count}; what came before was read")
    if not parsing.begun and not parsing.empty:
        raise ArchiveError(f"{path}: {parsing.unlike('')}")
    return Archive(tuple(exchanges), (*notes.told(), *end))


def _take(number: int, entry: Any, exchanges: list[Recorded], notes: _Notes) -> None:
    if isinstance(entry, _TooLarge):
        notes.add(f"skipped: more than {MAX_VALUES:,} members and values", number)
        return
    try:
        members, unlike = recorded(entry)
    except Skipped as skipped:
        notes.add(f"skipped: {skipped}", number)
        return
    for one in unlike:
        notes.add(_UNLIKE[one], number)
    exchanges.append(Recorded(number=number, **members))


_UNLIKE = {
    Unlike.UNANSWERED: "without an answer (status 0)",
    Unlike.NO_REQUEST_BODY: "whose request has a body that was not recorded",
    Unlike.NO_RESPONSE_BODY: "whose answer has a body that was not recorded",
    Unlike.CUT_REQUEST: "whose request was recorded in part",
    Unlike.CUT_RESPONSE: "whose answer was recorded in part",
    Unlike.BAD_BASE64: "with a body that says it is base64 and is not",
    Unlike.BAD_MOMENT: "without a moment that can be read",
}


class _TooLarge:
    """Stands for an entry that is not built."""


class _Broken(Exception):
    """The file is no JSON from here on.

    Args:
        text: What the parser says.
        early: Whether the file ended.
    """

    def __init__(self, text: str, *, early: bool) -> None:
        super().__init__(text)
        self.early = early


class _Parsing:
    """Yields the entries of an archive one by one, so that only one is in memory beside what is kept of the others.

    Args:
        path: For errors.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._top: list[str] = []
        self._events = 0
        self.begun = False
        """Whether `log.entries` was there and is a list."""
        self.empty = False
        """Whether the archive is right but has no entries."""
        self.count = 0
        """Entries that were whole."""

    def unlike(self, said: str) -> str:
        """Returns why the file is no archive."""
        for name, what in _OTHERS.items():
            if name in self._top:
                return f"it is {what}"
        if said and not self._top:
            return "it is no JSON, so no HTTP archive"
        if said:
            return "the JSON breaks off or is broken before the first entry"
        return "it is JSON, but no HTTP archive: there is no list at log.entries"

    def entries(self, file: _Bounded) -> Iterator[Any]:
        """Yields each entry.

        Raises:
            ArchiveError: It is nested too deeply, or has too many members.
            _Broken: It is no JSON.
        """
        depth, names = 0, ["", ""]
        events = self._parsed(file)
        for event, value in events:
            if event == "map_key":
                if depth <= 2:
                    names[depth - 1] = value
                if depth == 1 and len(self._top) < 20:
                    self._top.append(value)
            elif event in _STARTS:
                depth = self._deeper(depth)
                if depth == 3 and event == "start_array" and names == ["log", "entries"]:
                    self.begun = True
                    yield from self._list(events)
                    depth -= 1
            elif event in _ENDS:
                depth -= 1
        self.empty = self.begun

    def _list(self, events: Iterator[tuple[str, Any]]) -> Iterator[Any]:
        for event, value in events:
            if event == "end_array":
                return
            if event == "start_map":
                entry = self._entry(events)
            else:
                self._skip(event, events, depth=3)
                entry = value
            self.count += 1
            yield entry

    def _entry(self, events: Iterator[tuple[str, Any]]) -> Any:
        """Returns the members of an entry that are looked at."""
        from ijson import ObjectBuilder

        members: dict[str, Any] = {}
        left = MAX_VALUES
        for event, name in events:
            if event == "end_map":
                break
            if name not in _KEPT:
                first, _ = next(events)
                self._skip(first, events, depth=4)
                continue
            builder, depth = ObjectBuilder(), 0
            for inner, value in events:
                if inner in _STARTS:
                    depth += 1
                    self._deeper(depth + 4)
                elif inner in _ENDS:
                    depth -= 1
                left -= 1
                if left > 0:
                    builder.event(inner, value)
                if not depth:
                    break
            if left > 0:
                members[name] = builder.value
        return members if left > 0 else _TooLarge()

    def _skip(self, event: str, events: Iterator[tuple[str, Any]], depth: int) -> None:
        """Passes over a value that began with an event."""
        outside, depth = depth, depth + (event in _STARTS)
        while depth > outside:
            inner, _ = next(events)
            if inner in _STARTS:
                depth += 1
                self._deeper(depth)
            elif inner in _ENDS:
                depth -= 1

    def _deeper(self, depth: int) -> int:
        if depth > MAX_DEPTH:
            raise ArchiveError(f"{self._path}: nested deeper than {MAX_DEPTH} levels")
        return depth + 1

    def _parsed(self, file: _Bounded) -> Iterator[tuple[str, Any]]:
        import ijson

        try:
            for event in ijson.basic_parse(file, use_float=True, buf_size=_PIECE):
                self._events += 1
                if self._events > MAX_EVENTS:
                    raise ArchiveError(f"{self._path}: more than {MAX_EVENTS:,} members and values")
                yield event
        except (ijson.JSONError, ValueError, OverflowError) as error:
            said = str(error)  # it quotes the file, and is shown to nobody
            raise _Broken(said, early="premature" in said or "ncomplete" in said) from None
