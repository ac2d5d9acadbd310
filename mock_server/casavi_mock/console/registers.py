"""What is judged and what is guessed: violations by rule, and the register of assumptions."""

from collections import defaultdict
from typing import Any

import orjson
from flask import Blueprint, request

from casavi_mock.console.page import account, desk, show, unchanged
from casavi_mock.console.texts import short
from casavi_mock.domain.violations import RULES, Violation

pages = Blueprint("registers", __name__)

MEANS = {
    "documented": "casavi's own API documentation",
    "observed": "seen at a real account, by the evidence of this server's profile",
    "mirror": "casavi's schema, through a copy that a third party keeps",
    "client": "a public client of the API relies on it",
    "third-party": "the documentation of somebody who integrates with casavi",
    "help": "casavi's help for its user interface",
    "inferred": "follows from facts that the source names",
    "assumed": "a guess",
}
"""What the classes of evidence stand for, the strongest first."""

MAX_SHOWN = 30
"""Violations that the page shows, of all rules together; of each rule at least one."""

MAX_LINKS = 6
"""Exchanges of a violation that are shown."""


@pages.get("/violations")
def violations() -> Any:
    """Lists violations by rule, the gravest first."""
    return show("violations.html", **_judged())


@pages.get("/violations/part")
def violations_part() -> Any:
    """The list alone, for a page that looks whether something has changed."""
    judged = _judged()
    return unchanged(judged["version"]) or show("violations-part.html", **judged)


@pages.get("/assumptions")
def assumptions() -> Any:
    """Lists what is guessed about casavi."""
    asked, text = request.args.get("evidence", ""), request.args.get("text", "")
    rows = [
        {**row, "shown": short(orjson.dumps(row["value"]).decode(), 200), "changed": row["value"] != row["default"]}
        for row in desk().ask("listAssumptions")["assumptions"]
        if asked in ("", row["evidence"]) and _holds(row, text.lower())
    ]
    return show("assumptions.html", rows=rows, evidence=asked, text=text, classes=MEANS)


def _holds(row: dict[str, Any], text: str) -> bool:
    return any(text in str(row[name]).lower() for name in ("name", "question", "value", "reason"))


def _judged() -> dict[str, Any]:
    found = desk().violations(account())
    groups: defaultdict[str, list[Violation]] = defaultdict(list)
    for violation in found:
        groups[violation.rule].append(violation)
    return {
        "groups": [(name, RULES[name], groups[name]) for name in RULES if name in groups],
        "kept": [name for name in RULES if name not in groups],
        "rules": RULES,
        "count": len(found),
        "most": max(MAX_SHOWN // max(len(groups), 1), 1),
        "links": MAX_LINKS,
        "version": f"{hash(tuple((one.rule, one.exchange_numbers) for one in found)) & 0xFFFFFFFFFF:x}",
    }
