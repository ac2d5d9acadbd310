"""Every sentence of docs/how-to/violations.md about violations is proved by a test that is named here."""

import importlib
import re

import pytest

from tests.plugin.test_plugin_docs import PAGE
from tests.plugin.test_plugin_judging import CLIENTS
from tests.support.server import Live

PROOFS = {
    "When a test has passed, the requests of its client": "judging.a_bad_client_breaks_its_rule_and_no_other",
    "A violation that is an error or a warning fails": "judging.severity",
    "The failure shows the exchange, the rule": "judging.six_bad_manners_in_one_client",
    "A client that fails completely is checked": "judging.a_client_that_fails_completely_is_judged",
    "What belongs to no account": "sentences.what_belongs_to_no_account_is_told_of_the_one_that_was_opened_last",
    "A mock [at an address]": "sentences.what_belongs_to_no_account_of_a_mock_at_an_address_is_judged_by_nobody",
    "A test of a log-in that must fail": "sentences.a_log_in_that_must_fail_is_allowed",
    "What the test does through its fixtures": "judging.what_is_not_held_against_a_client",
    "`casavi.token()`, `casavi.load()`": "sentences.the_fixtures_leave_no_request_behind",
    "What is sent through `casavi_client`": "sentences.what_is_sent_through_casavi_client_is_judged",
    "A job that the test itself read": "judging.what_is_not_held_against_a_client",
    "Nor is a fast poll after": "judging.what_is_not_held_against_a_client",
    "That an import is sent again": "judging.severity",
    "A test that wants a violation": "judging.what_is_allowed_is_not_judged",
    "A name that is unknown stops the run": "settings.impossible_marks",
    "For a whole project, `casavi_allow`": "judging.a_project_allows",
    "Violations are reported when the test function": "judging.a_violation_is_a_failure_and_no_error",
    "A test that failed for another reason": "judging.a_test_that_failed_is_not_judged_on_top",
}
"""Beginnings of sentences, and tests by the names of their modules and functions."""

REASONS = ("What it may lose, a change of somebody else",)
"""Beginnings of sentences that promise nothing."""


def sentences() -> list[str]:
    """Those of the section, without its table and its code."""
    section = PAGE[PAGE.index("## Violations") : PAGE.index("## When a test fails")]
    prose = re.sub(r"(?ms)^```.*?^```|^[|#].*?$", "", section)
    parts = [" ".join(part.split()) for part in prose.split("\n\n")]
    return [one for part in parts for one in re.split(r"(?<=[.?:]) (?=[A-Z`])", part) if one]


def test_every_sentence_has_its_proof() -> None:
    known = (*PROOFS, *REASONS)
    assert [one for one in sentences() if not one.startswith(known)] == []
    assert [begin for begin in known if not any(one.startswith(begin) for one in sentences())] == []


@pytest.mark.parametrize("proof", sorted(set(PROOFS.values())))
def test_every_proof_is_there(proof: str) -> None:
    module, _, name = proof.partition(".")
    assert callable(getattr(importlib.import_module(f"tests.plugin.test_plugin_{module}"), f"test_{name}"))


def test_what_belongs_to_no_account_is_told_of_the_one_that_was_opened_last(project: pytest.Pytester) -> None:
    project.makepyfile(
        CLIENTS
        + """
@pytest.mark.casavi(fail_on="never")
def test_it(casavi, make_casavi, client):
    other = make_casavi()
    client.http.get("/contacts", headers={"token": "unknown-to-everybody"})
    httpx.post(f"{casavi.url}/nowhere", verify=False)
    assert casavi.requests.where(status=401).count() == 0
    assert [request.path for request in other.requests] == ["/contacts", "/nowhere"]
"""
    )
    project.runpytest_inprocess().assert_outcomes(passed=1)


def test_what_belongs_to_no_account_of_a_mock_at_an_address_is_judged_by_nobody(
    project: pytest.Pytester, open_mock: Live
) -> None:
    project.makepyfile(
        CLIENTS
        + """
def test_it(casavi, client):
    client.http.get("/contacts", headers={"token": "unknown-to-everybody"})
    httpx.post(f"{casavi.url}/nowhere", verify=False)
"""
    )
    project.runpytest_inprocess(f"--casavi-url={open_mock.url}").assert_outcomes(passed=1)


def test_a_log_in_that_must_fail_is_allowed(project: pytest.Pytester) -> None:
    project.makepyfile(
        CLIENTS
        + """
@pytest.mark.casavi(allow="never-authorized")
def test_it(casavi):
    with Client(casavi).http as http:
        assert http.post("/authenticate", json={"key": casavi.key, "secret": "wrong"}).status_code == 401
"""
    )
    project.runpytest_inprocess().assert_outcomes(passed=1)


def test_the_fixtures_leave_no_request_behind(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        def test_it(casavi, casavi_client):
            casavi.token()
            casavi.load("small-house")
            assert list(casavi.jobs) == casavi.faults.all == casavi.violations == []
            assert len(casavi.contacts) and casavi.clock.now and not casavi.queue.held
            assert casavi.requests.count() == 0
            assert casavi_client.get("/contacts").status_code == 200
            assert casavi.requests.one().operation == "getContacts"
        """
    )
    project.runpytest_inprocess().assert_outcomes(passed=1)


def test_what_is_sent_through_casavi_client_is_judged(project: pytest.Pytester) -> None:
    project.makepyfile(
        "def test_it(casavi_client):\n    casavi_client.post('/import', json={'contacts': [{'id': 'C-1', 'lastName': 'x'}]})\n"
    )
    outcome = project.runpytest_inprocess()
    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(["*client violates job-never-read-to-its-end*"])
