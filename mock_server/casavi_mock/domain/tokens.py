"""Access tokens: given out, checked, replaced."""

from collections import deque
from collections.abc import Callable, MutableMapping
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
        max_kept: Tokens that are remembered; beyond, the oldest are forgotten.
    """

    __slots__ = ("_index", "_max_kept", "_new_text", "_owner", "_policy", "_tokens")

    def __init__(
        self, owner: str, index: MutableMapping[str, Token], policy: Policy, new_text: Callable[[], str], max_kept: int
    ) -> None:
        self._owner = owner
        self._index = index
        self._policy = policy
        self._new_text = new_text
        self._max_kept = max_kept
        self._tokens: deque[Token] = deque()

    def __len__(self) -> int:
        return len(self._tokens)

    def issue(self, now: datetime) -> Token:
        """Gives out a new token."""
        if self._policy.several_tokens == "newest-only" and self._tokens:
            self._tokens[-1].revoked = True
        token = Token(Secret(self._new_text()), self._owner, now + self._policy.token_lifetime)
        self._tokens.append(token)
        self._index[token.text.reveal()] = token
        if len(self._tokens) > self._max_kept:
            del self._index[self._tokens.popleft().text.reveal()]
        return token

    def replace(self, token: Token, now: datetime) -> Token:
        """Gives out a new token for an old one, which ends if the policy says so."""
        if self._policy.refresh_revokes_old_token:
            token.revoked = True
        return self.issue(now)

    def clear(self) -> None:
        """Forgets all tokens of this account."""
        for token in self._tokens:
            del self._index[token.text.reveal()]
        self._tokens.clear()


def objection(token: Token, now: datetime) -> str | None:
    """Returns the rule by which a token is refused, or None if it is good."""
    if token.revoked:
        return "token-revoked"
    return "token-expired" if now >= token.expires_at else None
