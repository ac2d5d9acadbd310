"""The checks of the API, by what they are about. Whatever module stands in this folder is judged."""

import importlib
import pkgutil

from casavi_contracts.checks.definition import Check, check, checks, checks_of, row

_FIRST = (
    "authentication", "tokens", "refresh", "unknown", "pages", "links", "reading", "singles", "imports", "updates",
    "rules", "jobs", "ordering", "turns", "freshness", "modified", "filters", "isolation", "parallel", "conventions",
    "bodies", "answers",
)  # fmt: skip
"""What others rest on comes first; a module that is not named here comes after all of these."""

_MODULES = sorted(
    (one.name for one in pkgutil.iter_modules(__path__)),
    key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST),
)

CHECKS: tuple[Check, ...] = tuple(
    one for name in _MODULES for one in checks_of(importlib.import_module(f"{__name__}.{name}"))
)
"""Every check, in the order in which they are judged."""

__all__ = ["CHECKS", "Check", "check", "checks", "checks_of", "row"]
