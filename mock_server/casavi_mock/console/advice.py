"""What would have made a refused record pass: one sentence for each rule by which a job refuses."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from casavi_mock.accounts import Account
from casavi_mock.console.texts import at_pointer, short
from casavi_mock.domain.model import RecordError


def would_pass(account: Account, error: RecordError) -> str:
    """Returns what would have made a record pass, and what of that is so by now.

    Args:
        account: What is stored now.
        error: Why it was refused.
    """
    say = ADVICE.get(error.rule)
    return say(account, error) if say else "Send what the rule asks for; the message above names the place."


def _missing(account: Account, error: RecordError) -> str:
    assert error.missing is not None, "the rule names what is missing"
    entity, name = error.missing
    if name is not None and account.store.has(entity, name):
        return f"{_named(error)} is stored by now: the same request would pass. Send it again."
    return f"Import {_named(error)} first, or in the same request; or correct the id at {short(error.pointer, 100)}."


def _refused_first(account: Account, error: RecordError) -> str:
    return f"Repair {_named(error)}, which was refused first and has a refusal of its own here; then send both again."


def _document_limit(account: Account, error: RecordError) -> str:
    most = account.settings.policy.document_max_mb
    return f"Send a content of at most {most:g} MB, decoded (assumption document-max-mb)."


def _full(account: Account, error: RecordError) -> str:
    return f"The account holds at most {account.settings.policy.record_limit:,} records (assumption record-limit)."


def _named(error: RecordError) -> str:
    entity, name = error.missing or (error.entity, error.id)
    return f"{entity} {short(name)!r}" if name is not None else f"the record of {entity} beside it"


ADVICE: Mapping[str, Callable[[Account, RecordError], str]] = {
    "missing-reference": _missing,
    "refused-reference": _refused_first,
    "refused-parent": _refused_first,
    "duplicate-id": lambda account, error: "Give each record an id of its own, or send the record once.",
    "document-content-invalid": lambda account, error: "Send the content as base64, with its padding.",
    "document-too-large": _document_limit,
    "contract-period-invalid": lambda account, error: "Let endDate be startDate or later, or leave endDate out.",
    "account-full": _full,
}
"""By rule; a test finds a rule of a job that is missing here."""


def value_sent(body: Any, error: RecordError) -> str | None:
    """Returns what was sent at the place of a refusal, as JSON; None if that is not known."""
    if body is None:
        return None
    try:
        return short(orjson.dumps(at_pointer(body, error.pointer)).decode(), 120)
    except (LookupError, TypeError):
        return None
