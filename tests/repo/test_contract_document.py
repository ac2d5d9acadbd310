"""The contract document is sound for the tools that read it, under every profile."""

import copy
import json
import re
import warnings
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import OpenAPIV30SpecValidator
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

from casavi_contracts import spec
from tests.support.assumptions import other_values

Node = dict[str, Any]

DOCUMENT = spec.load_document()
SECOND = spec.load_document("v2")
DOCUMENTS = pytest.mark.parametrize("document", [DOCUMENT, SECOND], ids=["v1", "v2"])


def variations() -> Iterator[Any]:
    """Every profile that differs from the register in one assumption; of numbers that shape a pattern, both ends."""
    for levels in (1, 20):
        yield pytest.param({"document-type-levels": levels}, id=f"document-type-levels={levels}")
    for name, entry in spec.assumptions(DOCUMENT).items():
        yield from (pytest.param({name: value}, id=f"{name}={value}") for value in other_values(entry))


VARIATIONS = list(variations())


def operation_ids(document: Node) -> list[str]:
    """The names of the operations, in the order of the document."""
    return [operation["operationId"] for _, _, operation in spec.operations(document)]


def with_profile(overrides: Node, document: Node = DOCUMENT) -> Node:
    """A document as it reads with a profile."""
    return spec.apply_profile(document, spec.resolve_profile(spec.assumptions(document), overrides))


def examples(node: Any, where: str = "") -> Iterator[tuple[str, Node, Any]]:
    """Every example of a document, with the schema that it should satisfy."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from examples(item, f"{where}/{index}")
    if not isinstance(node, dict):
        return
    schema = node if where.startswith("/components/schemas/") else node.get("schema")
    if isinstance(schema, dict):
        if "example" in node:
            yield f"{where}/example", schema, node["example"]
        for name, example in node.get("examples", {}).items():
            yield f"{where}/examples/{name}", schema, example["value"]
    for key, inner in node.items():
        if key not in ("example", "examples"):
            yield from examples(inner, f"{where}/{key}")


def wrong_examples(document: Node) -> list[str]:
    """What is wrong with the examples of a document, judged by a validator that the mock does not use."""
    return [
        f"{where}: {error.message}"
        for where, schema, example in examples(document)
        for error in OAS30Validator({**schema, "components": document["components"]}).iter_errors(example)
    ]


@DOCUMENTS
def test_is_valid_openapi(document: Node) -> None:
    OpenAPIV30SpecValidator(document).validate()


def test_is_valid_openapi_before_it_is_bundled() -> None:
    """The second document refers to the first; tools that can follow that need no bundling."""
    place = Path(str(files("casavi_contracts.spec").joinpath("manager-v2.yaml")))
    raw = yaml.safe_load(place.read_bytes())
    assert raw["paths"]["/import"]["$ref"].startswith("manager-v1.yaml#")
    OpenAPIV30SpecValidator(raw, base_uri=place.as_uri()).validate()


def test_the_bundled_document_refers_to_nothing_outside_itself() -> None:
    assert set(re.findall(r'"\$ref": "([^#"]*)#', json.dumps(SECOND))) == {""}


def test_bundling_does_not_change_the_first_document() -> None:
    assert spec.load_document() == DOCUMENT
    assert spec.load_document("v2") == SECOND


def test_twins_have_the_shapes_of_the_first_version() -> None:
    """Apart from the marks, and from the tools' point of view, they are the same operations."""
    for path in ("/authenticate", "/refresh", "/import", "/jobs/{jobId}"):
        assert bare(SECOND["paths"][path]) == bare(DOCUMENT["paths"][path])
    for section in ("schemas", "responses"):
        for name in DOCUMENT["components"][section].keys() & SECOND["components"][section].keys():
            assert bare(SECOND["components"][section][name]) == bare(DOCUMENT["components"][section][name])


def bare(node: Any) -> Any:
    """A node without marks."""
    if isinstance(node, list):
        return [bare(item) for item in node]
    if isinstance(node, dict):
        marks = ("x-evidence", "x-path-evidence", "x-source", "x-assumption", "x-reference-evidence", "x-enum-evidence")
        return {key: bare(item) for key, item in node.items() if key not in marks}
    return node


def test_a_broken_document_is_not_valid_openapi() -> None:
    broken = copy.deepcopy(DOCUMENT)
    broken["paths"]["/jobs/{jobId}"]["get"]["parameters"] = []
    with pytest.raises(OpenAPIValidationError):
        OpenAPIV30SpecValidator(broken).validate()


