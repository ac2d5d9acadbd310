"""How the mock behaves where casavi does not say; one field for each assumption that changes behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, Self

from casavi_mock.domain.model import JobState

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Values of the assumptions. Names and defaults are those of the register in the contract document."""

    refresh_revokes_old_token: bool
    refresh_accepts_expired_token: bool
    several_tokens: str
    mixed_credentials: str
    deprecation_header: bool
    token_lifetime_days: float
    expires_at_format: str
    max_body_mb: float
    job_status_names: Mapping[str, str]
    """What clients are shown for each `JobState`, as a rule."""
    null_clears: bool
    upsert: str
    custom_fields: str
    unknown_fields: str
    contract_period: str
    contract_date_format: str
    duplicate_ids: str
    document_max_mb: float
    job_retention_days: float
    queue_limit: int
    record_limit: int
    import_status: int
    page_parameter: str
    next_link_parameters: str
    out_of_range_page: str
    app_link: str
    request_id: bool
    authenticate_status: int
    error_media_type: str
    v1_page_size: int
    v2_page_size: int
    v2_absent_values: str
    modified_after: str
    inactive_contracts: str

    def __post_init__(self) -> None:
        if set(self.job_status_names) != set(JobState):
            raise ValueError(
                f"the states of a job are {', '.join(JobState)} in casavi_mock.domain.model.JobState, and "
                f"{', '.join(self.job_status_names)} in x-states of the contract document"
            )

    @classmethod
    def from_assumptions(cls, values: Mapping[str, Any], job_status_names: Mapping[str, str]) -> Self:
        """Returns the policy for these values of the register, by their names there.

        Args:
            values: By the names of the assumptions.
            job_status_names: What clients are shown for each state of a job.

        Raises:
            ValueError: These are not the states that a job has here.
            KeyError: A field of the policy is no assumption of the register; the text names it.
        """
        taken = {place.name: values[place.name.replace("_", "-")] for place in fields(cls)}
        return cls(**{**taken, "job_status_names": dict(job_status_names)})

    @property
    def token_lifetime(self) -> timedelta:
        """How long a token lives."""
        return timedelta(days=self.token_lifetime_days)

    @property
    def job_retention(self) -> timedelta:
        """How long an ended job can be read."""
        return timedelta(days=self.job_retention_days)

    @property
    def max_body_bytes(self) -> int:
        """The longest request body, in bytes."""
        return round(self.max_body_mb * MEGABYTE)

    @property
    def document_max_bytes(self) -> int:
        """The largest document, decoded, in bytes."""
        return round(self.document_max_mb * MEGABYTE)
