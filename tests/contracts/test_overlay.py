"""Overlays are applied to both documents before anything reads them, and what is wrong with one is told."""

import sys
from datetime import date
from typing import Any

import pytest

from casavi_contracts import spec
from casavi_contracts.contract import Contract
from casavi_contracts.spec.overlay import MAX_ACTIONS, apply_overlay


def overlay(*actions: Any, **members: Any) -> dict[str, Any]:
    return {"overlay": "1.0.0", "info": {"title": "x", "version": "1"}, "actions": [*actions], **members}


def applied(document: dict[str, Any], *actions: Any) -> dict[str, Any]:
    apply_overlay({"one": document}, overlay(*actions))
    return document


APPLIED: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"a": {"b": 1}}, {"target": "$.a", "update": {"c": {"d": 2}}}, {"a": {"b": 1, "c": {"d": 2}}}),
    ({"a": {"b": 1}}, {"target": "$.a", "update": {"b": 2}}, {"a": {"b": 2}}),
    ({"a": [1]}, {"target": "$.a", "update": 2}, {"a": [1, 2]}),
    ({"a": {"b": [1]}}, {"target": "$.a", "update": {"b": [1, 2]}}, {"a": {"b": [1, 2]}}),
    ({"a": 1}, {"target": "$.a", "update": 2}, {"a": 2}),
    ({"a": 1, "b": 2}, {"target": "$.a", "remove": True}, {"b": 2}),
    ({"a": [1, 2, 3]}, {"target": "$.a[?@ > 1]", "remove": True}, {"a": [1]}),
    ({"a": {"x": {"x": 1}}}, {"target": "$..x", "remove": True}, {"a": {}}),
    ({"a": 1}, {"target": "$.a", "remove": True, "update": 7}, {}),
]


@pytest.mark.parametrize(("before", "action", "after"), APPLIED, ids=[repr(one[1])[:60] for one in APPLIED])
def test_an_action_does_what_it_says(before: dict[str, Any], action: dict[str, Any], after: dict[str, Any]) -> None:
    assert applied(before, action) == after


def test_an_action_may_match_in_one_version_alone() -> None:
    change = overlay({"target": "$.paths['/units'].get", "update": {"summary": "Flats"}})
    assert Contract("v2", overlay=change).document["paths"]["/units"]["get"]["summary"] == "Flats"
    assert "/units" not in Contract("v1", overlay=change).document["paths"]


WRONG: list[tuple[Any, str]] = [
    ([], "an overlay is an object"),
    ({"actions": []}, "overlay has to be '1.0.0', in quotes; this is None"),
    (overlay({"target": "$", "remove": True}, overlay=1.0), "overlay has to be '1.0.0', in quotes; this is 1.0"),
    (overlay(), "actions has to be a list of at least one action"),
    (overlay(colour="red"), "has no member 'colour'"),
    (overlay(7), "action 1: it has to be an object"),
    (overlay({"target": "$"}), "action 1: it has neither update nor remove: true"),
    (overlay({"update": {}}), "action 1: target has to be a JSONPath; this is None"),
    (overlay({"target": "$", "remove": "yes"}), "action 1: remove has to be true or false"),
    (overlay({"target": "$", "updates": {}}), "action 1: it has a member 'updates'"),
    (overlay({"target": "$.a[", "remove": True}), r"action 1, target '\$\.a\[': it is no JSONPath of RFC 9535"),
    (overlay({"target": "$.nowhere", "remove": True}), r"action 1, target '\$\.nowhere' matches nothing"),
    (overlay({"target": "$", "remove": True}), "the whole document cannot be removed"),
    (overlay({"target": "$..[*,*]..[*,*]..[*,*]..[*,*]", "update": {}}), "matches more than 100,000 places"),
    (overlay({"target": "$.info", "update": 7}), "update has to be an object, as the target is one; this is 7"),
    (overlay({"target": "$.info.title", "update": {}}), "update has to be a single value"),
    (overlay(*[{"target": "$", "remove": True}] * (MAX_ACTIONS + 1)), "it has 1,001 actions; possible are 1,000"),
    (overlay({"target": "$.paths['/import']", "remove": True}), "the mock needs: the operation importMasterData"),
    (overlay({"target": "$.components.schemas.Token.properties.token", "update": {"type": "word"}}), "no valid schema"),
    (overlay({"target": "$.paths['/jobs/{jobId}']", "remove": True}), "the mock needs: the operation getJob"),
    (overlay({"target": "$.components.schemas.Contact.properties.id", "remove": True}), "schema Contact lacks id"),
    (
        overlay({"target": "$.components.schemas.MasterData.properties", "update": {"x": {"type": "array", "items": {}}}}),
        "takes away or misplaces what the mock needs",
    ),
    (overlay({"target": "$['x-assumptions'].upsert.value", "update": "x"}), "value is 'x'; possible"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "told"), WRONG, ids=[one[1][:40] for one in WRONG])
