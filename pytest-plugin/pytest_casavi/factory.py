"""Makes the accounts of a test session, each on the server that its configuration asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from pytest_casavi.backends.backend import Backend
from pytest_casavi.config import CasaviConfig
from pytest_casavi.handle.account import Account, Casavi
from pytest_casavi.handle.violations import Criteria
from pytest_casavi.marks import Marks
from pytest_casavi.names import Rule


class MakeCasavi(Protocol):
    """Opens a further account for a test."""

    def __call__(
        self,
        *,
        load: str | Path | Mapping[str, Any] | None = None,
        allow: Rule | Sequence[Rule] | None = None,
        progress: str | None = None,
        freeze: bool | str | datetime | None = None,
    ) -> Casavi:
        """Returns the account; what is not given is as for the fixture `casavi`.

        Args:
            load: Sample portfolio, file or document that it holds from the start.
            allow: Rules about clients that its client may break, in the place of those that the marker names.
            progress: How its jobs move on.
            freeze: True or a later moment, to begin with a clock that stands still.
        """
        ...


@dataclass(slots=True)
class Opened:
    """An account that was opened for a test."""

    casavi: Casavi
    account: Account
    criteria: Criteria
    report_dir: Path | None
    asked_before: int | None = None
    """The number of its last request when the running test began."""

    def close(self) -> None:
        """Closes it, with everything in it."""
        self.account.close()


class Pool:
    """The servers of a session: one for each configuration that asks for another one."""

    def __init__(self) -> None:
        self._backends: dict[str, Backend] = {}
        self._last: tuple[CasaviConfig, Backend] | None = None
        self.wide: list[Opened] = []
        """Accounts of a wider scope than a test that are open."""
        self.guilty: list[Opened] = []
        """Those that have ended with a violation, and are kept for the report that tells of it."""
        self.judging = True
        """Whether there is still a test whose report can tell of a violation."""

    def backend(self, config: CasaviConfig) -> Backend:
        """Returns the running backend for a configuration; starts it if there is none yet."""
        if self._last is not None and self._last[0] is config:  # as for nearly every test
            return self._last[1]
        from pytest_casavi.backends.choice import identity, new_backend

        name = identity(config)
        if name not in self._backends:
            self._backends[name] = new_backend(config)
        self._last = config, self._backends[name]
        return self._backends[name]

    def begin_test(self) -> None:
        """Remembers what accounts of a wider scope have been asked when a test begins."""
        for opened in self.wide:
            opened.asked_before = opened.account.asked()

    @property
    def touched(self) -> list[Opened]:
        """Accounts of a wider scope that the running test may have asked something of."""
        asked = [(opened, opened.account.asked()) for opened in self.wide]
        return [opened for opened, number in asked if number is None or number != (opened.asked_before or 0)]

    def close(self) -> None:
        """Ends all of them."""
        self._last = None
        while self._backends:
            _, backend = self._backends.popitem()
            backend.close()


def open_casavi(backend: Backend, config: CasaviConfig, marks: Marks) -> Opened:
    """Opens an account as a test wants it.

    Args:
        backend: Where the mock runs.
        config: What the project says.
        marks: What the test says.

    Raises:
        pytest_casavi.errors.CannotSteer: What the test wants is impossible. Then no account is left.
    """
    account = backend.open()
    patience = {} if marks.poll_seconds is None else {"poll_seconds": marks.poll_seconds}
    criteria = Criteria(allow=config.allow | marks.allow, fail_on=marks.fail_on or config.fail_on, **patience)
    casavi = Casavi(account, criteria)
    try:
        _arrange(casavi, account.steering.ask, config, marks)
    except BaseException:
        account.close()
        raise
    return Opened(casavi, account, criteria, config.report_dir)


def _arrange(casavi: Casavi, ask: Any, config: CasaviConfig, marks: Marks) -> None:
    if marks.load is not None:
        casavi.load(marks.load)
    if marks.queue:
        ask("putQueue", body=config.queue | marks.queue)
    if marks.freeze is True:
        casavi.clock.freeze()
    elif marks.freeze:
        casavi.clock.freeze(marks.freeze)
