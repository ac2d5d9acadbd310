"""Laws about reading at servers that guess otherwise than the contract: the verdict tells what they do."""

import itertools
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from casavi_contracts.judge import Judge
from casavi_contracts.laws.reading import distinct
from casavi_contracts.target import Capability, ControlPlane, Credentials, InProcess, Target
from casavi_contracts.trial import Accounts
from casavi_contracts.verdict import Outcome, Verdict
from casavi_mock.accounts import Settings
from casavi_mock.domain.jobs import Progress
from casavi_mock.domain.model import Secret
from casavi_mock.server.app import MockApp, new_registry
from tests.contracts.mutants.judging import BY_NAME, StillTime, contract, judged

READING = [
    name
    for name, law in BY_NAME.items()
    if law.check.__module__.rpartition(".")[2] in ("reading", "singles", "freshness", "modified", "filters")
]


class PassingTime:
    """Time that passes whenever somebody looks."""

    def __init__(self) -> None:
        self._looks = itertools.count()

    def __call__(self) -> datetime:
        return datetime(2026, 1, 5, 8, tzinfo=UTC) + timedelta(milliseconds=5 * next(self._looks))


def served(profile: Mapping[str, Any]) -> MockApp:
    """Returns a server with a profile."""
    registry = new_registry(Settings.from_profile(profile), now=StillTime())
    registry.create("never-deleted", Secret("as the first account of a server cannot be"))
    return MockApp(registry, now=StillTime())


def judge(app: MockApp, name: str, version: str = "v2") -> Verdict:
    """Judges a law under the contract as assumed."""
    with httpx.Client(transport=InProcess(app), base_url="http://mock") as http:
        return judged(Target(http, plane=ControlPlane.find(http)), BY_NAME[name], version)


@pytest.mark.parametrize(
    ("name", "profile", "line"),
    [
        ("modified-after-means-after", {"modified-after": "at-or-after"}, 'modified-after = "at-or-after"'),
        ("inactive-contracts-are-listed-on-demand", {"inactive-contracts": "ended"}, 'inactive-contracts = "ended"'),
        ("absent-fields-are-absent", {"v2-absent-values": "omitted"}, 'v2-absent-values = "omitted"'),
    ],
)
def test_another_guess_is_told_as_the_line_of_a_profile(name: str, profile: Mapping[str, Any], line: str) -> None:
    verdict = judge(served(profile), name)

    assert verdict.outcome is Outcome.REFUTED
    assert [finding.profile for finding in verdict.findings] == [line]


@pytest.fixture(scope="module")
def busy() -> Iterator[Target]:
    """A server that cannot be steered, with an account in which other people's records are."""
    now = PassingTime()
    registry = new_registry(Settings.from_profile({}, progress=Progress(mode="immediate")), now=now)
    key = registry.create("given", Secret("given")).key
    with httpx.Client(transport=InProcess(MockApp(registry, now=now)), base_url="http://mock") as http:
        target = Target(http, (Credentials(key, "given"),), sleep=lambda seconds: None)
        accounts = Accounts(target, contract("v2"), "other-")
        accounts.client(0).imported(accounts.trial().names.own(distinct(contract("v2"))))
        yield target


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("name", READING)
def test_laws_hold_where_nothing_can_be_steered(name: str, version: str, busy: Target) -> None:
    law = BY_NAME[name]
    verdict = Judge(BY_NAME, lambda: Accounts(busy, contract(version), f"{version}-{name}-")).judge(law)

    judged_there = version in law.versions and Capability.CLOCK not in law.needs
    assert verdict.outcome is (Outcome.HOLDS if judged_there else Outcome.NOT_APPLICABLE), verdict.findings
