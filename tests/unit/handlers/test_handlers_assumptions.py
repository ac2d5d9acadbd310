"""Every assumption that a profile can change has an effect."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from casavi_contracts import spec
from casavi_fixtures import address, contact, contract, document, property_, unit
from casavi_mock.accounts import Account, Registry
from casavi_mock.domain.model import Secret
from casavi_mock.domain.ordering import plan
from casavi_mock.errors import Refused
from casavi_mock.handlers import reading
from casavi_mock.handlers.authentication import authenticate, authorize, refresh
from casavi_mock.handlers.imports import accept
from casavi_mock.handlers.jobs import look_up
from tests.support.accounts import IMMEDIATE, MANUAL, registry

REGISTER = spec.assumptions(spec.load_document())
OPEN = {name: entry for name, entry in REGISTER.items() if len(entry.schema.get("enum", (1, 2))) > 1}
"""The assumptions that can have more than one value."""

AT_THE_EDGE = {
    "app-link",
    "authenticate-status",
    "contact-name-required",
    "contact-path",
    "contract-dates",
    "deprecated-parameters-in-v2",
    "deprecation-header",
    "document-type-levels",
    "error-media-type",
    "error-statuses",
    "expires-at-format",
    "import-path",
    "import-status",
    "job-id-field",
    "max-body-mb",
    "next-link-parameters",
    "out-of-range-page",
    "page-parameter",
    "property-postal-code",
    "refresh-needs-token-header",
    "refresh-path",
    "request-id",
    "unauthorized-status",
    "v2-twins",
}
"""Those that only an answer over HTTP can show: statuses, headers, paths, and what the contract document checks."""


class Effect(NamedTuple):
    """What can be seen of an assumption: another value, a way to look, and what is seen without and with it."""

    value: Any
    look: Callable[[Registry], Any]
    usual: Any
    changed: Any


def account_of(accounts: Registry) -> Account:
    return accounts.get("key") or accounts.create("key", Secret("secret"))


def log_in(accounts: Registry, **body: str) -> str:
    account_of(accounts)
    return authenticate(accounts, body or {"key": "key", "secret": "secret"}).token.text.reveal()


def refused_by(call: Callable[[], Any]) -> str | None:
    try:
        call()
    except Refused as error:
        return error.rule
    return None


def take(accounts: Registry, *bodies: dict[str, Any]) -> dict[str, Any]:
    """Imports requests one after the other and returns the last job."""
    account = account_of(accounts)
    jobs = [accept(account, plan(body, account.settings.shape)) for body in bodies]
    return look_up(account, jobs[-1].id)


def note_after(accounts: Registry, *records: dict[str, Any]) -> Any:
    take(accounts, *({"contacts": [{"id": "C-1", **record}]} for record in records))
    return next(iter(account_of(accounts).store.records("contacts"))).fields


def errors_of(accounts: Registry, body: dict[str, Any]) -> list[str]:
    return [error["rule"] for error in take(accounts, body)["errors"]]


def old_token(accounts: Registry) -> str | None:
    text = log_in(accounts)
    refresh(accounts, "key", text)
    return refused_by(lambda: authorize(accounts, text))


def late_refresh(accounts: Registry) -> str | None:
    text = log_in(accounts)
    account_of(accounts).clock.advance(timedelta(days=31))
    return refused_by(lambda: refresh(accounts, "key", text))


def first_of_two_tokens(accounts: Registry) -> str | None:
    text = log_in(accounts)
    log_in(accounts)
    return refused_by(lambda: authorize(accounts, text))


def token_after_a_day(accounts: Registry) -> str | None:
    text = log_in(accounts)
    account_of(accounts).clock.advance(timedelta(days=1))
    return refused_by(lambda: authorize(accounts, text))


def job_after_two_days(accounts: Registry) -> str | None:
    account = account_of(accounts)
    job_id = take(accounts, {"contacts": []})["id"]
    account.clock.advance(timedelta(days=2))
    return refused_by(lambda: look_up(account, job_id))


def second_of_two_jobs(accounts: Registry) -> str | None:
    account = account_of(accounts)
    planned = plan({"contacts": []}, account.settings.shape)
    accept(account, planned)
    return refused_by(lambda: accept(account, planned))


def mixed(accounts: Registry) -> str | None:
    body = {"key": "key", "secret": "secret", "apiKey": "key", "password": "wrong"}
    return refused_by(lambda: log_in(accounts, **body))


def leased(**terms: Any) -> dict[str, Any]:
    flat = unit(contracts=[contract(**terms)])
    return {"contacts": [contact()], "properties": [property_(addresses=[address(units=[flat])])]}


def with_paper(**fields: Any) -> dict[str, Any]:
    return {"properties": [property_(documents=[document(**fields)])]}


LATE = {"startDate": "2024-01-02", "endDate": "2024-01-01"}
TWINS = {"contacts": [contact(), contact()]}
ODD = {"contacts": [{**contact(), "hobby": "x"}]}
NAMES = ["w", "a", "c", "f"]


def contacts_of(accounts: Registry, number: int) -> Account:
    take(accounts, {"contacts": [contact(id=f"C-{n}") for n in range(number)]})
    return account_of(accounts)


def modified_since_then(accounts: Registry) -> int:
    account = contacts_of(accounts, 1)
    return len(reading.contacts_v2(account, reading.ListQuery(modified_after=account.clock.now())).items)


def contracts_of_a_unit(accounts: Registry) -> int:
    """Of two contracts, one that is over and one that has not begun."""
    take(accounts, leased(startDate="2020-01-01", endDate="2020-12-31"))
    take(accounts, leased(startDate="2030-01-01"))
    (item,) = reading.units_v2(account_of(accounts), reading.ListQuery()).items
    return len(item["contracts"])


def starts_of_contracts(accounts: Registry) -> list[str | None]:
    """Of one whose start came as a date, one with a time of another zone, one of no calendar, and one without any."""
    sent = ["2024-01-01", "2024-07-01T00:00:00.1239+02:00", "2016-12-31T23:59:60Z", "0001-01-01T00:00:00+02:00", None]
    contracts = [contract(id=f"V-{number}", startDate=start) for number, start in enumerate(sent)]
    flat = unit(contracts=contracts)
    take(accounts, {"contacts": [contact()], "properties": [property_(addresses=[address(units=[flat])])]})
    (item,) = reading.units_v2(account_of(accounts), reading.ListQuery(include_inactive_contracts=True)).items
    return [one["startDate"] for one in item["contracts"]]


TWO = {"contacts": [{"id": "C-1"}, {"id": "C-2"}]}

EFFECTS = {
    "v1-page-size": Effect(2, lambda at: len(reading.contacts_v1(contacts_of(at, 3), 0)["content"]), 3, 2),
    "v2-page-size": Effect(2, lambda at: len(reading.contacts_v2(contacts_of(at, 3), reading.ListQuery()).items), 3, 2),
    "v2-absent-values": Effect(
        "omitted",
        lambda at: "fax" in reading.contacts_v2(contacts_of(at, 1), reading.ListQuery()).items[0],
        True,
        False,
    ),
    "modified-after": Effect("at-or-after", modified_since_then, 0, 1),
    "contract-date-format": Effect(
        "date",
        starts_of_contracts,
        [
            "2024-01-01T00:00:00.000Z",
            "2024-06-30T22:00:00.123Z",
            "2016-12-31T23:59:60Z",
            "0001-01-01T00:00:00+02:00",
            None,
        ],
        ["2024-01-01", "2024-07-01", "2016-12-31", "0001-01-01", None],
    ),
    "inactive-contracts": Effect("ended", contracts_of_a_unit, 0, 1),
    "refresh-revokes-old-token": Effect(False, old_token, "token-revoked", None),
    "refresh-accepts-expired-token": Effect(True, late_refresh, "token-expired", None),
    "several-tokens": Effect("newest-only", first_of_two_tokens, None, "token-revoked"),
    "mixed-credentials": Effect("refuse", mixed, None, "mixed-credentials"),
    "token-lifetime-days": Effect(1, token_after_a_day, None, "token-expired"),
    "job-retention-days": Effect(1, job_after_two_days, None, "job-unknown"),
    "queue-limit": Effect(1, second_of_two_jobs, None, "queue-full"),
    "record-limit": Effect(1, lambda at: errors_of(at, TWO), [], ["account-full"]),
    "job-status-names": Effect(NAMES, lambda accounts: take(accounts, {"contacts": []})["status"], "waiting", "w"),
    "null-clears": Effect(False, lambda at: note_after(at, {"note": "x"}, {"note": None}), {}, {"note": "x"}),
    "upsert": Effect("replace", lambda at: note_after(at, {"note": "x"}, {}), {"note": "x"}, {}),
    "custom-fields": Effect(
        "replace",
        lambda at: note_after(at, {"customFields": {"a": 1}}, {"customFields": {"b": 2}}),
        {"customFields": {"a": 1, "b": 2}},
        {"customFields": {"b": 2}},
    ),
    "unknown-fields": Effect("ignore", lambda at: len(take(at, ODD)["warnings"]), 1, 0),
    "contract-period": Effect("accept", lambda at: errors_of(at, leased(**LATE)), ["contract-period-invalid"], []),
    "duplicate-ids": Effect("last-wins", lambda at: errors_of(at, TWINS), ["duplicate-id"] * 2, []),
    "document-max-mb": Effect(
        0.000001, lambda at: errors_of(at, with_paper(content="AAAA")), [], ["document-too-large"]
    ),
}


def test_every_open_assumption_is_shown_somewhere() -> None:
    """An assumption without an effect would be a promise without content; a new one needs a test here or at the edge."""
    missing, gone = OPEN.keys() - EFFECTS.keys() - AT_THE_EDGE, (EFFECTS.keys() | AT_THE_EDGE) - OPEN.keys()
    assert missing == set(), "show an effect of these in EFFECTS, or name them in AT_THE_EDGE and show it over HTTP"
    assert gone == set(), "these are no assumptions, or leave no choice any more"
    assert not EFFECTS.keys() & AT_THE_EDGE


@pytest.mark.parametrize("name", EFFECTS)
def test_assumption_has_an_effect(name: str) -> None:
    """Another value makes a difference that somebody can see."""
    effect = EFFECTS[name]
    progress = MANUAL if name in ("queue-limit", "job-status-names") else IMMEDIATE
    assert effect.look(registry(progress=progress)) == effect.usual
    assert effect.look(registry({name: effect.value}, progress=progress)) == effect.changed


@pytest.mark.parametrize("name", EFFECTS)
def test_stated_value_is_the_usual_one(name: str) -> None:
    """Without a profile things are as the register says."""
    effect = EFFECTS[name]
    progress = MANUAL if name in ("queue-limit", "job-status-names") else IMMEDIATE
    assert effect.look(registry({name: REGISTER[name].value}, progress=progress)) == effect.usual
