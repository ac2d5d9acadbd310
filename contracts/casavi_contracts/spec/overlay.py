"""Applies an OpenAPI Overlay 1.0 to the contract documents, before anything else reads them.

An array inside an `update` is appended to the one that is there, as Overlay 1.1 puts into words what 1.0 leaves open.
"""

import copy
import functools
import importlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from casavi_contracts.spec.register import ProfileError

MAX_ACTIONS = 1_000
MAX_NODES = 100_000
"""Values in an overlay, and places that one of its actions may change."""

_MEMBERS = ("overlay", "info", "extends", "actions")
_ACTION = ("target", "description", "update", "remove")
_SHOWN = 60

Json = Any


class OverlayError(ProfileError):
    """An overlay cannot be used; the text names the action by its number, its target and what came."""


def apply_overlay(documents: Mapping[str, dict[str, Any]], overlay: Mapping[str, Any]) -> None:
    """Applies the actions of an overlay in their order.

    Args:
        documents: Contract documents by any name; they are changed.
        overlay: A parsed Overlay document. An action has to match in one of the documents at least.

    Raises:
        OverlayError: It is no overlay, or an action is wrong or matches nothing.
    """
    for number, action in enumerate(_actions(overlay), 1):
        try:
            changed = sum([_apply(document, action) for document in documents.values()])
        except _Wrong as wrong:
            raise OverlayError(f"action {number}, target {_brief(action.get('target'))}: {wrong}") from None
        if not changed:
            raise OverlayError(
                f"action {number}, target {_brief(action['target'])} matches nothing in the contract; "
                "the document that it has to fit is what a server of casavi-mock answers at /openapi.json"
            )


class _Wrong(Exception):
    """An action is wrong; the text says how."""


def normal(value: Any, where: str = "", budget: list[int] | None = None) -> Json:
    """Returns a value of YAML as one of JSON: names of members become texts.

    Raises:
        OverlayError: It holds what JSON has not, or more than 100,000 values.
    """
    budget = [MAX_NODES] if budget is None else budget
    budget[0] -= 1
    if budget[0] < 0:
        raise OverlayError(f"it holds more than {MAX_NODES:,} values")
    if isinstance(value, dict):
        return {_name(key, where): normal(inner, f"{where}/{key}", budget) for key, inner in value.items()}
    if isinstance(value, list):
        return [normal(inner, f"{where}/{index}", budget) for index, inner in enumerate(value)]
    if value is None or isinstance(value, str | bool | int) or (isinstance(value, float) and value - value == 0):
        return value
    raise OverlayError(f"{where}: {_brief(value)} is no value of JSON; a date or a time has to stand in quotes")


def _name(key: Any, where: str) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, int) and not isinstance(key, bool):
        return str(key)
    raise OverlayError(f"{where}: {_brief(key)} is no name of a member; put it in quotes")


def _actions(overlay: Any) -> Sequence[Mapping[str, Any]]:
    if not isinstance(overlay, Mapping):
        raise OverlayError(f"an overlay is an object with {', '.join(_MEMBERS)}; this is {_brief(overlay)}")
    version = overlay.get("overlay")
    if not isinstance(version, str) or version.split(".")[:2] not in (["1", "0"], ["1", "1"]):
        raise OverlayError(f"overlay has to be '1.0.0', in quotes; this is {_brief(version)}")
    unknown = [name for name in overlay if name not in _MEMBERS and not name.startswith("x-")]
    if unknown:
        raise OverlayError(f"an overlay has no member {unknown[0]!r}; possible are {', '.join(_MEMBERS)}")
    actions = overlay.get("actions")
    if not isinstance(actions, list) or not actions:
        raise OverlayError(f"actions has to be a list of at least one action; this is {_brief(actions)}")
    if len(actions) > MAX_ACTIONS:
        raise OverlayError(f"it has {len(actions):,} actions; possible are {MAX_ACTIONS:,}")
    for number, action in enumerate(actions, 1):
        if wrong := _wrong_action(action):
            raise OverlayError(f"action {number}: {wrong}")
    return actions


