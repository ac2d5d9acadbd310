"""Answers as the document shows them: from values by their roles to a body, and back."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from casavi_contracts.spec import roles
from casavi_contracts.spec.compiling import Compiler, ShapeError, shipped_node
from casavi_contracts.spec.register import ProfileError
from casavi_contracts.spec.roles import ERROR, ROOTS, catalogue, shipped_answer
from casavi_contracts.spec.states import HOW, NAMES, States, states_at
from casavi_contracts.spec.values import NotShown, Values

Json = Any

_NEEDED = {
    "authenticate": ("login.token",),
    "refreshToken": ("login.token",),
    "importMasterData": ("job.id",),
    "getJob": ("job.status",),
    "getContacts": ("page.records",),
    "listContacts": ("page.records", "page.next"),
    "listUnits": ("page.records", "page.next"),
    "listProperties": ("page.records", "page.next"),
}
"""What an answer has to show, since no client gets on without it."""


class Shapes(Mapping[str, "AnswerShape"]):
    """The answers of a contract document by operation, both ways.

    Args:
        document: The contract document, with overlay and profile applied.

    Raises:
        ShapeError: A response schema shows something that there is not.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self._shapes = {name: AnswerShape(document, name, schema) for name, schema in roles.answers(document)}

    def __getitem__(self, operation: str) -> "AnswerShape":
        return self._shapes[operation]

    def __iter__(self) -> Iterator[str]:
        return iter(self._shapes)

    def __len__(self) -> int:
        return len(self._shapes)


class AnswerShape:
    """One answer.

    Args:
        document: The contract document that the schema's references point into.
        operation: The `operationId`, or `ERROR`.
        schema: The schema of the answer.

    Raises:
        ShapeError: The schema shows something that there is not.
    """

    def __init__(self, document: dict[str, Any], operation: str, schema: Mapping[str, Any]) -> None:
        self.root = ROOTS[operation]
        self._catalogue = catalogue(operation)
        compiler = Compiler(document, operation)
        self._node = compiler.compile(schema)
        for role in _NEEDED.get(operation, ()):
            if role not in compiler.places:
                raise ShapeError(f"the answer of {operation} has to show {role}: no client gets on without it")
        self._leaves = [self._catalogue[name] for name in compiler.leaves]
        self.places: Mapping[str, Mapping[str, Any]] = compiler.places
        """The schema of each value that is shown, by its role."""
        self.pointers: Mapping[str, str] = compiler.pointers
        """JSON pointer into the body of each value that is shown, by its role; items of lists have none."""
        self.same = self._node == shipped_node(operation)
        """Whether the answer is the one of the shipped document, so that nothing has to be done."""

    def shown(self, values: Mapping[str, Any]) -> Json:
        """Returns the body for the values of an answer, as the shipped document has them."""
        return values if self.same else self._node.show({self.root: values})

    def read(self, body: Json, *, strict: bool = False) -> Json:
        """Returns the values in a body, as the shipped document has them; those that are not shown are absent.

        Whoever asks for one of those gets `NotShown`; what is missing though it should be there stays a `KeyError`.

        Args:
            body: A parsed body.
            strict: Whether `get` raises `NotShown` as well.
        """
        if self.same:
            return body
        found: dict[str, Any] = {}
        self._node.read(body, found)
        values = found.get(self.root)
        return Values(values, self, self.root, (), strict=strict) if isinstance(values, dict) else values

    def shows(self, role: str) -> bool:
        """Whether a value, or something in it, is shown."""
        known = self._catalogue.get(role)
        return known is not None and self.has(known.root, known.path)

    def has(self, root: str, path: tuple[str, ...]) -> bool:
        """Whether a value, or something in it, is shown."""
        return any(
            one.root == root and (one.path[: len(path)] == path or path[: len(one.path)] == one.path)
            for one in self._leaves
        )

    def hides(self, root: str, path: tuple[str, ...]) -> bool:
        """Whether there is such a value, and neither it nor anything in it is shown."""
        known = any(
            one.root == root and (one.path[: len(path)] == path or path[: len(one.path)] == one.path)
            for one in self._catalogue.values()
        )
        return known and not self.has(root, path)

    def check(self, root: str, path: tuple[str, ...]) -> None:
        """Raises for a value that is not shown.

        Raises:
            NotShown: It is not.
        """
        if self.hides(root, path):
            names = [role.name for role in self._catalogue.values() if (role.root, role.path) == (root, path)]
            raise NotShown(names[0] if names else ".".join((root, *path)))

    def items_of(self, root: str, path: tuple[str, ...]) -> str:
        """Returns the root of the items of a list; none if they are single values, or it is no list."""
        return next((r.items for r in self._catalogue.values() if (r.root, r.path) == (root, path)), "")


