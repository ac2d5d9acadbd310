"""The port through which a test reads and steers the mock.

It speaks the verbs of the control plane (`docs/reference/control.md`), by their `operationId`. So what a test can do
does not depend on where the mock runs: in this process, or at an address.
"""

from collections.abc import Mapping
from typing import Any, Protocol


class Steering(Protocol):
    """Reads and steers one account."""

    @property
    def operations(self) -> tuple[str, ...]:
        """Every `operationId` of the contract."""
        ...

    def ask(
        self,
        verb: str,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> Any:
        """Returns what a verb answers, None if that is nothing.

        Args:
            verb: The `operationId` of the control plane's document.
            path: Parameters of the path.
            query: Parameters of the query; those that are None are left out.
            body: A JSON value.

        Raises:
            pytest_casavi.errors.CannotSteer: The mock refuses.
        """
        ...
