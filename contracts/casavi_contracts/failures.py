"""What can go wrong while a target is judged: a promise is broken, or it cannot be judged at all."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import jsonschema_rs


class KitError(Exception):
    """Root of everything that is raised because of the target or the way it is judged."""


class CouldNotRun(KitError):
    """Nothing can be judged: no answer, wrong credentials, a bad setting. The text says what to do."""


class BudgetSpent(KitError):
    """As many requests or writes were sent as the user allowed."""


class Broken(AssertionError):
    """A check does not hold.

    An `AssertionError`, so that test runners show it as a failure and not as a crash.

    Args:
        expected: What the check asks for, in words and with the values that matter.
        observed: What was seen instead.
        check: Name of the check that is broken, where it is not the one under judgement: a step that many checks
            need, such as that a valid import is accepted.
        evidence: How sure the promise is, where it differs from the check's own.
        assumption: The assumption that is refuted, where it differs from the check's own.
        value: The value of that assumption that would make the mock behave as was observed, if one is known.
        exchanges: What shows it, where that is not what was sent and answered while the check was under judgement.
        others: Further ways in which it does not hold, found at the same time.
        case: The part of the case that shows it by itself, where that is less than the whole.
        place: What shows the same cause in many checks: a list, or a field of a kind of record.
        always: Whether any HTTP API has to keep it, whatever the vendor has documented: it is no guess then.
    """

    def __init__(
        self,
        expected: str,
        observed: str,
        *,
        check: str | None = None,
        evidence: str | None = None,
        assumption: str | None = None,
        value: Any = None,
        exchanges: Sequence[Any] = (),
        others: Sequence["Broken"] = (),
        case: Any = None,
        always: bool = False,
        place: str = "",
    ) -> None:
        super().__init__(f"expected {expected}; observed {observed}")
        self.expected = expected
        self.observed = observed
        self.check = None if check is None else str(check)
        self.evidence = evidence
        self.assumption = assumption
        self.value = value
        self.exchanges = tuple(exchanges)
        self.others = tuple(others)
        self.case = case
        self.always = always
        self.place = place


class Unmet(KitError):
    """A check could not be judged here, though its capabilities are there; the text says why."""


class Unshown(Unmet):
    """A check is about a value that the document of this profile does not show; the text says which."""


def profile_line(assumption: str, value: Any, register: Mapping[str, Any]) -> str | None:
    """Returns the line of a profile that makes the mock behave as was observed, None if no value does.

    Args:
        assumption: Name of the assumption.
        value: The observed value; None if it is not known.
        register: The register of assumptions by name, as `casavi_contracts.spec.assumptions` returns it.
    """
    entry = register.get(assumption)
    if entry is None or value is None or not jsonschema_rs.is_valid(entry.schema, value):
        return None
    return f"{assumption} = {_toml(value)}"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)  # a basic string of TOML has the same escapes
    return repr(value)
