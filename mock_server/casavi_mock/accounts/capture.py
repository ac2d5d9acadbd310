"""Takes what has changed of an account, in one moment, so that it can be saved while the account goes on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from casavi_mock.accounts.account import Account
from casavi_mock.accounts.changes import Accepted, Changes
from casavi_mock.accounts.snapshots import Snapshot
from casavi_mock.domain.clock import ClockFace
from casavi_mock.domain.faults import FaultView
from casavi_mock.domain.jobs import Progress, kept
from casavi_mock.domain.jobs.job import Ended
from casavi_mock.domain.jobs.kept import QueueFacts, Running
from casavi_mock.domain.journal import Exchange
from casavi_mock.domain.model import Key, RecordError, Token, TokenName
from casavi_mock.domain.store import Row, Store


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """A token at a moment; one that was forgotten has only its number."""

    number: int
    name: TokenName | None
    expires_at: datetime | None = None
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class FaultFacts:
    """The faults at a moment."""

    seen: list[FaultView]
    added: int


@dataclass(slots=True)
class Full:
    """What beyond imports, tokens and faults is at a moment, as far as it has changed."""

    clock: ClockFace
    queue: QueueFacts
    start: Progress
    """How jobs move on where no command has changed it."""
    rows: Mapping[tuple[str, int], Row]
    """Records by kind and position."""
    tables: Mapping[str, list[Row]]
    """All records by kind, where they are others than before."""
    contents: Mapping[Key, bytes]
    portal: dict[str, tuple[bool, bool]]
    first_job: int
    ended: list[tuple[int, str, Ended]]
    running: Running | None
    errors: tuple[int, list[tuple[int, RecordError]]]
    """How many errors of the running job were saved, and those that came since, each with its record's place."""
    forced: list[tuple[int, str]]
    snapshots: dict[str, Snapshot | None]
    seed: Store | None
    steering: dict[str, list[int] | list[str]]
    first_exchange: int
    last_exchange: int
    exchanges: list[Exchange]


@dataclass(slots=True)
class Capture:
    """What has changed of an account."""

    account: Account
    revision: int
    whole: bool
    """Whether what was saved of its parts is past."""
    accepted: list[Accepted]
    tokens: list[TokenFacts]
    faults: FaultFacts | None
    full: Full | None = field(default=None)


def capture(account: Account, *, full: bool, journal: bool) -> Capture | None:
    """Takes what has changed of an account.

    Args:
        account: One whose changes are noted.
        full: Whether to take also what would come out the same if it were reckoned again.
        journal: Whether to take the journal.

    Returns:
        The changes; None if the account was closed.
    """
    with account.lock:
        changes = account.changes
        assert changes is not None, "somebody saves it"
        if changes.closed:
            return None
        whole = changes.whole
        taken = Capture(
            account, changes.revision, whole, changes.accepted, _tokens(account, whole=whole), _faults(account, changes)
        )
        changes.accepted = []
        if full or changes.full:
            taken.full = _full(account, changes, journal=journal)
            changes.whole = changes.full = False
        return taken


def _tokens(account: Account, *, whole: bool) -> list[TokenFacts]:
    book = account.tokens
    changed: Mapping[int, Token | None] = book.changed or {}
    if whole:
        changed = {token.number: token for token in book.by_name.values()}
    book.changed = {}
    return [
        TokenFacts(number, None) if token is None else TokenFacts(number, token.name, token.expires_at, token.revoked)
        for number, token in changed.items()
    ]


def _faults(account: Account, changes: Changes) -> FaultFacts | None:
    faults = account.faults
    if not changes.whole and faults.revision == changes.faults:
        return None
    changes.faults = faults.revision
    return FaultFacts(faults.list(), faults.added)


def _full(account: Account, changes: Changes, *, journal: bool) -> Full:
    store, queue = account.store, account.queue
    rows: Mapping[tuple[str, int], Row] = store.changed or {}
    tables: Mapping[str, list[Row]] = {}
    contents: Mapping[Key, bytes] = store.new_contents
    if changes.whole:
        rows, tables, contents = {}, store.tables(), dict(store.contents)
        changes.ended, changes.errors, changes.exchange = kept.first_number(queue), (0, 0), 0
    if rows or store.changed is None:
        store.changed = {}
    if contents:
        store.new_contents = {}
    told = kept.running(queue)
    taken = Full(
        clock=account.clock.face,
        queue=kept.facts_of(queue),
        start=account.settings.progress,
        rows=rows,
        tables=tables,
        contents=contents,
        portal=store.portal.copy() if changes.whole else {},
        first_job=kept.first_number(queue),
        ended=kept.ended_since(queue, changes.ended),
        running=told and told[0],
        errors=(0, []),
        forced=changes.forced,
        snapshots={name: account.find_snapshot(name) for name in changes.snapshots},
        seed=account.seed if changes.seed else None,
        steering=account.steering.kept() if journal else {},
        first_exchange=0,
        last_exchange=account.journal.last_number,
        exchanges=[],
    )
    if told is not None:
        saved = changes.errors[1] if changes.errors[0] == told[0].number else 0
        job = told[1]
        taken.errors = saved, list(zip(job.refused_at[saved:], job.errors[saved:], strict=True))
        changes.errors = told[0].number, len(job.errors)
    if journal:
        taken.exchanges = account.journal.find(since=changes.exchange)
        taken.first_exchange = account.journal.first_number
        if taken.exchanges:
            changes.exchange = taken.exchanges[-1].number
    changes.ended, changes.forced, changes.snapshots, changes.seed = kept.ended_number(queue), [], {}, False
    return taken
