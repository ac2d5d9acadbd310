"""JSON to the letter."""

import json
from typing import Any


def strict_json(body: bytes) -> Any:
    """Returns the value of a JSON text in UTF-8.

    Raises:
        ValueError: It is none, or something that many parsers take though JSON has it not or leaves it open: another
            encoding, a byte order mark, NaN, a member that comes twice, or a thousand levels.
    """
    try:
        return json.loads(body.decode(), parse_constant=_no_constant, object_pairs_hook=_no_twins)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"JSON has no {name}")


def _no_twins(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) < len(members):
        raise ValueError("a member comes twice")
    return value
