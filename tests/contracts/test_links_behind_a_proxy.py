"""Links of a server behind a proxy on the same machine that does not tell it which address was asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from casavi_contracts.http.target import ControlPlane, Target
from casavi_contracts.outcome import Outcome
from tests.contracts.mutants.judging import BY_NAME, judged
from tests.contracts.mutants.links import link
from tests.contracts.mutants.proxy import proxy
from tests.contracts.mutants.toolkit import on, page
from tests.support.server import Mock
from tests.support.tamper import Tamper, untouched

FOLLOWED = "next-link-is-followed-as-it-is"
WALKED = "page-walk-returns-every-record-once"

LATER_PAGES = on("listContacts").asking(lambda request: "after=" in request.query).good()
NOBODY_LISTENS = "http://127.0.0.1:1"


@contextmanager
def behind(tamper: Tamper) -> Iterator[Target]:
    """Yields a healthy server behind such a proxy."""
    with (
        Mock(accounts=1).listening() as live,  # the first account of a server is never closed
        proxy(live.url, tamper, keep_host=False) as url,
        httpx.Client(base_url=url, timeout=60, trust_env=False) as http,
    ):
        yield Target(http, plane=ControlPlane.find(http))


@pytest.mark.parametrize("check", [FOLLOWED, WALKED])
def test_an_untouched_one_is_not_found(check: str) -> None:
    with behind(untouched) as target:
        result = judged(target, BY_NAME[check], "v2")

    assert result.outcome is Outcome.PASSED, result.findings


def test_what_it_does_to_later_pages_is_found() -> None:
    with behind(LATER_PAGES.answer(page(lambda records: records[1:]))()) as target:
        result = judged(target, BY_NAME[WALKED], "v2")

    assert result.outcome is Outcome.FAILED


def test_a_link_to_a_port_where_nobody_listens_is_broken() -> None:
    def elsewhere(told: Any) -> Any:
        return NOBODY_LISTENS + httpx.URL(told).raw_path.decode()

    with behind(on("listContacts").good().answer(link(elsewhere))()) as target:
        result = judged(target, BY_NAME[FOLLOWED], "v2")

    assert result.outcome is Outcome.FAILED
    assert result.findings[0].check == FOLLOWED
