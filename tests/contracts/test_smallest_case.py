"""How far a case that breaks a check is made smaller: far on a mock, less far where each request counts."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import strategies as st

from casavi_contracts.checks import check
from casavi_contracts.context import Context
from casavi_contracts.failures import Broken
from casavi_contracts.http.target import Target
from casavi_contracts.outcome import Result
from casavi_contracts.runner import ACCOUNT_SHRINK_CASES, SHRINK_CASES, SHRINK_REQUESTS, Runner
from tests.support import kit
from tests.support.server import Mock


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with Mock(progress="immediate").target() as target:
        yield target


def judged(target: Target, tries: int, requests: int = 0) -> Result:
    """What comes of a check that a few large numbers among many break; each case costs so many requests."""

    @check(inferred="8.1", cases=lambda contract: st.tuples(*[st.integers(0, 10_000)] * 14).map(list), examples=20)
    def sums_are_small(ctx: Context, case: Any) -> None:
        """The sum of some numbers is small."""
        ctx.target.recorder.count += requests
        if sum(number > 500 for number in case) > 7:
            raise Broken("few large numbers", "many")

    return Runner({}, lambda: kit.accounts(target, kit.contract("v1")), shrink_cases=tries).run(sums_are_small)


def test_more_tries_make_a_case_smaller(target: Target) -> None:
    far, near = (judged(target, tries) for tries in (SHRINK_CASES, ACCOUNT_SHRINK_CASES))
    sizes = [sum(result.findings[0].case) for result in (far, near)]
    assert (SHRINK_CASES, ACCOUNT_SHRINK_CASES) == (500, 60)
    assert sizes[0] < sizes[1]


def test_cases_that_cost_many_requests_are_tried_as_often_as_at_an_account(target: Target) -> None:
    cheap, dear = (judged(target, SHRINK_CASES, requests).examples for requests in (0, SHRINK_REQUESTS // 20))
    assert ACCOUNT_SHRINK_CASES <= dear <= ACCOUNT_SHRINK_CASES + 20 < cheap <= SHRINK_CASES + 20
