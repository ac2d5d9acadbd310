"""Units and properties that are read back: fields lost, swapped or invented."""

from typing import Any

from tests.contracts.mutants.mutant import V2, mutant
from tests.contracts.mutants.toolkit import Edit, change, drop, on, put, records, text

UNITS = on("listUnits").good()
PROPERTIES = on("listProperties", "getPropertyById").good()


def _swapped(first: str, second: str) -> Edit:
    return lambda r: {**r, first: r.get(second), second: r.get(first)}


def _list(name: str, edit: Any) -> Edit:
    return change(name, lambda value: edit(value) if isinstance(value, list) else value)


MUTANTS = (
    mutant(
        "unit-address-lost",
        "Units do not show their address.",
        UNITS.answer(records(put("address", None))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "unit-address-is-its-name",
        "Units show their name as address.",
        UNITS.answer(records(lambda r: {**r, "address": r.get("name")})),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "unit-property-lost",
        "Units do not name their property.",
        UNITS.answer(records(drop("propertyId"))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "unit-property-wrong",
        "Units name themselves as their property.",
        UNITS.answer(records(lambda r: {**r, "propertyId": r["id"]})),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "unit-name-and-number-swapped",
        "Name and number of units are swapped.",
        UNITS.answer(records(_swapped("name", "number"))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "unit-usage-translated",
        "The usage of units is translated.",
        UNITS.answer(
            records(change("usage", text(lambda t: {"Privat": "private", "Gewerblich": "commercial"}.get(t, "other"))))
        ),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "unit-note-lost",
        "Notes of units are lost.",
        UNITS.answer(records(put("note", None))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "unit-custom-fields-lost",
        "Custom fields of units are lost.",
        UNITS.answer(records(put("customFields", None))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "unit-contracts-lost",
        "Units show no contracts.",
        UNITS.answer(records(put("contracts", []))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "unit-contracts-last-only",
        "Units show only their last contract.",
        UNITS.answer(records(_list("contracts", lambda cs: cs[-1:]))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "unit-contract-contact-internal",
        "Contracts of units name contacts in capitals.",
        UNITS.answer(records(change("contracts/*/contactId", str.upper))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "unit-contract-id-lost",
        "Contracts of units have no id.",
        UNITS.answer(records(put("contracts/*/id", None))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "unit-contract-end-lost",
        "Contracts of units have no end.",
        UNITS.answer(records(put("contracts/*/endDate", None))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "unit-contract-type-wrong",
        "All contracts of units are those of owners.",
        UNITS.answer(records(put("contracts/*/type", "OWNER"))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "property-name-empty",
        "Properties have no name.",
        PROPERTIES.answer(records(put("name", ""))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "property-name-is-its-id",
        "Properties have their id for a name.",
        PROPERTIES.answer(records(lambda r: {**r, "name": r["id"]})),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "property-city-lost",
        "Cities of properties are lost.",
        PROPERTIES.answer(records(put("city", None))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "property-number-and-msc-swapped",
        "Number and measuring service number of properties are swapped.",
        PROPERTIES.answer(records(_swapped("number", "mscNumber"))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "property-provider-lost",
        "Names of measuring services are lost.",
        PROPERTIES.answer(records(put("mscProviderName", None))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "property-custom-fields-lost",
        "Custom fields of properties are lost.",
        PROPERTIES.answer(records(put("customFields", None))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "property-addresses-lost",
        "Properties show no addresses.",
        PROPERTIES.answer(records(put("addresses", []))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "property-last-address-lost",
        "Properties show all addresses but the last of several.",
        PROPERTIES.answer(records(_list("addresses", lambda a: a[:-1] if len(a) > 1 else a))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "property-units-lost",
        "Addresses of properties show no units.",
        PROPERTIES.answer(records(put("addresses/*/units", []))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "property-units-first-only",
        "Addresses of properties show only their first unit.",
        PROPERTIES.answer(records(_list("addresses/*/units", lambda us: us[:1]))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "property-units-at-every-address",
        "Every address of a property shows all its units.",
        PROPERTIES.answer(
            records(
                lambda r: {
                    **r,
                    "addresses": [
                        {**a, "units": [u for b in r["addresses"] for u in b["units"]]} for a in r["addresses"]
                    ],
                }
            )
        ),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "property-streets-swapped",
        "The streets of a property stand beside the wrong units.",
        PROPERTIES.answer(
            records(
                lambda r: {
                    **r,
                    "addresses": [
                        {**a, "street": b["street"]} for a, b in zip(r["addresses"], r["addresses"][::-1], strict=True)
                    ],
                }
            )
        ),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "property-responsibilities-lost",
        "Properties show no responsibilities.",
        PROPERTIES.answer(records(put("responsibilities", []))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "property-last-responsibility-lost",
        "Properties show all responsibilities but the last.",
        PROPERTIES.answer(records(_list("responsibilities", lambda rs: rs[:-1]))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "responsibility-role-wrong",
        "Responsibilities show the type of the role as its name.",
        PROPERTIES.answer(records(change("responsibilities/*", lambda r: {**r, "roleName": r["roleType"]}))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "responsibility-type-wrong",
        "All responsibilities are external.",
        PROPERTIES.answer(records(put("responsibilities/*/roleType", "external"))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "responsibility-contact-wrong",
        "Responsibilities name the property as the contact.",
        PROPERTIES.answer(
            records(lambda r: {**r, "responsibilities": [{**x, "contactId": r["id"]} for x in r["responsibilities"]]})
        ),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "responsibility-name-wrong",
        "Responsibilities show the id of the contact as its name.",
        PROPERTIES.answer(records(change("responsibilities/*", lambda r: {**r, "contactName": r["contactId"]}))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "responsibility-number-wrong",
        "Responsibilities show the number of the property as that of the contact.",
        PROPERTIES.answer(
            records(
                lambda r: {
                    **r,
                    "responsibilities": [
                        {**x, "contactInternalId": r["internalId"] + 1_000_000} for x in r["responsibilities"]
                    ],
                }
            )
        ),
        check="record-keeps-its-number",
        versions=V2,
    ),
    mutant(
        "responsibility-telephone-lost",
        "Responsibilities do not show the telephone of the contact.",
        PROPERTIES.answer(records(put("responsibilities/*/telephone", None))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "responsibility-email-wrong",
        "Responsibilities show an email that nobody sent.",
        PROPERTIES.answer(records(put("responsibilities/*/email", "office@example.com"))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "property-by-id-differs",
        "A single property is shown without its note.",
        on("getPropertyById").good().answer(put("note", None)),
        check="single-record-is-that-of-the-list",
        versions=V2,
    ),
    mutant(
        "property-link-broken",
        "The link into the user interface is empty.",
        PROPERTIES.answer(records(put("appLink", ""))),
        check="link-into-the-user-interface-is-a-records-own",
        versions=V2,
    ),
    mutant(
        "property-images-invented",
        "Properties have an image that nobody sent.",
        PROPERTIES.answer(records(put("images", ["https://www.example.com/house.jpg"]))),
        check="import-is-read-back",
        versions=V2,
    ),
)
