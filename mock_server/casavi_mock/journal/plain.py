"""Exchanges in which there is nothing to hide but what stands in its usual place: kept as they came.

Nearly all are such, so what the journal shows of them is made when somebody looks. That nothing is to be hidden is
found out when they are written down, and what stands in its usual place (the token in its header, the body of a log-in,
the token in the answer to it) is taken out then; so nothing that is kept holds a secret.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from casavi_mock.accounts import Account, Registry
from casavi_mock.domain.journal import ENTRY_BYTES, Exchange, Headers, Named
from casavi_mock.journal.redaction import (
    MARK,
    MAX_HEADER_BYTES,
    MAX_HEADERS,
    UNMISTAKABLE,
    members_view,
    names_secret,
    uuids,
)
from casavi_mock.messages.answers import JSON, Answer
from casavi_mock.vendor.operations import KEPT_BYTES, Call

GIVES_TOKEN = frozenset({"authenticate", "refreshToken"})
_BETWEEN = b"\n"
"""Cannot stand in a header."""


@dataclass(slots=True)
class PlainExchange:
    """An exchange as it is kept in the journal; see `casavi_mock.domain.journal.Exchange` for the fields."""

    number: int
    request_id: str
    at: datetime
    server_at: datetime
    method: str
    path: str
    operation: str
    status: int
    duration_ms: float
    request_bytes: int
    request_headers: bytes
    """Names and values in turn."""
    request_body: bytes
    request_names: tuple[str, ...]
    response_bytes: int
    response_body: bytes
    token: str | None
    token_until: datetime | None
    fingerprint: str | None
    job_id: str | None
    job_status: str | None
    job_final: bool
    provides: Named
    refers: Named

    @property
    def size(self) -> int:
        """How much memory it takes, in bytes, roughly."""
        size = ENTRY_BYTES + len(self.path) + len(self.request_headers) + len(self.request_body)
        for _, record in self.provides + self.refers:
            size += 100 + len(record or "")
        return size + len(self.response_body)

    def exchange(self) -> Exchange:
        """Returns the exchange."""
        parts = self.request_headers.split(_BETWEEN) if self.request_headers else []
        return Exchange(
            number=self.number,
            request_id=self.request_id,
            at=self.at,
            server_at=self.server_at,
            method=self.method,
            path=self.path,
            operation=self.operation,
            status=self.status,
            duration_ms=self.duration_ms,
            request_bytes=self.request_bytes,
            request_headers=tuple(zip(parts[::2], parts[1::2], strict=True)),
            request_body=members_view(self.request_names) if self.operation in GIVES_TOKEN else self.request_body,
            response_bytes=self.response_bytes,
            response_headers=self._response_headers(),
            response_body=self.response_body,
            token=self.token,
            token_until=self.token_until,
            fingerprint=self.fingerprint,
            job_id=self.job_id,
            job_status=self.job_status,
            job_final=self.job_final,
            provides=self.provides,
            refers=self.refers,
        )

    def _response_headers(self) -> Headers:
        length = str(self.response_bytes).encode()
        request_id = self.request_id.encode()
        return ((b"content-type", JSON), (b"content-length", length), (b"x-request-id", request_id))


def in_usual_places(call: Call, answer: Answer, path: str) -> bool:
    """Whether a call and its answer are such as nearly all are: secrets may stand in their usual places alone."""
    return (
        call.path == path  # not encoded
        and (not call.path_params or call.job_status is not None)  # the id of a job that there is
        and not call.query
        and not call.notes
        and not call.unknown_fields
        and not call.refused
        and answer.media_type == JSON
        and len(answer.headers) == 1
        and len(answer.body) <= KEPT_BYTES
        and len(call.request_body) in (0, call.request_bytes)  # not cut
        and b"authorization" not in call.headers
    )


def kept_headers(headers: Iterable[tuple[bytes, bytes]], registry: Registry) -> bytes | None:
    """Returns headers without the values of those that are named like a secret; None if more of them must be hidden."""
    parts = [part for name, value in headers for part in (name, MARK if names_secret(name) else value)]
    kept = _BETWEEN.join(parts)
    if len(kept) >= MAX_HEADER_BYTES or len(parts) > 2 * MAX_HEADERS or kept.count(_BETWEEN) >= max(len(parts), 1):
        return None
    if kept.count(b"-") > 3:
        for text in uuids(kept):
            if registry.token(text) or registry.token(text.lower()):
                return None
    return kept


def holds_none(account: Account, token: bytes, *texts: bytes) -> bool:
    """Whether neither the credentials of an account nor a token stand in any of the texts, as far as is told fast."""
    credentials = _credentials(account.key, account.secret.reveal())
    if credentials is None:
        return False
    key, secret = credentials
    everything = _BETWEEN.join(texts)
    return not (key in everything or secret in everything or (token and token in everything))


@lru_cache(100)
def _credentials(key: str, secret: str) -> tuple[bytes, bytes] | None:
    """Returns key and secret, or None if one of them is so short that it may be a word, or has several spellings."""
    if not (key.isascii() and secret.isascii() and min(len(key), len(secret)) >= UNMISTAKABLE):
        return None
    return key.encode(), secret.encode()
