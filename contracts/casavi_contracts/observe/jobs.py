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


_PARTLY = ("partial", "witherror", "withfailure", "incomplete")
_WARNED = ("withwarning", "warned")
_LEAST = 4
"""Letters of a word that is looked for inside a longer name."""


def likely_role(name: str) -> str | None:
    """Returns the role of a state by the words in its name; None if there is none, or there are several."""
    bare = plain(name)
    if any(word in bare for word in (*_PARTLY, *_WARNED)):
        return "completed"
    exact = role_of(name)
    if exact is not None:
        return exact
    if bare.startswith(("un", "not", "in")):  # the opposite of a word that follows
        return None
    found = {role for role, words in _WORDS.items() for word in words if len(word) >= _LEAST and word in bare}
    if not found and bare.endswith("ing"):
        return "active"
    return found.pop() if len(found) == 1 else None


def named_states(names: Sequence[str]) -> dict[str, dict[str, object]] | None:
    """Returns `x-states` for states that are more or fewer than ours; None if it is not clear what they stand for."""
    roles = {name: likely_role(name) for name in names}
    by_role: dict[str, list[str]] = {role: [name for name in names if roles[name] == role] for role in ROLES}
    usual = [name for name in by_role["completed"] if _when(name) is None]
    if None in roles.values() or len(usual) != 1 or len(by_role["failed"]) > 1 or not by_role["waiting"]:
        return None
    first, *more = by_role["waiting"]
    running = [*more, *by_role["active"]]
    ends = [*by_role["completed"], *by_role["failed"]]
    states: dict[str, dict[str, object]] = {first: {"role": "waiting", "next": running[:1] or ends}}
    for place, name in enumerate(running):
        after = running[place + 1 : place + 2]
        states[name] = {"role": "active", "next": [*after, *(by_role["failed"] if after else ends)]}
    for name in by_role["completed"]:
        when = _when(name)
        states[name] = {"role": "completed", **({"when": when} if when else {})}
    return states | {name: {"role": "failed"} for name in by_role["failed"]}


def _when(name: str) -> str | None:
    bare = plain(name)
    if any(word in bare for word in _PARTLY):
        return "refused"
    return "warned" if any(word in bare for word in _WARNED) else None
