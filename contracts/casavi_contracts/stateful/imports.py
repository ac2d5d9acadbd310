"""An import that was sent, and what was seen of its job."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from casavi_contracts import spec
from casavi_contracts.context import Context
from casavi_contracts.expect.observing import JOB, expect_job
from casavi_contracts.model import Job, same
from casavi_contracts.promises import Named


@dataclass(slots=True)
class Sent:
    """An import that was accepted."""

    account: int
    job: str
    """Id of the job."""
    expected: Job
    """What the model says that becomes of it."""
    sent_at: datetime
    rank: int = 0
    """Of the latest state in which it was seen."""
    ended: Mapping[str, Any] | None = None
    """The job as it was seen when it had ended."""
    ended_at: datetime | None = None
    """When that was seen."""

    def expect(self, ctx: Context, seen: Mapping[str, Any], now: Callable[[], datetime]) -> None:
        """Breaks a check unless the job may look like this now.

        Args:
            ctx: The context.
            seen: The job.
            now: Returns the present, by the clock of the account.
        """
        visible = {"check": Named.ACCEPTED_JOB_IS_VISIBLE, **JOB}
        same_id = spec.hides(seen, "id") or seen["id"] == self.job
        ctx.expect(same_id, "the id that was asked for", "another one", **visible)
        ranks = {name: state.rank for name, state in ctx.contract.states.items()}
        status = seen["status"]
        forward = Named.JOB_MOVES_FORWARD
        ctx.expect(
            status in ranks, f"one of {', '.join(ranks)}", repr(status),
            check=forward, evidence="assumed", assumption="job-status-names",
        )  # fmt: skip
        ctx.expect(ranks[status] >= self.rank, "a job that does not go back", f"{status!r} afterwards", check=forward)
        self.rank = ranks[status]
        if self.ended is not None:
            self._expect_the_same(ctx, self.ended, seen)
        elif status in ctx.contract.final_states:
            expect_job(ctx, seen, self.expected)
            self.ended, self.ended_at = seen, now()

    def _expect_the_same(self, ctx: Context, ended: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
        for member in sorted({*ended, *seen}):
            ctx.expect(
                same(seen.get(member), ended.get(member)),
                f"{member} to stay as it was when the job ended",
                "another value",
                check=Named.JOB_END_IS_FINAL,
            )
