"""The values the domain works with."""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

Json = Any
"""A value as it came out of a JSON parser."""

Key = str | tuple[str, ...]
"""By what a record is found again: its reference id, or several fields where it has none."""


class Secret:
    """A text that must not be shown. Its own text is never part of `repr`, `str` or a log line."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Returns the text itself; empty if nobody here knows it."""
        return self._text

    def matches(self, text: str) -> bool:
        """Whether it is that text; how long that takes depends neither on where they differ nor on how long each is."""
        return hmac.compare_digest(_sha256(self._text), _sha256(text))

    def __repr__(self) -> str:
        return "[secret]"


class DigestedSecret(Secret):
    """A secret of which nobody here knows the text: it is told by a salted digest.

    Args:
        salt: What was put before it.
        digest: What `digested` returns for salt and text.
    """

    __slots__ = ("digest", "salt")

    def __init__(self, salt: bytes, digest: bytes) -> None:
        super().__init__("")
        self.salt = salt
        self.digest = digest

    def matches(self, text: str) -> bool:
        """Whether it is that text."""
        return hmac.compare_digest(self.digest, digested(self.salt, text))


def digested(salt: bytes, text: str) -> bytes:
    """Returns the salted digest of a secret text."""
    return hmac.digest(salt, text.encode(errors="surrogatepass"), "sha256")


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()


class Reference(Protocol):
    """A field that holds the id of another record."""

    @property
    def field(self) -> str: ...
    @property
    def entity(self) -> str: ...
    @property
    def evidence(self) -> str: ...


class Child(Protocol):
    """An array of objects inside a shape."""

    @property
    def key(self) -> str: ...
    @property
    def shape(self) -> "Shape": ...


class Shape(Protocol):
    """An object of the import model, as the contract document marks it: a record, or a part of one."""

    @property
    def name(self) -> str: ...
    @property
    def entity(self) -> str | None: ...
    @property
    def stage(self) -> int: ...
    @property
    def identity(self) -> tuple[str, ...]: ...
    @property
    def fields(self) -> frozenset[str]: ...
    @property
    def references(self) -> Sequence[Reference]: ...
    @property
    def children(self) -> Sequence[Child]: ...


ENTITIES = ("contacts", "properties", "units", "responsibilities", "documents")
"""Kinds of records, in the order in which they are counted."""


class JobState(StrEnum):
    """States of a job. The names that clients see come from an assumption."""

    WAITING = "waiting"  # accepted, nothing done yet
    ACTIVE = "active"  # records are being imported
    COMPLETED = "completed"  # ended; at least one record was taken, or there was none
    FAILED = "failed"  # ended; every record was refused


TRANSITIONS: Mapping[JobState, frozenset[JobState]] = {
    JobState.WAITING: frozenset({JobState.ACTIVE}),
    JobState.ACTIVE: frozenset({JobState.COMPLETED, JobState.FAILED}),
    JobState.COMPLETED: frozenset(),
    JobState.FAILED: frozenset(),
}


class Outcome(StrEnum):
    """What became of one record."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class Record:
    """One stored record, as it is at a moment.

    Args:
        entity: Its kind.
        key: By what it is found.
        internal_id: The vendor's own number, beside the customer's reference id. Source: facts page, section 3.1.
        fields: What was imported; or what gives that when it is asked for, since often nobody asks.
        place: Where it stands: `propertyId` and `street` of a unit, `propertyId` or `unitId` of a document.
        created_at: When it was imported first.
        modified_at: When an import changed it last.
    """

    __slots__ = ("_fields", "created_at", "entity", "internal_id", "key", "modified_at", "place")

    def __init__(
        self,
        entity: str,
        key: Key,
        internal_id: int,
        fields: Mapping[str, Json] | Callable[[], Mapping[str, Json]],
        place: Mapping[str, str],
        created_at: datetime,
        modified_at: datetime,
    ) -> None:
        self.entity = entity
        self.key = key
        self.internal_id = internal_id
        self._fields = fields
        self.place = place
        self.created_at = created_at
        self.modified_at = modified_at

    @property
    def fields(self) -> Mapping[str, Json]:
        """What was imported."""
        fields = self._fields
        if callable(fields):
            fields = self._fields = fields()
        return fields

    def __repr__(self) -> str:
        return f"<Record {self.entity} {self.key!r}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and self._parts() == other._parts()

    __hash__ = None  # type: ignore[assignment]  # its fields have none

    def _parts(self) -> tuple[object, ...]:
        return (
            self.entity,
            self.key,
            self.internal_id,
            self.fields,
            self.place,
            self.created_at,
            self.modified_at,
        )


@dataclass(frozen=True, slots=True)
class RecordError:
    """Why one record of an import was refused."""

    entity: str
    id: str | None
    """Reference id; None where the record has none."""
    pointer: str
    """JSON pointer into the request."""
    rule: str
    evidence: str
    message: str
    missing: tuple[str, str | None] | None = None
    """Entity and id of the record that is missing, or that was refused first."""


@dataclass(frozen=True, slots=True)
class RecordWarning:
    """Something in an import that was left out."""

    pointer: str
    """JSON pointer to the first occurrence."""
    rule: str
    message: str
    count: int


@dataclass(slots=True)
class Token:
    """An access token of one account."""

    text: Secret
    owner: str = field(repr=False)
    """Key of the account: half of the credentials, so never shown."""
    expires_at: datetime
    revoked: bool = False
    number: int = 0
    """Counts up in its book."""
    digest: bytes | None = field(default=None, repr=False)
    """What `token_digest` returned for its text, where nobody here knows that; then `text` is empty."""

    @property
    def name(self) -> "TokenName":
        """By what it is found again."""
        return self.text.reveal() if self.digest is None else self.digest


TokenName = str | bytes
"""By what a token is found: its text, or its digest where the text is not known. No client sends bytes."""


def token_digest(text: str) -> bytes:
    """Returns the digest of a token; that needs no salt, as nobody can guess a token."""
    return _sha256(text)
