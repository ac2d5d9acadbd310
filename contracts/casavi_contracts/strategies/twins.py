"""Ids that are nearly the same, and yet of two records."""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

Pair = tuple[str, str]


def _case(id_: str) -> Pair:
    swapped = id_.swapcase()
    return (id_, swapped) if swapped != id_ and swapped.lower() == id_.lower() else (f"{id_}a", f"{id_}A")


def _form(id_: str) -> Pair:
    composed, decomposed = unicodedata.normalize("NFC", id_), unicodedata.normalize("NFD", id_)
    return (composed, decomposed) if composed != decomposed else (f"{id_}\u00e9", f"{id_}e\u0301")


def _blank_behind(id_: str) -> Pair:
    return id_, f"{id_} "


def _blank_before(id_: str) -> Pair:
    return id_, f" {id_}"


ALIKE: Mapping[str, Callable[[str], Pair]] = {
    "case": _case,
    "form": _form,
    "blank behind": _blank_behind,
    "blank before": _blank_before,
}
"""Ways in which two ids can be alike: they are the same in lower case, in one Unicode form, or without blanks."""


def make_alike(records: list[dict[str, Any]], way: str) -> None:
    """Gives the first two records ids that are nearly the same; without two of them nothing happens.

    Args:
        records: Of one kind; no two have the same id, which stays so.
        way: One of `ALIKE`.
    """
    if len(records) > 1:
        pair = ALIKE[way](records[0]["id"])
        if not {*pair} & {record["id"] for record in records[2:]}:
            records[0]["id"], records[1]["id"] = pair
