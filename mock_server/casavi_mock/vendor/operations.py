"""The vendor's operations that log in, import, and follow a job: request in, use case called, answer out."""

import functools
from urllib.parse import unquote

import orjson

from casavi_contracts import spec
from casavi_mock.accounts import Account, Registry, Settings
from casavi_mock.bodies.body import BodyLimits, BodyReader
from casavi_mock.bodies.bulk import ItemSchema
from casavi_mock.bodies.pauses import in_pauses
from casavi_mock.domain.clock import timestamp
from casavi_mock.domain.importing import targets
from casavi_mock.domain.ordering import planning
from casavi_mock.handlers import authentication, imports, jobs
from casavi_mock.messages.answers import Answer
from casavi_mock.messages.request import Request, Trail
from casavi_mock.vendor.endpoint import Body, LogIn, Operation, Parameters
from casavi_mock.vendor.faults import job_outcome

PLAN_RECORDS = 500
"""Records planned between two pauses of a large import."""

NAMED_RECORDS = 1_000
"""Imports with more records than that are journaled without the names of their records."""


class Operations:
    """One method for each `operationId` of the contract that does not only read.

    Args:
        registry: The accounts.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._policy = registry.settings.policy
        self._final_statuses = self._policy.final_statuses
        self._shape = registry.settings.shape
        self._readers = _readers(registry.settings)

    def table(self) -> dict[str, Operation | LogIn]:
        """Returns the operations by `operationId`."""
        named_key = functools.partial(authentication.named_key, self._registry)
        return {
            "authenticate": LogIn(self._readers["authenticate"], named_key, self.authenticate),
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
        body = await self._readers["importMasterData"].read(request.headers, request.receive, trail.took)
        plan = await in_pauses(planning(body, self._shape, PLAN_RECORDS))
        if len(plan.records) <= NAMED_RECORDS:
            trail.provides = tuple([(record.entity, record.id) for record in plan.records])
            trail.refers = tuple(targets(plan))
        trail.unknown_fields = tuple([warning.pointer for warning in plan.warnings])
        forced = job_outcome(trail.fault) if trail.fault else None
        job = imports.accept(account, plan, forced=forced, size=trail.request_bytes)
        trail.job_id = job.id
        return Answer(self._policy.import_status, orjson.dumps({self._policy.job_id_field: job.id}))

    async def get_job(self, account: Account, request: Request, parameters: Parameters, trail: Trail) -> Answer:
        """`GET /jobs/{jobId}`."""
        trail.job_id = unquote(parameters["jobId"])
        job = jobs.look_up(account, trail.job_id)
        trail.job_status = job["status"]
        trail.job_final = job["status"] in self._final_statuses
        if job["errors"]:
            errors = job["errors"][:NAMED_RECORDS]
            trail.refused = tuple((error["entity"], error["id"]) for error in errors)
            trail.missing = tuple(
                (e["missing"]["entity"], e["missing"]["id"]) for e in errors if e["rule"] == "missing-reference"
            )
        return Answer(200, orjson.dumps(job))

    def _token(self, trail: Trail, log_in: authentication.LogIn) -> Answer:
        trail.account, trail.given = log_in.account, log_in.token
        expires_at = timestamp(log_in.token.expires_at)
        if self._policy.expires_at_format == "seconds":
            expires_at = f"{expires_at[:19]}Z"
        token = {"token": log_in.token.text.reveal(), "expiresAt": expires_at}
        return Answer(self._policy.authenticate_status, orjson.dumps(token))


def _readers(settings: Settings) -> dict[str, BodyReader]:
    document = dict(settings.document)
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
        arrays = settings.shape.children if name == "importMasterData" else ()
        items = {
            child.key: ItemSchema(
                spec.json_schema(document, {"$ref": f"#/components/schemas/{child.shape.name}"}), child.shape
            )
            for child in arrays
        }
        readers[name] = BodyReader(schema, limits, secret=not arrays, items=items)
    return readers
