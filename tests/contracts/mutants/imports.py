"""Imports whose records arrive as others: cleared, swapped, moved or invented."""

from collections.abc import Callable
from typing import Any

from tests.contracts.mutants.mutant import V2, mutant
from tests.contracts.mutants.toolkit import Edit, change, drop, edits, on, rename, text
from tests.support.tamper import Forward, Request, Response

IMPORT = on("importMasterData")
UNITS = "properties/*/addresses/*/units/*"
CONTRACTS = f"{UNITS}/contracts/*"


def _of(items: Any) -> list[Any]:
    """The objects of a list; nothing of what is no list."""
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _each_list(name: str, edit: Callable[[list[Any]], list[Any]]) -> Edit:
    return change(name, lambda value: edit(value) if isinstance(value, list) else value)


def _with_contacts(body: Any) -> Any:
    """Contacts that are missing are invented."""
    known = {c.get("id") for c in _of(body.get("contacts"))}
    named = [r.get("contactId") for r in _of(body.get("responsibilities"))]
    named += [
        c.get("contactId")
        for p in _of(body.get("properties"))
        for a in _of(p.get("addresses"))
        for u in _of(a.get("units"))
        for c in _of(u.get("contracts"))
    ]
    missing = [{"id": i} for i in dict.fromkeys(named) if isinstance(i, str) and i and i not in known]
    return {**body, "contacts": [*body.get("contacts", ()), *missing]} if missing else body


def _without_dangling(body: Any) -> Any:
    """Responsibilities whose contact is not in the request are left out."""
    known = {c.get("id") for c in _of(body.get("contacts"))}
    return _each_list("responsibilities", lambda rs: [r for r in rs if r.get("contactId") in known])(body)


def _last_wins(body: Any) -> Any:
    return _each_list("contacts", lambda cs: [*{c.get("id"): c for c in cs if isinstance(c, dict)}.values()])(body)


def _first_address(body: Any) -> Any:
    """All units come to the first address."""

    def moved(addresses: Any) -> Any:
        units = [u for a in _of(addresses) for u in _of(a.get("units"))]
        if len(_of(addresses)) < 2 or not units:
            return addresses
        rest = [{**a, "units": []} for a in addresses[1:]]
        return [{**addresses[0], "units": units}, *rest]

    return change("properties/*/addresses", moved)(body)


def _first_property(body: Any) -> Any:
    """All addresses come to the first property."""
    properties = _of(body.get("properties"))
    if len(properties) < 2:
        return body
    addresses = [a for p in properties for a in _of(p.get("addresses"))]
    rest = [{**p, "addresses": []} for p in properties[1:]]
    return {**body, "properties": [{**properties[0], "addresses": addresses}, *rest]}


def _swapped_dates(contract: Any) -> Any:
    start, end = contract.get("startDate"), contract.get("endDate")
    return {**contract, "startDate": end, "endDate": start} if start and end and end < start else contract


def _contact_fields(edit: Callable[[dict[str, Any]], dict[str, Any]]) -> Edit:
    return change("contacts/*", lambda c: edit(c) if isinstance(c, dict) else c)


FIELDS = ("title", "salutation", "firstName", "lastName", "companyName", "note", "city", "street", "customFields")

