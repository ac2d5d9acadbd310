"""Refusals of the control plane: what is wrong, where, and what is possible instead (RFC 9457)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from casavi_mock.bodies.validation import MAX_ERRORS
from casavi_mock.errors import CasaviMockError, FieldError, Refused, Unsteerable

MEDIA_TYPE = "application/problem+json"

TITLES = {
    400: "The request cannot be understood",
    401: "The control token is missing or wrong",
    403: "Browsers of other origins may not steer the mock",
    404: "There is no such thing",
    405: "This cannot be done with it",
    409: "This cannot be done as things are",
    413: "The body is too long",
    415: "The body is not JSON",
    500: "The mock failed",
    503: "The state cannot be saved",
}

MAX_COUNTED = 1_000
"""Wrong places in a body that are counted at most."""

_SHOWN = 500
"""Characters of a pointer that are shown at most."""


@dataclass
class Problem(CasaviMockError):
    """A request to the control plane is refused."""

    status: int
    detail: str
    where: str | None = None
    """A JSON pointer into the body, or the name of a header or parameter."""
    expected: str | None = None
    got: str | None = None
    possible: Sequence[str] = ()
    errors: Sequence[FieldError] = ()
    headers: Sequence[tuple[str, str]] = ()

    def __str__(self) -> str:
        return self.detail

    @property
    def body(self) -> dict[str, Any]:
        """The members of the answer."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": TITLES.get(self.status, "The request is refused"),
            "status": self.status,
            "detail": self.detail,
            "where": self.where if self.where is None else self.where[:_SHOWN],
            "expected": self.expected,
            "got": self.got,
            "possible": list(self.possible),
        }
        if self.errors:
            body["errors"] = [{**error.view(), "pointer": error.pointer[:_SHOWN]} for error in self.errors[:MAX_ERRORS]]
            body["errorCount"] = len(self.errors)
        return body


def from_errors(errors: Sequence[FieldError], possible: Sequence[str] = (), status: int = 400) -> Problem:
    """Returns the problem for places that do not satisfy a schema.

    Args:
        errors: At least one place.
        possible: What is possible at the first.
        status: 400 if a body has these places.
    """
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    detail = f"{first.pointer[:_SHOWN] or 'The body'}: {first.message}{more}."
    return Problem(status, detail, first.pointer, first.expected, first.got, possible, errors)


def from_refusal(error: Refused) -> Problem:
    """Returns the problem for a body that the readers of the contract's bodies refuse."""
    status = 415 if error.rule == "media-type-unsupported" else 400
    first = error.errors[0] if error.errors else FieldError("", "", "")
    where = "Content-Type" if status == 415 else first.pointer
    return Problem(status, error.detail, where, first.expected, first.got, errors=error.errors)


@contextmanager
def refusing(status: int, where: str | None = None) -> Iterator[None]:
    """Turns what an account refuses to do into a problem.

    Args:
        status: 404 where a name is unknown, 409 where something cannot be done now.
        where: Name of the parameter, or pointer.
    """
    try:
        yield
    except Unsteerable as error:
        raise Problem(status, error.what, where, possible=error.possible) from None
