"""Every place of the contract document says how sure it is, and none claims more than the facts page gives it.

The facts page collects what public sources tell of casavi's API; `facts_classes.toml` is what it says of each place.
"""

import copy
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from casavi_contracts import spec

STRENGTH = ("documented", "mirror", "client", "third-party", "help", "inferred", "assumed")
CLASSES = dict(zip(("D", "D*", "C", "T", "D-UI", "I", "U"), STRENGTH, strict=True))
FACTS = Path(__file__).parents[2] / "docs" / "reference" / "facts.md"
SECTIONS = {*re.findall(r"(?m)^##+ (\d+(?:\.\d+)?)", FACTS.read_text())}
"""The sections of the facts page."""
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

Node = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """One place of the document, with the marks that hold there: its own, or those of the nearest marked ancestor."""

    kind: str
    name: str
    evidence: Any = None
    source: Any = None
    assumptions: tuple[str, ...] = ()

    def inside(self, kind: str, name: str, node: Node, key: str = "x-evidence") -> "Place":
        """The place of a node below this one."""
        return Place(
            kind,
            name,
            node.get(key, self.evidence),
            node.get("x-source", self.source),
            _names(node) or self.assumptions,
        )


def _names(node: Node, key: str = "x-assumption") -> tuple[str, ...]:
    named = node.get(key, ())
    return (named,) if isinstance(named, str) else tuple(named)


def places(document: Node) -> Iterator[Place]:
    """Yields every place that needs evidence."""
    nowhere = Place("", "")
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield from _in_operation(f"{method.upper()} {path}", item, item[method])
    for name, node in document["components"].get("securitySchemes", {}).items():
        yield nowhere.inside("security", name, node)
    for name, node in document["components"].get("parameters", {}).items():
        yield nowhere.inside("parameters", name, node)
        yield from _in_schema(nowhere, name, node.get("schema", {}))
    for name, node in document["components"].get("responses", {}).items():
        yield from _in_response(nowhere, name, node)
    for name, node in document["components"]["schemas"].items():
        place = nowhere.inside("schemas", name, node)
        yield place
        yield from _in_schema(place, name, node)
    for name, node in document["x-rules"].items():
        yield Place("rules", name, node.get("evidence"), node.get("source"), _names(node, "assumption"))
    for name, node in document["x-assumptions"].items():
        yield Place("assumptions", name, node.get("evidence"), node.get("source"), (name,))


def _in_operation(path: str, item: Node, node: Node) -> Iterator[Place]:
    name = node["operationId"]
    place = Place("", "").inside("operations", name, node)
    yield place
    yield place.inside("paths", path, node, "x-path-evidence")
    for parameter in [*item.get("parameters", ()), *node.get("parameters", ())]:
        if "$ref" not in parameter:
            yield place.inside("parameters", f"{name}.{parameter['name']}", parameter)
            yield from _in_schema(place, f"{name}.{parameter['name']}", parameter.get("schema", {}))
    yield from _in_content(place, name, node.get("requestBody", {}))
    for status, response in node["responses"].items():
        if "$ref" not in response:
            yield from _in_response(place, f"{name}.{status}", response)


def _in_response(around: Place, name: str, node: Node) -> Iterator[Place]:
    place = around.inside("responses", name, node)
    yield place
    for header, inner in node.get("headers", {}).items():
        yield place.inside("headers", f"{name}.{header}", inner)
    yield from _in_content(place, name, node)


def _in_content(around: Place, name: str, node: Node) -> Iterator[Place]:
    for media in node.get("content", {}).values():
        yield from _in_schema(around, name, media.get("schema", {}))


def _in_schema(around: Place, name: str, node: Node) -> Iterator[Place]:
    """Yields the properties below a schema, through everything but `$ref`."""
    for key, inner in node.get("properties", {}).items():
        place = around.inside("properties", f"{name}.{key}", inner)
        yield place
        if "x-references" in inner:
            yield replace(place, kind="references", name=f"{name}.{key}", evidence=inner.get("x-reference-evidence"))
        for value, evidence in inner.get("x-enum-evidence", {}).items():
            yield replace(place, kind="values", name=f"{name}.{key}={value}", evidence=evidence)
        yield from _in_schema(place, f"{name}.{key}", inner)
    parts = [*node.get("allOf", ()), *node.get("anyOf", ()), *node.get("oneOf", ())]
    parts += [node[key] for key in ("items", "additionalProperties", "not") if isinstance(node.get(key), dict)]
    for part in parts:
        place = around.inside(around.kind, around.name, part)
        if place != around:
            yield place
        yield from _in_schema(place, name, part)


