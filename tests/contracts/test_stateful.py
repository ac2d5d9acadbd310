"""The stateful test holds on the healthy mock, finds wrong servers, and what it finds can be run again."""

import contextlib
import json
import unittest
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings

from casavi_contracts.checks import CHECKS
from casavi_contracts.contract import Contract
from casavi_contracts.failures import Broken, BudgetSpent, CouldNotRun
from casavi_contracts.http.target import Target
from casavi_contracts.outcome import Finding, Outcome, Result
from casavi_contracts.report import replay
from casavi_contracts.report.text import lines
from casavi_contracts.runner import Runner
from casavi_contracts.stateful import CHECK, NAME, AccountMachine, machine_of, play
from casavi_contracts.stateful.commands import checked, told
from casavi_contracts.stateful.search import search
from casavi_contracts.stateful.smaller import smallest
from casavi_contracts.suite.tasks import task_of, tasks
from tests.contracts.mutants import caches, counts, deliveries, imports, jobs, refreshing, tokens
from tests.contracts.mutants.judging import BY_NAME, healthy
from tests.support import kit
from tests.support.kit import contract
from tests.support.server import GIVEN, Mock
from tests.support.tamper import Tamper, untouched

versions = pytest.mark.parametrize("version", ["v1", "v2"])
FAILING = (Outcome.FAILED, Outcome.REFUTED, Outcome.BLOCKED)
"""Not judged is a machine that stumbles over the breach of another check."""

SHALLOW = 0.15
ONE_CONTACT = {"contacts": [{"id": "A"}]}


def unsteered(mode: str = "immediate", accounts: int = 1) -> contextlib.AbstractContextManager[Target]:
    """Returns a server that cannot be steered, with some accounts."""
    return Mock(progress=mode, accounts=accounts).target(steered=False, credentials=GIVEN[:accounts])


def runner_of(target: Target, version: str, *, depth: float = SHALLOW, shrink: int = 0) -> Runner:
    accounts = kit.accounts(target, contract(version), "m-")
    return Runner(BY_NAME, lambda: accounts, depth=depth, shrink_cases=shrink)


def tamper_of(name: str) -> Tamper:
    families = (caches, counts, deliveries, imports, jobs, refreshing, tokens)
    (found,) = (mutant for family in families for mutant in family.MUTANTS if mutant.name == name)
    return found.make()


def found(name: str, version: str = "v1", **more: Any) -> Result:
    with healthy().target(tamper_of(name)) as target:
        return runner_of(target, version, **more).run(CHECK)


@pytest.mark.parametrize(
    ("mode", "version"),
    [
        ("manual", "v1"),
        ("time", "v2"),
        *(
            pytest.param(*pair, marks=pytest.mark.slow)
            for pair in [("immediate", "v1"), ("immediate", "v2"), ("time", "v1"), ("manual", "v2")]
        ),
    ],
)
def test_holds_on_the_healthy_mock(mode: str, version: str) -> None:
    with Mock(progress=mode).target() as target:
        result = runner_of(target, version).run(CHECK)

    assert result.outcome is Outcome.PASSED, result.findings
    assert result.examples > 2
    assert result.requests > 100


PROFILES: list[dict[str, Any]] = [
    {"several-tokens": "newest-only"},
    {"refresh-revokes-old-token": False, "refresh-accepts-expired-token": True, "refresh-needs-token-header": True},
    {"refresh-accepts-expired-token": True, "token-lifetime-days": 0.5, "job-retention-days": 0.6},
    {"upsert": "replace", "unknown-fields": "refuse", "duplicate-ids": "last-wins", "v2-page-size": 3},
    {"job-status-names": ["new", "busy", "done", "bad"], "unauthorized-status": 403, "v1-page-size": 2},
]
FAST = {(1, "v1"), (3, "v2")}
"""Profiles, by their number, and versions that are judged in every run; the others are slow."""


