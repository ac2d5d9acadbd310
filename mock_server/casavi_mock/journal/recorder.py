"""Writes what was asked and answered into the journal of its account, and a line into the log; both without secrets."""

import hashlib
import itertools
import logging
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from casavi_mock.accounts import Account, Registry
from casavi_mock.domain.journal import Exchange, printable
from casavi_mock.domain.model import DigestedSecret
from casavi_mock.journal.redaction import (
    MARK,
    Redaction,
    credentials,
    known,
    members_view,
    names_secret,
    nothing_hidden,
    recognised,
    standing_in,
    tokens_in,
    without_members,
)
from casavi_mock.messages.answers import Problems
from casavi_mock.messages.request import KEPT_BYTES, Trail
from casavi_mock.system import entropy

MAX_ADDRESS = 2_000
"""Characters of a path, and of a query, that are kept."""

MAX_NAMED = 100_000
"""Characters that the ids of records of an exchange may have together; of more, none are kept."""

MAX_HEADERS = 100
"""Headers of a request that are kept."""

MAX_HEADER_BYTES = 2_000
"""Bytes of a header's name, and of its value, that are kept."""

_MAX_TEXT = 500
_OVERLAP = 1_000
"""Bytes behind a cut that are looked at, so that a secret across it is found; characters of a token that came."""

_SHORTEST_TOKEN = 6
"""Characters; what is shorter is none, and stands in many words."""

_IMPORT = "importMasterData"
_LOG_INS = frozenset({"authenticate", "refreshToken"})

log = logging.getLogger("casavi_mock.exchanges")


Shown = dict[str, Any]
"""Fields of an exchange that hold what a client sent or was answered, by name; redacted in place."""


class Recorder:
    """Writes every exchange to journal and log.

    Args:
        registry: The accounts, with their journals.
        problems: The rules.
        now: Returns the current time, aware.
    """

    def __init__(self, registry: Registry, problems: Problems, now: Callable[[], datetime]) -> None:
        self._registry = registry
        self._problems = problems
        self._now = now
        self._salt = entropy(16)
        self._mark_good = lru_cache(1_000)(self._mark)  # of tokens that are good: others may be long

    def record(self, trail: Trail) -> None:
        """Writes down one exchange, of which its trail tells everything."""
        token, form = _presented(trail.request.headers)
        facts = self._facts(trail, token)
        shown, usual, account = _shown(trail), _is_usual(trail), trail.account
        if trail.given is None:
            without_members(shown)
        # Of nearly all exchanges it is told at one look that there is nothing to take out.
        if account is not None and isinstance(account.secret, DigestedSecret):  # of an earlier run
            account.secret = recognised(_everything(trail, shown), account.secret) or account.secret
        hidden = credentials(account.key, account.secret) if account else None
        quotes = trail.answer is None or trail.answer.quotes
        if not usual or hidden is None or not nothing_hidden(shown, hidden, self._registry.issued, quotes=quotes):
            account = self._redact(trail, shown, token)
        account = account or self._registry.adopter
        journal = account.journal if account else self._registry.strangers
        now = self._now()
        at = account.clock.now() if account else now
        exchange = Exchange(
            number=journal.next_number(),
            at=at,
            server_at=now,
            token_form=form,
            **facts,
            **shown,
        )
        journal.add(exchange)
        if trail.account is not None:
            trail.account.in_flight.pop(trail.request_id, None)
        if exchange.rule or exchange.notes or log.isEnabledFor(logging.DEBUG):
            _log(exchange)

    def _facts(self, trail: Trail, token: str) -> dict[str, Any]:
        """Returns the fields of an exchange in which no text of a client stands."""
        answer, refusal, fault, given = trail.answer, trail.refusal, trail.fault, trail.given
        assert answer is not None, "an exchange is written down when it is answered"
        if given is not None:
            token = given.text.reveal()
        mark = self._mark_good if token in self._registry.issued else self._mark
        sent = b"" if trail.operation in _LOG_INS else (trail.body or b"")[:KEPT_BYTES]
        request_bytes = trail.announced_bytes if trail.body is None else len(trail.body)
        length = str(len(answer.body)).encode()
        return {
            "request_id": trail.request_id,
            "method": sys.intern(trail.request.method[:50]),  # what many entries have is kept once
            "operation": trail.operation,
            "status": answer.status,
            "duration_ms": trail.seconds * 1000,
            "request_bytes": request_bytes,
            "response_bytes": len(answer.body),
            "response_headers": ((b"content-type", answer.media_type), (b"content-length", length), *answer.headers),
            "rule": refusal and refusal.rule,
            "evidence": refusal and self._problems.rule(refusal.rule).evidence,
            "notes": tuple(trail.notes),
            "injected": fault and fault.id,
            "effect": fault and fault.effect.kind,
            "token": mark(token) if token else None,
            "token_until": given and given.expires_at,
            "fingerprint": f"{request_bytes}-{self._digest(sent)}" if sent else None,
            "job_status": trail.job_status,
            "job_final": trail.job_final,
        }

    def _redact(self, trail: Trail, shown: Shown, token: str) -> Account | None:
        """Takes out what must not be shown; returns whose exchange it is: a token that is no good has an owner too."""
        issued, account = self._registry.issued, trail.account
        # A wrong key and a wrong secret are looked through alike: a difference in time would tell which keys there are.
        secretive = trail.refusal is not None and trail.operation in _LOG_INS
        if account is None or secretive:
            address = f"{trail.request.path}\n{shown['query']}".encode()
            owners = (issued[text].owner for text in (token, *tokens_in(address, issued)) if text in issued)
            account = account or next(filter(None, map(self._registry.get, owners)), None)
        _leave_out_names(shown)
        everything = _everything(trail, shown)
        if account and not secretive:
            hidden = [*credentials(account.key, account.secret).known]
        else:
            hidden = standing_in(everything, self._registry)
        if len(token) >= _SHORTEST_TOKEN:
            hidden.append(known(token[:_OVERLAP]))
        _take_out(Redaction(hidden, issued, everything), trail, shown)
        return account

    def _mark(self, token: str) -> str:
        """Returns a text that tells the same token from another, and nothing else: the salt goes with the server."""
        return self._digest(token.encode())

    def _digest(self, raw: bytes | bytearray) -> str:
        return hashlib.blake2b(raw, digest_size=8, key=self._salt).hexdigest()


