"""The document of the control plane, its routes and its verbs on the command line are the same."""

import re
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

from casavi_mock.cli.control import control
from casavi_mock.domain.faults import KINDS
from casavi_mock.domain.jobs import MODES, OUTCOMES
from casavi_mock.domain.model import ENTITIES
from casavi_mock.web.control import control_app
from casavi_mock.web.control.app import HANDLERS
from casavi_mock.web.control.document import MAX_BODY_BYTES, MAX_STATE_BYTES, load_document, verbs
from casavi_mock.world.account import STEPS
from tests.support.client import shared_mock

DOCUMENT = load_document()
PAGE = (Path(__file__).parents[2] / "docs" / "control.md").read_text()


def routes() -> set[tuple[str, str, str]]:
    """Method, path and operationId of everything that Flask routes."""
    app = control_app(shared_mock().registry, {})
    return {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD"}
    }


def documented() -> set[tuple[str, str, str]]:
    return {(verb.method, verb.path, verb.id) for verb in verbs(DOCUMENT)}


def test_the_document_is_valid() -> None:
    OpenAPIV30SpecValidator(DOCUMENT).validate()


def test_every_route_is_documented() -> None:
    assert routes() - documented() == set()


def test_everything_documented_is_routed() -> None:
    assert documented() - routes() == set()


def test_handlers_and_operations_are_the_same() -> None:
    assert set(HANDLERS) == {verb.id for verb in verbs(DOCUMENT)}


def test_every_schema_and_parameter_is_used() -> None:
    text = repr(DOCUMENT)
    unused = [
        f"{kind}/{name}"
        for kind in ("schemas", "parameters", "responses", "requestBodies")
        for name in DOCUMENT["components"][kind]
        if f"'#/components/{kind}/{name}'" not in text
    ]
    assert unused == []


def test_accounts_are_chosen_by_header_wherever_one_is_meant() -> None:
    server_wide = {"server", "accounts"}
    for path, item in DOCUMENT["paths"].items():
        for method in ("get", "put", "post", "delete"):
            if method in item:
                places = [*item.get("parameters", ()), *item[method].get("parameters", ())]
                named = any(place.get("$ref", "").endswith("/MockKey") for place in places)
                assert named is not bool(server_wide & set(item[method]["tags"])), (method, path)


def test_lists_of_values_are_those_of_the_code() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert tuple(schemas["Effect"]["properties"]["kind"]["enum"]) == tuple(KINDS)
    assert tuple(schemas["ForcedOutcome"]["properties"]["outcome"]["enum"]) == OUTCOMES
    for name in ("progression", "mode"):
        assert tuple(schemas["NewTransitions"]["properties"][name]["enum"]) == MODES
    assert tuple(schemas["Step"]["properties"]["what"]["enum"]) == STEPS
    assert tuple(schemas["State"]["properties"]["_mock"]["properties"]["records"]["required"]) == ENTITIES


def test_a_state_may_be_longer_than_other_bodies() -> None:
    assert {verb.max_bytes for verb in verbs(DOCUMENT) if verb.id == "putState"} == {MAX_STATE_BYTES}
    assert {verb.max_bytes for verb in verbs(DOCUMENT) if verb.id != "putState"} == {MAX_BODY_BYTES}


@pytest.mark.parametrize("path", sorted(DOCUMENT["paths"]))
def test_the_page_shows_every_path(path: str) -> None:
    pattern = re.escape(f"/_mock{path}").replace(r"\{", "{").replace(r"\}", "}")
    pattern = re.sub(r"{\w+}", "[^/ ]+", pattern)
    assert re.search(rf"{pattern}(?![\w/])", PAGE), path


@pytest.mark.parametrize("name", sorted(control.commands))
def test_the_page_and_the_help_show_every_verb_of_the_command_line(name: str) -> None:
    assert f"casavi-mock control {name}" in PAGE
    assert control.commands[name].help
