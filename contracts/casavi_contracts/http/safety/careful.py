"""A transport that asks before it sends: the budget, the ledger; and that waits when it is asked to."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import httpx

from casavi_contracts.failures import Unmet
from casavi_contracts.http.safety.budget import Budget
from casavi_contracts.http.safety.ledger import Ledger
from casavi_contracts.http.safety.pace import FIRST_PAUSE, Pace, TooMuchPatience, retry_after
from casavi_contracts.http.safety.records import Records

MAX_TRIES = 6
"""How often a request is sent that is refused because it is too much."""

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_DESTROYING = frozenset({"DELETE", "PATCH", "PUT"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePolicy:
    """What may be written at an account that is real."""

    allowed: bool
    """Whether anything may be written."""
    prefix: str
    """What every reference id has to begin with."""


class Careful(httpx.BaseTransport):
    """Takes care of a real account; at a mock only the budget counts.

    Args:
        inner: Sends the requests.
        records: Finds the records in a body.
        harmless: Paths at which a `POST` creates no records: log-in and refresh.
        budget: How much may be sent.
        pace: How fast; before the first try of a request it was kept already.
        now: Returns the present, aware.
        writes: What may be written; None at a mock, where nothing can be harmed and no patience is due.
        ledger: Where every write is listed.
        free: Paths that begin so are those of a mock's control plane, and are let through.
    """

    def __init__(
        self,
        inner: httpx.BaseTransport,
        *,
        records: Records,
        harmless: frozenset[str],
        budget: Budget,
        pace: Pace,
        now: Callable[[], datetime],
        writes: WritePolicy | None = None,
        ledger: Ledger | None = None,
        free: str = "/_mock/",
    ) -> None:
        self._inner = inner
        self._records = records
        self._harmless = harmless
        self._budget = budget
        self._pace = pace
        self._now = now
        self._writes = writes
        self._ledger = ledger
        self._free = free
        self._asking = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Returns the answer, after all that has to come before it.

        Raises:
            casavi_contracts.failures.BudgetSpent: No more may be sent.
            casavi_contracts.failures.Unmet: This must not be sent.
            casavi_contracts.failures.CouldNotRun: The ledger cannot be written, or the server wants too much patience.
            httpx.HTTPError: No answer came.
        """
        if self._free in request.url.path:
            return self._inner.handle_request(request)
        for attempt in range(MAX_TRIES):
            if attempt:
                self._pace.keep()
            with self._asking:
                self._before(request)
            answer = self._inner.handle_request(request)
            if self._writes is None or answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                return answer
            answer.close()
            asked = retry_after(answer.headers.get("retry-after"), self._now())
            self._pace.pause(FIRST_PAUSE * 2**attempt if asked is None else asked)
        raise TooMuchPatience(
            f"the server answered 429 to {request.method} {request.url.path} {MAX_TRIES} times, with pauses between; "
            "run again later, or slower with --rate"
        )

    def close(self) -> None:
        """Lets the connections go."""
        self._inner.close()

    def _before(self, request: httpx.Request) -> None:
        path = request.url.path
        if self._writes is not None and request.method in _DESTROYING:
            raise Unmet(f"it would send {request.method}, which may destroy what is in a real account")
        write = request.method not in _READING and path not in self._harmless
        records = self._records(request.content) if write else []
        if write and self._writes is not None:
            self._agree(self._writes, [reference for _, reference in records if reference])
        self._budget.spend(write=write, records=len(records))
        if write and self._ledger is not None:
            self._ledger.enter(request.method, path, records)

    @staticmethod
    def _agree(policy: WritePolicy, references: list[str]) -> None:
        if not policy.allowed:
            raise Unmet("it would create records, and that was not allowed")
        if any(not reference.startswith(policy.prefix) for reference in references):
            raise Unmet("it would create records whose ids do not begin as those of this run do")
