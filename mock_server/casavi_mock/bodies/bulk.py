"""Puts a long body together from its parts, and checks each as it comes."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter
from typing import Any

import orjson

from casavi_mock.bodies.parts import Closes, Event, Opens, Overfull, Part, Scalar
from casavi_mock.bodies.validation import COUNTED_ERRORS, MAX_ERRORS, WORDED_ERRORS, BodySchema
from casavi_mock.domain.model import Shape
from casavi_mock.domain.ordering import Portion, escaped
from casavi_mock.domain.steps import Steps
from casavi_mock.errors import FieldError

STEP_ERRORS = 50
"""Errors made between two pauses: a millisecond of work."""

STEP_VALUES = 500
"""Values looked at one by one between two pauses."""

MAX_INSIDE = 500_000
"""Objects, lists and members of objects in the values of one body that come in parts and cannot wait as text, such as
custom fields; ten elements of a list that are neither count as one. They take many times the memory of their text."""

PACKED_RECORDS = 20
"""Records of a list from which on they are kept as text."""

_NESTING = (dict, list)
"""What has levels; a union would be made anew for each of millions of values."""

_RECORDS_LEVEL = 2
"""Level of the lists of records at the top of an import."""


@dataclass(slots=True)
class Findings:
    """What is wrong with a value."""

    errors: list[FieldError] = field(default_factory=list)
    """The first of them, up to `MAX_ERRORS`."""
    count: int = 0
    too_deep: str | None = None
    """JSON pointer of the first place that is nested too deeply, if there is one."""

    def add(self, errors: Iterable[FieldError], count: int) -> None:
        """Adds errors.

        Args:
            errors: At least as many of them as are still shown.
            count: How many there are.
        """
        self.errors += islice(errors, MAX_ERRORS - len(self.errors))
        self.count += count

    def include(self, inner: "Findings") -> None:
        """Adds the findings of an element or a member."""
        self.add(inner.errors, inner.count)
        self.too_deep = inner.too_deep if self.too_deep is None else self.too_deep

    def __bool__(self) -> bool:
        return self.count > 0 or self.too_deep is not None


_MORE = Findings([FieldError("", "a value that satisfies the contract", "another")], 1)
"""Stands for what is wrong with a value once no more errors are counted."""


@dataclass(slots=True, eq=False)
class _Divided:
    """A list or an object that comes in parts."""

    value: Any
    schema: BodySchema | None
    """None if it can be anything."""
    pointer: str
    level: int
    name: str | None
    """Its name in the object around it."""
    shape: Shape | None
    """What it is in an import, or, of a list, what its elements are; None if it is neither record nor part of one."""
    number: int = 0
    """Elements so far."""
    findings: Findings = field(default_factory=Findings)
    """Those of its elements."""
    members: dict[str, Findings] = field(default_factory=dict)
    """Those of its members. If a name comes twice, the last counts."""


class LongBody:
    """A body that is put together and checked while its parts come.

    Args:
        schema: What it has to satisfy.
        max_nesting: Levels that it may have.
        shape: What records it may hold.
    """

    def __init__(self, schema: BodySchema, max_nesting: int, shape: Shape | None) -> None:
        self.value: Any = None
        """The body, once all of it came. Portions stand for records in it; what is wrong is left out."""
        self.findings = Findings()
        """What is wrong with it, once all of it came."""
        self.number = 0
        """Records so far."""
        self._schema = schema
        self._levels = max_nesting
        self._shape = shape
        self._open: list[_Divided] = []
        self._errors = 0
        self._worded = 0
        self._too_deep = False
        """Whether something is; then no more is looked for where inside of a value."""
        self._inside = 0

    def take(self, event: Event) -> Steps[None]:
        """Takes what comes next, in steps.

        Raises:
            Overfull: There is too much in one value.
        """
        match event:
            case Scalar():
                self.value = event.value
                yield from self._judge(event.value, self._schema, "", self._levels, self.findings)
            case Opens():
                self._opens(event.value, event.name)
            case Part() if self._open[-1].level > self._levels:
                pass  # it is too deep already
            case Part(value=dict() as members):
                yield from self._take_members(self._open[-1], members, event.text)
            case Part(value=list() as elements):
                yield from self._take_elements(self._open[-1], elements, event.text)
            case Closes():
                yield from self._closes(self._open.pop())

    def _opens(self, value: Any, name: str | None) -> None:
        if not self._open:
            self._open.append(_Divided(value, self._schema, "", 1, None, _of_object(self._shape, value)))
            return
        around = self._open[-1]
        level, schema, shape, place = around.level + 1, around.schema, _of_object(around.shape, value), name
        if name is None:
            schema, place = schema and schema.of_elements(), str(around.number)
        else:
            self._forget(around, name)
            schema, place = schema and schema.of_member(name), escaped(name)
            shape = _held(around.shape, name) if isinstance(value, list) else None
        pointer = around.pointer if around.level > self._levels else f"{around.pointer}/{place}"
        opened = _Divided(value, schema, pointer, level, name, shape)
        if level > self._levels:
            opened.schema, opened.findings.too_deep, self._too_deep = None, pointer, True
        self._open.append(opened)

    def _closes(self, closed: _Divided) -> Steps[None]:
        findings = Findings()
        schema, value = closed.schema, closed.value
        if schema is not None:
            yield from self._explain(schema.own_errors(value, closed.pointer, divided=True), findings)
        findings.include(closed.findings)
        for number, inner in enumerate(closed.members.values()):
            findings.include(inner)
            if number % STEP_VALUES == 0:
                yield
        if not self._open:
            self.value, self.findings = value, findings
            return
        around = self._open[-1]
        if closed.name is not None:
            around.value[closed.name] = value
            if findings:
                around.members[closed.name] = findings
            return
        around.number += 1
        self.number += around.level == _RECORDS_LEVEL and around.shape is not None
        around.findings.include(findings)
        if not findings:
            around.value.append(value)

    def _take_elements(self, divided: _Divided, values: list[Any], text: bytes) -> Steps[None]:
        """Takes some elements of a list."""
        first, shape = divided.number, divided.shape
        divided.number += len(values)
        if divided.level == _RECORDS_LEVEL and shape is not None:
            self.number += len(values)
        schema = divided.schema
        plain = schema is not None and schema.plainly_satisfied_by(values)
        if not plain:
            findings = Findings()
            yield from self._examine(values, divided, first, findings)
            divided.findings.include(findings)
            if findings:
                return
        if shape is not None and shape.entity is not None and text:
            divided.value.append(_portion(values, text, shape, plain=plain))
        else:
            self._keep(values, shape, text)
            divided.value += values

    def _keep(self, values: Iterable[Any], shape: Shape | None, text: bytes) -> None:
        """Has records of kept values taken out of them, and counts what is left."""
        taken_out = 0
        if shape is not None:
            for value in values:
                taken_out += _packed(value, shape)
        self._inside += _weight(text) - taken_out
        if self._inside > MAX_INSIDE:
            raise Overfull

    def _examine(self, values: list[Any], divided: _Divided, first: int, findings: Findings) -> Steps[None]:
        """Adds what is wrong with some elements of a list, of which the first has an index."""
        schema, levels = divided.schema, self._levels - divided.level
        if schema is None or schema.satisfied_by(values):
            if not deeper(values, levels + 1):
                return
            schema = None
        elif self._enough and not deeper(values, levels + 1):
            findings.include(_MORE)
            return
        inner = schema and schema.of_elements()
        for index, value in enumerate(values, first):
            yield from self._judge(value, inner, f"{divided.pointer}/{index}", levels, findings)
            if index % STEP_VALUES == 0:
                yield

    def _take_members(self, divided: _Divided, members: dict[str, Any], text: bytes) -> Steps[None]:
        """Takes some members of an object."""
        self._inside += len(members)
        good = dict(members)
        for number, (name, value) in enumerate(members.items()):
            self._forget(divided, name)
            if divided.level == 1 and isinstance(value, list) and _held(divided.shape, name) is not None:
                self.number += len(value)
            findings = Findings()
            inner = divided.schema and divided.schema.of_member(name)
            pointer = f"{divided.pointer}/{escaped(name)}"
            yield from self._judge(value, inner, pointer, self._levels - divided.level, findings)
            if findings:
                divided.members[name] = findings
                del good[name]
            if number % STEP_VALUES == 0:
                yield
        self._keep((good,), divided.shape, text)
        divided.value.update(members | good)

    def _judge(
        self, value: Any, schema: BodySchema | None, pointer: str, levels: int, findings: Findings
    ) -> Steps[None]:
        """Adds what is wrong with a value."""
        if schema is not None and schema.plainly_satisfied_by(value):
            return
        if deeper(value, levels):
            findings.too_deep = findings.too_deep or (pointer if self._too_deep else beyond(value, pointer, levels))
            self._too_deep = True
        elif schema is not None and not schema.satisfied_by(value):
            if not self._enough:
                yield from self._explain(schema.errors(value, pointer), findings)
            else:
                findings.include(_MORE)

    @property
    def _enough(self) -> bool:
        """Whether no more errors are put into words. Those of a member that comes again are counted no more."""
        return self._errors >= COUNTED_ERRORS or self._worded >= WORDED_ERRORS

    def _explain(self, errors: Iterable[FieldError], findings: Findings) -> Steps[None]:
        """Adds errors until there are so many that no more are counted."""
        for error in islice(errors, max(COUNTED_ERRORS - self._errors, 1)):
            findings.add((error,), 1)
            self._errors += 1
            self._worded += 1
            if self._worded % STEP_ERRORS == 0:
                yield

    def _forget(self, divided: _Divided, name: str) -> None:
        """Forgets a member whose name comes again."""
        before = divided.members.pop(name, None)
        if before is not None:
            self._errors -= before.count


def _of_object(shape: Shape | None, value: Any) -> Shape | None:
    """Returns the shape of an import or a record; what is a list in the place of one holds nothing of an import."""
    return shape if isinstance(value, dict) else None


def _held(shape: Shape | None, name: str) -> Shape | None:
    """Returns the shape of what a list holds that is a member of a value with a shape."""
    return next((child.shape for child in shape.children if child.key == name), None) if shape is not None else None


def _weight(text: bytes) -> int:
    return text.count(b"{") + text.count(b"[") + text.count(b",") // 10


def _packed(value: dict[str, Any], shape: Shape) -> int:
    """Puts portions in place of longer lists of records in a value, and returns the weight of what they stand for."""
    weight = 0
    for child in shape.children:
        inner = value.get(child.key) or ()
        if child.shape.entity is None:
            weight += sum(_packed(part, child.shape) for part in inner)
        elif len(inner) >= PACKED_RECORDS:
            text = orjson.dumps(inner)
            value[child.key] = [Portion(len(inner), functools.partial(orjson.loads, text))]
            weight += _weight(text)
    return weight


def _portion(values: list[Any], text: bytes, shape: Shape, *, plain: bool) -> Portion:
    """Returns what stands for good records."""
    load = functools.partial(orjson.loads, text)
    if shape.children:
        return Portion(len(values), load)
    key, known = itemgetter(*shape.identity), shape.fields
    odd = () if plain else [(n, value) for n, value in enumerate(values) if not value.keys() <= known]
    unknown = [(n, tuple(name for name in value if name not in known)) for n, value in odd]
    return Portion(len(values), load, [key(value) for value in values], unknown)


def deeper(value: Any, levels: int) -> bool:
    """Whether a parsed JSON value has more than so many levels; `[]` and `{}` have one, a text or a number none."""
    if not isinstance(value, _NESTING):
        return False
    layer = [value]
    for _ in range(levels):
        inside = (item for outer in layer for item in (outer.values() if isinstance(outer, dict) else outer))
        layer = [item for item in inside if isinstance(item, _NESTING)]
        if not layer:
            return False
    return bool(layer)


def beyond(value: Any, pointer: str, levels: int) -> str | None:
    """Returns the JSON pointer of the first value that lies too deep, or None.

    Args:
        value: A parsed JSON value.
        pointer: Its own JSON pointer in the whole body.
        levels: Levels that it may have.
    """
    if not deeper(value, levels):
        return None
    waiting = [(value, pointer, levels)]
    while True:
        value, pointer, levels = waiting.pop()
        if levels == 0:
            return pointer
        inside = value.items() if isinstance(value, dict) else enumerate(value)
        waiting += [
            (item, f"{pointer}/{escaped(str(name))}", levels - 1)
            for name, item in reversed(list(inside))
            if isinstance(item, dict | list)
        ]
