"""Laws about reading back what was imported."""

from casavi_contracts.laws.law import Law

LAWS: tuple[Law, ...] = ()
