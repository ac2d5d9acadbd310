"""Names as types, so that a type checker finds one that is misspelt."""

from typing import Literal

Operation = Literal[
    "authenticate",
    "refreshToken",
    "importMasterData",
    "getJob",
    "getContacts",
    "getContactById",
    "listContacts",
    "listUnits",
    "listProperties",
    "getPropertyById",
]
"""An `operationId` of the contract."""

Rule = Literal[
    "request-violates-contract",
    "token-with-bearer",
    "token-in-url",
    "never-authorized",
    "partial-failure-ignored",
    "children-before-parents",
    "unknown-fields-sent",
    "deprecated-parameters",
    "log-in-before-every-call",
    "refresh-never-or-too-late",
    "polls-too-fast",
    "retry-after-ignored",
    "job-never-read-to-its-end",
    "same-import-sent-again-after-lost-response",
]
"""A rule about clients."""
