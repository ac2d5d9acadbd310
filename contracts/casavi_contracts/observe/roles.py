"""Which operations of a vendor's document are which of ours, by what they take and answer, whatever they are called."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from casavi_contracts.observe.document import Operation, VendorDocument

AUTHENTICATE, REFRESH, IMPORT, JOB = "authenticate", "refresh", "import", "job"
LISTS = {"contacts": "contact", "units": "unit", "properties": "property"}
"""Role of a list, and of one of its records."""

_SECOND = re.compile(r"(?:^|/)v2(?=/|$)")
_SECRET = re.compile(r"secret|passw|pwd", re.IGNORECASE)
_TOKEN = re.compile(r"token|jwt|bearer|session", re.IGNORECASE)
_REFRESH = re.compile(r"refresh|renew|extend|prolong", re.IGNORECASE)
_STATE = re.compile(r"(?:^|[a-z_])(?:status|state|phase)$", re.IGNORECASE)
_JOB = re.compile(r"job|import|task|queue", re.IGNORECASE)
_MARKS = {
    "contacts": ("firstname", "lastname", "salutation", "email", "companyname", "company"),
    "units": ("propertyid", "contracts", "usage", "unitnumber", "address"),
    "properties": ("addresses", "responsibilities", "mscnumber", "mscprovidername"),
}
"""Members by which records are told apart, as `plain` writes them."""

_NAMED = {"contacts": "contact", "units": "unit", "properties": "propert"}

Member = tuple[str, ...]
"""Names from the outside to the inside."""


@dataclass(frozen=True, slots=True)
class Matched:
    """An operation whose role is known."""

    role: str
    version: str
    """`v1` or `v2`."""
    operation: Operation
    path: str
    """From where the API begins; that of version 2 without its prefix."""


def plain(name: str) -> str:
    """Returns a name without case, blanks, hyphens and underscores."""
    return re.sub(r"[\s_\-.]", "", name).lower()


def match(document: VendorDocument) -> list[Matched]:
    """Returns the operations whose role is known, each role at most once for each version."""
    second = _whole_is_second(document)
    found: dict[tuple[str, str], tuple[int, Operation]] = {}
    for operation in document.operations:
        version = "v2" if second or _SECOND.search(operation.whole) else "v1"
        for role, score in _roles(document, operation):
            kind = _version_of_list(document, operation, version) if role in LISTS else version
            before = found.get((role, kind))
            if before is None or score > before[0]:
                found[role, kind] = (score, operation)
    beginning = api_beginning(document, {key: operation for key, (_, operation) in found.items()})
    return [
        Matched(role, version, operation, _relative(operation, version, beginning))
        for (role, version), (_, operation) in found.items()
    ]


def api_beginning(document: VendorDocument, found: Mapping[tuple[str, str], Operation]) -> str:
    """Returns what stands before the paths of version 1, so that its log-in is at `/authenticate` if that fits."""
    log_in = found.get((AUTHENTICATE, "v1"))
    if log_in is not None and log_in.whole.endswith("/authenticate"):
        return log_in.whole.removesuffix("/authenticate")
    bases = {operation.base for operation in document.operations}
    return bases.pop() if len(bases) == 1 else ""


def token_member(document: VendorDocument, schema: Any) -> Member | None:
    """Returns where a token stands in an answer, at most two levels deep."""
    for path, place in members(document, schema, 2):
        if _TOKEN.search(path[-1]) and document.flat(place).get("type") in ("string", None):
            return path
    return None


def members(document: VendorDocument, schema: Any, depth: int) -> Iterator[tuple[Member, Any]]:
    """Yields the members of an object and of the objects in it, those outside first."""
    level: list[tuple[Member, Any]] = [((), schema)]
    for _ in range(depth):
        inner = [((*path, name), part) for path, place in level for name, part in document.properties(place).items()]
        yield from inner
        level = [(path, part) for path, part in inner if document.properties(part)]


def state_member(document: VendorDocument, schema: Any) -> Member | None:
    """Returns where the state of a job stands: a text called so, best one with an enum."""
    found = [
        (path, document.flat(place))
        for path, place in members(document, schema, 3)
        if _STATE.search(path[-1]) and document.flat(place).get("type") in ("string", None)
    ]
    return next((path for path, flat in found if "enum" in flat), next((path for path, _ in found), None))


def is_state(name: str) -> bool:
    """Whether a member is called like the state of a job."""
    return bool(_STATE.search(name))


def arrays(document: VendorDocument, schema: Any) -> dict[str, dict[str, Any]]:
    """Returns the members of an object that are arrays of objects, with the schema of their items."""
    found = {}
    for name, place in document.properties(schema).items():
        items = document.items(place)
        if items is not None and document.properties(items):
            found[name] = items
    return found


def entity_of(name: str, fields: Any) -> str | None:
    """Returns which of our lists records are of, by their members and then by what their list is called."""
    names = {plain(field) for field in fields}
    scores = {entity: len(names.intersection(marks)) for entity, marks in _MARKS.items()}
    best = max(scores, key=lambda entity: scores[entity])
    called = next((entity for entity, word in _NAMED.items() if word in plain(name)), None)
    if scores[best] >= 2 and (called is None or scores[best] > scores[called] + 1):
        return best
    return called if called is not None and scores[called] else None


def _roles(document: VendorDocument, operation: Operation) -> Iterator[tuple[str, int]]:
    success = operation.success()
    answer = None if success is None else success.schema
    if operation.method in ("POST", "PUT"):
        yield from _writing(document, operation, answer)
    elif operation.method == "GET" and answer is not None:
        yield from _reading(document, operation, answer)


def _writing(document: VendorDocument, operation: Operation, answer: Any) -> Iterator[tuple[str, int]]:
    lists = {
        name: entity_of(name, document.properties(items)) for name, items in arrays(document, operation.request).items()
    }
    if {"contacts", "properties"} <= {*lists.values()}:
        yield IMPORT, len(lists) + 2 * (operation.method == "POST")
        return
    token = token_member(document, answer)
    texts = [
        name
        for name, place in document.properties(operation.request).items()
        if document.flat(place).get("type") in ("string", None)
    ]
    if token is None or "{" in operation.path:
        return
    if not texts and operation.path.endswith("/authenticate"):  # its body may be left open
        yield AUTHENTICATE, 1
    if not 2 <= len(texts) <= 8:
        return
    called = bool(_REFRESH.search(operation.path) or _REFRESH.search(operation.name))
    if any(_SECRET.search(name) for name in texts) and not called:
        yield AUTHENTICATE, 2 + operation.path.endswith("authenticate")
    elif called or any(_TOKEN.search(name) for name in texts):
        yield REFRESH, 2 + called


def _reading(document: VendorDocument, operation: Operation, answer: Any) -> Iterator[tuple[str, int]]:
    last = operation.path.rsplit("/", 1)[-1]
    if re.fullmatch(r"\{[^/]+\}", last):
        names = document.properties(answer)
        before = operation.path.split("/")[-2]
        entity = entity_of(before, names)
        if _JOB.search(before) and entity is None and names:
            yield JOB, 1 + 2 * ("job" in before.lower()) + 2 * (state_member(document, answer) is not None)
        elif entity is not None and not operation.path.count("{") > 1:
            yield LISTS[entity], 1 + (_NAMED[entity] in plain(before))
        elif entity is None and state_member(document, answer) is not None and _JOB.search(operation.name):
            yield JOB, 1
    elif "{" not in operation.path:
        for items in (document.items(answer), *arrays(document, answer).values()):
            entity = entity_of(last, document.properties(items)) if items else None
            if entity is not None:
                yield entity, 1 + (_NAMED[entity] in plain(last))
                return


def _whole_is_second(document: VendorDocument) -> bool:
    info = document.raw.get("info")
    version = str(info.get("version", "")) if isinstance(info, Mapping) else ""
    versions = {bool(_SECOND.search(operation.whole)) for operation in document.operations}
    return versions == {False} and re.match(r"v?2(\.|$)", version) is not None


def _version_of_list(document: VendorDocument, operation: Operation, version: str) -> str:
    """Returns the version of a list, by its envelope where the address does not tell."""
    success = operation.success()
    names = {plain(name) for name in document.properties(success.schema)} if success is not None else set()
    if version == "v1" and names & {"links"} and not names & {"pagecount"}:
        return "v2"
    return version


def _relative(operation: Operation, version: str, beginning: str) -> str:
    if version == "v2" and (found := _SECOND.search(operation.whole)):
        return operation.whole[found.end() :] or "/"
    whole = operation.whole
    return whole[len(beginning) :] if beginning and whole.startswith(f"{beginning}/") else operation.path