@pytest.mark.parametrize(
    ("version", "profile"),
    [
        pytest.param(
            version,
            profile,
            id=f"{version}-{', '.join(profile)}",
            marks=[] if (number, version) in FAST else [pytest.mark.slow],
        )
        for number, profile in enumerate(PROFILES)
        for version in ("v1", "v2")
    ],
)
def test_holds_under_other_assumptions(version: str, profile: dict[str, Any]) -> None:
    with Mock(profile, "time").target() as target:
        runner = Runner(BY_NAME, lambda: kit.accounts(target, Contract(version, profile)), depth=SHALLOW)
        result = runner.run(CHECK)

    assert result.outcome is Outcome.PASSED, result.findings


def drawn(target: Target, start: int, *, version: str = "v1") -> list[Any]:
    """Returns the sequences that are drawn for a target; nothing is played."""
    sequences: list[Any] = []
    how = settings(
        max_examples=5, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )  # fmt: skip
    search(target, contract(version), lambda commands: sequences.append(list(commands)), how=how, seed=start)
    return sequences


def test_same_seed_draws_the_same_steps() -> None:
    with Mock(progress="immediate").target() as one, Mock(progress="manual").target() as other:
        first, second, third = drawn(one, 7), drawn(other, 7), drawn(one, 8)

    assert first == second
    assert first != third
    assert len(first) == 5
    assert max(map(len, first)) >= 10
    assert json.loads(json.dumps(first)) == first
    for commands in first:
        assert checked(commands) is commands


def test_everything_is_drawn_sooner_or_later() -> None:
    with Mock(progress="immediate").target() as target:
        sequences = [commands for start in range(6) for commands in drawn(target, start)]

    done = [command for commands in sequences for command in commands]
    names = {command["do"] for command in done}
    assert names == {"authenticate", "refresh", "show", "expire", "wait", "import", "fill", "poll", "read", "walk"}
    assert {command["account"] for command in done if "account" in command} == {0, 1}
    assert any("key" in command for command in done)
    assert len({command.get("note") for command in done}) > 8


def test_only_what_the_target_has_is_drawn() -> None:
    with unsteered() as target:
        done = [command for start in range(3) for commands in drawn(target, start) for command in commands]

    assert not {"expire", "wait"} & {command["do"] for command in done}
    assert {command["account"] for command in done if "account" in command} == {0}
    assert not any("key" in command for command in done)


@versions
def test_a_target_without_clock_and_second_account_is_judged(version: str) -> None:
    with unsteered() as target:
        result = runner_of(target, version).run(CHECK)

    assert result.outcome is Outcome.PASSED, result.findings


def test_two_accounts_without_a_clock_are_judged() -> None:
    with unsteered("time", accounts=2) as target:
        assert any(command.get("account") for commands in drawn(target, 0) for command in commands)
        result = runner_of(target, "v2").run(CHECK)

    assert result.outcome is Outcome.PASSED, result.findings


def test_without_write_access_it_is_not_applicable() -> None:
    with Mock(progress="immediate").target() as target:
        reading = Target(target.http, plane=target.plane, may_write=False)
        result = runner_of(reading, "v1").run(CHECK)

        assert result.outcome is Outcome.SKIPPED
        assert "write access" in result.reason
        with pytest.raises(ValueError, match="write access"):
            machine_of(reading)


def test_a_spent_budget_ends_it() -> None:
    sent = 0

    def gate(operation: str | None, method: str) -> None:
        nonlocal sent
        sent += 1
        if sent > 50:
            raise BudgetSpent("enough")

    with Mock(progress="immediate").target() as target, pytest.raises(BudgetSpent):
        runner_of(Target(target.http, plane=target.plane, gate=gate), "v1").run(CHECK)
    assert sent == 51


# Wrong servers.

EASY = [
    ("job-vanishes", "accepted-job-is-visible"),
    ("job-regresses", "job-moves-forward"),
    ("job-fails-later", "job-end-is-final"),
    ("refresh-ignores-the-key", "foreign-token-cannot-be-refreshed"),
    ("refresh-keeps-the-old-token", "refresh-revokes-the-old-token"),
    ("refresh-gives-a-dead-token", "refresh-gives-a-token"),
    ("expired-token-still-reads", "token-ends-when-it-was-told"),
    ("import-loses-a-contact-yet-counts-it", NAME),
    ("import-last-duplicate-wins", NAME),
    ("import-replaces-custom-fields", NAME),
    ("counts-created-doubled", NAME),
    ("lists-from-a-cache", "token-ends-when-it-was-told"),
    ("jobs-of-anybody", "job-stays-known or foreign-job-is-unknown"),  # whichever account is drawn to ask first
]