def _presented(headers: Mapping[bytes, bytes]) -> tuple[str, str | None]:
    """Returns the token that came with a request, empty if there was none, and its form if that is not the right one.

    The right one is raw in the header `token`; others are `bearer` (in that header) and `authorization` (in another).
    """
    text = headers.get(b"token", b"").decode("latin-1")
    if text[:7].lower() == "bearer ":
        return text[7:].strip(), "bearer"
    other = headers.get(b"authorization")
    if other is None:
        return text, None
    scheme, _, rest = other.decode("latin-1").partition(" ")
    if rest and scheme.lower() not in ("bearer", "token"):
        return text, None  # something else than a token, such as a gateway's own
    return text or (rest or scheme).strip(), "authorization"


def _shown(trail: Trail) -> Shown:
    """Returns what came and went; of headers that are named like a secret, and of bodies of log-ins, names alone."""
    request, answer = trail.request, trail.answer
    assert answer is not None, "an exchange is written down when it is answered"
    # A copy, also of a short answer: orjson leaves 4,000 bytes of room behind each.
    received = b"" if request.method == "HEAD" else bytes(memoryview(answer.body)[: KEPT_BYTES + _OVERLAP])
    headers = [(name, MARK if names_secret(name) else value) for name, value in request.all_headers]
    if trail.given is not None:
        received = received.replace(trail.given.text.reveal().encode(), MARK)
    body = b"" if trail.body is None else bytes(trail.body[:KEPT_BYTES])
    return {
        "path": _readable(request.path) if "%" in request.path else request.path,
        "query": request.query.decode("latin-1"),
        "request_headers": tuple(headers),
        "request_body": members_view(trail.secret_names) if trail.operation in _LOG_INS else body,
        "response_body": received,
        "job_id": trail.job_id,
        "provides": trail.provides,
        "refers": trail.refers,
        "refused": trail.refused,
        "missing": trail.missing,
        "unknown_fields": trail.unknown_fields,
    }


def _is_usual(trail: Trail) -> bool:
    """Whether an exchange is short, and quotes nothing: then all of its texts stand in path, headers and bodies."""
    request, answer = trail.request, trail.answer
    return (
        answer is not None
        and trail.refusal is None
        and not request.query
        and len(request.path) <= MAX_ADDRESS
        and len(request.all_headers) <= MAX_HEADERS
        and (trail.body is None or len(trail.body) <= KEPT_BYTES)
        and len(answer.body) <= KEPT_BYTES
        and max(map(len, itertools.chain.from_iterable(request.all_headers)), default=0) <= MAX_HEADER_BYTES
    )


