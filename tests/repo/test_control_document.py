"""The document of the control plane, its routes, commands, page and plugin methods are the same."""

import importlib
import inspect
import json
import math
import pkgutil
import re
from collections.abc import Mapping
from typing import Any

import click
import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

import pytest_casavi.backends.remote
import pytest_casavi.handle
import pytest_casavi.plugin
from casavi_contracts import spec
from casavi_fixtures import portfolio_names
from casavi_mock.accounts import Settings
from casavi_mock.accounts.account import STEPS
from casavi_mock.cli.control import control
from casavi_mock.cli.control.operations import operations_of
from casavi_mock.control.app import HANDLERS, control_app
from casavi_mock.control.document import known_values, load_document, read_document
from casavi_mock.control.problems import Problem
from casavi_mock.control.verbs import MAX_BODY_BYTES, MAX_STATE_BYTES, verbs
from casavi_mock.domain import state
from casavi_mock.domain.clock import LATEST
from casavi_mock.domain.faults import ANY, JOB_KINDS, KINDS, LISTS, ORDERED_RULES
from casavi_mock.domain.jobs import OUTCOMES, PROGRESS
from casavi_mock.domain.model import ENTITIES
from casavi_mock.domain.violations import RULES
from pytest_casavi.config import QUEUE, CasaviConfig
from pytest_casavi.handle.account import Account, Casavi
from pytest_casavi.secret_text import SecretText
from tests.repo.control_page import PAGE, remade, usage
from tests.support.server import shared_mock

SETTINGS = Settings.from_profile()
DOCUMENT = load_document(SETTINGS)
VERBS = {verb.id: verb for verb in verbs(DOCUMENT)}
NODES = {node["operationId"]: node for _, _, node in spec.operations(DOCUMENT)}
OPERATIONS = operations_of(read_document())
HANDLE = [
    importlib.import_module(f"pytest_casavi.handle.{found.name}")
    for found in pkgutil.iter_modules(pytest_casavi.handle.__path__)
] + [pytest_casavi.backends.remote]


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
    assert set(VERBS) - set(HANDLERS) == set(), (
        "no function does their work; name one in HANDLERS of a module in control/"
    )
    assert set(HANDLERS) - set(VERBS) == set(), "control/openapi.yaml does not describe them"


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
    assert tuple(schemas["Effect"]["properties"]["kind"]["enum"]) == KINDS
    effect = schemas["NewFault"]["properties"]["effect"]
    assert tuple(effect["discriminator"]["mapping"]) == KINDS
    assert tuple(schemas["JobEffect"]["properties"]["kind"]["enum"]) == JOB_KINDS
    assert schemas["State"]["properties"]["_mock"]["properties"]["version"]["enum"] == [state.VERSION]
    assert tuple(schemas["ForcedOutcome"]["properties"]["outcome"]["enum"]) == OUTCOMES
    assert tuple(schemas["Progress"]["enum"]) == PROGRESS
    assert tuple(schemas["Step"]["properties"]["what"]["enum"]) == STEPS
    assert tuple(schemas["State"]["properties"]["_mock"]["properties"]["records"]["required"]) == ENTITIES


def test_records_are_refused_by_rules_of_the_contract() -> None:
    fields = DOCUMENT["components"]["schemas"]["RecordEffect"]["properties"]
    assert tuple(fields["rule"]["enum"]) == ORDERED_RULES
    assert set(ORDERED_RULES) <= set(SETTINGS.rules)
    assert tuple(fields["entity"]["enum"]) == tuple(LISTS.values())


def test_every_value_that_chooses_leads_to_the_form_that_has_it() -> None:
    mapping = DOCUMENT["components"]["schemas"]["NewFault"]["properties"]["effect"]["discriminator"]["mapping"]
    for kind, place in mapping.items():
        form = DOCUMENT["components"]["schemas"][place.rpartition("/")[2]]
        assert kind in form["properties"]["kind"]["enum"], kind


def test_values_that_the_code_knows_are_put_in() -> None:
    assert "x-values" not in repr(DOCUMENT)
    schemas = DOCUMENT["components"]["schemas"]
    assert tuple(schemas["NewFault"]["properties"]["operation"]["enum"]) == (*SETTINGS.operations, ANY)
    assert tuple(schemas["NewAccount"]["properties"]["load"]["enum"]) == portfolio_names()
    (allow,) = (p for p in DOCUMENT["paths"]["/violations"]["get"]["parameters"] if p.get("name") == "allow")
    assert allow["schema"]["items"]["enum"] == list(RULES)
    assert known_values("operations") == [*SETTINGS.operations, ANY]  # as a shell completes them, without a server


