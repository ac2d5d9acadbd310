"""What may be read of an account, in both versions of the API. What is absent is null here."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from casavi_contracts.model.account import Account, Stored
from casavi_contracts.model.dates import FORMAT, as_read

_CONTACT_V1 = (
    "title", "salutation", "firstName", "lastName", "companyRole", "email", "telephone", "mobile", "fax", "website",
    "street", "postalCode", "city", "country", "preferredWayOfContact",
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
_TERMS = ("type", "contractNumber", "startDate", "endDate")


class View:
    """Reads an account of the model. Numbers and links that only a server can give are left out.

    Args:
        account: The account.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._contacts = account.tables["contacts"]
        self._units = account.tables["units"]
        self._responsibilities = account.tables["responsibilities"]
        self._contracts: dict[str, list[dict[str, Any]]] = {}
        for (id_,), unit in self._units.items():
            for contract in unit.fields.get("contracts", ()):
                assert unit.home is not None, "a unit stands in a property"
                shown = {**self._terms(contract), "propertyId": unit.home[1], "unitId": id_}
                self._contracts.setdefault(contract["contactId"], []).append(shown)

    def contacts_v1(self) -> dict[str, dict[str, Any]]:
        """Returns the contacts of version 1 by reference id. Source: facts page, section 9.1."""
        return {
            id_: {
                "id": id_,
                **_picked(stored.fields, _CONTACT_V1),
                "company": stored.fields.get("companyName"),
                "isRegistered": False,
            }
            for (id_,), stored in self._contacts.items()
        }

    def contacts_v2(self) -> dict[str, dict[str, Any]]:
        """Returns the contacts of version 2 by reference id. Source: facts page, section 9.2."""
        return {
            id_: {
                "id": id_,
                **_picked(stored.fields, _CONTACT_V2),
                "isRegistered": False,
                "isInvited": False,
                "contracts": [*self._contracts.get(id_, ())],
            }
            for (id_,), stored in self._contacts.items()
        }

    def units(self, today: date | None = None) -> dict[str, dict[str, Any]]:
        """Returns the units by reference id. Source: facts page, section 9.5.

        Args:
            today: The day on which contracts have to be in force to be shown; None shows all.
        """
        return {id_: self._unit(id_, stored, today) for (id_,), stored in self._units.items()}

    def properties(self) -> dict[str, dict[str, Any]]:
        """Returns the properties by reference id. Source: facts page, section 9.3."""
        return {id_: self._property(id_, stored) for (id_,), stored in self._account.tables["properties"].items()}

    def roles(self, contact_id: str) -> set[str]:
        """Returns what the filter by role knows a contact as. Source: assumption `role-filter`."""
        types = {contract["type"] for contract in self._contracts.get(contact_id, ()) if contract["type"]}
        return types | {key[2] for key in self._responsibilities if key[1] == contact_id}

    def _unit(self, id_: str, stored: Stored, today: date | None) -> dict[str, Any]:
        assert stored.home is not None, "a unit stands in a property"
        contracts = stored.fields.get("contracts", ())
        return {
            "id": id_,
            "propertyId": stored.home[1],
            "address": stored.home[2],
            **_picked(stored.fields, _UNIT),
            "contracts": [
                {**_picked(contract, ("id", "contactId")), **self._terms(contract)}
                for contract in contracts
                if today is None or self._in_force(contract, today)
            ],
        }

    def _terms(self, contract: Mapping[str, Any]) -> dict[str, Any]:
        form = self._account.contract.values[FORMAT]
        dates = {name: as_read(contract.get(name), form) for name in ("startDate", "endDate")}
        return {**_picked(contract, _TERMS), **dates}

    def _property(self, id_: str, stored: Stored) -> dict[str, Any]:
        inside = [
            (unit, other.home[2]) for (unit,), other in self._units.items() if other.home and other.home[1] == id_
        ]
        return {
            "id": id_,
            "name": stored.fields.get("name", ""),
            **_picked(stored.fields, _PROPERTY),
            "images": [],
            "addresses": [
                {"street": street, "units": [unit for unit, at in inside if at == street]}
                for street in stored.fields.get("addresses", ())
            ],
            "responsibilities": [
                self._responsibility(key, other) for key, other in self._responsibilities.items() if key[0] == id_
            ],
        }

    def _responsibility(self, key: tuple[str, ...], stored: Stored) -> dict[str, Any]:
        _, contact_id, role = key
        contact = self._contacts[contact_id,].fields
        person = " ".join(contact[name] for name in ("firstName", "lastName") if contact.get(name))
        return {
            "contactId": contact_id,
            "contactName": person or contact.get("companyName", ""),
            "roleName": role,
            "roleType": stored.fields["roleType"],
            **_picked(contact, ("email", "telephone")),
        }

    def _in_force(self, contract: Mapping[str, Any], today: date) -> bool:
        start, end = contract.get("startDate"), contract.get("endDate")
        if end and date.fromisoformat(end[:10]) < today:
            return False
        begun = not start or date.fromisoformat(start[:10]) <= today
        return begun or self._account.contract.values["inactive-contracts"] == "ended"


def _picked(fields: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: fields.get(name) for name in names}
