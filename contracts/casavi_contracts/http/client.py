"""A client of one account, as checks use it: the steps that many of them need, each with the check it rests on."""

import ipaddress
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import httpx

from casavi_contracts import spec
from casavi_contracts.contract import Contract
from casavi_contracts.failures import Broken, CouldNotRun
from casavi_contracts.http.exchange import Answer, expect_form
from casavi_contracts.http.target import Clock, Credentials, Target
from casavi_contracts.http.walking import list_at, pages
from casavi_contracts.promises import Named

JSON = {"Content-Type": "application/json"}

MAX_POLLS = 400
"""Looks at one job on a target whose time can be moved."""

LEAST_POLLS = 50
"""Looks that a job gets on a target whose time can be moved: some mocks move a job by looks and not by time."""

_STEPS = (0.2, 1.0, 5.0, 30.0)
"""Seconds by which time is moved on between two looks at a job; the last one again and again."""

_MOST_PATIENCE = 5.0
"""Seconds that are waited at most before the first look at a job."""

_MOST_MOVED = 6.2
"""Seconds by which time is moved on at most before the first look: as much as the first steps make together."""

_MORE = 1.1
"""Factor by which that wait is longer than the job before took: jobs differ, and each look too early is a request."""

_IMPATIENCE = 0.97
"""Factor by which the wait before the first look becomes shorter, each time that look finds the job ended."""

