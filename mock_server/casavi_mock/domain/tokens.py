"""Access tokens: given out, checked, replaced."""

import hmac
from collections import deque
from collections.abc import Callable, MutableMapping
from dataclasses import replace
from datetime import datetime

from casavi_mock.domain.model import Secret, Token, TokenName
from casavi_mock.domain.policy import Policy

MARK = 2
"""Characters at the beginning of a token that say to which server of several its account belongs: eight bits, so of
the 122 random ones of a UUID 114 are left."""


class TokenBook:
    """Tokens of one account.

    Args:
        owner: Key of the account.
        index: Tokens of all accounts by name; this book adds and removes its own.
        policy: How tokens behave.
        new_text: Returns an unguessable text, never the same twice.
        max_kept: Tokens that are remembered; beyond, the oldest are forgotten and counted in `dropped`.
    """

    __slots__ = (
        "_index",
        "_issued",
        "_max_kept",
        "_new_text",
        "_order",
        "_owner",
        "_policy",
        "by_name",
        "changed",
        "dropped",
    )

    def __init__(
        self,
        owner: str,
        index: MutableMapping[TokenName, Token],
        policy: Policy,
        new_text: Callable[[], str],
        max_kept: int,
    ) -> None:
        self._owner = owner
        self._index = index
        self._policy = policy
        self._new_text = new_text
        self._max_kept = max_kept
        self.by_name: dict[TokenName, Token] = {}
        """The tokens that are remembered; to be changed by the methods of this class alone."""
        self._order: deque[TokenName] = deque()  # oldest first: a dict that lost many finds its first key slowly
        self._issued = 0
        self.changed: dict[int, Token | None] | None = None
        """By number what was given out, changed or (None) forgotten since somebody looked; None if nobody does."""
        self.dropped = 0

    def __len__(self) -> int:
        return len(self.by_name)

    def issue(self, now: datetime) -> Token:
        """Gives out a new token."""
        if self._policy.several_tokens == "newest-only" and self.by_name:
            self._revoke(self.by_name[self._order[-1]])
        text = self._new_text()
        self._issued += 1
        token = Token(Secret(text), self._owner, now + self._policy.token_lifetime, number=self._issued)
        self.by_name[text] = self._index[text] = token
        self._order.append(text)
        self._note(token.number, token)
        if len(self.by_name) > self._max_kept:
            oldest = self._order.popleft()
            self._note(self.by_name.pop(oldest).number, None)
            del self._index[oldest]
            self.dropped += 1
        return token

    def resume(self, token: Token) -> None:
        """Takes back a token that was given out before, the oldest first; it is not in the index yet."""
        self.by_name[token.name] = token
        self._order.append(token.name)
        self._issued = token.number

    def replace(self, token: Token, now: datetime) -> Token:
        """Gives out a new token for an old one, which ends if assumption `refresh-revokes-old-token` says so."""
        if self._policy.refresh_revokes_old_token:
            self._revoke(token)
        return self.issue(now)

    def expire(self, now: datetime) -> int:
        """Lets every good token expire at this moment; returns how many that were."""
        good = [token for token in self.by_name.values() if objection(token, now) is None]
        for token in good:
            token.expires_at = now
            self._note(token.number, token)
        return len(good)

    def emptied(self) -> "TokenBook":
        """Returns a book of this account without tokens, which is not in the index yet."""
        return TokenBook(self._owner, self._index, self._policy, self._new_text, self._max_kept)

    def copy(self) -> "TokenBook":
        """Returns a book with the same tokens, which change on their own; it is not in the index yet."""
        other = self.emptied()
        other.by_name = {name: replace(token) for name, token in self.by_name.items()}
        other._order, other._issued = self._order.copy(), self._issued
        return other

    def enter(self) -> None:
        """Puts the tokens of this book into the index."""
        self._index.update(self.by_name)

    def leave(self, successor: "TokenBook | None" = None) -> None:
        """Takes the tokens of this book out of the index, except those that its successor has too."""
        kept = successor.by_name if successor is not None else {}
        for name in self.by_name:
            if name not in kept:
                del self._index[name]

    def clear(self) -> None:
        """Forgets all tokens of this account."""
        self.leave()
        self.by_name.clear()
        self._order.clear()

    def _revoke(self, token: Token) -> None:
        token.revoked = True
        self._note(token.number, token)

    def _note(self, number: int, token: Token | None) -> None:
        if self.changed is not None:
            self.changed[number] = token


def shard_mark(shard_key: str, key: str) -> str:
    """Returns the mark of an account, which tells nothing of its key to whoever has not the key of the shards.

    Args:
        shard_key: The key of the shards, known to all servers and to the balancer.
        key: The key of the account.
    """
    return hmac.digest(shard_key.encode(), key.encode(errors="surrogatepass"), "sha256").hex()[:MARK]


def marked(new_text: Callable[[], str], mark: str) -> Callable[[], str]:
    """Returns what makes the same texts, but for a mark in the place of their first characters."""
    return lambda: mark + new_text()[len(mark) :]


def objection(token: Token, now: datetime) -> str | None:
    """Returns the rule by which a token is refused, `token-revoked` or `token-expired`; None if it is good."""
    if token.revoked:
        return "token-revoked"
    return "token-expired" if now >= token.expires_at else None
