"""Remembers when a test moved jobs, so that what its client did next is not held against the client."""

from collections.abc import Mapping
from typing import Any

from pytest_casavi.errors import told
from pytest_casavi.steering import Steering

__tracebackhide__ = told

COMMANDS = frozenset(
    {"holdQueue", "releaseQueue", "stepQueue", "drainQueue", "forceJob", "forceNextJob", "putTransitions"}
)
"""Verbs that decide how jobs go on. Moving the clock is none: that is what a client does when it sleeps."""


class Watched:
    """Steers as another one does, and remembers commands to jobs.

    Args:
        steering: The other one.
    """

    def __init__(self, steering: Steering) -> None:
        self._steering = steering
        self.commands: list[int] = []
        """For each command, the number of the last request before it."""

    @property
    def operations(self) -> tuple[str, ...]:
        """Every `operationId` of the contract."""
        return self._steering.operations

    def ask(
        self,
        verb: str,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> Any:
        """Returns what a verb answers; see `pytest_casavi.steering.Steering`."""
        if verb in COMMANDS:
            last = self._steering.ask("listRequests", query={"limit": 1})["requests"]
            self.commands.append(last[0]["number"] if last else 0)
        return self._steering.ask(verb, path=path, query=query, body=body)
