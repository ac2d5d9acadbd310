"""What the accounts of a server share."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from casavi_contracts import spec
from casavi_mock.accounts.register import own_register
from casavi_mock.domain.jobs import Durations, Progress, QueueLimits
from casavi_mock.domain.policy import MEGABYTE, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what clients can make grow, for each account where nothing else is said."""

    max_tokens: int = 10_000
    max_jobs: int = 10_000
    max_job_errors: int = 1_000_000
    """Errors of all ended jobs together."""
    max_waiting_mb: float = 1_000.0
    """Length of what unfinished jobs import, together, in MB of 1,000,000 bytes."""
    max_journal: int = 1_000
    max_journal_mb: float = 20.0
    """What all exchanges of a journal take, roughly, in MB of 1,000,000 bytes."""
    max_accounts: int = 10_000
    """Accounts of a server."""
    max_snapshots: int = 20
    max_nesting: int = 64
    """Levels of nesting in a request body."""
    max_import_records: int = 1_000_000
    """Contacts, properties and responsibilities of an import, together."""

    @property
    def max_journal_bytes(self) -> int:
        """What all exchanges of a journal take, roughly, in bytes."""
        return round(self.max_journal_mb * MEGABYTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What all accounts of a server share."""

    documents: Mapping[str, Mapping[str, Any]]
    """The contract documents by the path they are served under, with the profile applied."""
    operations: tuple[str, ...]
    """Every `operationId` of the documents."""
    policy: Policy
    rules: Mapping[str, spec.Rule]
    """By name: those of the contract, and the mock's own."""
    shape: spec.Shape
    states: spec.States
    """The states of a job as clients see them."""
    answers: Mapping[str, spec.AnswerShape]
    """How the document shows answers, by operation; those that it shows as they are shipped are not there."""
    progress: Progress = field(default_factory=Progress)
    durations: Durations | None = None
    """How long jobs take under that progress, if it is `time`; None leaves it to its seconds."""
    limits: Limits = field(default_factory=Limits)
    keep_documents: bool = False

    @classmethod
    def from_profile(
        cls,
        overrides: Mapping[str, Any] | None = None,
        overlay: Mapping[str, Any] | None = None,
        evidence: Mapping[str, Any] | None = None,
        **others: Any,
    ) -> "Settings":
        """Returns the settings for a profile.

        Args:
            overrides: Values of assumptions by name, over those of the register.
            overlay: A parsed OpenAPI Overlay, applied before anything else is done.
            evidence: What a user has observed, as `calibrate` writes it.
            others: Further fields of the settings.

        Raises:
            casavi_contracts.spec.ProfileError: An assumption is unknown or cannot have that value, or the overlay does
                not fit.
        """
        spec.resolve_profile(_assumptions(), overrides or {})
        said = [spec.normal(one) for one in (dict(overrides or {}), overlay, evidence)]
        return cls(**_applied(json.dumps(said)), **others)

    @property
    def document(self) -> Mapping[str, Any]:
        """The contract document of version 1."""
        return self.documents[""]

    @property
    def evidence(self) -> dict[str, str]:
        """Evidence by name of the rule."""
        return {name: rule.evidence for name, rule in self.rules.items()}

    @property
    def queue_limits(self) -> QueueLimits:
        """Bounds of the queue of each account."""
        return QueueLimits(
            max_waiting=self.policy.queue_limit,
            max_kept=self.limits.max_jobs,
            max_waiting_bytes=round(self.limits.max_waiting_mb * MEGABYTE),
            max_errors=self.limits.max_job_errors,
        )


@functools.cache
def _assumptions() -> dict[str, spec.Assumption]:
    return spec.assumptions(spec.load_document())


@functools.lru_cache(8)
def _applied(profile: str) -> dict[str, Any]:
    """Returns the fields of settings that follow from a profile.

    Servers of a process with the same profile share them, as nobody changes them: to apply a profile takes a good part
    of a start, and a session of tests starts many servers.

    Args:
        profile: Values of assumptions, overlay and evidence, as JSON.
    """
    found = spec.contract_documents(*json.loads(profile))
    document = found.by_version["v1"]
    documents = {"": document, "/v2": found.by_version["v2"]}
    named = [operation["operationId"] for one in documents.values() for _, _, operation in spec.operations(one)]
    states = spec.job_states(document)
    return {
        "documents": documents,
        "operations": tuple(dict.fromkeys(named)),
        "policy": Policy.from_assumptions(found.values, {role: states.shown(role).name for role in spec.ROLES}),
        "rules": {**spec.rules(document), **own_register().rules},
        "shape": spec.import_shape(document),
        "states": states,
        "answers": {
            name: shape
            for one in reversed(documents.values())
            for name, shape in spec.shapes_of(one).items()
            if not shape.same
        },
    }
