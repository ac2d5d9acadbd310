"""Every swept mutant is found by a check, or a list says why no check finds it."""

import logging
from collections.abc import Iterator

import pytest

from casavi_contracts.checks import CHECKS
from casavi_contracts.contract import VERSIONS
from tests.contracts.mutants import sweeping
from tests.contracts.mutants.judging import BY_NAME
from tests.contracts.mutants.sweeping import Search, Survival, found_among, of_operation, remembered, sweep
from tests.support import kit

FURTHER = 3
"""Mutants of each operation for which every check is asked; more are a sign that the list has to be made anew."""

MEND = "run `python -m tests.contracts.mutants.hunt --sweep --remember`, or give a reason in swept_survivors.toml"

LEAST = 1_400

OPERATIONS = [
    pytest.param(version, operation, id=f"{version} {operation}")
    for version in VERSIONS
    for operation in kit.contract(version).operations
]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What the servers refuse is what is wanted here; thousands of lines would hide which mutant was missed."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_there_are_many() -> None:
    assert len(sweep()) >= LEAST


def test_every_mutant_is_on_one_list() -> None:
    killed, survivals = remembered(), sweeping.survivals()
    places = {
        name: [*filter(None, [killed.get(name)]), *(one.reason for one in survivals if one.covers(name))]
        for name in sweep()
    }
    assert {name: told for name, told in places.items() if len(told) != 1} == {}, MEND


def test_only_mutants_that_exist_are_on_the_lists() -> None:
    patterns = [pattern for one in sweeping.survivals() for pattern in one.mutants]
    idle = [one for one in patterns if not any(Survival("", "", (one,)).covers(name) for name in sweep())]
    assert [*(remembered().keys() - sweep().keys()), *idle] == [], MEND


def test_only_checks_that_exist_are_remembered() -> None:
    assert {*remembered().values()} - {check.name for check in CHECKS} == set(), MEND


def test_every_survivor_has_a_reason() -> None:
    told = [(one.kind in ("equivalent", "gap"), one.reason.endswith(".")) for one in sweeping.survivals()]
    assert [*told] == [(True, True)] * len(told)


FOUND = "v1:getJob:status:missing"
"""A mutant that is found at a cheap price."""


def test_all_checks_are_asked_if_the_remembered_one_finds_nothing() -> None:
    forgetful = {**remembered(), FOUND: "log-in-gives-a-token"}
    assert Search(further=1, memory=forgetful).unfound([sweep()[FOUND]]) == {}
    assert Search(further=0, memory=forgetful).unfound([sweep()[FOUND]]).keys() == {FOUND}


def test_a_survivor_that_a_check_finds_is_named_among_others() -> None:
    others = [one for one in sweeping.survivors() if one.versions == ("v1",)]
    check = remembered()[FOUND]
    assert found_among([*others, sweep()[FOUND]], [BY_NAME[check]]) == {FOUND: check}


@pytest.mark.slow
@pytest.mark.parametrize(("version", "operation"), OPERATIONS)
def test_swept_mutants_are_found(version: str, operation: str) -> None:
    killed = remembered()
    mutants = [one for one in of_operation(version, operation) if one.name in killed]
    assert Search(further=FURTHER).unfound(mutants) == {}, MEND


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_no_check_finds_a_survivor(version: str) -> None:
    found = found_among([one for one in sweeping.survivors() if one.versions == (version,)])
    assert found == {}, "these are found: take them off swept_survivors.toml, then " + MEND
