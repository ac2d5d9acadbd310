"""What a fuzzing run has found: as a check's finding, with the case in a form that can be sent again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from casavi_contracts.fuzz.session import Session
from casavi_contracts.outcome import Finding

KEY, SECRET, TOKEN, JOB, RUN = "{{key}}", "{{secret}}", "{{token}}", "{{job}}", "{{run}}"
"""Stand in a case that is written down for what is another one, or a secret, in the next run."""


@dataclass(frozen=True, slots=True)
class FuzzFinding(Finding):
    """A case in which a check did not hold."""

    convention: str = ""
    operation: str = ""
    """The `operationId`; the path, as the contract writes it, for a method that the contract does not have there."""
    curl: str = ""
    """A command line that sends the request; without secrets, so a good token has to be put in."""
    seen: int = 1
    """How many cases of the run showed the same; this is the smallest."""


def written(value: Any, session: Session) -> Any:
    """Returns a JSON value with placeholders for secrets and for ids of the run."""
    if isinstance(value, str):
        return _placeholder(value, session)
    if isinstance(value, list):
        return [written(item, session) for item in value]
    if isinstance(value, Mapping):
        return {name: written(item, session) for name, item in value.items()}
    return value


def read(value: Any, session: Session) -> Any:
    """Returns a JSON value with the secrets and ids of this run in place of placeholders."""
    if isinstance(value, str):
        return _value(value, session)
    if isinstance(value, list):
        return [read(item, session) for item in value]
    if isinstance(value, Mapping):
        return {name: read(item, session) for name, item in value.items()}
    return value


def case_of(case: Any, session: Session) -> dict[str, Any] | None:
    """Returns a case of schemathesis as JSON, None if it holds what JSON cannot say.

    Args:
        case: The case.
        session: Whose secrets and ids become placeholders.
    """
    meta = case.meta.to_dict() if case.meta is not None else None
    body = case.body if isinstance(case.body, dict | list | str | int | float | bool | None) else None
    has_body = body is not None or case.body is None
    told = {
        "operation": case.operation.definition.raw["operationId"],
        "method": case.method,
        "parameters": {name: unquote(str(value)) for name, value in case.path_parameters.items()},
        "query": dict(case.query),
        "headers": dict(case.headers),
        "media_type": case.media_type,
        "meta": {name: meta[name] for name in ("generation", "components", "phase")} if meta else None,
        **({"body": body} if has_body else {}),
    }
    try:
        plain = json.loads(json.dumps(told, allow_nan=False))
    except (TypeError, ValueError):
        return None
    redacted: dict[str, Any] = written(plain, session)
    return redacted


def arguments(told: Mapping[str, Any], session: Session) -> dict[str, Any]:
    """Returns the parts of a request of a case that was written down, as schemathesis takes them."""
    known = read({name: value for name, value in told.items() if name != "meta"}, session)
    parts = {
        "method": known["method"],
        "path_parameters": {name: quote(value, safe="") for name, value in known["parameters"].items()},
        "query": known["query"],
        "headers": known["headers"],
        "media_type": known["media_type"],
    }
    return {**parts, "body": known["body"]} if "body" in known else parts


def _placeholder(value: str, session: Session) -> str:
    account = session.client.credentials
    if value in (account.key, account.secret):
        return KEY if value == account.key else SECRET
    if value in session.tokens:
        return TOKEN
    if value in session.jobs:
        return JOB
    for entity, pool in session.known.items():
        if value in pool:
            return f"{{{{{entity}:{pool.number(value)}}}}}"
    if session.names.mine(value):
        return RUN + session.names.local(value)
    return session.client.target.recorder.redact(value)


def _value(value: str, session: Session) -> str:
    account = session.client.credentials
    known = {KEY: account.key, SECRET: account.secret, TOKEN: session.token(), JOB: session.jobs.pick(0)}
    if value in known:
        return known[value] or value
    if value.startswith(RUN):
        return session.names.id(value.removeprefix(RUN))
    for entity, pool in session.known.items():
        number = value.removeprefix(f"{{{{{entity}:").removesuffix("}}")
        if value.startswith(f"{{{{{entity}:") and number.isdecimal():
            return pool.pick(int(number)) or value
    return value
