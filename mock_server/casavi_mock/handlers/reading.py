"""Reads back what was imported. Source: facts page, sections 5, 6 and 9."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from casavi_mock.accounts import Account
from casavi_mock.domain.model import Json, Record
from casavi_mock.domain.policy import Policy
from casavi_mock.domain.store import Store
from casavi_mock.errors import Refused
from casavi_mock.handlers import views
from casavi_mock.handlers.jobs import RECORDS_BEFORE_ANSWER

Wanted = Callable[[Record], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """What a list of version 2 is asked for."""

    page: int = 1
    """Counted from 1."""
    after: int | None = None
    """Position up to which the page before was read; comes in the link to the next page."""
    modified_after: datetime | None = None
    is_registered: bool | None = None
    is_invited: bool | None = None
    role: str | None = None
    include_inactive_contracts: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list of version 2."""

    items: list[dict[str, Json]]
    next_after: int | None
    """Where the next page begins; None if there is none."""


def contacts_v1(account: Account, page: int) -> dict[str, Any]:
    """Returns a page of contacts in the form of version 1.

    Args:
        account: The account.
        page: Counted from 0.

    Raises:
        Refused: It is beyond the last page, and the policy refuses that.
    """
    with account.lock:
        account.run_due(RECORDS_BEFORE_ANSWER)
        size = account.settings.policy.v1_page_size
        count = account.store.count("contacts")
        if page * size >= max(count, 1):
            _refuse_beyond(account, page)
        records = _first(account.store.records("contacts", min(page * size, count)), size)
        content = [views.contact_v1(account.store, record) for record in records]
    return {"count": count, "page": page, "pageCount": -(-count // size), "content": content}


def contact_v1(account: Account, id_: str) -> dict[str, Any]:
    """Returns one contact in the form of version 1.

    Raises:
        Refused: This account has no such contact.
    """
    with account.lock:
        account.run_due(RECORDS_BEFORE_ANSWER)
        return views.contact_v1(account.store, _one(account, "contacts", id_, "contact-unknown"))


def property_v2(account: Account, id_: str) -> dict[str, Any]:
    """Returns one property in the form of version 2.

    Raises:
        Refused: This account has no such property.
    """
    with account.lock:
        account.run_due(RECORDS_BEFORE_ANSWER)
        record = _one(account, "properties", id_, "property-unknown")
        return views.property_v2(account.store, record, account.settings.policy)


def contacts_v2(account: Account, query: ListQuery) -> Page:
    """Returns a page of contacts in the form of version 2."""

    def wanted(record: Record) -> bool:
        registered, invited = account.store.portal.get(str(record.key), (False, False))
        return (
            (query.is_registered is None or query.is_registered == registered)
            and (query.is_invited is None or query.is_invited == invited)
            and (query.role is None or query.role in views.roles(account.store, str(record.key)))
        )

    filtered = (query.is_registered, query.is_invited, query.role) != (None, None, None)
    return _page(account, "contacts", query, wanted if filtered else None, views.contact_v2)


def units_v2(account: Account, query: ListQuery) -> Page:
    """Returns a page of units in the form of version 2."""
    with account.lock:
        today = None if query.include_inactive_contracts else account.clock.now().date()

        def view(store: Store, record: Record, policy: Policy) -> dict[str, Json]:
            return views.unit_v2(store, record, policy, today)

        return _page(account, "units", query, None, view)


def properties_v2(account: Account, query: ListQuery) -> Page:
    """Returns a page of properties in the form of version 2."""
    return _page(account, "properties", query, None, views.property_v2)


def _page(
    account: Account, entity: str, query: ListQuery, wanted: Wanted | None, view: Callable[..., dict[str, Json]]
) -> Page:
    """Returns a page.

    Without a filter, any page costs the same as the first. With one, a page is found by its number by counting, and
    by the position in the link of the page before without; only the latter is whole while imports change what matches.
    """
    policy = account.settings.policy
    size = policy.v2_page_size
    since = query.modified_after
    inclusive = policy.modified_after == "at-or-after"

    def matches(record: Record) -> bool:
        if since is not None and not (record.modified_at > since or (inclusive and record.modified_at == since)):
            return False
        return wanted is None or wanted(record)

    with account.lock:
        account.run_due(RECORDS_BEFORE_ANSWER)
        filtered = wanted is not None or since is not None
        start, skipped = _start(query, size, filtered=filtered)
        found: list[Record] = []
        position = min(start, account.store.count(entity))
        for record in account.store.records(entity, position):
            if matches(record):
                if skipped:
                    skipped -= 1
                elif len(found) == size:
                    return Page([view(account.store, one, policy) for one in found], position)
                else:
                    found.append(record)
            position += 1
        if not found and query.page > 1:
            _refuse_beyond(account, query.page)
        return Page([view(account.store, one, policy) for one in found], None)


def _refuse_beyond(account: Account, page: int) -> None:
    """Refuses a page beyond the last one, if the policy does; assumption `out-of-range-page`."""
    if account.settings.policy.out_of_range_page == "not-found":
        raise Refused("page-unknown", f"The list ends before page {page}.")


def _start(query: ListQuery, size: int, *, filtered: bool) -> tuple[int, int]:
    """Returns the position to begin at, and how many matching records to pass over from there."""
    if query.after is not None:
        return query.after, 0
    before = (query.page - 1) * size
    return (0, before) if filtered else (before, 0)


def _one(account: Account, entity: str, id_: str, rule: str) -> Record:
    record = account.store.get(entity, id_)
    if record is None:
        raise Refused(rule, f"This account has no such record among its {entity}.")
    return record


def _first(records: Iterator[Record], number: int) -> list[Record]:
    return [record for record, _ in zip(records, range(number), strict=False)]


def list_query(query: Mapping[str, Any]) -> ListQuery:
    """Returns the query for checked parameters, by their names in the contract."""
    names = {
        "page": "page",
        "after": "after",
        "modifiedAfter": "modified_after",
        "isRegistered": "is_registered",
        "isInvited": "is_invited",
        "role": "role",
        "includeInactiveContracts": "include_inactive_contracts",
    }
    return ListQuery(**{names[name]: value for name, value in query.items() if name in names})
