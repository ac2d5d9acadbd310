from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from casavi_mock.domain.model import Token
from casavi_mock.domain.tokens import MARK, TokenBook, marked, objection, shard_mark
from tests.support.accounts import settings, texts
from tests.support.time import START

TICK = timedelta(microseconds=1)


def book(
    index: dict[str, Token], owner: str = "key", max_kept: int = 100, profile: Mapping[str, Any] | None = None
) -> TokenBook:
    return TokenBook(owner, index, settings(profile).policy, texts(owner).__next__, max_kept)


def test_issued_token_is_in_the_index() -> None:
    """A token is found by its text, and knows its account."""
    index: dict[str, Token] = {}
    tokens = book(index)
    token = tokens.issue(START)
    assert index == {token.text.reveal(): token}
    assert (token.owner, token.revoked, len(tokens), tokens.dropped) == ("key", False, 1, 0)


@pytest.mark.parametrize("days", [30, 1, 0.5])
def test_token_expires_exactly_at_its_moment(days: float) -> None:
    """A token is good until, but not at, the moment it expires."""
    token = book({}, profile={"token-lifetime-days": days}).issue(START)
    assert token.expires_at == START + timedelta(days=days)
    assert objection(token, token.expires_at - TICK) is None
    assert objection(token, token.expires_at) == "token-expired"


def test_revoked_counts_before_expired() -> None:
    """Of a token that is both, the refusal names the cause that came first."""
    token = book({}).issue(START)
    token.revoked = True
    assert objection(token, START) == "token-revoked"
    assert objection(token, token.expires_at) == "token-revoked"


@pytest.mark.parametrize(("choice", "revoked"), [("all-valid", [False] * 3), ("newest-only", [True, True, False])])
def test_log_in_ends_older_tokens_only_if_told(choice: str, revoked: list[bool]) -> None:
    """Whether several tokens are valid side by side is an assumption."""
    tokens = book({}, profile={"several-tokens": choice})
    issued = [tokens.issue(START) for _ in range(3)]
    assert [token.revoked for token in issued] == revoked


@pytest.mark.parametrize("revokes", [True, False])
def test_replacing_ends_the_old_token_only_if_told(revokes: bool) -> None:
    """Whether a refresh ends the old token is an assumption; other tokens stay in any case."""
    tokens = book({}, profile={"refresh-revokes-old-token": revokes})
    other, old = tokens.issue(START), tokens.issue(START)
    new = tokens.replace(old, START + TICK)
    assert [other.revoked, old.revoked, new.revoked] == [False, revokes, False]
    assert new.text.reveal() != old.text.reveal()
    assert new.expires_at == old.expires_at + TICK


def test_newest_only_wins_over_a_refresh_that_revokes_nothing() -> None:
    """Where only the newest token is valid, a refresh makes a newest one like a log-in does."""
    tokens = book({}, profile={"refresh-revokes-old-token": False, "several-tokens": "newest-only"})
    old = tokens.issue(START)
    assert not tokens.replace(old, START).revoked
    assert old.revoked


def test_forgets_the_oldest_beyond_its_bound() -> None:
    """A book keeps so many tokens; what it forgets is gone from the index too."""
    index: dict[str, Token] = {}
    tokens = book(index, max_kept=3)
    texts_issued = [tokens.issue(START).text.reveal() for _ in range(5)]
    assert list(index) == texts_issued[2:]
    assert (len(tokens), tokens.dropped) == (3, 2)


def test_clearing_leaves_other_accounts_alone() -> None:
    """Books share an index, and each removes its own tokens only."""
    index: dict[str, Token] = {}
    mine, other = book(index, "a"), book(index, "b")
    mine.issue(START)
    kept = other.issue(START)
    mine.issue(START)
    mine.clear()
    assert list(index.values()) == [kept]
    assert (len(mine), len(other)) == (0, 1)


def test_cleared_book_goes_on() -> None:
    """After it was cleared a book gives out tokens as before."""
    tokens = book({}, profile={"several-tokens": "newest-only"})
    tokens.issue(START)
    tokens.clear()
    assert not tokens.issue(START).revoked


def test_expiring_ends_every_good_token_now() -> None:
    """Tokens that are good expire at that moment; those that are not keep their cause, and are not counted."""
    tokens = book({})
    old = tokens.issue(START - timedelta(days=40))
    revoked, good, another = (tokens.issue(START) for _ in range(3))
    revoked.revoked = True
    assert tokens.expire(START) == 2
    assert [objection(token, START) for token in (old, revoked, good, another)] == [
        "token-expired",
        "token-revoked",
        "token-expired",
        "token-expired",
    ]
    assert old.expires_at == START - timedelta(days=10)
    assert tokens.expire(START) == 0
    assert objection(tokens.issue(START), START) is None


def test_a_copy_changes_on_its_own() -> None:
    """What becomes of a token does not reach its copy, nor the other way round, and a copy is in no index by itself."""
    index: dict[str, Token] = {}
    tokens = book(index)
    token = tokens.issue(START)
    text = token.text.reveal()
    copied = tokens.copy()
    tokens.expire(START)
    kept = copied.by_name.get(text)
    assert kept is not None
    assert kept is not token
    assert objection(kept, START) is None
    kept.revoked = True
    assert not token.revoked
    assert index == {text: token}


def test_one_book_takes_the_place_of_another() -> None:
    """The index then has the tokens of the new book alone, and those of other accounts."""
    index: dict[str, Token] = {}
    other = book(index, "other").issue(START)
    tokens = book(index)
    kept = tokens.issue(START).text.reveal()
    copied = tokens.copy()
    gone = tokens.issue(START).text.reveal()
    copied.enter()
    tokens.leave(copied)
    assert index == {other.text.reveal(): other, kept: copied.by_name.get(kept)}
    assert copied.by_name.get(gone) is None
    empty = copied.emptied()
    copied.leave(empty)
    assert (list(index.values()), len(empty)) == ([other], 0)
    assert empty.issue(START).owner == "key"
    assert len(index) == 2


def test_a_mark_stands_at_the_beginning_and_leaves_the_rest_of_a_token_to_chance() -> None:
    mark = shard_mark("the key of the shards", "the key of an account")
    assert mark == shard_mark("the key of the shards", "the key of an account")
    assert len({shard_mark("the key of the shards", f"key {number}") for number in range(2_000)}) == 16**MARK
    assert mark != shard_mark("another key of shards", "the key of an account")

    text = str(UUID(int=0x0123456789ABCDEF0123456789ABCDEF, version=4))
    token = marked(lambda: text, mark)()

    assert (token[:MARK], token[MARK:]) == (mark, text[MARK:])
    assert UUID(token).version == 4
