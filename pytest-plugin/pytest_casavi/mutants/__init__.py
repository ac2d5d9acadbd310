"""Vendors that are wrong on purpose, for the tests of a client: whether they notice, and what they believe if not."""

from pytest_casavi.mutants.exchange import Request, Response
from pytest_casavi.mutants.mutant import Mutant

__all__ = ["Mutant", "Request", "Response"]
