"""What every place where the mock runs can do."""

from typing import Protocol

from pytest_casavi.handle.account import Account


class Backend(Protocol):
    """A place where the mock runs."""

    @property
    def url(self) -> str:
        """Address of the API, without a slash at its end."""
        ...

    def open(self) -> Account:
        """Opens an account of its own, with credentials that nobody else has."""
        ...

    def close(self) -> None:
        """Closes all accounts that are left, and ends what runs."""
        ...
