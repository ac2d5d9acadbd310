"""The rules about clients, what a caller may ask for, and what a breach of a rule looks like."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Rule(NamedTuple):
    """What a rule asks of a client."""

    severity: str
    """`error`: fails, or loses data. `warning`: works until it does not. `note`: worth a look."""
    title: str
    advice: str
    evidence: str
    """How sure it is that casavi minds, in the words of the contract document."""


RULES: Mapping[str, Rule] = {
    "request-violates-contract": Rule(
        "error",
        "A request does not satisfy the contract",
        "Repair the request: the exchange names the place, and what was expected there.",
        "inferred",
    ),
    "token-with-bearer": Rule(
        "error",
        "The token was not sent raw in the header `token`",
        "Send the token as it came in the header `token`: no `Bearer`, no `Authorization`.",
        "documented",
    ),
    "token-in-url": Rule(
        "error",
        "A token or a secret stood in an address",
        "Send tokens in the header `token`, credentials in bodies: addresses end in the logs of servers and proxies.",
        "inferred",
    ),
    "never-authorized": Rule(
        "error",
        "Requests were refused for want of a good log-in, and never got through",
        "Log in with `key` and `secret` in the body of `POST /authenticate`, and send the token that it answers.",
        "documented",
    ),
    "partial-failure-ignored": Rule(
        "error",
        "Records known to be refused were referred to, or sent again unchanged",
        "Read the errors of a job, and repair and send again what was refused before what refers to it.",
        "documented",
    ),
    "children-before-parents": Rule(
        "error",
        "Records were sent before those that they refer to",
        "Send contacts and properties first or in the same request, then units and responsibilities, then documents.",
        "documented",
    ),
    "unknown-fields-sent": Rule(
        "warning",
        "Fields were sent that the contract does not know",
        "Leave them out or correct their names: what they hold is not stored.",
        "assumed",
    ),
    "deprecated-parameters": Rule(
        "warning",
        "Deprecated parameters were used",
        "Log in with `key` and `secret` in place of `apiKey`, `email` and `password`.",
        "documented",
    ),
    "log-in-before-every-call": Rule(
        "warning",
        "Every call was preceded by a log-in of its own",
        "Keep the token and use it until shortly before its `expiresAt`.",
        "inferred",
    ),
    "refresh-never-or-too-late": Rule(
        "warning",
        "A token was used after the time that the log-in had told",
        "Refresh the token, or log in again, before its `expiresAt`; a refresh needs a token that still lives.",
        "inferred",
    ),
    "polls-too-fast": Rule(
        "warning",
        "A job was polled too often",
        "Wait between two looks at a job, longer each time.",
        "assumed",
    ),
    "retry-after-ignored": Rule(
        "warning",
        "A call was repeated sooner than its answer had asked",
        "Wait as long as the header `Retry-After` says, in seconds or until a date, before the same call again.",
        "assumed",
    ),
    "job-never-read-to-its-end": Rule(
        "warning",
        "A job was not read until it had ended",
        "Poll the job until its status is final, then look at its errors: an import that is accepted may still fail.",
        "inferred",
    ),
    "same-import-sent-again-after-lost-response": Rule(
        "note",
        "The same import was sent again after its answer was lost",
        "Safe only because imports merge by id. Wait longer each time, and read the last job to its end: what "
        "changed in between is overwritten.",
        "assumed",
    ),
}
"""What is asked of clients, by name; the gravest first."""


class UnknownRule(ValueError):
    """A rule about clients was named that there is not; the text lists those that there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What is asked of a client.

    Raises:
        UnknownRule: `allow` names a rule that there is not.
        ValueError: `poll_seconds` is negative.
    """

    poll_seconds: float = 1.0
    """Seconds that a client should wait between two looks at an unfinished job."""
    allow: frozenset[str] = frozenset()
    """Names of rules that are left out."""

    def __post_init__(self) -> None:
        unknown = ", ".join(sorted(self.allow - set(RULES)))
        if unknown:
            raise UnknownRule(f"there is no rule {unknown}; there are {', '.join(RULES)}")
        if not self.poll_seconds >= 0:
            raise ValueError(f"poll_seconds is a number of seconds from 0, not {self.poll_seconds}")


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that a client should do otherwise."""

    rule: str
    severity: str
    title: str
    advice: str
    exchange_numbers: tuple[int, ...]
    """Where it shows, in the journal."""
    detail: str
    """What happened, as a sentence."""
    evidence: str
