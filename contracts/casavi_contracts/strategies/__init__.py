"""Hypothesis strategies for master data: use them to test your own client too."""

from casavi_contracts.strategies.alphabet import NASTY, PLAIN, Alphabet
from casavi_contracts.strategies.everything import everything
from casavi_contracts.strategies.interleavings import Command, interleavings
from casavi_contracts.strategies.portfolios import ENTITIES, master_data
from casavi_contracts.strategies.records import Record
from casavi_contracts.strategies.variants import EDITS, variant
from casavi_contracts.strategies.violations import Violation, master_data_violating, violable_rules

__all__ = [
    "EDITS",
    "ENTITIES",
    "NASTY",
    "PLAIN",
    "Alphabet",
    "Command",
    "Record",
    "Violation",
    "everything",
    "interleavings",
    "master_data",
    "master_data_violating",
    "variant",
    "violable_rules",
]
