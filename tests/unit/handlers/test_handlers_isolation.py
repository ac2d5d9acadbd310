"""Two accounts never see each other's records, jobs and tokens."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from casavi_fixtures import contact, master_data, property_, responsibility
from casavi_mock.accounts import Account
from casavi_mock.domain.jobs import Progress
from casavi_mock.domain.model import ENTITIES, Secret
from casavi_mock.domain.ordering import plan
from casavi_mock.errors import Refused
from casavi_mock.handlers.authentication import authenticate, authorize, refresh
from casavi_mock.handlers.imports import accept
from casavi_mock.handlers.jobs import look_up
from tests.support.accounts import registry

KEYS = ("a", "b", "a/b")


def send(account: Account, body: dict[str, Any]) -> str:
    return accept(account, plan(body, account.settings.shape)).id


def refusal(call: Callable[[], Any]) -> Refused:
    with pytest.raises(Refused) as refused:
        call()
    return refused.value


def test_job_of_another_account_looks_exactly_like_an_unknown_one() -> None:
    """Nothing in a refusal tells that another account has the job."""
    accounts = registry()
    mine, other = (accounts.create(key, Secret("secret")) for key in ("a", "b"))
    job_id = send(mine, {"contacts": [contact()]})
    assert refusal(lambda: look_up(other, job_id)) == refusal(lambda: look_up(other, "never was"))
    assert look_up(mine, job_id)["status"] == "completed"


def test_record_of_another_account_is_missing() -> None:
    """A reference finds records of its own account only."""
    accounts = registry()
    mine, other = (accounts.create(key, Secret("secret")) for key in ("a", "b"))
    send(mine, master_data(contacts=[contact()], properties=[property_()]))
    body = master_data(responsibilities=[responsibility()])
    errors = look_up(other, send(other, body))["errors"]
    assert [error["missing"] for error in errors] == [{"entity": "properties", "id": "P-1"}]
    assert look_up(mine, send(mine, body))["errors"] == []


def test_same_ids_in_two_accounts_are_two_records() -> None:
    """What one account stores under an id does not touch the record of another."""
    accounts = registry()
    accounts = [accounts.create(key, Secret("secret")) for key in KEYS]
    for account in accounts:
        send(account, {"contacts": [contact(note=account.key)]})
    notes = [record.fields["note"] for account in accounts for record in account.store.records("contacts")]
    assert notes == list(KEYS)


@dataclass
class Known:
    """What should be true of one account."""

    good: set[str] = field(default_factory=set)
    """Tokens that must open it."""
    contacts: dict[str, str] = field(default_factory=dict)
    """Notes by id, after all of its jobs."""
    jobs: list[str] = field(default_factory=list)


class Accounts(RuleBasedStateMachine):
    """Several accounts used at the same time, beside a model of what each may know."""

    tokens: Bundle[tuple[str, str]] = Bundle("tokens")
    keys = st.sampled_from(KEYS)

    def __init__(self) -> None:
        super().__init__()
        self.registry = registry(progress=Progress(progress="time", job_seconds=10))
        self.known = {key: Known() for key in KEYS}
        for key in KEYS:
            self.registry.create(key, Secret(f"secret of {key}"))

    def account(self, key: str) -> Account:
        account = self.registry.get(key)
        assert account is not None
        return account

    @rule(target=tokens, key=keys)
    def log_in(self, key: str) -> tuple[str, str]:
        text = authenticate(self.registry, {"key": key, "secret": f"secret of {key}"}).token.text.reveal()
        self.known[key].good.add(text)
        return key, text

    @rule(key=keys, other=keys)
    def log_in_with_a_secret_of(self, key: str, other: str) -> None:
        if key != other:
            call = {"key": key, "secret": f"secret of {other}"}
            assert refusal(lambda: authenticate(self.registry, call)).rule == "credentials-wrong"

    @rule(target=tokens, token=consumes(tokens))
    def refresh(self, token: tuple[str, str]) -> tuple[str, str]:
        key, text = token
        if text not in self.known[key].good:
            assert refusal(lambda: refresh(self.registry, key, text)).rule in ("token-expired", "token-revoked")
            return token
        new = refresh(self.registry, key, text).token.text.reveal()
        self.known[key].good.symmetric_difference_update({text, new})
        return key, new

    @rule(token=tokens, key=keys)
    def refresh_as(self, token: tuple[str, str], key: str) -> None:
        if key != token[0]:
            assert refusal(lambda: refresh(self.registry, key, token[1])).rule == "token-foreign"

    @rule(token=tokens, number=st.integers(1, 3), note=st.sampled_from(["x", "y"]))
    def import_contact(self, token: tuple[str, str], number: int, note: str) -> None:
        key, text = token
        if text in self.known[key].good:
            mine = f"{note} of {key}"
            body = {"contacts": [contact(id=f"C-{number}", note=mine)]}
            self.known[key].jobs.append(send(authorize(self.registry, text), body))
            self.known[key].contacts[f"C-{number}"] = mine

    @rule(key=keys, hours=st.sampled_from([1, 24 * 29, 24 * 31]))
    def let_time_pass(self, key: str, hours: int) -> None:
        account, known = self.account(key), self.known[key]
        expiring = [text for text in known.good if self.expires_in(text) <= timedelta(hours=hours)]
        account.clock.advance(timedelta(hours=hours))
        known.good.difference_update(expiring)
        while account.run_due(1):
            pass
        stored = {str(record.key): record.fields["note"] for record in account.store.records("contacts")}
        assert stored == known.contacts
        known.jobs = [job_id for job_id in known.jobs if account.queue.find(job_id, account.clock.now())]

    def expires_in(self, text: str) -> timedelta:
        token = self.registry.issued.get(text)
        assert token is not None
        return token.expires_at - self.account(token.owner).clock.now()

    @invariant()
    def tokens_open_their_own_account(self) -> None:
        for key, known in self.known.items():
            assert all(authorize(self.registry, text) is self.account(key) for text in known.good)

    @invariant()
    def records_are_those_of_the_account(self) -> None:
        for key in KEYS:
            for record in self.account(key).store.records("contacts"):
                assert record.fields["note"].endswith(f" of {key}")

    @invariant()
    def jobs_are_seen_by_their_own_account_only(self) -> None:
        unknown = Refused("job-unknown", "This account has no job with the id that was asked for.")
        for key, known in self.known.items():
            for job_id in known.jobs[-3:]:
                assert look_up(self.account(key), job_id)["id"] == job_id
                for other in set(KEYS) - {key}:
                    assert refusal(partial(look_up, self.account(other), job_id)) == unknown

    @invariant()
    def nothing_else_is_stored(self) -> None:
        for key in KEYS:
            store = self.account(key).store
            assert sum(store.count(entity) for entity in ENTITIES) == store.count("contacts") <= 3


TestAccounts = Accounts.TestCase
