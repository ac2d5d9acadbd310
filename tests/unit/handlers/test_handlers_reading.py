"""What is read back: shapes, pages, filters, and what a page costs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casavi_fixtures import address, contact, contract, document, property_, unit
from casavi_mock.accounts import Account
from casavi_mock.domain.model import Secret
from casavi_mock.domain.ordering import plan
from casavi_mock.errors import Refused
from casavi_mock.handlers.imports import accept
from casavi_mock.handlers.reading import (
    ListQuery,
    Page,
    contact_v1,
    contacts_v1,
    contacts_v2,
    list_query,
    properties_v2,
    property_v2,
    units_v2,
)
from tests.support.accounts import PLENTY, registry
from tests.support.counting import calls
from tests.support.time import START, FakeTime

V1_KEYS = [
    "id", "internalId", "title", "salutation", "firstName", "lastName", "companyRole", "email", "telephone", "mobile",
    "fax", "website", "street", "postalCode", "city", "country", "company", "isRegistered", "preferredWayOfContact",
]  # fmt: skip
ALL = ListQuery()
Read = Callable[[Account, ListQuery], Page]


def open_account(profile: dict[str, Any] | None = None, time: FakeTime | None = None) -> Account:
    return registry(profile, time).create("key", Secret("secret"))


def take(account: Account, body: dict[str, Any]) -> None:
    job = accept(account, plan(body, account.settings.shape))
    account.run_due(PLENTY)
    assert not job.errors


def ids(page: Page) -> list[Any]:
    return [item["id"] for item in page.items]


def house(*units: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return property_(addresses=[address(units=list(units))], **fields)


def walk(read: Read, account: Account, query: ListQuery = ALL) -> list[Any]:
    """Follows the links of a list to its end."""
    found = []
    page = read(account, query)
    for _ in range(100):
        found += ids(page)
        if page.next_after is None:
            return found
        changed = {name: getattr(query, name) for name in ListQuery.__slots__} | {"after": page.next_after}
        page = read(account, ListQuery(**changed))
    raise AssertionError("the links do not end")


# Shapes.


def test_a_contact_of_version_1_has_all_keys_in_their_order() -> None:
    account = open_account()
    take(account, {"contacts": [{"id": "C-1"}, contact(id="C-2", companyName="ACME", note="x", customFields={"a": 1})]})
    page = contacts_v1(account, 0)
    assert list(page) == ["count", "page", "pageCount", "content"]
    assert [list(item) for item in page["content"]] == [V1_KEYS] * 2
    bare, full = page["content"]
    nothing = dict.fromkeys(V1_KEYS) | {"id": "C-1", "internalId": 1, "isRegistered": False}
    assert bare == nothing
    assert (full["company"], full["lastName"], full["website"]) == ("ACME", "Muster", None)
    assert contact_v1(account, "C-2") == full


@pytest.mark.parametrize("flags", [(False, False), (False, True), (True, True)])
def test_the_portal_shows(flags: tuple[bool, bool]) -> None:
    account = open_account()
    take(account, {"contacts": [contact()]})
    account.store.portal["C-1"] = flags
    assert contact_v1(account, "C-1")["isRegistered"] is flags[0]
    (item,) = contacts_v2(account, ALL).items
    assert (item["isRegistered"], item["isInvited"]) == flags


def test_contacts_of_version_2_always_have_contracts() -> None:
    account = open_account()
    mine = [
        contract(contactId="C-1", type="OWNER", contractNumber="7", startDate="2026-01-01"),
        contract(contactId="C-2"),
        {"contactId": "C-1"},
    ]
    take(account, {"contacts": [contact(id=f"C-{n}") for n in (1, 2, 3)], "properties": [house(unit(contracts=mine))]})
    one, two, three = contacts_v2(account, ALL).items
    place = {"propertyId": "P-1", "unitId": "U-1"}
    nothing = {"contractNumber": None, "startDate": None, "endDate": None}
    assert one["contracts"] == [
        {"type": "OWNER", **place, "contractNumber": "7", "startDate": "2026-01-01T00:00:00.000Z", "endDate": None},
        {"type": None, **place, **nothing},
    ]
    assert two["contracts"] == [{"type": "RENTER", **place, **nothing}]
    assert three["contracts"] == []


def test_contacts_of_version_2_show_contracts_that_are_over() -> None:
    """The filter for contracts that are not in force is one of units."""
    account = open_account()
    over = contract(endDate="2001-01-01")
    take(account, {"contacts": [contact()], "properties": [house(unit(contracts=[over]))]})
    assert len(contacts_v2(account, ALL).items[0]["contracts"]) == 1
    assert units_v2(account, ALL).items[0]["contracts"] == []


def test_a_unit() -> None:
    account = open_account()
    flat = unit(id="U/1", number="7", usage="Privat", contracts=[contract(id="K")], documents=[document()])
    take(account, {"contacts": [contact()], "properties": [house(flat, id="P/1")]})
    (item,) = units_v2(account, ALL).items
    terms = {"type": "RENTER", "contractNumber": None, "startDate": None, "endDate": None}
    assert item == {
        "id": "U/1", "internalId": 3, "propertyId": "P/1", "address": "Musterweg 1", "name": "Wohnung 1", "number": "7",
        "usage": "Privat", "note": None, "customFields": None,
        "contracts": [{"id": "K", "contactId": "C-1", **terms}],
    }  # fmt: skip


def test_a_property_names_its_units_by_address() -> None:
    account = open_account()
    streets = [address(street="A", units=[unit(id="U-1"), unit(id="U-2")]), address(street="B"), address(street="A")]
    take(account, {"properties": [property_(addresses=streets, postalCode=80331, number="12")]})
    item = property_v2(account, "P-1")
    assert item["addresses"] == [{"street": "A", "units": ["U-1", "U-2"]}, {"street": "B", "units": []}]
    assert (item["postalCode"], item["number"], item["images"], item["name"]) == ("80331", "12", [], "Musterhaus")
    assert item["appLink"].endswith(f"/properties/{item['internalId']}")
    assert properties_v2(account, ALL).items == [item]
    take(account, {"properties": [property_(id="P-2", addresses=[address(street="C", units=[{"id": "U-1"}])])]})
    assert property_v2(account, "P-1")["addresses"][0]["units"] == ["U-2"]
    assert property_v2(account, "P-2")["addresses"] == [{"street": "C", "units": ["U-1"]}]


@pytest.mark.parametrize(("code", "shown"), [("01067", "01067"), (1067, "1067"), (80331, "80331")])
def test_postal_codes_are_texts(code: Any, shown: str) -> None:
    account = open_account()
    take(account, {"properties": [property_(postalCode=code)]})
    assert property_v2(account, "P-1")["postalCode"] == shown


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"firstName": "Max", "lastName": "Muster"}, "Max Muster"),
        ({"lastName": "Muster", "companyName": "ACME"}, "Muster"),
        ({"companyName": "ACME"}, "ACME"),
        ({}, ""),
    ],
)
def test_responsibilities(fields: dict[str, Any], name: str) -> None:
    account = open_account()
    role = {"propertyId": "P-1", "contactId": "C-1", "roleName": "Hausverwaltung", "roleType": "internal"}
    person = {"id": "C-1", "email": "a@b.example", **fields}
    take(account, {"contacts": [person], "properties": [property_()], "responsibilities": [role]})
    (shown,) = property_v2(account, "P-1")["responsibilities"]
    assert shown == {
        "contactId": "C-1", "contactInternalId": 1, "contactName": name, "roleName": "Hausverwaltung",
        "roleType": "internal", "email": "a@b.example", "telephone": None,
    }  # fmt: skip


def keys_that_are_null(value: Any) -> list[str]:
    if isinstance(value, list):
        return [key for item in value for key in keys_that_are_null(item)]
    if isinstance(value, dict):
        return [key for key, item in value.items() if item is None] + keys_that_are_null(list(value.values()))
    return []


@pytest.mark.parametrize("choice", ["null", "omitted"])
def test_absent_values_are_shown_in_one_way_everywhere(choice: str) -> None:
    """In parts of records too, such as contracts and responsibilities."""
    account = open_account({"v2-absent-values": choice})
    role = {"propertyId": "P-1", "contactId": "C-1", "roleName": "r", "roleType": "internal"}
    flat = {"id": "U-1", "contracts": [{"contactId": "C-1"}]}
    place = {"id": "P-1", "addresses": [{"street": "S", "units": [flat]}]}
    take(account, {"contacts": [{"id": "C-1"}], "properties": [place], "responsibilities": [role]})
    for read in (contacts_v2, units_v2, properties_v2):
        (item,) = read(account, ALL).items
        nulls = keys_that_are_null(item)
        assert nulls == [] if choice == "omitted" else len(nulls) > 5
    assert property_v2(account, "P-1")["name"] == ""  # required, so it is never left out
    assert list(contact_v1(account, "C-1")) == V1_KEYS, "version 1 always has all"


# Pages.


def test_pages_of_version_1() -> None:
    account = open_account()
    take(account, {"contacts": [contact(id=f"C-{n}") for n in range(67)]})
    pages = [contacts_v1(account, number) for number in range(5)]
    assert [(page["count"], page["page"], page["pageCount"]) for page in pages] == [(67, n, 3) for n in range(5)]
    assert [len(page["content"]) for page in pages] == [25, 25, 17, 0, 0]
    assert [item["id"] for page in pages for item in page["content"]] == [f"C-{n}" for n in range(67)]
    assert contacts_v1(account, 10**9)["content"] == []


@pytest.mark.parametrize(("number", "pages"), [(0, 0), (1, 1), (24, 1), (25, 1), (26, 2), (50, 2), (51, 3)])
def test_the_edges_of_pages(number: int, pages: int) -> None:
    """The last page has no link, even if it is full."""
    account = open_account()
    take(account, {"contacts": [contact(id=f"C-{n}") for n in range(number)]})
    assert contacts_v1(account, 0)["pageCount"] == pages
    expected = [f"C-{n}" for n in range(number)]
    assert walk(contacts_v2, account) == expected
    counted = [contacts_v2(account, ListQuery(page=page)) for page in range(1, pages + 2)]
    assert [one for page in counted for one in ids(page)] == expected
    assert [page.next_after is not None for page in counted] == [True] * (pages - 1) + [False] * min(2, pages + 1)


def test_far_positions_are_empty() -> None:
    account = open_account()
    take(account, {"contacts": [contact()]})
    for query in (ListQuery(page=10**9), ListQuery(after=10**12), ListQuery(page=10**9, role="x")):
        assert contacts_v2(account, query) == Page([], None)


def test_a_filter_that_nobody_matches_ends_at_once() -> None:
    """A page is never empty while it has a link: a client may stop at the first empty one."""
    account = open_account()
    take(account, {"contacts": [contact(id=f"C-{n}") for n in range(60)]})
    assert contacts_v2(account, ListQuery(role="OWNER")) == Page([], None)


def test_a_late_page_costs_as_much_as_the_first() -> None:
    """Counted by calls, not by time: 100,000 contacts, the first page and the last full one."""
    account = open_account()
    for number in range(100_000):
        account.store.put("contacts", f"C-{number}", {}, {}, START)
    contacts_v1(account, 0)
    contacts_v2(account, ALL)
    first, late = (calls(lambda n=number: contacts_v1(account, n)) for number in (0, 3_999))
    assert abs(first - late) <= 8  # whether one more record is there is seen by a few calls
    first, late, last = (
        calls(lambda n=number: contacts_v2(account, ListQuery(page=n))) for number in (1, 3_999, 4_000)
    )
    assert first == late
    assert abs(last - first) <= 12
    filtered = ListQuery(modified_after=START - timedelta(days=1))
    linked = ListQuery(modified_after=START - timedelta(days=1), after=90_000)
    assert calls(lambda: contacts_v2(account, filtered)) == calls(lambda: contacts_v2(account, linked))


# Filters.


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, "abc"),
        ({"is_registered": True}, "c"),
        ({"is_registered": False}, "ab"),
        ({"is_invited": True}, "bc"),
        ({"is_invited": False}, "a"),
        ({"is_invited": True, "is_registered": False}, "b"),
        ({"is_invited": False, "is_registered": True}, ""),
    ],
)
def test_filters_by_portal(query: dict[str, Any], found: str) -> None:
    account = open_account()
    take(account, {"contacts": [contact(id=id_) for id_ in "abc"]})
    account.store.portal |= {"b": (False, True), "c": (True, True)}
    assert "".join(ids(contacts_v2(account, ListQuery(**query)))) == found


@pytest.mark.parametrize(
    ("role", "found"),
    [("OWNER", ["a"]), ("RENTER", ["a", "b"]), ("Hausmeister / Technik", ["c"]), ("owner", []), ("internal", [])],
)
def test_filters_by_role(role: str, found: list[str]) -> None:
    account = open_account()
    leases = [
        contract(contactId="a", type="OWNER"),
        contract(contactId="b"),
        contract(contactId="a"),
        {"contactId": "d"},
    ]
    roles = [{"propertyId": "P-1", "contactId": "c", "roleName": "Hausmeister / Technik", "roleType": "internal"}]
    people = [contact(id=id_) for id_ in "abcd"]
    take(account, {"contacts": people, "properties": [house(unit(contracts=leases))], "responsibilities": roles})
    assert ids(contacts_v2(account, ListQuery(role=role))) == found


@pytest.mark.parametrize(("choice", "at_once"), [("after", False), ("at-or-after", True)])
def test_filters_by_time(choice: str, at_once: bool) -> None:
    time = FakeTime()
    account = open_account({"modified-after": choice}, time)
    people, places = [contact(id="old"), contact(id="new")], [house(unit(id="u-old"), unit(id="u-new"), id="p")]
    take(account, {"contacts": people, "properties": places})
    time.advance(hours=1)
    changed = time()
    take(account, {"contacts": [contact(id="new", note="x"), contact(id="old")]})  # the other one stays as it is
    take(
        account, {"properties": [{"id": "p", "note": "x", "addresses": [address(units=[unit(id="u-new", note="x")])]}]}
    )
    for read, new, old in ((contacts_v2, "new", "old"), (units_v2, "u-new", "u-old"), (properties_v2, "p", None)):
        moment = changed - timedelta(microseconds=1)
        assert ids(read(account, ListQuery(modified_after=moment))) == [new]
        assert ids(read(account, ListQuery(modified_after=changed))) == ([new] if at_once else [])
        assert ids(read(account, ListQuery(modified_after=changed + timedelta(microseconds=1)))) == []
        assert (old in ids(read(account, ListQuery(modified_after=START - timedelta(1))))) is (old is not None)


TODAY = "2026-01-05"
PERIODS = {
    "no end": (None, None, "both"),
    "ends today": (None, TODAY, "both"),
    "ended yesterday": (None, "2026-01-04", "neither"),
    "ends tomorrow": (None, "2026-01-06", "both"),
    "starts today": (TODAY, None, "both"),
    "starts tomorrow": ("2026-01-06", None, "ended"),
    "within": ("2026-01-01", "2026-01-31", "both"),
    "one day": (TODAY, TODAY, "both"),
    "ended within today": (None, "2026-01-05T00:00:00Z", "both"),
    "a day where it was written": (None, "2026-01-04T23:59:59-12:00", "neither"),
    "leap second": (None, "2016-12-31T23:59:60Z", "neither"),
    "beyond the calendar": (None, "0000-01-01", "both"),
}


@pytest.mark.parametrize("choice", ["not-in-force", "ended"])
@pytest.mark.parametrize("name", PERIODS)
def test_contracts_in_force(name: str, choice: str) -> None:
    """By the account's clock; a day counts to its end."""
    start, end, shown = PERIODS[name]
    account = open_account({"inactive-contracts": choice})
    lease = contract(startDate=start, endDate=end)
    take(account, {"contacts": [contact()], "properties": [house(unit(contracts=[lease]))]})
    expected = shown in ("both", choice)
    assert len(units_v2(account, ALL).items[0]["contracts"]) == expected
    assert len(units_v2(account, ListQuery(include_inactive_contracts=True)).items[0]["contracts"]) == 1


