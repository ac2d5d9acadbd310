"""Request ids, journal entries and log lines of the vendor's exchanges."""

import hashlib
import itertools
import logging
import secrets
import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from casavi_mock.accounts import Account, Registry
from casavi_mock.domain.journal import Exchange, Headers, Named
from casavi_mock.errors import Refused
from casavi_mock.journal.plain import GIVES_TOKEN, PlainExchange, holds_none, in_usual_places, kept_headers
from casavi_mock.journal.redaction import (
    MARK,
    Hidden,
    Presented,
    may_hide_more,
    members_view,
    presented,
    shortened,
    token_answer,
)
from casavi_mock.messages.answers import Answer, Problems
from casavi_mock.vendor.operations import KEPT_BYTES, Call

MAX_ADDRESS = 2_000
"""Characters of a path, and of a query, that are kept."""

MAX_NAMED = 100_000
"""Characters that the ids of records of an exchange may have together; of more, none are kept."""

_MAX_TEXT = 500
_MARKED_TOKENS = 1_000
_IMPORT = "importMasterData"

log = logging.getLogger("casavi_mock.exchanges")


class Recorder:
    """Gives every exchange an id, and writes it to journal and log.

    Args:
        registry: The accounts, with their journals.
        problems: The rules.
        now: Returns the current time, aware.
        prefix: First part of the request ids, different for every start of a server.
    """

    def __init__(self, registry: Registry, problems: Problems, now: Callable[[], datetime], prefix: str) -> None:
        self._registry = registry
        self._problems = problems
        self._now = now
        self._prefix = prefix
        self._numbers = itertools.count(1)
        self._salt = secrets.token_bytes(16)
        self._mark_token = lru_cache(_MARKED_TOKENS)(self._mark)  # of tokens that are good: others may be long

    def new_id(self) -> str:
        """Returns the id of the next request."""
        return f"{self._prefix}-{next(self._numbers):06d}"

    def record(
        self,
        call: Call,
        answer: Answer,
        *,
        request_id: str,
        method: str,
        path: str,
        seconds: float,
        refusal: Refused | None = None,
        scope_headers: Iterable[tuple[bytes, bytes]] | None = None,
        query: bytes | None = None,
        injected: str | None = None,
        effect: str | None = None,
    ) -> None:
        """Writes down one exchange.

        Args:
            call: The request.
            answer: Its answer, as it was made.
            request_id: Its id.
            method: Its method.
            path: Its path, decoded.
            seconds: How long it took, by the wall clock.
            refusal: By what it was refused.
            scope_headers: All its headers; those of the call if not given, which lack repetitions.
            query: Its query, encoded; that of the call if not given.
            injected: Id of the fault that took effect.
            effect: What that fault did.
        """
        headers = call.headers.items() if scope_headers is None else scope_headers
        if refusal is None and injected is None:
            plain = self._plain(call, answer, request_id, method, path, seconds, headers)
            if plain is not None:
                if log.isEnabledFor(logging.DEBUG):
                    _write(plain.exchange())
                return
        known = {
            "request_id": request_id,
            "method": method[:50],
            "duration_ms": seconds * 1000,
            "injected": injected,
            "effect": effect,
        }
        raw_query = call.query if query is None else query
        self._record_closely(known, call, answer, path, raw_query, refusal, headers)

    def _record_closely(
        self,
        known: dict[str, Any],
        call: Call,
        answer: Answer,
        path: str,
        query: bytes,
        refusal: Refused | None,
        headers: Iterable[tuple[bytes, bytes]],
    ) -> None:
        """Writes down an exchange in which secrets may stand anywhere."""
        token = presented(call.headers.get(b"token"), call.headers.get(b"authorization"))
        shown_query = shortened(query.decode("latin-1"), MAX_ADDRESS, "&")
        hidden, account = self._hidden(call, token, path, shown_query)
        journal = account.journal if account else self._registry.strangers
        exchange = Exchange(
            number=journal.next_number(),
            **known,
            **_address(hidden, call, path, shown_query),  # first, as it finds what refusals may quote
            **self._outcome(call, answer, account),
            **self._refusal(hidden, refusal),
            request_headers=hidden.headers(headers),
            **self._bodies(hidden, call, answer, token, head=known["method"] == "HEAD"),
            **_records(hidden, call),
        )
        journal.add(exchange)
        _write(exchange)

    def _plain(
        self,
        call: Call,
        answer: Answer,
        request_id: str,
        method: str,
        path: str,
        seconds: float,
        headers: Iterable[tuple[bytes, bytes]],
    ) -> PlainExchange | None:
        """Writes down an exchange in which nothing is to be hidden, and returns it; None if that is not certain."""
        account, operation = call.account, call.operation
        if account is None or operation is None or method == "HEAD" or not in_usual_places(call, answer, path):
            return None
        kept = kept_headers(headers, self._registry)
        parts = None if kept is None else _without_usual(call, answer.body)
        if kept is None or parts is None:
            return None
        given, until, received = parts
        sent = call.request_body
        if not holds_none(account, call.headers.get(b"token", b""), path.encode(), kept, sent, received):
            return None
        plain = PlainExchange(
            number=account.journal.next_number(),
            request_id=request_id,
            at=account.clock.now(),
            server_at=self._now(),
            # What many entries have is kept once: names of methods, paths of the contract, marks of tokens.
            method=sys.intern(method),
            path=path if call.path_params else sys.intern(path),
            operation=operation,
            status=answer.status,
            duration_ms=seconds * 1000,
            request_bytes=call.request_bytes,
            request_headers=kept,
            request_body=sent,
            request_names=call.request_names,
            response_bytes=len(answer.body),
            response_body=_compact(received),
            token=self._mark_token(given) if given else None,
            token_until=until,
            fingerprint=f"{call.request_bytes}-{self._mark(sent)}" if sent and operation == _IMPORT else None,
            job_id=call.job_id,
            job_status=call.job_status,
            job_final=call.job_final,
            provides=call.provides,
            refers=call.refers,
        )
        account.journal.add(plain)
        return plain

    def _outcome(self, call: Call, answer: Answer, account: Account | None) -> dict[str, Any]:
        now = self._now()
        return {
            "at": account.clock.now() if account else now,
            "server_at": now,
            "operation": call.operation,
            "status": answer.status,
            "request_bytes": call.request_bytes,
            "response_bytes": len(answer.body),
            "response_headers": _answer_headers(answer),
            "notes": tuple(call.notes),
        }

    def _refusal(self, hidden: Hidden, refusal: Refused | None) -> dict[str, Any]:
        if refusal is None:
            return {}
        return {
            "rule": refusal.rule,
            "evidence": self._problems.rule(refusal.rule).evidence,
            "detail": hidden.text(refusal.detail)[:_MAX_TEXT],
            "pointers": tuple(hidden.text(error.pointer[:_MAX_TEXT]) for error in refusal.errors),
        }

    def _hidden(self, call: Call, token: Presented, path: str, query: str) -> tuple[Hidden, Account | None]:
        """Returns what is not to be shown of an exchange, and whose it is: a token that is no good has an owner too."""
        hidden = Hidden(self._registry)
        if token.text:
            hidden.add_token(token.text)
        account = call.account
        if account is None:
            known = [token.text, *hidden.add_known(path), *hidden.add_known(query)]
            owners = (self._owner(text) for text in known)
            account = next((owner for owner in owners if owner is not None), None)
        if account is not None:
            hidden.add_account(account)
        elif call.operation is None or query or call.path_params:
            for stranger in self._registry:
                hidden.add_account(stranger)
        return hidden, account

    def _owner(self, text: str) -> Account | None:
        token = self._registry.token(text) if text else None
        return self._registry.get(token.owner) if token else None

    def _bodies(self, hidden: Hidden, call: Call, answer: Answer, token: Presented, *, head: bool) -> dict[str, Any]:
        """Returns bodies, and what is told by them: marks of a token and of an import."""
        given, until = token.text, None
        sent = call.request_body
        if call.operation in GIVES_TOKEN:
            request_body = members_view(call.request_names)
        else:
            request_body = hidden.body(sent, cut=len(sent) < call.request_bytes) if sent else b""
        response_body = answer.body
        if call.operation in GIVES_TOKEN and answer.status < 400:
            response_body, given = token_answer(response_body)
            issued = self._registry.token(given)
            until = issued.expires_at if issued else None
        window = response_body[: KEPT_BYTES + 1_000]
        return {
            "request_body": request_body,
            "response_body": b"" if head else _compact(self._shown(hidden, window, answer)[:KEPT_BYTES]),
            "token": self._mark(given.encode()) if given else None,
            "token_form": token.form,
            "token_until": until,
            "fingerprint": f"{call.request_bytes}-{self._mark(sent)}" if sent and call.operation == _IMPORT else None,
        }

    def _shown(self, hidden: Hidden, window: bytes, answer: Answer) -> bytes:
        return hidden.raw(window, cut=len(window) < len(answer.body), quotes=answer.status >= 400)

    def _mark(self, raw: bytes) -> str:
        """Returns a text that tells same from different, and nothing else: the salt goes with the server."""
        return hashlib.blake2b(raw, digest_size=8, key=self._salt).hexdigest()


