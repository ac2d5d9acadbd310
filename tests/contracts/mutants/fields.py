"""Fields of records that are read back: lost, swapped or invented."""

from typing import Any

from tests.contracts.mutants.mutant import V1, V2, mutant
from tests.contracts.mutants.toolkit import CONTACTS, READS, Edit, change, drop, on, put, records, text

V1_CONTACTS = ("getContacts", "getContactById")
UNITS = on("listUnits").good()
PROPERTIES = on("listProperties", "getPropertyById").good()
V2_CONTACTS = on("listContacts").good()


def _swapped(first: str, second: str) -> Edit:
    return lambda r: {**r, first: r.get(second), second: r.get(first)}


def _list(name: str, edit: Any) -> Edit:
    return change(name, lambda value: edit(value) if isinstance(value, list) else value)


MUTANTS = (
    mutant(
        "contact-names-swapped",
        "First and last names are swapped when they are read.",
        on(*CONTACTS).good().answer(records(_swapped("firstName", "lastName"))),
        law="?",
    ),
    mutant(
        "contact-telephone-and-fax-swapped",
        "Telephone and fax are swapped when they are read.",
        on(*CONTACTS).good().answer(records(_swapped("telephone", "fax"))),
        law="?",
    ),
    mutant(
        "contact-email-hidden",
        "Addresses of mail are hidden.",
        on(*CONTACTS).good().answer(records(put("email", None))),
        law="?",
    ),
    mutant(
        "contact-email-starred",
        "Addresses of mail are starred out.",
        on(*CONTACTS).good().answer(records(change("email", text(lambda t: t[:1] + "***")))),
        law="?",
    ),
    mutant(
        "contact-street-null",
        "Streets of contacts are null.",
        on(*CONTACTS).good().answer(records(put("street", None))),
        law="?",
    ),
    mutant(
        "contact-way-of-contact-default",
        "Who has no preferred way of contact has ONLINE.",
        on(*CONTACTS).good().answer(records(change("preferredWayOfContact", lambda v: v or "ONLINE"))),
        law="?",
    ),
    mutant(
        "contact-registered",
        "Everybody has registered.",
        on(*CONTACTS).good().answer(records(put("isRegistered", True))),
        law="?",
    ),
    mutant(
        "contact-invited",
        "Everybody was invited.",
        V2_CONTACTS.answer(records(put("isInvited", True))),
        law="?",
        versions=V2,
    ),
    mutant(
        "contact-website-invented",
        "Contacts have a website that nobody sent.",
        on(*V1_CONTACTS).good().answer(records(put("website", "https://www.example.com"))),
        law="?",
        versions=V1,
    ),
    mutant(
        "contact-role-of-company-lost",
        "The role in the company is lost.",
        on(*CONTACTS).good().answer(records(put("companyRole", None))),
        law="?",
    ),
    mutant(
        "contact-company-is-the-name",
        "The company is shown as last name where there is none.",
        on(*V1_CONTACTS).good().answer(records(lambda r: {**r, "lastName": r["lastName"] or r["company"]})),
        law="?",
        versions=V1,
    ),
    mutant(
        "contact-by-id-differs",
        "A single contact is shown without its title.",
        on("getContactById").good().answer(put("title", None)),
        law="?",
        versions=V1,
    ),
    mutant(
        "contact-note-lost",
        "Notes of contacts are lost.",
        V2_CONTACTS.answer(records(put("note", None))),
        law="?",
        versions=V2,
    ),
    mutant(
        "contact-custom-fields-lost",
        "Custom fields of contacts are null.",
        V2_CONTACTS.answer(records(put("customFields", None))),
        law="?",
        versions=V2,
    ),
    mutant(
        "contact-custom-fields-empty",
        "Contacts without custom fields have an empty object.",
        V2_CONTACTS.answer(records(change("customFields", lambda f: f or {}))),
        law="?",
        versions=V2,
    ),
    mutant(
        "contact-contracts-lost",
        "Contacts show no contracts.",
        V2_CONTACTS.answer(records(put("contracts", []))),
        law="?",
        versions=V2,
    ),
    mutant(
        "contact-contracts-first-only",
        "Contacts show only their first contract.",
        V2_CONTACTS.answer(records(_list("contracts", lambda cs: cs[:1]))),
        law="?",
        versions=V2,
    ),
    mutant(
        "contact-contracts-twice",
        "Contacts show every contract twice.",
        V2_CONTACTS.answer(records(_list("contracts", lambda cs: cs + cs))),
        law="?",
        versions=V2,
    ),
    mutant(
        "contact-contract-type-lost",
        "Contracts of contacts have no type.",
        V2_CONTACTS.answer(records(put("contracts/*/type", None))),
        law="?",
        versions=V2,
    ),
    mutant(
        "contact-contract-unit-lost",
        "Contracts of contacts do not name the unit.",
        V2_CONTACTS.answer(records(put("contracts/*/unitId", None))),
        law="?",
        versions=V2,
    ),
    mutant(
        "contact-contract-property-wrong",
        "Contracts of contacts name the unit as the property.",
        V2_CONTACTS.answer(records(change("contracts/*", lambda c: {**c, "propertyId": c.get("unitId")}))),
        law="?",
        versions=V2,
    ),
    mutant(
        "contact-contract-number-lost",
        "Contracts of contacts have no number.",
        V2_CONTACTS.answer(records(put("contracts/*/contractNumber", None))),
        law="?",
        versions=V2,
    ),
    mutant(
        "contact-contract-dates-swapped",
        "Contracts of contacts start when they end.",
        V2_CONTACTS.answer(records(change("contracts/*", _swapped("startDate", "endDate")))),
        law="?",
        versions=V2,
    ),
    mutant(
        "unit-address-lost",
        "Units do not show their address.",
        UNITS.answer(records(put("address", None))),
        law="?",
        versions=V2,
    ),
    mutant(
        "unit-address-is-its-name",
        "Units show their name as address.",
        UNITS.answer(records(lambda r: {**r, "address": r.get("name")})),
        law="?",
        versions=V2,
    ),
    mutant(
        "unit-property-lost",
        "Units do not name their property.",
        UNITS.answer(records(drop("propertyId"))),
        law="?",
        versions=V2,
    ),
    mutant(
        "unit-property-wrong",
        "Units name themselves as their property.",
        UNITS.answer(records(lambda r: {**r, "propertyId": r["id"]})),
        law="?",
        versions=V2,
    ),
    mutant(
        "unit-name-and-number-swapped",
        "Name and number of units are swapped.",
        UNITS.answer(records(_swapped("name", "number"))),
        law="?",
        versions=V2,
    ),
    mutant(
        "unit-usage-translated",
        "The usage of units is translated.",
        UNITS.answer(
            records(change("usage", text(lambda t: {"Privat": "private", "Gewerblich": "commercial"}.get(t, "other"))))
        ),
        law="?",
        versions=V2,
    ),
    mutant(
        "unit-note-lost", "Notes of units are lost.", UNITS.answer(records(put("note", None))), law="?", versions=V2
    ),
    mutant(
        "unit-custom-fields-lost",
        "Custom fields of units are lost.",
        UNITS.answer(records(put("customFields", None))),
        law="?",
        versions=V2,
    ),
    mutant(
        "unit-contracts-lost",
        "Units show no contracts.",
        UNITS.answer(records(put("contracts", []))),
        law="?",
        versions=V2,
    ),
    mutant(
        "unit-contracts-last-only",
        "Units show only their last contract.",
        UNITS.answer(records(_list("contracts", lambda cs: cs[-1:]))),
        law="?",
        versions=V2,
    ),
    mutant(
        "unit-contract-contact-internal",
        "Contracts of units name contacts in capitals.",
        UNITS.answer(records(change("contracts/*/contactId", str.upper))),
        law="?",
        versions=V2,
    ),
    mutant(
        "unit-contract-id-lost",
        "Contracts of units have no id.",
        UNITS.answer(records(put("contracts/*/id", None))),
        law="?",
        versions=V2,
    ),
    mutant(
        "unit-contract-end-lost",
        "Contracts of units have no end.",
        UNITS.answer(records(put("contracts/*/endDate", None))),
        law="?",
        versions=V2,
    ),
    mutant(
        "unit-contract-type-wrong",
        "All contracts of units are those of owners.",
        UNITS.answer(records(put("contracts/*/type", "OWNER"))),
        law="?",
        versions=V2,
    ),
    mutant(
        "property-name-empty",
        "Properties have no name.",
        PROPERTIES.answer(records(put("name", ""))),
        law="?",
        versions=V2,
    ),
    mutant(
        "property-name-is-its-id",
        "Properties have their id for a name.",
        PROPERTIES.answer(records(lambda r: {**r, "name": r["id"]})),
        law="?",
        versions=V2,
    ),
    mutant(
        "property-city-lost",
        "Cities of properties are lost.",
        PROPERTIES.answer(records(put("city", None))),
        law="?",
        versions=V2,
    ),
    mutant(
        "property-number-and-msc-swapped",
        "Number and measuring service number of properties are swapped.",
        PROPERTIES.answer(records(_swapped("number", "mscNumber"))),
        law="?",
        versions=V2,
    ),
    mutant(
        "property-provider-lost",
        "Names of measuring services are lost.",
        PROPERTIES.answer(records(put("mscProviderName", None))),
        law="?",
        versions=V2,
    ),
    mutant(
        "property-custom-fields-lost",
        "Custom fields of properties are lost.",
        PROPERTIES.answer(records(put("customFields", None))),
        law="?",
        versions=V2,
    ),
    mutant(
        "property-addresses-lost",
        "Properties show no addresses.",
        PROPERTIES.answer(records(put("addresses", []))),
        law="?",
        versions=V2,
    ),
    mutant(
        "property-last-address-lost",
        "Properties show all addresses but the last of several.",
        PROPERTIES.answer(records(_list("addresses", lambda a: a[:-1] if len(a) > 1 else a))),
        law="?",
        versions=V2,
    ),
    mutant(
        "property-units-lost",
        "Addresses of properties show no units.",
        PROPERTIES.answer(records(put("addresses/*/units", []))),
        law="?",
        versions=V2,
    ),
    mutant(
        "property-units-first-only",
        "Addresses of properties show only their first unit.",
        PROPERTIES.answer(records(_list("addresses/*/units", lambda us: us[:1]))),
        law="?",
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
        law="?",
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
        law="?",
        versions=V2,
    ),
    mutant(
        "property-responsibilities-lost",
        "Properties show no responsibilities.",
        PROPERTIES.answer(records(put("responsibilities", []))),
        law="?",
        versions=V2,
    ),
    mutant(
        "property-last-responsibility-lost",
        "Properties show all responsibilities but the last.",
        PROPERTIES.answer(records(_list("responsibilities", lambda rs: rs[:-1]))),
        law="?",
        versions=V2,
    ),
    mutant(
        "responsibility-role-wrong",
        "Responsibilities show the type of the role as its name.",
        PROPERTIES.answer(records(change("responsibilities/*", lambda r: {**r, "roleName": r["roleType"]}))),
        law="?",
        versions=V2,
    ),
    mutant(
        "responsibility-type-wrong",
        "All responsibilities are external.",
        PROPERTIES.answer(records(put("responsibilities/*/roleType", "external"))),
        law="?",
        versions=V2,
    ),
    mutant(
        "responsibility-contact-wrong",
        "Responsibilities name the property as the contact.",
        PROPERTIES.answer(
            records(lambda r: {**r, "responsibilities": [{**x, "contactId": r["id"]} for x in r["responsibilities"]]})
        ),
        law="?",
        versions=V2,
    ),
    mutant(
        "responsibility-name-wrong",
        "Responsibilities show the id of the contact as its name.",
        PROPERTIES.answer(records(change("responsibilities/*", lambda r: {**r, "contactName": r["contactId"]}))),
        law="?",
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
        law="?",
        versions=V2,
    ),
    mutant(
        "responsibility-telephone-lost",
        "Responsibilities do not show the telephone of the contact.",
        PROPERTIES.answer(records(put("responsibilities/*/telephone", None))),
        law="?",
        versions=V2,
    ),
    mutant(
        "responsibility-email-wrong",
        "Responsibilities show an email that nobody sent.",
        PROPERTIES.answer(records(put("responsibilities/*/email", "office@example.com"))),
        law="?",
        versions=V2,
    ),
    mutant(
        "property-by-id-differs",
        "A single property is shown without its note.",
        on("getPropertyById").good().answer(put("note", None)),
        law="?",
        versions=V2,
    ),
    mutant(
        "property-link-broken",
        "The link into the user interface is empty.",
        PROPERTIES.answer(records(put("appLink", ""))),
        law="?",
        versions=V2,
    ),
    mutant(
        "property-images-invented",
        "Properties have an image that nobody sent.",
        PROPERTIES.answer(records(put("images", ["https://www.example.com/house.jpg"]))),
        law="?",
        versions=V2,
    ),
    mutant(
        "internal-number-zero",
        "The vendor's own number is zero.",
        on(*READS).good().answer(records(put("internalId", 0))),
        law="?",
    ),
)
