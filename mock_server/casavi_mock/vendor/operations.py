"""The vendor's operations: how a request gets through any of them, and those that log in, import and follow a job."""

import functools
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from urllib.parse import unquote

import orjson

from casavi_contracts import spec
from casavi_mock.accounts import Account, Registry, Settings
from casavi_mock.bodies.body import BodyLimits, BodyReader
from casavi_mock.bodies.pauses import in_pauses
from casavi_mock.domain.clock import timestamp
from casavi_mock.domain.model import Json
from casavi_mock.domain.ordering import plan, planning
from casavi_mock.errors import Refused
from casavi_mock.handlers import authentication, imports, jobs
from casavi_mock.messages.answers import Answer
from casavi_mock.messages.request import Request, Trail
from casavi_mock.vendor.faults import job_outcome, ordered_refusals

PLAN_RECORDS = 500
"""Records planned between two pauses of a large import."""

SHORT_BYTES = 16_000
"""An import that is no longer is planned without a pause: that takes a few milliseconds at most."""

NAMED_RECORDS = 1_000
"""Imports with more records than that are journaled without the names of their records."""


Parameters = Mapping[str, str]
"""Those of a path by their names, percent-encoded as they were sent."""

Body = Mapping[str, Json]
Operation = Callable[[Account, Request, Parameters, Trail], Awaitable[Answer]]
"""Does the work of an operation that demands a token, for the account that the token belongs to."""

Strike = Callable[[Account, Trail], Awaitable[None]]
"""Lets the next fault of an account take effect on a request; raises if no work is to be done."""


@dataclass(frozen=True, slots=True)
class LogIn:
    """An operation whose body names the account."""

    reader: BodyReader
    key_of: Callable[[Body], str]
    """Returns the key of the account that a body names, whether or not there is one; may raise `Refused`."""
    work: Callable[[Body, Trail], Awaitable[Answer]]


class Endpoint(ABC):
    """One operation of the contract, as requests reach it.

    Args:
        name: Its `operationId`.
        header: The header in which it wants a token, in lower case; None if it wants none.
        registry: The accounts.
        strike: Asks the faults of the account that calls.
    """

    def __init__(self, name: str, header: str | None, registry: Registry, strike: Strike) -> None:
        self._name = name
        self._header = None if header is None else header.encode()
        self._registry = registry
        self._strike = strike

    async def __call__(self, trail: Trail, parameters: Parameters) -> None:
        """Answers a request; the answer, and what is learnt on the way, is written into its trail.

        Raises:
            Refused: By a rule of the contract.
            casavi_mock.vendor.faults.Injected: A fault takes the place of the work.
        """
        trail.operation = self._name
        work = await self._begin(trail, parameters)
        if trail.account is not None:
            trail.account.in_flight[trail.request_id] = self._name
        if trail.account is not None and trail.account.faults.planned:
            # The one place where faults strike: the account is known, and nothing is done yet.
            request = trail.request
            await self._strike(trail.account, trail)
            if trail.request is not request:  # a fault has looked at its body, which can be read once
                work = await self._begin(trail, parameters)
        trail.answer = await work()

    @abstractmethod
    async def _begin(self, trail: Trail, parameters: Parameters) -> Callable[[], Awaitable[Answer]]:
        """Finds the account that calls, and returns what is to be done for it.

        Raises:
            Refused: Whoever calls may not.
        """

    def _by_token(self, request: Request) -> Account:
        """Returns the account that the token of a request belongs to.

        Raises:
            Refused: There is no token, or it is not good.
        """
        token = request.headers.get(self._header or b"", b"").decode("latin-1")
        if len(request.headers) != len(request.all_headers):  # some header came more than once
            self._check_single(request)
        other = request.headers.get(b"authorization", b"").decode("latin-1")
        return authentication.authorize(self._registry, token, other)

    def _check_single(self, request: Request) -> None:
        """Refuses two tokens that differ: another server could take the other one.

        Raises:
            Refused: There are such.
        """
        if len({value for name, value in request.all_headers if name == self._header}) > 1:
            name = (self._header or b"").decode()
            raise Refused("header-ambiguous", f"The header `{name}` came more than once, with different values.")


class TokenEndpoint(Endpoint):
    """An operation for the account that its token belongs to.

    Args:
        others: As for `Endpoint`.
        operation: Does its work.
    """

    def __init__(self, *others: Any, operation: Operation) -> None:
        super().__init__(*others)
        self._operation = operation

    async def _begin(self, trail: Trail, parameters: Parameters) -> Callable[[], Awaitable[Answer]]:
        trail.account = account = self._by_token(trail.request)
        return functools.partial(self._operation, account, trail.request, parameters, trail)


class LogInEndpoint(Endpoint):
    """An operation whose body names the account, known before its credentials are compared: so a wrong log-in is told.

    Args:
        others: As for `Endpoint`.
        log_in: Reads its body, and does its work.
    """

    def __init__(self, *others: Any, log_in: LogIn) -> None:
        super().__init__(*others)
        self._log_in = log_in

    async def _begin(self, trail: Trail, parameters: Parameters) -> Callable[[], Awaitable[Answer]]:
        request = trail.request
        if self._header is not None:  # by a profile that has a refresh demand a token too
            trail.account = self._by_token(request)
        came = functools.partial(setattr, trail, "body")
        body = await self._log_in.reader.read(request.headers, request.receive, came)
        trail.secret_names = tuple(body)
        trail.account = self._registry.get(self._log_in.key_of(body)) or trail.account
        return functools.partial(self._log_in.work, body, trail)