FOUND_FAST = {"job-regresses", "expired-token-still-reads", "import-replaces-custom-fields", "jobs-of-anybody"}


@pytest.mark.parametrize(
    ("name", "check"),
    [pytest.param(*pair, marks=[] if pair[0] in FOUND_FAST else [pytest.mark.slow]) for pair in EASY],
)
def test_wrong_servers_are_found(name: str, check: str) -> None:
    result = found(name, depth=1)

    assert result.outcome in FAILING, result
    assert not {finding.check for finding in result.findings}.isdisjoint(check.split(" or "))


def finding_of(result: Result) -> Finding:
    return result.findings[0]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("refresh-keeps-the-old-token", marks=pytest.mark.slow),
        "import-loses-a-contact-yet-counts-it",
        pytest.param("counts-created-doubled", marks=pytest.mark.slow),
    ],
)
def test_what_is_found_is_made_small(name: str) -> None:
    finding = finding_of(found(name, depth=1, shrink=60))

    assert len(finding.case) <= 4, finding.steps
    assert len(finding.steps) == len(finding.case)


def test_only_what_matters_is_left() -> None:
    """A made-up server: a look at a job is wrong if its import has a contact a that has a note."""

    def importing(*ids: str) -> dict[str, Any]:
        contacts = [{"id": reference, "note": "x", "city": "y"} for reference in ids]
        return {"do": "import", "account": 1, "portfolio": {"contacts": contacts, "properties": []}, "note": "mine"}

    def judge(commands: list[Any]) -> Broken | None:
        checked(commands)
        imports = [command for command in commands if command["do"] == "import"]
        for command in commands:
            if command["do"] == "poll":
                portfolio = imports[command["import"]]["portfolio"]
                if any(one["id"] == "a" and "note" in one for one in portfolio.get("contacts", ())):
                    return Broken("this", "that", check="some-check")
        return Broken("this", "another", check="another-check") if len(commands) == 1 else None

    read = {"do": "read", "account": 1}
    looks: list[Any] = [{"do": "poll", "import": 1}, {"do": "poll", "import": 2}, {"do": "poll", "import": 0}]
    commands = [importing("b"), read, importing("c"), importing("b", "a", "c"), *looks, read]
    broken = judge(commands)
    assert broken is not None
    tried: list[Any] = []

    def watched(smaller: list[Any]) -> Broken | None:
        tried.append((smaller, judge(smaller)))
        return tried[-1][1]

    smallest(commands, broken, watched, contract("v1"))

    left = min(
        (smaller for smaller, found in tried if found and found.check == "some-check"), key=lambda one: len(str(one))
    )
    assert left == [
        {"do": "import", "account": 0, "portfolio": {"contacts": [{"id": "a", "note": "x"}]}},
        {"do": "poll", "import": 0},
    ]
    assert len(tried) <= 30


def test_what_is_found_is_told_step_by_step() -> None:
    finding = finding_of(found("refresh-keeps-the-old-token", depth=1, shrink=60))

    said = list(lines(finding))
    assert any(line.startswith("step 1    account 0 ") for line in said), said
    assert not any(line.startswith("case") for line in said)


def test_what_is_found_can_be_played_again(tmp_path: Path) -> None:
    finding = finding_of(found("counts-created-doubled", depth=1, shrink=60))
    file = replay.write(tmp_path, finding, seed=0, max_examples=None, profile={}, redact=str)

    assert file.name == f"{NAME}-v1.json"
    again = replay.read(file)
    assert task_of(again).name == NAME
    assert task_of(again).group == "stateful"
    for tamper, outcome in ((tamper_of("counts-created-doubled"), Outcome.REFUTED), (untouched, Outcome.PASSED)):
        with healthy().target(tamper) as target:
            result = runner_of(target, "v1").replay(CHECK, again.case)
        assert result.outcome is outcome, result
        assert result.examples == 1


