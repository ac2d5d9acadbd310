"""Makes of a response schema what builds the answer, and reads it."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from casavi_contracts.spec.nodes import Constant, Entries, Items, Members, Node, Opaque, Single
from casavi_contracts.spec.register import ProfileError
from casavi_contracts.spec.roles import ERROR, OUTCOMES, ROOTS, Catalogue, Role, catalogue, resolved, shipped_answer

TEXTS = {"error": "error.message", "warning": "warning.message", "place": "place.message"}
"""What an item of a list shows where it is a single text and does not say what it shows."""

_MAX_DEPTH = 20
_OF_COUNT = ("count.entity", *(f"count.{outcome}" for outcome in OUTCOMES))


class ShapeError(ProfileError):
    """A response schema shows something that there is not; the text names operation and place, and what is possible."""


class Compiler:
    """Makes the node of a response schema.

    Args:
        document: The contract document that the schema's references point into.
        operation: The `operationId`, or `ERROR`.
    """

    def __init__(self, document: dict[str, Any], operation: str) -> None:
        self._document = document
        self._operation = operation
        self._catalogue: Catalogue = catalogue(operation)
        self.places: dict[str, Mapping[str, Any]] = {}
        """The schema of each value that is shown, by its role."""
        self.pointers: dict[str, str] = {}
        """JSON pointer of each of them outside of lists."""
        self.leaves: set[str] = set()
        """The roles of what is shown as it is, and not by its members."""

    def compile(self, schema: Mapping[str, Any]) -> Node:
        """Returns the node of an answer.

        Raises:
            ShapeError: It shows something that there is not.
        """
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
        mapping = self._mapping(place, where)
        if len({repr(theirs) for _, theirs in mapping}) == len(mapping):  # or nobody can tell what is meant
            self.leaves.add(role.name)
        if role.kind == "value" or kind is None:
            return Single(role, mapping)
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
            self.leaves.discard(role.name)
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

    def _mapping(self, place: Mapping[str, Any], where: str) -> tuple[tuple[Any, Any], ...]:
        """Returns what is shown in place of values of ours."""
        found = place.get("x-mapping", {})
        if not isinstance(found, Mapping) or any(isinstance(theirs, dict | list) for theirs in found.values()):
            raise ShapeError(f"{self._where(where)}: x-mapping has to be an object of single values; it is {found!r}")
        return tuple(sorted(found.items()))

    def _possible(self, roots: tuple[str, ...]) -> str:
        return ", ".join(sorted(role.name for role in self._catalogue.values() if role.root in roots))

    def _where(self, where: str) -> str:
        answer = f"the answer of {self._operation}" if self._operation != ERROR else "the answer of an error"
        return f"{answer}, {where or 'the whole'}"


_shipped_nodes: dict[str, Node] = {}


def shipped_node(operation: str) -> Node:
    """Returns what the shipped document compiles to for the answer of an operation."""
    if operation not in _shipped_nodes:
        document, schema = shipped_answer(operation)
        _shipped_nodes[operation] = Compiler(document, operation).compile(schema)
    return _shipped_nodes[operation]
