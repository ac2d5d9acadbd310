"""Conventions about what no answer may hold."""

from collections.abc import Iterator
from typing import Any

from casavi_contracts.failures import Broken
from casavi_contracts.fuzz.checks.check import Check, body_of, check, texts
from casavi_contracts.fuzz.filler import MADE_UP
from casavi_contracts.fuzz.sent import Sent
from casavi_contracts.fuzz.session import AUTHENTICATE, REFRESH, Session
from casavi_contracts.http.exchange import Answer


@check("No answer but that of a log-in or refresh holds a token.", evidence="inferred", source="2.4")
def tokens_are_not_repeated(session: Session, sent: Sent, answer: Answer) -> None:
    body = body_of(answer)
    if sent.operation in (AUTHENTICATE, REFRESH) and answer.ok and isinstance(body, dict):
        body = {name: member for name, member in body.items() if name != "token"}
    for where, text in _shown(body, answer):
        for token in session.tokens:
            if token in text:
                raise Broken("no token in the answer", f"a token in {where}")


@check(
    "No answer repeats a key, a secret, a password or an e-mail address of a log-in.", evidence="inferred", source="2.1"
)
def secrets_are_not_repeated(session: Session, sent: Sent, answer: Answer) -> None:
    account = session.client.credentials
    secrets = {"the key": account.key, "the secret": account.secret}
    if sent.operation in (AUTHENTICATE, REFRESH):
        secrets["a secret that was made up"] = MADE_UP
    for where, text in _shown(body_of(answer), answer):
        for what, secret in secrets.items():
            if secret in text:
                raise Broken("no secret in the answer", f"{what} in {where}")


CHECKS: tuple[Check, ...] = (tokens_are_not_repeated, secrets_are_not_repeated)


def _shown(body: Any, answer: Answer) -> Iterator[tuple[str, str]]:
    """Yields every text that an answer shows, and where it stands."""
    for name, value in answer.headers.items():
        yield f"the header {name}", value
    if body is None:
        yield "the body", answer.body.decode(errors="replace")
    for text in texts(body):
        yield "the body", text
