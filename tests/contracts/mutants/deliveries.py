"""Imports that do not arrive as they were sent: records lost, sent twice, or in another order."""

from collections.abc import Callable
from typing import Any

from casavi_contracts.contract import Contract
from tests.contracts.mutants.mutant import V2, mutant
from tests.contracts.mutants.toolkit import Edit, change, drop, edits, on
from tests.support.tamper import Forward, Request, Response, Tamper

IMPORT = on("importMasterData")
UNITS = "properties/*/addresses/*/units/*"
KNOWN_OF_CONTACTS = set(Contract("v1").document["components"]["schemas"]["Contact"]["properties"])


def _of(items: Any) -> list[Any]:
    """The objects of a list; nothing of what is no list."""
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _each_list(name: str, edit: Callable[[list[Any]], list[Any]]) -> Edit:
    return change(name, lambda value: edit(value) if isinstance(value, list) else value)


def _more_than_one(value: list[Any]) -> list[Any]:
    return value[:-1] if len(value) > 1 else value


class Counted:
    """Sends another import and counts as if it were the one that came.

    Args:
        edit: What is imported in its place.
        kind: The kind of record of which some are lost.
        sizes: How many of the kind a request has.
    """

    def __init__(self, edit: Edit, kind: str, sizes: Callable[[Any], int]) -> None:
        self._edit = edit
        self._kind = kind
        self._sizes = sizes
        self._lost: dict[str, int] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        if request.operation == "importMasterData" and isinstance(request.json, dict):
            changed = self._edit(request.json)
            response = await forward(request.with_json(changed))
            if response.ok:
                self._lost[response.json["jobId"]] = self._sizes(request.json) - self._sizes(changed)
            return response
        response = await forward(request)
        if request.operation == "getJob" and response.ok and self._lost.get(request.id):
            return response.with_json(self._mended(response.json, self._lost[request.id]))
        return response

    def _mended(self, job: Any, lost: int) -> Any:
        done = job["status"] in ("completed", "failed")
        job["progress"]["total"] += lost
        if done:
            job["progress"]["processed"] += lost
            job["counts"][self._kind]["created"] += lost
        return job


def counted(edit: Edit, kind: str, sizes: Callable[[Any], int]) -> Callable[[], Tamper]:
    """Returns a maker of `Counted`; arguments as its."""
    return lambda: Counted(edit, kind, sizes)


def _contacts(body: Any) -> int:
    return len(_of(body.get("contacts")))


def _units(body: Any) -> int:
    return sum(len(_of(a.get("units"))) for p in _of(body.get("properties")) for a in _of(p.get("addresses")))


def _responsibilities(body: Any) -> int:
    return len(_of(body.get("responsibilities")))


class Twice:
    """Sends every import twice and answers the second job."""

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        if request.operation != "importMasterData" or not response.ok:
            return response
        return await forward(request)


class InParts:
    """Imports the arrays of a request one by one, in the order in which they came, and answers the last job."""

    async def __call__(self, request: Request, forward: Forward) -> Response:
        body = request.json
        arrays = (
            [n for n in body if n in ("contacts", "properties", "responsibilities")] if isinstance(body, dict) else []
        )
        if request.operation != "importMasterData" or len(arrays) < 2:
            return await forward(request)
        if not (await forward(request.with_json({**body, **{name: [] for name in arrays}}))).ok:
            return await forward(request)
        for name in arrays:
            response = await forward(request.with_json({name: body[name]}))
            if not response.ok:
                return response
        return response


class OneByOne:
    """Imports responsibilities before what they refer to."""

    async def __call__(self, request: Request, forward: Forward) -> Response:
        body = request.json
        if request.operation == "importMasterData" and isinstance(body, dict) and _of(body.get("responsibilities")):
            first = await forward(request.with_json({"responsibilities": body["responsibilities"]}))
            if not first.ok:
                return await forward(request)
            rest = {name: value for name, value in body.items() if name != "responsibilities"}
            if {"contacts", "properties"} & set(rest):
                return await forward(request.with_json(rest))
            return first
        return await forward(request)


class AllOrNothing:
    """Imports nothing if one record of the request would be refused: what was taken is not there afterwards."""

    async def __call__(self, request: Request, forward: Forward) -> Response:
        body = request.json
        if request.operation == "importMasterData" and isinstance(body, dict):
            known = {c.get("id") for c in _of(body.get("contacts"))}
            named = {r.get("contactId") for r in _of(body.get("responsibilities"))}
            if named - known:
                return await forward(request.with_json({"responsibilities": body["responsibilities"]}))
        return await forward(request)


def _contact_fields(edit: Callable[[dict[str, Any]], dict[str, Any]]) -> Edit:
    return change("contacts/*", lambda c: edit(c) if isinstance(c, dict) else c)


