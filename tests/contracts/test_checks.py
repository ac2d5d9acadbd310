"""The checks as a whole: the names by which others blame them, their assumptions, and where they are judged."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

import casavi_contracts
from casavi_contracts.checks import CHECKS, Check, check, checks, checks_of, row
from casavi_contracts.contract import VERSIONS, Contract
from casavi_contracts.promises import Named
from casavi_contracts.suite.tasks import names, tasks

SOURCES = Path(casavi_contracts.__file__).parent.rglob("*.py")


def test_whoever_is_blamed_exists() -> None:
    assert {*Named} - {task.name for task in tasks(VERSIONS)} == set()


def test_nobody_is_blamed_by_a_text() -> None:
    nodes = [(path.name, node) for path in SOURCES for node in ast.walk(ast.parse(path.read_text()))]
    blamed = [(name, node.value) for name, node in nodes if isinstance(node, ast.keyword) and node.arg == "check"]
    assert len(blamed) > 5, "the pattern still finds them"
    assert [(name, value.value) for name, value in blamed if isinstance(value, ast.Constant)] == []


def test_what_is_assumed_names_its_assumption() -> None:
    register = Contract("v1").assumptions
    assert [check.name for check in CHECKS if check.evidence == "assumed" and check.assumption not in register] == []


def test_every_check_is_judged_somewhere() -> None:
    contracts = [Contract(version) for version in VERSIONS]
    assert [
        check.name
        for check in CHECKS
        if not any(one.version in check.versions and set(check.operations) <= set(one.operations) for one in contracts)
    ] == []


# A check is a decorator, a sentence and a body; nothing has to be entered anywhere.


def test_every_check_in_the_folder_is_judged() -> None:
    folder = Path(casavi_contracts.__file__).parent / "checks"
    written = [name.replace("_", "-") for path in folder.glob("*.py") for name in _names_in(path.read_text())]
    assert len(written) > 100, "the pattern still finds them"
    assert sorted(written) == sorted(check.name for check in CHECKS)


def _names_in(text: str) -> list[str]:
    """Returns the names of the functions that are checks, and of the rows of those that are several."""
    return re.findall(r"(?m)^@check\((?:[^@]*?\n)?.*?\n?def (\w+)\(", text) + re.findall(r'\brow\(\s*"([^"]+)"', text)


def test_rows_of_a_function_are_checks_with_a_subject() -> None:
    seen: list[Any] = []

    @checks(
        row("one-holds", "One holds.", 1, documented="8.1"),
        row("two-holds", "Two holds.", 2, assumed="upsert", source="9", operations=("getJob",)),
        operations=("importMasterData",),
    )
    def numbers_hold(ctx: Any, given: int, case: Any) -> None:
        seen.append((given, case))

    one, two = numbers_hold
    assert [made.name for made in (one, two)] == ["one-holds", "two-holds"]
    assert {made.subject for made in (one, two)} == {"numbers-hold"}
    assert (one.evidence, one.source, one.operations) == ("documented", "8.1", ("importMasterData",))
    assert (two.evidence, two.source, two.operations) == ("assumed", "9", ("getJob",))
    for made in (one, two):
        made.body(None, "case")  # type: ignore[arg-type]
    assert seen == [(1, "case"), (2, "case")]


def test_a_subject_chooses_all_of_its_rows() -> None:
    of_it = [check.name for check in CHECKS if check.subject == "credentials-must-match"]
    assert len(of_it) > 1
    assert [task.name for task in tasks(["v1"], ["credentials-must-match"])] == of_it
    assert "credentials-must-match" in names(["v1"])


def test_a_check_takes_name_and_sentence_from_its_function() -> None:
    @check(assumed="upsert", source="8.1", each=lambda contract: (1, 2))
    def some_thing_holds(ctx: Any) -> None:
        """Something holds,
        and more.

        This is no part of it.
        """

    assert isinstance(some_thing_holds, Check)
    assert (some_thing_holds.name, some_thing_holds.sentence) == ("some-thing-holds", "Something holds, and more.")
    assert (some_thing_holds.evidence, some_thing_holds.assumption, some_thing_holds.source) == (
        "assumed", "upsert", "8.1",
    )  # fmt: skip
    some_thing_holds.body(None, "a case that it does not take")  # type: ignore[arg-type]


@pytest.mark.parametrize("evidence", [{}, {"documented": "1", "inferred": "2"}])
def test_a_check_has_one_kind_of_evidence(evidence: dict[str, str]) -> None:
    with pytest.raises(TypeError, match="exactly one kind of evidence"):
        check(**evidence)  # type: ignore[arg-type]


def test_a_check_without_a_sentence_is_none() -> None:
    def nameless(ctx: Any) -> None:
        pass

    with pytest.raises(TypeError, match="no docstring"):
        check(inferred="1")(nameless)


def test_only_checks_of_a_module_itself_are_its_own() -> None:
    from casavi_contracts.checks import pages, tokens

    assert {*checks_of(pages)} & {*checks_of(tokens)} == set()