def _without_usual(call: Call, received: bytes) -> tuple[bytes, datetime | None, bytes] | None:
    """Returns the token of a call, until when a new one lives, and the answer without it; None if that is unsure."""
    token = call.headers.get(b"token", b"")
    if call.operation not in GIVES_TOKEN:
        return None if may_hide_more(call.request_body) or b"\\" in received else (token, None, received)
    if call.given is None or token:
        return None
    given = call.given.text.reveal().encode()
    return given, call.given.expires_at, received.replace(given, MARK)


def _compact(body: bytes) -> bytes:
    """Returns a body without the room that orjson leaves behind it, some 4,000 bytes behind a short one."""
    return bytes(memoryview(body))


def _address(hidden: Hidden, call: Call, path: str, query: str) -> dict[str, Any]:
    shown_path, in_path = hidden.path(shortened(path, MAX_ADDRESS, "/"))
    if in_path:
        hidden.path(shortened(call.path, MAX_ADDRESS, "/"))  # refusals quote it as it was sent
    shown_query, in_query = hidden.query(query) if query else ("", False)
    return {"path": shown_path, "query": shown_query, "token_in_url": in_path or in_query}


def _answer_headers(answer: Answer) -> Headers:
    own = ((b"content-type", answer.media_type), (b"content-length", str(len(answer.body)).encode()))
    return (*own, *answer.headers)


