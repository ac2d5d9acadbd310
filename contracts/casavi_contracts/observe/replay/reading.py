"""Reads from an answer what a replay needs: token, job id and the state of a job, wherever the document has them.

Recorded answers may be those of another vendor than the document describes; then names that are usual are looked for.
"""

import re
from collections.abc import Mapping
from typing import Any

from casavi_contracts.contract import Contract

_STATE = re.compile(r"(?:^|[a-z_])(?:status|state|phase)$", re.IGNORECASE)
_TOKEN = re.compile(r"token|jwt|bearer", re.IGNORECASE)
_JOB = re.compile(r"^(?:job|task|import)?[_-]?(?:id|job|uuid|key)$", re.IGNORECASE)
_DEPTH = 3


def token_of(contract: Contract, body: Any) -> str | None:
    """Returns the token in the answer to a log-in or a refresh, None if there is none."""
    return _text(contract, "authenticate", body, "token") or _named(body, _TOKEN)


def job_of(contract: Contract, body: Any) -> str | None:
    """Returns the id of the job in the answer to an import, None if there is none."""
    return _text(contract, "importMasterData", body, "jobId") or _named(body, _JOB)


def state_of(contract: Contract, body: Any) -> str | None:
    """Returns the state that a job is in, None if it is not told."""
    return _text(contract, "getJob", body, "status") or _named(body, _STATE)


def is_state(place: str) -> bool:
    """Whether a place of a job is that of its state."""
    return bool(_STATE.search(place.rpartition("/")[2]))


def _text(contract: Contract, operation: str, body: Any, name: str) -> str | None:
    """Returns a value as the document shows it; a body of another form has none."""
    try:
        values = contract.shapes[operation].read(body)
        value = values[name]
    except Exception:  # noqa: BLE001  # whatever is wrong with a foreign answer, it does not have the value
        return None
    return value if isinstance(value, str) and value else None


def _named(body: Any, name: re.Pattern[str], depth: int = 0) -> str | None:
    """Returns the first text whose member has such a name, the outer ones first."""
    if not isinstance(body, Mapping) or depth > _DEPTH:
        return None
    for member, value in body.items():
        if isinstance(value, str) and value and name.search(member):
            return value
    found = (_named(value, name, depth + 1) for value in body.values())
    return next((one for one in found if one is not None), None)
