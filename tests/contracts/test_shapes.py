"""Answers follow the document: what an overlay renames, nests, sums or drops is shown so, and read back."""

import copy
from typing import Any

import pytest

from casavi_contracts import spec
from casavi_contracts.contract import Contract

JOB = "$.components.schemas.Job"
VALUES: dict[str, Any] = {
    "id": "J-1",
    "status": "completed",
    "createdAt": "2026-01-05T08:00:00.000Z",
    "startedAt": "2026-01-05T08:00:00.000Z",
    "finishedAt": None,
    "progress": {"processed": 3, "total": 4},
    "counts": {
        "contacts": {"created": 1, "updated": 0, "unchanged": 1, "refused": 0},
        "units": {"created": 2, "updated": 0, "unchanged": 0, "refused": 1},
    },
    "errors": [
        {
            "entity": "units",
            "id": "U",
            "pointer": "/properties/0",
            "rule": "duplicate-id",
            "evidence": "assumed",
            "message": "it comes twice",
            "missing": None,
        },
        {
            "entity": "units",
            "id": "V",
            "pointer": "/properties/1",
            "rule": "missing-reference",
            "evidence": "documented",
            "message": "it names nothing",
            "missing": {"entity": "contacts", "id": None},
        },
    ],
    "warnings": [],
}


def overlay(*actions: dict[str, Any]) -> dict[str, Any]:
    return {"overlay": "1.0.0", "info": {"title": "x", "version": "1"}, "actions": [*actions]}


def job_of(properties: dict[str, Any], **schema: Any) -> dict[str, Any]:
    """Returns an overlay that gives the job other properties."""
    return overlay(
        {"target": f"{JOB}['properties', 'required']", "remove": True},
        {"target": JOB, "update": {"properties": properties, **schema}},
    )


def shape_of(properties: dict[str, Any]) -> spec.AnswerShape:
    found = spec.contract_documents(overlay=job_of({"status": {"type": "string"}, **properties}))
    return spec.shapes_of(found.by_version["v1"])["getJob"]


def both_ways(properties: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    shape = shape_of(properties)
    body = shape.shown(VALUES)
    assert body.pop("status") == "completed"
    values = shape.read({"status": "completed", **body})
    assert values.pop("status") == "completed"
    return body, values


def test_shipped_answers_are_taken_as_they_are() -> None:
    for version in ("v1", "v2"):
        document = spec.load_document(version)
        for shape in spec.shapes_of(document).values():
            assert shape.same
        assert spec.shown(document, "getJob", VALUES) is VALUES
        assert spec.read(document, "getJob", VALUES) is VALUES


SHAPES: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"uid": {"type": "string", "x-value": "job.id"}}, {"uid": "J-1"}, {"id": "J-1"}),
    (
        {"times": {"type": "object", "properties": {"createdAt": {}, "end": {"x-value": "job.finishedAt"}}}},
        {"times": {"createdAt": VALUES["createdAt"], "end": None}},
        {"createdAt": VALUES["createdAt"], "finishedAt": None},
    ),
    (
        {"new": {"type": "integer", "x-value": "job.counts.created"}},
        {"new": 3},
        {"sums": {"created": 3}},
    ),
    (
        {"newUnits": {"type": "integer", "x-value": "job.counts.units.created"}},
        {"newUnits": 2},
        {"counts": {"units": {"created": 2}}},
    ),
    (
        {
            "counts": {
                "type": "array",
                "items": {"properties": {"kind": {"x-value": "count.entity"}, "refused": {}}},
            }
        },
        {"counts": [{"kind": "contacts", "refused": 0}, {"kind": "units", "refused": 1}]},
        {"counts": {"contacts": {"refused": 0}, "units": {"refused": 1}}},
    ),
    (
        {"problems": {"type": "array", "x-value": "job.errors", "items": {"type": "string"}}},
        {"problems": ["it comes twice", "it names nothing"]},
        {"errors": [{"message": "it comes twice"}, {"message": "it names nothing"}]},
    ),
    (
        {
            "errors": {
                "type": "array",
                "items": {
                    "properties": {
                        "code": {"x-value": "error.rule", "x-mapping": {"duplicate-id": "E17"}},
                        "on": {"nullable": True, "x-value": "error.missing.entity"},
                        "job": {"x-value": "job.id"},
                    }
                },
            }
        },
        {
            "errors": [
                {"code": "E17", "on": None, "job": "J-1"},
                {"code": "missing-reference", "on": "contacts", "job": "J-1"},
            ]
        },
        {
            "errors": [
                {"rule": "duplicate-id", "missing": None},
                {"rule": "missing-reference", "missing": {"entity": "contacts"}},
            ]
        },
    ),
    (
        {"percent": {"type": "integer", "x-value": "job.progress.percent"}, "kind": {"enum": ["import"]}},
        {"percent": 75, "kind": "import"},
        {"percent": 75},
    ),
    ({"later": {"type": "string", "nullable": True}, "never": {"type": "string"}}, {"later": None}, {}),
    ({"n": {"type": "integer", "x-value": "job.errorCount"}}, {"n": 2}, {"errorCount": 2}),
]