_NAMED = ("provides", "refers", "refused", "missing")
"""Fields of an exchange that name records."""


def _named(shown: Shown) -> list[str]:
    return [name for _, name in itertools.chain.from_iterable(shown[field] for field in _NAMED) if name]


def _names(shown: Shown) -> str:
    """Returns the ids of all records that are named."""
    return "\n".join(_named(shown))


def _leave_out_names(shown: Shown) -> None:
    """Names no records where their ids are too long to be kept; to look through them would take long as well."""
    if sum(map(len, _named(shown))) > MAX_NAMED:
        shown.update(dict.fromkeys(_NAMED, ()))


def _everything(trail: Trail, shown: Shown) -> bytes:
    refusal = trail.refusal
    told = (refusal.detail, *(error.pointer for error in refusal.errors)) if refusal else ()
    texts = (trail.request.path, shown["query"], shown["job_id"] or "", _names(shown), *shown["unknown_fields"], *told)
    headers = itertools.chain.from_iterable(shown["request_headers"])
    text = "\n".join(texts).encode(errors="replace")
    return b"\n".join((text, *headers, shown["request_body"], shown["response_body"]))


def _take_out(redaction: Redaction, trail: Trail, shown: Shown) -> None:
    """Redacts and cuts what an exchange shows."""
    answer, refusal = trail.answer, trail.refusal
    assert answer is not None, "an exchange is written down when it is answered"
    path, query = _shortened(shown["path"], MAX_ADDRESS, "/"), _shortened(shown["query"], MAX_ADDRESS, "&")
    shown["path"], shown["query"] = redaction.path(path), redaction.query(query)
    shown["token_in_url"] = shown["path"] != path or redaction.holds_token(query)
    shown["request_headers"] = tuple(
        [
            (_header(redaction, name), _header(redaction, value))
            for name, value in shown["request_headers"][:MAX_HEADERS]
        ]
    )
    shown["request_body"] = redaction.shown(
        shown["request_body"], cut=trail.body is not None and len(trail.body) > KEPT_BYTES
    )
    cut = len(answer.body) > len(shown["response_body"])
    received = redaction.shown(shown["response_body"], cut=cut, quotes=answer.status >= 400)
    shown["response_body"] = received[:KEPT_BYTES]
    if shown["job_id"] is not None and trail.operation != _IMPORT:
        shown["job_id"] = redaction.path(_shortened(shown["job_id"], _MAX_TEXT, "/"))
    if redaction.stands_in(_names(shown).encode(errors="replace")):
        for field in _NAMED:
            shown[field] = tuple([(entity, name and redaction.text(name)) for entity, name in shown[field]])
    shown["unknown_fields"] = tuple([redaction.text(pointer[:_MAX_TEXT]) for pointer in shown["unknown_fields"]])
    if refusal is not None:
        shown["detail"] = redaction.text(refusal.detail)[:_MAX_TEXT]
        shown["pointers"] = tuple([redaction.text(error.pointer[:_MAX_TEXT]) for error in refusal.errors])


def _header(redaction: Redaction, text: bytes) -> bytes:
    window = text[: MAX_HEADER_BYTES + _OVERLAP]
    return redaction.shown(window, cut=len(text) > MAX_HEADER_BYTES)[:MAX_HEADER_BYTES]


def _readable(path: str) -> str:
    """Returns a path decoded, but for what would change its parts: a slash and a percent sign inside of one."""
    return "/".join(unquote(part).replace("%", "%25").replace("/", "%2F") for part in path.split("/"))


def _shortened(text: str, limit: int, separator: str) -> str:
    """Returns a text of at most about that length; a part that is cut goes as a whole, since it may begin a secret."""
    return text if len(text) <= limit else text[:limit].rpartition(separator)[0] + separator + "…"


def _log(exchange: Exchange) -> None:
    detail = exchange.detail or "; ".join(exchange.notes)
    log.log(
        logging.WARNING if exchange.rule or exchange.notes else logging.DEBUG,
        "%s %s %d %.1f ms%s",
        exchange.method,
        printable(exchange.path[:200]),
        exchange.status,
        exchange.duration_ms,
        printable(f" {exchange.rule}: {detail}" if exchange.rule else f" {detail}" if detail else ""),
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
