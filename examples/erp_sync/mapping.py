"""Makes casavi's master data of an export. Reference ids are the ERP's own numbers, with a letter for the kind."""

from typing import Any

from erp_sync.erp import Export, Row

_KINDS = {"tenant": "RENTER", "owner": "OWNER"}
_WAYS = {"online": "ONLINE", "letter": "LETTER"}


def contacts(export: Export) -> list[dict[str, Any]]:
    """Returns the contacts."""
    return [
        {
            "id": contact_id(row["no"]),
            "salutation": row["salutation"] or None,
            "firstName": row["first_name"] or None,
            "lastName": row["last_name"] or None,
            "companyName": row["company"] or None,
            "email": row["email"] or None,
            "telephone": row["phone"] or None,
            "street": row["street"],
            "postalCode": row["zip"],
            "city": row["city"],
            "preferredWayOfContact": _WAYS[row["mail_by"]],
        }
        for row in export.contacts
    ]


def properties(export: Export) -> list[dict[str, Any]]:
    """Returns the properties with their units, and the units with their contracts."""
    return [
        {
            "id": property_id(row["no"]),
            "name": row["name"],
            "postalCode": row["zip"],
            "city": row["city"],
            "addresses": [
                {
                    "street": row["street"],
                    "units": [_unit(export, unit) for unit in export.units if unit["property"] == row["no"]],
                }
            ],
        }
        for row in export.properties
    ]


def responsibilities(export: Export) -> list[dict[str, Any]]:
    """Returns who manages which property."""
    return [
        {
            "propertyId": property_id(row["no"]),
            "contactId": contact_id(row["manager_contact"]),
            "roleName": "Hausverwaltung",
            "roleType": "internal",
        }
        for row in export.properties
    ]


def contact_id(number: str) -> str:
    """Returns the reference id of a contact."""
    return f"K{number}"


def property_id(number: str) -> str:
    """Returns the reference id of a property."""
    return f"O{number}"


def unit_id(house: str, number: str) -> str:
    """Returns the reference id of a unit: unique over all properties."""
    return f"O{house}/{number}"


def _unit(export: Export, row: Row) -> dict[str, Any]:
    leases = [lease for lease in export.leases if (lease["property"], lease["unit"]) == (row["property"], row["no"])]
    return {
        "id": unit_id(row["property"], row["no"]),
        "name": row["name"],
        "usage": row["usage"],
        "contracts": [
            {
                "contactId": contact_id(lease["contact"]),
                "type": _KINDS[lease["kind"]],
                "contractNumber": lease["no"],
                "startDate": lease["from"],
                "endDate": lease["to"] or None,
            }
            for lease in leases
        ],
    }
