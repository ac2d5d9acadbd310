"""What a project can say about the mock in its tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pytest_casavi.secret_text import SecretText

Backend = Literal["server", "inprocess", "process", "url"]
BACKENDS: tuple[Backend, ...] = ("server", "inprocess", "process", "url")

FailOn = Literal["note", "warning", "error", "never"]
FAIL_ON: tuple[FailOn, ...] = ("note", "warning", "error", "never")

PROGRESS = ("immediate", "time", "manual")

QUEUE = ("progress", "job_seconds", "record_seconds", "polls")
"""What decides how jobs move on, by the same names as on the command line and in the control plane."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CasaviConfig:
    """Where the mock runs and how it behaves; change it with `dataclasses.replace` in a fixture `casavi_config`."""

    backend: Backend = "server"
    """`server`: a server in this process, at a free port. `inprocess`: no socket. `process`: a server in
    a child process. `url`: what runs at an address."""
    url: str | None = None
    """Backend `url`: the address, without a slash at its end."""
    key: SecretText | None = None
    """Backend `url` without a control plane: the API key."""
    secret: SecretText | None = None
    """Backend `url` without a control plane: the API secret."""
    control_token: SecretText | None = None
    """Backend `url`: what the control plane wants to know before it obeys."""
    report_dir: Path | None = None
    """Where HAR, JSON and SARIF of failed tests are written; nowhere if None."""
    allow: frozenset[str] = frozenset()
    """Rules about clients that count in no test."""
    fail_on: FailOn = "warning"
    """The least severity of a violation that fails a test."""
    progress: str = "immediate"
    """How jobs move on: `immediate`, `time`, `manual`."""
    job_seconds: float = 0.2
    """Progress `time`: seconds for each job."""
    record_seconds: float = 0.0
    """Progress `time`: seconds for each record."""
    polls: int = 1
    """Progress `manual`: polls from one state to the next."""
    assumptions: Mapping[str, Any] = field(default_factory=dict)
    """Other values for guesses about casavi, by name, as in a profile; not with the backend `url`."""
    profile: Path | None = None
    """A profile as `casavi-mock serve --profile` takes it: its tables `[assumptions]`, `[overlay]` and `[evidence]`;
    `assumptions` counts more than the first. Not with the backend `url`."""

    @property
    def queue(self) -> dict[str, Any]:
        """How jobs move on, as the control plane takes it."""
        return {name: getattr(self, name) for name in QUEUE}