MUTANTS = (
    mutant(
        "import-swaps-names",
        "First and last names are swapped.",
        IMPORT.request(
            _contact_fields(
                lambda c: {
                    ("lastName" if k == "firstName" else "firstName" if k == "lastName" else k): v for k, v in c.items()
                }
            )
        ),
        check="imported-records-are-stored",
    ),
    mutant(
        "import-swaps-telephones",
        "Telephone and mobile are swapped.",
        IMPORT.request(
            _contact_fields(
                lambda c: {
                    ("mobile" if k == "telephone" else "telephone" if k == "mobile" else k): v for k, v in c.items()
                }
            )
        ),
        check="child-before-parent-is-refused-and-named",
    ),
    mutant(
        "import-swaps-records",
        "The fields of the first contact go to the second, and the other way round.",
        IMPORT.request(
            _each_list(
                "contacts",
                lambda cs: (
                    [{**cs[1], "id": cs[0].get("id")}, {**cs[0], "id": cs[1].get("id")}, *cs[2:]]
                    if len(_of(cs)) > 1 and len(_of(cs)) == len(cs) and all("id" in c for c in cs[:2])
                    else cs
                ),
            )
        ),
        check="imported-records-are-stored",
    ),
    mutant(
        "import-ignores-null",
        "Null clears nothing.",
        IMPORT.request(_contact_fields(lambda c: {k: v for k, v in c.items() if v is not None})),
        check="null-clears-a-field",
    ),
    mutant(
        "import-clears-what-is-omitted",
        "Fields of a contact that are not mentioned are cleared.",
        IMPORT.request(_contact_fields(lambda c: {**dict.fromkeys(FIELDS), **c} if "id" in c else c)),
        check="omitted-fields-stay",
    ),
    mutant(
        "import-clears-for-empty-texts",
        "An empty text clears a field.",
        IMPORT.request(_contact_fields(lambda c: {k: None if v == "" and k != "id" else v for k, v in c.items()})),
        check="any-part-of-a-portfolio-may-come-alone",
    ),
    mutant(
        "import-replaces-custom-fields",
        "A contact keeps only those custom fields that came last.",
        lambda: _Replacing(),
        check="custom-fields-are-merged-by-name",
        versions=V2,
    ),
    mutant(
        "import-invents-missing-contacts",
        "A contact that is referred to and does not exist is created.",
        IMPORT.request(lambda b: _with_contacts(b) if isinstance(b, dict) else b),
        check="child-before-parent-is-refused-and-named",
    ),
    mutant(
        "import-drops-dangling-responsibilities",
        "Responsibilities whose contact is not in the request are left out silently.",
        IMPORT.request(lambda b: _without_dangling(b) if isinstance(b, dict) else b),
        check="child-before-parent-is-refused-and-named",
    ),
    mutant(
        "import-forgets-earlier-contacts",
        "A reference counts only if the contact is in the same request.",
        IMPORT.request(change("responsibilities/*", lambda r: r)).request(
            lambda b: _strict(b) if isinstance(b, dict) else b
        ),
        check="split-in-dependency-order-does-not-matter",
    ),
    mutant(
        "import-last-duplicate-wins",
        "Of two contacts with the same id in one request the last one counts.",
        IMPORT.request(lambda b: _last_wins(b) if isinstance(b, dict) else b),
        check="flawed-documents-get-what-was-worked-out",
    ),
    mutant(
        "import-units-to-the-first-address",
        "All units come to the first address of their property.",
        IMPORT.request(_first_address),
        check="imported-records-are-stored",
        versions=V2,
    ),
    mutant(
        "import-addresses-to-the-first-property",
        "All addresses come to the first property of the request.",
        IMPORT.request(lambda b: _first_property(b) if isinstance(b, dict) else b),
        check="imported-records-are-stored",
        versions=V2,
    ),
    mutant(
        "import-corrects-periods",
        "A contract that ends before it starts is turned round.",
        IMPORT.request(change(CONTRACTS, lambda c: _swapped_dates(c) if isinstance(c, dict) else c)),
        check="contract-must-not-end-before-it-starts",
    ),
    mutant(
        "import-drops-content",
        "The content of documents is not looked at.",
        IMPORT.request(edits(drop("properties/*/documents/*/content"), drop(f"{UNITS}/documents/*/content"))),
        check="content-of-a-document-is-base64",
    ),
    mutant(
        "import-swaps-roles",
        "Owners become renters, and the other way round.",
        IMPORT.request(change(f"{CONTRACTS}/type", lambda t: {"OWNER": "RENTER", "RENTER": "OWNER"}.get(t, t))),
        check="imported-records-are-stored",
        versions=V2,
    ),
    mutant(
        "import-drops-contract-ids",
        "Contracts lose their ids.",
        IMPORT.request(drop(f"{CONTRACTS}/id")),
        check="imported-records-are-stored",
        versions=V2,
    ),
    mutant(
        "import-swaps-role-types",
        "Internal responsibilities become external ones.",
        IMPORT.request(change("responsibilities/*/roleType", lambda t: "external" if t == "internal" else t)),
        check="imported-records-are-stored",
        versions=V2,
    ),
    mutant(
        "import-one-role-for-each-contact",
        "A contact keeps one responsibility in each request.",
        IMPORT.request(
            _each_list(
                "responsibilities",
                lambda rs: (
                    [*{(r.get("contactId"), r.get("propertyId")): r for r in _of(rs)}.values()]
                    if len(_of(rs)) == len(rs)
                    else rs
                ),
            )
        ),
        check="job-counts-every-record",
    ),
    mutant(
        "import-renames-custom-fields",
        "Names of custom fields are written in lower case.",
        IMPORT.request(
            change(
                "contacts/*/customFields", lambda f: {k.lower(): v for k, v in f.items()} if isinstance(f, dict) else f
            )
        ),
        check="imported-records-are-stored",
        versions=V2,
    ),
    mutant(
        "import-takes-notes-for-names",
        "The note of a unit becomes its name.",
        IMPORT.request(edits(drop(f"{UNITS}/name"), rename(f"{UNITS}/note", "name"))),
        check="imported-records-are-stored",
        versions=V2,
    ),
    mutant(
        "import-country-as-code",
        "Names of countries are turned into codes.",
        IMPORT.request(change("contacts/*/country", text(lambda t: t[:2].upper()))),
        check="imported-records-are-stored",
    ),
    mutant(
        "import-marks-everything",
        "Every contact gets a note of the server's.",
        IMPORT.request(_contact_fields(lambda c: {"note": "imported", **c})),
        check="imported-records-are-stored",
        versions=V2,
    ),
)


def _strict(body: Any) -> Any:
    known = {c.get("id") for c in _of(body.get("contacts"))}

    def judged(responsibility: Any) -> Any:
        if not isinstance(responsibility, dict) or responsibility.get("contactId") in known:
            return responsibility
        return {**responsibility, "contactId": f"{responsibility.get('contactId')}?"}

    return change("responsibilities/*", judged)(body)


class _Replacing:
    """Clears the custom fields of a contact before it gets new ones."""

    async def __call__(self, request: Request, forward: Forward) -> Response:
        body = request.json
        if request.operation == "importMasterData" and isinstance(body, dict):
            fielded = [
                {"id": c["id"], "customFields": None}
                for c in _of(body.get("contacts"))
                if c.get("customFields") and c.get("id")
            ]
            if fielded:
                await forward(request.with_json({"contacts": fielded}))
        return await forward(request)
