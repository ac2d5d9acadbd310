"""The course of a soak: load and counting, then SIGTERM under load, then SIGKILL under load, each with a restart."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from casavi_soak import judges
from casavi_soak.judges import Verdict
from casavi_soak.keeper import Kept, state_problems
from casavi_soak.ledger import Ledger
from casavi_soak.load import ATTACKED, KEEPER, SHARED, Load, Plan, Tell
from casavi_soak.process import Process, Sample, serving
from casavi_soak.wire import Wire

SETTLE_SECONDS = 60.0
"""How long the server may take to be at rest."""

STATE_SECONDS = 0.5
MAX_CONNECTIONS = 150
KEPT = 300
"""Jobs, tokens and exchanges that an account keeps, so that memory comes to rest soon."""

_LOOK_SECONDS = 0.1
_EXIT_SECONDS = 60.0


@dataclass(slots=True)
class Findings:
    """What came of a soak."""

    ledger: Ledger = field(default_factory=Ledger)
    samples: list[Sample] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    health: dict[str, Any] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether no judge objects."""
        return all(verdict.good is not False for verdict in self.verdicts)


def soak(plan: Plan, folder: Path, tell: Tell) -> Findings:
    """Runs a soak and returns what came of it.

    Args:
        plan: What load there is.
        folder: For logs and the state.
        tell: Takes a line about what is going on.

    Raises:
        casavi_soak.process.SoakError: The server does not start, or is gone.
    """
    findings, kept, state = Findings(Ledger(patience_seconds=patience(plan.seconds)[0])), Kept(), folder / "state.db"
    with _running(plan, state, folder / "load.log") as process:
        _loaded(process, plan, findings, kept, tell)
        tell("SIGTERM under load")
        _terminated(process, plan, findings, kept)
        findings.verdicts.append(judges.no_traceback(process.written()))
    whole = f"{len(kept.known)} records are of the last known version, or later"
    with _running(plan, state, folder / "killed.log") as process:
        findings.verdicts += _taken_up(process, state, kept, "the state is whole after SIGTERM", whole)
        tell("SIGKILL under load")
        _with_runner(_killed, process, plan, kept)
    with _running(plan, state, folder / "restarted.log") as process:
        findings.verdicts += _taken_up(process, state, kept, "the state is whole after SIGKILL", whole)
    return findings


def _taken_up(process: Process, state: Path, kept: Kept, what: str, whole: str) -> list[Verdict]:
    """Judges a server that goes on with a state."""
    problems = state_problems(process.portfolio(KEEPER[0]), kept)
    return [
        judges.state_whole(what, problems, whole),
        judges.says_what_it_is(state.name, process.health(), process.written()),
    ]


def patience(seconds: float) -> tuple[float, float]:
    """Returns how long the server waits for headers, and for a body, so that a load of that length meets both."""
    return min(5.0, max(seconds / 4, 0.5)), min(20.0, max(seconds / 3, 1.0))


@contextlib.contextmanager
def _running(plan: Plan, state: Path, log: Path) -> Iterator[Process]:
    headers, body = patience(plan.seconds)
    options = {
        "account": ":".join(KEEPER),
        "state": state,
        "state-seconds": STATE_SECONDS,
        "job-seconds": 0.05,
        "max-connections": MAX_CONNECTIONS,
        "header-seconds": headers,
        "body-seconds": body,
        "idle-seconds": 60,
        "max-jobs": KEPT,
        "max-tokens": KEPT,
        "max-journal": KEPT,
        "log-level": "error",
    }
    # what the state is stands in a line of level `info`
    if state.exists():
        options["log-level"] = "info"
    with serving([f"--{name}={value}" for name, value in options.items()], log) as process:
        yield process


def _with_runner(work: Callable[..., Awaitable[None]], *arguments: Any) -> None:
    async def whole() -> None:
        await work(*arguments)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(whole())


def _loaded(process: Process, plan: Plan, findings: Findings, kept: Kept, tell: Tell) -> None:
    ledger = findings.ledger
    before = process.health()
    files = process.files()
    _with_runner(_load, process, plan, findings, kept, tell)
    tell("settling")
    health = _settled(process, before["tasks"])
    findings.health = health
    journals, jobs = _with_counts(process)
    findings.verdicts += [
        judges.no_failures(ledger),
        judges.no_500(ledger),
        judges.no_leak("task", before["tasks"], health["tasks"]),
        judges.no_leak("file descriptor", files, process.files(), judges.SPARE_FILES),
        judges.flat(findings.samples),
        judges.jobs_ended(jobs, health["jobs"]["unfinished"]),
        judges.exchanges_add_up(ledger, journals, health),
        judges.jobs_add_up(ledger, jobs),
        judges.timeouts_add_up(ledger, health),
    ]


async def _load(process: Process, plan: Plan, findings: Findings, kept: Kept, tell: Tell) -> None:
    load = Load(process, plan, findings.ledger, kept)
    await load.open_accounts()
    await load.run(tell)
    findings.samples = load.samples


def _settled(process: Process, tasks: int) -> dict[str, Any]:
    """Returns what the server tells when it has nothing to do any more, or after a while."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        health = process.health()
        rest = (health["jobs"]["unfinished"], health["connections"]["open"], health["tasks"])
        if (rest[0] == 0 and rest[1] <= 1 and rest[2] <= tasks) or time.monotonic() > deadline:
            return health
        time.sleep(_LOOK_SECONDS)


def _with_counts(process: Process) -> tuple[dict[str, Any], dict[str, Any]]:
    journals: dict[str, Any] = {}
    jobs: dict[str, Any] = {}

    async def ask() -> None:
        wire = Wire(process.port, Ledger())
        for key, _ in (KEEPER, *SHARED, *ATTACKED):
            journals[key] = (await wire.control("GET", "/requests?limit=1", key=key)).json()
            jobs[key] = (await wire.control("GET", "/jobs?limit=1000000", key=key)).json()
        wire.close()

    _with_runner(ask)
    return journals, jobs


def _terminated(process: Process, plan: Plan, findings: Findings, kept: Kept) -> None:
    found: list[tuple[float | None, int | None]] = []

    async def end_under_load() -> None:
        load = Load(process, plan, Ledger(), kept)
        async with load.going_on():
            await asyncio.sleep(_under_way(plan))
            process.terminate()
            started = time.monotonic()
            code = await asyncio.to_thread(process.wait, _EXIT_SECONDS)
            found.append((None if code is None else time.monotonic() - started, code))

    _with_runner(end_under_load)
    findings.verdicts.append(judges.ended_in_time(*found[0]))


async def _killed(process: Process, plan: Plan, kept: Kept) -> None:
    load = Load(process, plan, Ledger(), kept)
    async with load.going_on():
        await asyncio.sleep(_under_way(plan) + 2 * STATE_SECONDS)
        process.kill()


def _under_way(plan: Plan) -> float:
    """Returns how long a load goes on before the server is ended."""
    return min(max(plan.seconds / 10, 0.5), 5.0)