@pytest.mark.parametrize(("properties", "body", "values"), SHAPES, ids=[next(iter(one[0])) for one in SHAPES])
def test_what_is_shown_is_read_back(properties: dict[str, Any], body: dict[str, Any], values: dict[str, Any]) -> None:
    shown, read = both_ways(properties)
    assert shown == body
    assert read == values


def test_what_is_not_shown_is_told_from_what_is_missing() -> None:
    shape = shape_of(
        {"counts": {"type": "object", "properties": {"units": {"$ref": "#/components/schemas/EntityCounts"}}}}
    )
    read = shape.read({"status": "completed", "counts": {}})
    with pytest.raises(spec.NotShown, match=r"shows no job\.createdAt"):
        read["createdAt"]
    with pytest.raises(spec.NotShown, match=r"shows no job\.counts\.contacts"):
        read["counts"]["contacts"]
    with pytest.raises(KeyError):
        read["counts"]["units"]
    assert shape.shows("job.counts.units.created")
    assert not shape.shows("job.counts.contacts")
    assert not shape.shows("job.no-such")


@pytest.mark.parametrize(
    "body", [None, 7, "x", [], {}, {"status": 7, "counts": 3, "errors": "no"}, {"errors": [None, 7]}]
)
def test_any_body_can_be_read(body: Any) -> None:
    """A server may send anything; that it is wrong is said by the schema."""
    shape = shape_of({"n": {"x-value": "job.id"}, "errors": {"type": "array", "items": {"properties": {"rule": {}}}}})
    shape.read(body)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"a": {"x-value": "job.finishAt"}}, r"getJob, /a: there is no x-value 'job.finishAt'; did you mean 'job.finishedAt'\?"),
    ({"a": {"type": "string", "x-value": "job.errors"}}, "/a: job.errors is no single value, and the schema has string"),
    ({"a": {"type": "object", "x-value": "job.errors"}}, "/a: job.errors is a list, and the schema has an object"),
    ({"a": {"type": "array", "items": {}, "x-value": "job.progress"}}, "/a: job.progress is an object"),
    ({"a": {"x-value": "error.rule"}}, "/a: error.rule can be shown inside of job.errors only"),
    ({"a": {"type": "array", "x-value": "job.counts", "items": {"properties": {"b": {}}}}}, "/a/0/b: there is no x-value"),
    ({"a": 7}, "/a has to be a schema; it is 7"),
    ({"a": {"$ref": "#/components/schemas/No"}}, "refers to '#/components/schemas/No', and there is none such"),
]  # fmt: skip


@pytest.mark.parametrize(("properties", "told"), WRONG, ids=[one[1][:30] for one in WRONG])
def test_a_wrong_shape_is_told_with_its_place(properties: dict[str, Any], told: str) -> None:
    with pytest.raises(spec.ProfileError, match=told):
        shape_of(properties)


def test_a_required_member_has_to_show_something() -> None:
    wrong = job_of({"status": {"type": "string"}, "foo": {"type": "string"}}, required=["foo"])
    with pytest.raises(spec.ShapeError, match="/foo shows no value: give it an x-value"):
        spec.contract_documents(overlay=wrong)


def test_a_job_without_a_state_is_refused() -> None:
    with pytest.raises(spec.ShapeError, match=r"getJob has to show job\.status"):
        spec.contract_documents(overlay=job_of({"id": {"type": "string"}}))


def test_the_example_follows_the_shape() -> None:
    found = Contract("v1", overlay=job_of({"uid": {"x-value": "job.id"}, "status": {"type": "string"}}))
    media = found.document["paths"]["/jobs/{jobId}"]["get"]["responses"]["200"]["content"]["application/json"]
    assert media["example"] == {"uid": "0b8f1c52-6c1e-4a44-9d61-3f0a7f7a4d0e", "status": "completed"}


