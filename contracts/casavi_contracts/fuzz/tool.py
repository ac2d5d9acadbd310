"""Settings and documents as schemathesis wants them, and the way from its cases and answers to ours.

Importing this module imports schemathesis, so it is imported where it is used.
"""

import contextlib
import copy
import os
import tomllib
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case
from schemathesis.generation.meta import CaseMetadata
from schemathesis.schemas import BaseSchema

from casavi_contracts.contract import Contract
from casavi_contracts.fuzz.findings import arguments
from casavi_contracts.fuzz.sent import Sent
from casavi_contracts.fuzz.session import IMPORT, Session
from casavi_contracts.fuzz.settings import CONFIG, PHASES
from casavi_contracts.http.exchange import Answer

_AGAIN = 3
"""Cases of an operation in the fuzzing phase that another version has too: to make an import takes long."""

_CHAINS_AGAIN = 2
"""Chains of requests where another version has the same links."""

HARMLESS = ("options",)
"""Methods that are tried where the contract has none, if there may be more at the target than the contract knows."""


def configuration(
    seed: int,
    phases: Collection[str],
    max_examples: int | None,
    *,
    left_out: Collection[str] = (),
    covered: Collection[str] = (),
    careful: bool = False,
    contract: Contract | None = None,
) -> SchemathesisConfig:
    """Returns the shipped settings with those of one run.

    Args:
        seed: From which all cases follow.
        phases: Names of the phases to run.
        max_examples: Cases of each operation in the fuzzing phase, and chains in the stateful one; None as shipped.
        left_out: The `operationId`s that are not wanted.
        covered: Those of which no examples are sent, nor every case that the document defines, and fewer others.
        careful: Whether the target may know operations that the contract does not, or keep what it should refuse.
        contract: Says with which statuses its rules refuse; those as shipped if not given.
    """
    data = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    del data["hooks"]  # they are for runs that the command line of schemathesis starts
    data["seed"] = seed
    for phase in PHASES:
        settings = data["phases"].setdefault(phase, {})
        settings["enabled"] = phase in phases
        if max_examples is not None and "generation" in settings:
            settings["generation"]["max-examples"] = max_examples
    if max_examples is not None:
        data["operations"] = []  # that number holds for the import too
    data["operations"] += [{"include-operation-id": name, "enabled": False} for name in left_out]
    less: dict[str, Any] = {"examples": {"enabled": False}, "coverage": {"enabled": False}}
    if covered and max_examples is None:
        less["fuzzing"] = {"generation": {"max-examples": _AGAIN}}
        data["phases"]["stateful"]["generation"]["max-examples"] = _CHAINS_AGAIN
    data["operations"] += [{"include-operation-id": name, "phases": less} for name in covered]
    if careful:
        data["phases"]["coverage"]["unexpected-methods"] = list(HARMLESS)
        data["operations"].append({"include-operation-id": IMPORT, "generation": {"mode": "positive"}})
        # A link that is inferred puts an id into the midst of an import, which may then break the contract.
        data["phases"]["stateful"]["inference"] = {"algorithms": []}
    if contract is not None:
        _expect_statuses(data["checks"], contract)
    with _without_hooks_of_the_environment():
        return SchemathesisConfig.from_dict(data)


def _expect_statuses(checks: dict[str, Any], contract: Contract) -> None:
    """Lets the checks of schemathesis expect the statuses with which the rules of a contract refuse."""
    rules = contract.rules.values()
    absent = {f"{rule.status}" for rule in rules if rule.name.endswith("-unknown") and rule.status}
    refused = {f"{rule.status}" for rule in rules if rule.status}
    for check, statuses in (("positive_data_acceptance", absent), ("negative_data_rejection", refused)):
        known = checks[check]["expected-statuses"]
        known += sorted(statuses - {*known})


def schema_of(document: Mapping[str, Any], config: SchemathesisConfig, app: Any) -> BaseSchema:
    """Returns a contract document as schemathesis sees it.

    Args:
        document: The contract document.
        config: The settings.
        app: The application to which the requests go.
    """
    # A copy: links that schemathesis infers are written into the document.
    schema: BaseSchema = schemathesis.openapi.from_dict(copy.deepcopy(dict(document)), config=config)
    schema.app = app
    return schema


def sent_of(case: Case[Any], response: Response) -> Sent:
    """Returns the request of a case as it went out."""
    request = response.request
    url = urlsplit(str(request.url))
    body = request.body or b""
    meta = case.meta
    return Sent(
        operation_of(case),
        str(request.method),
        url.path + (f"?{url.query}" if url.query else ""),
        {name.lower(): _text(value) for name, value in request.headers.items()},
        body.encode() if isinstance(body, str) else bytes(body),
        {name: unquote(str(value)) for name, value in case.path_parameters.items()},
        meta.generation.mode.is_positive if meta else None,
    )


def answer_of(response: Response, contract: Contract | None = None, operation: str | None = None) -> Answer:
    """Returns an answer as we know it, its values read as the contract shows them for an operation."""
    headers = {name: ", ".join(values) for name, values in response.headers.items()}
    shape = contract.shape_of(operation, response.status_code) if contract else None
    return Answer(response.status_code, headers, response.content or b"", shape)


def operation_of(case: Case[Any]) -> str | None:
    """Returns the `operationId` of a case, None if it has another method than its operation."""
    if case.method.upper() != case.operation.method.upper():
        return None
    named = case.operation.definition.raw.get("operationId")
    return named if isinstance(named, str) else None


def case_from(schema: BaseSchema, told: Mapping[str, Any], session: Session) -> Case[Any]:
    """Returns a case that was written down, with what this run has in place of placeholders.

    Raises:
        ValueError: The document has no such operation.
    """
    for found in schema.get_all_operations():
        operation = found.ok() if isinstance(found, Ok) else None
        if operation is not None and operation.definition.raw.get("operationId") == told["operation"]:
            meta = CaseMetadata.from_dict(told["meta"]) if told.get("meta") else None
            case: Case[Any] = operation.Case(**arguments(told, session), _meta=meta)
            # Otherwise the check of authentication takes the token for a made-up one.
            case._has_explicit_auth = case.headers.get("token") in session.tokens
            return case
    raise ValueError(f"the document has no operation {told['operation']!r}")


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


@contextlib.contextmanager
def _without_hooks_of_the_environment() -> Iterator[None]:
    """Keeps settings from loading the hooks that SCHEMATHESIS_HOOKS names: they are for its command line."""
    kept = os.environ.pop("SCHEMATHESIS_HOOKS", None)
    try:
        yield
    finally:
        if kept is not None:
            os.environ["SCHEMATHESIS_HOOKS"] = kept