def test_a_case_that_needs_more_than_the_target_has_is_not_judged() -> None:
    cases = ([{"do": "expire", "account": 0}], [{"do": "read", "account": 1}])
    with unsteered() as target:
        for case, lacking in zip(cases, ("a clock", "two accounts"), strict=True):
            result = runner_of(target, "v1").replay(CHECK, case)
            assert result.outcome is Outcome.BLOCKED
            assert lacking in result.reason


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ({"do": "read"}, "no list"),
        ([{"do": "read", "account": 0}, {"do": "delete", "account": 0}], "step 2"),
        ([{"do": "read", "account": 2}], "step 1"),
        ([{"do": "poll", "import": 0}], "import 0"),
        ([{"do": "import", "account": 0, "portfolio": {}}, {"do": "poll", "import": 0}], "is refused"),
    ],
)
def test_a_case_that_is_none_cannot_be_played(case: Any, said: str) -> None:
    with Mock(progress="immediate").target() as target, pytest.raises(CouldNotRun, match=said):
        play(kit.accounts(target, contract("v1")).context(), case)


@versions
def test_a_sequence_by_hand_is_played(version: str) -> None:
    commands = [
        {"do": "fill", "account": 0, "count": 30},
        {"do": "import", "account": 0, "portfolio": ONE_CONTACT, "note": "one"},
        {"do": "import", "account": 1, "portfolio": ONE_CONTACT},
        {"do": "poll", "import": 1},
        {"do": "poll", "import": 0, "account": 1},
        {"do": "walk", "account": 0},
        {"do": "refresh", "account": 0, "token": 0},
        {"do": "show", "account": 0, "token": 1},
        {"do": "refresh", "account": 0, "token": 0, "key": 1},
        {"do": "wait", "account": 1, "seconds": 0.5},
        {"do": "expire", "account": 0},
        {"do": "poll", "import": 0},
        {"do": "authenticate", "account": 0},
        {"do": "read", "account": 0},
        {"do": "walk", "account": 0},
    ]
    with Mock(progress="time").target() as target:
        play(kit.accounts(target, contract(version)).context(), commands)

        assert len(target.recorder.since(0)) > 30
    assert list(told(commands))[1:3] == [
        'account 0 imports (one) {"contacts": [{"id": "A"}]} [import 1]',
        'account 1 imports {"contacts": [{"id": "A"}]} [import 2]',
    ]


def test_it_is_a_check_of_the_suite() -> None:
    chosen = tasks(("v1", "v2"), [NAME])

    assert [(task.name, task.version, task.group) for task in chosen] == [
        (NAME, "v1", "stateful"), (NAME, "v2", "stateful")
    ]  # fmt: skip
    names = [task.name for task in tasks(("v1",), ())]
    assert names.index(NAME) < min(names.index(check.name) for check in CHECKS if check.last)


# Used directly.


def run(machine: type[AccountMachine], examples: int) -> unittest.TestResult:
    test = seed(0)(machine).TestCase
    test.settings = settings(test.settings, max_examples=examples)
    result = unittest.TestResult()
    test().run(result)
    return result


@pytest.mark.parametrize("version", ["v1", pytest.param("v2", marks=pytest.mark.slow)])
def test_it_is_a_test_for_unittest(version: str) -> None:
    with Mock(progress="time").target() as target:
        result = run(machine_of(target, version, contract=contract(version)), 5)

    assert result.wasSuccessful(), result
    assert result.testsRun == 1


def test_its_failure_shows_the_steps_and_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    with healthy().target(tamper_of("refresh-keeps-the-old-token")) as target:
        result = run(machine_of(target, contract=contract("v1")), 100)
        ((_, text),) = result.failures
        said = text + "".join(capsys.readouterr())

        assert "step 1    account " in said
        assert '{"do": "refresh", ' in said
        assert not target.recorder.redact.found_in(said)


def test_what_is_found_holds_no_secret() -> None:
    with healthy().target(tamper_of("refresh-keeps-the-old-token")) as target:
        result = runner_of(target, "v1", depth=1, shrink=20).run(CHECK)
        said = repr(result) + repr([exchange for finding in result.findings for exchange in finding.exchanges])

        assert not target.recorder.redact.found_in(said + json.dumps(finding_of(result).case))
        assert "token" in said
