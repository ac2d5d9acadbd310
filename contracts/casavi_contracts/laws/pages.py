"""Laws about lists, page by page."""

from casavi_contracts.laws.law import Law

LAWS: tuple[Law, ...] = ()
