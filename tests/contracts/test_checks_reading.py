"""Checks about reading at servers that guess otherwise than the contract: the result tells what they do."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from casavi_contracts.checks.reading import distinct
from casavi_contracts.context import Accounts
from casavi_contracts.http.target import Capability, Target
from casavi_contracts.outcome import Outcome
from casavi_contracts.runner import Runner
from tests.contracts.mutants.judging import BY_NAME, judged
from tests.support.kit import contract
from tests.support.server import GIVEN, Mock
from tests.support.time import FakeTime

READING = [
    name
    for name, check in BY_NAME.items()
    if check.body.__module__.rpartition(".")[2] in ("reading", "singles", "freshness", "modified", "filters")
]


COSTLY = ("versions-show-the-same-records", "reads-show-the-latest-state")
"""Checks that read whole lists again and again, some seconds long."""


@pytest.mark.parametrize(
    ("name", "profile", "line"),
    [
        ("modified-after-means-after", {"modified-after": "at-or-after"}, 'modified-after = "at-or-after"'),
        ("inactive-contracts-are-listed-on-demand", {"inactive-contracts": "ended"}, 'inactive-contracts = "ended"'),
        *(
            (
                "dates-of-contracts-read-in-one-form",
                {"contract-date-format": form},
                f'contract-date-format = "{form}"',
            )
            for form in ("date", "as-sent")
        ),
        ("absent-fields-are-absent", {"v2-absent-values": "omitted"}, 'v2-absent-values = "omitted"'),
    ],
)
def test_another_guess_is_told_as_the_line_of_a_profile(name: str, profile: Mapping[str, Any], line: str) -> None:
    with Mock(profile).target() as target:
        result = judged(target, BY_NAME[name], "v2")

    assert result.outcome is Outcome.REFUTED
    assert [finding.profile for finding in result.findings] == [line]


@pytest.mark.parametrize("form", ["date", "as-sent"])
@pytest.mark.parametrize("name", ["import-is-read-back", "dates-of-a-contract-are-dates-or-date-times"])
def test_dates_are_compared_as_moments(name: str, form: str) -> None:
    """How they are spelled is told by one check, and is no mistake in all others."""
    with Mock({"contract-date-format": form}).target() as target:
        result = judged(target, BY_NAME[name], "v2")
    exact = form == "as-sent" or name == "import-is-read-back"  # a day alone is another moment than some that are sent
    assert result.outcome is (Outcome.PASSED if exact else Outcome.REFUTED), result.findings


@pytest.fixture(scope="module")
def busy() -> Iterator[Target]:
    """A server that cannot be steered, with an account in which other people's records are."""
    passing = FakeTime(step=timedelta(milliseconds=5))
    mock = Mock(progress="immediate", accounts=1, now=passing)
    with mock.target(steered=False, credentials=GIVEN[:1]) as target:
        accounts = Accounts(target, contract("v2"), "other-")
        accounts.client(0).imported(accounts.context().names.own(distinct(contract("v2"))))
        yield target


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in COSTLY else name for name in READING]
)
def test_checks_hold_where_nothing_can_be_steered(name: str, version: str, busy: Target) -> None:
    check = BY_NAME[name]
    result = Runner(BY_NAME, lambda: Accounts(busy, contract(version), f"{version}-{name}-")).run(check)

    judged_there = version in check.versions and Capability.CLOCK not in check.needs
    assert result.outcome is (Outcome.PASSED if judged_there else Outcome.SKIPPED), result.findings
