"""The laws of the API, by what they are about."""

from casavi_contracts.laws import (
    answers,
    authentication,
    bodies,
    conventions,
    filters,
    freshness,
    imports,
    isolation,
    jobs,
    modified,
    ordering,
    pages,
    reading,
    refresh,
    singles,
    tokens,
    turns,
)
from casavi_contracts.laws.law import Law, law

LAWS: tuple[Law, ...] = (
    *authentication.LAWS,
    *tokens.LAWS,
    *refresh.LAWS,
    *pages.LAWS,
    *reading.LAWS,
    *singles.LAWS,
    *imports.LAWS,
    *jobs.LAWS,
    *ordering.LAWS,
    *turns.LAWS,
    *freshness.LAWS,
    *modified.LAWS,
    *filters.LAWS,
    *isolation.LAWS,
    *conventions.LAWS,
    *bodies.LAWS,
    *answers.LAWS,
)
"""Every law, in the order in which they are judged: what others rest on comes first."""

__all__ = ["LAWS", "Law", "law"]
