"""Lists that show other records, or in another order, than they should; single records that do."""

from typing import Any

from tests.contracts.mutants.mutant import V2, mutant
from tests.contracts.mutants.toolkit import LISTS, on, page
from tests.support.tamper import Forward, Request, Response


def _ids(body: Any) -> list[str]:
    """The ids of everything in an import."""
    if isinstance(body, list):
        return [id_ for item in body for id_ in _ids(item)]
    if not isinstance(body, dict):
        return []
    own = [body["id"]] if isinstance(body.get("id"), str) else []
    return own + [id_ for member in body.values() for id_ in _ids(member)]


class Reversing:
    """Answers every second reading of a list in reverse."""

    def __init__(self) -> None:
        self._readings = 0

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        if request.operation not in LISTS or not response.ok:
            return response
        self._readings += 1
        return response if self._readings % 2 else response.with_json(page(lambda rs: rs[::-1])(response.json))


class LatestLast:
    """Lists records on a page by the import that came last for them."""

    def __init__(self) -> None:
        self._imports = 0
        self._latest: dict[str, int] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        if request.operation == "importMasterData" and response.ok:
            self._imports += 1
            self._latest |= dict.fromkeys(_ids(request.json), self._imports)
        if request.operation in LISTS and response.ok:
            latest = self._latest
            return response.with_json(
                page(lambda rs: sorted(rs, key=lambda r: latest.get(r.get("id"), 0)))(response.json)
            )
        return response


class Apart:
    """Shows contacts in that version alone through which they were imported first."""

    def __init__(self) -> None:
        self._versions: dict[str, str | None] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        if request.operation == "importMasterData" and response.ok:
            for id_ in _ids(request.json):
                self._versions.setdefault(id_, request.version)
        if request.operation in ("getContacts", "listContacts") and response.ok:
            known = self._versions
            here = page(lambda rs: [r for r in rs if known.get(r["id"], request.version) == request.version])
            return response.with_json(here(response.json))
        return response


class OldNames:
    """Version 1 shows the last names that were imported first."""

    def __init__(self) -> None:
        self._names: dict[str, Any] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        if request.operation == "getContacts" and response.ok:
            names = self._names

            def aged(records: list[Any]) -> list[Any]:
                return [{**r, "lastName": names.setdefault(r["id"], r["lastName"])} for r in records]

            return response.with_json(page(aged)(response.json))
        return response


class WithUnits:
    """Lists a property as modified if one of its units was."""

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        if request.operation != "listProperties" or "modifiedAfter" not in request.query or not response.ok:
            return response
        units = await forward(request.but(path="/v2/units"))
        homes = {unit["propertyId"] for unit in units.json["list"]}
        all_ = await forward(request.but(query=""))
        there = [record["id"] for record in response.json["list"]]
        more = [r for r in all_.json["list"] if r["id"] in homes and r["id"] not in there]
        return response.with_json(page(lambda rs: rs + more)(response.json))


def _empty(body: Any) -> bool:
    return isinstance(body, dict) and [] in (body.get("list"), body.get("content"))


MUTANTS = (
    mutant(
        "lists-refused-if-empty",
        "A list without records is answered with 404.",
        on(*LISTS).answering(_empty).status(404),
        check="lists-can-be-read",
    ),
    mutant(
        "lists-in-reverse-every-second-time",
        "Every second reading of a list is in reverse.",
        Reversing,
        check="reading-changes-nothing",
    ),
    mutant(
        "lists-in-the-order-of-change",
        "Records that were changed move to the end of their list.",
        LatestLast,
        check="lists-are-in-the-order-of-creation",
    ),
    mutant(
        "contacts-in-one-version",
        "A contact is listed only in the version through which it was imported.",
        Apart,
        check="versions-show-the-same-records",
    ),
    mutant(
        "contacts-of-version-1-stay",
        "Version 1 goes on listing contacts under their first names.",
        OldNames,
        check="versions-show-the-same-records",
    ),
    mutant(
        "property-modified-with-its-units",
        "A property counts as modified if one of its units was.",
        WithUnits,
        check="modification-is-of-the-record-itself",
        versions=V2,
    ),
)