def facts(version: str = "v1") -> dict[tuple[str, str], str]:
    """The strongest evidence by kind and name of the place."""
    table = tomllib.loads(Path(__file__).with_name("facts_classes.toml").read_text())
    second = table.pop("v2")
    first = _by_place(table)
    if version == "v1":
        return first
    shared = {name: CLASSES[code] for name, code in second.pop("shared").items()}
    result = {}
    for (kind, name), evidence in first.items():
        whole = name.partition(".")[0]
        if kind in ("rules", "assumptions"):
            result[kind, name] = evidence
        elif whole in shared:
            result[kind, name] = max(evidence, shared[whole], key=STRENGTH.index)
    own = _by_place(second)
    assert not own.keys() & result.keys()
    return result | own


def _by_place(table: Node) -> dict[tuple[str, str], str]:
    properties = {
        f"{schema}.{name}": code for schema, inner in table["properties"].items() for name, code in inner.items()
    }
    whole = {**table, "properties": properties}
    return {(kind, name): CLASSES[code] for kind, inner in whole.items() for name, code in inner.items()}


def objections(document: Node) -> list[str]:
    """Everything that is wrong with the evidence in a document."""
    known = set(document["x-assumptions"])
    strongest = facts("v2" if document["servers"] == [{"url": "/v2"}] else "v1")
    found = []
    for place in places(document):
        where = f"{place.kind} {place.name}"
        if place.evidence not in STRENGTH:
            found.append(f"{where}: evidence is {place.evidence!r}")
            continue
        if place.source not in SECTIONS:
            found.append(f"{where}: source is {place.source!r}")
        found += [f"{where}: no assumption {name!r}" for name in place.assumptions if name not in known]
        if place.evidence == "assumed" and not place.assumptions:
            found.append(f"{where}: assumed, but by which assumption?")
        allowed = strongest.get((place.kind, place.name))
        if allowed is None:
            found.append(f"{where}: tests/repo/facts_classes.toml does not have it; enter its class there")
        elif STRENGTH.index(place.evidence) < STRENGTH.index(allowed):
            found.append(f"{where}: claims {place.evidence}, the facts page gives {allowed}")
    return found + _stray_marks(document, known)


def _stray_marks(node: Any, known: set[str], where: str = "") -> list[str]:
    """What is wrong with marks at places that need none, such as request bodies and media types."""
    if isinstance(node, list):
        return [text for item in node for text in _stray_marks(item, known, f"{where}[]")]
    if not isinstance(node, dict):
        return []
    marks = ("x-evidence", "x-path-evidence", "x-reference-evidence")
    found = [f"{where}: {key} is {node[key]!r}" for key in marks if key in node and node[key] not in STRENGTH]
    if "x-source" in node and node["x-source"] not in SECTIONS:
        found.append(f"{where}: x-source is {node['x-source']!r}")
    found += [f"{where}: no assumption {name!r}" for name in _names(node) if name not in known]
    for key, inner in node.items():
        if key not in ("example", "examples"):
            found += _stray_marks(inner, known, f"{where}/{key}")
    return found


def unused_assumptions(document: Node) -> set[str]:
    """Assumptions on which nothing in the document rests."""
    marked: set[str] = set()
    waiting: list[Any] = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            marked |= {*_names(node), *_names(node, "assumption")}
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return set(document["x-assumptions"]) - marked


@pytest.fixture(scope="module")
def document() -> Node:
    return spec.load_document()


@pytest.fixture(scope="module")
def second() -> Node:
    return spec.load_document("v2")


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_no_place_lacks_evidence_or_claims_more_than_the_facts_give(version: str) -> None:
    found = objections(spec.load_document(version))
    assert not found, "\n".join(found)