def test_how_jobs_move_on_has_the_same_names_everywhere() -> None:
    names = set(QUEUE)
    schemas = DOCUMENT["components"]["schemas"]
    assert set(schemas["QueueSettings"]["properties"]) == names
    assert names <= set(schemas["Queue"]["properties"])
    assert names <= set(schemas["Account"]["properties"])
    assert set(CasaviConfig().queue) == names
    former = schemas["QueueSettings"]["x-former"]
    assert set(former.values()) == names
    assert not names & set(former)


def added(effect: Mapping[str, Any], **fields: Any) -> Any:
    """What a fault is after the document has checked it; JSON knows no infinity."""
    body = {"operation": "importMasterData", "effect": effect, **fields}
    return VERBS["addFault"].body({b"content-type": b"application/json"}, json.dumps(body).encode())


WRONG_EFFECTS = [
    {"kind": "explode"},
    {"kind": None},
    {"kind": ["status"]},
    {"kind": "x" * 1000},
    {"kind": "status"},
    {"kind": "delay"},
    {"kind": "reset", "status": 503},
    {"kind": "delay", "seconds": 1, "retryAfterSeconds": 1},
    {"kind": "status", "status": 503, "seconds": 1.0},
    *({"kind": "status", "status": value} for value in (0, 99, 100, 200, 399, 600, 1000, -503, 503.5, "503", True)),
    *({"kind": "delay", "seconds": value} for value in (-1, -0.001, 3600.001, math.inf, math.nan, "1", True, [1])),
    {"kind": "drip"},
    {"kind": "record-refused", "entity": "responsibilities", "id": "R", "rule": "missing-reference"},
    {"kind": "record-refused", "entity": "units", "id": "U", "rule": "refused-parent"},
    {"kind": "record-refused", "entity": "units", "rule": "missing-reference"},
    *({"kind": "drip", "bytesPerSecond": value} for value in (0, -1, 1_000_001, "1", True)),
    *(
        {"kind": "status", "status": 502, "headers": [line]}
        for line in ("x", "a b: 1", "x: \n", "Content-Length: 1", 1)
    ),
    *({"kind": "status", "status": 502, "body": value} for value in (1, None, ["x"], "x" * 1_000_001)),
    *({"kind": "status", "status": 429, "retryAfterSeconds": value} for value in (-1, 0.5, 1_000_001, "1", False)),
]


@pytest.mark.parametrize("effect", WRONG_EFFECTS, ids=repr)
def test_impossible_effects(effect: Mapping[str, Any]) -> None:
    with pytest.raises(Problem) as refused:
        added(effect)
    assert refused.value.status == 400
    assert len(refused.value.detail) < 300


@pytest.mark.parametrize(
    "effect",
    [
        {"kind": "status", "status": 400},
        {"kind": "status", "status": 599, "retryAfterSeconds": 0},
        {"kind": "status", "status": 599, "retryAfterSeconds": 1_000_000},
        {"kind": "delay", "seconds": 0},
        {"kind": "delay", "seconds": 3600},
        {"kind": "status", "status": 502, "body": "<html>", "headers": ["Server: gate", "x-mine:"]},
        {"kind": "drip", "bytesPerSecond": 1},
        {"kind": "record-refused", "entity": "units", "id": "P-1/2", "rule": "missing-reference"},
        *({"kind": kind} for kind in KINDS if kind not in ("status", "delay", "drip", "record-refused")),
    ],
    ids=repr,
)
def test_bounds_of_effects_belong_to_them(effect: Mapping[str, Any]) -> None:
    assert added(effect)["effect"] == effect


@pytest.mark.parametrize("name", ["first", "times"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "1", True, math.nan])
def test_impossible_calls(name: str, value: Any) -> None:
    with pytest.raises(Problem):
        added({"kind": "reset"}, **{name: value})


def test_a_fault_begins_with_a_number_and_may_have_no_end() -> None:
    assert added({"kind": "reset"}, times=None)["times"] is None
    with pytest.raises(Problem):
        added({"kind": "reset"}, first=None)


@pytest.mark.parametrize("operation", ["", "postImport", "getjob", "**", None, ["getJob"]])
def test_unknown_operations(operation: Any) -> None:
    with pytest.raises(Problem) as refused:
        added({"kind": "reset"}, operation=operation)
    assert refused.value.possible == (*SETTINGS.operations, ANY)


def test_a_moment_ends_where_clocks_end() -> None:
    instant = DOCUMENT["components"]["schemas"]["Instant"]
    assert f"{LATEST:%Y-%m-%d}" in instant["x-expected"]
    assert re.match(instant["pattern"], f"{LATEST:%Y-%m-%dT%H:%M:%SZ}")
    assert not re.match(instant["pattern"], f"{LATEST.replace(year=LATEST.year + 1):%Y-%m-%dT%H:%M:%SZ}")


