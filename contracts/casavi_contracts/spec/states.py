"""The states of a job: their roles, the names that clients see, and which may follow which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from casavi_contracts.spec.register import RegisterError

NAMES = "job-status-names"
"""The assumption that says how the states are shown."""


@dataclass(frozen=True, slots=True)
class JobState:
    """One state of a job."""

    role: str
    """What it is called in the contract document and in the code, under every profile."""
    name: str
    """What clients are shown."""
    following: tuple[str, ...]
    """Roles of the states that may follow; none of a final one."""
    rank: int
    """How many states lie before it at most, so that no job ever goes to a lower rank."""

    @property
    def final(self) -> bool:
        """Whether a job stays in it."""
        return not self.following


def job_states(document: Mapping[str, Any], names: Sequence[str] | None = None) -> dict[str, JobState]:
    """Returns the states of a job by role, in the order of the document: `x-states` beside the status of the job.

    Args:
        document: A contract document.
        names: What clients are shown, in the same order; those in the document's register if not given.

    Raises:
        RegisterError: There are not as many names as states, or a state follows that there is not.
    """
    following: Mapping[str, Sequence[str]] = document["components"]["schemas"]["Job"]["properties"]["status"][
        "x-states"
    ]
    shown = document["x-assumptions"][NAMES]["value"] if names is None else names
    if len(shown) != len(following):
        raise RegisterError(
            f"x-states of the job's status has {len(following)} states ({', '.join(following)}), and the assumption "
            f"{NAMES!r} has {len(shown)} names"
        )
    for role, others in following.items():
        for other in others:
            if other not in following:
                raise RegisterError(f"x-states of the job's status: {other!r} follows {role!r}, and there is none such")
    return {
        role: JobState(role, name, tuple(following[role]), _rank(role, following))
        for role, name in zip(following, shown, strict=True)
    }


def _rank(role: str, following: Mapping[str, Sequence[str]]) -> int:
    before = [other for other, others in following.items() if role in others]
    return 1 + max(_rank(other, following) for other in before) if before else 0
