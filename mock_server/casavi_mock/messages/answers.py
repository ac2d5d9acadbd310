"""Answers, and the one place where a rule becomes a status and an error body."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson

from casavi_contracts.spec import AnswerShape, Rule
from casavi_mock.errors import Refused

JSON = b"application/json"


@dataclass(slots=True)
class Answer:
    """A complete HTTP answer."""

    status: int
    body: bytes
    media_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()
    quotes: bool = True
    """Whether its body may hold what a client sent, which the journal has to look through for secrets."""
    bytes_per_second: float | None = None
    """How fast its body is sent; None for at once."""


class Problems:
    """Turns refusals into error bodies: those of RFC 9457, unless the contract document shows others.

    Args:
        rules: The contract's register of rules.
        media_type: Media type of error bodies; assumption `error-media-type`.
        shape: How the document shows them; None for as they are shipped.
    """

    def __init__(self, rules: Mapping[str, Rule], media_type: str, shape: AnswerShape | None = None) -> None:
        self._rules = rules
        self._shape = shape
        self._media_type = media_type.encode()

    def rule(self, name: str) -> Rule:
        """Returns a rule of the register.

        Raises:
            KeyError: There is no such rule.
        """
        return self._rules[name]

    def answer(self, refusal: Refused, request_id: str) -> Answer:
        """Returns the error answer for a refusal.

        Args:
            refusal: Why, and where; its rule is in the register.
            request_id: Id of the exchange, shown in the body.

        Raises:
            ValueError: The rule refuses records inside a job, and has no status.
        """
        rule = self._rules[refusal.rule]
        if rule.status is None:
            raise ValueError(f"rule {rule.name} refuses records, not requests")
        body: dict[str, Any] = {
            "type": f"urn:casavi-mock:rule:{rule.name}",
            "title": rule.title,
            "status": rule.status,
            "detail": refusal.detail,
            "rule": rule.name,
            "evidence": rule.evidence,
            "requestId": request_id,
        }
        if rule.assumption:
            body["assumption"] = rule.assumption
        if refusal.errors:
            body["errors"] = [error.view() for error in refusal.errors]
            body["errorCount"] = max(refusal.error_count, len(refusal.errors))
        body.update(refusal.extra)
        told = body if self._shape is None else self._shape.shown(body)
        return Answer(rule.status, orjson.dumps(told), self._media_type, tuple(_encoded(refusal.headers.items())))


def phrase(status: int) -> str:
    """Returns the words that HTTP has for a status; none if it does not know it."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _encoded(headers: Iterable[tuple[str, str]]) -> Iterable[tuple[bytes, bytes]]:
    return ((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers)
