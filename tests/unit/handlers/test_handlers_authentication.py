from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from casavi_mock.accounts import Account, Limits, Registry
from casavi_mock.domain.model import Secret
from casavi_mock.errors import Refused
from casavi_mock.handlers.authentication import LogIn, authenticate, authorize, refresh
from tests.support.accounts import registry
from tests.support.time import FakeTime

SECRET = "s3cr3t ä|ö"
NEW = {"key": "key", "secret": SECRET}
OLD = {"apiKey": "key", "email": "joe@acme.example", "password": SECRET}
LIFETIME = timedelta(days=30)


def opened(profile: dict[str, Any] | None = None, time: FakeTime | None = None, **others: Any) -> Registry:
    """A registry with two accounts."""
    accounts = registry(profile, time, **others)
    accounts.create("key", Secret(SECRET))
    accounts.create("other", Secret("another"))
    return accounts


def rule_of(call: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as refused:
        call()
    return refused.value.rule


def log_in(accounts: Registry) -> str:
    return authenticate(accounts, NEW).token.text.reveal()


# Log-in.


@pytest.mark.parametrize(
    ("body", "deprecated"), [(NEW, False), (OLD, True), ({"apiKey": "key", "password": SECRET}, True)]
)
def test_logs_in(body: dict[str, str], deprecated: bool) -> None:
    """Both pairs of names lead in; the old one is told as such, and its email plays no part."""
    accounts = opened()
    done = authenticate(accounts, body)
    assert isinstance(done, LogIn)
    assert done.account is accounts.get("key")
    assert done.deprecated is deprecated
    assert done.token.expires_at == done.account.clock.now() + LIFETIME
    assert authorize(accounts, done.token.text.reveal()) is done.account


WRONG = [
    {"key": "key", "secret": "wrong"},
    {"key": "key", "secret": ""},
    {"key": "key", "secret": "another"},
    {"key": "key", "secret": SECRET.upper()},
    {"key": "key", "secret": f"{SECRET} "},
    {"key": "nobody", "secret": SECRET},
    {"key": "nobody", "secret": ""},
    {"key": "KEY", "secret": SECRET},
    {"apiKey": "key", "password": "wrong"},
    {"apiKey": "nobody", "password": SECRET},
]


@pytest.mark.parametrize("body", WRONG)
def test_wrong_secret_and_unknown_key_look_the_same(body: dict[str, str]) -> None:
    """Nothing in a refusal tells which keys there are."""
    accounts = opened()
    with pytest.raises(Refused) as refused:
        authenticate(accounts, body)
    assert refused.value == Refused("credentials-wrong", "Key and secret do not match an account of this server.")


def test_empty_secret_opens_only_an_account_with_an_empty_secret() -> None:
    """An account that does not exist has no secret, not an empty one."""
    accounts = opened()
    accounts.create("open", Secret(""))
    assert authenticate(accounts, {"key": "open", "secret": ""}).account is accounts.get("open")
    assert rule_of(lambda: authenticate(accounts, {"key": "nobody", "secret": ""})) == "credentials-wrong"


RIGHT, BAD = {"key": "key", "secret": SECRET}, {"key": "key", "secret": "wrong"}
RIGHT_OLD, BAD_OLD = {"apiKey": "key", "password": SECRET}, {"apiKey": "key", "password": "wrong"}


@pytest.mark.parametrize(
    ("choice", "body", "outcome"),
    [
        ("new-names-win", RIGHT | BAD_OLD, False),
        ("new-names-win", BAD | RIGHT_OLD, "credentials-wrong"),
        ("old-names-win", RIGHT | BAD_OLD, "credentials-wrong"),
        ("old-names-win", BAD | RIGHT_OLD, True),
        ("refuse", RIGHT | RIGHT_OLD, "mixed-credentials"),
        ("refuse", BAD | BAD_OLD, "mixed-credentials"),
        ("refuse", RIGHT, False),
        ("refuse", RIGHT_OLD, True),
        # One of the old names alone is no pair, so it cannot win.
        ("old-names-win", RIGHT | {"password": "wrong"}, False),
        ("old-names-win", RIGHT | {"email": "x"}, False),
        ("new-names-win", RIGHT_OLD | {"secret": "wrong"}, True),
    ],
)
def test_which_names_count_is_an_assumption(choice: str, body: dict[str, str], outcome: bool | str) -> None:
    """If old and new names come together, the new ones count, or the old ones, or neither."""
    accounts = opened({"mixed-credentials": choice})
    if isinstance(outcome, str):
        assert rule_of(lambda: authenticate(accounts, body)) == outcome
    else:
        assert authenticate(accounts, body).deprecated is outcome


UNUSABLE: list[tuple[Any, Any]] = [(5, 7), ("", "x"), (None, None), ([], {}), ("key", 7), ({}, SECRET)]


@pytest.mark.parametrize("choice", ["new-names-win", "old-names-win", "refuse"])
@pytest.mark.parametrize(("key", "secret"), UNUSABLE)
def test_unusable_pair_beside_a_good_one_does_not_count(choice: str, key: Any, secret: Any) -> None:
    """The contract asks for one good pair; what stands under the other names may be anything, and leads nowhere."""
    accounts = opened({"mixed-credentials": choice})
    assert authenticate(accounts, {**RIGHT, "apiKey": key, "password": secret}).deprecated is False
    assert authenticate(accounts, {**RIGHT_OLD, "key": key, "secret": secret}).deprecated is True


def test_tokens_are_remembered_up_to_a_bound() -> None:
    """Who logs in very often loses the oldest tokens, not the newest; other accounts lose nothing."""
    accounts = opened(limits=Limits(max_tokens=3))
    other = authenticate(accounts, {"key": "other", "secret": "another"}).token.text.reveal()
    tokens = [log_in(accounts) for _ in range(5)]
    assert [rule_of(partial(authorize, accounts, text)) for text in tokens[:2]] == ["token-unknown"] * 2
    for text in [*tokens[2:], other]:
        authorize(accounts, text)


# Refresh.


@pytest.mark.parametrize("revokes", [True, False])
def test_refresh_gives_a_new_token(revokes: bool) -> None:
    """The new token lives from now on; whether the old one ends is an assumption."""
    time = FakeTime()
    accounts = opened({"refresh-revokes-old-token": revokes}, time)
    old = log_in(accounts)
    time.advance(days=7)
    done = refresh(accounts, "key", old)
    new = done.token.text.reveal()
    assert done.token.expires_at == time() + LIFETIME
    assert not done.deprecated
    assert authorize(accounts, new) is done.account
    if revokes:
        assert rule_of(lambda: authorize(accounts, old)) == "token-revoked"
        assert rule_of(lambda: refresh(accounts, "key", old)) == "token-revoked"
    else:
        assert authorize(accounts, old) is done.account


def test_refresh_needs_a_token_that_was_given_out() -> None:
    """A made-up token is unknown, with whatever key."""
    accounts = opened()
    for key in ("key", "nobody", ""):
        for text in ("made up", "", "Bearer x"):
            assert rule_of(partial(refresh, accounts, key, text)) == "token-unknown"


def test_foreign_token_looks_the_same_for_any_key() -> None:
    """Whether there is an account with the key that was sent cannot be told from the refusal."""
    accounts = opened()
    text = log_in(accounts)
    seen = []
    for key in ("other", "nobody", "KEY", ""):
        with pytest.raises(Refused) as refused:
            refresh(accounts, key, text)
        seen.append(refused.value)
    assert seen == [Refused("token-foreign", "The token does not belong to the API key that was sent with it.")] * 4
    authorize(accounts, text)


def test_foreign_token_tells_nothing_of_its_state() -> None:
    """Who does not know the key does not learn whether a token is still good."""
    time = FakeTime()
    accounts = opened(time=time)
    revoked, expired = log_in(accounts), log_in(accounts)
    refresh(accounts, "key", revoked)
    time.advance(days=31)
    for text in (revoked, expired):
        assert rule_of(partial(refresh, accounts, "other", text)) == "token-foreign"


@pytest.mark.parametrize("accepted", [True, False])
def test_expired_token_is_refreshed_only_if_told(accepted: bool) -> None:
    """Up to its last moment a token can be refreshed; whether it can be later is an assumption."""
    time = FakeTime()
    accounts = opened({"refresh-accepts-expired-token": accepted}, time)
    in_time, late = log_in(accounts), log_in(accounts)
    time.advance(days=30, microseconds=-1)
    refresh(accounts, "key", in_time)
    time.advance(microseconds=1)
    if accepted:
        authorize(accounts, refresh(accounts, "key", late).token.text.reveal())
    else:
        assert rule_of(lambda: refresh(accounts, "key", late)) == "token-expired"


def test_revoked_token_is_never_refreshed() -> None:
    """Even where expired tokens may be refreshed, one that was replaced may not."""
    time = FakeTime()
    accounts = opened({"refresh-accepts-expired-token": True}, time)
    old = log_in(accounts)
    refresh(accounts, "key", old)
    time.advance(days=31)
    assert rule_of(lambda: refresh(accounts, "key", old)) == "token-revoked"


# The check of a token.


@pytest.mark.parametrize("text", [None, ""])
def test_missing_token_is_missed(text: str | None) -> None:
    """Without a token the refusal says where it belongs, and that another header is not it."""
    accounts = opened()
    with pytest.raises(Refused) as refused:
        authorize(accounts, text)
    assert refused.value == Refused("token-missing", "Send the token of /authenticate in the header `token`.")
    with pytest.raises(Refused) as refused:
        authorize(accounts, text, "Bearer x")
    assert refused.value.rule == "token-missing"
    assert refused.value.detail.endswith("The header `Authorization` is not used.")


@pytest.mark.parametrize("prefix", ["Bearer ", "bearer ", "BEARER "])
def test_bearer_gets_a_hint(prefix: str) -> None:
    """A good token behind `Bearer` is unknown, and the refusal says what is wrong with it."""
    accounts = opened()
    text = log_in(accounts)
    with pytest.raises(Refused) as refused:
        authorize(accounts, prefix + text)
    assert refused.value.rule == "token-unknown"
    assert refused.value.detail.endswith("Send it raw, without `Bearer`.")
    assert text not in str(refused.value)


def test_unknown_token_gets_no_hint() -> None:
    """A token that was never given out is unknown, and nothing more can be said."""
    with pytest.raises(Refused) as refused:
        authorize(opened(), "made up", "Bearer x")
    assert refused.value == Refused("token-unknown", "The token was never given out, or is long gone. Log in again.")


def test_token_expires_exactly_at_its_moment() -> None:
    """A token is good a microsecond before it expires, and expired when the moment comes."""
    time = FakeTime()
    accounts = opened(time=time)
    text = log_in(accounts)
    time.advance(days=30, microseconds=-1)
    authorize(accounts, text)
    time.advance(microseconds=1)
    assert rule_of(lambda: authorize(accounts, text)) == "token-expired"


def test_time_of_an_account_moves_its_tokens_only() -> None:
    """Every account has its own clock."""
    accounts = opened()
    mine = log_in(accounts)
    other = authenticate(accounts, {"key": "other", "secret": "another"})
    other.account.clock.advance(LIFETIME)
    authorize(accounts, mine)
    assert rule_of(lambda: authorize(accounts, other.token.text.reveal())) == "token-expired"


@pytest.mark.parametrize(("choice", "rule"), [("newest-only", "token-revoked"), ("all-valid", None)])
def test_older_tokens_end_only_if_told(choice: str, rule: str | None) -> None:
    """Whether a log-in ends the tokens before is an assumption; the newest is always good."""
    accounts = opened({"several-tokens": choice})
    first, second = log_in(accounts), log_in(accounts)
    authorize(accounts, second)
    if rule:
        assert rule_of(lambda: authorize(accounts, first)) == rule
        assert rule_of(lambda: refresh(accounts, "key", first)) == rule
    else:
        authorize(accounts, first)


# Accounts.


def test_closed_account_is_gone() -> None:
    """With an account its tokens go; they are unknown then, and so are its credentials."""
    accounts = opened()
    text = log_in(accounts)
    accounts.delete("key")
    assert rule_of(lambda: authorize(accounts, text)) == "token-unknown"
    assert rule_of(lambda: refresh(accounts, "key", text)) == "token-unknown"
    assert rule_of(lambda: authenticate(accounts, NEW)) == "credentials-wrong"
    assert len(accounts) == 1


def test_account_opened_anew_is_another_one() -> None:
    """A key that is used again brings nothing back."""
    accounts = opened()
    text = log_in(accounts)
    accounts.delete("key")
    account: Account = accounts.create("key", Secret(SECRET))
    assert rule_of(lambda: authorize(accounts, text)) == "token-unknown"
    assert authenticate(accounts, NEW).account is account


def test_two_accounts_cannot_share_a_key() -> None:
    """A key belongs to one account, and the error does not repeat it."""
    accounts = opened()
    with pytest.raises(ValueError, match="there is an account with that key already"):
        accounts.create("key", Secret("x"))
