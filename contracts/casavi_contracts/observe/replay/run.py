"""A replay from the file to its result."""

import contextlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from casavi_contracts import spec
from casavi_contracts.contract import VERSIONS, Contract
from casavi_contracts.failures import CouldNotRun
from casavi_contracts.http.network import UnusableVariable, connection_settings, without_bytes
from casavi_contracts.http.safety import Bounded, Budget, Careful, Ledger, Pace, WritePolicy, records_of
from casavi_contracts.http.target import ControlPlane, Credentials, InProcess
from casavi_contracts.observe.har import Archive, ArchiveError, read_archive
from casavi_contracts.observe.replay.changed import compare_recordings
from casavi_contracts.observe.replay.result import Result
from casavi_contracts.observe.replay.sending import Place, Replay
from casavi_contracts.observe.replay.steps import Step, steps

CONSENT = "CASAVI_ALLOW_WRITES"
PREFIX = "casavi-replay-"
IN_PROCESS = "http://casavi-mock.test"
MOCK_BYTES = 64_000_000
"""Bytes of an answer of the mock in this process."""

ACCOUNT_REQUESTS, ACCOUNT_WRITES, ACCOUNT_RECORDS, ACCOUNT_RATE = 2_000, 100, 8_000, 5.0
"""What is sent at most to a server that is no mock, unless it is told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a replay was asked to do."""

    url: str | None = None
    application: Any = field(default=None, repr=False)
    """The mock in this process, in place of an address."""
    host: str | None = None
    profile: Mapping[str, Any] = field(default_factory=dict)
    overlay: Mapping[str, Any] | None = field(default=None, repr=False)
    evidence: Mapping[str, Any] | None = field(default=None, repr=False)
    credentials: tuple[Credentials, ...] = ()
    control_token: str | None = field(default=None, repr=False)
    timeout: float = 10.0
    job_timeout: float = 60.0
    allow_writes: bool = False
    consent: bool = False
    read_only: bool = False
    budget_requests: int | None = None
    budget_writes: int | None = None
    budget_records: int | None = None
    rate: float | None = None
    ledger: Path = Path("casavi-replay-ledger.jsonl")

    def for_account(self) -> "Options":
        """Returns the options for a server that is no mock: what was not limited gets a limit."""
        return replace(
            self,
            budget_requests=self.budget_requests or ACCOUNT_REQUESTS,
            budget_writes=ACCOUNT_WRITES if self.budget_writes is None else self.budget_writes,
            budget_records=ACCOUNT_RECORDS if self.budget_records is None else self.budget_records,
            rate=self.rate or ACCOUNT_RATE,
        )


def replay(recording: Path, options: Options) -> Result:
    """Sends a recording again and returns what came of it; at an account nothing is sent before the user agrees.

    Args:
        recording: An HTTP archive.
        options: Where to, and how much.

    Raises:
        CouldNotRun: The recording cannot be read, or the server cannot be reached.
    """
    contracts = _contracts(options)
    archive, found = _recorded(recording, contracts, options.host)
    with contextlib.ExitStack() as stack:
        transport = stack.enter_context(_transport(options))
        bare = httpx.Client(base_url=options.url or IN_PROCESS, transport=transport, timeout=options.timeout)
        plane = _plane(bare, options)
        verdict = "mock wrong" if plane is not None else "vendor changed"
        result = Result(str(recording), options.url or "the mock in this process", verdict, notes=[*archive.notes])
        if plane is None:
            options = options.for_account()
            if not _agreed(options):
                _plan(found, options, result)
                return result
        place = _place(stack, transport, plane, options, contracts)
        Replay(found, contracts, place, result).run()
    return result


def two_recordings(old: Path, new: Path, options: Options) -> Result:
    """Compares two recordings and returns where the newer one's answers look otherwise; nothing is sent.

    Raises:
        CouldNotRun: One of them cannot be read.
    """
    contracts = _contracts(options)
    before, earlier = _recorded(old, contracts, options.host)
    after, later = _recorded(new, contracts, options.host)
    notes = [*(f"older: {note}" for note in before.notes), *(f"newer: {note}" for note in after.notes)]
    result = Result(str(new), str(old), "vendor changed", notes=notes)
    compare_recordings(earlier, later, result)
    return result


def _contracts(options: Options) -> dict[str, Contract]:
    try:
        return {version: Contract(version, options.profile, options.overlay, options.evidence) for version in VERSIONS}
    except spec.ProfileError as error:
        raise CouldNotRun(f"profile: {error}") from error


def _recorded(path: Path, contracts: Mapping[str, Contract], host: str | None) -> tuple[Archive, tuple[Step, ...]]:
    try:
        archive = read_archive(path)
    except ArchiveError as error:
        raise CouldNotRun(str(error)) from error
    if not archive.exchanges:
        raise CouldNotRun(f"{path}: no exchange in it that could be compared")
    try:
        return archive, steps(archive.exchanges, contracts, host)
    except CouldNotRun as error:
        raise CouldNotRun(f"{path}: {error}") from None


