"""How much a run may send."""

import time
from collections.abc import Callable

from casavi_contracts.failures import BudgetSpent


class Budget:
    """Counts what is sent, and stops it when it is as much as was allowed.

    Args:
        requests: How many may be sent; None for any number.
        writes: How many of them may create records.
        records: How many records they may hold.
        seconds: How long anything may be sent, from now on; None for ever.
        clock: Returns seconds that only go forward.
    """

    def __init__(
        self,
        requests: int | None = None,
        writes: int | None = None,
        records: int | None = None,
        *,
        seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._seconds = seconds
        self._started = clock()
        self._limits = {"requests": requests, "writes": writes, "records": records}
        self._spent = dict.fromkeys(self._limits, 0)

    @property
    def requests(self) -> int:
        """Requests that were sent."""
        return self._spent["requests"]

    @property
    def writes(self) -> int:
        """Requests that may have created records."""
        return self._spent["writes"]

    @property
    def records(self) -> int:
        """Records that were in them."""
        return self._spent["records"]

    def spend(self, *, write: bool = False, records: int = 0) -> None:
        """Takes a request out of the budget; nothing is taken if there is not enough.

        Args:
            write: Whether it may create records.
            records: How many it holds.

        Raises:
            BudgetSpent: There is not enough.
        """
        if self._seconds is not None and self._clock() - self._started > self._seconds:
            raise BudgetSpent(f"the {self._seconds:g} seconds are over (--max-seconds)")
        wanted = {"requests": 1, "writes": int(write), "records": records}
        for name, limit in self._limits.items():
            if limit is not None and wanted[name] and self._spent[name] + wanted[name] > limit:
                raise BudgetSpent(f"the budget of {limit:,} {name} is spent (--budget-{name})")
        for name, number in wanted.items():
            self._spent[name] += number
