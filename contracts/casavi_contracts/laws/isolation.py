"""Laws about two accounts that see nothing of each other."""

from casavi_contracts.laws.law import Law

LAWS: tuple[Law, ...] = ()