def _transport(options: Options) -> httpx.BaseTransport:
    if options.application is not None or options.url is None:
        return InProcess(options.application, options.timeout, MOCK_BYTES)
    try:
        reached = connection_settings(options.url)
    except UnusableVariable as error:
        raise CouldNotRun(str(error)) from None
    return Bounded(httpx.Client(timeout=options.timeout, **reached), options.timeout)


def _plane(http: httpx.Client, options: Options) -> ControlPlane | None:
    try:
        plane = ControlPlane.find(http, options.control_token)
        if plane is None:
            answer = http.get("/_mock/version")
            if answer.headers.get("www-authenticate") == "X-Mock-Token":
                raise CouldNotRun(
                    f"the mock at {options.url} wants its control token (--control-token, CASAVI_MOCK_CONTROL_TOKEN)"
                )
    except httpx.HTTPError as error:
        said = without_bytes(str(error)) or type(error).__name__
        raise CouldNotRun(
            f"{options.url}: no answer: {said}; is the server running, and is the address right?"
        ) from error
    return plane


def _agreed(options: Options) -> bool:
    """Whether the user has agreed to what is sent to an account.

    Raises:
        CouldNotRun: The consents do not fit, or there is no account.
    """
    if options.allow_writes and options.read_only:
        raise CouldNotRun("--allow-writes and --read-only exclude each other")
    if options.allow_writes and not options.consent:
        raise CouldNotRun(f"the server is no mock: --allow-writes alone is not enough, {CONSENT}=1 has to agree")
    if options.consent and not options.allow_writes and not options.read_only:
        raise CouldNotRun(f"the server is no mock: {CONSENT}=1 alone is not enough, --allow-writes has to agree")
    if (options.allow_writes or options.read_only) and not options.credentials:
        raise CouldNotRun("the server is no mock, so it needs an account: CASAVI_API_KEY and CASAVI_API_SECRET")
    return options.allow_writes or options.read_only


def _plan(found: tuple[Step, ...], options: Options, result: Result) -> None:
    """Notes what would be sent; nothing is."""
    sent = [step for step in found if step.obstacle is None]
    imports = [step for step in sent if step.operation == "importMasterData"]
    find = records_of(spec.import_shape(spec.load_document()))
    records = sum(len(find(step.recorded.request_body or b"")) for step in imports)
    for step in found:
        if step.obstacle is not None:
            result.leave_out(step.recorded.number, step.title, step.obstacle)
    sentences = (
        "Plan: the server is no mock, so nothing was sent.",
        f"It would send {len(sent):,} requests and looks at jobs, at most {options.budget_requests:,}",
        f"(--budget-requests), {options.rate:g} in a second (--rate).",
        f"{len(imports):,} of them are imports, with {records:,} records (--budget-writes, --budget-records);",
        f"the id of each record begins with {PREFIX} and is listed in {options.ledger} before it is sent.",
        "Records stay in the account.",
        f"To send it: --allow-writes, and {CONSENT}=1 in the environment. What creates nothing: --read-only.",
    )
    result.notes.append(" ".join(sentences))


def _place(
    stack: contextlib.ExitStack,
    transport: httpx.BaseTransport,
    plane: ControlPlane | None,
    options: Options,
    contracts: Mapping[str, Contract],
) -> Place:
    base = httpx.URL(options.url or IN_PROCESS).path.rstrip("/")
    prefix = "" if plane is not None else f"{PREFIX}{secrets.token_hex(4)}-"
    pace = Pace(options.rate, time.monotonic, time.sleep)
    ledger = None
    if plane is None:
        ledger = stack.enter_context(Ledger(options.ledger, {"url": options.url, "prefix": prefix}, _now))
    harmless = (
        contract.path(name)
        for contract in contracts.values()
        for name in ("authenticate", "refreshToken")
        if name in contract.operations
    )
    careful = Careful(
        transport,
        records=records_of(spec.import_shape(spec.load_document())),
        harmless=frozenset(base + path for path in harmless),
        budget=Budget(options.budget_requests, options.budget_writes, options.budget_records),
        pace=pace,
        now=_now,
        writes=None if plane is not None else WritePolicy(allowed=options.allow_writes, prefix=prefix),
        ledger=ledger,
    )
    http = httpx.Client(base_url=options.url or IN_PROCESS, transport=careful, timeout=options.timeout)
    return Place(
        http=http,
        name=options.url or "the mock in this process",
        plane=None if plane is None else ControlPlane(http, options.control_token),
        credentials=options.credentials,
        prefix=prefix,
        base=base,
        job_timeout=options.job_timeout,
        keep_pace=pace.keep,
        read_only=options.read_only,
    )


def _now() -> datetime:
    return datetime.now(UTC)
