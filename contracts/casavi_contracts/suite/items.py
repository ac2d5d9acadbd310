"""The items that pytest runs: one for each check and version."""

from collections.abc import Iterator
from typing import Any

import pytest

from casavi_contracts.suite.run import RUN
from casavi_contracts.suite.tasks import Task


class Items(pytest.File):
    """Collects everything that is to be judged."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yields the items in the order in which they are judged."""
        run = self.config.stash.get(RUN, None)
        for task in run.session.tasks if run else ():
            yield Judged.from_parent(self, task=task)


class Judged(pytest.Item):
    """Something to judge in one version of the API."""

    def __init__(self, *, task: Task, **more: Any) -> None:
        super().__init__(name=f"{task.name}[{task.version}]", **more)
        self.task = task

    def runtest(self) -> None:
        """Judges it, and passes, fails or skips."""
        self.config.stash[RUN].judge(self)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Returns what was found, without the code that found it."""
        if isinstance(excinfo.value, pytest.fail.Exception):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Returns where it stands, and its name."""
        return self.path, None, self.name