def test_a_contract_ends_at_midnight_of_the_accounts_clock() -> None:
    account = open_account()
    take(account, {"contacts": [contact()], "properties": [house(unit(contracts=[contract(endDate=TODAY)]))]})
    account.clock.set(datetime(2026, 1, 5, 23, 59, 59, 999_999, tzinfo=UTC))
    assert len(units_v2(account, ALL).items[0]["contracts"]) == 1
    account.clock.set(datetime(2026, 1, 6, tzinfo=UTC))
    assert units_v2(account, ALL).items[0]["contracts"] == []


def test_a_query_takes_what_it_knows() -> None:
    assert list_query({}) == ALL
    assert list_query({"page": 3, "after": 7, "role": "x", "isInvited": False, "odd": 1}) == ListQuery(
        page=3, after=7, role="x", is_invited=False
    )
    assert list_query({"includeInactiveContracts": True, "isRegistered": True, "modifiedAfter": START}) == ListQuery(
        include_inactive_contracts=True, is_registered=True, modified_after=START
    )


# Isolation.


def test_records_of_another_account_look_like_unknown_ones() -> None:
    accounts = registry()
    mine, other = (accounts.create(key, Secret("secret")) for key in ("a", "b"))
    take(other, {"contacts": [contact()], "properties": [property_()]})
    for read, foreign, unknown in ((contact_v1, "C-1", "C-0"), (property_v2, "P-1", "P-0")):
        told = []
        for id_ in (foreign, unknown):
            with pytest.raises(Refused) as refusal:
                read(mine, id_)
            told.append((refusal.value.rule, refusal.value.detail, refusal.value.errors, refusal.value.extra))
        assert told[0] == told[1]
        assert foreign not in told[0][1]
    assert contacts_v1(mine, 0)["count"] == 0
    assert contacts_v2(mine, ALL) == properties_v2(mine, ALL) == units_v2(mine, ALL) == Page([], None)


