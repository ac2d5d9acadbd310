"""Compares JSON values as JSON: `true` is not `1`, `1` is `1.0`, texts are compared character by character."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from casavi_contracts.spec import hides


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where something else was seen than was expected."""

    pointer: str
    expected: Any
    observed: Any
    missing: bool = False
    """Whether nothing at all was seen there."""

    def __str__(self) -> str:
        seen = "nothing" if self.missing else shown(self.observed)
        return f"{self.pointer or 'the whole'}: {seen} in place of {shown(self.expected)}"


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def differences(expected: Any, observed: Any, *, omitted: bool = False, pointer: str = "") -> Iterator[Difference]:
    """Yields where an answer differs from what was expected. It may have members that nobody expects.

    Args:
        expected: What was expected; null for a member that is absent.
        observed: What was seen.
        omitted: Whether absent members are left out; otherwise they are null.
        pointer: JSON pointer of both.
    """
    if isinstance(expected, dict) and isinstance(observed, dict):
        for name, value in expected.items():
            below = f"{pointer}/{name}"
            if name in observed:
                if value is None and omitted:
                    yield Difference(below, None, observed[name])
                else:
                    yield from differences(value, observed[name], omitted=omitted, pointer=below)
            elif (value is not None or not omitted) and not hides(observed, name):
                yield Difference(below, value, None, missing=True)
    elif isinstance(expected, list) and isinstance(observed, list) and len(expected) == len(observed):
        for number, (one, other) in enumerate(zip(expected, observed, strict=True)):
            yield from differences(one, other, omitted=omitted, pointer=f"{pointer}/{number}")
    elif not same(expected, observed):
        yield Difference(pointer, expected, observed)


def shown(value: Any) -> str:
    """Returns a value for people: escaped, so that what looks alike can be told apart, and cut."""
    text = ascii(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"


_SHOWN = 200
