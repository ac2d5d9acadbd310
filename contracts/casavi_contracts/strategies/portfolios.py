"""Portfolios whose references all lead somewhere."""

from typing import Any

from hypothesis import strategies as st


@st.composite
def master_data(draw: st.DrawFn) -> dict[str, Any]:
    """Returns a portfolio (a first version)."""
    contacts = [f"C-{n}" for n in range(draw(st.integers(1, 3)))]
    return {
        "contacts": [
            {"id": c, "lastName": draw(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8))}
            for c in contacts
        ]
    }