_PAUSES = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Seconds between two looks at a job where time cannot be moved; the last one again and again."""


class Client:
    """One account of the target, in one version of the API.

    Every method that has to succeed raises `Broken` with the name of the check that says it has to.

    Args:
        target: The server under judgement.
        contract: The contract of that version.
        credentials: The account.
    """

    def __init__(self, target: Target, contract: Contract, credentials: Credentials) -> None:
        self.target = target
        self.contract = contract
        self.credentials = credentials
        self._token: str | None = None

    @property
    def clock(self) -> Clock | None:
        """The time of the account, None if it cannot be moved."""
        return self.target.clock(self.credentials)

    @property
    def has_token(self) -> bool:
        """Whether it has logged in."""
        return self._token is not None

    @property
    def token(self) -> str:
        """A good token; logs in if there is none yet."""
        if self._token is None:
            before = self.target.token_changes
            self.log_in()
            self.target.token_changes = before  # a log-in for want of a token ends no other
        assert self._token is not None, "a log-in sets it"
        return self._token

    @token.setter
    def token(self, token: str | None) -> None:
        self._token = token

    # Sending. Nothing is judged here.

    def send(
        self,
        operation: str,
        *,
        body: Any = None,
        raw: bytes | None = None,
        token: str | None = "",
        headers: Mapping[str, str] | None = None,
        query: str = "",
        method: str | None = None,
        **parameters: str,
    ) -> Answer:
        """Sends a request of the contract and returns the answer, whatever it is.

        Args:
            operation: The `operationId`.
            body: A JSON value.
            raw: A body as it is, in place of a JSON value.
            token: The token to send; this account's own if empty, none if None.
            headers: Further headers.
            query: Behind the question mark, encoded.
            method: In place of the operation's own.
            parameters: Values of path parameters, as they are; they are encoded here.
        """
        known = self.contract.operations.get(operation)
        if known is None:
            raise spec.NotShown(f"operation {operation} in {self.contract.version}")
        self.target.token_changes += operation in ("authenticate", "refreshToken")
        sent = dict(headers or {})
        needs_token = known.document.get("security") != []
        if token == "" and needs_token:  # the word for "its own"
            sent.setdefault("token", self.token)
        elif token:
            sent["token"] = token
        content = raw if raw is not None else b"" if body is None else encoded(body)
        if content and "content-type" not in {name.lower() for name in sent}:
            sent.update(JSON)
        path = self.contract.path(operation, **parameters)
        answer = self.target.send(
            method or known.method,
            f"{path}?{query}" if query else path,
            headers=sent,
            body=content,
            operation=operation if method is None else None,
            version=self.contract.version,
        )
        return self.shaped(answer, operation)

    def shaped(self, answer: Answer, operation: str | None) -> Answer:
        """Returns an answer whose values are read as the contract shows them."""
        shape = self.contract.shape_of(operation, answer.status)
        return answer if shape is None else replace(answer, shape=shape)

    def get(self, address: str, *, as_it_is: bool = False) -> Answer:
        """Follows an address that the target itself has given.

        Where a proxy stands before a server on this machine that does not learn which address was asked for, the server
        gives its own address; then the same is asked of the proxy, which is what is under judgement.

        Args:
            address: The address.
            as_it_is: Whether it is followed to the letter in that case too.

        Raises:
            casavi_contracts.failures.Broken: It is no complete address, or leads to another server. No token is sent
                there, unless both are on this machine.
        """
        where = leads(str(self.target.http.base_url), address)
        if where == "astray":
            raise Broken(
                "a complete address of the target as link to the next page",
                repr(self.target.recorder.redact(address)),
                check=Named.NEXT_LINK_IS_FOLLOWED_AS_IT_IS,
            )
        headers, version = {"token": self.token}, self.contract.version
        if where == "neighbour" and not as_it_is:
            path, prefix = httpx.URL(address).raw_path.decode("ascii"), self.target.http.base_url.path
            address = f"/{path.removeprefix(prefix).lstrip('/')}"  # the client puts the prefix before it again
        try:
            answer = self.target.send("GET", address, headers=headers, operation=None, version=version)
            return self.shaped(answer, list_at(self.contract, address))
        except CouldNotRun as gone:
            if where == "home" or not as_it_is:
                raise
            raise Broken("a link that can be followed", str(gone), check=Named.NEXT_LINK_IS_FOLLOWED_AS_IT_IS) from gone

    # Steps that have to succeed.

    def log_in(self) -> dict[str, Any]:
        """Logs in and returns the answer; later requests send its token."""
        answer = self.send(
            "authenticate", body={"key": self.credentials.key, "secret": self.credentials.secret}, token=None
        )
        return self.take(answer, Named.LOG_IN_GIVES_A_TOKEN)

    def refresh(self, token: str | None = None) -> dict[str, Any]:
        """Refreshes a token, this account's own if none is given; later requests send the new one."""
        body = {"apiKey": self.credentials.key, "token": token or self.token}
        return self.take(self.send("refreshToken", body=body), Named.REFRESH_GIVES_A_TOKEN)

    def submit(self, portfolio: Mapping[str, Any]) -> str:
        """Imports a portfolio that satisfies the contract and returns the job id."""
        return self.job_id(self._again("importMasterData", body=portfolio), portfolio)

    def job_id(self, answer: Answer, portfolio: Mapping[str, Any]) -> str:
        """Returns the job id in the answer to an import that satisfies the contract."""
        if not answer.ok:
            evidence, assumption = self.contract.request_marks("importMasterData", portfolio)
            if answer.status in (404, 405):
                evidence, assumption = "assumed", "import-path"
            raise Broken(
                "an import that satisfies the contract to be accepted",
                f"{answer.status} {self._why(answer)}",
                check=Named.VALID_IMPORT_IS_ACCEPTED,
                evidence=evidence,
                assumption=assumption,
            )
        field = self.contract.shapes["importMasterData"].pointers["job.id"].removeprefix("/")
        values = answer.json
        job = values.get("jobId") if isinstance(values, dict) else None
        if not isinstance(job, str) or not job:
            body = json.loads(answer.body)
            keys = sorted(body) if isinstance(body, dict) else type(body).__name__
            raise Broken(
                f"a job id under {field!r}",
                f"{keys}",
                check=Named.IMPORT_ANSWERS_A_JOB_ID,
                evidence="assumed",
                assumption="job-id-field",
                value=keys[0] if isinstance(keys, list) and len(keys) == 1 else None,
            )
        return job

    def job(self, job_id: str) -> dict[str, Any]:
        """Returns a job that was accepted."""
        answer = self._again("getJob", jobId=job_id)
        if not answer.ok:
            raise Broken(
                "an accepted job to be known",
                f"{answer.status} {self._why(answer)}",
                check=Named.ACCEPTED_JOB_IS_VISIBLE,
            )
        seen = answer.json
        if not isinstance(seen, dict) or not isinstance(seen.get("status"), str):
            raise Broken("a job with a status", type(seen).__name__, check=Named.ANSWERS_SATISFY_THE_CONTRACT)
        return seen

    def finish(self, job_id: str) -> dict[str, Any]:
        """Follows a job to its end and returns it as it is then."""
        return [*self.follow(job_id, patient=True)][-1]

    def follow(self, job_id: str, *, patient: bool = False) -> Iterator[dict[str, Any]]:
        """Yields a job each time it is looked at, until it has ended.

        Args:
            job_id: As the target has given it.
            patient: Whether it is first waited for as long as the job before has taken: each look is a request.
        """
        waited = 0.0
        clock = self.clock
        if patient and self.target.usual_wait:
            waited = self.target.usual_wait
            self._wait(waited)
        pauses, least = (_STEPS, LEAST_POLLS) if clock else (_PAUSES, 0)
        for look in range(MAX_POLLS):
            seen = self.job(job_id)
            yield seen
            if seen["status"] in self.contract.final_states:
                self._learn_patience(waited, look, patient=patient)
                return
            if waited >= self.target.job_timeout:
                if look >= least:
                    break
                continue
            pause = pauses[min(look, len(pauses) - 1)]
            waited += pause
            self._wait(pause)
        raise Broken(
            f"the job to end within {self.target.job_timeout:g} s",
            f"{seen['status']!r} after {waited:g} s and {look + 1} looks",
            check=Named.ACCEPTED_JOB_ENDS,
        )

    def _wait(self, seconds: float) -> None:
        """Moves time on, or waits where it cannot be moved."""
        if clock := self.clock:
            clock.advance(seconds)
        else:
            self.target.sleep(seconds)

    def _learn_patience(self, waited: float, looks: int, *, patient: bool) -> None:
        """Remembers how long to wait before the first look at the next job.

        Args:
            waited: Seconds until this one was seen to have ended.
            looks: At it, before the last one.
            patient: Whether it was waited before the first look.
        """
        if self.clock is not None:
            if patient and looks:
                self.target.usual_wait = min(waited, _MOST_MOVED)
        elif looks or not patient:
            self.target.usual_wait = min(waited * _MORE, _MOST_PATIENCE)
        else:
            self.target.usual_wait *= _IMPATIENCE

    def imported(self, portfolio: Mapping[str, Any]) -> dict[str, Any]:
        """Imports a portfolio and returns its job when it has ended."""
        return self.finish(self.submit(portfolio))

    def walk(self, operation: str, query: str = "") -> Iterator[list[dict[str, Any]]]:
        """Yields the records of a list page by page, as its version wants it; whether they come once is not judged."""
        return (page.records for page in pages(self, operation, query, strict=False))

    def records(self, operation: str, query: str = "") -> dict[str, dict[str, Any]]:
        """Returns all records of a list by reference id."""
        return {record["id"]: record for page in pages(self, operation, query) for record in page.records}

    def page(self, operation: str, query: str = "") -> dict[str, Any]:
        """Returns one page of a list."""
        return self.checked(self._again(operation, query=query), operation)

    def checked(self, answer: Answer, operation: str) -> dict[str, Any]:
        """Returns the page in an answer, which has to be one as the contract describes it."""
        if not answer.ok:
            raise Broken("a page of records", f"{answer.status} {self._why(answer)}", check=Named.LISTS_CAN_BE_READ)
        expect_form(self.contract, operation, answer)
        page: dict[str, Any] = answer.json
        return page

    def take(self, answer: Answer, check: str) -> dict[str, Any]:
        """Takes the token of an answer that has to have one, and returns the answer; later requests send it.

        Args:
            answer: To a log-in or a refresh.
            check: The one that promises it.
        """
        if not answer.ok:
            raise Broken("good credentials to be taken", f"{answer.status} {self._why(answer)}", check=check)
        body = answer.json
        token = body.get("token") if isinstance(body, dict) else None
        if not isinstance(token, str) or not token:
            raise Broken("a token in the answer", "none", check=check)
        self.target.recorder.redact.learn(token)
        self._token = token
        result: dict[str, Any] = body
        return result

    def _again(self, operation: str, **options: Any) -> Answer:
        """Sends a request; if the token is over, with a new one once more."""
        answer = self.send(operation, **options)
        if answer.status == self.contract.values["unauthorized-status"]:
            self.log_in()
            answer = self.send(operation, **options)
        return answer

    def _why(self, answer: Answer) -> str:
        try:
            body = answer.lenient
        except Broken:
            return ""
        text = body.get("detail") or body.get("title") if isinstance(body, dict) else ""
        return self.target.recorder.redact(str(text or ""))[:300]


def leads(home: str, address: str) -> str:
    """Returns where an address leads, seen from that of the target: `home`, to a `neighbour`, or `astray`.

    A neighbour is another server of this machine, or the same host with TLS; nothing has proved yet that it answers.

    Args:
        home: Address of the target.
        address: An address that the target has given.
    """
    try:
        there, here = httpx.URL(address), httpx.URL(home)
    except httpx.InvalidURL:
        return "astray"
    if there.scheme not in ("http", "https") or not there.host:
        return "astray"
    if (there.scheme, there.host, there.port) == (here.scheme, here.host, here.port):
        return "home"
    if (here.scheme, there.scheme) == ("http", "https") and there.host == here.host:
        return "neighbour"
    return "neighbour" if _is_here(there.host) and _is_here(here.host) else "astray"


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def encoded(value: Any) -> bytes:
    """Returns a JSON value as bytes.

    Raises:
        casavi_contracts.failures.CouldNotRun: It holds what JSON cannot say, such as a lone surrogate.
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (UnicodeEncodeError, ValueError) as error:
        raise CouldNotRun(f"the body cannot be sent as JSON: {error}") from error
