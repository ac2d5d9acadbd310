"""Laws about the order of records, inside a request and across requests."""

from casavi_contracts.laws.law import Law

LAWS: tuple[Law, ...] = ()
