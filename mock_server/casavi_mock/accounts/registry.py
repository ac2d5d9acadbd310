"""All accounts of one server."""

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import cast

from casavi_mock.accounts.account import Account
from casavi_mock.accounts.settings import Settings
from casavi_mock.domain.jobs import Job
from casavi_mock.domain.journal import Journal
from casavi_mock.domain.model import Secret, Token, TokenName, token_digest
from casavi_mock.domain.tokens import marked, shard_mark
from casavi_mock.errors import Unsteerable


class Registry:
    """All accounts of one server.

    Args:
        settings: What all accounts share.
        now: Returns the current time, aware.
        new_text: Returns an unguessable text, never the same twice.
        new_token: The same for tokens, where they have to look different; None if they have not.
        shard_key: The key of the shards, of which this server is one; None if it is the only one.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        now: Callable[[], datetime],
        new_text: Callable[[], str],
        new_token: Callable[[], str] | None = None,
        shard_key: Secret | None = None,
    ) -> None:
        self.settings = settings
        self.strangers = Journal(settings.limits.max_journal, settings.limits.max_journal_bytes)
        """Exchanges that belong to no account, such as a log-in with an unknown key."""
        self.on_end: Callable[[Account, Job], None] = lambda account, job: None
        self.wake: Callable[[], object] = lambda: None
        """Called when there may be new work; the worker sets it."""
        self.on_open: Callable[[Account], None] = lambda account: None
        """Told of every account that is opened."""
        self.on_close: Callable[[Account], None] = lambda account: None
        """Told of every account that is closed."""
        self.adopts = False
        """Whether what belongs to no account is taken for that of the newest one, as where one test runs at a time."""
        self._now = now
        self._new_text = new_text
        self._new_token = new_token or new_text
        self._shard_key = shard_key
        self._lock = threading.Lock()
        self._accounts: dict[str, Account] = {}
        self._busy: dict[Account, None] = {}  # a dict keeps their order
        self._token_index: dict[TokenName, Token] = {}
        self._digested = False
        self.issued = cast("Mapping[str, Token]", self._token_index)
        """The tokens of all accounts by their texts, also those that are no good any more."""

    def __len__(self) -> int:
        return len(self._accounts)

    def __iter__(self) -> Iterator[Account]:
        return iter(tuple(self._accounts.values()))

    @property
    def default(self) -> Account | None:
        """The account that is meant where none is named: the first one, or None if there is none."""
        return next(iter(self), None)

    @property
    def adopter(self) -> Account | None:
        """The account that exchanges of none are taken for; None if they stay on their own."""
        return next(reversed(tuple(self._accounts.values())), None) if self.adopts else None

    def create(self, key: str, secret: Secret) -> Account:
        """Opens an account.

        Raises:
            ValueError: There is an account with that key already.
            Unsteerable: There are as many accounts as there may be.
        """
        with self._lock:
            if key in self._accounts:
                raise ValueError("there is an account with that key already")
            if len(self._accounts) >= self.settings.limits.max_accounts:
                raise Unsteerable(
                    f"There are {len(self._accounts)} accounts, as many as there may be; delete one first."
                )
            account = Account(
                key,
                secret,
                self.settings,
                now=self._now,
                new_text=self._new_text,
                new_token=self._new_token_of(key),
                token_index=self._token_index,
                on_work=self._has_work,
                on_end=self._ended,
            )
            self._accounts[key] = account
            self.on_open(account)
            return account

    def delete(self, key: str) -> None:
        """Closes an account, with its tokens; its jobs go no further.

        Raises:
            KeyError: There is no such account.
        """
        with self._lock:
            account = self._accounts.pop(key)
        with account.lock:
            self._busy.pop(account, None)
            account.tokens.clear()
            self.on_close(account)

    def get(self, key: str) -> Account | None:
        """Returns the account with that key, or None."""
        return self._accounts.get(key)

    def holder(self, text: str) -> tuple[Token, Account] | None:
        """Returns the token with that text and the account that it belongs to, or None if there is none."""
        name: TokenName = text
        indexed = self._token_index.get(name)
        if indexed is None and self._digested:
            name = token_digest(text)
            indexed = self._token_index.get(name)
        account = self._accounts.get(indexed.owner) if indexed else None
        # The account's own book decides: it is exchanged as a whole, while the index changes token by token.
        token = account.tokens.by_name.get(name) if account else None
        return (token, account) if token and account else None

    def find_by_digest(self) -> None:
        """Finds tokens also by their digests from now on: the texts of those of an earlier run are not known."""
        self._digested = True
        self.issued = cast("Mapping[str, Token]", _ByDigest(self._token_index))

    def busy(self) -> tuple[Account, ...]:
        """Returns the accounts with unfinished jobs."""
        for account in tuple(self._busy):
            if account.queue.unfinished == 0:
                self._busy.pop(account, None)
        return tuple(self._busy)

    def _new_token_of(self, key: str) -> Callable[[], str]:
        if self._shard_key is None:
            return self._new_token
        return marked(self._new_token, shard_mark(self._shard_key.reveal(), key))

    def _ended(self, account: Account, job: Job) -> None:
        self.on_end(account, job)

    def _has_work(self, account: Account) -> None:
        if self._accounts.get(account.key) is not account:  # it was closed
            return
        self._busy[account] = None
        self.wake()


class _ByDigest(Mapping[TokenName, Token]):
    """Tokens by text, of which some are known by their digests alone."""

    def __init__(self, index: Mapping[TokenName, Token]) -> None:
        self._index = index

    def __getitem__(self, text: TokenName) -> Token:
        token = self._index.get(text)
        if token is None:
            token = self._index[text if isinstance(text, bytes) else token_digest(text)]
        return token

    def __iter__(self) -> Iterator[TokenName]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)
