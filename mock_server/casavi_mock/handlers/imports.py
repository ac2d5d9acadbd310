"""Accepts an import. Source: facts page, section 8.1."""

from casavi_mock.accounts import Account
from casavi_mock.domain.importing import Importer
from casavi_mock.domain.jobs import Job, QueueFull
from casavi_mock.domain.model import RecordError
from casavi_mock.domain.ordering import Plan
from casavi_mock.errors import Refused, Unsteerable
from casavi_mock.handlers.saving import refuse_unsaved

RETRY_AFTER_SECONDS = 1
EAGER_RECORDS = 250
"""Records done at most before the answer, under `immediate` or to make room. Larger imports are the worker's."""

EAGER_BYTES = 4_000_000
"""Length of a request whose records are done before the answer under `immediate`."""


def accept(
    account: Account,
    plan: Plan,
    *,
    forced: str | None = None,
    size: int = 0,
    body: bytes | bytearray | None = None,
) -> Job:
    """Takes an import into the account's queue and returns its job.

    Args:
        account: The account.
        plan: What is to be imported.
        forced: What becomes of the job by command; None leaves it to its records.
        size: Length of the request, in bytes.
        body: The request as it came; needed where changes are saved.

    Raises:
        Refused: The queue is full, or the import cannot be saved.
        casavi_mock.errors.Unsteerable: There is no such outcome.
    """
    if account.changes is not None:
        refuse_unsaved(account)
    with account.lock:
        if account.queue.full:
            # what is due by the clock has happened, even if the worker was busy elsewhere
            account.run_due(EAGER_RECORDS)
        try:
            small = len(plan.records) <= EAGER_RECORDS and size <= EAGER_BYTES
            at_once = EAGER_RECORDS if small and account.queue.progress.immediate else 0
            return account.submit(plan, forced=forced, size=size, at_once=at_once, body=body)
        except QueueFull:
            raise Refused(
                "queue-full",
                f"This account has {account.queue.unfinished} unfinished jobs, as many as it may have, or as large "
                "as they may be together. Wait until some have ended.",
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
            ) from None


def load_whole(account: Account, plan: Plan) -> None:
    """Imports records at once, without a job: all of them or none.

    Args:
        account: The account.
        plan: What is to be imported.

    Raises:
        Unsteerable: A record would be refused. Then nothing changes.
    """
    settings = account.settings
    with account.lock:
        trial = Importer(account.store.copy(), plan, settings.policy, settings.evidence, settings.keep_documents)
        for record in plan.records:
            outcome = trial.take(record, account.clock.now())
            if isinstance(outcome, RecordError):
                raise Unsteerable(f"{outcome.pointer}: {outcome.message}. Nothing was imported.")
        account.load(plan)
