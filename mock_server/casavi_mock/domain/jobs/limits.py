"""How much a queue holds."""

from dataclasses import dataclass


class QueueFull(Exception):
    """The account has as many unfinished jobs as it may have, or they hold as much as they may together."""


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """How much a queue holds."""

    max_waiting: int
    """Unfinished jobs; beyond, no further one is taken."""
    max_kept: int
    """Jobs that are kept at all; beyond, the oldest ended ones go and are counted in `dropped`."""
    max_waiting_bytes: int
    """Length of what the unfinished jobs import, together; beyond, no further one is taken."""
    max_errors: int
    """Errors of all ended jobs together; beyond, the oldest jobs go likewise, but for the last one that ended."""