MUTANTS = (
    mutant(
        "import-loses-the-last-contact",
        "The last contact of several is not imported.",
        IMPORT.request(_each_list("contacts", _more_than_one)),
        check="imported-records-are-stored",
    ),
    mutant(
        "import-loses-a-contact-yet-counts-it",
        "The last contact of several is not imported, yet counted.",
        counted(_each_list("contacts", _more_than_one), "contacts", _contacts),
        check="imported-records-are-stored",
    ),
    mutant(
        "import-loses-a-unit-yet-counts-it",
        "The last unit of several at an address is not imported, yet counted.",
        counted(_each_list("properties/*/addresses/*/units", _more_than_one), "units", _units),
        check="large-import-is-whole",
        versions=V2,
    ),
    mutant(
        "import-loses-a-responsibility-yet-counts-it",
        "The last responsibility of several is not imported, yet counted.",
        counted(_each_list("responsibilities", _more_than_one), "responsibilities", _responsibilities),
        check="any-part-of-a-portfolio-may-come-alone",
    ),
    mutant(
        "import-loses-the-last-property",
        "The last property of several is not imported.",
        IMPORT.request(_each_list("properties", _more_than_one)),
        check="job-counts-every-record",
    ),
    mutant(
        "import-loses-units",
        "Units are not imported.",
        IMPORT.request(drop("properties/*/addresses/*/units")),
        check="job-counts-every-record",
    ),
    mutant(
        "import-loses-addresses",
        "Addresses are not imported.",
        IMPORT.request(drop("properties/*/addresses")),
        check="job-counts-every-record",
    ),
    mutant(
        "import-loses-the-second-address",
        "Of several addresses only the first is imported.",
        IMPORT.request(_each_list("properties/*/addresses", lambda a: a[:1])),
        check="job-counts-every-record",
    ),
    mutant(
        "import-loses-contracts",
        "Contracts are not imported.",
        IMPORT.request(drop(f"{UNITS}/contracts")),
        check="imported-records-are-stored",
        versions=V2,
    ),
    mutant(
        "import-loses-the-second-contract",
        "Of several contracts of a unit only the first is imported.",
        IMPORT.request(_each_list(f"{UNITS}/contracts", lambda cs: cs[:1])),
        check="imported-records-are-stored",
        versions=V2,
    ),
    mutant(
        "import-loses-documents",
        "Documents are not imported.",
        IMPORT.request(edits(drop("properties/*/documents"), drop(f"{UNITS}/documents"))),
        check="job-counts-every-record",
    ),
    mutant(
        "import-loses-documents-of-units",
        "Documents of units are not imported.",
        IMPORT.request(drop(f"{UNITS}/documents")),
        check="contacts-may-stand-after-what-names-them",
    ),
    mutant(
        "import-loses-responsibilities",
        "Responsibilities are not imported.",
        IMPORT.request(_each_list("responsibilities", lambda rs: [])),
        check="job-counts-every-record",
    ),
    mutant(
        "import-loses-custom-fields-of-contacts",
        "Custom fields of contacts are not imported.",
        IMPORT.request(drop("contacts/*/customFields")),
        check="imported-records-are-stored",
        versions=V2,
    ),
    mutant(
        "import-loses-custom-fields-of-properties",
        "Custom fields of properties are not imported.",
        IMPORT.request(drop("properties/*/customFields")),
        check="imported-records-are-stored",
        versions=V2,
    ),
    mutant(
        "import-loses-custom-fields-of-units",
        "Custom fields of units are not imported.",
        IMPORT.request(drop(f"{UNITS}/customFields")),
        check="imported-records-are-stored",
        versions=V2,
    ),
    mutant(
        "import-loses-one-custom-field",
        "Of several custom fields the last is not imported.",
        IMPORT.request(
            change("contacts/*/customFields", lambda f: dict([*f.items()][:1]) if isinstance(f, dict) else f)
        ),
        check="custom-fields-keep-their-types",
        versions=V2,
    ),
    mutant(
        "import-loses-notes",
        "Notes of contacts are not imported.",
        IMPORT.request(drop("contacts/*/note")),
        check="large-import-is-whole",
        versions=V2,
    ),
    mutant(
        "import-loses-faxes",
        "Fax numbers of contacts are not imported.",
        IMPORT.request(drop("contacts/*/fax")),
        check="imported-records-are-stored",
    ),
    mutant(
        "import-loses-company-names",
        "Names of companies are not imported.",
        IMPORT.request(drop("contacts/*/companyName")),
        check="imported-records-are-stored",
    ),
    mutant(
        "import-loses-ways-of-contact",
        "Preferred ways of contact are not imported.",
        IMPORT.request(drop("contacts/*/preferredWayOfContact")),
        check="imported-records-are-stored",
    ),
    mutant(
        "import-loses-unknown-fields-silently",
        "Fields that the contract does not know never reach the job.",
        IMPORT.request(_contact_fields(lambda c: {k: v for k, v in c.items() if k in KNOWN_OF_CONTACTS})),
        check="unknown-fields-are-reported-and-kept-out",
    ),
    mutant(
        "import-sent-twice",
        "Every import is sent twice, and the second job is answered.",
        Twice,
        check="job-counts-every-record",
    ),
    mutant(
        "import-not-sent",
        "Nothing of an import arrives.",
        IMPORT.request(
            lambda b: {k: [] if isinstance(v, list) else v for k, v in b.items()} if isinstance(b, dict) else b
        ),
        check="imported-records-are-stored",
    ),
    mutant(
        "import-in-parts",
        "The arrays of a request are imported one by one, in the order in which they came.",
        InParts,
        check="order-inside-a-request-does-not-matter",
    ),
    mutant(
        "import-responsibilities-first",
        "Responsibilities are imported before what they refer to.",
        OneByOne,
        check="contacts-may-stand-after-what-names-them",
    ),
    mutant(
        "import-all-or-nothing",
        "If one responsibility is refused, nothing of the request is imported.",
        AllOrNothing,
        check="rest-of-a-request-is-imported",
    ),
    mutant(
        "import-reverses-arrays",
        "The records of a request are imported in reverse.",
        IMPORT.request(
            lambda b: {k: v[::-1] if isinstance(v, list) else v for k, v in b.items()} if isinstance(b, dict) else b
        ),
        check="unknown-fields-are-reported-and-kept-out",
    ),
    mutant(
        "import-of-version-2-to-nowhere",
        "An import through version 2 is accepted and lost.",
        on("importMasterData", version="v2").request(
            lambda b: {k: [] if isinstance(v, list) else v for k, v in b.items()} if isinstance(b, dict) else b
        ),
        check="imported-records-are-stored",
        versions=V2,
    ),
)
