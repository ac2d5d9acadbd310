"""Conventions that every answer of a fuzzing run is held against, beside the checks of schemathesis."""

from casavi_contracts.fuzz.checks import forms, secrecy, states
from casavi_contracts.fuzz.checks.check import Check

CHECKS: tuple[Check, ...] = (*forms.CHECKS, *secrecy.CHECKS, *states.CHECKS)

__all__ = ["CHECKS", "Check"]
