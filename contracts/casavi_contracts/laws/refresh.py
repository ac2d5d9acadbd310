"""Laws about refreshing a token."""

from casavi_contracts.laws.law import Law

LAWS: tuple[Law, ...] = ()
