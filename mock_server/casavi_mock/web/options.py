"""What is set at the start for the web edge."""

from dataclasses import dataclass

from casavi_mock.domain.model import Secret


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
    strict: bool = False
    """Whether own answers are checked against the contract, and one that violates it becomes a 500."""
