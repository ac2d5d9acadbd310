"""What is looked at before the first check: is there an API, does it take these credentials, does it keep any state."""

import contextlib
import uuid
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from casavi_contracts.contract import Contract
from casavi_contracts.failures import Broken, CouldNotRun
from casavi_contracts.http.client import Client
from casavi_contracts.http.exchange import Answer
from casavi_contracts.http.target import ControlPlane, Credentials, Target
from casavi_contracts.outcome import Finding, finding_of
from casavi_contracts.promises import Named

LOG_IN_CHECK = Named.LOG_IN_GIVES_A_TOKEN
"""The check that a server breaks that fails at a log-in."""

TOKEN_CHECK = Named.UNKNOWN_TOKEN_IS_REFUSED  # the name of a check
JOB_CHECK = Named.UNKNOWN_JOB_IS_REFUSED
"""The checks that a server without any state breaks at once."""

SERVER_ERROR = 500
"""The least status by which a server says that it failed (RFC 9110, section 15.6)."""

STATELESS = (
    "This server keeps no state: it took a token that nobody gave out, and knows a job that nobody created. It answers "
    "with examples, as a mock does that is made of the document alone. Imports, jobs, order, refresh, reading back and "
    "the isolation of accounts cannot be judged there, since all of them are about what a server remembers."
)


NAMED = (
    "The accounts that were named are judged, with fewer cases than accounts that a mock makes for each check: their "
    "records stay, and their time is moved forward."
)

NO_STATE = "the server keeps no state"
_LOG_INS = 2
"""Log-ins that have to fail before a mock is given up."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the preflight has found out."""

    notes: tuple[str, ...] = ()
    """In sentences."""
    findings: tuple[Finding, ...] = ()
    """Promises that were seen to be broken."""
    unusable: str = ""
    """Why checks have nothing to judge; empty if they have."""


def look(target: Target, contract: Contract, credentials: tuple[Credentials, ...]) -> Known:
    """Logs in, shows a made-up token and asks for a made-up job. Nothing is created, no record is read.

    Args:
        target: The server.
        contract: Of the version with which it is asked.
        credentials: The accounts that were given.

    Raises:
        CouldNotRun: The API is not there, or does not take the credentials; the text says what to do.
    """
    if target.plane is not None:
        _demand_log_in(target, contract)
        _prove_given(target, target.plane, contract, credentials)
        return Known((NAMED,) if credentials else ())
    if not credentials:
        return _without_account(target, contract)
    clients = [Client(target, contract, one) for one in credentials]
    for number, client in enumerate(clients, 1):
        _log_in(client, "" if len(clients) == 1 else f" of account {number}")
    findings = tuple(_made_up(clients[0]))
    if _forgets(findings):
        return Known((STATELESS,), findings, NO_STATE)
    return Known(("Logged in; a made-up token and a made-up job were refused.",) if not findings else (), ())


def _without_account(target: Target, contract: Contract) -> Known:
    """Asks with the example of casavi's documentation, which is no secret: a server without state takes that too."""
    answering = Client(target, contract, Credentials(**_example(contract)))
    with contextlib.suppress(CouldNotRun):
        _log_in(answering, "")
        if _forgets(findings := tuple(_made_up(answering))):
            return Known((STATELESS,), findings, NO_STATE)
    raise CouldNotRun(
        "the server is no mock that can be steered (no control plane under /_mock), so the suite needs an account: "
        "CASAVI_API_KEY and CASAVI_API_SECRET"
    )


def _example(contract: Contract) -> dict[str, str]:
    body = contract.operations["authenticate"].document["requestBody"]["content"]["application/json"]
    examples = (one["value"] for one in body["examples"].values())
    return next(one for one in examples if {*one} == {"key", "secret"})


def _forgets(findings: Collection[Finding]) -> bool:
    return {finding.check for finding in findings} == {TOKEN_CHECK, JOB_CHECK}


def _prove_given(target: Target, plane: ControlPlane, contract: Contract, credentials: tuple[Credentials, ...]) -> None:
    """At a mock no account is needed; one that was given has to be right all the same.

    If an account that was opened just now is refused too, the mock is to blame, and the checks will say so.
    """
    for one in credentials:
        answer = _ask(Client(target, contract, one))
        if answer is None or answer.status not in _refusals(contract):
            continue
        opened = target.make(plane)
        try:
            fresh = _ask(Client(target, contract, opened))
        finally:
            target.close(opened)
        if fresh is not None and fresh.ok:
            raise CouldNotRun(f"the mock does not take key and secret ({answer.status}); give others, or none")


