"""One run of the suite: what is judged, by what, and what came of it."""

import contextlib
from typing import TYPE_CHECKING

import httpx
import pytest

from casavi_contracts.failures import BudgetSpent, CouldNotRun
from casavi_contracts.report import Results
from casavi_contracts.suite.bench import Bench, contracts_of, reach
from casavi_contracts.suite.settings import Settings
from casavi_contracts.suite.tasks import tasks
from casavi_contracts.target import ControlPlane
from casavi_contracts.verdict import Outcome

if TYPE_CHECKING:
    from casavi_contracts.suite.items import Judged


class Session:
    """The suite inside a run of pytest.

    Args:
        settings: What was asked for.

    Raises:
        CouldNotRun: That is impossible.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.contracts = contracts_of(settings)
        self.tasks = tasks(settings.versions, settings.only, settings.max_examples)
        self.results = Results([task.promise(self.contracts[task.version]) for task in self.tasks])
        self._open = contextlib.ExitStack()
        self._bench: Bench | None = None

    def start(self) -> None:
        """Reaches the server and makes ready.

        Raises:
            CouldNotRun: That is not possible.
        """
        http = self._open.enter_context(reach(self.settings))
        try:
            plane = ControlPlane.find(http, self.settings.control_token)
        except httpx.HTTPError as error:
            raise CouldNotRun(f"{self.settings.url}: {error}") from error
        self._bench = Bench(self.settings, self.contracts, http, plane)

    def judge(self, item: "Judged") -> None:
        """Judges an item, and passes, fails or skips it."""
        assert self._bench is not None, "the run has started"
        try:
            verdict = item.task.judge(self._bench)
        except (CouldNotRun, BudgetSpent) as stopped:
            pytest.exit(str(stopped), returncode=2)
        self.results.add(verdict)
        if verdict.outcome is Outcome.NOT_APPLICABLE:
            pytest.skip(f"not applicable: {verdict.reason}")
        if verdict.outcome is not Outcome.HOLDS:
            pytest.fail(f"{verdict.outcome}: {verdict.reason or verdict.findings}", pytrace=False)

    def close(self) -> None:
        """Lets the server go."""
        self._open.close()