@DOCUMENTS
def test_every_parameter_of_a_path_says_what_it_is_the_id_of(document: Node) -> None:
    """The contract kit asks for records that exist by that; of jobs it knows the parameter."""
    entities = {shape.entity for shape in spec.import_shape(document).walk() if shape.entity}
    found = {
        f"{operation['operationId']}.{parameter['name']}": parameter.get("x-references")
        for _, _, operation in spec.operations(document)
        for parameter in operation.get("parameters", ())
        if parameter.get("in") == "path" and parameter["name"] != "jobId"
    }
    assert {place: kind for place, kind in found.items() if kind not in entities} == {}, "add x-references: its kind"


@DOCUMENTS
def test_examples_satisfy_their_schemas(document: Node) -> None:
    found = wrong_examples(document)
    assert not found, "\n".join(found)


def test_a_wrong_example_is_found() -> None:
    broken = copy.deepcopy(DOCUMENT)
    broken["components"]["schemas"]["Contact"]["example"]["lastName"] = 7
    del broken["components"]["responses"]["Unauthorized"]["content"]["application/problem+json"]["example"]["rule"]
    assert len(wrong_examples(broken)) == 2


def standard(document: Node) -> Node:
    """What of a document other tools look at; half of the profiles change nothing but our registers beside that."""
    return {name: part for name, part in document.items() if not name.startswith("x-")}


@DOCUMENTS
@pytest.mark.parametrize("overrides", VARIATIONS)
def test_is_valid_openapi_under_every_profile(overrides: Node, document: Node) -> None:
    applied = with_profile(overrides, document)
    if standard(applied) != standard(with_profile({}, document)):
        OpenAPIV30SpecValidator(applied).validate()


@DOCUMENTS
@pytest.mark.parametrize("overrides", VARIATIONS)
def test_no_profile_loses_an_operation(overrides: Node, document: Node) -> None:
    left = operation_ids(with_profile(overrides, document))
    if overrides.get("v2-twins", True) or document is DOCUMENT:
        assert left == operation_ids(document)
    else:  # which is what this profile is for
        assert set(operation_ids(document)) - set(left) == {"refreshToken", "importMasterData", "getJob"}


@pytest.mark.parametrize("name", ["refresh-path", "import-path"])
def test_a_path_that_is_taken_by_the_second_version_is_refused(name: str) -> None:
    for path in ("/v2", "/v2/import", "/v2/contacts", "/contacts/import"):
        with pytest.raises(spec.ProfileError):
            with_profile({name: path})


@pytest.mark.parametrize("taken", [path for path in DOCUMENT["paths"] if path not in ("/refresh", "/import")])
@pytest.mark.parametrize("name", ["refresh-path", "import-path"])
def test_a_path_that_is_taken_is_refused(name: str, taken: str) -> None:
    with pytest.raises(spec.ProfileError):
        with_profile({name: re.sub(r"[{}]", "", taken)})


@DOCUMENTS
@pytest.mark.parametrize("overrides", VARIATIONS)
def test_examples_satisfy_their_schemas_under_every_profile(overrides: Node, document: Node) -> None:
    found = wrong_examples(with_profile(overrides, document))
    assert not found, "\n".join(found)


@DOCUMENTS
async def test_connexion_loads_it(document: Node) -> None:
    with warnings.catch_warnings():
        # connexion 3.3 warns about its own use of other libraries when it is imported and when it loads a document
        warnings.simplefilter("ignore")
        from connexion import AsyncApp
        from connexion.resolver import Resolver

        app = AsyncApp(__name__)
        app.add_api(copy.deepcopy(document), base_path="/base", resolver=Resolver(lambda name: lambda **kwargs: {}))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mock") as client:
            found = {}
            for path, method, operation in spec.operations(document):
                answer = await client.request(method, "/base" + re.sub(r"\{\w+\}", "1", path), json={})
                found[operation["operationId"]] = answer.status_code
    # connexion's own checks: two operations want a body, the others a token that nobody can give here
    log_ins = {"authenticate": 400, "refreshToken": 400}
    assert found == {name: log_ins.get(name, 401) for name in operation_ids(document)}


@DOCUMENTS
def test_schemathesis_loads_it(document: Node) -> None:
    import schemathesis

    loaded = schemathesis.openapi.from_dict(copy.deepcopy(document))
    labels = {result.ok().label for result in loaded.get_all_operations()}
    assert labels == {f"{method.upper()} {path}" for path, method, _ in spec.operations(document)}
