"""Takes secrets out of the report of a test, wherever pytest or a client has written them."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest

from pytest_casavi.secret_text import SHOWN

_LEAST = 6
"""Shorter secrets may be words."""


def scrubbed(report: pytest.TestReport, secrets: Iterable[str]) -> None:
    """Puts a mark in the place of each secret in the texts of a report.

    Args:
        report: Of a test.
        secrets: The texts.
    """
    if not report.sections and report.longrepr is None:
        return
    known = sorted({text for text in secrets if len(text) >= _LEAST}, key=len, reverse=True)
    report.sections = [(_clean(title, known), _clean(text, known)) for title, text in report.sections]
    report.longrepr = _cleaned(report.longrepr, known, set())


def _cleaned(value: Any, secrets: Collection[str], seen: set[int]) -> Any:
    """Returns a value without secrets; what pytest has made to represent a failure is changed in place."""
    if isinstance(value, str):
        return _clean(value, secrets)
    if isinstance(value, list):
        return [_cleaned(part, secrets, seen) for part in value]
    if type(value) is tuple:
        return tuple(_cleaned(part, secrets, seen) for part in value)
    if type(value).__module__.startswith("_pytest.") and id(value) not in seen:
        seen.add(id(value))
        for name, part in vars(value).items():
            setattr(value, name, _cleaned(part, secrets, seen))
    return value


def _clean(text: str, secrets: Collection[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, SHOWN)
    return text
