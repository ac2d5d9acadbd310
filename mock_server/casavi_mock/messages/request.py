"""A request to the vendor's API, and what the journal is told about it."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from casavi_mock.accounts import Account
from casavi_mock.domain.faults import Fault
from casavi_mock.domain.journal import Named
from casavi_mock.domain.model import Token
from casavi_mock.errors import Refused
from casavi_mock.messages.answers import Answer

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

KEPT_BYTES = 16_384
"""How much of a body the journal keeps."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came."""

    method: str
    path: str
    """As it was sent, percent-encoded."""
    query: bytes
    """As it was sent, without the question mark."""
    headers: Mapping[bytes, bytes]
    """By their names in lower case; of a header that comes twice the first counts."""
    receive: Receive
    """Returns the next ASGI message of the body."""
    all_headers: Sequence[tuple[bytes, bytes]]
    """Names in lower case and values in the order in which they came, with repetitions."""
    scheme: str = "http"
    server: str = "localhost"
    """Address that the request came to, for the rare client that sends no `Host`."""
    connection: object = None
    """What the server knows the connection by, where a fault ends it or asks whether the client has gone."""


@dataclass(slots=True)
class Trail:
    """What the journal is told about one request. Whoever learns something on the request's way writes it here."""

    request: Request
    request_id: str
    seconds: float = 0.0
    """How long it took to answer, by the wall clock."""
    answer: Answer | None = None
    """None until there is one."""
    account: Account | None = None
    """Whose request it is, once that is known."""
    operation: str | None = None
    """The `operationId` of what it means; None if the contract has no such path or method."""
    refusal: Refused | None = None
    fault: Fault | None = None
    """The fault that struck it."""
    refusing: list[Fault] = field(default_factory=list)
    """The faults that refuse records of it."""
    announced_bytes: int = 0
    """Length of its body by its headers."""
    body: bytes | bytearray | None = None
    """Its body as it came; None until all of it has come."""
    secret_names: tuple[str, ...] = ()
    """Names of the members of a body that holds secrets, if it was a JSON object."""
    given: Token | None = None
    """The token that was given out."""
    job_id: str | None = None
    """The job that was started or asked for."""
    job_status: str | None = None
    """What the client was told of that job."""
    job_final: bool = False
    """Whether that status is the last one."""
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
    """What is worth telling although nothing was refused, such as deprecated parameters."""
