"""The register of mutants: every check has a mutant, every mutant a check, and every operation is wrong somewhere."""

from collections import Counter

from casavi_contracts.checks import LAWS
from tests.contracts.mutants.register import MUTANTS

LEAST = 700


def test_there_are_many() -> None:
    assert len(MUTANTS) >= LEAST


def test_names_occur_once() -> None:
    names = Counter(mutant.name for mutant in MUTANTS)
    assert [name for name, times in names.items() if times > 1] == []


def test_names_of_laws_occur_once() -> None:
    names = Counter(law.name for law in LAWS)
    assert [name for name, times in names.items() if times > 1] == []


def test_every_mutant_is_described() -> None:
    assert [m.name for m in MUTANTS if not (m.sentence.endswith(".") and m.versions)] == []


def test_every_mutant_has_a_law() -> None:
    laws = {law.name for law in LAWS}
    assert [(mutant.name, mutant.law) for mutant in MUTANTS if mutant.law not in laws] == []


def test_every_law_has_a_mutant() -> None:
    assert {law.name for law in LAWS} - {mutant.law for mutant in MUTANTS} == set()


def test_a_mutant_is_wrong_in_a_version_that_its_law_judges() -> None:
    versions = {law.name: law.versions for law in LAWS}
    assert [m.name for m in MUTANTS if not set(m.versions) <= set(versions[m.law])] == []
