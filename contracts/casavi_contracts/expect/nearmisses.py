"""Texts that are nearly a given one: what a careless comparison takes for the same."""

from collections.abc import Callable, Mapping

_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}

IN_A_HEADER: Mapping[str, Callable[[str], str]] = {
    "a made-up UUID": lambda text: "5f0c8f9e-3d0b-4c39-9b1e-2d5a4c6b7e80",
    "another text": lambda text: "casavi-check",
    "a wildcard": lambda text: "*",
    "the last character missing": lambda text: text[:-1],
    "the first character missing": lambda text: text[1:],
    "one character more": lambda text: f"{text}0",
    "the last character another": lambda text: text[:-1] + ("1" if text.endswith("0") else "0"),
    "the first character another": lambda text: ("1" if text.startswith("0") else "0") + text[1:],
    "upper and lower case exchanged": str.swapcase,
    "twice in a row": lambda text: text * 2,
    "backwards": lambda text: text[::-1],
    "in quotation marks": lambda text: f'"{text}"',
}
"""Changes that a header can carry; blanks at its ends are none, since HTTP takes them away."""

IN_A_BODY: Mapping[str, Callable[[str], str]] = {
    **IN_A_HEADER,
    "a blank behind": lambda text: f"{text} ",
    "a blank before": lambda text: f" {text}",
    "a line break behind": lambda text: f"{text}\n",
    "a zero byte behind": lambda text: f"{text}\x00",
    "an invisible character behind": lambda text: f"{text}\u200b",
    "in full width": lambda text: text.translate(_FULL_WIDTH),
}
"""Changes that a JSON text can carry."""
