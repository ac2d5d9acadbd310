"""Registers of rules and assumptions: what an entry looks like, and what is wrong with one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import jsonschema_rs

from casavi_contracts.spec.evidence import EVIDENCE


class RegisterError(ValueError):
    """An entry of a register is not whole; the text names the member, the entry and the file."""


class ProfileError(ValueError):
    """A profile names an unknown assumption or an impossible value; the text says what is possible."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason to refuse a request or a record."""

    name: str
    title: str
    evidence: str
    source: str
    """Section of the facts page."""
    assumption: str | None
    """The weightiest assumption that the rule rests on."""
    status: int | None
    """Status of the answer; None for a rule that refuses a record inside a job."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """One named guess about casavi."""

    name: str
    question: str
    value: Any
    """What the mock does unless a profile says otherwise."""
    schema: dict[str, Any]
    """JSON Schema of the values that a profile may give."""
    evidence: str
    source: str
    """Section of the facts page."""
    reason: str
    check: str
    """How a run against the real API could answer the question."""
    other: str = ""
    """How else than by a value another answer can be expressed, or why none can be; for guesses with one value."""
    observed: Mapping[str, Any] | None = None
    """Count, first, last and files, where a user has observed the value."""

    @property
    def possible(self) -> str:
        """What a profile may give, in words."""
        return f"{_in_words(self.schema)}. {self.other}" if self.other else _in_words(self.schema)


Entries = Mapping[str, Mapping[str, Any]]
"""The members of each entry, by its name, as they stand in a file."""

_RULE = {"title": str, "evidence": str, "source": str, "assumption": (str, list), "status": int}
_ASSUMPTION = {
    "question": str, "value": object, "schema": dict, "evidence": str, "source": str, "reason": str, "check": str,
    "other": str, "observed": dict,
}  # fmt: skip
_OPTIONAL = ("assumption", "status", "other", "observed")


def rules_of(entries: Entries, where: str, assumptions: Collection[str]) -> dict[str, Rule]:
    """Returns the rules of a register by name.

    Args:
        entries: As they stand in the file.
        where: Name of the file, for errors.
        assumptions: Names that a rule may rest on.

    Raises:
        RegisterError: An entry is not whole.
    """
    rules = {}
    for name, entry in entries.items():
        place = f"{where}: rule {name!r}"
        _check(entry, _RULE, place)
        named, status = entry.get("assumption", ()), entry.get("status")
        named = [named] if isinstance(named, str) else named
        for assumption in named:
            if assumption not in assumptions:
                raise RegisterError(f"{place} rests on the assumption {assumption!r}, and there is none of that name")
        if status is not None and not 400 <= status < 600:
            raise RegisterError(f"{place}: status is {status}, not one from 400 to 599")
        first = next(iter(named), None)
        rules[name] = Rule(name, entry["title"], entry["evidence"], entry["source"], first, status)
    return rules


def assumptions_of(entries: Entries, where: str) -> dict[str, Assumption]:
    """Returns the assumptions of a register by name.

    Args:
        entries: As they stand in the file.
        where: Name of the file, for errors.

    Raises:
        RegisterError: An entry is not whole.
    """
    found = {}
    for name, entry in entries.items():
        place = f"{where}: assumption {name!r}"
        _check(entry, _ASSUMPTION, place)
        found[name] = made = Assumption(name, **entry)
        try:
            possible, fits = made.possible, jsonschema_rs.is_valid(made.schema, made.value)
        except (KeyError, ValueError):
            forms = "an enum, a boolean, a text with a pattern, a list with minItems, or a number with both bounds"
            raise RegisterError(f"{place}: its schema has to be {forms}") from None
        if not fits:
            raise RegisterError(f"{place}: value is {made.value!r}; possible: {possible}")
    return found


def _check(entry: Mapping[str, Any], members: Mapping[str, Any], where: str) -> None:
    """Sees to it that an entry has every member that it needs, each of its kind, and no other."""
    for member in entry:
        if member not in members:
            near = get_close_matches(member.removeprefix("x-"), members, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"it may have {', '.join(members)}"
            raise RegisterError(f"{where} has a member {member!r} that nobody reads; {hint}")
    for member, kind in members.items():
        if member not in entry and member in _OPTIONAL:
            continue
        if entry.get(member) in (None, "", {}):
            raise RegisterError(f"{where} lacks the member {member!r}")
        if not isinstance(entry[member], kind):
            raise RegisterError(f"{where}: {member} is {entry[member]!r}, which is of the wrong kind")
    if entry["evidence"] not in EVIDENCE:
        raise RegisterError(f"{where}: evidence is {entry['evidence']!r}; possible: {', '.join(EVIDENCE)}")


def _in_words(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(_quoted(value) for value in schema["enum"])
    if schema["type"] == "boolean":
        return "true, false"
    if schema["type"] == "array":
        return f"a list of {schema['minItems']} different texts"
    if schema["type"] == "string":
        return f"a text that matches `{schema['pattern']}`"
    article = "a whole number" if schema["type"] == "integer" else "a number"
    least = f"above {schema['exclusiveMinimum']}" if "exclusiveMinimum" in schema else f"from {schema['minimum']}"
    return f"{article} {least} to {schema['maximum']}"


def _quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
