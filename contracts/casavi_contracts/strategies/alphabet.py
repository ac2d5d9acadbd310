"""Texts that have broken software before: what ids and values are drawn from."""

from dataclasses import dataclass

_LONG = 250

_PLAIN_IDS = ("A", "B", "C", "D", "E", "F", "G", "H")

ODD_IDS = (
    # as customers have them
    "C-0000312", "P-00451/1", "104/001", "104/001|a", "a b", "E-Mail 2",
    # numbers that are none: leading zeros, signs, other notations
    "7", "07", "007", "0", "-1", "+49", "1.0", "1e3", "0x1F",
    # pairs that differ only in case, blanks or the way an accent is written
    "a", "Ab", "aB", "a b ", "a  b", "\u00e4", "a\u0308", "\u00c4", "\u00e9", "e\u0301", "\u00df", "ss", "\ufb01", "fi",
    # what means something in an address, in JSON, in HTML, in SQL
    "50%", "%2F", "100%25", "a+b", "a&b=c", "a#1", "a?x", ";", "a,b", "a/../b", "~0", "~1", '"a"', "it's", "a\\b",
    "<b>", "&amp;", "{id}", "$ref", "null", "true", "undefined",
    # other scripts, from right to left, outside the first 65,536 characters, invisible
    "\u0141\u00f3d\u017a", "\u65e5\u672c", "\u05e2\u05d1\u05e8\u05d9\u05ea", "\u0645\u0631\u062d\u0628\u0627",
    "\U0001f3e0", "\U0001f469\u200d\U0001f527", "\U0001f1e9\U0001f1ea", "a\u00a0b", "a\u200bb",
    "x" * _LONG,
)  # fmt: skip

_PLAIN_TEXTS = ("x", "Muster", "Main street 14", "Munich", "")

ODD_TEXTS = (
    "M\u00fcller", "Stra\u00dfe 1/2", "+49 (0) 89 132", "joe.smith@acme.com", "01067", "007", "0", "1.50", "null",
    "true", " padded ", "two  blanks", " ", "a\nb", "a\r\nb", "a\tb", "O'Neil", 'say "x"', "a\\b", "100 %", "50%2F",
    "a+b=c&d", "<b>x</b>", "&amp; &#39;", "{{x}}", "${x}", "'; --", "a,b;c",
    "\u00e9", "e\u0301", "\ufb01", "\u00c5\u212b", "\u2028", "\u0141\u00f3d\u017a", "\u65e5\u672c\u8a9e",
    "\u05e2\u05d1\u05e8\u05d9\u05ea", "\u0645\u0631\u062d\u0628\u0627",
    "\U0001f3e0", "\U0001f469\u200d\U0001f527", "\U0001d518", "a\u00a0b", "a\u200bb", "x" * 1_000,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Alphabet:
    """What reference ids and texts are drawn from, the simplest first: examples shrink towards it.

    Args:
        ids: Reference ids; none is empty, all differ.
        texts: Values of text fields.
        wild: Whether any other text is drawn too, and ids of two records that are nearly the same.

    Raises:
        ValueError: There are no ids or no texts, or an id is empty or there twice.

    Example:
        >>> mine = Alphabet(ids=("P-00451/1", "P-00451/2"), texts=("Muster",))
    """

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    wild: bool = False

    def __post_init__(self) -> None:
        if not self.ids or "" in self.ids or len(set(self.ids)) != len(self.ids):
            raise ValueError("ids of an alphabet: at least one, none empty, none twice")
        if not any(self.texts):
            raise ValueError("texts of an alphabet: at least one that is not empty")


PLAIN = Alphabet(_PLAIN_IDS, _PLAIN_TEXTS)
"""Nothing that could go wrong."""


def _with_pairs(simple: tuple[str, ...], odd: tuple[str, ...]) -> tuple[str, ...]:
    """Adds as many texts that are made of two of the odd ones; which two does not matter, so it is always the same."""
    pairs = (one + odd[(7 * number + 3) % len(odd)] for number, one in enumerate(odd))
    return tuple(dict.fromkeys([*simple, *odd, *pairs]))


NASTY = Alphabet(_with_pairs(_PLAIN_IDS[:4], ODD_IDS), _with_pairs(_PLAIN_TEXTS, ODD_TEXTS), wild=True)
"""All that an opaque id or a text may be: slashes, blanks, percent signs, quotes, other scripts, emoji, combining
characters, right-to-left, very long, leading zeros, any other characters, and ids of two records that differ only in
case, in the way an accent is written, or by a blank. No control characters but tab and line breaks: many databases
refuse those, and nobody's names have them."""
