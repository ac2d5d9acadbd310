"""A state machine of Hypothesis that judges an account by a model of it."""

from casavi_contracts.stateful.commands import Command
from casavi_contracts.stateful.executor import play
from casavi_contracts.stateful.machine import AccountMachine, machine_of
from casavi_contracts.stateful.search import CHECK, NAME

__all__ = ["CHECK", "NAME", "AccountMachine", "Command", "machine_of", "play"]
