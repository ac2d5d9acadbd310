"""Values of single fields, as far as the profile of a contract allows them."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from casavi_contracts.strategies.alphabet import Alphabet

Period = tuple[str | None, str | None]
"""Start and end of a contract."""

PERIODS: tuple[Period, ...] = (
    (None, None),
    ("2024-01-01", None),
    (None, "2011-12-31"),
    ("2001-05-01", "2011-04-30"),
    ("2020-02-29", "2099-12-31"),
    ("2090-01-01", None),
    ("2090-01-01", "2095-12-31"),
    ("2012-07-01", "2012-07-01"),
    ("2015-01-01T00:00:00Z", "2098-06-30T22:00:00.000Z"),
    ("2003-03-03T10:00:00+02:00", "2003-03-03T08:00:00Z"),
    ("2003-03-03T08:00:00.5Z", "2004-01-01"),
    ("1969-12-31", "2000-01-01T23:59:59.999Z"),
)
"""None begins or ends between 2025 and 2089, so which are in force does not depend on the day of the run."""

_EARLY_ENDS: tuple[Period, ...] = (
    ("2024-07-02", "2024-07-01"),
    ("2090-01-01", "2001-12-31"),
    ("2024-07-02", "2024-07-01T23:59:59Z"),
    ("2024-07-02T00:00:00Z", "2024-07-01"),
    ("2024-07-01T10:00:00+02:00", "2024-07-01T07:59:59Z"),
)

POSTAL_CODES: tuple[Any, ...] = ("80331", "01067", "", 80331, 1067, 0, 9_999_999_999, "SW1A 1AA", "00000", None)

CONTENTS = ("", "SGFsbG8=", "SGFsbG8h", "SGFsbA==", "SGFs\nbG8=", "/+8=", "JVBERi0x\r\nLjQK", "QUJD" * 200)

NO_BASE64 = (
    "Das ist kein Base64!",
    "SGFsbG8",
    "SGFsbA=",
    "SGFsbG8==",
    "=",
    "SGF=sbG8",
    "SGFs_bG8",
    "\u00e4\u00f6\u00fc=",
)

FIELD_NAMES = (
    "Info",
    "Area",
    "Email2",
    "E-Mail 2",
    "Stra\u00dfe / Nr.",
    "a",
    "A",
    "~",
    "\U0001f3e0",
    "id",
    "contactId",
    " ",
)

_CUSTOM_NAMES: tuple[tuple[str, ...] | None, ...] = (
    (), *((name,) for name in FIELD_NAMES), ("Info", "Area"), ("a", "A", " "), FIELD_NAMES, None
)  # fmt: skip

_LEVELS = ("Rules", "H\u00e4user", "a b", "2024", "\U0001f3e0", *(f"level {n}" for n in range(6, 21)))


CUSTOM_VALUES: tuple[Any, ...] = (
    "x", "", 0, 1, True, False, None, 85.1, 0.1, -1, -2.5, 12.34, 1e-07, 12345678.9, 9007199254740991, "85.1", "007",
    "true", "null", "M\u00fcller", "\U0001f3e0", " ", "a\nb", "2024-01-01",
)  # fmt: skip
"""Texts, numbers with decimals, truth values, dates, null. Numbers are what a double holds; JSON promises no more."""

ABSENT: Any = object()
"""Stands for a field that is left out; comes first, so that examples shrink to it."""


class Values:
    """The values that fields may have under a profile, as strategies: mostly one draw each, which is what costs.

    Args:
        alphabet: What ids and texts are drawn from.
        profile: Values of all assumptions by name, as `Contract.values`.
    """

    def __init__(self, alphabet: Alphabet, profile: Mapping[str, Any]) -> None:
        levels = profile["document-type-levels"]
        self.profile = profile
        self.wild = alphabet.wild
        self.ids = self._sometimes(_ANY_ID, alphabet.ids)
        self.texts = self._sometimes(_ANY_TEXT, alphabet.texts)
        self.names = st.sampled_from([text for text in alphabet.texts if text])
        self.texts_or_null = self._sometimes(_ANY_TEXT, [*alphabet.texts, None])
        self.custom_names = st.sampled_from(_CUSTOM_NAMES)
        self.custom_values = st.sampled_from(CUSTOM_VALUES)
        self.postal_codes = st.sampled_from([ABSENT, *postal_codes(profile)])
        self.periods = st.sampled_from(periods(profile))
        self.early_ends = st.sampled_from(_dated(_EARLY_ENDS, profile))
        self.contents = st.sampled_from([ABSENT, *contents(profile)])
        self.no_base64 = st.sampled_from(NO_BASE64)
        self.document_types = st.sampled_from([ABSENT, None, *("/".join(_LEVELS[:n]) for n in range(1, levels + 1))])

    def _sometimes(self, other: st.SearchStrategy[str], known: Sequence[Any]) -> st.SearchStrategy[Any]:
        """Returns a strategy of known values, in a wild alphabet with others among them."""
        return st.one_of([st.sampled_from(known)] * _KNOWN + [other]) if self.wild else st.sampled_from(known)


_KNOWN = 5
"""Known texts for each that is made of any characters: those have broken software before."""

_ANY = st.characters(exclude_categories=("Cs", "Cc"))
_ANY_ID = st.text(_ANY, min_size=1, max_size=12).filter(lambda text: text not in (".", ".."))
"""One or two dots alone cannot stand in an address, however they are encoded: libraries take them for steps."""
_ANY_TEXT = st.text(_ANY, max_size=20)


def postal_codes(profile: Mapping[str, Any]) -> list[Any]:
    """Returns postal codes that a property may have."""
    kind = {"string": str, "number": int}.get(profile["property-postal-code"])
    return [code for code in POSTAL_CODES if kind is None or isinstance(code, kind)]


def contents(profile: Mapping[str, Any]) -> list[str]:
    """Returns contents of documents, none longer than the limit."""
    limit = profile["document-max-mb"] * 1_000_000
    return [text for text in CONTENTS if len(text) * 3 / 4 <= limit or not text]


def periods(profile: Mapping[str, Any]) -> list[Period]:
    """Returns starts and ends of contracts that do not end early."""
    return _dated(PERIODS, profile)


def _dated(pairs: tuple[Period, ...], profile: Mapping[str, Any]) -> list[Period]:
    if profile["contract-dates"] != "date":
        return list(pairs)
    return [pair for pair in pairs if not any("T" in moment for moment in pair if moment)]
