"""The vendor's operations: request in, use case called, answer out."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from casavi_contracts import spec
from casavi_mock.accounts import Account, Registry, Settings
from casavi_mock.bodies.body import BodyLimits, BodyReader, Receive
from casavi_mock.bodies.bulk import ItemSchema
from casavi_mock.bodies.pauses import in_pauses
from casavi_mock.domain.clock import timestamp
from casavi_mock.domain.importing import targets
from casavi_mock.domain.model import Token
from casavi_mock.domain.ordering import planning
from casavi_mock.handlers import authentication, imports, jobs
from casavi_mock.messages.answers import Answer, json_answer

PLAN_RECORDS = 500
"""Records planned between two pauses of a large import."""


KEPT_BYTES = 16_384
"""How much of a body the journal keeps."""


NAMED_RECORDS = 1_000
"""Imports with more records than that are journaled without the names of their records."""

Named = tuple[tuple[str, str | None], ...]
"""Entity and reference id of records."""


async def _admit_all(account: Account) -> None:
    """Lets every call pass."""


@dataclass(slots=True)
class Call:
    """One request on its way through the server."""

    headers: Mapping[bytes, bytes]
    receive: Receive
    scheme: str = "http"
    server: str = "localhost"
    """Address that the request came to, for the rare client that sends no `Host`."""
    path: str = ""
    """As it was sent, percent-encoded."""
    query: bytes = b""
    path_params: Mapping[str, str] = field(default_factory=dict)
    operation: str | None = None
    account: Account | None = None
    """The account, once it is known."""
    request_bytes: int = 0
    request_body: bytes = b""
    """The beginning of the body as it came; empty where it holds secrets."""
    request_names: tuple[str, ...] = ()
    """Names of the body's members, where it holds secrets and was good JSON."""
    admit: Callable[[Account], Awaitable[None]] = _admit_all
    """Awaited once, as soon as the account is known and before any work is done; may raise."""
    given: Token | None = None
    """The token that was given out."""
    forced: str | None = None
    """What becomes of the job that it creates, by command."""
    job_id: str | None = None
    job_status: str | None = None
    """What the client was told of the job."""
    job_final: bool = False
    refused: Named = ()
    """Records that the client was told are refused."""
    missing: Named = ()
    """Records that the client was told are missing."""
    provides: Named = ()
    """Records of an import; none of a large one."""
    refers: Named = ()
    """Records that an import refers to; none of a large one."""
    unknown_fields: tuple[str, ...] = ()
    """JSON pointers of fields that the contract does not know."""
    notes: list[str] = field(default_factory=list)

    def took(self, raw: bytes | bytearray) -> None:
        """Notes the body that came."""
        self.request_bytes = len(raw)
        self.request_body = bytes(raw[:KEPT_BYTES])

    def took_secret(self, raw: bytes | bytearray) -> None:
        """Notes the length of a body that holds secrets."""
        self.request_bytes = len(raw)


Operation = Callable[[Call], Awaitable[Answer]]


class Operations:
    """One method for each `operationId` of the contract.

    Args:
        registry: The accounts.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._policy = registry.settings.policy
        self._final_statuses = self._policy.final_statuses
        self._shape = registry.settings.shape
        readers = _readers(registry.settings)
        self._log_in_body, self._refresh_body, self._import_body = (
            readers["authenticate"],
            readers["refreshToken"],
            readers["importMasterData"],
        )

    def table(self) -> dict[str, Operation]:
        """Returns the operations by `operationId`."""
        return {
            "authenticate": self.authenticate,
            "refreshToken": self.refresh_token,
            "importMasterData": self.import_master_data,
            "getJob": self.get_job,
        }

    async def authenticate(self, call: Call) -> Answer:
        """`POST /authenticate`."""
        body = await self._log_in_body.read(call.headers, call.receive, call.took_secret)
        call.request_names = tuple(body)
        await self._admit(call, authentication.named_key(self._registry, body))
        log_in = authentication.authenticate(self._registry, body)
        headers: tuple[tuple[bytes, bytes], ...] = ()
        if log_in.deprecated:
            call.notes.append("deprecated parameters: apiKey, email, password; use key and secret")
            headers = ((b"deprecation", b"true"),) if self._policy.deprecation_header else ()
        return self._token(call, log_in, headers)

    async def refresh_token(self, call: Call) -> Answer:
        """`POST /refresh`."""
        body = await self._refresh_body.read(call.headers, call.receive, call.took_secret)
        call.request_names = tuple(body)
        await self._admit(call, body["apiKey"])
        return self._token(call, authentication.refresh(self._registry, body["apiKey"], body["token"]))

    async def import_master_data(self, call: Call) -> Answer:
        """`POST /import`."""
        account = account_of(call)
        body = await self._import_body.read(call.headers, call.receive, call.took)
        plan = await in_pauses(planning(body, self._shape, PLAN_RECORDS))
        if len(plan.records) <= NAMED_RECORDS:
            call.provides = tuple((record.entity, record.id) for record in plan.records)
            call.refers = tuple(targets(plan))
        call.unknown_fields = tuple(warning.pointer for warning in plan.warnings)
        job = imports.accept(account, plan, forced=call.forced, size=call.request_bytes)
        call.job_id = job.id
        return json_answer(self._policy.import_status, {self._policy.job_id_field: job.id})

    async def get_job(self, call: Call) -> Answer:
        """`GET /jobs/{jobId}`."""
        account = account_of(call)
        call.job_id = unquote(call.path_params["jobId"])
        job = jobs.look_up(account, call.job_id)
        call.job_status = job["status"]
        call.job_final = job["status"] in self._final_statuses
        if job["errors"]:
            errors = job["errors"][:NAMED_RECORDS]
            call.refused = tuple((error["entity"], error["id"]) for error in errors)
            call.missing = tuple(
                (e["missing"]["entity"], e["missing"]["id"]) for e in errors if e["rule"] == "missing-reference"
            )
        return json_answer(200, job)

    async def _admit(self, call: Call, key: str) -> None:
        account = self._registry.get(key)
        if account is not None:
            await call.admit(account)

    def _token(self, call: Call, log_in: authentication.LogIn, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Answer:
        call.account, call.given = log_in.account, log_in.token
        expires_at = timestamp(log_in.token.expires_at)
        if self._policy.expires_at_format == "seconds":
            expires_at = f"{expires_at[:19]}Z"
        token = {"token": log_in.token.text.reveal(), "expiresAt": expires_at}
        return json_answer(self._policy.authenticate_status, token, headers)


def account_of(call: Call) -> Account:
    """Returns the account of a call to an operation that demands a token."""
    assert call.account is not None, "the contract demands a token here, so it was checked before"
    return call.account


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
