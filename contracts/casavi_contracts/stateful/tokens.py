"""The tokens of one account as the model sees them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from casavi_contracts.checks.tokens import MARGIN
from casavi_contracts.contract import Contract
from casavi_contracts.promises import Named


class State(StrEnum):
    """What a token is worth."""

    GOOD = "good"
    REPLACED = "replaced"
    EXPIRED = "expired"
    OPEN = "open"
    """So near its end that nothing is known."""


@dataclass(slots=True, eq=False)
class Token:
    """A token that was given out."""

    text: str = field(repr=False)
    given: datetime
    """By the clock of the account; where that cannot be asked, by the clock here."""
    ended_by: str | None = None
    """The check that says why it is over, though it has not expired."""


class Tokens:
    """The tokens of one account.

    Args:
        contract: The contract with its profile.
    """

    def __init__(self, contract: Contract) -> None:
        values = contract.values
        self._life = timedelta(days=values["token-lifetime-days"])
        self._margin = min(MARGIN, self._life / 8)
        self._only_newest = values["several-tokens"] == "newest-only"
        self._revokes = values["refresh-revokes-old-token"]
        self._given: list[Token] = []

    def __len__(self) -> int:
        return len(self._given)

    @property
    def whole_life(self) -> timedelta:
        """After this time every token has expired that was given out before."""
        return self._life + 2 * self._margin

    def back(self, number: int) -> Token:
        """Returns a token counted back from the newest, which is 0; the oldest one if there are not so many."""
        return self._given[max(-1 - number, -len(self._given))]

    def give(self, text: str, now: datetime) -> None:
        """Notes that a token was given out."""
        if self._only_newest:
            for token in self._given:
                token.ended_by = token.ended_by or Named.EARLIER_LOG_INS_STAY_GOOD
        self._given.append(Token(text, now))

    def refresh(self, token: Token, text: str, now: datetime) -> None:
        """Notes that a token was given out for another."""
        if self._revokes:
            token.ended_by = Named.REFRESH_REVOKES_THE_OLD_TOKEN
        self.give(text, now)

    def check(self, token: Token) -> str:
        """Returns the check that says that a token is over."""
        return token.ended_by or Named.TOKEN_ENDS_WHEN_IT_WAS_TOLD

    def state(self, token: Token, now: datetime) -> State:
        """Returns what a token is worth."""
        if token.ended_by is not None:
            return State.REPLACED
        age = now - token.given
        if age <= self._life - self._margin:
            return State.GOOD
        return State.EXPIRED if age >= self._life + self._margin else State.OPEN
