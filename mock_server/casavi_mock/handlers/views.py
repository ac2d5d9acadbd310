"""What a stored record looks like to a client, in each version of the API. Source: facts page, section 9."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime

from casavi_mock.domain.clock import timestamp
from casavi_mock.domain.model import Json, Record
from casavi_mock.domain.policy import Policy
from casavi_mock.domain.store import Store

_LINK = "https://{}/tenants/1/manage"
"""Begin of every `appLink`; assumption `app-link`. Its domain exists nowhere, so nobody is led to a real account."""

_CONTACT_V1 = (
    "title", "salutation", "firstName", "lastName", "companyRole", "email", "telephone", "mobile", "fax", "website",
    "street", "postalCode", "city", "country",
)  # fmt: skip
_CONTACT_V2 = (
    "title", "salutation", "firstName", "lastName", "companyName", "companyRole", "email", "telephone", "mobile", "fax",
    "street", "postalCode", "city", "country", "note", "preferredWayOfContact", "customFields",
)  # fmt: skip
_PROPERTY = (
    "note", "country", "city", "postalCode", "number", "mscNumber", "mscProviderName", "mscProviderIdentifier",
    "customFields",
)  # fmt: skip
_UNIT = ("name", "number", "usage", "note", "customFields")
_DAY = 10
"""Characters of a date without a time."""

_CONTRACT_DATES = ("startDate", "endDate")


def contact_v1(store: Store, record: Record) -> dict[str, Json]:
    """Returns a contact in the form of version 1: all keys, `company` in place of `companyName`, null if absent."""
    fields = record.fields
    return {
        "id": record.key,
        "internalId": record.internal_id,
        **{name: fields.get(name) for name in _CONTACT_V1},
        "company": fields.get("companyName"),
        "isRegistered": store.portal.get(str(record.key), (False, False))[0],
        "preferredWayOfContact": fields.get("preferredWayOfContact"),
    }


def contact_v2(store: Store, record: Record, policy: Policy) -> dict[str, Json]:
    """Returns a contact in the form of version 2; `contracts` is always there."""
    registered, invited = store.portal.get(str(record.key), (False, False))
    return {
        "id": record.key,
        "internalId": record.internal_id,
        **_fields(record.fields, _CONTACT_V2, policy),
        "isRegistered": registered,
        "isInvited": invited,
        "contracts": [
            _contact_contract(unit, contract, policy) for unit, contract in _contracts_of(store, str(record.key))
        ],
        "appLink": f"{_LINK.format(policy.app_link)}/contacts/{record.internal_id}",
    }


def unit_v2(store: Store, record: Record, policy: Policy, today: date | None) -> dict[str, Json]:
    """Returns a unit in the form of version 2.

    Args:
        store: Where it stands.
        record: The unit.
        policy: How absent values are shown, and which contracts count as inactive.
        today: The day on which contracts have to be in force; None shows all.
    """
    contracts = record.fields.get("contracts", ())
    return {
        "id": record.key,
        "internalId": record.internal_id,
        "propertyId": record.place["propertyId"],
        "address": record.place["street"],
        **_fields(record.fields, _UNIT, policy),
        "contracts": [
            _unit_contract(contract, policy)
            for contract in contracts
            if today is None or _in_force(contract, today, policy)
        ],
    }


def property_v2(store: Store, record: Record, policy: Policy) -> dict[str, Json]:
    """Returns a property in the form of version 2."""
    id_ = str(record.key)
    units: dict[str, list[Json]] = {street: [] for street in record.fields.get("addresses", ())}
    for unit in store.linked("units of properties", id_):
        units.setdefault(unit.place["street"], []).append(unit.key)
    return {
        "id": record.key,
        "internalId": record.internal_id,
        "name": record.fields.get("name", ""),
        **_fields(record.fields, _PROPERTY, policy),
        "images": [],
        "addresses": [{"street": street, "units": ids} for street, ids in units.items()],
        "responsibilities": [
            _responsibility(store, one, policy) for one in store.linked("responsibilities of properties", id_)
        ],
        "appLink": f"{_LINK.format(policy.app_link)}/properties/{record.internal_id}",
    }


def roles(store: Store, contact_id: str) -> set[str]:
    """Returns what a contact is: types of its contracts and roles of its responsibilities; assumption `role-filter`."""
    types = {contract["type"] for _, contract in _contracts_of(store, contact_id) if contract.get("type")}
    return types | {record.fields["roleName"] for record in store.linked("responsibilities of contacts", contact_id)}


def _fields(fields: Mapping[str, Json], names: tuple[str, ...], policy: Policy) -> dict[str, Json]:
    if policy.v2_absent_values == "omitted":
        return {name: fields[name] for name in names if name in fields}
    return {name: fields.get(name) for name in names}


def _contracts_of(store: Store, contact_id: str) -> Iterator[tuple[Record, Mapping[str, Json]]]:
    for unit in store.linked("units of contacts", contact_id):
        for contract in unit.fields["contracts"]:
            if contract["contactId"] == contact_id:
                yield unit, contract


def _contact_contract(unit: Record, contract: Mapping[str, Json], policy: Policy) -> dict[str, Json]:
    return {
        **_fields(contract, ("type",), policy),
        "propertyId": unit.place["propertyId"],
        "unitId": unit.key,
        **_fields(contract, ("contractNumber",), policy),
        **_dates(contract, policy),
    }


def _unit_contract(contract: Mapping[str, Json], policy: Policy) -> dict[str, Json]:
    return {
        **_fields(contract, ("id",), policy),
        "contactId": contract["contactId"],
        **_fields(contract, ("type", "contractNumber"), policy),
        **_dates(contract, policy),
    }


def _dates(contract: Mapping[str, Json], policy: Policy) -> dict[str, Json]:
    form = policy.contract_date_format
    return {name: _shown(text, form) for name, text in _fields(contract, _CONTRACT_DATES, policy).items()}


def _shown(text: str | None, form: str) -> str | None:
    """Returns a date of a contract as it is read; assumption `contract-date-format`."""
    if text is None or form == "as-sent":
        return text
    if form == "date":
        return text[:_DAY]
    try:
        sent = datetime.fromisoformat(text)
        moment = sent.replace(tzinfo=UTC) if sent.tzinfo is None else sent.astimezone(UTC)
    except (ValueError, OverflowError):  # valid by RFC 3339 and yet beyond the calendar: a leap second, the year 0
        return text
    return timestamp(moment)


def _responsibility(store: Store, record: Record, policy: Policy) -> dict[str, Json]:
    contact = store.get("contacts", record.fields["contactId"])
    assert contact is not None, "a responsibility is refused while its contact is missing, and nothing is deleted"
    fields = contact.fields
    person = " ".join(fields[name] for name in ("firstName", "lastName") if fields.get(name))
    return {
        "contactId": contact.key,
        "contactInternalId": contact.internal_id,
        "contactName": person or fields.get("companyName", ""),
        "roleName": record.fields["roleName"],
        "roleType": record.fields["roleType"],
        **_fields(fields, ("email", "telephone"), policy),
    }


def _in_force(contract: Mapping[str, Json], today: date, policy: Policy) -> bool:
    """Whether a contract counts as active on a day; assumption `inactive-contracts`."""
    start, end = _day(contract.get("startDate")), _day(contract.get("endDate"))
    if end is not None and end < today:
        return False
    return policy.inactive_contracts == "ended" or start is None or start <= today


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text[:_DAY])  # of a date-time the day where it was written
    except ValueError:  # valid by RFC 3339 and yet beyond the calendar, such as year 0: nothing can be said
        return None