def test_every_assumption_is_used(document: Node, second: Node) -> None:
    idle = unused_assumptions(document) & unused_assumptions(second)
    assert idle == set(), "nothing rests on these: name them in x-assumption where they matter, or in a rule"


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_table_of_facts_knows_no_place_that_is_gone(version: str) -> None:
    known = {(place.kind, place.name) for place in places(spec.load_document(version))}
    assert set(facts(version)) - known == set(), "take these out of tests/repo/facts_classes.toml"


def test_what_both_versions_share_is_never_known_better_in_the_second(document: Node, second: Node) -> None:
    first = {(place.kind, place.name): place.evidence for place in places(document)}
    shared = {(place.kind, place.name): place.evidence for place in places(second) if (place.kind, place.name) in first}
    own = {("paths", "GET /contacts"), ("security", "tokenAuth")}  # of these, each version has its own
    stronger = [place for place, evidence in shared.items() if STRENGTH.index(evidence) < STRENGTH.index(first[place])]
    assert set(stronger) <= own
    weaker = {name for (kind, name), evidence in shared.items() if kind == "schemas" and evidence != first[kind, name]}
    assert {"Token", "DeprecatedCredentials", "RefreshRequest", "MasterData", "ReferenceId"} <= weaker
    assert shared["properties", "Token.token"] == "client"
    assert shared["properties", "DeprecatedCredentials.password"] == "assumed"
    assert shared["references", "Contract.contactId"] == shared["values", "Contact.preferredWayOfContact=LETTER"]


def test_of_two_that_need_a_component_the_better_known_counts() -> None:
    """`Token` is answered by the log-in of version 2, which clients use, and by its refresh, which is assumed."""
    schemas = spec.load_document("v2")["components"]["schemas"]
    assert (schemas["Token"]["x-evidence"], schemas["RefreshRequest"]["x-evidence"]) == ("client", "assumed")


def test_the_classes_of_evidence_are_those_of_the_package() -> None:
    assert tuple(name for name in spec.EVIDENCE if name != "observed") == STRENGTH


def test_no_shipped_place_is_observed() -> None:
    """What a user has observed, only his own file of evidence can say."""
    for version in ("v1", "v2"):
        assert "'observed'" not in str(spec.load_document(version)).replace("x-observed", "")


# What follows shows that the test above can fail.


def at(document: Node, path: str) -> Node:
    """The node at a path of keys, divided by ` > `."""
    for key in path.split(" > "):
        document = document[key]
    return document


def removed(path: str, key: str = "x-evidence") -> Callable[[Node], object]:
    return lambda document: at(document, path).pop(key)


def changed(path: str, key: str, value: Any) -> Callable[[Node], object]:
    return lambda document: at(document, path).update({key: value})


def added(path: str, name: str, node: Node) -> Callable[[Node], object]:
    return lambda document: at(document, path).update({name: node})


_AUTHENTICATE = "paths > /authenticate > post"
_CONTACT = "components > schemas > Contact"
_JOB = "components > schemas > Job"
_TEXT = {"type": "string"}
_NEW_OPERATION = {"operationId": "listTickets", "x-evidence": "assumed", "x-assumption": "upsert", "x-source": "7"}

