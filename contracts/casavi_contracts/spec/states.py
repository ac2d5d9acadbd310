"""The states of a job: the names that clients see, what each stands for, and which may follow which."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from casavi_contracts.spec.register import ProfileError, RegisterError

NAMES = "job-status-names"
"""The assumption that says how the states are shown, where `x-states` names roles."""

ROLES = ("waiting", "active", "completed", "failed")
"""What a state can stand for; a job stays in the last two."""

_MEMBERS = ("role", "next", "when", "from")
_WHEN = ("refused", "warned")


@dataclass(frozen=True, slots=True)
class JobState:
    """One state of a job."""

    role: str
    """What it stands for: one of `ROLES`."""
    name: str
    """What clients are shown."""
    following: tuple[str, ...]
    """Names of the states that may follow; none of a final one."""
    rank: int
    """How many states lie before it at most, so that no job ever goes to a lower rank."""
    share: float = 0.0
    """Of an active state: the share of the records after which it begins."""
    when: str | None = None
    """Of a final state: only shown where records were `refused`, or something was left out (`warned`)."""

    @property
    def final(self) -> bool:
        """Whether a job stays in it."""
        return not self.following


class States(Mapping[str, JobState]):
    """The states of a job by name, in the order of the document.

    Args:
        states: All of them.
    """

    def __init__(self, states: Sequence[JobState]) -> None:
        self._states = {state.name: state for state in states}
        self._of = {role: tuple(state for state in states if state.role == role) for role in ROLES}
        self.simple = all(len(found) == 1 for found in self._of.values())
        """Whether each state stands for a role of its own."""
        self.final = frozenset(state.name for state in states if state.final)
        """The names of the states in which a job has ended."""

    def __getitem__(self, name: str) -> JobState:
        return self._states[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._states)

    def __len__(self) -> int:
        return len(self._states)

    def of(self, role: str) -> tuple[JobState, ...]:
        """Returns the states that stand for a role."""
        return self._of[role]

    def shown(self, role: str, *, share: float = 0.0, refused: int = 0, warned: int = 0) -> JobState:
        """Returns the state that a client is shown.

        Args:
            role: What the job is: one of `ROLES`.
            share: Of its records that are done.
            refused: Records that were.
            warned: Places that were left out.
        """
        possible = self._of[role]
        if not possible:  # who tells nothing of the work shows it as waiting, and who knows no failure as an end
            possible = self._of["waiting" if role == "active" else "completed"]
        if possible[0].role == "active":
            return max((state for state in possible if state.share <= share), key=attrgetter("share"))
        said = {"refused": refused, "warned": warned}
        usual = next((state for state in possible if state.when is None), possible[0])
        return next((state for state in possible if state.when and said[state.when]), usual)


def states_at(place: Mapping[str, Any], names: Sequence[str]) -> States:
    """Returns the states of a job: `x-states` beside its status.

    Args:
        place: The schema of the status, with `x-states`: by role the roles that follow; or by name an object with
            `role`, `next`, and for some `from` or `when`.
        names: What clients are shown, in the order of the roles; not used where `x-states` has names.

    Raises:
        RegisterError: There are not as many names as states, or a state follows that there is not.
        casavi_contracts.spec.ProfileError: The states of an overlay cannot be.
    """
    declared = place.get("x-states")
    if not isinstance(declared, Mapping) or not declared:
        raise ProfileError(f"the status of the job needs states; {HOW}")
    if all(isinstance(entry, list) for entry in declared.values()):
        if set(declared) <= set(ROLES) or len(declared) != len(ROLES):
            return _by_role(declared, names)
        raise ProfileError(f"x-states of the job's status: {', '.join(declared)} do not say what they stand for; {HOW}")
    return _by_name(declared)


HOW = "write x-states: {NAME: {role: waiting, active, completed or failed, next: [NAME, …]}, …}"


def _by_role(declared: Mapping[str, Sequence[str]], names: Sequence[str]) -> States:
    if len(names) != len(declared):
        raise RegisterError(
            f"x-states of the job's status has {len(declared)} states ({', '.join(declared)}), and the assumption "
            f"{NAMES!r} has {len(names)} names"
        )
    for role, others in declared.items():
        for other in others:
            if other not in declared:
                raise RegisterError(f"x-states of the job's status: {other!r} follows {role!r}, and there is none such")
    named = dict(zip(declared, names, strict=True))
    return States(
        [
            JobState(role, name, tuple(named[other] for other in declared[role]), _rank(role, declared))
            for role, name in named.items()
        ]
    )


def _by_name(declared: Mapping[str, Any]) -> States:
    for name, entry in declared.items():
        _check(name, entry, declared)
    following = {name: tuple(entry.get("next", ())) for name, entry in declared.items()}
    _check_order(following, declared)
    active = [name for name, entry in declared.items() if entry["role"] == "active"]
    states = []
    for name, entry in declared.items():
        usual = active.index(name) / len(active) if name in active else 0.0
        share, when = float(entry.get("from", usual)), entry.get("when")
        states.append(JobState(entry["role"], name, following[name], _rank(name, following), share, when))
    return _whole(states)


def _whole(states: list[JobState]) -> States:
    for role in ROLES:
        usual = [state.name for state in states if state.role == role and state.when is None]
        if role == "waiting" and len(usual) != 1:
            raise ProfileError(f"x-states of the job's status: one state has to be waiting; these are: {usual}")
        if role in ("completed", "failed") and len(usual) > 1:
            raise ProfileError(f"x-states of the job's status: {usual} are all {role}; all but one need when")
        if role == "completed" and not usual:
            raise ProfileError("x-states of the job's status: one state has to be completed, without when")
        if role == "active" and usual and not any(s.share == 0 for s in states if s.role == role):
            raise ProfileError("x-states of the job's status: one active state has to begin from 0")
    return States(states)


def _check(name: str, entry: Any, declared: Mapping[str, Any]) -> None:
    place = f"x-states of the job's status: {name!r}"
    if not isinstance(entry, Mapping) or entry.get("role") not in ROLES:
        raise ProfileError(f"{place} has to say its role; it is {entry!r}; {HOW}")
    if unknown := [member for member in entry if member not in _MEMBERS]:
        raise ProfileError(f"{place} has a member {unknown[0]!r}; possible are {', '.join(_MEMBERS)}")
    following = entry.get("next", [])
    if not isinstance(following, list) or any(other not in declared for other in following):
        raise ProfileError(f"{place}: next has to be a list of names in x-states; it is {following!r}")
    if bool(following) == (entry["role"] in ("completed", "failed")):
        wrong = "is final, so that nothing is next" if following else "is not final, so that something has to be next"
        raise ProfileError(f"{place} {wrong}")
    if "when" in entry and (entry["when"] not in _WHEN or following):
        raise ProfileError(f"{place}: when has to be one of {', '.join(_WHEN)}, of a final state")
    share = entry.get("from", 0)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise ProfileError(f"{place}: from has to be a share of the records from 0 to 1; it is {share!r}")
    if "from" in entry and entry["role"] != "active":
        raise ProfileError(f"{place}: from is for active states; this one is {entry['role']}")


def _check_order(following: Mapping[str, Sequence[str]], declared: Mapping[str, Any]) -> None:
    """Sees to it that no state comes again, and none that is waiting after one that is active."""
    left = dict(following)
    while left:
        ends = [name for name, others in left.items() if not any(other in left for other in others)]
        if not ends:
            raise ProfileError(f"x-states of the job's status: {', '.join(left)} follow each other in a circle")
        for name in ends:
            del left[name]
    for name, others in following.items():
        for other in others:
            if ROLES.index(declared[other]["role"]) < ROLES.index(declared[name]["role"]):
                raise ProfileError(
                    f"x-states of the job's status: {other!r} cannot follow {name!r}; {declared[other]['role']} comes "
                    f"before {declared[name]['role']}"
                )


def _rank(name: str, following: Mapping[str, Sequence[str]]) -> int:
    before = [other for other, others in following.items() if name in others]
    return 1 + max(_rank(other, following) for other in before) if before else 0
