"""The register of mutants: every check has a mutant, every mutant a check, and every operation is wrong somewhere."""

from collections import Counter

from casavi_contracts.checks import CHECKS
from tests.contracts.mutants.judging import BY_NAME
from tests.contracts.mutants.matrix import group, lost, matrix
from tests.contracts.mutants.register import MUTANTS

LEAST = 700


def test_there_are_many() -> None:
    assert len(MUTANTS) >= LEAST


def test_names_occur_once() -> None:
    names = Counter(mutant.name for mutant in MUTANTS)
    assert [name for name, times in names.items() if times > 1] == []


def test_names_of_checks_occur_once() -> None:
    names = Counter(check.name for check in CHECKS)
    assert [name for name, times in names.items() if times > 1] == []


def test_every_mutant_is_described() -> None:
    assert [m.name for m in MUTANTS if not (m.sentence.endswith(".") and m.versions)] == []


def test_every_mutant_has_a_check() -> None:
    checks = {check.name for check in CHECKS}
    assert [(mutant.name, mutant.check) for mutant in MUTANTS if mutant.check not in checks] == []


def test_every_check_has_a_mutant() -> None:
    assert {check.name for check in CHECKS} - {mutant.check for mutant in MUTANTS} == set()


def test_a_mutant_is_wrong_in_a_version_that_its_check_judges() -> None:
    versions = {check.name: check.versions for check in CHECKS}
    assert [m.name for m in MUTANTS if not set(m.versions) <= set(versions[m.check])] == []


def test_a_kill_that_is_gone_is_lost() -> None:
    before = {"wrong v1": {"found": ["a", "b"], "missed": []}, "other v2": {"found": ["a"], "missed": ["b"]}}
    after = {"wrong v1": {"found": ["b"], "missed": ["a"]}}

    assert lost(before, after) == ["wrong v1 a", "other v2 a"]
    assert lost(after, before) == []


def test_a_mutant_is_judged_by_the_module_of_its_check_and_again_by_the_same() -> None:
    chosen = next(mutant for mutant in MUTANTS if mutant.name == "key-taken-for-a-token")
    like = {f"{chosen.name} v1": {"found": [chosen.check], "missed": ["token-works-again-and-again"]}}

    assert dict(matrix([chosen], like))[f"{chosen.name} v1"] == like[f"{chosen.name} v1"]
    assert {check.body.__module__ for check in group(BY_NAME[chosen.check])} == {"casavi_contracts.checks.tokens"}
