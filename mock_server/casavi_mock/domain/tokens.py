"""Access tokens: given out, checked, replaced."""

from collections import deque
from collections.abc import Callable, MutableMapping
from dataclasses import replace
from datetime import datetime

from casavi_mock.domain.model import Secret, Token
from casavi_mock.domain.policy import Policy


class TokenBook:
    """Tokens of one account.

    Args:
        owner: Key of the account.
        index: Tokens of all accounts by their text; this book adds and removes its own.
        policy: How tokens behave.
        new_text: Returns an unguessable text, never the same twice.
        max_kept: Tokens that are remembered; beyond, the oldest are forgotten and counted in `dropped`.
    """

    __slots__ = ("_index", "_max_kept", "_new_text", "_order", "_owner", "_policy", "by_text", "dropped")

    def __init__(
        self, owner: str, index: MutableMapping[str, Token], policy: Policy, new_text: Callable[[], str], max_kept: int
    ) -> None:
        self._owner = owner
        self._index = index
        self._policy = policy
        self._new_text = new_text
        self._max_kept = max_kept
        self.by_text: dict[str, Token] = {}
        """The tokens that are remembered; to be changed by the methods of this class alone."""
        self._order: deque[str] = deque()  # their texts, oldest first: a dict that lost many finds its first key slowly
        self.dropped = 0

    def __len__(self) -> int:
        return len(self.by_text)

    def issue(self, now: datetime) -> Token:
        """Gives out a new token."""
        if self._policy.several_tokens == "newest-only" and self.by_text:
            self.by_text[self._order[-1]].revoked = True
        text = self._new_text()
        token = Token(Secret(text), self._owner, now + self._policy.token_lifetime)
        self.by_text[text] = self._index[text] = token
        self._order.append(text)
        if len(self.by_text) > self._max_kept:
            oldest = self._order.popleft()
            del self.by_text[oldest], self._index[oldest]
            self.dropped += 1
        return token

    def replace(self, token: Token, now: datetime) -> Token:
        """Gives out a new token for an old one, which ends if assumption `refresh-revokes-old-token` says so."""
        if self._policy.refresh_revokes_old_token:
            token.revoked = True
        return self.issue(now)

    def expire(self, now: datetime) -> int:
        """Lets every good token expire at this moment; returns how many that were."""
        good = [token for token in self.by_text.values() if objection(token, now) is None]
        for token in good:
            token.expires_at = now
        return len(good)

    def emptied(self) -> "TokenBook":
        """Returns a book of this account without tokens, which is not in the index yet."""
        return TokenBook(self._owner, self._index, self._policy, self._new_text, self._max_kept)

    def copy(self) -> "TokenBook":
        """Returns a book with the same tokens, which change on their own; it is not in the index yet."""
        other = self.emptied()
        other.by_text = {text: replace(token) for text, token in self.by_text.items()}
        other._order = self._order.copy()
        return other

    def enter(self) -> None:
        """Puts the tokens of this book into the index."""
        self._index.update(self.by_text)

    def leave(self, successor: "TokenBook | None" = None) -> None:
        """Takes the tokens of this book out of the index, except those that its successor has too."""
        kept = successor.by_text if successor is not None else {}
        for text in self.by_text:
            if text not in kept:
                del self._index[text]

    def clear(self) -> None:
        """Forgets all tokens of this account."""
        self.leave()
        self.by_text.clear()
        self._order.clear()


def objection(token: Token, now: datetime) -> str | None:
    """Returns the rule by which a token is refused, `token-revoked` or `token-expired`; None if it is good."""
    if token.revoked:
        return "token-revoked"
    return "token-expired" if now >= token.expires_at else None