TAMPERED = {
    "operation without evidence": removed(_AUTHENTICATE),
    "schema without evidence": removed(_CONTACT),
    "response without evidence": removed("components > responses > BadRequest"),
    "security scheme without evidence": removed("components > securitySchemes > tokenAuth"),
    "rule without evidence": removed("x-rules > duplicate-id", "evidence"),
    "reference without evidence": removed(
        "components > schemas > Contract > properties > contactId", "x-reference-evidence"
    ),
    "response that inherits too much": removed("paths > /import > post > responses > 202"),
    "header that inherits too much": changed("components > responses > TooManyRequests", "x-evidence", "inferred"),
    "path that inherits too much": removed("paths > /refresh > post", "x-path-evidence"),
    "property that inherits too much": removed("components > schemas > MasterData > properties > responsibilities"),
    "schema strengthened": changed(_JOB, "x-evidence", "documented"),
    "schema strengthened by one step": changed("components > schemas > Unit", "x-evidence", "third-party"),
    "property strengthened": changed(f"{_JOB} > properties > status", "x-evidence", "inferred"),
    "property strengthened inside": changed(
        "components > schemas > RecordError > properties > missing > properties > id", "x-evidence", "client"
    ),
    "value strengthened": changed(
        f"{_CONTACT} > properties > preferredWayOfContact > x-enum-evidence", "ONLINE", "documented"
    ),
    "rule strengthened": changed("x-rules > duplicate-id", "evidence", "documented"),
    "assumption strengthened": changed("x-assumptions > refresh-path", "evidence", "client"),
    "alternative strengthened": lambda document: at(document, "components > schemas > ContractDate")["anyOf"][0].update(
        {"x-evidence": "documented"}
    ),
    "evidence of no class": changed(_CONTACT, "x-evidence", "certain"),
    "evidence of no class at a body": changed(f"{_AUTHENTICATE} > requestBody", "x-evidence", "certain"),
    "unknown assumption": changed(_CONTACT, "x-assumption", ["required-fields", "no-such-guess"]),
    "unknown assumption of a rule": changed("x-rules > duplicate-id", "assumption", "no-such-guess"),
    "unknown assumption at a body": changed(f"{_AUTHENTICATE} > requestBody", "x-assumption", "no-such-guess"),
    "assumption taken out of the register": lambda document: document["x-assumptions"].pop("queue-limit"),
    "assumed without assumption": removed(_JOB, "x-assumption"),
    "rule assumed without assumption": removed("x-rules > queue-full", "assumption"),
    "unknown source": changed(_CONTACT, "x-source", "8.33"),
    "source as a number": changed(_CONTACT, "x-source", 8.3),
    "no source": removed(_CONTACT, "x-source"),
    "new property": added(f"{_CONTACT} > properties", "nickname", _TEXT),
    "new schema": added("components > schemas", "Ticket", {"x-evidence": "assumed", "x-assumption": "upsert"}),
    "new operation": added("paths", "/tickets", {"get": {**_NEW_OPERATION, "responses": {}}}),
    "new parameter": changed(_AUTHENTICATE, "parameters", [{"name": "page", "in": "query", "schema": _TEXT}]),
    "new rule": added("x-rules", "teapot", {"evidence": "assumed", "source": "4", "assumption": "upsert"}),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_tampered_document_is_caught(document: Node, name: str) -> None:
    tampered = copy.deepcopy(document)
    TAMPERED[name](tampered)
    assert set(objections(tampered)) - set(objections(document))


_PROPERTY = "components > schemas > Property"

TAMPERED_SECOND = {
    "property documented": changed(_PROPERTY, "x-evidence", "documented"),
    "twin strengthened": changed("paths > /import > post", "x-evidence", "client"),
    "twin's path strengthened": changed("paths > /refresh > post", "x-path-evidence", "client"),
    "log-in as well known as in version 1": changed("components > schemas > Credentials", "x-evidence", "documented"),
    "import as well known as in version 1": changed("components > schemas > MasterData", "x-evidence", "documented"),
    "parameter strengthened": changed("components > parameters > after", "x-evidence", "client"),
    "parameter without evidence": removed("components > parameters > page"),
    "filter strengthened": lambda document: at(document, "paths > /contacts > get")["parameters"][-1].update(
        {"x-evidence": "documented"}
    ),
    "status strengthened": changed("paths > /contacts > get > responses > 200", "x-evidence", "client"),
    "field that nobody has seen": changed(
        "components > schemas > ContactV2 > properties > note", "x-evidence", "client"
    ),
    "new property": added(f"{_PROPERTY} > properties", "garden", _TEXT),
}


@pytest.mark.parametrize("name", TAMPERED_SECOND)
def test_a_tampered_second_document_is_caught(second: Node, name: str) -> None:
    tampered = copy.deepcopy(second)
    TAMPERED_SECOND[name](tampered)
    assert set(objections(tampered)) - set(objections(second))


def test_an_assumption_that_nothing_rests_on_is_caught(document: Node) -> None:
    tampered = copy.deepcopy(document)
    tampered["x-assumptions"]["idle"] = tampered["x-assumptions"]["upsert"]
    assert unused_assumptions(tampered) - unused_assumptions(document) == {"idle"}