STATES: dict[str, Any] = {
    "queued": {"role": "waiting", "next": ["validating"]},
    "validating": {"role": "active", "next": ["importing"]},
    "importing": {"role": "active", "next": ["done", "done_with_errors", "failed"]},
    "done": {"role": "completed"},
    "done_with_errors": {"role": "completed", "when": "refused"},
    "failed": {"role": "failed"},
}


def states_of(declared: Any, profile: dict[str, Any] | None = None) -> spec.States:
    status = {"type": "string", "x-states": declared}
    return Contract("v1", profile, job_of({"status": status})).states


def test_a_job_may_have_other_states_and_more() -> None:
    states = states_of(STATES)
    assert list(states) == list(STATES)
    assert states.final == {"done", "done_with_errors", "failed"}
    assert [state.rank for state in states.values()] == [0, 1, 2, 3, 3, 3]
    shown = [
        states.shown("waiting"),
        states.shown("active"),
        states.shown("active", share=0.7),
        states.shown("completed"),
        states.shown("completed", refused=1),
        states.shown("failed", refused=1),
    ]
    assert [state.name for state in shown] == list(STATES)


def test_a_job_may_have_fewer_states() -> None:
    states = states_of({"open": {"role": "waiting", "next": ["done"]}, "done": {"role": "completed"}})
    assert states.shown("active").name == "open"
    assert states.shown("failed", refused=1).name == "done"


WRONG_STATES: list[tuple[Any, str]] = [
    ({}, "needs states; write x-states"),
    ({"a": ["b"], "b": ["c", "d"], "c": [], "d": []}, "a, b, c, d do not say what they stand for; write x-states"),
    (STATES | {"done": {"role": "ended"}}, "'done' has to say its role"),
    (STATES | {"done": {"role": "completed", "next": ["queued"]}}, "'done' is final, so that nothing is next"),
    (STATES | {"queued": {"role": "waiting"}}, "'queued' is not final, so that something has to be next"),
    (STATES | {"queued": {"role": "waiting", "next": ["x"]}}, "next has to be a list of names"),
    (STATES | {"done": {"role": "completed", "when": "tuesday"}}, "when has to be one of refused, warned"),
    (STATES | {"importing": {"role": "active", "next": ["validating"]}}, "follow each other in a circle"),
    (STATES | {"done_with_errors": {"role": "completed"}}, "are all completed; all but one need when"),
    (STATES | {"queued": {"role": "waiting", "next": ["done"], "from": 0.5}}, "from is for active states"),
    (STATES | {"validating": {"role": "active", "next": ["importing"], "from": 2}}, "from has to be a share"),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "told"), WRONG_STATES, ids=[one[1][:30] for one in WRONG_STATES])
def test_states_that_cannot_be_are_told(declared: Any, told: str) -> None:
    with pytest.raises(spec.ProfileError, match=told):
        states_of(declared)


def test_a_state_may_be_a_number() -> None:
    status = {"type": "integer", "x-states": STATES, "x-mapping": {name: n for n, name in enumerate(STATES)}}
    shape = Contract(overlay=job_of({"status": status})).shapes["getJob"]
    assert shape.shown({"status": "done"}) == {"status": 3}
    assert shape.read({"status": 3}) == {"status": "done"}
    with pytest.raises(spec.ShapeError, match="shows several states as one"):
        Contract(overlay=job_of({"status": {**status, "x-mapping": {"done": "queued"}}}))


def test_what_may_mean_several_things_is_not_read() -> None:
    rule = {"x-mapping": {"token-unknown": "BAD", "token-missing": "BAD"}}
    change = overlay({"target": "$.components.schemas.Problem.properties.rule", "update": rule})
    shape = Contract(overlay=change).shapes[spec.ERROR]
    assert shape.shown({"rule": "token-missing"})["rule"] == "BAD"
    assert not shape.shows("problem.rule")
    with pytest.raises(spec.NotShown):
        shape.read({"rule": "BAD", "status": 401})["rule"]


def test_states_are_named_in_one_place() -> None:
    with pytest.raises(spec.ProfileError, match="both name the states of a job"):
        states_of(STATES, {"job-status-names": ["a", "b", "c", "d"]})


def test_documents_as_shipped_are_not_changed_by_an_overlay() -> None:
    before = copy.deepcopy(spec.load_document())
    spec.contract_documents(overlay=job_of({"status": {"type": "string"}}))
    assert spec.load_document() == before
