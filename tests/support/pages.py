"""The pages of the documentation, as tests read them."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def read(*names: str) -> str:
    """Returns the text of pages, one after the other.

    Args:
        names: Paths below `docs`, without `.md`.
    """
    return "\n".join((DOCS / f"{name}.md").read_text(encoding="utf-8") for name in names)


def blocks(text: str, language: str) -> list[str]:
    """Returns the blocks of code of one language, in the order of the page."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```", text)