def test_a_state_is_what_an_import_takes_under_every_profile() -> None:
    served = load_document(Settings.from_profile({"unknown-fields": "refuse", "contact-name-required": True}))
    OpenAPIV30SpecValidator(served).validate()
    assert served["components"]["schemas"]["casavi.Contact"]["anyOf"]
    assert "casavi.Job" not in served["components"]["schemas"]  # only what an import takes


def test_a_state_may_be_longer_than_other_bodies() -> None:
    assert {verb.max_bytes for verb in verbs(DOCUMENT) if verb.path == "/state"} == {MAX_STATE_BYTES}
    assert {verb.max_bytes for verb in verbs(DOCUMENT) if verb.path != "/state"} == {MAX_BODY_BYTES}


@pytest.mark.parametrize("operation_id", VERBS)
def test_every_operation_has_a_command(operation_id: str) -> None:
    node = NODES[operation_id]
    assert "x-command" in node, f"{operation_id} names no command; say `x-command: {{name: …}}` in the document"
    name = NODES[node["x-command"].get("with", operation_id)]["x-command"]["name"]
    command: click.Command = control
    for word in name.split():
        assert isinstance(command, click.Group)
        assert word in command.commands, f"the command line has no `casavi-mock control {name}` for {operation_id}"
        command = command.commands[word]
    assert command.help


@pytest.mark.parametrize("operation_id", VERBS)
def test_a_command_that_another_one_carries_out_sends_the_same(operation_id: str) -> None:
    other = NODES[operation_id].get("x-command", {}).get("with")
    if other is not None:
        mine, its = VERBS[operation_id], VERBS[other]
        fits = re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", its.path), mine.path)
        assert fits, f"the command of {other} cannot reach {mine.path}"
        assert NODES[operation_id].get("requestBody") == NODES[other].get("requestBody")


@pytest.mark.parametrize("operation_id", VERBS)
def test_every_operation_has_a_line_on_the_page(operation_id: str) -> None:
    verb = VERBS[operation_id]
    line = f"| `{verb.method} /_mock{verb.path}` | `{usage(operation_id)}` |"
    assert line in PAGE.read_text(), f"docs/reference/control.md lacks {operation_id}; `make docs` writes it"


def test_the_reference_on_the_page_is_that_of_the_document() -> None:
    page = PAGE.read_text()
    assert page == remade(page), "run `make docs`"


@pytest.mark.parametrize("operation_id", VERBS)
def test_every_operation_has_a_method_of_the_plugin(operation_id: str) -> None:
    told = NODES[operation_id].get("x-plugin")
    assert told, f"{operation_id} says in x-plugin neither its method nor why there is none"
    if isinstance(told, str):
        assert exists(told), f"the plugin has no {told}"
        assert any(f'"{operation_id}"' in inspect.getsource(one) for one in HANDLE), f"{told} does not ask for it"
    else:
        assert told["none"]


class Silent:
    """Steers nothing."""

    operations = ()

    def ask(self, verb: str, **_: Any) -> Any:
        raise AssertionError("only looked at")


def exists(told: str) -> bool:
    """Whether the plugin has what a name says: `casavi.clock.freeze`, `Job.fail`, or a fixture."""
    first, *names = told.split(".")
    if first == "make_casavi":
        return hasattr(pytest_casavi.plugin, first)
    account = Account(url="http://m", key=SecretText("k"), secret=SecretText("s"), steering=Silent())
    owners = [Casavi(account)] if first == "casavi" else [vars(one)[first] for one in HANDLE if first in vars(one)]
    for name in names[:-1]:
        owners = [getattr(owner, name) for owner in owners if hasattr(owner, name)]
    return any(name in dir(owner) for owner in owners for name in names[-1:])


@pytest.mark.parametrize("example", [line for one in OPERATIONS.values() for line in one.command.get("examples", ())])
def test_examples_of_commands_are_such(example: str) -> None:
    command: click.Command = control
    words = example.partition(" | ")[0].split()
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    assert not isinstance(command, click.Group) or command.invoke_without_command, "it names no command"
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= options


@pytest.mark.parametrize("operation_id", VERBS)
def test_examples_of_bodies_satisfy_the_document(operation_id: str) -> None:
    body = NODES[operation_id].get("requestBody", {})
    content = body.get("content", {}).get("application/json", {})
    if "example" in content:
        sent = json.dumps(content["example"]).encode()
        assert VERBS[operation_id].body({b"content-type": b"application/json"}, sent) == content["example"]
