"""Imports of what was imported before: what becomes of records that come another time, or do not come again."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.contracts.mutants.mutant import V2, mutant
from tests.contracts.mutants.toolkit import WITH_TOKEN, change
from tests.support.tamper import Forward, Request, Response

Body = dict[str, Any]


def objects(items: Any) -> list[Body]:
    """Returns the objects of a list; nothing of what is no list."""
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def contacts(body: Body) -> list[Body]:
    """Returns the contacts of an import that have an id."""
    return [one for one in objects(body.get("contacts")) if isinstance(one.get("id"), str)]


def units(body: Body) -> Iterator[tuple[str, Body]]:
    """Yields the units of an import, each with the id of its property."""
    for home in objects(body.get("properties")):
        for address in objects(home.get("addresses")):
            for unit in objects(address.get("units")):
                if isinstance(unit.get("id"), str):
                    yield str(home.get("id")), unit


class Remembering:
    """Sends something else in place of an import, by what the same client has imported before.

    Args:
        instead: Makes another import of the one that came and of those that were accepted before.
    """

    def __init__(self, instead: Callable[[Body, list[Body]], Body]) -> None:
        self._instead = instead
        self._before: dict[str, list[Body]] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        body = request.json
        if request.operation != "importMasterData" or not isinstance(body, dict):
            return await forward(request)
        before = self._before.setdefault(request.token, [])
        response = await forward(request.with_json(self._instead(request.json, before)) if before else request)
        if response.ok:
            before.append(body)
        return response


def remembering(instead: Callable[[Body, list[Body]], Body]) -> Callable[[], Remembering]:
    """Returns a maker of `Remembering`."""
    return lambda: Remembering(instead)


def _marked(body: Body, before: list[Body]) -> Body:
    """The same import again changes the names of its contacts."""
    if body not in before:
        return body
    return change("contacts/*", lambda contact: {**contact, "lastName": f"{contact.get('lastName')} (2)"})(body)  # type: ignore[no-any-return]


def _first_wins(body: Body, before: list[Body]) -> Body:
    """Contacts that are known come as they were at first."""
    known = {one["id"]: one for earlier in reversed(before) for one in contacts(earlier)}
    return change("contacts/*", lambda one: known.get(one.get("id"), one) if isinstance(one, dict) else one)(body)  # type: ignore[no-any-return]


def _clearing(body: Body, before: list[Body]) -> Body:
    """Contacts that do not come again lose their names."""
    here = {one["id"] for one in contacts(body)}
    gone = {one["id"]: {"id": one["id"], "lastName": "gone"} for earlier in before for one in contacts(earlier)}
    lost = [one for id_, one in gone.items() if id_ not in here]
    return {**body, "contacts": [*body["contacts"], *lost]} if isinstance(body.get("contacts"), list) else body


def _staying(body: Body, before: list[Body]) -> Body:
    """Units stay in the property in which they came first."""
    homes = {unit["id"]: home for earlier in reversed(before) for home, unit in units(earlier)}
    strange = {unit["id"] for home, unit in units(body) if homes.get(unit["id"], home) != home}

    def kept(some: Any) -> Any:
        return [unit for unit in objects(some) if unit.get("id") not in strange] if isinstance(some, list) else some

    return change("properties/*/addresses/*/units", kept)(body)  # type: ignore[no-any-return]


def _adding(body: Body, before: list[Body]) -> Body:
    """Contracts of a unit only become more."""
    earlier = {unit["id"]: unit for one in before for _, unit in units(one)}

    def added(unit: Any) -> Any:
        old = objects(earlier.get(unit.get("id"), {}).get("contracts")) if isinstance(unit, dict) else []
        if not old or not isinstance(unit.get("contracts"), list):
            return unit
        here = {one.get("contactId") for one in objects(unit["contracts"])}
        return {**unit, "contracts": [*unit["contracts"], *(one for one in old if one.get("contactId") not in here)]}

    return change("properties/*/addresses/*/units/*", added)(body)  # type: ignore[no-any-return]


def _refused_for_ever(body: Body, before: list[Body]) -> Body:
    """What was refused once for a missing contact is refused again, also when that contact is there by now."""
    known: set[Any] = set()
    refused = set()
    for earlier in before:
        known |= {one["id"] for one in contacts(earlier)}
        refused |= {unit["id"] for _, unit in units(earlier) if not _tenants(unit) <= known}
    return change(  # type: ignore[no-any-return]
        "properties/*/addresses/*/units/*",
        lambda unit: (
            change("contracts/*/contactId", lambda id_: f"{id_}?")(unit)
            if isinstance(unit, dict) and unit.get("id") in refused
            else unit
        ),
    )(body)


def _tenants(unit: Body) -> set[Any]:
    return {one.get("contactId") for one in objects(unit.get("contracts"))}


def _old_content(body: Body, before: list[Body]) -> Body:
    """Documents keep the content that came first."""
    known = {
        one.get("id"): one["content"]
        for earlier in reversed(before)
        for home in objects(earlier.get("properties"))
        for one in objects(home.get("documents"))
        if isinstance(one.get("content"), str)
    }

    def kept(one: Any) -> Any:
        return {**one, "content": known[one["id"]]} if isinstance(one, dict) and one.get("id") in known else one

    return change("properties/*/documents/*", kept)(body)  # type: ignore[no-any-return]


class Overtaken:
    """While a job is not done, an import is followed by the one before it, once more."""

    def __init__(self) -> None:
        self._latest: dict[str, tuple[Request, str]] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        if request.operation == "importMasterData" and response.ok:
            job = response.json["jobId"]
            earlier = self._latest.get(request.token)
            if earlier is not None and await self._runs(*earlier, forward):
                await forward(earlier[0])
            self._latest[request.token] = request, job
        return response

    @staticmethod
    async def _runs(request: Request, job: str, forward: Forward) -> bool:
        look = request.but(method="GET", path=f"{request.path.removesuffix('/import')}/jobs/{job}", body=b"")
        seen = (await forward(look)).json
        return isinstance(seen, dict) and seen.get("status") in ("waiting", "active")


class LostBetween:
    """Loses the contacts of the first import after something else was asked for.

    Args:
        operations: What that is.
    """

    def __init__(self, *operations: str) -> None:
        self._operations = operations
        self._imported = False
        self._due = False

    async def __call__(self, request: Request, forward: Forward) -> Response:
        if request.operation in self._operations:
            self._due = self._imported
        if request.operation == "importMasterData" and isinstance(request.json, dict):
            self._imported = True
            if self._due and request.json.get("contacts"):
                self._due = False
                return await forward(request.with_json({**request.json, "contacts": request.json["contacts"][:-1]}))
        return await forward(request)


MUTANTS = (
    mutant(
        "import-again-changes-names",
        "The same import a second time changes the names of its contacts.",
        remembering(_marked),
        check="repetition-changes-nothing",
    ),
    mutant(
        "import-keeps-the-first-version",
        "A contact that is stored already is not changed by a later import.",
        remembering(_first_wins),
        check="same-id-updates-the-record",
    ),
    mutant(
        "import-ends-what-does-not-come-again",
        "Contacts that a later import does not have lose their names.",
        remembering(_clearing),
        check="omitted-records-stay",
    ),
    mutant(
        "import-refused-for-ever",
        "A unit that was refused once for a missing contact is refused whenever it comes again.",
        remembering(_refused_for_ever),
        check="parent-first-then-the-same-succeeds",
    ),
    mutant(
        "import-never-moves-units",
        "A unit stays in the property in which it came first.",
        remembering(_staying),
        check="unit-moves-with-its-property",
        versions=V2,
    ),
    mutant(
        "import-never-ends-contracts",
        "Contracts of a unit that do not come again stay.",
        remembering(_adding),
        check="contracts-come-and-go-with-their-unit",
        versions=V2,
    ),
    mutant(
        "import-keeps-the-first-content",
        "A document keeps the content with which it came first.",
        remembering(_old_content),
        check="new-content-of-a-document-is-noticed",
    ),
    mutant(
        "import-in-flight-overtaken",
        "An import that comes while another one runs is overtaken by that one, which is done once more.",
        Overtaken,
        check="imports-in-flight-keep-their-order",
    ),
    mutant(
        "import-after-a-refresh-loses-a-contact",
        "The first import after a refresh loses its last contact.",
        lambda: LostBetween("refreshToken"),
        check="polls-reads-and-refreshes-do-not-disturb-imports",
    ),
    mutant(
        "import-after-a-look-loses-a-contact",
        "The first import after something was read loses its last contact.",
        lambda: LostBetween(*(name for name in WITH_TOKEN if name != "importMasterData")),
        check="polls-reads-and-refreshes-do-not-disturb-imports",
    ),
)
