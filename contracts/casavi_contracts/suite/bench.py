"""The server under judgement, with everything that is needed to judge it, from the start of a run to its end."""

import itertools
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import httpx

from casavi_contracts.contract import Contract
from casavi_contracts.failures import CouldNotRun
from casavi_contracts.judge import Judge
from casavi_contracts.laws import LAWS
from casavi_contracts.spec import ProfileError
from casavi_contracts.suite.settings import Settings
from casavi_contracts.target import ControlPlane, InProcess, Target
from casavi_contracts.trial import Accounts

IN_PROCESS = "http://casavi-mock.test"
"""Address of an application in this process; no name of the network can be under `test`."""


class Bench:
    """A target and its judges.

    Args:
        settings: Of the run.
        contracts: The contract of every version that is judged.
        http: Reaches the server.
        plane: Its control plane if it is a mock.
    """

    def __init__(
        self, settings: Settings, contracts: Mapping[str, Contract], http: httpx.Client, plane: ControlPlane | None
    ) -> None:
        self.settings = settings
        self.contracts = contracts
        self.http = http
        self.run = f"casavi-check-{settings.seed:x}-"
        self._numbers = itertools.count(1)
        self.target = Target(http, settings.credentials, plane=plane, job_seconds=settings.job_seconds)
        laws = {law.name: law for law in LAWS}
        self._judges = {
            version: Judge(laws, lambda contract=contract: self._accounts(contract), seed=settings.seed)
            for version, contract in contracts.items()
        }

    def judge(self, version: str) -> Judge:
        """Returns the judge of a version."""
        return self._judges[version]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.http.close()

    def _accounts(self, contract: Contract) -> Accounts:
        """Gives every law names of its own: on a real account all laws share one."""
        return Accounts(self.target, contract, f"{self.run}{next(self._numbers)}-")


def contracts_of(settings: Settings) -> dict[str, Contract]:
    """Returns the contracts of the versions that are judged.

    Raises:
        CouldNotRun: The profile is impossible.
    """
    try:
        return {version: Contract(version, settings.profile) for version in settings.versions}
    except ProfileError as error:
        raise CouldNotRun(f"profile: {error}") from error


def reach(settings: Settings) -> httpx.Client:
    """Returns a client of the server; nothing is sent yet.

    Raises:
        CouldNotRun: There is neither address nor application.
    """
    if settings.application is not None:
        return httpx.Client(transport=InProcess(settings.application), base_url=IN_PROCESS)
    if settings.url is None:
        raise CouldNotRun("there is nothing to judge: give the address of a server, as CASAVI_URL or --casavi-check-url")
    return httpx.Client(base_url=settings.url, timeout=settings.timeout)
