"""The server under judgement, with everything that is needed to judge it, from the start of a run to its end."""

import contextlib
import itertools
import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

import httpx

from casavi_contracts import spec
from casavi_contracts.checks import CHECKS, Check
from casavi_contracts.context import Accounts
from casavi_contracts.contract import Contract
from casavi_contracts.failures import CouldNotRun
from casavi_contracts.http.exchange import Recorder, Redactor
from casavi_contracts.http.safety import Budget, Careful, Ledger, Pace, WritePolicy, records_of
from casavi_contracts.http.target import ControlPlane, Target
from casavi_contracts.http.walking import Bookmarks
from casavi_contracts.runner import ACCOUNT_SHRINK_CASES, SHRINK_CASES, Runner
from casavi_contracts.suite.reach import client_of, find_plane, transport_to
from casavi_contracts.suite.settings import CONSENT, Settings, for_mock

PREFIX = "casavi-check-"


class Bench:
    """A target and its judges.

    Args:
        settings: Of the run, with limits if the server is no mock.
        contracts: The contract of every version that is judged.
        target: The server.
        prefix: What every reference id begins with.
        budget: What was sent.
        pace: How long was waited.
        own: Checks that the user brings along.
    """

    def __init__(
        self,
        settings: Settings,
        contracts: Mapping[str, Contract],
        target: Target,
        prefix: str,
        budget: Budget,
        pace: Pace,
        own: Sequence[Check] = (),
    ) -> None:
        self.settings = settings
        self.contracts = contracts
        self.target = target
        self.prefix = prefix
        self.budget = budget
        self.pace = pace
        self._numbers = itertools.count(1)
        self._bookmarks = Bookmarks() if target.shared else None
        checks = {check.name: check for check in (*CHECKS, *own)}
        tries = SHRINK_CASES if target.plane else ACCOUNT_SHRINK_CASES
        self._judges = {
            version: Runner(checks, partial(self._accounts, contract), seed=settings.seed, shrink_cases=tries)
            for version, contract in contracts.items()
        }

    def runner(self, version: str) -> Runner:
        """Returns the judge of a version."""
        return self._judges[version]

    @property
    def planned(self) -> bool:
        """Whether nothing may be judged until the user agrees."""
        return self.target.plane is None and not self.settings.allow_writes and not self.settings.read_only

    def new_prefix(self) -> str:
        """Returns what the reference ids of one check begin with: on a real account all checks share one account."""
        return f"{self.prefix}{next(self._numbers)}-"

    def _accounts(self, contract: Contract) -> Accounts:
        return Accounts(self.target, contract, self.new_prefix(), self._bookmarks)


def set_up(
    stack: contextlib.ExitStack, settings: Settings, contracts: Mapping[str, Contract], own: Sequence[Check] = ()
) -> Bench:
    """Reaches the server and returns it with its judges. Apart from the question whether it is a mock nothing is sent.

    Args:
        stack: Lets the server go at the end.
        settings: What was asked for.
        contracts: The contract of every version that is judged.
        own: Checks that the user brings along.

    Raises:
        CouldNotRun: There is no server, or the user has not agreed to writes as it is needed.
    """
    transport = stack.enter_context(transport_to(settings))
    plane = find_plane(settings, client_of(settings, transport))
    if plane is None:
        settings = settings.for_account()
        _demand_consent(settings)
    else:
        settings = for_mock(settings)
    prefix = f"{PREFIX}{settings.seed:x}-" if plane else f"{PREFIX}{secrets.token_hex(4)}-"
    budget = Budget(
        settings.budget_requests, settings.budget_writes, settings.budget_records, seconds=settings.max_seconds
    )
    pace = Pace(settings.rate, time.monotonic, time.sleep)
    careful = Careful(
        transport,
        records=records_of(spec.import_shape(spec.load_document())),
        harmless=_harmless(settings, contracts),
        budget=budget,
        pace=pace,
        now=_now,
        writes=None if plane else WritePolicy(allowed=settings.allow_writes, prefix=prefix),
        ledger=None if plane else stack.enter_context(_ledger(settings, prefix)),
    )
    http = client_of(settings, careful)
    target = Target(
        http,
        settings.credentials,
        plane=ControlPlane(http, settings.control_token) if plane else None,
        may_write=not settings.read_only,
        recorder=Recorder(Redactor()),
        gate=lambda operation, method: pace.keep(),  # before the time of a request begins to count
        job_timeout=settings.job_timeout,
    )
    if settings.control_token:
        target.recorder.redact.learn(settings.control_token)
    return Bench(settings, contracts, target, prefix, budget, pace, own)


def _demand_consent(settings: Settings) -> None:
    if settings.allow_writes and settings.read_only:
        raise CouldNotRun("--allow-writes and --read-only exclude each other")
    if settings.allow_writes and not settings.consent:
        raise CouldNotRun(f"the server is no mock: --allow-writes alone is not enough, {CONSENT}=1 has to agree")
    if settings.consent and not settings.allow_writes and not settings.read_only:
        raise CouldNotRun(f"the server is no mock: {CONSENT}=1 alone is not enough, --allow-writes has to agree")


def _harmless(settings: Settings, contracts: Mapping[str, Contract]) -> frozenset[str]:
    base = httpx.URL(settings.url or "").path.rstrip("/")
    return frozenset(
        base + contract.path(operation)
        for contract in contracts.values()
        for operation in ("authenticate", "refreshToken")
        if operation in contract.operations
    )


def _ledger(settings: Settings, prefix: str) -> Ledger:
    return Ledger(settings.ledger, {"url": settings.url, "prefix": prefix, "seed": settings.seed}, _now)


def _now() -> datetime:
    return datetime.now(UTC)
