"""Request ids, journal entries and log lines of the vendor's exchanges."""

import itertools
import logging
from collections.abc import Callable
from datetime import datetime

from casavi_mock.domain.journal import Exchange
from casavi_mock.errors import Refused
from casavi_mock.web.answers import Answer, Problems
from casavi_mock.web.operations import Call
from casavi_mock.world import Registry

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
    ) -> None:
        """Writes down one exchange."""
        world = call.world
        journal = world.journal if world else self._registry.strangers
        rule = refusal.rule if refusal else None
        exchange = Exchange(
            number=journal.next_number(),
            request_id=request_id,
            at=world.clock.now() if world else self._now(),
            method=method,
            path=path,
            operation=call.operation,
            status=answer.status,
            duration_ms=seconds * 1000,
            request_bytes=call.request_bytes,
            response_bytes=len(answer.body),
            rule=rule,
            evidence=self._problems.rule(rule).evidence if rule else None,
            notes=tuple(call.notes),
        )
        journal.add(exchange)
        level = logging.WARNING if refusal or call.notes else logging.DEBUG
        if log.isEnabledFor(level):
            _write(level, exchange, refusal)


def _write(level: int, exchange: Exchange, refusal: Refused | None) -> None:
    detail = refusal.detail if refusal else "; ".join(exchange.notes)
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