def _records(hidden: Hidden, call: Call) -> dict[str, Any]:
    """Returns what the call tells of its job and its records, as far as it is kept."""
    job_id = call.job_id
    if job_id is not None:
        job_id = hidden.path(shortened(job_id, _MAX_TEXT, "/"))[0] if call.path_params else job_id
    if call.operation != _IMPORT:
        return {
            "job_id": job_id,
            "job_status": call.job_status,
            "job_final": call.job_final,
            "refused": _bounded(hidden, call.refused),
            "missing": _bounded(hidden, call.missing),
        }
    return {
        "job_id": job_id,
        "provides": _bounded(hidden, call.provides),
        "refers": _bounded(hidden, call.refers),
        "unknown_fields": tuple(hidden.text(pointer[:_MAX_TEXT]) for pointer in call.unknown_fields),
    }


def _bounded(hidden: Hidden, records: Named) -> Named:
    if not records or sum(len(name or "") for _, name in records) > MAX_NAMED:
        return ()
    return hidden.records(records)


def _write(exchange: Exchange) -> None:
    level = logging.WARNING if exchange.rule or exchange.notes else logging.DEBUG
    if not log.isEnabledFor(level):
        return
    detail = exchange.detail or "; ".join(exchange.notes)
    log.log(
        level,
        "%s %s %d %.1f ms%s",
        exchange.method,
        _one_line(exchange.path[:200]),
        exchange.status,
        exchange.duration_ms,
        _one_line(f" {exchange.rule}: {detail}" if exchange.rule else f" {detail}" if detail else ""),
        extra={
            "data": {
                "requestId": exchange.request_id,
                "operation": exchange.operation,
                "method": exchange.method,
                "path": exchange.path[:200],
                "status": exchange.status,
                "durationMs": round(exchange.duration_ms, 2),
                "rule": exchange.rule,
                "evidence": exchange.evidence,
                "notes": list(exchange.notes),
            }
        },
    )


def _one_line(text: str) -> str:
    """Returns a text that cannot begin a log line of its own, nor steer a terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
