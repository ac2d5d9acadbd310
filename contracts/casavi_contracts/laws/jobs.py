"""Laws about the life of a job."""

from casavi_contracts.laws.law import Law

LAWS: tuple[Law, ...] = ()
