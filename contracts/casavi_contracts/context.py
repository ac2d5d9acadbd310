"""One context of a check: accounts of its own, and names that no other context has."""

import itertools
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from casavi_contracts import spec
from casavi_contracts.contract import Contract
from casavi_contracts.failures import Broken
from casavi_contracts.http.client import Client
from casavi_contracts.http.target import Clock, Target
from casavi_contracts.http.walking import Bookmarks, pages

_T = TypeVar("_T")

_TOKEN_SECONDS = 60.0
"""How long a token is used for one check after the other."""

_ID_FIELDS = frozenset({"id", "contactId", "propertyId"})


class Names:
    """Gives the records of a context reference ids of their own, so that cases do not see each other.

    Args:
        prefix: What every id of this context begins with.
        contract: Says which fields a record needs besides those that the shipped contract asks for.
    """

    def __init__(self, prefix: str, contract: Contract | None = None) -> None:
        self.prefix = prefix
        self._needed = contract.further_required if contract else {}
        self._shape = spec.import_shape(contract.document) if contract and self._needed else None

    def own(self, portfolio: Mapping[str, Any]) -> dict[str, Any]:
        """Returns a portfolio whose reference ids carry the prefix, with what the contract demands of each record."""
        renamed: dict[str, Any] = self._renamed(portfolio)
        if self._shape is not None:
            for shape, record in spec.records(self._shape, renamed):
                for name, value in self._needed.get(shape.name, {}).items():
                    record.setdefault(name, value)
        return renamed

    def id(self, local: str) -> str:
        """Returns the reference id that a local one has at the target."""
        return self.prefix + local

    def local(self, reference: str) -> str:
        """Returns the local id of a reference id; one of another context stays as it is."""
        return reference.removeprefix(self.prefix)

    def mine(self, reference: str) -> bool:
        """Whether a reference id belongs to this context."""
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
    """The accounts that the cases of one check share: on a mock opened for it and closed again.

    Args:
        target: The server under judgement.
        contract: The contract of one version.
        run: What every reference id of the run begins with.
        bookmarks: Where the lists of a shared account end; None if lists are read from their first page.
    """

    def __init__(self, target: Target, contract: Contract, run: str, bookmarks: Bookmarks | None = None) -> None:
        self._bookmarks = bookmarks
        self._target = target
        self._contract = contract
        self._run = run
        self._clients: list[Client] = []
        self._ready: Client | None = None
        self._made: str | None = None
        self._changes = target.token_changes
        self._numbers = itertools.count(1)

    def context(self) -> "Context":
        """Returns a new context in these accounts."""
        return Context(self, Names(f"{self._run}{next(self._numbers)}-", self._contract), self._bookmarks)

    def client(self, number: int) -> Client:
        """Returns the client of an account, counted from 0; the account is opened when it is first wanted."""
        while len(self._clients) <= number:
            opened = self._target.open(len(self._clients))
            client = Client(self._target, self._contract, opened)
            if self._bookmarks is not None:
                token, since = self._bookmarks.tokens.get((opened.key, self._contract.version), (None, 0.0))
                client.token = token if time.monotonic() - since < _TOKEN_SECONDS else None
            self._clients.append(client)
        return self._clients[number]

    def ready(self) -> Client:
        """Returns a client of the first account with a token of its own; on a shared account always the same one."""
        if self._ready is None or self._bookmarks is None:
            self._ready = Client(self._target, self._contract, self.client(0).credentials)
            self._ready.log_in()
        return self._ready

    def once(self, make: Callable[[Any], str], argument: Any) -> str:
        """Returns what was made the first time that this was asked for."""
        if self._made is None:
            self._made = make(argument)
        return self._made

    def close(self) -> None:
        """Gives the accounts back."""
        if self._bookmarks is not None:
            self._keep_tokens(self._bookmarks)
        for client in self._clients:
            self._target.close(client.credentials)
        self._clients.clear()

    def _keep_tokens(self, bookmarks: Bookmarks) -> None:
        """Keeps the tokens for the next check, unless this one was about tokens: each log-in is a request."""
        if self._target.plane is not None:
            return  # time that was moved may have ended them
        if self._target.token_changes != self._changes or self._contract.values["several-tokens"] != "all-valid":
            bookmarks.tokens.clear()
            return
        for client in self._clients:
            place = client.credentials.key, self._contract.version
            if client.has_token and place not in bookmarks.tokens:
                bookmarks.tokens[place] = client.token, time.monotonic()

    @property
    def target(self) -> Target:
        """The server under judgement."""
        return self._target

    @property
    def contract(self) -> Contract:
        """The contract of the version."""
        return self._contract


