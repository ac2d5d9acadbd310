"""Answers as the document shows them: from values by their roles to a body, and back."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from casavi_contracts.spec import roles
from casavi_contracts.spec.nodes import ABSENT, Constant, Entries, Items, Members, Node, Opaque, Single
from casavi_contracts.spec.register import ProfileError
from casavi_contracts.spec.roles import ERROR, ROOTS, Catalogue, Role, catalogue, resolved, shipped_answer
from casavi_contracts.spec.states import HOW, NAMES, States, states_at

Json = Any

TEXTS = {"error": "error.message", "warning": "warning.message", "place": "place.message"}
"""What an item of a list shows where it is a single text and does not say what it shows."""

_MAX_DEPTH = 20
_OF_COUNT = ("count.entity", *(f"count.{outcome}" for outcome in roles.OUTCOMES))

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


class ShapeError(ProfileError):
    """A response schema shows something that there is not; the text names operation and place, and what is possible."""


class NotShown(Exception):
    """A value is asked for that the document does not show.

    Args:
        role: Which.
    """

    def __init__(self, role: str) -> None:
        super().__init__(f"the contract document shows no {role}")
        self.role = role


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
        compiler = _Compiler(document, operation)
        self._node = compiler.compile(schema)
        for role in _NEEDED.get(operation, ()):
            if role not in compiler.places:
                raise ShapeError(f"the answer of {operation} has to show {role}: no client gets on without it")
        self._leaves = [self._catalogue[name] for name in compiler.leaves]
        self.places: Mapping[str, Mapping[str, Any]] = compiler.places
        """The schema of each value that is shown, by its role."""
        self.pointers: Mapping[str, str] = compiler.pointers
        """JSON pointer into the body of each value that is shown, by its role; items of lists have none."""
        self.same = self._node == _shipped_node(operation)
        """Whether the answer is the one of the shipped document, so that nothing has to be done."""

    def shown(self, values: Mapping[str, Any]) -> Json:
        """Returns the body for the values of an answer, as the shipped document has them."""
        return values if self.same else self._node.show({self.root: values})

    def read(self, body: Json) -> Json:
        """Returns the values in a body, as the shipped document has them; those that are not shown are absent.

        Whoever asks for one of those gets `NotShown`; what is missing though it should be there stays a `KeyError`.
        """
        if self.same:
            return body
        found: dict[str, Any] = {}
        self._node.read(body, found)
        values = found.get(self.root)
        return _Values(values, self, self.root, ()) if isinstance(values, dict) else values

    def shows(self, role: str) -> bool:
        """Whether a value, or something in it, is shown."""
        known = self._catalogue.get(role)
        return known is not None and self._has(known.root, known.path)

    def _has(self, root: str, path: tuple[str, ...]) -> bool:
        return any(
            one.root == root and (one.path[: len(path)] == path or path[: len(one.path)] == one.path)
            for one in self._leaves
        )

    def check(self, root: str, path: tuple[str, ...]) -> None:
        """Raises for a value that is not shown.

        Raises:
            NotShown: It is not.
        """
        if not self._has(root, path):
            names = [role.name for role in self._catalogue.values() if (role.root, role.path) == (root, path)]
            raise NotShown(names[0] if names else ".".join((root, *path)))

    def items_of(self, root: str, path: tuple[str, ...]) -> str:
        """Returns the root of the items of a list; none if they are single values, or it is no list."""
        return next((r.items for r in self._catalogue.values() if (r.root, r.path) == (root, path)), "")


class _Values(dict[str, Any]):
    """Values that were read; knows which of them are not shown."""

    def __init__(self, values: Mapping[str, Any], shape: AnswerShape, root: str, path: tuple[str, ...]) -> None:
        super().__init__({name: _wrapped(value, shape, root, (*path, name)) for name, value in values.items()})
        self._about = shape, root, path

    def __missing__(self, name: str) -> Any:
        shape, root, path = self._about
        shape.check(root, (*path, name))
        raise KeyError(name)


def _wrapped(value: Any, shape: AnswerShape, root: str, path: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return _Values(value, shape, root, path)
    if isinstance(value, list) and (items := shape.items_of(root, path)):
        return [_Values(one, shape, items, ()) if isinstance(one, dict) else one for one in value]
    return value


_shipped_nodes: dict[str, Node] = {}


def _shipped_node(operation: str) -> Node:
    if operation not in _shipped_nodes:
        document, schema = shipped_answer(operation)
        _shipped_nodes[operation] = _Compiler(document, operation).compile(schema)
    return _shipped_nodes[operation]


class _Compiler:
    """Makes the node of a response schema."""

    def __init__(self, document: dict[str, Any], operation: str) -> None:
        self._document = document
        self._operation = operation
        self._catalogue: Catalogue = catalogue(operation)
        self.places: dict[str, Mapping[str, Any]] = {}
        self.pointers: dict[str, str] = {}
        self.leaves: set[str] = set()

    def compile(self, schema: Mapping[str, Any]) -> Node:
        place, root = resolved(self._document, schema), ROOTS[self._operation]
        if place.get("type") == "array":
            role = self._role(place.get("x-value", f"{root}.records"), "")
            return self._valued(role, place, schema, (root,), "")
        if "properties" not in place:
            raise ShapeError(f"{self._where('')} has to be an object with properties, or a list")
        return self._members(place, root, (root,), "")

    def _members(
        self, place: Mapping[str, Any], context: str, roots: tuple[str, ...], where: str, source: Role | None = None
    ) -> Members:
        if where.count("/") > _MAX_DEPTH:
            raise ShapeError(f"{self._where(where)} lies too deep")
        required = place.get("required", ())
        members = []
        for name, schema in place["properties"].items():
            node = self._member(name, schema, context, roots, f"{where}/{name}", required=name in required)
            if node is not None:
                members.append((name, node))
        return Members(tuple(members), source)

    def _member(
        self, name: str, schema: Any, context: str, roots: tuple[str, ...], where: str, *, required: bool
    ) -> Node | None:
        if not isinstance(schema, Mapping):
            raise ShapeError(f"{self._where(where)} has to be a schema; it is {schema!r}")
        place = resolved(self._document, schema)
        said = place.get("x-value")
        role = self._catalogue.get(f"{context}.{name}") if said is None else self._role(said, where)
        if role is not None:
            return self._valued(role, place, schema, roots, where)
        if len(place.get("enum", ())) == 1 or "default" in place:
            return Constant(place["default"] if "default" in place else place["enum"][0])
        if "properties" in place:
            return self._members(place, context, roots, where)
        if place.get("nullable"):
            return Constant(None)
        if required:
            raise ShapeError(
                f"{self._where(where)} shows no value: give it an x-value, a default, an enum of one value or "
                f"nullable: true, or do not require it; possible are {self._possible(roots)}"
            )
        return None

    def _role(self, name: Any, where: str) -> Role:
        known = self._catalogue.get(name) if isinstance(name, str) else None
        if known is None:
            near = get_close_matches(str(name), self._catalogue, 1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            possible = ", ".join(sorted(self._catalogue))
            raise ShapeError(f"{self._where(where)}: there is no x-value {name!r}; {hint}possible are {possible}")
        return known

    def _valued(
        self, role: Role, place: Mapping[str, Any], origin: Mapping[str, Any], roots: tuple[str, ...], where: str
    ) -> Node:
        if role.root not in roots:
            lists = [one.name for one in self._catalogue.values() if one.items == role.root]
            raise ShapeError(f"{self._where(where)}: {role.name} can be shown inside of {' or '.join(lists)} only")
        self.places[role.name] = origin
        if len(roots) == 1:
            self.pointers[role.name] = where
        kind = place.get("type", "object" if "properties" in place else None)
        if role.kind == "object" and kind == "object" and "properties" in place:
            return self._members(place, role.name, roots, where, role)
        self.leaves.add(role.name)
        if role.kind == "value" or kind is None:
            return Single(role, _mapping(place))
        if kind == "array":
            return self._list(role, place, roots, where)
        if kind == "object":
            if role.kind != "object":
                raise ShapeError(f"{self._where(where)}: {role.name} is a list, and the schema has an object there")
            return Opaque(role)
        raise ShapeError(f"{self._where(where)}: {role.name} is no single value, and the schema has {kind} there")

    def _list(self, role: Role, place: Mapping[str, Any], roots: tuple[str, ...], where: str) -> Node:
        if "items" not in place:
            return Opaque(role)
        item, inner = resolved(self._document, place["items"]), f"{where}/0"
        if role.kind == "object":
            if role.name != "job.counts":
                raise ShapeError(f"{self._where(where)}: {role.name} is an object, and the schema has a list there")
            members = self._entry(item, inner)
            shown = {what for _, what in members}
            counts = {name for name in self._catalogue if name.startswith("job.counts.") and name.count(".") == 3}
            self.leaves.remove(role.name)
            self.leaves |= {name for name in counts if name.rpartition(".")[2] in shown}
            return Entries(role, members)
        if "properties" in item:
            return Items(role, self._members(item, role.items, (*roots, role.items), inner))
        said = item.get("x-value", TEXTS.get(role.items, f"{role.items}.id"))
        return Items(role, self._valued(self._role(said, inner), item, place["items"], (*roots, role.items), inner))

    def _entry(self, item: Mapping[str, Any], where: str) -> tuple[tuple[str, str], ...]:
        """Returns the members of an item that has the counts of one kind of record, and what each shows."""
        members = []
        for name, place in item.get("properties", {}).items():
            said = str(place.get("x-value", f"count.{name}"))
            if said not in _OF_COUNT:
                raise ShapeError(
                    f"{self._where(f'{where}/{name}')}: there is no x-value {said!r} in an item of job.counts; "
                    f"possible are {', '.join(_OF_COUNT)}"
                )
            members.append((name, said.removeprefix("count.")))
        return tuple(members)

    def _possible(self, roots: tuple[str, ...]) -> str:
        return ", ".join(sorted(role.name for role in self._catalogue.values() if role.root in roots))

    def _where(self, where: str) -> str:
        answer = f"the answer of {self._operation}" if self._operation != ERROR else "the answer of an error"
        return f"{answer}, {where or 'the whole'}"


def _mapping(place: Mapping[str, Any]) -> tuple[tuple[Any, Any], ...]:
    found = place.get("x-mapping", {})
    return tuple(sorted(found.items())) if isinstance(found, Mapping) else ()


def job_states(document: dict[str, Any]) -> States:
    """Returns the states of a job by name, in the order of the document.

    Args:
        document: A contract document, with overlay and profile applied.

    Raises:
        casavi_contracts.spec.ProfileError: They cannot be.
    """
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
    place = _end(document, Shapes(document)["getJob"].places["job.status"])
    if "x-states" not in place:
        if not set(place.get("enum", names)) <= set(names):
            raise ShapeError(f"the status of the job has the enum {place['enum']} and no x-states; {HOW}")
        place["x-states"] = shipped_states()
    states = states_at(place, names)
    if chosen and not set(states) <= set(names):
        raise ProfileError(f"assumption {NAMES!r} and x-states of the overlay both name the states of a job; keep one")
    place["enum"] = list(states)
    return states


def shipped_states() -> dict[str, list[str]]:
    """Returns the states of a job as the shipped document has them."""
    document, _ = shipped_answer("getJob")
    states: dict[str, list[str]] = document["components"]["schemas"]["Job"]["properties"]["status"]["x-states"]
    return states


def _end(document: Mapping[str, Any], place: Any) -> Any:
    """Returns the schema that a place refers to at last."""
    while "$ref" in place:
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


__all__ = ["ABSENT", "ERROR", "AnswerShape", "NotShown", "ShapeError", "Shapes", "read", "shapes_of", "shown"]
