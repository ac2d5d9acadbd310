"""Secrets, keys and tokens are shown by nothing that may end up in a log line or an error report."""

import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from casavi_fixtures import contact
from casavi_mock.accounts import Registry
from casavi_mock.domain.model import Secret
from casavi_mock.domain.ordering import plan
from casavi_mock.errors import Refused
from casavi_mock.handlers.authentication import authenticate, authorize, refresh
from casavi_mock.handlers.imports import accept
from tests.support.accounts import MANUAL, registry

KEY, SECRET, OTHER = "key-7f1c", "s3cr3t-91ab", "key-of-another"


@pytest.fixture(name="accounts")
def _accounts() -> Registry:
    accounts = registry({"mixed-credentials": "refuse", "queue-limit": 1}, progress=MANUAL)
    accounts.create(KEY, Secret(SECRET))
    accounts.create(OTHER, Secret("another"))
    return accounts


def shown(thing: object) -> str:
    return " ".join([repr(thing), str(thing), f"{thing}", repr([thing]), repr({"thing": thing})])


def test_no_object_shows_credentials(accounts: Registry) -> None:
    """Account, registry, secret, log-in, token, token book, queue and store keep to themselves what they know."""
    done = authenticate(accounts, {"key": KEY, "secret": SECRET})
    account, token = done.account, done.token
    things = [accounts, account, account.secret, done, token, token.text, account.tokens, account.queue, account.store]
    text = token.text.reveal()
    for thing in [*things, account.journal, account.settings.policy]:
        for hidden in (KEY, SECRET, text):
            assert hidden not in shown(thing)


def refusals(accounts: Registry) -> Iterator[Callable[[], Any]]:
    """Calls that are refused, one for each way."""
    text = authenticate(accounts, {"key": KEY, "secret": SECRET}).token.text.reveal()
    account = accounts.get(KEY)
    assert account is not None
    old = {"apiKey": KEY, "password": SECRET}
    yield lambda: authenticate(accounts, {"key": KEY, "secret": "wrong-" + SECRET})
    yield lambda: authenticate(accounts, {"key": "wrong-" + KEY, "secret": SECRET})
    yield lambda: authenticate(accounts, {"key": KEY, "secret": SECRET, **old})
    yield lambda: refresh(accounts, OTHER, text)
    yield lambda: refresh(accounts, KEY, "wrong-" + text)
    yield lambda: authorize(accounts, f"Bearer {text}")
    yield lambda: authorize(accounts, None, f"Bearer {text}")
    refresh(accounts, KEY, text)
    yield lambda: authorize(accounts, text)
    yield lambda: refresh(accounts, KEY, text)
    planned = plan({"contacts": [contact()]}, account.settings.shape)
    accept(account, planned)
    yield lambda: accept(account, planned)


def test_no_refusal_shows_credentials(accounts: Registry) -> None:
    """Neither the text of a refusal nor its traceback repeats what was sent."""
    rules = set()
    for call in refusals(accounts):
        with pytest.raises(Refused) as refused:
            call()
        error = refused.value
        report = shown(error) + "".join(traceback.format_exception(error))
        for hidden in (KEY, SECRET, OTHER):
            assert hidden not in report
        assert "text-" not in report.replace("new_text", "")  # tokens of this registry are called text-1, text-2, …
        rules.add(error.rule)
    assert rules == {
        "credentials-wrong",
        "mixed-credentials",
        "token-foreign",
        "token-unknown",
        "token-missing",
        "token-revoked",
        "queue-full",
    }


def test_second_account_with_a_key_is_refused_without_naming_it(accounts: Registry) -> None:
    """The error about a key that is taken does not show the key."""
    with pytest.raises(ValueError, match="key") as error:
        accounts.create(KEY, Secret(SECRET))
    assert KEY not in shown(error.value)


def test_every_refusal_is_a_rule_of_the_contract(accounts: Registry) -> None:
    """Whatever is refused is refused by a rule that the contract document knows."""
    for call in refusals(accounts):
        with pytest.raises(Refused) as refused:
            call()
        assert refused.value.rule in accounts.settings.rules