def _wrong_action(action: Any) -> str | None:
    if not isinstance(action, Mapping):
        return f"it has to be an object with {', '.join(_ACTION)}; this is {_brief(action)}"
    unknown = [name for name in action if name not in _ACTION and not name.startswith("x-")]
    if unknown:
        return f"it has a member {unknown[0]!r}; possible are {', '.join(_ACTION)}"
    if not isinstance(action.get("target"), str):
        return f"target has to be a JSONPath; this is {_brief(action.get('target'))}"
    if not isinstance(action.get("remove", False), bool):
        return f"remove has to be true or false; this is {_brief(action['remove'])}"
    if not action.get("remove") and "update" not in action:
        return "it has neither update nor remove: true"
    return None


def _apply(document: dict[str, Any], action: Mapping[str, Any]) -> int:
    """Applies an action and returns how many places it matched."""
    nodes = _found(document, action["target"])
    if len(nodes) > MAX_NODES:
        raise _Wrong(f"it matches more than {MAX_NODES:,} places")
    for location, value in reversed(nodes):  # items of an array are removed from its end
        if action.get("remove"):
            _remove(document, location)
        else:
            _update(document, location, value, action["update"])
    return len(nodes)


def _found(document: dict[str, Any], target: str) -> list[tuple[tuple[str | int, ...], Json]]:
    jsonpath = _jsonpath()
    try:
        query = jsonpath.compile(target)
        found = itertools.islice(query.finditer(document), MAX_NODES + 1)
        return [(node.location, node.value) for node in found]
    except (jsonpath.JSONPathError, RecursionError) as error:
        raise _Wrong(f"it is no JSONPath of RFC 9535: {error}") from None


@functools.cache
def _jsonpath() -> Any:
    """Returns the library of JSONPath, loaded once: that takes 0.06 s, which only those pay who have an overlay.

    A part of it can be loaded only once in a process, and sessions of pytest inside of a test forget what they loaded.
    """
    return importlib.import_module("jsonpath_rfc9535")


def _remove(document: dict[str, Any], location: tuple[str | int, ...]) -> None:
    if not location:
        raise _Wrong("the whole document cannot be removed")
    parent = _at(document, location[:-1])
    if isinstance(parent, list):
        assert isinstance(location[-1], int)
        del parent[location[-1]]
    elif isinstance(parent, dict):
        parent.pop(location[-1], None)  # it may have gone with something that was removed before it


def _update(document: dict[str, Any], location: tuple[str | int, ...], value: Json, update: Json) -> None:
    if isinstance(value, dict):
        if not isinstance(update, Mapping):
            raise _Wrong(f"update has to be an object, as the target is one; this is {_brief(update)}")
        _merge(value, update)
    elif isinstance(value, list):
        _append(value, update if isinstance(update, list) else [update])
    elif isinstance(update, dict | list):
        raise _Wrong(f"update has to be a single value, as the target is one; this is {_brief(update)}")
    else:
        parent = _at(document, location[:-1])
        parent[location[-1]] = update


def _merge(target: dict[str, Any], update: Mapping[str, Any]) -> None:
    for name, value in update.items():
        known = target.get(name)
        if isinstance(known, dict) and isinstance(value, dict):
            _merge(known, value)
        elif isinstance(known, list) and isinstance(value, list):
            _append(known, value)
        else:
            target[name] = copy.deepcopy(value)


def _append(target: list[Json], entries: list[Json]) -> None:
    target += [copy.deepcopy(entry) for entry in entries if entry not in target]


def _at(document: Json, location: Sequence[str | int]) -> Json:
    for part in location:
        document = document[part] if isinstance(part, int) else document.get(part, {})
    return document


def missing_references(document: Mapping[str, Any]) -> Iterator[str]:
    """Yields the references of a document that lead nowhere, each with its place."""
    for place, reference in _references(document, ""):
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
        if found is None or not reference.startswith("#/"):
            yield f"{place} refers to {_brief(reference)}"


def _references(node: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _references(item, f"{place}/{index}")
    elif isinstance(node, Mapping):
        for name, item in node.items():
            if name == "$ref" and isinstance(item, str):
                yield place, item
            elif name not in ("x-assumptions", "x-rules", "example", "examples"):
                yield from _references(item, f"{place}/{str(name).replace('~', '~0').replace('/', '~1')}")


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
