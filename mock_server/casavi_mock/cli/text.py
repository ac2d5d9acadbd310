"""Texts for terminals and files: JSON in UTF-8 whatever the locale is, and nothing in them that steers a terminal."""

import json
import re
from typing import Any

import click
import orjson

from casavi_mock.domain.journal import printable

_STEERING = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
"""What JSON lets through as it is: C1 controls, line ends that only Unicode knows, and marks of direction."""


_SINGULAR = {
    f"{noun}s": noun
    for noun in (
        "account", "byte", "call", "contact", "document", "exchange", "job", "poll", "record", "request", "second",
        "snapshot", "time", "token", "unit",
    )
} | {"properties": "property", "responsibilities": "responsibility"}  # fmt: skip


def shown(value: Any) -> str:
    """Returns anything that a server sent as a text in one line, without what steers a terminal."""
    return printable(value if isinstance(value, str) else "" if value is None else str(value))


def shown_lines(text: str) -> str:
    """Returns a text of several lines without what steers a terminal."""
    return "\n".join(printable(line) for line in text.split("\n"))


def counted(number: object, plural: str) -> str:
    """Returns a number with its noun, such as `1 property` and `2 properties`; other words behind the noun stay."""
    noun, blank, rest = plural.partition(" ")
    if number == 1 and noun in _SINGULAR:
        noun = _SINGULAR[noun]
    return f"{shown(number)} {noun}{blank}{rest}"


def json_bytes(value: Any, *, indent: bool = True, ascii_only: bool = False) -> bytes:
    """Returns a value as JSON in UTF-8; characters that steer a terminal are escaped.

    Args:
        value: As a JSON parser gives it.
        indent: Whether it is written over several lines.
        ascii_only: Whether all other characters are escaped.
    """
    if ascii_only:
        return json.dumps(value, indent=2 if indent else None, default=str).encode()
    try:
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2 if indent else 0, default=str).decode()
    except TypeError:  # half of a surrogate pair, which JSON knows and UTF-8 does not, or a number beyond 64 bits
        return json_bytes(value, indent=indent, ascii_only=True)
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()


def echo_json(value: Any, *, indent: bool = True) -> None:
    """Prints a value as JSON in UTF-8."""
    click.echo(json_bytes(value, indent=indent))
