"""Reads request bodies: how long, how encoded, how deep, and whether they satisfy the contract.

A long body is parsed and checked in parts, with a pause after each, so that one large import does not keep other
clients waiting.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from casavi_mock.bodies.bulk import MAX_INSIDE, Findings, LongBody
from casavi_mock.bodies.malformed import Malformed, from_parser, refusal
from casavi_mock.bodies.parts import Overfull, Parts, Scalar
from casavi_mock.bodies.pauses import ClientGone, Receive, in_pauses
from casavi_mock.bodies.validation import COUNTED_ERRORS, BodySchema
from casavi_mock.domain.model import Shape
from casavi_mock.domain.steps import Steps
from casavi_mock.errors import FieldError, Refused

Headers = Mapping[bytes, bytes]

LONG_FROM_BYTES = 256_000
"""Length from which a body is read in parts."""

_LEAST_BYTES = 2
"""Of a record; so a short body needs no count."""

_CHARSETS = (b"utf-8", b"utf8", b"us-ascii", b"ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimits:
    """How long and how deep a body may be."""

    max_bytes: int
    max_nesting: int
    max_records: int
    """Elements of the lists of records at its top, together."""


class BodyReader:
    """Reads and checks the bodies of one operation.

    Args:
        schema: JSON Schema of the whole body (draft 4), self-contained.
        limits: How long and how deep a body may be.
        secret: Whether nothing of the body may be shown in errors.
        shape: What records the body may hold.
    """

    def __init__(
        self,
        schema: Mapping[str, Any],
        limits: BodyLimits,
        *,
        secret: bool = False,
        shape: Shape | None = None,
    ) -> None:
        self._schema = BodySchema(schema, secret=secret)
        self._limits = limits
        self._shape = shape

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
            ClientGone: The client went away meanwhile.
        """
        check_media_type(headers)
        raw = await read_bytes(headers, receive, self._limits.max_bytes)
        told(raw)
        body = self._plain(raw) if len(raw) < LONG_FROM_BYTES else None
        return await in_pauses(self.steps(raw), receive) if body is None else body

    def _plain(self, raw: bytes | bytearray) -> dict[str, Any] | None:
        """Returns a short body if there is nothing to be said about it, as about nearly all; None if there may be."""
        try:
            body: dict[str, Any] = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return None
        if not self._schema.plainly_satisfied_by(body):
            return None
        self._check_short(raw, body)
        return body

    def steps(self, raw: bytes | bytearray) -> Steps[dict[str, Any]]:
        """Parses and checks a body in steps.

        Args:
            raw: The body.

        Raises:
            Refused: As in `read`.
        """
        if len(raw) < LONG_FROM_BYTES:
            return (yield from self._short(raw))
        try:
            return (yield from self._long(raw))
        except Malformed as error:
            malformed = error
        except Overfull:
            raise _too_full() from None
        raise (yield from refusal(raw, malformed, secret=self._schema.secret)) from None

    def _short(self, raw: bytes | bytearray) -> Steps[dict[str, Any]]:
        if not raw or raw.isspace():
            raise _missing()
        body = LongBody(self._schema, self._limits.max_nesting, None)
        value = parse(raw, secret=self._schema.secret)
        yield from body.take(Scalar(value))
        self._judge(body.findings)
        self._check_short(raw, value)
        satisfied: dict[str, Any] = value
        return satisfied

    def _long(self, raw: bytes | bytearray) -> Steps[dict[str, Any]]:
        body = LongBody(self._schema, self._limits.max_nesting, self._shape)
        blank = True
        for event in Parts(raw):
            if event is not None:
                blank = False
                yield from body.take(event)
                self._check_number(body.number)
            yield
        if blank:
            raise _missing()
        self._judge(body.findings)
        satisfied: dict[str, Any] = body.value
        return satisfied

    def _judge(self, findings: Findings) -> None:
        if findings.too_deep is not None:
            limit = self._limits.max_nesting
            place = "" if self._schema.secret else findings.too_deep[:500]
            error = FieldError(place, f"at most {limit} levels of nesting", "more")
            raise Refused("nesting-too-deep", f"The body is nested more than {limit} levels deep.", (error,))
        if findings.count:
            raise _violations(findings)

    def _check_short(self, raw: bytes | bytearray, body: Mapping[str, Any]) -> None:
        if self._shape is not None and len(raw) > self._limits.max_records * _LEAST_BYTES:
            self._check_number(sum(len(body.get(child.key, ())) for child in self._shape.children))

    def _check_number(self, records: int) -> None:
        if records > self._limits.max_records:
            raise _too_many(self._limits.max_records)


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
        raise _compressed(_shown(encoding))


async def read_bytes(headers: Headers, receive: Receive, max_bytes: int) -> bytes | bytearray:
    """Returns the body of a request; what is too long is refused while it comes, before all of it is held.

    Args:
        headers: The request's headers.
        receive: Returns the next ASGI message.
        max_bytes: The longest body that is taken, in bytes.

    Raises:
        Refused: It is longer than `max_bytes`.
        ClientGone: The client went away meanwhile.
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


def _violations(findings: Findings) -> Refused:
    first, count = findings.errors[0], min(findings.count, COUNTED_ERRORS)
    least = "at least " if count >= COUNTED_ERRORS else ""
    more = f" (and {least}{count - 1} more)" if count > 1 else ""
    where = first.pointer[:500] or "The body"
    return Refused("schema-violation", f"{where}: {first.message}{more}", tuple(findings.errors), count)


def _missing() -> Refused:
    missing = FieldError("", "a JSON object", "no body")
    return Refused("body-missing", "Send a JSON object as the body.", (missing,))


def _compressed(encoding: str) -> Refused:
    error = FieldError("", "an uncompressed body", f"Content-Encoding: {encoding}")
    detail = f"Send the body as it is; the content coding {encoding} is not understood."
    return Refused("content-encoding-unsupported", detail, (error,), headers={"Accept-Encoding": "identity"})


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


def _too_full() -> Refused:
    place = FieldError("", f"at most {MAX_INSIDE} objects and lists in one value", "more")
    detail = (
        f"A value in the body holds more than {MAX_INSIDE} objects and lists, or a name or a number of megabytes. "
        "Send less of it, or less at once."
    )
    return Refused("body-too-large", detail, (place,))


def _shown(value: bytes) -> str:
    return value[:80].decode("ascii", "replace").strip()
