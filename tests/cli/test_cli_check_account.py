"""A check at a server that is no mock: the plan, the consent, the ledger, the budget, and no secret anywhere."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from casavi_mock.server.app import system_now
from tests.support.server import ACCOUNT, CONSENT, SECOND, Live, Mock

Run = Callable[..., Result]

FEW = ("foreign-job-is-unknown", "secret-of-another-account-is-refused", "wrong-secret-is-refused", "accepted-job-ends")
"""Checks that need two accounts, and such as send secrets and get tokens."""

EVERY_CHECK = pytest.mark.parametrize(
    "checks",
    [
        pytest.param(tuple(f"--only={name}" for name in FEW), id="few"),
        pytest.param((), id="all", marks=pytest.mark.slow),
    ],
)

QUICK = ("--rate", "1000", "--max-examples", "1", "--seed", "5", "--version", "v1")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def account() -> Iterator[Live]:
    """A mock without a control plane: it counts as real."""
    with Mock(progress="immediate", accounts=2, control=False, now=system_now).listening(recording=True) as server:
        yield server


def paths(server: Live) -> list[str]:
    return [f"{one.method} {re.sub('[0-9a-f-]{36}', 'ID', one.path)}" for one in server.requests]


def ledger(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


# The plan.


def test_without_consent_there_is_a_plan_and_nothing_else_is_sent(run: Run, account: Live, folder: Path) -> None:
    result = run("check", "--url", account.url, **ACCOUNT)

    assert result.exit_code == 0, result.output
    assert paths(account) == [
        "GET /_mock/version",
        "GET /_mock/version",
        "POST /authenticate",
        "GET /contacts",
        "GET /jobs/ID",
    ]
    assert account.mock.records() == 0
    assert list(folder.iterdir()) == []
    text = " ".join(result.stdout.split())
    for said in (
        "Plan: the server is no mock, so nothing is judged until you agree",
        "Until now 3 requests were sent: log-in, a made-up token, a made-up job. Nothing was created",
        "at most 5,000 requests (--budget-requests)",
        "at most 1,000 create records (--budget-writes)",
        "at most 8,000 of them (--budget-records)",
        "10 requests in a second",
        "is listed in casavi-check-ledger.jsonl before it is sent",
        "--allow-writes, and CASAVI_ALLOW_WRITES=1 in the environment",
        "importMasterData",
    ):
        assert said in text
    assert re.search(r"enough for about 2\d\d of \d\d\d checks", text)


def test_the_plan_knows_the_budget_that_was_given(run: Run, account: Live) -> None:
    budget = ("--budget-requests", "77", "--budget-writes", "6", "--budget-records", "55", "--rate", "2.5")
    text = " ".join(run("check", "--url", account.url, *budget, "--ledger", "book.jsonl", **ACCOUNT).stdout.split())

    assert "at most 77 requests" in text
    assert "at most 6 create" in text
    assert "at most 55 of them" in text
    assert "2.5 requests in a second" in text
    assert "listed in book.jsonl" in text


def test_a_plan_is_no_result_in_the_reports(run: Run, account: Live, folder: Path) -> None:
    files = ("--junit", "a.xml", "--json", "a.json", "--html", "a.html")
    result = run("check", "--url", account.url, *files, **ACCOUNT)

    report = json.loads((folder / "a.json").read_text())
    assert (result.exit_code, report["outcome"], report["exitCode"]) == (0, "planned", 0)
    assert "<skipped" in (folder / "a.xml").read_text()
    assert "nothing was judged" in (folder / "a.html").read_text()


@pytest.mark.parametrize(
    ("options", "variables", "said"),
    [
        (["--allow-writes"], {}, "--allow-writes alone is not enough, CASAVI_ALLOW_WRITES=1 has to agree"),
        (["--allow-writes"], {"CASAVI_ALLOW_WRITES": "yes"}, "--allow-writes alone is not enough"),
        ([], CONSENT, "CASAVI_ALLOW_WRITES=1 alone is not enough, --allow-writes has to agree"),
        (["--allow-writes", "--read-only"], CONSENT, "exclude each other"),
    ],
)
def test_half_a_consent_is_none(
    run: Run, account: Live, options: list[str], variables: dict[str, str], said: str
) -> None:
    result = run("check", "--url", account.url, *options, **ACCOUNT, **variables)

    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert set(paths(account)) == {"GET /_mock/version"}


# With consent.


def test_every_record_is_in_the_ledger_and_carries_the_prefix(run: Run, account: Live, folder: Path) -> None:
    result = run(
        "check", "--url", account.url, "--allow-writes", "--only", "accepted-job-ends", *QUICK, **ACCOUNT, **CONSENT
    )

    assert result.exit_code == 0, result.output
    head, *writes = ledger(folder / "casavi-check-ledger.jsonl")
    assert re.fullmatch(r"casavi-check-[0-9a-f]{8}-", head["prefix"])
    assert head["url"] == account.url
    assert len(writes) == len(account.imports) > 0
    for line, sent in zip(writes, account.imports, strict=True):
        ids = [one["id"] for one in json.loads(sent.body).get("contacts", [])]
        assert line["ids"].get("contacts", []) == ids
        assert all(name.startswith(head["prefix"]) for name in ids)


def test_two_runs_with_one_seed_do_not_meet(run: Run, account: Live, folder: Path) -> None:
    for _ in range(2):
        run(
            "check", "--url", account.url, "--allow-writes", "--only", "accepted-job-ends", *QUICK, **ACCOUNT, **CONSENT
        )

    prefixes = [line["prefix"] for line in ledger(folder / "casavi-check-ledger.jsonl") if "prefix" in line]
    assert len(set(prefixes)) == 2


def test_a_ledger_that_cannot_be_written_stops_the_run(run: Run, account: Live, folder: Path) -> None:
    result = run(
        "check", "--url", account.url, "--allow-writes", "--only", "accepted-job-ends", *QUICK,
        "--ledger", "no/ledger.jsonl", **ACCOUNT, **CONSENT,
    )  # fmt: skip

    assert result.exit_code == 2
    assert "without its ledger nothing is sent" in result.output
    assert account.imports == []


def test_the_budget_ends_the_run_and_what_is_left_is_not_judged(run: Run, account: Live) -> None:
    common = ("--url", account.url, "--allow-writes", *QUICK)
    some = run("check", *common, "--max-examples", "3", "--budget-writes", "2", **ACCOUNT, **CONSENT)
    none = run("check", *common, "--budget-requests", "1", **ACCOUNT, **CONSENT)

    assert (some.exit_code, none.exit_code) == (1, 2), some.output + none.output
    assert "the budget of 2 writes is spent (--budget-writes)" in " ".join(some.stdout.split())
    assert none.stderr == "casavi-mock: the budget of 1 requests is spent (--budget-requests)\n"
    assert len(account.imports) == 2


def test_reading_alone_writes_nothing(run: Run, account: Live, folder: Path) -> None:
    result = run("check", "--url", account.url, "--read-only", *QUICK, **ACCOUNT)

    assert result.exit_code == 0, result.output
    assert account.imports == []
    assert list(folder.iterdir()) == []
    assert "the target lacks write access" in " ".join(result.stdout.split())


@EVERY_CHECK
def test_checks_about_two_accounts_get_both(run: Run, account: Live, checks: tuple[str, ...]) -> None:
    result = run("check", "--url", account.url, "--allow-writes", *checks, *QUICK, **ACCOUNT, **SECOND, **CONSENT)

    assert result.exit_code == 0, result.output
    assert "two accounts" not in result.stdout


# Secrets.


@EVERY_CHECK
@pytest.mark.parametrize("by_option", [True, False])
def test_no_secret_is_shown_anywhere(
    run: Run, account: Live, folder: Path, by_option: bool, checks: tuple[str, ...]
) -> None:
    variables = ACCOUNT | SECOND
    options = [
        "--allow-writes",
        "--junit",
        "a.xml",
        "--json",
        "a.json",
        "--html",
        "a.html",
        *checks,
        *QUICK,
        "--url",
        account.url,
    ]
    if by_option:
        names = ("--key", "--secret", "--key2", "--secret2")
        options += [text for pair in zip(names, variables.values(), strict=True) for text in pair]
    result = run("check", *options, **({} if by_option else variables), **CONSENT)

    assert result.exit_code in (0, 1), result.output
    texts = {path.name: path.read_text() for path in folder.rglob("*") if path.is_file()} | {"output": result.output}
    assert {"a.xml", "a.json", "a.html", "casavi-check-ledger.jsonl"} <= texts.keys()
    made_up = {"casavi-check"}  # sent in the place of a token, and the name of the command
    secrets = set(variables.values()) | {secret for secret in account.tokens - made_up if len(secret) > 8}
    assert len(secrets) > 4, "tokens were seen"
    assert [(name, secret) for name, text in texts.items() for secret in secrets if secret in text] == []
