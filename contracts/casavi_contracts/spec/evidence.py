"""The classes of evidence."""

OBSERVED = "observed"
"""What a user has seen himself. No shipped document has it; a user's file of evidence gives it."""

EVIDENCE = ("documented", OBSERVED, "mirror", "client", "third-party", "help", "inferred", "assumed")
"""Strongest first. Source: section 0.1 of the facts page."""


def weaker(one: str, other: str) -> str:
    """Returns the weaker of two classes of evidence."""
    return max(one, other, key=EVIDENCE.index)
