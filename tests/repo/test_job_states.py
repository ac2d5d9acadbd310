"""Every place that lists the states of a job lists the same ones."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from casavi_contracts import spec
from casavi_contracts.contract import Contract
from casavi_mock.accounts import Settings
from casavi_mock.control.document import load_document
from casavi_mock.domain.model import TRANSITIONS, JobState

DOCUMENT = spec.load_document()
STATES = spec.job_states(DOCUMENT)


def status(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"]["Job"]["properties"]["status"]
    return found


def tables(node: Any, where: str = "") -> Iterator[tuple[str, list[str]]]:
    """Every list of values that holds the first and the last state of a job."""
    if isinstance(node, dict):
        values = node.get("enum", ())
        if {JobState.WAITING, JobState.FAILED} <= set(map(str, values)):
            yield where, values
        for key, inner in node.items():
            yield from tables(inner, f"{where}/{key}")
    elif isinstance(node, list):
        for index, inner in enumerate(node):
            yield from tables(inner, f"{where}/{index}")


def test_the_code_moves_jobs_as_the_contract_says() -> None:
    assert {role: set(state.following) for role, state in STATES.items()} == TRANSITIONS


def test_the_control_plane_knows_the_same_states() -> None:
    found = dict(tables(load_document(Settings.from_profile())))
    assert found, "the control plane shows states"
    assert {where: values for where, values in found.items() if values != list(JobState)} == {}


def test_the_contract_shows_a_name_for_each_state() -> None:
    assert status(DOCUMENT)["enum"] == [state.name for state in STATES.values()]
    schema = DOCUMENT["x-assumptions"]["job-status-names"]["schema"]
    assert (schema["minItems"], schema["maxItems"]) == (len(STATES), len(STATES))


def test_names_go_to_the_states_in_their_order() -> None:
    names = [f"is {role}" for role in STATES]
    contract = Contract("v2", {"job-status-names": names})
    assert list(contract.states) == names
    assert {role: state.name for role, state in contract.job_states.items()} == dict(zip(STATES, names, strict=True))
    assert contract.final_states == {f"is {state}" for state, following in TRANSITIONS.items() if not following}


def test_a_state_ranks_behind_those_that_lead_to_it() -> None:
    assert {role: STATES[role].rank for role in ("waiting", "active", "completed", "failed")} == {
        "waiting": 0,
        "active": 1,
        "completed": 2,
        "failed": 2,
    }
    assert all(STATES[later].rank > state.rank for state in STATES.values() for later in state.following)


@pytest.mark.parametrize(
    ("states", "told"),
    [
        (
            {"lost": []},
            r"has \d states \(waiting, active, .*lost\), and the assumption 'job-status-names' has \d names",
        ),
        ({"waiting": ["activ"]}, "'activ' follows 'waiting', and there is none such"),
    ],
)
def test_what_does_not_fit_is_told(states: dict[str, list[str]], told: str) -> None:
    document = copy.deepcopy(DOCUMENT)
    status(document)["x-states"].update(states)
    with pytest.raises(spec.RegisterError, match=told):
        spec.job_states(document)
