"""Everything that knows schemathesis: settings, hooks, checks, and the way back from its cases to ours.

Importing this module imports schemathesis, so it is imported where it is used.
"""

import contextlib
import copy
import os
import threading
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, cast
from urllib.parse import quote, unquote, urlsplit

import schemathesis
from schemathesis.checks import CHECKS as REGISTRY
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case
from schemathesis.generation.meta import CaseMetadata, TestPhase
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER
from schemathesis.schemas import BaseSchema

from casavi_contracts.contract import Contract
from casavi_contracts.exchange import Answer
from casavi_contracts.fuzz.checks import CHECKS, Check
from casavi_contracts.fuzz.filler import Filler
from casavi_contracts.fuzz.findings import arguments
from casavi_contracts.fuzz.sent import Sent, needs_token
from casavi_contracts.fuzz.session import IMPORT, Session
from casavi_contracts.fuzz.settings import CONFIG, PHASES

Hook = Callable[..., Any]

SessionOf = Callable[[Case[Any]], Session | None]
"""Tells the run that a case belongs to; None if it is none of ours."""

HARMLESS = ("options",)
"""Methods that are tried where the contract has none, if there may be more at the target than the contract knows."""

_ONE_RUN = threading.Lock()
"""Checks and hooks of schemathesis are registered for the whole process, so there is one run at a time."""


def configuration(
    seed: int,
    phases: Collection[str],
    max_examples: int | None,
    *,
    left_out: Collection[str] = (),
    careful: bool = False,
) -> SchemathesisConfig:
    """Returns the shipped settings with those of one run.

    Args:
        seed: From which all cases follow.
        phases: Names of the phases to run.
        max_examples: Cases of each operation in the fuzzing phase, and chains in the stateful one; None as shipped.
        left_out: The `operationId`s that are not wanted.
        careful: Whether the target may know operations that the contract does not, or keep what it should refuse.
    """
    data = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    del data["hooks"]  # they are for runs that the command line of schemathesis starts
    data["seed"] = seed
    for phase in PHASES:
        settings = data["phases"].setdefault(phase, {})
        settings["enabled"] = phase in phases
        if max_examples is not None and "generation" in settings:
            settings["generation"]["max-examples"] = max_examples
    data["operations"] = [{"include-operation-id": name, "enabled": False} for name in left_out]
    if careful:
        data["phases"]["coverage"]["unexpected-methods"] = list(HARMLESS)
        data["operations"].append({"include-operation-id": IMPORT, "generation": {"mode": "positive"}})
    with _without_hooks_of_the_environment():
        return SchemathesisConfig.from_dict(data)


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


@contextlib.contextmanager
def installed(session: Session, schema: BaseSchema, *, fill: bool = True) -> Iterator[None]:
    """Registers checks, hooks and log-in of a run, and takes them away at the end.

    Args:
        session: The account of the run.
        schema: The document under test; requests of others are left alone.
        fill: Whether requests are filled with what exists.
    """
    app = schema.app

    def session_of(case: Case[Any]) -> Session | None:
        return session if case.operation.app is app else None

    added = hooks(session_of, fill=fill)
    with _ONE_RUN:
        for one in CHECKS:
            REGISTRY.register(as_check(one, session_of))
        for hook in added:
            GLOBAL_HOOK_DISPATCHER.register_hook_with_name(hook, hook.__name__)
        log_in(session_of, schema, session.contract)
        try:
            yield
        finally:
            for one in CHECKS:
                REGISTRY.unregister(one.name)
            for hook in added:
                GLOBAL_HOOK_DISPATCHER.unregister(hook)


def log_in(session_of: SessionOf, schema: BaseSchema, contract: Contract) -> None:
    """Makes the requests of a schema carry a good token.

    Args:
        session_of: Tells the run of a case.
        schema: The document under test.
        contract: The contract of its version.
    """
    refused = contract.values["unauthorized-status"]

    # Asked for each request: the session knows when a token ends, and it is logged in again after a refusal.
    @schema.auth(refresh_interval=0, retry_on=[refused])
    class Token:
        def get(self, case: Case[Any], context: Any) -> str | None:
            session = session_of(case)
            return session.token() if session and needs_token(session.contract, operation_of(case)) else None

        def set(self, case: Case[Any], data: str, context: Any) -> None:
            case.headers["token"] = data


def hooks(session_of: SessionOf, *, fill: bool = True) -> tuple[Hook, Hook]:
    """Returns the hooks that fill requests before they go out, and learn from answers.

    Args:
        session_of: Tells the run of a case.
        fill: Whether requests are filled at all.
    """

    # Not in `map_body`, which would mend requests that are meant to be broken, and not where cases are made: those of
    # one operation are all made before the first is sent, and would carry tokens that have ended by then.
    def before_call(context: Any, case: Case[Any], kwargs: dict[str, Any]) -> None:
        session = session_of(case)
        if fill and session is not None:
            _fill(case, session)

    def after_call(context: Any, case: Case[Any], response: Response) -> None:
        session = session_of(case)
        if session is not None:
            session.note(sent_of(case, response), answer_of(response))

    return before_call, after_call


def as_check(one: Check, session_of: SessionOf) -> Any:
    """Returns a convention as a check of schemathesis."""

    def run(context: Any, response: Response, case: Case[Any]) -> bool | None:
        session = session_of(case)
        if session is None:
            return True  # it has nothing to say
        one.judge(session, sent_of(case, response), answer_of(response))
        return None

    run.__name__ = one.name
    run.__doc__ = one.sentence
    return run


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
        body.encode() if isinstance(body, str) else bytes(cast("bytes", body)),
        {name: unquote(str(value)) for name, value in case.path_parameters.items()},
        meta.generation.mode.is_positive if meta else None,
    )


def answer_of(response: Response) -> Answer:
    """Returns an answer as we know it."""
    headers = {name: ", ".join(values) for name, values in response.headers.items()}
    return Answer(response.status_code, headers, response.content or b"")


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


def _fill(case: Case[Any], session: Session) -> None:
    filler = Filler(session)
    operation, meta = operation_of(case), case.meta
    if operation is None or meta is None:
        return
    linked = meta.phase.name is TestPhase.STATEFUL
    if meta.generation.mode.is_positive:
        old = {name: unquote(str(value)) for name, value in case.path_parameters.items()}
        new = filler.parameters(operation, old, linked=linked)
        changed = {name: quote(value, safe="") for name, value in new.items() if value != old[name]}
        if changed:
            case.path_parameters = {**case.path_parameters, **changed}
        body = filler.body(operation, case.body, linked=linked)
    else:
        body = filler.disguised(operation, case.body)
    if body is not case.body:
        case.body = body
    if case.headers.get("token") in session.tokens:
        case.headers["token"] = session.token()  # a refresh may have ended the one that it was made with


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
