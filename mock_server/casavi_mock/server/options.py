"""What is set at the start: how the server appears to the outside, and its bounds on connections."""

from dataclasses import dataclass, field

from casavi_mock.domain.model import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """Bounds on connections, and on the patience with their clients."""

    max_connections: int = 1_000
    """Open connections; beyond, only the control plane is answered."""
    max_headers: int = 100
    """Headers of a request."""
    max_header_bytes: int = 65_536
    """Bytes of a request's address and headers together."""
    header_seconds: float = 10.0
    """Seconds for the headers of a request, from the opening of its connection or from their first byte."""
    body_seconds: float = 60.0
    """Seconds for the body of a request, without those in which the mock did not read."""
    answer_seconds: float = 60.0
    """Seconds for which a client may take nothing of an answer that waits for it."""
    idle_seconds: float = 75.0
    """Seconds between an answer and the next request of a connection; more than the intervals at which people poll."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeOptions:
    """How the server appears to the outside."""

    base_url: str | None = None
    """The address that is told to clients, without a slash at its end; None tells that of the request."""
    forwarded: bool = False
    """Whether `X-Forwarded-*` of a proxy is believed."""
    control: bool = True
    """Whether there is a control plane; health and readiness are told in any case."""
    control_token: Secret | None = None
    """What a caller of the control plane has to send; nobody has to if None."""
    allowed_hosts: tuple[str, ...] = ()
    """Names of hosts, beside those of loopback, under which the control plane may be asked for; `*` for all."""
    cors: tuple[str, ...] = ()
    """Origins whose pages may call the API from a browser; `*` for all, none by default."""
    strict: bool = False
    """Whether own answers are checked against the contract, and one that violates it becomes a 500."""
    connections: ConnectionLimits = field(default_factory=ConnectionLimits)
