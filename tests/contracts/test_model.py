"""The reference model agrees with what was worked out by hand, and with the mock."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casavi_contracts.context import Accounts
from casavi_contracts.contract import Contract
from casavi_contracts.expect.observing import accepted, expect_job, expect_read, expect_refused
from casavi_contracts.model import Account, Job, Rejected
from casavi_contracts.model.requests import stand_ins, wrong_places
from casavi_contracts.strategies import EDITS, Alphabet, master_data, master_data_violating, variant, violable_rules
from casavi_fixtures import broken_names, load_broken
from tests.support import kit
from tests.support.server import Mock, shared_mock
from tests.support.tamper import Request, Response, edited

versions = pytest.mark.parametrize("version", ["v1", "v2"])

PROFILES: list[dict[str, Any]] = [
    {},
    {"upsert": "replace"},
    {"upsert": "replace", "custom-fields": "replace", "null-clears": False},
    {"null-clears": False},
    {"custom-fields": "replace"},
    {"duplicate-ids": "last-wins", "contract-period": "accept"},
    {"unknown-fields": "ignore", "document-max-mb": 0.001},
    {"unknown-fields": "refuse", "contact-name-required": True},
    {"property-postal-code": "string", "contract-dates": "date", "document-type-levels": 2},
    {"property-postal-code": "number", "v2-absent-values": "omitted"},
    {"job-status-names": ["new", "busy", "done", "broken"], "inactive-contracts": "ended"},
]


@versions
@pytest.mark.parametrize("name", broken_names())
def test_agrees_with_the_documents_that_were_worked_out_by_hand(version: str, name: str) -> None:
    broken = load_broken(name)
    account = Account(kit.contract(version))
    if broken.before is not None:
        assert isinstance(account.apply(broken.before), Job)
    seen = account.apply(broken.document)
    if broken.status == 400:
        assert seen == Rejected(broken.pointers)
    else:
        assert isinstance(seen, Job)
        assert seen.errors == [refusal.as_json() for refusal in broken.refusals]
        assert seen.counts == broken.counts
        assert seen.status == broken.job_status


FEW = Alphabet(("A", "a", "B/1"), ("x", "", "y"))
"""So few ids that imports change, move and shadow each other's records."""


def portfolios(contract: Any) -> st.SearchStrategy[Any]:
    """Sound portfolios and flawed ones."""
    rules = [rule for rule in violable_rules(contract) if rule not in ("schema-violation", "document-too-large")]
    if contract.values["document-max-mb"] < 1:
        rules.append("document-too-large")
    flawed = [
        master_data_violating(rule, contract, alphabet=FEW).filter(lambda violation: not violation["pointers"])
        for rule in rules
    ]
    sizes = {"contacts": (1, 2), "properties": (1, 2), "units": (1, 3), "responsibilities": (0, 2), "documents": (0, 2)}
    sound = master_data(contract, alphabet=FEW, sizes=sizes)
    return sound | st.one_of(flawed).map(lambda violation: violation["portfolio"])


def histories(contract: Any) -> st.SearchStrategy[list[Any]]:
    """Imports one after another, each in several variants."""
    times = st.tuples(portfolios(contract), st.lists(st.sampled_from(sorted(EDITS)), max_size=2))
    return st.lists(times, min_size=1, max_size=2).map(
        lambda drawn: [sent for one, edits in drawn for sent in (one, *(variant(one, edit) for edit in edits))]
    )


@pytest.mark.parametrize(
    ("version", "profile"),
    [
        pytest.param(version, profile, id=f"{', '.join(profile) or 'as assumed'}-{version}", marks=marks)
        for number, profile in enumerate(PROFILES)
        for version in (("v1", "v2") if not profile else ("v1",) if number % 2 else ("v2",))
        for marks in [[pytest.mark.slow] if profile else []]
    ],
)
def test_agrees_with_the_mock_over_several_imports(version: str, profile: dict[str, Any]) -> None:
    contract = Contract(version, profile)
    with Mock(profile, "immediate").target() as target:
        accounts = kit.accounts(target, contract)

        @given(histories(contract))
        def judge(imports: list[Any]) -> None:
            ctx, account = accounts.context(), Account(contract)
            for one in imports:
                portfolio = ctx.names.own(one)
                if account.contract.request_is_valid("importMasterData", portfolio):
                    expected = accepted(ctx, account, portfolio)
                    expect_job(ctx, ctx.account.imported(portfolio), expected)
                    expect_read(ctx, account)

        judge()


@pytest.mark.parametrize(
    ("fields", "places", "instead"),
    [
        ({"lastName": None}, ["/contacts/0"], {"/contacts/0/lastName": "/contacts/0"}),
        ({"lastName": ""}, ["/contacts/0"], {"/contacts/0/lastName": "/contacts/0"}),
        ({"lastName": 7}, ["/contacts/0/lastName"], {}),
        ({"lastName": None, "city": 7}, ["/contacts/0", "/contacts/0/city"], {"/contacts/0/lastName": "/contacts/0"}),
        ({"city": "x"}, ["/contacts/0"], {}),
        ({"companyName": "x"}, [], {}),
    ],
)
def test_a_record_that_needs_one_of_several_fields_is_one_wrong_place(
    fields: dict[str, Any], places: list[str], instead: dict[str, str]
) -> None:
    contract = Contract("v1", {"contact-name-required": True})
    body = {"contacts": [{"id": "C-1", **fields}]}
    assert sorted(wrong_places(contract, body)) == places
    assert stand_ins(contract, body) == instead


@pytest.mark.parametrize("place", ["/contacts/0", "/contacts/0/lastName"])
def test_a_refusal_may_name_the_record_or_the_field(place: str) -> None:
    def renamed(request: Request, response: Response) -> None:
        response.body = response.body.replace(b'"/contacts/0/lastName"', f'"{place}"'.encode())

    named = Contract("v1", {"contact-name-required": True})
    with shared_mock(contact_name_required=True).target(edited(tell=renamed)) as target:
        accounts = Accounts(target, named, "p-")
        expect_refused(accounts.context(), {"contacts": [{"id": "C-1", "lastName": None}]}, ["/contacts/0"])
        accounts.close()
