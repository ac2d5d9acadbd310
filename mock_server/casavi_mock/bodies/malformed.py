"""Says of a body that is not JSON what is wrong with it, and where."""

import codecs

import orjson

from casavi_mock.domain.steps import Steps, at_once
from casavi_mock.errors import FieldError, Refused

STEP_BYTES = 1_000_000
"""How much of a body is looked at between two pauses: less than a millisecond of work."""

_CONTINUATION = bytes(range(0x80, 0xC0))


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


def from_parser(raw: bytes | bytearray, error: orjson.JSONDecodeError, *, secret: bool) -> Refused:
    """Returns the refusal of a body that the parser objected to as a whole.

    Args:
        raw: The body.
        error: What the parser says.
        secret: Whether nothing of the body may be shown.
    """
    return at_once(refusal(raw, Malformed(byte_position(error), error.msg), secret=secret))


def refusal(raw: bytes | bytearray, error: Malformed, *, secret: bool) -> Steps[Refused]:
    """Returns the refusal of a body that is not JSON, not UTF-8, or holds a number out of range, in steps.

    Args:
        raw: The body.
        error: What the parser says, and where.
        secret: Whether nothing of the body may be shown.
    """
    wrong = yield from _not_utf8(raw)
    position = error.position if wrong is None else wrong
    line, column = yield from _line_and_column(raw, position)
    if wrong is not None:
        place = FieldError("", "UTF-8", f"the byte 0x{raw[wrong]:02x}", line, column)
        return Refused("encoding-invalid", f"Line {line}, column {column}: JSON must be UTF-8.", (place,))
    if "infinity" in error.reason:
        place = FieldError("", "a number within the range of a double", "a number beyond it", line, column)
        return Refused("number-out-of-range", f"Line {line}, column {column}: the number is out of range.", (place,))
    if "depth limit" in error.reason:
        place = FieldError("", "less nesting", "more than 1,024 levels", line, column)
        return Refused("nesting-too-deep", f"Line {line}, column {column}: the body is nested too deeply.", (place,))
    over = position >= len(raw)
    came = "the end of the body" if over else repr(raw[position : position + 60].decode("utf-8", "ignore")[:14])
    place = FieldError("", "valid JSON", "something else" if secret and not over else came, line, column)
    detail = f"Line {line}, column {column}: {error.reason}.{_hint(raw, came)}"
    return Refused("json-malformed", detail, (place,))


def _not_utf8(raw: bytes | bytearray) -> Steps[int | None]:
    """Returns the position of the first byte that is not UTF-8, or None."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(raw), STEP_BYTES):
        left = len(decoder.getstate()[0])
        piece = raw[start : start + STEP_BYTES]
        try:
            decoder.decode(piece, start + STEP_BYTES >= len(raw))
        except UnicodeDecodeError as wrong:
            return start - left + wrong.start
        yield
    return None


def _line_and_column(raw: bytes | bytearray, position: int) -> Steps[tuple[int, int]]:
    """Returns line and column of a position, in characters and counted from 1. All before it is UTF-8."""
    lines = characters = 0
    for start in range(0, position, STEP_BYTES):
        piece = raw[start : min(start + STEP_BYTES, position)]
        new = piece.count(b"\n")
        if new:
            lines, characters = lines + new, 0
            piece = piece[piece.rfind(b"\n") + 1 :]
        characters += len(piece.translate(None, _CONTINUATION))
        yield
    return lines + 1, characters + 1


def _hint(raw: bytes | bytearray, came: str) -> str:
    if raw.startswith(b"\xef\xbb\xbf"):
        return " Leave the byte order mark out."
    if came.startswith(("'NaN", "'Infinity", "'nfinity")):
        return " NaN and Infinity are not JSON; send null or leave the field out."
    return ""


def byte_position(error: orjson.JSONDecodeError) -> int:
    """Returns where the parser stumbled, in bytes; of a text that is not UTF-8 it does not say."""
    return error.pos if error.doc.isascii() else len(error.doc[: error.pos].encode())
