"""What the states of a job may be called, and which word is which state."""

from collections.abc import Sequence

from casavi_contracts.observe.roles import plain

ROLES = ("waiting", "active", "completed", "failed")
"""Roles of our states, in the order of the assumption `job-status-names`."""

_WORDS = {
    "waiting": (
        "waiting", "pending", "queued", "created", "new", "open", "accepted", "scheduled", "submitted", "received",
        "enqueued", "inqueue", "planned", "ready", "notstarted", "initial", "wartend", "wartet", "offen", "neu",
    ),
    "active": (
        "active", "running", "processing", "inprogress", "started", "working", "executing", "importing", "ongoing",
        "busy", "laufend", "laeuft", "aktiv", "inbearbeitung",
    ),
    "completed": (
        "completed", "complete", "done", "finished", "succeeded", "success", "successful", "ok", "imported",
        "processed", "ended", "closed", "fertig", "abgeschlossen", "erledigt", "erfolgreich",
    ),
    "failed": (
        "failed", "failure", "error", "errored", "broken", "aborted", "rejected", "cancelled", "canceled", "crashed",
        "unsuccessful", "faulted", "fehler", "fehlgeschlagen", "fehlerhaft", "abgebrochen",
    ),
}  # fmt: skip
"""As `plain` writes them. A word of two roles would settle nothing."""


def role_of(word: str) -> str | None:
    """Returns the role of a state by the word for it; None if it is not a word for one."""
    bare = plain(word)
    return next((role for role, words in _WORDS.items() if bare in words), None)


def states_by_role(names: Sequence[str], marked: Sequence[str] | None = None) -> list[str] | None:
    """Returns four names in the order of the roles; None if it is not clear which is which.

    Args:
        names: As a document lists them.
        marked: Roles in the order of the names, where the document is one of a mock like ours.
    """
    if len(names) != len(ROLES) or len({*names}) != len(ROLES):
        return None
    roles = list(marked) if marked is not None and len(marked) == len(ROLES) else [role_of(name) for name in names]
    by_role = dict(zip(roles, names, strict=True))
    if by_role.keys() != {*ROLES}:
        return None
    return [by_role[role] for role in ROLES]
