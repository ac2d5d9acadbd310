"""A state machine of Hypothesis that judges an account by a model of it."""

from casavi_contracts.machine.commands import Command
from casavi_contracts.machine.machine import AccountMachine, machine_of
from casavi_contracts.machine.player import play
from casavi_contracts.machine.search import LAW, NAME

__all__ = ["LAW", "NAME", "AccountMachine", "Command", "machine_of", "play"]
