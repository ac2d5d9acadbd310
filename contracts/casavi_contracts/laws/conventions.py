"""Laws about what holds for every operation: dates, media types, unknown operations, ids."""

from casavi_contracts.laws.law import Law

LAWS: tuple[Law, ...] = ()
