"""Reads request bodies: how long, how encoded, how deep, and whether they satisfy the contract.

A long body is split first and then parsed and checked in slices, with a pause after each, so that one large import
does not keep other clients waiting.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import msgspec
import orjson

from casavi_mock.domain.ordering import escaped
from casavi_mock.errors import FieldError, Refused
from casavi_mock.web.validation import MAX_ERRORS, BodySchema, KnownFields

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Headers = Mapping[bytes, bytes]

SLICED_FROM_BYTES = 256_000
SLICE_RECORDS = 250

_CHARSETS = (b"utf-8", b"utf8", b"us-ascii", b"ascii")
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_TO_BRACES = bytes.maketrans(b"[]", b"{}")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimits:
    """How long and how deep a body may be."""

    max_bytes: int
    max_nesting: int


class BodyReader:
    """Reads and checks the bodies of one operation.

    Args:
        schema: The whole body's schema.
        limits: How long and how deep a body may be.
        items: JSON Schemas of the top-level arrays' records, by the arrays' names, for bodies that are read in slices.
    """

    def __init__(
        self, schema: BodySchema, limits: BodyLimits, items: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._items = {name: BodySchema(item) for name, item in (items or {}).items()}
        self._known = {name: KnownFields(item) for name, item in (items or {}).items()}
        arrays = [(name, list[msgspec.Raw] | msgspec.UnsetType, msgspec.UNSET) for name in self._items]
        self._arrays = msgspec.json.Decoder(msgspec.defstruct("Arrays", arrays, forbid_unknown_fields=True))

    async def read(
        self, headers: Headers, receive: Receive, told: Callable[[bytes], None] = lambda raw: None
    ) -> dict[str, Any]:
        """Returns the parsed body, which satisfies the contract.

        Args:
            headers: The request's headers.
            receive: Where its body comes from.
            told: Called with the body as it came, before it is parsed.

        Raises:
            Refused: It is not JSON, too long, too deep, or does not satisfy the contract.
        """
        check_media_type(headers)
        raw = await read_bytes(headers, receive, self._limits.max_bytes)
        told(raw)
        if not raw or raw.isspace():
            missing = FieldError("", "a JSON object", "no body")
            raise Refused("body-missing", "Send a JSON object as the body.", (missing,))
        if self._items and len(raw) >= SLICED_FROM_BYTES:
            body = await self._in_slices(raw)
            if body is not None:
                return body
        return self._at_once(raw)

    def _at_once(self, raw: bytes) -> dict[str, Any]:
        body = parse(raw, secret=self._schema.secret)
        self._check_nesting(raw, body)
        if not self._schema.satisfied_by(body):
            errors = list(self._schema.errors(body))
            raise _violations(errors, len(errors))
        satisfied: dict[str, Any] = body
        return satisfied

    async def _in_slices(self, raw: bytes) -> dict[str, Any] | None:
        """Returns the body, or None if it must be parsed at once to say what is wrong with it."""
        split = self._split(raw)
        if split is None:
            return None
        body, arrays = split
        await asyncio.sleep(0)
        errors = list(self._schema.errors(body | {name: [] for name in arrays}))
        count = len(errors)
        for name, records in arrays.items():
            parsed = body[name] = []
            for start in range(0, len(records), SLICE_RECORDS):
                part = b"[" + b",".join(records[start : start + SLICE_RECORDS]) + b"]"
                try:
                    values = orjson.loads(part)
                except orjson.JSONDecodeError:
                    return None
                if not self._known[name].satisfied_by(values):
                    if too_deep(part, self._limits.max_nesting - 1):
                        return None
                    for error in self._slice_errors(name, start, values):
                        count += 1
                        if len(errors) < MAX_ERRORS:
                            errors.append(error)
                parsed += values
                await asyncio.sleep(0)
        if errors:
            raise _violations(errors, count)
        return body

    def _split(self, raw: bytes) -> tuple[dict[str, Any], dict[str, list[msgspec.Raw]]] | None:
        """Returns the body without its arrays, and those in pieces; None if it cannot be split."""
        try:
            whole = self._arrays.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return self._split_twice(raw)
        arrays = {name: getattr(whole, name) for name in self._items}
        return {}, {name: records for name, records in arrays.items() if records is not msgspec.UNSET}

    def _split_twice(self, raw: bytes) -> tuple[dict[str, Any], dict[str, list[msgspec.Raw]]] | None:
        """Does the same for a body that has other members than arrays of records."""
        try:
            members = _OBJECT.decode(raw)
            arrays = {name: _ARRAY.decode(members[name]) for name in self._items if name in members}
            body: dict[str, Any] = {name: orjson.loads(value) for name, value in members.items() if name not in arrays}
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, orjson.JSONDecodeError):
            return None
        return None if beyond(body, "", self._limits.max_nesting) is not None else (body, arrays)

    def _slice_errors(self, name: str, start: int, values: list[Any]) -> Iterator[FieldError]:
        schema = self._items[name]
        for index, value in enumerate(values):
            if not schema.satisfied_by(value):
                yield from schema.errors(value, f"/{name}/{start + index}")

    def _check_nesting(self, raw: bytes, body: Any) -> None:
        if too_deep(raw, self._limits.max_nesting):
            self._check_depth(body, "", self._limits.max_nesting)

    def _check_depth(self, value: Any, pointer: str, levels: int) -> None:
        place = beyond(value, pointer, levels)
        if place is not None:
            limit = self._limits.max_nesting
            place = "" if self._schema.secret else place
            error = FieldError(place[:500], f"at most {limit} levels of nesting", "more")
            raise Refused("nesting-too-deep", f"The body is nested more than {limit} levels deep.", (error,))


def check_media_type(headers: Headers) -> None:
    """Takes `application/json` in any spelling, in UTF-8, uncompressed.

    Raises:
        Refused: It is something else.
    """
    came = headers.get(b"content-type", b"")
    media_type, _, parameters = came.partition(b";")
    if media_type.strip().lower() != b"application/json":
        raise _unsupported(
            "Content-Type: application/json", f"Content-Type: {_shown(came)}" if came else "no Content-Type"
        )
    for parameter in parameters.split(b";"):
        name, _, value = parameter.partition(b"=")
        if name.strip().lower() == b"charset" and value.strip(b' "').lower() not in _CHARSETS:
            raise _unsupported("charset utf-8", f"charset {_shown(value)}")
    encoding = headers.get(b"content-encoding", b"identity").strip().lower()
    if encoding not in (b"", b"identity"):
        raise _unsupported("an uncompressed body", f"Content-Encoding: {_shown(encoding)}")


async def read_bytes(headers: Headers, receive: Receive, max_bytes: int) -> bytes:
    """Returns the body; counts while it comes and stops at the limit.

    Raises:
        Refused: It is longer than `max_bytes`.
    """
    announced = headers.get(b"content-length", b"")
    if announced.isdigit() and int(announced[:20]) > max_bytes:
        raise _too_large(max_bytes)
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    chunk: bytes = message.get("body", b"")
    if len(chunk) > max_bytes:
        raise _too_large(max_bytes)
    if not message.get("more_body"):
        return chunk
    body = bytearray(chunk)
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > max_bytes:
            raise _too_large(max_bytes)
    return bytes(body)


class ClientGone(Exception):
    """The client went away before its request was complete."""


def parse(raw: bytes, *, secret: bool = False) -> Any:
    """Returns the parsed JSON.

    Args:
        raw: The body.
        secret: Whether nothing of the body may be shown in errors.

    Raises:
        Refused: It is not JSON, not UTF-8, or holds a number out of range; with line and column.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _malformed(raw, error, secret=secret) from None


