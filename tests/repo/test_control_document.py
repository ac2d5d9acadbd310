"""The document of the control plane, its routes and its verbs on the command line are the same."""

import re
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

from casavi_fixtures import portfolio_names
from casavi_mock.accounts import Settings
from casavi_mock.accounts.account import STEPS
from casavi_mock.cli.control import control
from casavi_mock.control import control_app
from casavi_mock.control.app import HANDLERS
from casavi_mock.control.document import MAX_BODY_BYTES, MAX_STATE_BYTES, load_document, verbs
from casavi_mock.domain import state
from casavi_mock.domain.clock import LATEST
from casavi_mock.domain.faults import ANY, IMPORT, JOB_KINDS, KINDS, Effect
from casavi_mock.domain.jobs import MODES, OUTCOMES
from casavi_mock.domain.model import ENTITIES
from casavi_mock.domain.violations import RULES
from casavi_mock.errors import Unsteerable
from tests.support.server import shared_mock

SETTINGS = Settings.from_profile()
DOCUMENT = load_document(SETTINGS.document)
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
    assert tuple(schemas["NewFaultOfCalls"]["properties"]["operation"]["enum"]) == (*SETTINGS.operations, ANY)
    assert schemas["NewFaultOfJobs"]["properties"]["operation"]["enum"] == [IMPORT]
    assert tuple(schemas["JobEffect"]["properties"]["kind"]["enum"]) == JOB_KINDS
    assert tuple(schemas["NewAccount"]["properties"]["load"]["enum"]) == portfolio_names()
    assert schemas["State"]["properties"]["_mock"]["properties"]["version"]["enum"] == [state.VERSION]
    (allow,) = (p for p in DOCUMENT["paths"]["/violations"]["get"]["parameters"] if p.get("name") == "allow")
    assert allow["schema"]["items"]["enum"] == list(RULES)
    assert tuple(schemas["ForcedOutcome"]["properties"]["outcome"]["enum"]) == OUTCOMES
    for name in ("progression", "mode"):
        assert tuple(schemas["NewTransitions"]["properties"][name]["enum"]) == MODES
    assert tuple(schemas["Step"]["properties"]["what"]["enum"]) == STEPS
    assert tuple(schemas["State"]["properties"]["_mock"]["properties"]["records"]["required"]) == ENTITIES


@pytest.mark.parametrize("kind", KINDS)
def test_an_effect_takes_the_fields_and_bounds_of_the_code(kind: str) -> None:
    names = {"status": "status", "retryAfterSeconds": "retry_after_seconds", "seconds": "seconds"}
    schemas = DOCUMENT["components"]["schemas"]
    forms = [form for name, form in schemas.items() if name.endswith("Effect") and name != "Effect"]
    (form,) = (form for form in forms if kind in form["properties"]["kind"]["enum"])
    fields = {name: place for name, place in form["properties"].items() if name != "kind"}
    assert {names[name] for name in fields} == set(KINDS[kind])
    for extreme in ("minimum", "maximum"):
        Effect(kind=kind, **{names[name]: place[extreme] for name, place in fields.items()})
        for name, place in fields.items():
            beyond = {field: fields[field]["minimum"] for field in fields}
            beyond[name] = place[extreme] + (1 if extreme == "maximum" else -1)
            with pytest.raises(Unsteerable):
                Effect(kind=kind, **{names[field]: value for field, value in beyond.items()})
    for name in fields:
        without = {names[field]: fields[field]["minimum"] for field in fields if field != name}
        if name in form["required"]:
            with pytest.raises(Unsteerable):
                Effect(kind=kind, **without)
        else:
            Effect(kind=kind, **without)


def test_a_moment_ends_where_clocks_end() -> None:
    instant = DOCUMENT["components"]["schemas"]["Instant"]
    assert f"{LATEST:%Y-%m-%d}" in instant["x-expected"]
    assert re.match(instant["pattern"], f"{LATEST:%Y-%m-%dT%H:%M:%SZ}")
    assert not re.match(instant["pattern"], f"{LATEST.replace(year=LATEST.year + 1):%Y-%m-%dT%H:%M:%SZ}")


def test_a_state_is_what_an_import_takes_under_every_profile() -> None:
    served = load_document(Settings.from_profile({"unknown-fields": "refuse", "contact-name-required": True}).document)
    OpenAPIV30SpecValidator(served).validate()
    assert served["components"]["schemas"]["casavi.Contact"]["anyOf"]
    assert "casavi.Job" not in served["components"]["schemas"]  # only what an import takes


def test_a_state_may_be_longer_than_other_bodies() -> None:
    assert {verb.max_bytes for verb in verbs(DOCUMENT) if verb.path == "/state"} == {MAX_STATE_BYTES}
    assert {verb.max_bytes for verb in verbs(DOCUMENT) if verb.path != "/state"} == {MAX_BODY_BYTES}


@pytest.mark.parametrize("path", sorted(DOCUMENT["paths"]))
def test_the_page_shows_every_path(path: str) -> None:
    pattern = re.escape(f"/_mock{path}").replace(r"\{", "{").replace(r"\}", "}")
    pattern = re.sub(r"{\w+}", "[^/ ]+", pattern)
    assert re.search(rf"{pattern}(?![\w/])", PAGE), path


@pytest.mark.parametrize("name", sorted(control.commands))
def test_the_page_and_the_help_show_every_verb_of_the_command_line(name: str) -> None:
    assert f"casavi-mock control {name}" in PAGE
    assert control.commands[name].help
