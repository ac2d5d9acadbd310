"""Judges mutants by laws, in process."""

import atexit
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import httpx

from casavi_contracts.contract import Contract
from casavi_contracts.failures import BudgetSpent, CouldNotRun
from casavi_contracts.judge import Judge
from casavi_contracts.laws import LAWS, Law
from casavi_contracts.target import ControlPlane, InProcess, Target
from casavi_contracts.trial import Accounts
from casavi_contracts.verdict import Outcome, Verdict
from casavi_mock.accounts import Settings
from casavi_mock.domain.jobs import Progress
from casavi_mock.domain.model import Secret
from casavi_mock.server.app import MockApp, new_registry
from tests.contracts.mutants.wire import Tamper, Tampered

BY_NAME: Mapping[str, Law] = {law.name: law for law in LAWS}
FAILING = (Outcome.BROKEN, Outcome.REFUTED)


class StillTime:
    """The healthy server's source of time; accounts are moved through the control plane alone."""

    def __call__(self) -> datetime:
        return datetime(2026, 1, 5, 8, tzinfo=UTC)


@cache
def healthy(mode: str = "time", polls: int = 1) -> MockApp:
    """Returns a healthy server. Mutants share it: every law works in accounts of its own."""
    progress = Progress(mode=mode, polls=polls)
    registry = new_registry(Settings.from_profile({}, progress=progress), now=StillTime())
    registry.create("never-deleted", Secret("as the first account of a server cannot be"))
    return MockApp(registry, now=StillTime())


class Kept(InProcess):
    """A server that is started once for all mutants: to start it takes longer than to judge most of them."""

    def through(self, app: Tampered, request: httpx.Request) -> httpx.Response:
        """Returns the answer of an application that wraps this one."""
        self.__enter__()
        return self._loop.run_until_complete(
            self._through(httpx.ASGITransport(app=app, raise_app_exceptions=False), request)
        )

    async def _through(self, inner: httpx.ASGITransport, request: httpx.Request) -> httpx.Response:
        response = await inner.handle_async_request(request)
        body = await response.aread()
        return httpx.Response(response.status_code, headers=response.headers.raw, stream=httpx.ByteStream(body))


@cache
def kept(app: MockApp) -> Kept:
    """Returns a server that runs until the process ends."""
    running = Kept(app)
    atexit.register(running.close)
    return running


@contextmanager
def served(app: MockApp, tamper: Tamper) -> Iterator[Target]:
    """Yields a target: a healthy server with a tamper in front of it."""
    tampered, running = Tampered(app, tamper), kept(app)
    transport = httpx.MockTransport(lambda request: running.through(tampered, request))
    with httpx.Client(transport=transport, base_url="http://mock") as http:
        yield Target(http, plane=ControlPlane.find(http))
    if tampered.crashes:
        raise RuntimeError("the tamper itself failed") from tampered.crashes[0]


def judged(target: Target, law: Law, version: str, *, seed: int = 0, depth: float = 1.0) -> Verdict:
    """Returns what comes of a law; the first case that breaks it is not made smaller."""
    judge = Judge(BY_NAME, lambda: Accounts(target, contract(version), "m-"), seed=seed, depth=depth, shrink_cases=0)
    return judge.judge(law)


@cache
def contract(version: str) -> Contract:
    """Returns the contract of a version; making one takes longer than judging a law."""
    return Contract(version)


@dataclass(frozen=True, slots=True)
class Kill:
    """How a mutant was found."""

    version: str
    law: str
    """The law under judgement."""
    outcome: str
    finding: str
    """The law that the finding names."""
    examples: int
    requests: int
    expected: str
    observed: str

    @property
    def strong(self) -> bool:
        """Whether the law under judgement itself is broken or its assumption refuted."""
        return self.outcome in FAILING


def kills(
    app: MockApp, tamper: Tamper, laws: Sequence[Law], version: str, *, seed: int = 0, first: bool = True
) -> list[Kill]:
    """Returns the laws that find a mutant in one version, in the order in which they were judged.

    Args:
        app: The healthy server.
        tamper: What is wrong with it.
        laws: Which are judged.
        version: The version that is judged.
        seed: From which the cases follow.
        first: Whether the first strong kill ends it.
    """
    found: list[Kill] = []
    with served(app, tamper) as target:
        for law in laws:
            kill = _kill(target, law, version, seed)
            if kill is not None:
                found.append(kill)
                if first and kill.strong:
                    break
    return found


def _kill(target: Target, law: Law, version: str, seed: int) -> Kill | None:
    try:
        verdict = judged(target, law, version, seed=seed)
    except (CouldNotRun, BudgetSpent) as error:
        return Kill(version, law.name, "could not run", "", 0, 0, "", str(error))
    if verdict.outcome in (Outcome.HOLDS, Outcome.NOT_APPLICABLE):
        return None
    finding = verdict.findings[0] if verdict.findings else None
    return Kill(
        version,
        law.name,
        verdict.outcome,
        finding.law if finding else "",
        verdict.examples,
        verdict.requests,
        finding.expected if finding else "",
        finding.observed if finding else verdict.reason,
    )
