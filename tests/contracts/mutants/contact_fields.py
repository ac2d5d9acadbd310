"""Contacts that are read back: fields lost, swapped or invented."""

from typing import Any

from tests.contracts.mutants.mutant import V1, V2, mutant
from tests.contracts.mutants.toolkit import CONTACTS, READS, Edit, change, on, put, records, text

V1_CONTACTS = ("getContacts", "getContactById")
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
        check="import-is-read-back",
    ),
    mutant(
        "contact-telephone-and-fax-swapped",
        "Telephone and fax are swapped when they are read.",
        on(*CONTACTS).good().answer(records(_swapped("telephone", "fax"))),
        check="import-is-read-back",
    ),
    mutant(
        "contact-email-hidden",
        "Addresses of mail are hidden.",
        on(*CONTACTS).good().answer(records(put("email", None))),
        check="import-is-read-back",
    ),
    mutant(
        "contact-email-starred",
        "Addresses of mail are starred out.",
        on(*CONTACTS).good().answer(records(change("email", text(lambda t: t[:1] + "***")))),
        check="import-is-read-back",
    ),
    mutant(
        "contact-street-null",
        "Streets of contacts are null.",
        on(*CONTACTS).good().answer(records(put("street", None))),
        check="import-is-read-back",
    ),
    mutant(
        "contact-way-of-contact-default",
        "Who has no preferred way of contact has ONLINE.",
        on(*CONTACTS).good().answer(records(change("preferredWayOfContact", lambda v: v or "ONLINE"))),
        check="absent-fields-are-absent",
    ),
    mutant(
        "contact-registered",
        "Everybody has registered.",
        on(*CONTACTS).good().answer(records(put("isRegistered", True))),
        check="import-is-read-back",
    ),
    mutant(
        "contact-invited",
        "Everybody was invited.",
        V2_CONTACTS.answer(records(put("isInvited", True))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "contact-website-invented",
        "Contacts have a website that nobody sent.",
        on(*V1_CONTACTS).good().answer(records(put("website", "https://www.example.com"))),
        check="import-is-read-back",
        versions=V1,
    ),
    mutant(
        "contact-role-of-company-lost",
        "The role in the company is lost.",
        on(*CONTACTS).good().answer(records(put("companyRole", None))),
        check="import-is-read-back",
    ),
    mutant(
        "contact-company-is-the-name",
        "The company is shown as last name where there is none.",
        on(*V1_CONTACTS).good().answer(records(lambda r: {**r, "lastName": r["lastName"] or r["company"]})),
        check="import-is-read-back",
        versions=V1,
    ),
    mutant(
        "contact-by-id-differs",
        "A single contact is shown without its title.",
        on("getContactById").good().answer(put("title", None)),
        check="single-record-is-that-of-the-list",
        versions=V1,
    ),
    mutant(
        "contact-note-lost",
        "Notes of contacts are lost.",
        V2_CONTACTS.answer(records(put("note", None))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "contact-custom-fields-lost",
        "Custom fields of contacts are null.",
        V2_CONTACTS.answer(records(put("customFields", None))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "contact-custom-fields-empty",
        "Contacts without custom fields have an empty object.",
        V2_CONTACTS.answer(records(change("customFields", lambda f: f or {}))),
        check="absent-fields-are-absent",
        versions=V2,
    ),
    mutant(
        "contact-contracts-lost",
        "Contacts show no contracts.",
        V2_CONTACTS.answer(records(put("contracts", []))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "contact-contracts-first-only",
        "Contacts show only their first contract.",
        V2_CONTACTS.answer(records(_list("contracts", lambda cs: cs[:1]))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "contact-contracts-twice",
        "Contacts show every contract twice.",
        V2_CONTACTS.answer(records(_list("contracts", lambda cs: cs + cs))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "contact-contract-type-lost",
        "Contracts of contacts have no type.",
        V2_CONTACTS.answer(records(put("contracts/*/type", None))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "contact-contract-unit-lost",
        "Contracts of contacts do not name the unit.",
        V2_CONTACTS.answer(records(put("contracts/*/unitId", None))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "contact-contract-property-wrong",
        "Contracts of contacts name the unit as the property.",
        V2_CONTACTS.answer(records(change("contracts/*", lambda c: {**c, "propertyId": c.get("unitId")}))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "contact-contract-number-lost",
        "Contracts of contacts have no number.",
        V2_CONTACTS.answer(records(put("contracts/*/contractNumber", None))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "contact-contract-dates-swapped",
        "Contracts of contacts start when they end.",
        V2_CONTACTS.answer(records(change("contracts/*", _swapped("startDate", "endDate")))),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "internal-number-zero",
        "The vendor's own number is zero.",
        on(*READS).good().answer(records(put("internalId", 0))),
        check="record-keeps-its-number",
    ),
)
