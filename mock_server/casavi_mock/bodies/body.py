"""Reads request bodies: how long, how encoded, how deep, and whether they satisfy the contract.

A long body is parsed and checked in slices, with a pause after each, so that one large import does not keep other
clients waiting.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import orjson

from casavi_mock.bodies.bulk import ItemSchema, Records, beyond
from casavi_mock.bodies.malformed import from_parser, refusal
from casavi_mock.bodies.pauses import in_pauses
from casavi_mock.bodies.slices import (
    MAX_INSIDE,
    Malformed,
    Member,
    Opening,
    Overfull,
    Slice,
    Unsliceable,
    Whole,
    pieces,
)
from casavi_mock.bodies.validation import MAX_ERRORS, BodySchema, PlainSchema
from casavi_mock.domain.ordering import escaped
from casavi_mock.errors import FieldError, Refused

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Headers = Mapping[bytes, bytes]

SLICED_FROM_BYTES = 256_000
_CHARSETS = (b"utf-8", b"utf8", b"us-ascii", b"ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimits:
    """How long and how deep a body may be."""

    max_bytes: int
    max_nesting: int
    max_records: int
    """Elements of the arrays at its top, together."""


class BodyReader:
    """Reads and checks the bodies of one operation.

    Args:
        schema: JSON Schema of the whole body (draft 4), self-contained.
        limits: How long and how deep a body may be.
        secret: Whether nothing of the body may be shown in errors.
        items: What the top-level arrays hold, by their names, for bodies that are read in slices.
    """

    def __init__(
        self,
        schema: Mapping[str, Any],
        limits: BodyLimits,
        *,
        secret: bool = False,
        items: Mapping[str, ItemSchema] | None = None,
    ) -> None:
        self._schema = BodySchema(schema, secret=secret)
        self._plain = PlainSchema(schema)
        self._limits = limits
        self._items = items or {}

    async def read(
        self, headers: Headers, receive: Receive, told: Callable[[bytes | bytearray], None] = lambda raw: None
    ) -> dict[str, Any]:
        """Returns the parsed body, which satisfies the contract.

        In a long one, `casavi_mock.domain.ordering.Portion` stand for records.

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
            try:
                return await self._in_slices(raw)
            except Malformed as error:
                raise await in_pauses(refusal(raw, error, secret=False)) from None
            except Overfull:
                raise _overfull() from None
            except Unsliceable:
                if sum(map(raw.count, (b"{", b"[", b","))) > MAX_INSIDE:
                    raise _overfull() from None
        return self._at_once(raw)

    def _at_once(self, raw: bytes | bytearray) -> dict[str, Any]:
        body = parse(raw, secret=self._schema.secret)
        if not self._plain.satisfied_by(body):
            self._check_depth(beyond(body, "", self._limits.max_nesting))
            if not self._schema.satisfied_by(body):
                errors = list(self._schema.errors(body))
                raise _violations(errors, len(errors))
        self._check_number(sum(len(body[name]) for name in self._items if name in body))
        satisfied: dict[str, Any] = body
        return satisfied

    async def _in_slices(self, raw: bytes | bytearray) -> dict[str, Any]:
        body: Any = {}
        arrays: dict[str, Records] = {}
        records: Records | None = None
        number = 0
        for piece in pieces(raw, self._items):
            match piece:
                case Whole():
                    body, records = piece.value, Records("", None, self._limits.max_nesting - 1)
                case Member():
                    arrays.pop(piece.name, None)
                    body[piece.name] = piece.value
                case Opening():
                    body[piece.name] = []
                    records = Records(f"/{piece.name}", self._items[piece.name], self._limits.max_nesting - 2)
                    arrays[piece.name] = records
                case Slice():
                    assert records is not None, "an array opens before its slices come"
                    await records.take(piece)
                    number += len(piece.values)
                    self._check_number(number)
            await asyncio.sleep(0)
        self._judge(body, arrays if isinstance(body, dict) else {}, records)
        satisfied: dict[str, Any] = body | {name: array.kept for name, array in arrays.items()}
        return satisfied

    def _judge(self, body: Any, arrays: Mapping[str, Records], last: Records | None) -> None:
        """Refuses a body that is too deep or does not satisfy the contract, in the words that fit it as a whole."""
        if not isinstance(body, dict):
            assert last is not None, "the body is one value"
            self._check_depth(last.too_deep or beyond(body, "", self._limits.max_nesting))
        else:
            for name, value in reversed(body.items()):  # of several places the last is told
                inside = arrays[name].too_deep if name in arrays else None
                self._check_depth(inside or beyond(value, f"/{escaped(name)}", self._limits.max_nesting - 1))
        own = list(self._schema.errors(body))
        errors: list[FieldError] = []
        for name in self._items:
            errors += [error for error in own if f"{error.pointer}/".startswith(f"/{name}/")]
            errors += arrays[name].errors if name in arrays else ()
        errors += [error for error in own if error.pointer.split("/")[1:2] not in [[name] for name in self._items]]
        count = len(own) + sum(array.error_count for array in arrays.values())
        if count:
            raise _violations(errors, count)

    def _check_number(self, records: int) -> None:
        if records > self._limits.max_records:
            raise _too_many(self._limits.max_records)

    def _check_depth(self, place: str | None) -> None:
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


async def read_bytes(headers: Headers, receive: Receive, max_bytes: int) -> bytes | bytearray:
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
    return body  # a copy of many megabytes would keep others waiting


class ClientGone(Exception):
    """The client went away before its request was complete."""


def parse(raw: bytes | bytearray, *, secret: bool = False) -> Any:
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
        raise from_parser(raw, error, secret=secret) from None


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


def _too_many(limit: int) -> Refused:
    place = FieldError("", f"at most {limit} records", "more")
    detail = f"The body holds more than {limit} records. Send them in several requests: contacts and properties first."
    return Refused("body-too-large", detail, (place,))


def _overfull() -> Refused:
    place = FieldError("", f"at most {MAX_INSIDE} objects and lists in one value", "more")
    detail = f"A value in the body holds more than {MAX_INSIDE} objects and lists. Send less of it, or less at once."
    return Refused("body-too-large", detail, (place,))


def _shown(value: bytes) -> str:
    return value[:80].decode("ascii", "replace").strip()
