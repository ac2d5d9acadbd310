"""What a test holds in its hands: one account of the mock, and everything that can be asked of it."""

from pytest_casavi.handle.account import Account, Casavi

__all__ = ["Account", "Casavi"]
