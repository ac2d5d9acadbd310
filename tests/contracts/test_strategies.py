"""The strategies: what they draw is sound, and nasty enough to find clients that take two records for one."""

import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from casavi_contracts.model import Account, Job
from casavi_contracts.strategies import NASTY, PLAIN, Alphabet, Record, master_data, violable_rules
from casavi_contracts.strategies.variants import records
from tests.support import kit
from tests.support.pages import read

PAGE = read("how-to/test-data")


def of_kind(portfolio: Record, kind: str) -> list[Record]:
    """The contacts, properties or units of a portfolio."""
    if kind == "units":
        return [
            unit
            for home in portfolio.get("properties", [])
            for address in home.get("addresses", [])
            for unit in address.get("units", [])
        ]
    found: list[Record] = portfolio.get(kind, [])
    return found


def drawn(strategy: st.SearchStrategy[Any], seed: int = 0) -> list[Any]:
    """A hundred examples, as a test with default settings draws them; none is made smaller."""
    examples: list[Any] = []

    @seeded(seed)
    @settings(max_examples=100, database=None, derandomize=False, phases=(Phase.generate,), deadline=None)
    @given(strategy)
    def draw(example: Any) -> None:
        examples.append(example)

    draw()
    return examples


SAME: dict[str, Callable[[str], str]] = {
    "lower": str.lower,
    "NFC": lambda id_: unicodedata.normalize("NFC", id_),
    "strip": str.strip,
}
"""Ways in which a client takes two ids for one."""


def losers(portfolios: list[Record], kind: str) -> set[str]:
    """The names of the clients that lose a record, since they take it for another one."""
    return {
        name
        for name, same in SAME.items()
        for portfolio in portfolios
        for ids in [[record["id"] for record in of_kind(portfolio, kind)]]
        if len({same(id_) for id_ in ids}) < len(ids)
    }


@pytest.mark.parametrize("kind", ["contacts", "properties", "units"])
def test_a_client_that_takes_two_records_for_one_is_found(kind: str) -> None:
    assert losers(drawn(master_data(entities=[kind])), kind) == set(SAME)


def test_nothing_goes_wrong_in_a_plain_alphabet() -> None:
    assert losers(drawn(master_data(entities=["contacts"], alphabet=PLAIN)), "contacts") == set()


def test_ids_and_texts_are_more_than_a_list() -> None:
    contacts = [contact for one in drawn(master_data(entities=["contacts"])) for contact in one["contacts"]]
    known = {*NASTY.texts, None}
    assert any(contact["id"] not in NASTY.ids for contact in contacts)
    assert any(contact.get("note") not in known for contact in contacts)


@pytest.mark.parametrize(
    ("entity", "parents"),
    [("units", {"properties"}), ("documents", {"properties"}), ("responsibilities", {"contacts", "properties"})],
)
def test_what_is_asked_for_brings_what_it_needs(entity: str, parents: set[str]) -> None:
    for portfolio in drawn(master_data(entities=[entity])):
        assert parents <= {kind for kind in ("contacts", "properties") if portfolio.get(kind)}
        wanted = {"units": of_kind(portfolio, "units"), "responsibilities": portfolio.get("responsibilities")}
        assert wanted.get(entity, True)


@pytest.mark.parametrize("alphabet", [NASTY, Alphabet(("A", "a"), ("x",), wild=True)], ids=["nasty", "small and wild"])
def test_a_portfolio_is_imported_as_a_whole(alphabet: Alphabet) -> None:
    contract = kit.contract("v2")
    for portfolio in drawn(master_data(contract, alphabet=alphabet)):
        job = Account(contract).apply(json.loads(json.dumps(portfolio)))
        assert isinstance(job, Job)
        assert not job.refusals
        assert all(record.get("id", "x") for record in records(portfolio))


def examples() -> list[Any]:
    """What the page shows of strategies, as JSON."""
    section = PAGE.partition("## Data for your own client\n")[2].partition("\n## ")[0]
    return [json.loads(block) for block in re.findall(r"(?ms)^```json\n(.*?)^```", section)]


def test_the_page_shows_a_portfolio_and_a_violation() -> None:
    portfolio, violation = examples()
    contract = kit.contract("v1")
    job = Account(contract).apply(portfolio)
    assert isinstance(job, Job)
    assert not job.refusals

    assert violation["rule"] in violable_rules(contract)
    refused = Account(contract).apply(violation["portfolio"])
    assert isinstance(refused, Job)
    told = [{name: refusal.as_json()[name] for name in violation["refusals"][0]} for refusal in refused.refusals]
    assert told == violation["refusals"]
    assert violation["pointers"] == violation["warnings"] == []
