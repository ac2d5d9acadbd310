"""States that a run has to see before it can say anything about them."""

import json
from collections.abc import Mapping
from typing import Any

from casavi_contracts.contract import Contract
from casavi_contracts.http.exchange import Answer, Exchange

STATES = (
    "an active job", "a job that failed in part", "a token that expires while a job is polled", "a full page",
    "a last page of several", "an ended job that is kept", "a job that was dropped",
)  # fmt: skip
"""In the order in which they are told."""


class Reached:
    """A listener of a recorder that notes which states were seen.

    Args:
        contracts: The contract of every version that is judged; answers of another one are not looked at.
    """

    def __init__(self, contracts: Mapping[str, Contract]) -> None:
        self._page_size = {version: one.values[f"{version}-page-size"] for version, one in contracts.items()}
        self._contracts = contracts
        self._ended: dict[str, int] = {}
        self.seen: set[str] = set()

    def missing(self) -> list[str]:
        """Returns the states that were not seen."""
        return [state for state in STATES if state not in self.seen]

    def see(self, exchange: Exchange, body: bytes, answer: Answer | None) -> None:
        """Looks at one exchange."""
        if answer is None or exchange.version not in self._contracts or len(self.seen) == len(STATES):
            return
        operation = exchange.operation or ""
        if operation == "getJob":
            self._see_job(exchange, answer)
        elif answer.ok and exchange.method == "GET":
            self._see_page(exchange, answer)

    def _values(self, exchange: Exchange, answer: Answer) -> dict[str, Any]:
        """Returns the values of an answer, as the shipped document has them."""
        try:
            found = json.loads(answer.body)
        except (ValueError, RecursionError):
            return {}
        shape = self._contracts[exchange.version].shape_of(exchange.operation, answer.status)
        found = found if shape is None else shape.read(found)
        return found if isinstance(found, dict) else {}

    def _see_job(self, exchange: Exchange, answer: Answer) -> None:
        job, place = self._values(exchange, answer), exchange.path.rpartition("/")[2]
        if not answer.ok:
            if job.get("rule") == "token-expired":
                self.seen.add("a token that expires while a job is polled")
            if answer.status == self._contracts[exchange.version].rules["job-unknown"].status and place in self._ended:
                self.seen.add("a job that was dropped")
            return
        state = self._contracts[exchange.version].states.get(str(job.get("status")))
        if state is None:
            return
        if state.role == "active":
            self.seen.add("an active job")
        if not state.final:
            return
        looks = self._ended[place] = self._ended.get(place, 0) + 1
        if looks > 1:
            self.seen.add("an ended job that is kept")
        counts = [one for one in (*(job.get("counts") or {}).values(), job.get("sums")) if isinstance(one, dict)]
        refused = sum(one.get("refused") or 0 for one in counts)
        if refused and any(one.get("created") or one.get("updated") or one.get("unchanged") for one in counts):
            self.seen.add("a job that failed in part")
        if len(self._ended) > _REMEMBERED:
            del self._ended[next(iter(self._ended))]

    def _see_page(self, exchange: Exchange, answer: Answer) -> None:
        page = self._values(exchange, answer)
        records = page.get("content", page.get("list"))
        if not isinstance(records, list):
            return
        if len(records) == self._page_size[exchange.version]:
            self.seen.add("a full page")
        number, count = page.get("page"), page.get("pageCount")
        last = isinstance(number, int) and isinstance(count, int) and 1 < count == number + 1
        if last or (page.get("_links", {}).get("next", "") is None and "after=" in exchange.path):
            self.seen.add("a last page of several")


_REMEMBERED = 5_000
"""Ended jobs that are remembered."""