def test_a_wrong_overlay_is_told_by_the_action(wrong: Any, told: str) -> None:
    with pytest.raises(spec.ProfileError, match=told):
        spec.contract_documents(overlay=wrong)


def test_values_that_json_has_not_are_told() -> None:
    with pytest.raises(spec.ProfileError, match="has to stand in quotes"):
        spec.normal({"a": [date(2026, 1, 1)]})
    assert spec.normal({200: {"a": 1.5}}) == {"200": {"a": 1.5}}
    shared: list[Any] = [0] * 10
    for _ in range(6):
        shared = [shared] * 10
    with pytest.raises(spec.ProfileError, match="more than 100,000 values"):
        spec.normal(shared)


EVIDENCE: dict[str, Any] = {
    "casavi-mock": "evidence",
    "version": 1,
    "assumptions": {
        "import-status": {"verdict": "refuted", "value": 201, "evidence": "observed", "count": 3, "from": ["a.har"]}
    },
    "places": [{"pointer": "/components/schemas/Job/properties/createdAt", "evidence": "observed", "count": 9}],
}


def test_what_was_observed_is_marked() -> None:
    contract = Contract("v1", {"import-status": 201}, evidence=EVIDENCE)
    assert contract.assumptions["import-status"].evidence == "observed"
    assert contract.assumptions["import-status"].observed == {"count": 3, "from": ["a.har"]}
    assert contract.assumptions["import-path"].evidence == "assumed"
    assert contract.marks("getJob", "/createdAt") == ("observed", None)
    place = contract.document["components"]["schemas"]["Job"]["properties"]["createdAt"]
    assert (place["x-evidence"], place["x-observed"]) == ("observed", {"count": 9})


def test_a_value_that_was_not_seen_stays_a_guess() -> None:
    assert Contract("v1", {}, evidence=EVIDENCE).assumptions["import-status"].evidence == "assumed"


WRONG_EVIDENCE: list[tuple[Any, str]] = [
    ({}, "it is no evidence"),
    (EVIDENCE | {"places": {}}, "places a list"),
    (EVIDENCE | {"assumptions": {"no-such": {"evidence": "observed"}}}, "there is no assumption 'no-such'"),
    (EVIDENCE | {"assumptions": {"upsert": {"evidence": "documented"}}}, "evidence has to be one of observed"),
    (EVIDENCE | {"places": [{"evidence": "observed", "pointer": "/no/where"}]}, "nothing stands at '/no/where'"),
]


@pytest.mark.parametrize(("wrong", "told"), WRONG_EVIDENCE, ids=[one[1] for one in WRONG_EVIDENCE])
def test_wrong_evidence_is_told(wrong: Any, told: str) -> None:
    with pytest.raises(spec.ProfileError, match=told):
        spec.contract_documents(evidence=wrong)


def test_the_library_is_loaded_once_though_a_session_forgets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part of it refuses to be loaded twice in a process, and pytest's own sessions inside of tests forget modules."""
    wanted = overlay({"target": "$.info", "update": {"title": "x"}})
    spec.contract_documents(overlay=wanted)
    for name in [name for name in sys.modules if name.partition(".")[0] in ("jsonpath_rfc9535", "iregexp_check")]:
        monkeypatch.delitem(sys.modules, name)
    assert spec.contract_documents(overlay=wanted).by_version["v1"]["info"]["title"] == "x"
