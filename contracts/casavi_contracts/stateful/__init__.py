"""A state machine of Hypothesis that judges an account by a model of it."""

from casavi_contracts.stateful.commands import Command
from casavi_contracts.stateful.machine import AccountMachine, machine_of
from casavi_contracts.stateful.player import play
from casavi_contracts.stateful.search import LAW, NAME

__all__ = ["LAW", "NAME", "AccountMachine", "Command", "machine_of", "play"]
