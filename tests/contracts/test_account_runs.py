"""Runs at accounts that all checks share: few requests, every case of a list, and the accounts that were named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from casavi_contracts.checks import CHECKS, Check
from casavi_contracts.context import Accounts
from casavi_contracts.http.walking import Bookmarks
from casavi_contracts.outcome import Outcome
from casavi_contracts.suite.session import Session
from casavi_contracts.suite.settings import ACCOUNT_EXAMPLES, ACCOUNT_REQUESTS, Settings
from casavi_contracts.suite.tasks import CheckTask, for_account, tasks
from casavi_mock.server.app import system_now
from tests.contracts.mutants.judging import BY_NAME
from tests.support.kit import contract
from tests.support.server import GIVEN, Mock

Run = Callable[..., Session]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Judges a mock in process, by its named accounts, and returns the session."""

    def judged(mock: Mock, *only: str, **changes: Any) -> Session:
        settings: dict[str, Any] = {
            "url": None, "application": mock.app, "credentials": GIVEN, "control_token": None,
            "versions": ("v1", "v2"), "profile": {}, "only": only, "listing": False, "seed": 1, "max_examples": None,
            "timeout": 10.0, "job_timeout": 60.0, "allow_writes": True, "consent": True, "read_only": False,
            "budget_requests": None, "budget_writes": None, "budget_records": None, "rate": 1e6,
            "ledger": tmp_path / "ledger", "folder": tmp_path, "tolerate": False, "junit": None, "json": None,
            "html": None, "replay": None, "replay_dir": tmp_path / "replays", "command": "",
        }  # fmt: skip
        session = Session(Settings(**{**settings, **changes}))
        assert session.start(), session.report.stopped
        for task in session.tasks:
            if session.judge(task) is None:
                break
        session.finish()
        return session

    return judged


@pytest.mark.slow
def test_a_default_run_at_a_real_account_fits_its_budget(run: Run) -> None:
    mock = Mock(progress="immediate", accounts=2, control=False, now=system_now)
    report = run(mock, allow_writes=True).report

    wrong = [row for row in report.results if row.outcome not in (Outcome.PASSED, Outcome.SKIPPED)]
    assert [(row.promise.name, row.findings or row.reason) for row in wrong] == []
    assert report.exit_code == 0
    assert report.requests <= ACCOUNT_REQUESTS


def cases_of(check: Check, version: str = "v1") -> int:
    assert check.each is not None
    return len([*check.each(contract(version))])


def test_every_case_of_a_list_is_judged_at_every_depth(run: Run) -> None:
    names = ("wrong-secret-is-refused", "unknown-token-is-refused", "refresh-wants-the-key-of-the-token")
    report = run(Mock(progress="immediate", accounts=2, control=False), *names, versions=("v1",)).report

    assert min(cases_of(BY_NAME[name]) for name in names) > ACCOUNT_EXAMPLES
    told = {row.promise.name: row.result.examples for row in report.results if row.result}
    assert told == {name: cases_of(BY_NAME[name]) for name in names}


def test_lists_of_cases_are_not_drawn() -> None:
    """A strategy that samples a list is cut by a smaller depth: what is a list has to be one."""
    drawn = [
        check.name for check in CHECKS if check.each is None and "SampledFrom" in type(check.cases(contract())).__name__
    ]
    assert drawn == []


def test_one_drawn_case_is_not_the_simplest(run: Run) -> None:
    mock = Mock(progress="immediate", accounts=2, control=False)
    run(mock, "accepted-job-ends", versions=("v1",))
    assert mock.records() > 0


def test_a_shared_account_is_judged_by_the_surest_first_and_the_longest_last() -> None:
    names = [task.name for task in for_account(tasks(("v1",), ())) if isinstance(task, CheckTask)]
    assert BY_NAME[names[0]].evidence == "documented"
    assert max(range(len(names)), key=lambda place: names[place] == "large-import-is-whole") > len(names) - 8
    assert names.index("import-is-read-back") < names.index("job-counts-add-up")


def test_records_of_a_ctx_are_read_from_where_it_began() -> None:
    mock = Mock(progress="immediate", accounts=1)
    people = {"contacts": [{"id": f"C{n}", "lastName": "x"} for n in range(60)]}
    one = {"contacts": [{"id": "C", "lastName": "x"}]}
    for version in ("v1", "v2"):
        operation = "getContacts" if version == "v1" else "listContacts"
        with mock.target(steered=False, credentials=GIVEN[:1]) as target:
            accounts = Accounts(target, contract(version), f"{version}-", Bookmarks())
            sent = []
            for portfolio in (people, one, one):
                ctx = accounts.context()
                ctx.account.imported(ctx.names.own(portfolio))
                before = target.recorder.count
                seen = ctx.listed(ctx.account, operation)
                sent.append(target.recorder.count - before)
                assert [record["id"] for record in seen] == [
                    ctx.names.id(record["id"]) for record in portfolio["contacts"]
                ]
        assert sent[1] > 2, "whether new records stand behind old ones is looked at before it is relied on"
        assert sent[2] == 1, sent


def test_accounts_that_were_named_are_those_that_are_judged(run: Run) -> None:
    mock = Mock(progress="immediate", accounts=2)
    report = run(
        mock, "same-ids-stay-apart", "expired-token-cannot-be-refreshed", versions=("v1",), consent=False
    ).report

    assert [row.outcome for row in report.results] == [Outcome.PASSED] * 2
    assert all(account.store.count("contacts") for account in mock.registry)
    assert any("accounts that were named are judged" in note for note in report.notes)
