"""What passes between clients and the application: how many connections, and who was turned away."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from casavi_mock.errors import Refused
from casavi_mock.messages.answers import Answer
from casavi_mock.server.options import ConnectionLimits


@dataclass(slots=True)
class Door:
    """The bounds on connections, and how often they were met; any thread may read it, the loop alone changes it."""

    limits: ConnectionLimits
    answer: Callable[[Refused], Answer]
    """Makes the answer for whoever is turned away."""
    surplus: dict[object, None] = field(default_factory=dict)
    """Connections that are too many, the oldest first."""
    open: int = 0
    """Connections that are open."""
    refused: int = 0
    """Connections that were ended since there were too many."""
    headers_too_large: int = 0
    slow_headers: int = 0
    """Connections that were ended since the headers of a request did not come in time, or nothing at all."""
    slow_bodies: int = 0
    slow_readers: int = 0
    """Connections that were ended since their client did not take its answer."""

    def view(self) -> dict[str, Any]:
        """Returns the counts as the control plane tells them."""
        return {
            "open": self.open,
            "limit": self.limits.max_connections,
            "refused": self.refused,
            "headersTooLarge": self.headers_too_large,
            "timeouts": {"headers": self.slow_headers, "body": self.slow_bodies, "answer": self.slow_readers},
        }