class Operations:
    """One method for each `operationId` of the contract that does not only read.

    Args:
        registry: The accounts.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._policy = registry.settings.policy
        answers = registry.settings.answers
        self._log_in_shape, self._import_shape, self._job_shape = map(
            answers.get, ("authenticate", "importMasterData", "getJob")
        )
        self._shape = registry.settings.shape
        self._settings = registry.settings
        self._readers = _readers(registry.settings)

    def table(self) -> dict[str, Operation | LogIn]:
        """Returns the operations by `operationId`."""
        named_key = functools.partial(authentication.named_key, self._registry)
        return {
            "authenticate": LogIn(self._readers["authenticate"], named_key, self.authenticate),
            "/v2 authenticate": LogIn(_readers(self._settings, "/v2")["authenticate"], named_key, self.authenticate),
            "refreshToken": LogIn(self._readers["refreshToken"], lambda body: str(body["apiKey"]), self.refresh_token),
            "importMasterData": self.import_master_data,
            "getJob": self.get_job,
        }

    async def authenticate(self, body: Body, trail: Trail) -> Answer:
        """`POST /authenticate`."""
        log_in = authentication.authenticate(self._registry, body)
        answer = self._token(trail, log_in)
        if log_in.deprecated:
            trail.notes.append("deprecated parameters: apiKey, email, password; use key and secret")
            if self._policy.deprecation_header:
                answer.headers = ((b"deprecation", b"true"),)
        return answer

    async def refresh_token(self, body: Body, trail: Trail) -> Answer:
        """`POST /refresh`."""
        return self._token(trail, authentication.refresh(self._registry, body["apiKey"], body["token"]))

    async def import_master_data(
        self, account: Account, request: Request, parameters: Parameters, trail: Trail
    ) -> Answer:
        """`POST /import`."""
        body = await self._readers["importMasterData"].read(
            request.headers, request.receive, functools.partial(setattr, trail, "body")
        )
        size = len(trail.body or b"")
        if size <= SHORT_BYTES:
            planned = plan(body, self._shape)
        else:
            planned = await in_pauses(planning(body, self._shape, PLAN_RECORDS), request.receive)
        if len(planned.records) <= NAMED_RECORDS:
            trail.provides, trail.refers = planned.names(), planned.targets()
        trail.unknown_fields = tuple(map(attrgetter("pointer"), planned.warnings))
        if trail.refusing:
            planned.ordered = ordered_refusals(trail.refusing)
        forced = job_outcome(trail.fault) if trail.fault else None
        job = imports.accept(account, planned, forced=forced, size=size, body=trail.body)
        trail.job_id = job.id
        told: Any = {"jobId": job.id}
        if self._import_shape is not None:
            told = self._import_shape.shown(told)
        return Answer(self._policy.import_status, orjson.dumps(told), quotes=False)

    async def get_job(self, account: Account, request: Request, parameters: Parameters, trail: Trail) -> Answer:
        """`GET /jobs/{jobId}`."""
        trail.job_id = unquote(parameters["jobId"])
        job = jobs.look_up(account, trail.job_id)
        trail.job_status = job["status"]
        trail.job_final = job["finishedAt"] is not None
        if job["errors"]:
            errors = job["errors"][:NAMED_RECORDS]
            trail.refused = tuple((error["entity"], error["id"]) for error in errors)
            trail.missing = tuple(
                (e["missing"]["entity"], e["missing"]["id"])
                for e in errors
                if e["rule"] == "missing-reference" and e["missing"]
            )
        told = job if self._job_shape is None else self._job_shape.shown(job)
        return Answer(200, orjson.dumps(told), quotes=bool(job["errors"] or job["warnings"]))

    def _token(self, trail: Trail, log_in: authentication.LogIn) -> Answer:
        trail.account, trail.given = log_in.account, log_in.token
        expires_at = timestamp(log_in.token.expires_at)
        if self._policy.expires_at_format == "seconds":
            expires_at = f"{expires_at[:19]}Z"
        token = {"token": log_in.token.text.reveal(), "expiresAt": expires_at}
        told = token if self._log_in_shape is None else self._log_in_shape.shown(token)
        return Answer(self._policy.authenticate_status, orjson.dumps(told))


def _readers(settings: Settings, base_path: str = "") -> dict[str, BodyReader]:
    document = dict(settings.documents[base_path])
    limits = BodyLimits(
        max_bytes=settings.policy.max_body_bytes,
        max_nesting=settings.limits.max_nesting,
        max_records=settings.limits.max_import_records,
    )
    readers = {}
    for _, _, operation in spec.operations(document):
        name = operation["operationId"]
        schema = spec.request_schema(document, name)
        if schema is None:
            continue
        shape = settings.shape if name == "importMasterData" else None
        readers[name] = BodyReader(schema, limits, secret=shape is None, shape=shape)
    return readers
