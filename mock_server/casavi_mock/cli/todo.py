"""Every guess by the work that it needs: a file, a recording, a run of checks, a question to casavi."""

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.padding import Padding
from rich.text import Text

from casavi_contracts import spec
from casavi_contracts.observe import telling
from casavi_mock.cli.tables import console

_UNTRIED = "Not to be tried"
"""How the register says that nobody should find out at a real account."""

_KNOWN = ("documented", "observed")

_OVERLAY = "By an overlay"
"""How the register says that another answer can be expressed, though not by a value."""

RECORD, RUN, ASK, FIXED = "record", "run", "ask", "cannot be expressed"
_HEADINGS = {
    RECORD: "One recording (HAR) in which a client does this; then casavi-mock calibrate FILE.har",
    RUN: "One run of a check at an account: casavi-mock check --url URL --only CHECK",
    ASK: "Ask casavi",
    FIXED: "Cannot be expressed: the mock could not follow another answer",
}


@dataclass(frozen=True, slots=True)
class Work:
    """What one guess needs."""

    name: str
    kind: str
    document: bool
    """Whether casavi's OpenAPI document may tell it, too."""
    text: str
    """What to record, which checks to run, or what to ask."""
    checks: tuple[str, ...]


def work(register: Mapping[str, spec.Assumption]) -> list[Work]:
    """Returns what every guess needs that is not known yet, in the order of the register."""
    checks = _checks()
    return [_of(entry, checks.get(name, ())) for name, entry in register.items() if entry.evidence not in _KNOWN]


def _of(entry: spec.Assumption, checks: tuple[str, ...]) -> Work:
    kind, text = ASK, entry.question
    if entry.other and not entry.other.startswith(_OVERLAY):
        kind, text = FIXED, f"{entry.other} To find out all the same: {entry.check}"
    elif entry.name in telling.IN_TRAFFIC:
        kind, text = RECORD, entry.check
    elif checks and not entry.check.startswith(_UNTRIED):
        kind, text = RUN, ", ".join(checks)
    return Work(entry.name, kind, entry.name in telling.IN_DOCUMENT, text, checks)


def _checks() -> dict[str, tuple[str, ...]]:
    """Returns the names of the checks by the assumption that they rest on; none without the libraries for them."""
    try:
        tasks = importlib.import_module("casavi_contracts.suite.tasks")
    except ImportError:
        return {}
    found: dict[str, list[str]] = {}
    for task in tasks.tasks(("v1", "v2")):
        name = getattr(getattr(task, "check", None), "assumption", None)
        if name is not None and task.name not in found.setdefault(name, []):
            found[name].append(task.name)
    return {name: tuple(names) for name, names in found.items()}


def as_json(works: list[Work]) -> Iterator[dict[str, Any]]:
    """Yields what each guess needs, as JSON."""
    for each in works:
        yield {
            "name": each.name,
            "work": each.kind,
            "document": each.document,
            "text": each.text,
            "checks": list(each.checks),
        }


def show(works: list[Work], known: int) -> None:
    """Prints the guesses by the work that they need, the least work first.

    Args:
        works: What the guesses need.
        known: How many guesses need nothing.
    """
    out = console()
    if not out.is_terminal:
        out.width = 80
    told = [each.name for each in works if each.document]
    out.print(f"{known} {'is' if known == 1 else 'are'} known already, {len(works)} are open.")
    out.print(
        f"\nOne file: casavi's OpenAPI document may tell {len(told)} of them; casavi-mock calibrate FILE (+ below)"
    )
    for kind, heading in _HEADINGS.items():
        group = [each for each in works if each.kind == kind]
        if group:
            out.print(f"\n{heading} ({len(group)})")
        for each in group:
            out.print(Text(f"  {'+' if each.document else ' '} {each.name}", style="bold"))
            out.print(Padding(Text(each.text), (0, 0, 0, 6), expand=False))
