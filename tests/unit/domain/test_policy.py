from dataclasses import fields
from datetime import timedelta

import pytest

from casavi_contracts import spec
from casavi_mock.domain.model import JobState
from casavi_mock.domain.policy import Policy
from tests.support.accounts import settings

REGISTER = spec.assumptions(spec.load_document())
VALUES = {name: assumption.value for name, assumption in REGISTER.items()}
STATES = {state: f"is-{state}" for state in JobState}


def test_every_field_is_an_assumption_of_the_register() -> None:
    """A policy holds nothing that a profile cannot change."""
    names = {place.name.replace("_", "-") for place in fields(Policy)}
    assert names <= REGISTER.keys()


def test_takes_its_values_from_the_register() -> None:
    """Without a profile, the policy is what the register says."""
    policy = Policy.from_assumptions(VALUES, STATES)
    assert policy.job_status_names == STATES
    for place in fields(Policy):
        if place.name != "job_status_names":
            assert getattr(policy, place.name) == VALUES[place.name.replace("_", "-")]


@pytest.mark.parametrize(
    "states", [{**STATES, "no-such-state": "x"}, {state: STATES[state] for state in list(STATES)[1:]}]
)
def test_other_states_than_those_of_the_code_are_refused(states: dict[str, str]) -> None:
    """Who enters a state in the document alone, or in the code alone, is told both places."""
    with pytest.raises(ValueError, match=r"waiting, active, .* in casavi_mock.domain.model.JobState, and .* x-states"):
        Policy.from_assumptions(VALUES, states)


def test_takes_a_profile_over_the_register() -> None:
    """A value of the profile is the value of the policy."""
    assert settings({"upsert": "replace"}).policy.upsert == "replace"
    assert settings().policy.upsert == "merge"


def test_times_are_days() -> None:
    """Lifetime and retention are stated in days, parts of a day included."""
    policy = settings({"token-lifetime-days": 0.5, "job-retention-days": 2}).policy
    assert (policy.token_lifetime, policy.job_retention) == (timedelta(hours=12), timedelta(days=2))


@pytest.mark.parametrize(
    ("megabytes", "size"), [(50, 50_000_000), (1.001, 1_001_000), (0.000003, 3), (8.2, 8_200_000), (2.3, 2_300_000)]
)
def test_sizes_are_millions_of_bytes_exactly(megabytes: float, size: int) -> None:
    """A limit of 1.001 MB is 1,001,000 bytes and not one less, although 1.001 has no exact binary form."""
    policy = settings({"document-max-mb": megabytes, "max-body-mb": megabytes}).policy
    assert (policy.document_max_bytes, policy.max_body_bytes) == (size, size)
