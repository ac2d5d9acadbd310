"""Portfolios that violate exactly one rule, known by construction."""

from typing import Any, TypedDict

from hypothesis import strategies as st

from casavi_contracts.contract import Contract
from casavi_contracts.strategies.alphabet import NASTY, Alphabet
from casavi_contracts.strategies.flaws import FLAWS, SWITCHES, Refusal, unknown_field
from casavi_contracts.strategies.malformed import schema_violation
from casavi_contracts.strategies.portfolios import as_assumed, master_data
from casavi_contracts.strategies.records import Record, Records
from casavi_contracts.strategies.scene import Scene
from casavi_contracts.strategies.values import Values

_SMALL = {"contacts": (1, 2), "properties": (0, 2), "units": (0, 2), "documents": (0, 1), "responsibilities": (0, 1)}


class Violation(TypedDict):
    """A portfolio and what has to be said about it. All of it is JSON."""

    rule: str
    """Name of the rule in the contract's register."""
    portfolio: Record
    pointers: list[str]
    """Where the portfolio does not satisfy the contract, as JSON pointers: then it is refused as a whole, and nothing
    of it is stored. Empty if it is accepted, and the job refuses single records."""
    refusals: list[Refusal]
    """Records that the job refuses, in no particular order. Those that are refused because of others name the first
    cause, which is refused too."""
    warnings: list[dict[str, Any]]
    """`pointer` and `rule` of what the job reports and leaves out."""


def violable_rules(contract: Contract | None = None) -> tuple[str, ...]:
    """Returns the rules that a portfolio can violate.

    Args:
        contract: The contract with its profile, which can switch rules off; that of version 1 as assumed if none is
            given.
    """
    profile = (contract or as_assumed()).values
    off = {rule for rule, (name, value) in SWITCHES.items() if profile[name] != value}
    if profile["unknown-fields"] == "ignore":
        off.add("unknown-field")
    return tuple(rule for rule in ("schema-violation", "unknown-field", *FLAWS) if rule not in off)


def master_data_violating(
    rule: str, contract: Contract | None = None, *, alphabet: Alphabet = NASTY
) -> st.SearchStrategy[Violation]:
    """Returns a strategy of portfolios that violate one rule, with what an import has to say about them.

    All other records of the portfolio are sound and have to be imported, unless the rule refuses all of it. A record
    that is refused because of another needs that other one; so with `refused-reference` and `refused-parent` the first
    cause is among the refusals with a rule of its own.

    Args:
        rule: One of `violable_rules`. `document-too-large` makes a text a third longer than the limit, which is 67 MB
            unless the profile has a lower one.
        contract: The contract with its profile; that of version 1 as assumed if none is given.
        alphabet: What ids and texts are drawn from.

    Raises:
        ValueError: No portfolio can violate that rule; the text names those that are possible.

    Example:
        >>> from hypothesis import given
        >>> @given(master_data_violating("missing-reference"))
        ... def test_my_client_reports_what_is_missing(violation):
        ...     assert violation["refusals"][0]["missing"]["id"]

    Source: the contract's register of rules; facts page, sections 8.1 and 8.8.
    """
    known = contract or as_assumed()
    possible = violable_rules(known)
    if rule not in possible:
        raise ValueError(f"no portfolio can violate {rule!r} under this profile; possible are: {', '.join(possible)}")
    sound = master_data(known, sizes=_SMALL, alphabet=alphabet)
    return _violations(rule, sound, Records(Values(alphabet, known.values)))


@st.composite
def _violations(draw: st.DrawFn, rule: str, sound: st.SearchStrategy[Record], records: Records) -> Violation:
    scene = Scene(draw, records, draw(sound))
    pointers: list[str] = []
    refusals: list[Refusal] = []
    warnings: list[dict[str, Any]] = []
    if rule == "schema-violation":
        pointers.append(schema_violation(scene))
    elif rule == "unknown-field":
        pointer = unknown_field(scene)
        if scene.profile["unknown-fields"] == "refuse":
            pointers.append(pointer)
        else:
            warnings.append({"pointer": pointer, "rule": rule})
    else:
        refusals += FLAWS[rule](scene)
    return Violation(rule=rule, portfolio=scene.portfolio, pointers=pointers, refusals=refusals, warnings=warnings)
