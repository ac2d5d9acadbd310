"""One trial of a law: accounts of its own, and names that no other trial has."""

import itertools
from collections.abc import Mapping
from typing import Any

from casavi_contracts.client import Client
from casavi_contracts.contract import Contract
from casavi_contracts.failures import Broken
from casavi_contracts.target import Clock, Target

_ID_FIELDS = frozenset({"id", "contactId", "propertyId"})


class Names:
    """Gives the records of a trial reference ids of their own, so that trials do not see each other.

    Args:
        prefix: What every id of this trial begins with.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def own(self, portfolio: Mapping[str, Any]) -> dict[str, Any]:
        """Returns a portfolio whose reference ids carry the prefix; everything else is as it was."""
        renamed: dict[str, Any] = self._renamed(portfolio)
        return renamed

    def id(self, local: str) -> str:
        """Returns the reference id that a local one has at the target."""
        return self.prefix + local

    def local(self, reference: str) -> str:
        """Returns the local id of a reference id; one of another trial stays as it is."""
        return reference.removeprefix(self.prefix)

    def mine(self, reference: str) -> bool:
        """Whether a reference id belongs to this trial."""
        return reference.startswith(self.prefix)

    def _renamed(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._renamed(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        return {
            name: self.id(member)
            if name in _ID_FIELDS and isinstance(member, str) and member
            else member
            if name == "customFields"  # names of custom fields are free
            else self._renamed(member)
            for name, member in value.items()
        }


class Accounts:
    """The accounts that the trials of one law share: on a mock opened for it and closed again.

    Args:
        target: The server under judgement.
        contract: The contract of one version.
        run: What every reference id of the run begins with.
    """

    def __init__(self, target: Target, contract: Contract, run: str) -> None:
        self._target = target
        self._contract = contract
        self._run = run
        self._clients: list[Client] = []
        self._trials = itertools.count(1)

    def trial(self) -> "Trial":
        """Returns a new trial in these accounts."""
        return Trial(self, Names(f"{self._run}{next(self._trials)}-"))

    def client(self, number: int) -> Client:
        """Returns the client of an account, counted from 0; the account is opened when it is first wanted."""
        while len(self._clients) <= number:
            opened = self._target.open(len(self._clients))
            self._clients.append(Client(self._target, self._contract, opened))
        return self._clients[number]

    def close(self) -> None:
        """Gives the accounts back."""
        for client in self._clients:
            self._target.close(client.credentials)
        self._clients.clear()

    @property
    def target(self) -> Target:
        """The server under judgement."""
        return self._target

    @property
    def contract(self) -> Contract:
        """The contract of the version."""
        return self._contract


class Trial:
    """What a law works with.

    Args:
        accounts: Where it takes place.
        names: The reference ids of its own.
    """

    def __init__(self, accounts: Accounts, names: Names) -> None:
        self._accounts = accounts
        self.names = names

    @property
    def target(self) -> Target:
        """The server under judgement."""
        return self._accounts.target

    @property
    def contract(self) -> Contract:
        """The contract of the version."""
        return self._accounts.contract

    @property
    def account(self) -> Client:
        """A client of the account."""
        return self._accounts.client(0)

    @property
    def other(self) -> Client:
        """A client of a second account; for laws that need two."""
        return self._accounts.client(1)

    def fresh(self) -> Client:
        """Returns another client of the account, with no token yet."""
        return Client(self.target, self.contract, self.account.credentials)

    @property
    def clock(self) -> Clock:
        """The time of the account; for laws that need a clock."""
        clock = self.account.clock
        assert clock is not None, "the law needs a clock, so the target has one"
        return clock

    def mine(self, records: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Returns those records that belong to this trial, by local id."""
        return {self.names.local(key): record for key, record in records.items() if self.names.mine(key)}

    @staticmethod
    def expect(holds: bool, expected: str, observed: Any, **more: Any) -> None:
        """Breaks the law unless something holds.

        Args:
            holds: Whether it does.
            expected: What the law asks for.
            observed: What was seen.
            more: As for `casavi_contracts.failures.Broken`.

        Raises:
            casavi_contracts.failures.Broken: It does not hold.
        """
        if not holds:
            raise Broken(expected, observed if isinstance(observed, str) else repr(observed), **more)