def too_deep(raw: bytes, levels: int) -> bool:
    """Whether well-formed JSON is nested deeper than so many levels.

    All but the brackets is deleted; every pass then takes away the innermost pairs, so passes count levels.
    """
    if raw.count(b"{") + raw.count(b"[") <= levels:
        return False
    brackets = _STRINGS.sub(b"", raw).translate(_TO_BRACES, _NO_BRACKETS)
    for _ in range(levels):
        if not brackets:
            return False
        brackets = brackets.replace(b"{}", b"")
    return bool(brackets)


def beyond(value: Any, pointer: str, levels: int) -> str | None:
    """Returns a pointer to a first value nested deeper than so many levels, or None."""
    waiting = [(value, pointer, 1)]
    while waiting:
        value, pointer, level = waiting.pop()
        if isinstance(value, dict | list):
            if level > levels:
                return pointer
            inside = value.items() if isinstance(value, dict) else enumerate(value)
            waiting += [(item, f"{pointer}/{escaped(str(name))}", level + 1) for name, item in inside]
    return None


def _malformed(raw: bytes, error: orjson.JSONDecodeError, *, secret: bool) -> Refused:
    line, column = error.lineno, error.colno
    reason = error.msg
    try:
        text = raw.decode()
    except UnicodeDecodeError as wrong:
        before = raw[: wrong.start]
        line, column = before.count(b"\n") + 1, len(before[before.rfind(b"\n") + 1 :].decode()) + 1
        place = FieldError("", "UTF-8", f"the byte 0x{raw[wrong.start]:02x}", line, column)
        return Refused("encoding-invalid", f"Line {line}, column {column}: JSON must be UTF-8.", (place,))
    if "infinity" in reason:
        place = FieldError("", "a number within the range of a double", "a number beyond it", line, column)
        return Refused("number-out-of-range", f"Line {line}, column {column}: the number is out of range.", (place,))
    if "depth limit" in reason:
        place = FieldError("", "less nesting", "more than 1,024 levels", line, column)
        return Refused("nesting-too-deep", f"Line {line}, column {column}: the body is nested too deeply.", (place,))
    came = repr(text[error.pos : error.pos + 14]) if error.pos < len(text) else "the end of the body"
    shown = "something else" if secret and error.pos < len(text) else came
    place = FieldError("", "valid JSON", shown, line, column)
    return Refused("json-malformed", f"Line {line}, column {column}: {reason}.{_hint(raw, came)}", (place,))


def _hint(raw: bytes, came: str) -> str:
    if raw.startswith(b"\xef\xbb\xbf"):
        return " Leave the byte order mark out."
    if came.startswith(("'NaN", "'Infinity", "'nfinity")):
        return " NaN and Infinity are not JSON; send null or leave the field out."
    return ""


def _violations(errors: list[FieldError], count: int) -> Refused:
    first = errors[0]
    more = f" (and {count - 1} more)" if count > 1 else ""
    where = first.pointer[:500] or "The body"
    return Refused("schema-violation", f"{where}: {first.message}{more}", tuple(errors[:MAX_ERRORS]), count)


def _unsupported(expected: str, got: str) -> Refused:
    return Refused("media-type-unsupported", f"Expected {expected}, got {got}.", (FieldError("", expected, got),))


def _too_large(limit: int) -> Refused:
    place = FieldError("", f"at most {limit} bytes", "more")
    return Refused(
        "body-too-large",
        f"The body is longer than {limit} bytes. Send the data in several requests: contacts and properties first.",
        (place,),
        headers={"Connection": "close"},  # what is left of the body is not read
        extra={"limitBytes": limit},
    )


def _shown(value: bytes) -> str:
    return value[:80].decode("ascii", "replace").strip()