def _refusals(contract: Contract) -> tuple[int, ...]:
    return 401, 403, contract.values["unauthorized-status"]


def _ask(client: Client) -> Answer | None:
    """Returns the answer to a log-in, None if none came."""
    body = {"key": client.credentials.key, "secret": client.credentials.secret}
    try:
        return client.send("authenticate", body=body, token=None)
    except Broken:
        return None


def _demand_log_in(target: Target, contract: Contract) -> None:
    """Ends the run if a mock fails at every log-in; one that refuses is judged."""
    opened = target.open()
    try:
        answers = [_ask(Client(target, contract, opened)) for _ in range(_LOG_INS)]
    finally:
        target.close(opened)
    statuses = [answer.status for answer in answers if answer is not None]
    if len(statuses) == _LOG_INS and min(statuses) >= SERVER_ERROR:
        path = contract.path("authenticate")
        raise CouldNotRun(f"POST {path} answered {statuses[-1]}; without a log-in nothing can be judged")


def _log_in(client: Client, whose: str) -> None:
    """Logs in.

    Raises:
        CouldNotRun: That does not succeed; the text says why.
    """
    path = client.contract.path("authenticate")
    body = {"key": client.credentials.key, "secret": client.credentials.secret}
    try:
        answer = client.send("authenticate", body=body, token=None)
    except Broken as lost:
        raise CouldNotRun(lost.observed) from lost
    said = f"POST {path} answered {answer.status}"
    if 300 <= answer.status < 400:
        raise CouldNotRun(f"{said} and leads to {_place(answer)}; give that address if it is the API's")
    if answer.status in _refusals(client.contract):
        raise CouldNotRun(f"the API does not take key and secret{whose} ({answer.status})")
    if answer.status in (404, 405, 501):
        raise CouldNotRun(f"{said}; there is no casavi API at this address")
    if not answer.ok:
        raise CouldNotRun(f"{said}; without a log-in nothing can be judged")
    _take_token(client, answer, said)


def _take_token(client: Client, answer: Answer, said: str) -> None:
    kind = answer.headers.get("content-type", "nothing named").partition(";")[0]
    try:
        found = answer.json
    except Broken:
        raise CouldNotRun(f"{said} with {kind} in place of JSON; there is no casavi API at this address") from None
    token = found.get("token") if isinstance(found, dict) else None
    if not isinstance(token, str) or not token:
        raise CouldNotRun(f"{said} without a token; there is no casavi API at this address")
    client.target.recorder.redact.learn(token)
    client.token = token


def _place(answer: Answer) -> str:
    """Returns where a redirect leads: host and path, and no more of an address that may hold secrets."""
    where = answer.headers.get("location", "nowhere").partition("?")[0]
    scheme, _, rest = where.rpartition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if scheme else where


def _made_up(client: Client) -> Iterator[Finding]:
    """Yields what is wrong with the answers to a made-up token and a made-up job."""
    reading = "getContacts" if "getContacts" in client.contract.operations else "listContacts"
    answer = _sent(lambda: client.send(reading, token=str(uuid.uuid4())))
    if answer is not None and answer.ok:
        yield _finding(client, TOKEN_CHECK, "inferred", "a token that nobody gave out to be refused", _as_known(answer))
    if "getJob" not in client.contract.operations:
        return
    answer = _sent(lambda: client.send("getJob", jobId=str(uuid.uuid4())))
    if answer is not None and answer.ok:
        yield _finding(client, JOB_CHECK, "inferred", "a job that nobody created to be unknown", _as_known(answer))


def _sent(send: Callable[[], Answer]) -> Answer | None:
    try:
        return send()
    except Broken:
        return None


def _as_known(answer: Answer) -> str:
    return f"{answer.status}, as if it were known"


def _finding(client: Client, check: str, evidence: str, expected: str, observed: str) -> Finding:
    contract = client.contract
    return finding_of(
        Broken(expected, observed),
        check=check,
        version=contract.version,
        evidence=evidence,
        assumption=None,
        register=contract.assumptions,
        case=None,
        exchanges=tuple(client.target.recorder.since(client.target.recorder.count - 1)),
    )