def job_states(document: dict[str, Any]) -> States:
    """Returns the states of a job by name, in the order of the document; none where it has no jobs.

    Args:
        document: A contract document, with overlay and profile applied.

    Raises:
        casavi_contracts.spec.ProfileError: They cannot be.
    """
    if "getJob" not in shapes_of(document):
        return States([])
    place = shapes_of(document)["getJob"].places["job.status"]
    return states_at(_end(document, place), document["x-assumptions"][NAMES]["value"])


def settle_states(document: dict[str, Any], names: Sequence[str], *, chosen: bool) -> States:
    """Writes the names of the states beside the status of the job, and returns them.

    Args:
        document: A contract document; it is changed.
        names: Those of the assumption.
        chosen: Whether they are the user's.

    Raises:
        casavi_contracts.spec.ProfileError: They cannot be.
    """
    place = _end(document, shapes_of(document)["getJob"].places["job.status"])
    if "x-states" not in place:
        if not set(place.get("enum", names)) <= set(names):
            raise ShapeError(f"the status of the job has the enum {place['enum']} and no x-states; {HOW}")
        place["x-states"] = shipped_states()
    states = states_at(place, names)
    if chosen and not set(states) <= set(names):
        raise ProfileError(f"assumption {NAMES!r} and x-states of the overlay both name the states of a job; keep one")
    mapping = place.get("x-mapping", {})
    place["enum"] = [mapping.get(name, name) for name in states]
    if len({repr(one) for one in place["enum"]}) < len(states):
        raise ShapeError(f"x-mapping of the job's status shows several states as one: {place['enum']}")
    return states


def shipped_states() -> dict[str, list[str]]:
    """Returns the states of a job as the shipped document has them."""
    document, _ = shipped_answer("getJob")
    states: dict[str, list[str]] = document["components"]["schemas"]["Job"]["properties"]["status"]["x-states"]
    return states


def _end(document: Mapping[str, Any], place: Any) -> Any:
    """Returns the schema that a place refers to at last."""
    while "$ref" in place or ("allOf" in place and "x-states" not in place):
        if "allOf" in place:
            place = place["allOf"][0]
            continue
        found: Any = document
        for part in place["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        place = found
    return place


_known: dict[int, tuple[dict[str, Any], Shapes]] = {}
_KEPT = 8


def shapes_of(document: dict[str, Any]) -> Shapes:
    """Returns the answers of a document; compiled once.

    Raises:
        ShapeError: A response schema shows something that there is not.
    """
    known = _known.get(id(document))
    if known is None or known[0] is not document:
        known = document, Shapes(document)
        while len(_known) >= _KEPT:
            _known.pop(next(iter(_known)), None)
        _known[id(document)] = known
    return known[1]


def shown(document: dict[str, Any], operation: str, values: Mapping[str, Any]) -> Json:
    """Returns the body that a document shows for the values of an answer.

    Args:
        document: The contract document, with overlay and profile applied.
        operation: The `operationId`, or `ERROR`.
        values: As the shipped document has them.
    """
    return shapes_of(document)[operation].shown(values)


def read(document: dict[str, Any], operation: str, body: Json) -> Json:
    """Returns the values in a body, as the shipped document has them; those that are not shown are absent.

    Args:
        document: The contract document, with overlay and profile applied.
        operation: The `operationId`, or `ERROR`.
        body: A parsed body.
    """
    return shapes_of(document)[operation].read(body)


__all__ = ["ERROR", "AnswerShape", "NotShown", "ShapeError", "Shapes", "read", "shapes_of", "shown"]