class Context:
    """What a check works with.

    Args:
        accounts: Where it takes place.
        names: The reference ids of its own.
        bookmarks: Where the lists of a shared account end; None if lists are read from their first page.
    """

    def __init__(self, accounts: Accounts, names: Names, bookmarks: Bookmarks | None = None) -> None:
        self._accounts = accounts
        self.names = names
        self._bookmarks = bookmarks
        self._began = bookmarks.now() if bookmarks else {}

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
        """A client of a second account; for checks that need two."""
        return self._accounts.client(1)

    def ready(self) -> Client:
        """Returns a client of the account with a good token, which no case of this check replaces."""
        return self._accounts.ready()

    def briefly(self, cases: Iterable[_T], most: int) -> list[_T]:
        """Returns cases that a check goes through in one go: all of them, or so many if the account is shared.

        Args:
            cases: All of them.
            most: How many at most, spread over all, where each request counts.
        """
        known = [*cases]
        step = -(-len(known) // most) if self.shared else 1
        return known[::step]

    def once(self, make: Callable[[Any], str], argument: Any) -> str:
        """Returns what is made anew for each case; on a shared account for the first case of a check alone."""
        return self._accounts.once(make, argument) if self.shared else make(argument)

    def fresh(self) -> Client:
        """Returns another client of the account, with no token yet."""
        return Client(self.target, self.contract, self.account.credentials)

    @property
    def clock(self) -> Clock:
        """The time of the account; for checks that need a clock."""
        clock = self.account.clock
        assert clock is not None, "the check needs a clock, so the target has one"
        return clock

    def listed(self, client: Client, operation: str, query: str = "") -> list[dict[str, Any]]:
        """Returns the records of this context in a list, in the order of the list.

        Args:
            client: Who reads.
            operation: The `operationId`.
            query: Filters, encoded.
        """
        if self._bookmarks is not None:
            return self._bookmarks.read(client, operation, query, self._began, self.names.prefix)
        seen = (record for page in pages(client, operation, query) for record in page.records)
        return [record for record in seen if self.names.mine(record["id"])]

    @property
    def shared(self) -> bool:
        """Whether all checks share the account, so that its lists are long and each request counts."""
        return self._bookmarks is not None

    def first_tour(self) -> bool:
        """Whether nobody has toured all operations of this version for the checks that look at all answers.

        Where every check has accounts of its own, each of them tours.
        """
        if self._bookmarks is None:
            return True
        first = self.contract.version not in self._bookmarks.toured
        self._bookmarks.toured.add(self.contract.version)
        return first

    def mine(self, records: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Returns those records that belong to this context, by local id."""
        return {self.names.local(key): record for key, record in records.items() if self.names.mine(key)}

    @staticmethod
    def expect(holds: bool, expected: str, observed: Any, **more: Any) -> None:
        """Breaks the check unless something holds.

        Args:
            holds: Whether it does.
            expected: What the check asks for.
            observed: What was seen.
            more: As for `casavi_contracts.failures.Broken`.

        Raises:
            casavi_contracts.failures.Broken: It does not hold.
        """
        if not holds:
            raise Broken(expected, observed if isinstance(observed, str) else repr(observed), **more)
