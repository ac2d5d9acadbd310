"""What schemathesis checks by itself, and what each check is good for here.

None is switched off. Where a check cannot say anything about these documents, the reason stands here, and a test holds
this table against the checks that schemathesis has.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A check of schemathesis."""

    name: str
    sentence: str
    """What it asks for, in one sentence."""
    note: str = ""
    """What is particular about it here; for one that never applies, why not."""
    applies: bool = True
    """Whether it can say anything about the contract documents."""


BUILT_IN: tuple[BuiltIn, ...] = (
    BuiltIn("not_a_server_error", "No request is answered with a status of 500 or more."),
    BuiltIn("status_code_conformance", "Every status is one that the document lists for the operation."),
    BuiltIn("content_type_conformance", "Every answer has the media type that the document lists for its status."),
    BuiltIn("response_headers_conformance", "Headers of answers satisfy their schemas."),
    BuiltIn("response_schema_conformance", "Bodies of answers satisfy their schemas, formats included."),
    BuiltIn(
        "positive_data_acceptance",
        "A request that satisfies the document is not refused for its form.",
        "413 is taken too: how long a body may be is a setting that no schema can express. The evidence is that of the "
        "least sure field that the request uses.",
    ),
    BuiltIn(
        "negative_data_rejection",
        "A request that does not satisfy the document is refused.",
        "413 is taken too, as above. At a target that is no mock the import is fuzzed with valid requests only: what "
        "it should refuse and takes would stay in the account without the run's prefix.",
    ),
    BuiltIn("missing_required_header", "A request without a header that is required is refused."),
    BuiltIn(
        "unsupported_method",
        "A method that the document does not list for a path is answered with 405 and Allow.",
        "At a target that is no mock only OPTIONS is tried: another method might exist there and do harm.",
    ),
    BuiltIn("allow_header_conformance", "Allow, in an answer to OPTIONS, lists the methods of the document."),
    BuiltIn("ignored_auth", "An operation that wants a token refuses requests without one and with a made-up one."),
    BuiltIn(
        "ensure_resource_availability",
        "What a request has created is found by the link that leads to it.",
        "It tells by paths what was created, and those of an import and its job have nothing in common; "
        "`accepted_job_is_known_at_once` judges it.",
        False,
    ),
    BuiltIn(
        "use_after_free",
        "What was deleted is not found any more.",
        "The documents have no operation that deletes.",
        False,
    ),
    BuiltIn(
        "object_level_authorization",
        "One account does not see what another one has created.",
        "A run has one account; the checks about isolation judge this with two.",
        False,
    ),
    BuiltIn(
        "max_response_time",
        "Answers come in time.",
        "It wants a limit, and casavi promises none; one of ours would ring on slow machines.",
        False,
    ),
)
"""Every check of schemathesis, in its order."""
