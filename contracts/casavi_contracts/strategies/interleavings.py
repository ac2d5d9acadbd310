"""Sequences of what a client does, as lists of commands in JSON."""

from typing import Any

from hypothesis import strategies as st

from casavi_contracts.contract import Contract
from casavi_contracts.strategies.alphabet import Alphabet
from casavi_contracts.strategies.portfolios import master_data

Command = dict[str, Any]
"""`{"do": "import", "portfolio": …}`, `{"do": "poll", "import": n}` (the job of the n-th import, counted from 0),
`{"do": "refresh"}` (of the token) or `{"do": "read"}` (of whatever there is)."""

_FEW = Alphabet(("A", "a", "A ", "1/2"), ("x", "y", "\u00e4", ""))
"""So few ids that imports change each other's records."""

_SMALL = {"contacts": (1, 2), "properties": (0, 1), "units": (0, 2), "documents": (0, 1), "responsibilities": (0, 1)}


def interleavings(
    contract: Contract | None = None, *, most: int = 8, alphabet: Alphabet = _FEW
) -> st.SearchStrategy[list[Command]]:
    """Returns a strategy of sequences of imports, polls, refreshes of the token and reads.

    The first command is an import, polls are of imports that came before, and later imports know ids of earlier ones.

    Args:
        contract: The contract with its profile; that of version 1 as assumed if none is given.
        most: Most commands of a sequence, at least 1.
        alphabet: What ids and texts are drawn from.

    Example:
        >>> from hypothesis import given
        >>> @given(interleavings(most=4))
        ... def test_my_client_follows_every_job(commands):
        ...     assert commands[0]["do"] == "import"

    Source: facts page, sections 2.3, 8.1 and 8.8.
    """
    portfolio = master_data(contract, sizes=_SMALL, alphabet=alphabet)
    importing = portfolio.map(lambda drawn: {"do": "import", "portfolio": drawn})
    polling = st.integers(0, most).map(lambda number: {"do": "poll", "import": number})
    other = st.sampled_from(("refresh", "read")).map(lambda name: {"do": name})
    further = st.lists(importing | polling | other, max_size=most - 1)
    return st.tuples(importing, further).map(lambda drawn: _numbered([drawn[0], *drawn[1]]))


def _numbered(commands: list[Command]) -> list[Command]:
    """Makes every poll one of an import that came before it."""
    imports = 0
    for command in commands:
        if command["do"] == "import":
            imports += 1
        elif command["do"] == "poll":
            command["import"] %= imports
    return commands