def test_a_read_does_what_is_due_first() -> None:
    account = open_account()
    accept(account, plan({"contacts": [contact()]}, account.settings.shape))
    assert contacts_v1(account, 0)["count"] == 1


# Imports while pages are read.

numbers = st.integers(0, 30)
changes = st.lists(st.tuples(st.sampled_from(["create", "note", "role"]), numbers), max_size=4)


@given(st.integers(0, 20), st.lists(changes, max_size=12), st.integers(1, 7), st.booleans())
def test_pages_stay_whole_while_imports_run(before: int, between: list[Any], size: int, filtered: bool) -> None:
    """No record that was there throughout, and matched throughout, is repeated or lost."""
    time = FakeTime()
    account = open_account({"v2-page-size": size}, time)
    lease = contract(contactId="C-0")
    take(account, {"contacts": [contact(id=f"C-{n}") for n in range(before + 1)]})
    take(account, {"properties": [house(unit(contracts=[lease]))]})
    time.advance(seconds=1)
    matching = {f"C-{n}" for n in range(before + 1)}
    query: dict[str, Any] = {"is_registered": False} if filtered else {}
    found: list[Any] = []
    page = contacts_v2(account, ListQuery(**query))
    for happened in [*between, *([[]] * 200)]:
        found += ids(page)
        if page.next_after is None:
            break
        for kind, number in happened:
            if kind == "role":  # from now on it does not match, or does again: it may come or not
                registered = not account.store.portal.get(f"C-{number}", (False, False))[0]
                account.store.portal[f"C-{number}"] = (registered, registered)
                matching -= {f"C-{number}"} if filtered else set()
            else:
                id_ = f"new-{number}" if kind == "create" else f"C-{number % (before + 1)}"
                take(account, {"contacts": [contact(id=id_, note=f"{len(found)} {number}")]})
        time.advance(seconds=1)
        page = contacts_v2(account, ListQuery(after=page.next_after, **query))
    else:
        raise AssertionError("the walk does not end")
    assert len(found) == len(set(found))
    assert matching <= set(found)
    if not filtered:
        assert [one for one in found if one in matching] == sorted(matching, key=lambda id_: int(id_[2:]))


@given(st.integers(0, 20), st.lists(changes, max_size=8), st.integers(1, 7))
def test_counted_pages_stay_whole_while_imports_run(before: int, between: list[Any], size: int) -> None:
    """Without a filter, in both versions."""
    account = open_account({"v2-page-size": size, "v1-page-size": size})
    take(account, {"contacts": [contact(id=f"C-{n}") for n in range(before)]})
    found: list[list[Any]] = [[], []]
    for number in range(before // size + 1):
        found[0] += ids(contacts_v2(account, ListQuery(page=number + 1)))
        found[1] += [item["id"] for item in contacts_v1(account, number)["content"]]
        for kind, other in between[number] if number < len(between) else ():
            take(account, {"contacts": [contact(id=f"{'new' if kind == 'create' else 'C'}-{other}", note=f"{number}")]})
    for one in found:
        assert len(one) == len(set(one))
        assert [id_ for id_ in one if id_.startswith("C-")][:before] == [f"C-{n}" for n in range(before)]
